import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nalm.tasks.operations import apply, lane_sum


@settings(deadline=None, derandomize=True, max_examples=60)
@given(count=st.integers(1, 700), start=st.integers(0, 3), seed=st.integers(0, 100))
def test_lane_sum_equals_numpys_row_sum(count: int, start: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(5, start + count + 2))
    expected = rows[:, start : start + count].sum(axis=1)
    np.testing.assert_array_equal(lane_sum(np.ascontiguousarray(rows.T), start, start + count), expected)


A, B = np.array([4.0, -1.0]), np.array([0.5, 2.0])


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", [4.5, 1]),
        ("sub", [3.5, -3]),
        ("mul", [2, -2]),
        ("div", [8, -0.5]),
        ("squared", [16, 1]),
        ("root", [2, np.nan]),
        ("reciprocal", [0.25, -1]),
    ],
)
def test_operations(operation: str, expected: list[float]) -> None:
    np.testing.assert_array_equal(apply(operation, [A, B]), expected)


def test_add_and_mul_take_all_operands() -> None:
    assert apply("add", [A, B, B])[0] == 5.0
    assert apply("mul", [A, B, B])[0] == 1.0


def test_division_by_zero_is_data() -> None:
    assert apply("div", [A, np.zeros(2)])[0] == np.inf
