"""Options of the power and reciprocal units."""

from __future__ import annotations

import pytest
import torch

from nalm import functional, units
from nalm.errors import InputError

pytestmark = pytest.mark.usefixtures("float64")

X = torch.tensor([[1.5, -2.0], [-0.5, 3.0]], dtype=torch.float64)


def test_clipping_touches_what_it_names() -> None:
    for clip, real, imaginary, gate in (
        ("none", 2.0, 3.0, 4.0),
        ("w", 1.0, 3.0, 4.0),
        ("g", 2.0, 3.0, 1.0),
        ("wg", 1.0, 3.0, 1.0),
        ("wig", 1.0, 1.0, 1.0),
    ):
        unit = units.NPU(2, 1, clip=clip)
        with torch.no_grad():
            unit.exponents.W_re.fill_(2)
            unit.exponents.W_im.fill_(3)
            unit.gate.g.fill_(4)
        unit.project_()
        got = [unit.exponents.W_re.max().item(), unit.exponents.W_im.max().item(), unit.gate.g.max().item()]
        assert got == [real, imaginary, gate], clip


def test_real_exponents_have_no_imaginary_clip() -> None:
    with pytest.raises(InputError, match="RealNPU: clip must be one of 'none', 'w', 'g', 'wg', got 'wig'"):
        units.RealNPU(2, 1, clip="wig")


@pytest.mark.parametrize(("gradient", "passes"), [("clamp", False), ("straight_through", True)])
def test_gradient_of_a_gate_outside_its_bounds(gradient: str, passes: bool) -> None:
    unit = units.RealNPU(2, 1, gate_gradient=gradient)
    with torch.no_grad():
        unit.gate.g.fill_(1.2)
    unit(X).sum().backward()
    assert bool(unit.gate.g.grad.any()) == passes
    assert torch.equal(unit.gate(), torch.ones(2))


def test_gate_at_one_still_has_a_gradient() -> None:
    unit = units.RealNPU(2, 1)
    with torch.no_grad():
        unit.gate.g.fill_(1.0)
    unit(X).sum().backward()
    assert unit.gate.g.grad.all()


def test_a_closed_gate_leaves_the_input_out() -> None:
    unit = units.RealNPU(2, 1)
    with torch.no_grad():
        unit.gate.g.copy_(torch.tensor([1.0, 0.0]))
    assert torch.equal(unit(X), unit(torch.tensor([[1.5, 9.0], [-0.5, -7.0]])))


def test_constrained_start() -> None:
    assert units.RealNPU(2, 1, initial="constrained").exponents.W_re.abs().max() <= 0.5
    unit = units.create("realnpu_modified", 2, 1)
    assert (unit.clip, unit.initial) == ("wg", "constrained")


def test_naive_units_have_no_gate() -> None:
    unit = units.create("naive_realnpu", 2, 1)
    assert list(dict(unit.named_parameters())) == ["exponents.W_re"]
    assert "npu_gate" not in unit.penalties()
    torch.testing.assert_close(unit(X), functional.npu(X, unit.exponents.W_re.mT))


def test_sparsity_error_of_complex_exponents_is_the_mean_of_both_parts() -> None:
    unit = units.NPU(2, 1)
    with torch.no_grad():
        unit.exponents.W_re.copy_(torch.tensor([[1.0], [0.6]]))
        unit.exponents.W_im.copy_(torch.tensor([[0.2], [0.0]]))
    assert unit.sparsity_error().item() == pytest.approx((0.4 + 0.2) / 2)


def test_sparsity_error_of_the_inalu_is_the_mean_of_both_paths() -> None:
    unit = units.INALU(2, 1)
    add, multiply = unit.weight
    expected = (functional.sparsity_error(add) + functional.sparsity_error(multiply)) / 2
    torch.testing.assert_close(unit.sparsity_error(), expected)


def test_inalu_penalty_has_a_gradient() -> None:
    unit = units.INALU(2, 1)
    unit.penalties()["inalu"].backward()
    assert all(parameter.grad is not None and parameter.grad.all() for parameter in unit.parameters())


def test_inalu_output_is_capped() -> None:
    unit = units.INALU(1, 1)
    with torch.no_grad():
        for parameter in unit.parameters():
            parameter.fill_(60)
        unit.g.fill_(-60)
    assert unit(torch.tensor([[1e30]])).item() == pytest.approx(4.8517e8, rel=1e-4)


def test_reciprocals_have_no_nan_at_zero() -> None:
    x = torch.tensor([[0.0, 2.0]])
    assert functional.with_reciprocals(x, training=False).tolist() == [[0.0, 2.0, 2.0**23, 0.5]]
    unit = units.NMRU(2, 1).eval()
    with torch.no_grad():
        unit.weights.W.copy_(torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    assert unit(x).item() == 2.0


def test_reciprocal_weights_are_two_matrices() -> None:
    unit = units.SignNMRU(3, 2)
    assert unit.weight.shape == (2, 2, 3)
    assert torch.equal(torch.cat([*unit.weight], -1), unit.weights.W)


@pytest.mark.parametrize("cls", [units.NMRU, units.SignNMRU, units.GatedSignNMRU])
def test_noise_of_reciprocal_units_divides_out(cls: type) -> None:
    unit = cls(2, 1, noise=(1, 5))
    with torch.no_grad():
        unit.weights.W.copy_(torch.tensor([[1.0, 0.0, 0.0, 1.0]]))
    quiet = cls(2, 1)
    quiet.load_state_dict(unit.state_dict())
    torch.testing.assert_close(unit(X), quiet(X))
    with torch.no_grad():
        unit.weights.W.fill_(0.5)
    assert not torch.equal(unit(X), unit(X))


def test_gate_of_the_gated_unit_is_projected() -> None:
    unit = units.GatedSignNMRU(2, 1)
    with torch.no_grad():
        unit.gate.g.fill_(1.5)
    unit.project_()
    assert torch.equal(unit.gate.g, torch.ones(4))
    assert unit.penalties()["npu_gate"] == 0


def test_sign_of_the_nru_follows_odd_exponents_only() -> None:
    weight = torch.tensor([[1.0, 0.0]])
    y = functional.nru(X, weight, weight.abs(), separate_sign=True)
    torch.testing.assert_close(y, X[:, :1])
    weight = torch.tensor([[2.0, -1.0]])
    y = functional.nru(X, weight, torch.ones(1, 2), separate_sign=True)
    torch.testing.assert_close(y, X[:, :1] ** 2 / X[:, 1:])
