import numpy as np
import pytest
from scipy.stats import truncnorm

from nalm.tasks import ArithmeticTask, Range


def drawn(distribution: object, interpolation: list[float], part: str = "train", **settings: object) -> np.ndarray:
    task = ArithmeticTask.model_validate(
        {
            "kind": "single-module",
            "operation": "add",
            "distribution": distribution,
            "interpolation_range": interpolation,
            "extrapolation_range": interpolation,
            **settings,
        }
    )
    if part == "train":
        x, _ = task.batches(task.open_stream(0, "paper", 4).draw(2), 0, "paper")
        return x.swapaxes(1, 2)
    return task.evaluation_set(part, 0, "paper", 6)[0]


def legacy() -> np.random.RandomState:
    return np.random.RandomState(2357136044)


NORMAL = {
    "family": "truncated-normal",
    "mean": 0.0,
    "standard_deviation": 1.0,
    "extrapolation_mean": 10.0,
    "extrapolation_standard_deviation": 2.0,
}


def test_truncated_normal_is_scipys() -> None:
    expected = truncnorm.rvs(-5, 5, size=(2, 4, 2), random_state=legacy())
    np.testing.assert_array_equal(drawn(NORMAL, [-5, 5]), expected.astype(np.float32))


def test_truncated_normal_has_its_own_parameters_outside() -> None:
    state = np.random.RandomState(8689336)
    expected = truncnorm.rvs(-7.5, -2.5, loc=10, scale=2, size=(6, 2), random_state=state)
    np.testing.assert_array_equal(drawn(NORMAL, [-5, 5], "test"), expected.astype(np.float32))


def test_exponential_is_numpys_and_ignores_the_range() -> None:
    values = drawn({"family": "exponential", "scale": 500}, [1, 2])
    np.testing.assert_array_equal(values, legacy().exponential(500, (2, 4, 2)).astype(np.float32))


def benford_batch(state: np.random.RandomState, low: int, high: int) -> np.ndarray:
    p = [0, 0.301, 0.176, 0.125, 0.097, 0.079, 0.067, 0.058, 0.051, 0.046]
    first = state.choice(10, (4, 2), p=p)
    rest = state.randint(low, high, (4, 2))
    return np.array([int(f"{a}{b}") for a, b in zip(first.flat, rest.flat, strict=True)]).reshape(4, 2)


@pytest.mark.parametrize("range_", [[10, 100], [100, 1000], [50, 2000]])
def test_benford_follows_the_original_draws(range_: list[float]) -> None:
    state = legacy()
    expected = [benford_batch(state, range_[0] // 10, range_[1] // 10) for _ in range(2)]
    np.testing.assert_array_equal(drawn("benford", range_), expected)


def test_mirrored_pair_mixes_signs_per_element() -> None:
    state = legacy()
    batches = []
    for _ in range(2):
        negative, positive = state.uniform(-6, -2, (4, 2)), state.uniform(2, 6, (4, 2))
        batches.append(np.where(state.randint(2, size=(4, 2)) == 1, negative, positive))
    np.testing.assert_array_equal(drawn("uniform", [[-6, -2], [2, 6]]), np.float32(batches))


@pytest.mark.parametrize("range_", [[-10, 100], [1, 5], [[-20, -10], [10, 20]]])
def test_benford_refuses_ranges_without_digits(range_: list[float]) -> None:
    with pytest.raises(ValueError, match="benford takes one range"):
        drawn("benford", range_)


def test_range_is_in_the_message() -> None:
    with pytest.raises(ValueError, match=r"interpolation_range \[1,5\]: benford"):
        drawn("benford", [1, 5])
    assert str(Range([1, 5])) == "[1,5]"
