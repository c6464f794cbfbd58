"""Parameters that PyTorch computes from others: pruned, parametrised, with weight, spectral or no norm."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm

from nalm import units
from nalm.errors import InputError
from support.computations import COMPUTATIONS, Computation, Same, older


class Halved(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value / 2


class Exponential(nn.Module):
    def forward(self, value: Tensor) -> Tensor:
        return value.exp()

    def right_inverse(self, value: Tensor) -> Tensor:
        return value.log()


class OuterProduct(nn.Module):
    """Computed from two vectors, without a way back."""

    def forward(self, rows: Tensor, columns: Tensor) -> Tensor:
        return rows.unsqueeze(-1) * columns

    def right_inverse(self, value: Tensor) -> tuple[Tensor, Tensor]:
        return value[:, 0].clone(), torch.ones_like(value[0])


def first_matrix(unit: nn.Module) -> tuple[nn.Module, str]:
    path = next(name for name, parameter in unit.named_parameters() if parameter.ndim == 2)
    owner, _, name = path.rpartition(".")
    return unit.get_submodule(owner), name


def train(unit: nn.Module, steps: int = 3) -> list[Tensor]:
    optimizer = torch.optim.Adam(unit.parameters(), lr=0.05)
    seen = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = unit(torch.ones(4, 3)).square().mean() + sum(units.penalties(unit).values())
        loss.backward()
        optimizer.step()
        seen.append(units.effective_weights(unit).detach().clone())
    return seen


@pytest.mark.parametrize("how", COMPUTATIONS)
@pytest.mark.parametrize(
    "name", ["nmu", "nau", "nac", "nalu", "inalu", "realnpu", "npu", "mcfc", "nmru", "linear", "nru"]
)
def test_units_train_with_computed_weights(name: str, how: str) -> None:
    torch.manual_seed(0)
    unit = units.create(name, 3, 2)
    COMPUTATIONS[how](*first_matrix(unit))
    first, *_, last = train(unit)
    assert last.isfinite().all()
    assert not torch.equal(first, last)
    assert unit.sparsity_error().isfinite()


@pytest.mark.parametrize("how", ["l1", "structured", "same", "weight_norm", "older_weight_norm"])
def test_project_acts_on_what_the_weights_are_computed_from(how: str) -> None:
    torch.manual_seed(0)
    unit = units.NMU(3, 2)
    COMPUTATIONS[how](unit.weights, "W")
    with torch.no_grad():
        for parameter in unit.parameters():
            parameter.copy_(torch.linspace(-3, 3, parameter.numel()).reshape(parameter.shape) + 0.1)
    unit(torch.ones(1, 3))
    expected = unit.weight.detach().clamp(0, 1)
    assert not torch.equal(expected, unit.weight)
    unit.project_()
    torch.testing.assert_close(unit.weight.detach(), expected, atol=1e-6, rtol=1e-6)
    unit(torch.ones(1, 3)).sum().backward()
    torch.testing.assert_close(unit.weight.detach(), expected, atol=1e-6, rtol=1e-6)
    assert all(parameter.isfinite().all() for parameter in unit.parameters())


@pytest.mark.parametrize("how", [*COMPUTATIONS, "plain"])
def test_reset_redraws_what_the_weights_are_computed_from(how: str) -> None:
    drawn = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        unit = units.NMU(3, 2)
        if how != "plain":
            COMPUTATIONS[how](unit.weights, "W")
            if "structured" in how or how == "l1":
                unit.weights.W_mask.copy_(torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
        units.reset_parameters(unit, torch.Generator().manual_seed(5))
        drawn.append(unit.weight.detach().clone())
    if how.endswith("spectral_norm"):
        return  # its vectors are not drawn anew
    torch.testing.assert_close(*drawn)
    plain = units.NMU(3, 2)
    plain.reset_parameters(torch.Generator().manual_seed(5))
    if how in ("same", "weight_norm", "older_weight_norm", "plain"):
        torch.testing.assert_close(drawn[0], plain.weight.detach())
    if how == "l1":
        torch.testing.assert_close(drawn[0], plain.weight.detach() * unit.weights.W_mask)


def test_rotating_matrices_are_projected_through_a_parametrisation() -> None:
    unit = units.MultiWeightNAU(2, 1, copies=2)
    parametrize.register_parametrization(unit.weights, "W", Same())
    with torch.no_grad():
        unit.weights.parametrizations.W.original.fill_(3)
    unit.project_()
    assert unit.weights.W.tolist() == [[[1.0, 1.0]], [[3.0, 3.0]]]
    assert unit.weights.current.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("name", ["inalu", "linear", "sigmoid_nau", "nnu"])
def test_penalties_and_weights_are_of_the_masked_parameters(name: str) -> None:
    unit, twin = units.create(name, 2, 2), units.create(name, 2, 2)
    twin.load_state_dict(unit.state_dict())
    matrix = next(key for key, parameter in twin.named_parameters() if parameter.ndim == 2)
    prune.custom_from_mask(
        unit, matrix, torch.tensor([[1.0, 0.0], [0.0, 1.0]]).repeat(2, 1)[: getattr(twin, matrix).shape[0]]
    )
    with torch.no_grad():
        getattr(unit, f"{matrix}_orig").mul_(2)
        getattr(twin, matrix).mul_(2 * getattr(unit, f"{matrix}_mask"))
    torch.testing.assert_close(unit.weight, twin.weight)  # without a forward pass in between
    torch.testing.assert_close(unit.penalties(), twin.penalties())
    torch.testing.assert_close(unit.sparsity_error(), twin.sparsity_error())


@pytest.mark.parametrize("how", [parametrizations.orthogonal, parametrizations.spectral_norm, older(spectral_norm)])
def test_a_norm_that_cannot_give_the_projected_weights_is_refused(how: Computation) -> None:
    torch.manual_seed(0)
    unit = units.NMU(3, 2).eval()  # so that reading the weights does not improve the estimate of their norm
    how(unit.weights, "W")
    with torch.no_grad():
        unit.weights.get_parameter(next(name for name, _ in unit.weights.named_parameters())).sub_(0.6)
    unit(torch.ones(1, 3))
    before = {key: value.clone() for key, value in unit.state_dict().items()}
    with pytest.raises(
        InputError, match=r"^DirectWeights: project_\(\) cannot bring 'W' to its bounds through _?\w+; leave"
    ) as caught:
        unit.project_()
    assert "\n" not in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in unit.state_dict().items())
    free = units.NMU(3, 2, bounds="none")
    how(free.weights, "W")
    free.project_()


@pytest.mark.parametrize("how", [parametrizations.orthogonal, parametrizations.spectral_norm])
def test_a_norm_inside_the_bounds_is_left_alone(how: Computation) -> None:
    torch.manual_seed(0)
    unit = units.NAU(3, 2).eval()
    how(unit.weights, "W")
    before = unit.weight.detach().clone()
    unit.project_()
    assert torch.equal(unit.weight, before)


def test_a_parametrisation_without_inverse_is_used_if_the_value_comes_out() -> None:
    unit = units.NMU(2, 1)
    parametrize.register_parametrization(unit.weights, "W", Halved())
    with torch.no_grad():
        unit.weights.parametrizations.W.original.fill_(1.5)
    unit.project_()
    assert unit.weight.tolist() == [[0.75, 0.75]]
    with torch.no_grad():
        unit.weights.parametrizations.W.original.fill_(3.0)
    with pytest.raises(InputError, match="cannot bring 'W' to its bounds through Halved"):
        unit.project_()
    assert unit.weight.tolist() == [[1.5, 1.5]]


def test_zero_has_a_logarithm_to_rounding() -> None:
    unit = units.NMU(2, 1)
    with torch.no_grad():
        unit.weights.W.copy_(torch.tensor([[0.5, 0.5]]))
    parametrize.register_parametrization(unit.weights, "W", Exponential())
    with torch.no_grad():
        unit.weights.parametrizations.W.original.copy_(torch.tensor([[1.0, -1.0]]))
    unit.project_()
    torch.testing.assert_close(unit.weight.detach(), torch.tensor([[1.0, 0.36788]]), rtol=1e-4, atol=0)
    unit.reset_parameters(torch.Generator().manual_seed(0))
    assert unit.weights.parametrizations.W.original.isfinite().all()


def test_values_that_a_parametrisation_cannot_hold_are_refused() -> None:
    unit = units.NAU(3, 2)
    with torch.no_grad():
        unit.weights.W.fill_(0.5)
    parametrize.register_parametrization(unit.weights, "W", Exponential())
    before = unit.weight.detach().clone()
    with pytest.raises(InputError, match=r"reset_parameters\(\) draws values of 'W' that Exponential cannot hold"):
        unit.reset_parameters(torch.Generator().manual_seed(0))
    torch.testing.assert_close(unit.weight.detach(), before)


def test_a_parametrisation_of_several_tensors() -> None:
    unit = units.NMU(3, 2)
    parametrize.register_parametrization(unit.weights, "W", OuterProduct())
    with torch.no_grad():
        unit.weights.parametrizations.W.original0.copy_(torch.tensor([2.0, 0.5]))
    unit.weights.parametrizations.W.original1.data.copy_(torch.ones(3))
    unit.project_()
    torch.testing.assert_close(unit.weight.detach(), torch.tensor([[1.0] * 3, [0.5] * 3]))
