import hashlib
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nalm.tasks import ArithmeticTask, Range, Task

NINE = [
    [-20, -10],
    [-2, -1],
    [-1.2, -1.1],
    [-0.2, -0.1],
    [-2, 2],
    [0.1, 0.2],
    [1, 2],
    [1.1, 1.2],
    [10, 20],
]
MIRRORED = [[-6, -2], [2, 6]]


def single(**settings: Any) -> ArithmeticTask:
    return ArithmeticTask(**{"kind": "single-module", "operation": "mul", **settings})


def dataset(**settings: Any) -> ArithmeticTask:
    return ArithmeticTask(**{"kind": "arithmetic-dataset", "operation": "mul", **settings})


def test_defaults_of_the_two_kinds() -> None:
    assert (single().input_size, single().subset_ratio, single().overlap_ratio) == (2, 0.5, 0)
    assert (dataset().input_size, dataset().subset_ratio, dataset().overlap_ratio) == (100, 0.25, 0.5)
    assert single().out_features == 1
    assert TypeAdapter(Task).validate_python({"kind": "single-module", "operation": "mul"}) == single()


def test_two_input_training_seeds() -> None:
    seeds = [single().layout(seed, "paper").training_seed for seed in range(5)]
    assert seeds == [2357136044, 1791095845, 1872583848, 2365658986, 4153361530]
    assert single().layout(0, "paper").slices == ((0, 1), (1, 2))


DATASET_LAYOUTS = [
    (44, 2546248239),
    (37, 4282876139),
    (40, 794921487),
    (42, 303761048),
    (58, 3868139694),
    (35, 236996814),
    (10, 4069378761),
    (47, 976413892),
    (3, 47736148),
    (62, 1565348188),
    (9, 1283169405),
    (25, 293375679),
    (11, 1916507803),
    (18, 2608511152),
    (43, 3959502168),
    (8, 3494301429),
    (41, 1402977518),
    (47, 780729585),
    (42, 326463763),
    (29, 1848846958),
    (35, 3811404250),
    (9, 3432846543),
    (53, 3014908036),
    (19, 2873750246),
    (34, 1264583555),
]


def test_dataset_offsets_and_training_seeds() -> None:
    layouts = [dataset().layout(seed, "paper") for seed in range(25)]
    assert [(layout.offset, layout.training_seed) for layout in layouts] == DATASET_LAYOUTS
    assert layouts[0].slices == ((44, 69), (57, 82))


def test_robustness_study_offsets() -> None:
    task = single(input_size=10, subset_ratio=0.1)
    offsets = [task.layout(seed, "paper").offset for seed in range(25)]
    assert offsets == [5, 5, 8, 8, 7, 3, 3, 4, 3, 5, 4, 0, 6, 2, 8, 8, 5, 1, 3, 5, 3, 8, 5, 3, 2]


def test_first_training_rows() -> None:
    task = single()
    raw = task.open_stream(0, "paper", 128).draw(2)
    exact = 1 + raw.parts[0][0, :2]
    np.testing.assert_array_equal(
        exact,
        [[1.7941599628500475, 1.1598246241442087], [1.3907872651020725, 1.9364851526484008]],
    )
    x, t = task.batches(raw, 0, "paper")
    assert (x.shape, t.shape, x.dtype, t.dtype) == ((2, 2, 128), (2, 1, 128), np.float32, np.float32)
    assert x.flags.c_contiguous
    assert t.flags.c_contiguous
    np.testing.assert_array_equal(t[0, 0, :2], np.float32([2.0809109210968018, 2.6932389736175537]))
    np.testing.assert_array_equal(x[1, :, 0], np.float32([1.5181760787963867, 1.2513370513916016]))


def test_validation_and_test_sets() -> None:
    x, t = single().evaluation_set("validation", 3, "paper", 10_000)
    assert (x.shape, t.shape) == ((10_000, 2), (10_000, 1))
    np.testing.assert_allclose(x[0], [1.9180948734, 1.8816525936], rtol=1e-7)
    assert x.mean(dtype=np.float64) == pytest.approx(1.5017375755, abs=1e-8)
    around_zero = single(interpolation_range=[-2, 2]).evaluation_set("validation", 0, "paper", 10_000)[0]
    np.testing.assert_allclose(around_zero[0], [1.6723794937, 1.5266104937], rtol=1e-7)
    outside = single().evaluation_set("test", 0, "paper", 10_000)[0]
    np.testing.assert_allclose(outside[0], [4.1330456734, 3.2642049789], rtol=1e-7)
    mirrored = single(extrapolation_range=MIRRORED).evaluation_set("test", 0, "paper", 10_000)[0]
    expected = [[-3.8669543266, -4.7357950211], [-4.1211438179, 5.0854859352]]
    np.testing.assert_allclose(mirrored[:2], expected, rtol=1e-7)


