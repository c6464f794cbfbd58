from __future__ import annotations

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
    assert recorded.draws == [Draw("uniform", (5, 2)), Draw("normal", (2, 3)), Draw("uniform", (4,))]


def test_supplied_values_take_the_place_of_draws() -> None:
    values = [torch.full((5, 2), 0.5), torch.ones(2, 3), torch.full((4,), 0.25)]
    with Supplied(values):
        result = noisy(torch.ones(5, 2))
    torch.testing.assert_close(result, torch.full((5, 2), 0.5 + 6 + 4 * (1 + 0.25 * 4)))


def test_dropout_uses_a_uniform_draw() -> None:
    with Supplied([torch.tensor([0.1, 0.9])]):
        assert torch.nn.functional.dropout(torch.ones(2), p=0.5).tolist() == [0.0, 2.0]


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
