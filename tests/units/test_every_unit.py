"""Every registered unit times every check of `nalm.testing`."""

from __future__ import annotations

import pytest

from nalm import testing, units

NAMES = [name for name in units.names() if name != "nnu"]  # takes two inputs: see test_nnu.py

DELIBERATE = {
    # Their gradients are replaced on purpose.
    ("sign_nac", "gradients_exact"),
    ("independent_nac", "gradients_exact"),
    ("independent_nalu", "gradients_exact"),
}


@pytest.mark.parametrize("check", testing.CHECKS)
@pytest.mark.parametrize("name", NAMES)
def test_unit(name: str, check: str) -> None:
    if (name, check) in DELIBERATE:
        with pytest.raises(Exception, match="Jacobian mismatch"):
            run(name, check)
    else:
        run(name, check)


def run(name: str, check: str) -> None:
    signs = {capability.signs for capability in units.resolve(name).capabilities}
    testing.CHECKS[check](lambda i, o: units.create(name, i, o), testing.Inputs(positive=signs == {"positive"}))


@pytest.mark.parametrize("name", units.names())
def test_repr_is_the_call_that_builds_the_unit(name: str) -> None:
    for part in units.create(name, 3, 2).modules():
        if isinstance(part, units.Unit):
            twin = eval(repr(part), vars(units) | {type(part).__name__: type(part)})
            assert repr(twin) == repr(part)
            assert [v.shape for v in twin.parameters()] == [v.shape for v in part.parameters()]
