"""Random modules are trained as an ordinary loop trains them, or sent to it with one line."""

from __future__ import annotations

import collections
import os

import pytest

from nalm.testing import RandomModule, compare_training

# so many in a run of the suite; more with NALM_RANDOM_MODULES=500
COUNT = int(os.environ.get("NALM_RANDOM_MODULES", "10"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(COUNT))
def test_a_random_module_is_trained_as_written(seed: int) -> None:
    """The seed is the parameter: `nalm.testing.RandomModule(2, 1, seed)` is the module."""
    found = compare_training("nalm.testing:RandomModule", {"seed": seed}, seed=seed)
    assert found.difference is None, RandomModule(2, 1, seed)
    assert (found.reason is None) == (found.way == "kernel")
    assert "\n" not in (found.reason or "")


def test_the_generator_draws_every_kind_of_block() -> None:
    drawn = collections.Counter(type(block).__name__ for seed in range(60) for block in RandomModule(2, 1, seed).blocks)
    assert set(drawn) == {
        *("Elementwise", "Affine", "Arithmetic", "Constant", "Noise", "Memory", "Computed", "Untraceable"),
    }
