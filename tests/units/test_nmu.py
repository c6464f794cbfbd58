"""The stochastic NMU: its noise, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch

from nalm import functional, units
from nalm.errors import InputError


def drawn(seed: int, *shape: int, low: float = 1.0, high: float = 5.0) -> torch.Tensor:
    return torch.empty(*shape).uniform_(low, high, generator=torch.Generator().manual_seed(seed))


def test_noise_equals_the_published_draws() -> None:
    torch.manual_seed(5)
    noise = functional.uniform(torch.rand(2, 2), 1, 5)
    expected = torch.tensor([[4.32100773, 1.50444365], [4.629879, 4.27970791]])
    torch.testing.assert_close(noise, expected, rtol=5e-9, atol=0)
    assert torch.equal(
        functional.uniform(torch.rand(128, 2, generator=torch.Generator().manual_seed(5)), 1, 5),
        drawn(5, 128, 2),
    )


@pytest.mark.usefixtures("float64")
def test_training_divides_the_noise_out() -> None:
    unit = units.SNMU(2, 3)
    x = torch.randn(7, 2)
    torch.manual_seed(5)
    y = unit(x)
    noise, weight = drawn(5, 7, 2), unit.weight
    torch.testing.assert_close(y, functional.product(x * noise, weight) / functional.product(noise, weight))


def test_noise_is_the_first_draw_of_the_forward_pass() -> None:
    torch.manual_seed(5)
    units.SNMU(2, 1)(torch.ones(4, 2))
    torch.manual_seed(5)
    units.NMU(2, 1)
    after_construction = torch.get_rng_state()
    unit = units.SNMU(2, 1)
    torch.set_rng_state(after_construction)
    unit(torch.ones(4, 2))
    state = torch.get_rng_state()
    torch.set_rng_state(after_construction)
    torch.rand(4, 2)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("noise", [(1, 5), (0.01, 0.05), "batch"])
def test_discrete_weights_are_not_noisy(noise: object) -> None:
    unit = units.SNMU(3, 2, noise=noise)
    with torch.no_grad():
        unit.weights.W.copy_(torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(unit(x), unit.eval()(x))


def test_evaluation_draws_nothing() -> None:
    unit = units.SNMU(2, 1).eval()
    state = torch.get_rng_state()
    assert torch.equal(unit(torch.ones(3, 2)), functional.product(torch.ones(3, 2), unit.weight))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("float64")
def test_batch_noise_reaches_one_plus_the_inverse_deviation() -> None:
    unit = units.SNMU(2, 1, noise="batch")
    x = torch.rand(5000, 2, generator=torch.Generator().manual_seed(0)) * 0.1 + 1.1
    torch.manual_seed(5)
    noise = unit._noise(x)
    high = 1 + 1 / x.std()
    torch.testing.assert_close(noise, drawn(5, 5000, 2, high=high.item()))
    assert noise.min() >= 1
    assert noise.max() > 0.99 * high


def test_batch_noise_has_no_gradient() -> None:
    x = torch.randn(6, 2, requires_grad=True)
    assert not units.SNMU(2, 1, noise="batch")._noise(x.detach()).requires_grad


def test_input_penalty_sees_inputs_without_noise() -> None:
    x = torch.rand(100, 2)
    noisy, plain = units.SNMU(2, 1, input_penalty=True), units.NMU(2, 1, input_penalty=True)
    noisy.load_state_dict(plain.state_dict())
    noisy(x)
    plain(x)
    torch.testing.assert_close(noisy.penalties()["input"], plain.penalties()["input"])


@pytest.mark.parametrize("noise", [(5, 1), (0, 1), (-1, 1), (1,), (1, 2, 3), "bach", 3, None, (1, float("inf"))])
def test_bad_noise_is_refused(noise: object) -> None:
    with pytest.raises(InputError, match="SNMU: noise must be an increasing pair"):
        units.SNMU(2, 1, noise=noise)


@pytest.mark.parametrize("name", ["bounds", "penalty_shape"])
def test_bad_choices_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"NMU: {name} must be one of .*, got 'clip'"):
        units.NMU(2, 1, **{name: "clip"})


def test_bad_initial_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"NMU: initial must be an increasing pair of numbers, got \(1, 0\)"):
        units.NMU(2, 1, initial=(1, 0))


def test_projection_keeps_weights_inside() -> None:
    for bounds, expected in (("project", [[0.0, 1.0]]), ("penalty", [[-1.0, 2.0]]), ("none", [[-1.0, 2.0]])):
        unit = units.NMU(2, 1, bounds=bounds)
        with torch.no_grad():
            unit.weights.W.copy_(torch.tensor([[-1.0, 2.0]]))
        unit.project_()
        assert unit.weights.W.tolist() == expected
    assert unit.weight.tolist() == [[-1.0, 2.0]]
    assert units.NMU(2, 1, bounds="penalty").weights.clamp


@pytest.mark.usefixtures("float64")
def test_input_penalty_is_the_mean_of_all_passes_of_a_step() -> None:
    unit = units.NMU(2, 1, input_penalty=True)
    first, second = torch.rand(5, 2), torch.rand(3, 2)
    for x in (first, second):
        unit(x)
    expected = functional.input_penalty(unit.weight, torch.cat([first, second]).mean(0), "binary")
    torch.testing.assert_close(unit.penalties()["input"], expected)
    unit.project_()
    assert "input" not in unit.penalties()
    unit.eval()(first)
    assert "input" not in unit.penalties()


def test_input_penalty_pulls_on_what_made_the_input() -> None:
    unit = units.NMU(2, 1, input_penalty=True)
    x = torch.rand(5, 2, requires_grad=True)
    unit(x)
    unit.penalties()["input"].backward()
    assert x.grad is not None
    assert x.grad.all()
