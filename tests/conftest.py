"""What every test starts from, whichever ran before it and on however many cores."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

TESTS = Path(__file__).parent

# where tests take seconds each, or are thousands; those elsewhere that do are marked one by one
HEAVY = (
    "cluster/",
    "docs/",
    "field/",
    "regression/",
    "cli/test_bench.py",
    "cli/test_fit.py",
    "cli/test_run.py",
    "faults/",
    "figures/",
    "report/test_report.py",
    "results/store/",
    "studies/test_catalogue.py",
    "studies/test_limits.py",
    "test_adding.py",
    "test_readme.py",
    "test_testing.py",
    "tasks/test_thresholds.py",
    "training/executors/",
    "training/lowerings/test_choice.py",
    "training/stacked/test_engine.py",
    "training/test_headers.py",
    "training/test_toolchain.py",
    "units/test_every_unit.py",
    "units/test_sources.py",
)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what `make quick` leaves out."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).as_posix().startswith(HEAVY):
            item.add_marker("heavy")


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """One thread, and the same numbers for whoever draws without a generator of its own."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def float64() -> Iterator[None]:
    """Tensors are made in float64: equal formulas agree far closer than any wrong one, on every processor."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
