from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from nalm.training.stacked.uniforms import UniformNoise, open_noise
from nalm.training.step.noise import Draw, NoiseStream, Recorded, Supplied, lane_axis


def noisy(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rand_like(x) + torch.randn(2, 3).sum() + torch.empty(4).uniform_(1, 5).sum()


def test_draws_are_recorded_in_order() -> None:
    with Recorded() as recorded:
        noisy(torch.ones(5, 2))
    assert recorded.draws == [Draw("uniform", (5, 2)), Draw("normal", (2, 3)), Draw("uniform", (4,), (1.0, 5.0))]


def test_supplied_values_take_the_place_of_draws() -> None:
    values = [torch.full((5, 2), 0.5), torch.ones(2, 3), torch.full((4,), 2.0)]
    with Supplied(values):
        result = noisy(torch.ones(5, 2))
    torch.testing.assert_close(result, torch.full((5, 2), 0.5 + 6 + 4 * (1 + 0.25 * 4)))


F = torch.nn.functional
X = torch.ones(6, 3)
# how a forward pass can draw; of the last ones nothing is known
DRAWING: dict[str, Callable[[], torch.Tensor]] = {
    "rand_like": lambda: torch.rand_like(X),
    "randn_like": lambda: torch.randn_like(X),
    "rand": lambda: torch.rand(6, 3),
    "rand of a size": lambda: torch.rand(size=(6, 3)),
    "randn of a list": lambda: torch.randn([6, 3]),
    "uniform": lambda: torch.empty(6, 3).uniform_(),
    "uniform from": lambda: torch.empty(6, 3).uniform_(-1.0),
    "uniform to": lambda: torch.empty(6, 3).uniform_(to=3),
    "normal": lambda: torch.empty(6, 3).normal_(),
    "normal with a mean": lambda: torch.empty(6, 3).normal_(0.5),
    "normal with a deviation": lambda: torch.empty(6, 3).normal_(std=0.25),
    "few normal ones": lambda: torch.empty(3).normal_(2.0, 3.0),
    "bernoulli": lambda: torch.empty(6, 3).bernoulli_(0.3),
    "exponential": lambda: torch.empty(6, 3).exponential_(2.0),
    "log-normal": lambda: torch.empty(6, 3).log_normal_(),
    "cauchy": lambda: torch.empty(6, 3).cauchy_(),
    "geometric": lambda: torch.empty(6, 3).geometric_(0.4),
    "dropout": lambda: F.dropout(X, 0.3),
    "dropout in place": lambda: F.dropout(X.clone(), 0.3, inplace=True),
    "dropout of torch": lambda: torch.dropout(X, 0.7, True),
    "twice": lambda: torch.rand(4).sum() + F.dropout(X, 0.5) + torch.randn(3),
}
NOT_DRAWING: dict[str, Callable[[], torch.Tensor]] = {
    "dropout at rest": lambda: F.dropout(X, 0.3, training=False),
    "dropout of torch at rest": lambda: torch.dropout(X, 0.3, False),
    "dropout of nothing": lambda: F.dropout(X, 0.0),
    "dropout of all": lambda: F.dropout(X, 1.0),
}
UNKNOWN: dict[str, Callable[[], torch.Tensor]] = {
    "another generator": lambda: torch.rand(3, generator=torch.Generator().manual_seed(1)),
    "a generator to fill with": lambda: torch.empty(3).normal_(generator=torch.Generator().manual_seed(1)),
    "another type": lambda: torch.rand(3, dtype=torch.float64),
    "like whole numbers": lambda: torch.rand_like(torch.ones(3, dtype=torch.int64), dtype=torch.float32),
    "probabilities in a tensor": lambda: torch.bernoulli(torch.full((3,), 0.5)),
    "whole numbers": lambda: torch.randint(0, 3, (3,)),
    "channels": lambda: F.dropout1d(X, 0.5),
}


@pytest.mark.parametrize("how", DRAWING)
def test_every_draw_that_is_known_has_the_numbers_of_pytorch(how: str) -> None:
    """So that a network's noise is that of an ordinary loop, with the same moments."""
    draw = DRAWING[how]
    with Recorded() as recorded:
        draw()
    generator = torch.Generator().manual_seed(5)
    values = [known.sample(generator).reshape(known.shape) for known in recorded.draws]
    assert values
    with torch.random.fork_rng():
        torch.manual_seed(5)
        expected = draw()
        assert torch.equal(torch.get_rng_state(), generator.get_state())
        torch.manual_seed(6)
        with Supplied(values):
            torch.testing.assert_close(draw(), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("how", {**NOT_DRAWING, **UNKNOWN})
def test_what_draws_nothing_or_is_unknown_is_left_to_pytorch(how: str) -> None:
    draw = {**NOT_DRAWING, **UNKNOWN}[how]
    with torch.random.fork_rng():
        torch.manual_seed(5)
        expected = draw()
        torch.manual_seed(5)
        with Recorded() as recorded:
            got = draw()
    assert recorded.draws == []
    assert torch.equal(got, expected)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("chunks", [[6], [1, 2, 3]])
def test_noise_is_what_a_loop_would_draw(distribution: str, chunks: list[int]) -> None:
    rows = 5
    draws = [Draw(distribution, (rows, 2)), Draw("uniform", (3,))]
    stream = NoiseStream(torch.Generator().manual_seed(7), draws, rows)
    got = torch.from_numpy(np.concatenate([stream.take(steps) for steps in chunks]))
    generator = torch.Generator().manual_seed(7)
    sample = torch.rand if distribution == "uniform" else torch.randn
    for step in range(6):
        expected = sample(rows * 2, generator=generator).reshape(rows, 2)
        other = torch.rand(3, generator=generator)
        assert torch.equal(got[step, : rows * 2].reshape(2, rows), expected.T)
        assert torch.equal(got[step, rows * 2 :], other)


def test_lane_axis() -> None:
    assert lane_axis(Draw("uniform", (2, 128)), 128) == 1
    assert lane_axis(Draw("uniform", (2, 3)), 128) is None


@pytest.mark.parametrize("used", [0, 1, 5, 623, 624, 625, 2000])
def test_compiled_noise_is_torchs_bit_for_bit(used: int) -> None:
    """Wherever the generator stands, after the draws of initial weights or in the middle of its key."""
    rows = 8
    draws = [Draw("uniform", (rows, 2)), Draw("uniform", (rows, 3))]
    generators = [torch.Generator().manual_seed(11) for _ in range(2)]
    for generator in generators:
        torch.rand(used, generator=generator)
    compiled = open_noise(generators[0], draws, rows)
    assert isinstance(compiled, UniformNoise)
    plain = NoiseStream(generators[1], draws, rows)
    for steps in (7, 1, 40):
        np.testing.assert_array_equal(compiled.take(steps), plain.take(steps))