def test_evaluation_inputs_are_shared_and_protected() -> None:
    first, _ = single().evaluation_set("validation", 0, "paper", 50)
    second, _ = single(operation="add").evaluation_set("validation", 9, "paper", 50)
    assert first is second
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_evaluation_key_holds_all_that_the_sets_take_from_the_seed() -> None:
    task = dataset()
    assert task.evaluation_key(7, "paper") == task.evaluation_key(17, "paper")
    for part in ("validation", "test"):
        (x7, t7), (x17, t17) = (task.evaluation_set(part, seed, "paper", 20) for seed in (7, 17))
        np.testing.assert_array_equal(x7, x17)
        np.testing.assert_array_equal(t7, t17)
    assert task.evaluation_key(0, "paper") != task.evaluation_key(1, "paper")


@pytest.mark.parametrize("streams", ["paper", "fast"])
def test_nine_ranges_share_their_draws(streams: Any) -> None:
    tasks = [single(interpolation_range=range_) for range_ in NINE]
    assert len({task.stream_key(3, streams) for task in tasks}) == 1
    assert tasks[0].stream_key(3, streams) != tasks[0].stream_key(4, streams)
    mirrored = single(interpolation_range=MIRRORED)
    assert mirrored.stream_key(3, streams) != tasks[0].stream_key(3, streams)
    shared = tasks[0].open_stream(3, streams, 16).draw(3)
    for task in tasks:
        own = task.open_stream(3, streams, 16).draw(3)
        for a, b in zip(task.batches(shared, 3, streams), task.batches(own, 3, streams), strict=True):
            np.testing.assert_array_equal(a, b)


def digest(arrays: list[np.ndarray]) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


CASES: list[dict[str, Any]] = [
    {"interpolation_range": [-1.2, -1.1]},
    {"interpolation_range": MIRRORED},
    {"distribution": {"family": "exponential", "scale": 2}, "operation": "div"},
    {"distribution": "benford", "interpolation_range": [10, 100], "extrapolation_range": [100, 1000]},
    {"kind": "arithmetic-dataset", "operation": "sub"},
]


@pytest.mark.parametrize("streams", ["paper", "fast"])
@pytest.mark.parametrize("settings", CASES)
def test_any_chunking_gives_the_same_batches(settings: dict[str, Any], streams: Any) -> None:
    task = single(**settings)
    digests = set()
    for chunks in ([12], [1] * 12, [5, 7]):
        stream = task.open_stream(1, streams, 8)
        parts = [task.batches(stream.draw(steps), 1, streams) for steps in chunks]
        digests.add((digest([x for x, _ in parts]), digest([t for _, t in parts])))
    assert len(digests) == 1


