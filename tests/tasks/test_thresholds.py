from typing import Any

import pytest

from nalm.tasks import ArithmeticTask
from nalm.tasks.thresholds import simulated_threshold, threshold


def task(operation: str = "mul", **settings: Any) -> ArithmeticTask:
    return ArithmeticTask(**{"kind": "arithmetic-dataset", "operation": operation, **settings})


PUBLISHED: list[tuple[ArithmeticTask, float]] = [
    (task(extrapolation_range=[-40, -20]), 505.38393446811),
    (task(extrapolation_range=[-6, -2]), 0.160019427416592),
    (task(extrapolation_range=[-6.1, -1.2]), 0.111273765936094),
    (task(extrapolation_range=[-2, -0.2]), 0.000920366996935862),
    (task(extrapolation_range=[0.2, 2]), 0.000919984259479115),
    (task(extrapolation_range=[2, 6]), 0.160053064554457),
    (task(extrapolation_range=[1.2, 6]), 0.105269192983145),
    (task(extrapolation_range=[20, 40]), 505.342442052394),
    (task("add"), 1.4785e-5),
    (task("sub"), 1.3855e-8),
    (task("div"), 4.955e-12),
    (task("root"), 8.953e-9),
    (task("squared"), 0.159466),
    (task(simple=True), 2.15698e-6),
    (task("add", simple=True), 2.66721e-8),
    (task("sub", simple=True), 2.66449e-8),
    (task(input_size=4), 7.1045e-8),
    (task(input_size=200), 2.56234),
    (task(subset_ratio=0.05), 0.0288477),
    (task(subset_ratio=0.5), 0.00222144),
    (task(overlap_ratio=0.75), 0.159799),
]


@pytest.mark.parametrize(("task_", "constant"), PUBLISHED)
def test_published_constants(task_: ArithmeticTask, constant: float) -> None:
    assert threshold(task_) == constant
    # the script's own simulation, repeated: its 26 and 13 inputs instead of 25 and 12
    repeated = simulated_threshold(task_, samples=100_000, inclusive=True)
    assert repeated == pytest.approx(constant, rel=0.01)


def test_mirrored_pair() -> None:
    pair = task(extrapolation_range=[[-6, -2], [2, 6]])
    assert threshold(pair) == 0.000230715983456882
    assert simulated_threshold(pair, samples=100_000, inclusive=True) == pytest.approx(2.31e-4, rel=0.03)
    assert simulated_threshold(pair, samples=100_000) == pytest.approx(2.21e-4, rel=0.03)


def test_correct_subset_sizes_are_the_default() -> None:
    assert simulated_threshold(task(), samples=100_000) == pytest.approx(0.1605, rel=1e-3)
    assert simulated_threshold(task(extrapolation_range=[20, 40]), samples=100_000) == pytest.approx(507.1, rel=1e-3)


def test_closed_form_of_a_sum() -> None:
    # every input is in exactly one operand: Z - A = epsilon (T - 2A), so the sum is off by epsilon (2T - 2T)
    # = 0
    exact = task("add", input_size=2, subset_ratio=0.5, overlap_ratio=0.0)
    assert simulated_threshold(exact, samples=1000) == pytest.approx(0, abs=1e-20)
    # two of four inputs: off by 2 epsilon times the other two
    half = task("add", input_size=4, subset_ratio=0.25, overlap_ratio=0.0, extrapolation_range=[1, 3])
    mean_square = 4**2 + 2 * 4 / 12
    assert simulated_threshold(half, samples=100_000) == pytest.approx(4e-10 * mean_square, rel=0.01)


def test_epsilon() -> None:
    ratio = simulated_threshold(task(), 1e-3, 10_000) / simulated_threshold(task(), 1e-5, 10_000)
    assert ratio == pytest.approx(1e4, rel=0.05)


def test_same_on_every_call_and_for_every_interpolation_range() -> None:
    a = simulated_threshold(task(interpolation_range=[0, 1]), samples=20_001)
    assert a == simulated_threshold(task(interpolation_range=[-7, -6]), samples=20_001)


def test_computed_where_nothing_was_published() -> None:
    unusual = task(extrapolation_range=[2, 5])
    assert threshold(unusual) == simulated_threshold(unusual)
    three = task(subsets=3)
    assert threshold(three) == simulated_threshold(three)


def test_single_module() -> None:
    for operation in ("add", "sub", "mul", "div"):
        single = ArithmeticTask(kind="single-module", operation=operation, extrapolation_range=[20, 40])
        assert threshold(single) == 1e-5
