"""Each check of the conformance suite refuses a module that breaks just its promise."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from nalm import testing, units
from nalm.errors import InputError


class Good(nn.Module):
    """A plain layer as a user would write it; `spoil` is what a broken one does differently."""

    def __init__(
        self, in_features: int, out_features: int, spoil: Callable[[Good, Tensor], Tensor] | None = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.linear = nn.Linear(in_features, out_features)
        self.spoil = spoil

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) if self.spoil is None else self.spoil(self, x)

    def reset_parameters(self) -> None:
        self.linear.reset_parameters()


def one_output_for_all(self: Good, x: Tensor) -> Tensor:
    return self.linear(x)[..., :1]


def centred(self: Good, x: Tensor) -> Tensor:
    return self.linear(x - x.mean(0)) if x.ndim > 1 else self.linear(x)


def needs_rows(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) + x.max()


def needs_memory_order(self: Good, x: Tensor) -> Tensor:
    return self.linear(x.view(-1).view(x.shape))


def overwrites_input(self: Good, x: Tensor) -> Tensor:
    return self.linear(x.mul_(2))


def takes_any_width(self: Good, x: Tensor) -> Tensor:
    return self.linear(x.reshape(-1)[:1].expand(self.in_features)).expand(*x.shape[:-1], -1)


def noisy(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) + torch.rand(())


def weights_of_the_constructor(self: Good, x: Tensor) -> Tensor:
    return nn.functional.linear(x, self.linear.weight.detach(), self.linear.bias)


def wrong_gradient(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) * self.linear(x).detach()


def control_flow(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) if x.sum() > 0 else 2 * self.linear(x)


def single_precision(self: Good, x: Tensor) -> Tensor:
    return nn.functional.linear(x.float(), self.linear.weight.float(), self.linear.bias.float())


def other_under_autocast(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) * (2 if torch.is_autocast_enabled("cpu") else 1)


class HiddenState(Good):
    """Its output depends on a tensor that is no buffer."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.hidden = torch.rand(())

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.hidden


class KeepsActivations(Good):
    """It stores a tensor with a graph, which cannot be copied."""

    def forward(self, x: Tensor) -> Tensor:
        self.last = self.linear(x)
        return self.last


class VectorPenalty(Good):
    def penalties(self) -> dict[str, Tensor]:
        return {"sparsity": self.linear.weight.abs().mean(0)}


class ProjectsTooMuch(Good):
    def project_(self) -> None:
        with torch.no_grad():
            self.linear.weight.clamp_(0, 0.01)


class ForgetsToReset(Good):
    def reset_parameters(self) -> None:
        nn.init.zeros_(self.linear.bias)


class ReadsWithoutCalling(Good):
    """It reads the parameters of a part that it never calls, so that nothing recomputes them."""

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.linear.weight.T + self.linear.bias


class PenalisesWhatIsStored(Good):
    """Its penalty is of the tensors that a norm stores instead of the weights."""

    def penalties(self) -> dict[str, Tensor]:
        return {"sparsity": torch.stack([parameter.square().mean() for parameter in self.parameters()]).sum()}


class TakesPlainIntegers(Good):
    def __init__(self, in_features: int, out_features: int) -> None:
        if type(in_features) is not int:
            raise TypeError(f"in_features must be int, got {type(in_features).__name__}")
        super().__init__(in_features, out_features)


def zero_times_overflow(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) + 0 * torch.exp(x.sum(-1, keepdim=True))


def standardised(self: Good, x: Tensor) -> Tensor:
    return self.linear((x - x.mean()) / (x - x.mean()).square().mean().sqrt())


def of_unit_length(self: Good, x: Tensor) -> Tensor:
    return self.linear(x / (x.square().sum(-1, keepdim=True).sqrt() + 1))


def kink(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) + torch.sqrt(x - x).sum(-1, keepdim=True)


def squared_in_half(self: Good, x: Tensor) -> Tensor:
    return self.linear(x) + (x * 300).square().sum(-1, keepdim=True) / 9e4


def spoilt(spoil: Callable[[Good, Tensor], Tensor]) -> testing.Factory:
    return lambda in_features, out_features: Good(in_features, out_features, spoil)