def original_batches(task: ArithmeticTask, seed: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Row-major batches as the published program computes them, in its words."""
    layout = task.layout(seed, "paper")
    state = np.random.RandomState(layout.training_seed)
    lower, upper = task.interpolation_range.intervals[0]
    x = np.stack([state.uniform(lower, upper, (128, task.input_size)) for _ in range(steps)])
    a, b = (np.sum(x[:, :, start:stop], axis=2) for start, stop in layout.slices)
    t = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b}[task.operation]
    return x.astype(np.float32), t.astype(np.float32)


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div"])
@pytest.mark.parametrize("range_", NINE)
@pytest.mark.parametrize("make", [single, dataset])
def test_batches_equal_the_original_bit_for_bit(make: Any, range_: list[float], operation: str) -> None:
    task = make(operation=operation, interpolation_range=range_)
    x, t = task.batches(task.open_stream(5, "paper", 128).draw(3), 5, "paper")
    expected_x, expected_t = original_batches(task, 5, 3)
    np.testing.assert_array_equal(x.swapaxes(1, 2), expected_x)
    np.testing.assert_array_equal(t[:, 0], expected_t)


def test_long_blocks_are_worked_on_in_pieces() -> None:
    task = single()
    raw = task.open_stream(0, "paper", 128).draw(300)
    x, t = task.batches(raw, 0, "paper")
    expected_x, expected_t = original_batches(task, 0, 300)
    np.testing.assert_array_equal(x.swapaxes(1, 2), expected_x)
    np.testing.assert_array_equal(t[:, 0], expected_t)


def test_write_batches_writes_the_same() -> None:
    task = dataset()
    raw = task.open_stream(0, "paper", 16).draw(4)
    out = np.empty((4, 101, 16), dtype=np.float32)
    task.write_batches(raw, 0, "paper", out)
    np.testing.assert_array_equal(out, np.concatenate(task.batches(raw, 0, "paper"), axis=1))


def test_fast_family_has_its_own_data() -> None:
    task = dataset()
    assert task.layout(0, "fast") == task.layout(0, "fast")
    assert len({task.layout(seed, "fast").offset for seed in range(200)}) > 50
    assert min(task.layout(seed, "fast").offset for seed in range(200)) >= 0
    assert max(task.layout(seed, "fast").offset for seed in range(200)) <= 62
    x, _ = task.evaluation_set("test", 0, "fast", 1000)
    assert x.min() >= 2
    assert x.max() < 6
    validation, _ = task.evaluation_set("validation", 0, "fast", 1000)
    assert not np.allclose((x - 2) / 4, validation - 1)


def test_simple_function_has_four_fixed_inputs() -> None:
    task = dataset(simple=True, operation="sub")
    assert task.input_size == 4
    for seed in range(3):
        assert task.layout(seed, "paper").slices == ((0, 4), (0, 2))
    assert task.layout(0, "paper").training_seed == single().layout(0, "paper").training_seed
    x, t = task.evaluation_set("validation", 0, "paper", 5)
    np.testing.assert_allclose(t[:, 0], x[:, 2] + x[:, 3], rtol=1e-6)


def test_three_subsets() -> None:
    task = dataset(subsets=3)
    (a, b), (c, d), (e, f) = task.layout(0, "paper").slices
    assert (b - a, d - c, f - e, b - c, d - e) == (25, 25, 25, 12, 12)
    x, t = task.batches(task.open_stream(0, "paper", 4).draw(1), 0, "paper")
    sums = [x[0, start:stop].sum(axis=0, dtype=np.float64) for start, stop in task.layout(0, "paper").slices]
    np.testing.assert_allclose(t[0, 0], sums[0] * sums[1] * sums[2], rtol=1e-6)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"subset_ratio": 0.1}, "subset_ratio 0.1 of 2 inputs leaves operands empty; give at least 0.5"),
    ({"subsets": 3}, "3 subsets of ratio 0.5 with overlap 0 take 3 inputs, but input_size is 2"),
    ({"subsets": 1, "operation": "sub"}, "operation 'sub' takes 2 operands, but subsets is 1"),
    ({"simple": True, "input_size": 5}, "the four-input function has 4 inputs and 2 subsets, not 5 and 2"),
    ({"interpolation_range": [2, 1]}, "range [2, 1]: lower bound 2 must be less than upper bound 1"),
    ({"operation": "mull"}, "'mul'"),
    ({"colour": 1}, "Extra inputs are not permitted"),
    ({"distribution": "cauchy"}, "'truncated-normal'"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_refuses(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        single(**settings)
    assert message in str(raised.value)


def test_settings_survive_json_and_hashing() -> None:
    task = single(extrapolation_range=MIRRORED, distribution={"family": "exponential", "scale": 3})
    assert ArithmeticTask.model_validate_json(task.model_dump_json()) == task
    assert hash(ArithmeticTask.model_validate(task.model_dump())) == hash(task)
    assert task.model_dump(mode="json")["extrapolation_range"] == "[[-6,-2],[2,6]]"
    assert task.extrapolation_range == Range(MIRRORED)


@pytest.mark.parametrize("streams", ["paper", "fast"])
def test_every_output_is_to_be_the_same_in_training_and_evaluation(streams):
    task = ArithmeticTask(kind="single-module", operation="add", output_size=3)
    x, t = task.batches(task.open_stream(0, streams, 16).draw(4), 0, streams)
    np.testing.assert_allclose(t, np.repeat(x.sum(axis=1, keepdims=True), 3, axis=1), rtol=1e-6)
    x, t = task.evaluation_set("test", 0, streams, 10)
    np.testing.assert_allclose(t, np.repeat(x.sum(axis=1, keepdims=True), 3, axis=1), rtol=1e-6)
