"""Every registered unit times every check of `nalm.testing`."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from nalm import testing, units

DELIBERATE = {
    # Their gradients are replaced on purpose.
    ("sign_nac", "gradients_exact"),
    ("independent_nac", "gradients_exact"),
    ("independent_nalu", "gradients_exact"),
}


class OwnNormalisation(nn.Module):
    """An NNU as a layer: the mean of the input, normalised by the input."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.unit = units.NNU(in_features, out_features)

    def forward(self, x: Tensor) -> Tensor:
        self.unit.check_input(x)
        return self.unit(x.mean(-1, keepdim=True).expand(*x.shape[:-1], self.unit.out_features), x)


def factory(name: str) -> testing.Factory:
    return OwnNormalisation if name == "nnu" else lambda i, o: units.create(name, i, o)


@pytest.mark.parametrize("check", testing.CHECKS)
@pytest.mark.parametrize("name", units.names())
def test_unit(name: str, check: str) -> None:
    if (name, check) in DELIBERATE:
        with pytest.raises(Exception, match="Jacobian mismatch"):
            run(name, check)
    else:
        run(name, check)


def run(name: str, check: str) -> None:
    info = units.resolve(name)
    signs = {capability.signs for capability in info.capabilities}
    testing.CHECKS[check](factory(name), testing.Inputs(positive=signs == {"positive"}, zeros=info.zeros))


@pytest.mark.parametrize("name", [info.name for info in units.UNITS if not info.zeros])
def test_a_unit_without_zeros_is_one(name: str) -> None:
    with pytest.raises(Exception, match=r"NaN|not finite"):
        testing.CHECKS["constant_batches"](factory(name), testing.Inputs())


@pytest.mark.parametrize("name", units.names())
def test_repr_is_the_call_that_builds_the_unit(name: str) -> None:
    for part in units.create(name, 3, 2).modules():
        if isinstance(part, units.Unit):
            twin = eval(repr(part), vars(units) | {type(part).__name__: type(part)})
            assert repr(twin) == repr(part)
            assert [v.shape for v in twin.parameters()] == [v.shape for v in part.parameters()]