BROKEN: list[tuple[str, testing.Factory, str]] = [
    ("shapes", spoilt(one_output_for_all), "3 -> 2: got shape [7, 1]"),
    ("shapes", spoilt(lambda self, x: self.linear(x) / 0), "3 -> 2: output is not finite"),
    ("leading_dimensions", spoilt(centred), "[2, 4, in] against [8, in]"),
    ("empty_batch", spoilt(needs_rows), "max()"),
    ("non_contiguous", spoilt(needs_memory_order), "view size is not compatible"),
    ("input_untouched", spoilt(overwrites_input), "training=True: the input was changed in place"),
    ("wrong_shapes", spoilt(takes_any_width), "in_features 3: input [6, 4] gave an output [6, 2]"),
    ("deterministic_evaluation", spoilt(noisy), "two evaluations differ"),
    ("gradients_reach", spoilt(weights_of_the_constructor), "no gradient reaches linear.weight"),
    ("gradients_reach", spoilt(lambda self, x: self.linear(x) * torch.inf), "linear.weight is not finite"),
    ("gradients_exact", spoilt(wrong_gradient), "Jacobian mismatch"),
    ("batched_equals_alone", spoilt(control_flow), "data-dependent"),
    ("state_dict_round_trip", HiddenState, "outputs differ after loading"),
    ("copies", KeepsActivations, "deepcopy"),
    ("compiles", spoilt(control_flow), "Data-dependent branching"),
    ("exports", spoilt(control_flow), "data-dependent"),
    ("dtypes", spoilt(single_precision), "torch.float64 module, training=True: output is torch.float32"),
    ("dtypes", spoilt(squared_in_half), "torch.float16 module"),
    ("autocast", spoilt(other_under_autocast), "autocast"),
    ("penalties_are_scalars", VectorPenalty, "penalty sparsity: got shape [3]"),
    ("penalties_are_scalars", ProjectsTooMuch, "project_ changed the initial value of linear.weight"),
    ("reset_is_reproducible", ForgetsToReset, "equal seeds give other values"),
    ("large_sums", spoilt(zero_times_overflow), "100 inputs of 4, parameters at 30 times"),
    ("constant_batches", spoilt(standardised), "1 x 3 inputs of 3, training=True: output is not finite"),
    ("extremes", spoilt(of_unit_length), "torch.float32 module at"),
    ("pruned", ReadsWithoutCalling, "backward through the graph a second time"),
    ("parametrised", KeepsActivations, "deepcopy"),
    ("weight_normed", PenalisesWhatIsStored, "penalty sparsity"),
    ("numpy_sizes", TakesPlainIntegers, "in_features must be int, got int64"),
    ("cell_states", spoilt(kink), "two steps: the gradient of the input is NaN"),
]


def test_every_check_is_shown_to_fail() -> None:
    assert {name for name, _, _ in BROKEN} == set(testing.CHECKS)


@pytest.mark.parametrize(
    ("name", "factory", "message"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_broken_module_is_caught(name: str, factory: testing.Factory, message: str) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        testing.CHECKS[name](factory, testing.Inputs())
    assert message.lower() in str(caught.value).lower()


def test_a_good_plain_module_passes() -> None:
    state = torch.get_rng_state()
    testing.check_unit(Good)
    testing.check_unit(lambda i, o: nn.Linear(i, o))
    assert torch.equal(torch.get_rng_state(), state)


def test_all_failures_are_reported_together() -> None:
    with pytest.raises(testing.ConformanceError) as caught:
        testing.check_unit(spoilt(overwrites_input))
    lines = str(caught.value).splitlines()
    assert any(line.startswith("input_untouched: training=True") for line in lines)
    assert isinstance(caught.value, AssertionError)


def test_checks_can_be_left_out() -> None:
    testing.check_unit(spoilt(noisy), skip=["deterministic_evaluation", *(set(testing.CHECKS) - {"shapes", "dtypes"})])
    with pytest.raises(InputError, match="unknown check 'shape'; did you mean 'shapes'"):
        testing.check_unit(Good, skip=["shape"])


def test_positive_inputs() -> None:
    assert (testing.Inputs(positive=True)(100, 3) > 0).all()
    assert (testing.Inputs()(100, 3) < 0).any()
    testing.check_unit(lambda i, o: units.MulMCFC(i, o), positive=True)
