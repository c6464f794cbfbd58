"""Compiled training data must be the general source's bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from nalm.runs import Run
from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.streams import fast_uniforms, philox_key
from nalm.tasks import OPERATIONS, ArithmeticTask, OperationInfo
from nalm.training.stacked import data

TASKS = [
    *({"kind": "single-module", "operation": operation} for operation in OPERATIONS),
    *({"kind": "arithmetic-dataset", "operation": operation} for operation in OPERATIONS),
    *({"kind": "arithmetic-dataset", "operation": name, "subsets": 5, "subset_ratio": 0.1} for name in OPERATIONS),
    {"kind": "arithmetic-dataset", "operation": "mul", "simple": True},
    {"kind": "arithmetic-dataset", "operation": "mul", "input_size": 300, "subset_ratio": 0.5},
    {"kind": "single-module", "operation": "mul", "interpolation_range": [-1.2, -1.1]},
]


def run_of(task: ArithmeticTask, seed: int, **settings: object) -> Run:
    network = NetworkSettings(label="nmu", layers=(LayerSettings(unit="nmu"),))
    return Run(study="test", task=task, network=network, training=TrainingSettings(**settings), seed=seed)


@pytest.mark.parametrize("fields", TASKS, ids=str)
@pytest.mark.parametrize("batch", [128, 37])
def test_compiled_data_equal_numpy_bit_for_bit(fields: dict[str, object], batch: int) -> None:
    task = ArithmeticTask(**fields)
    run = run_of(task, seed=3, batch_size=batch)
    sources = [data.open_source([run], 5), data.GeneralSource([run], 5)]
    quickest = data.PreparedSource if task.in_features >= 24 else data.UniformSource
    expected = data.GeneralSource if OPERATIONS[task.operation].cpp is None else quickest
    assert isinstance(sources[0], expected)
    for steps in (5, 1, 3):
        (compiled,), (general,) = (source.next(steps) for source in sources)
        np.testing.assert_array_equal(np.asarray(compiled), general)
        np.testing.assert_array_equal(np.asarray(compiled[steps - 1 :]), general[steps - 1 :])


@pytest.mark.parametrize("fields", TASKS, ids=str)
@pytest.mark.parametrize("batch", [128, 37])
def test_fast_data_are_the_same_with_and_without_a_compiler(fields: dict[str, object], batch: int) -> None:
    run = run_of(ArithmeticTask(**fields), seed=3, batch_size=batch, streams="fast")
    sources = [data.open_source([run], 5), data.FastSource([run], 5)]
    for steps in (5, 1, 3):
        (compiled,), (numpy,) = (source.next(steps) for source in sources)
        np.testing.assert_array_equal(np.asarray(compiled), numpy)


@pytest.mark.parametrize("fields", TASKS[:2] + TASKS[-3:], ids=str)
def test_fast_data_are_what_float64_gives_to_rounding(fields: dict[str, object]) -> None:
    task = ArithmeticTask(**fields)
    (block,) = data.open_source([run_of(task, seed=3, streams="fast")], 4).next(4)
    (lower, upper), x, t = task.interpolation_range.intervals[0], np.asarray(block)[:, :-1], np.asarray(block)[:, -1]
    uniforms = fast_uniforms(philox_key(task.layout(3, "fast").training_seed), 0, x.shape)
    exact = lower + (upper - lower) * uniforms.astype(np.float64)
    np.testing.assert_allclose(x, exact, rtol=3e-7)
    info = OPERATIONS[task.operation]
    sums = [exact[:, start:stop].sum(axis=1) for start, stop in task.operands(3, "fast")]
    np.testing.assert_allclose(t, info.function(*sums[: info.arity]), rtol=3e-6, atol=1e-6)


def assert_targets(task: ArithmeticTask, seed: int, x: np.ndarray, t: np.ndarray) -> None:
    """Targets `t` `[rows]` are the operation on sums of the inputs `x` `[inputs, rows]`, both rounded to float32."""
    info = OPERATIONS[task.operation]
    sums = [x[start:stop].astype(np.float64).sum(axis=0) for start, stop in task.operands(seed, "paper")]
    np.testing.assert_allclose(t, info.function(*sums[: info.arity]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", ["single-module", "arithmetic-dataset"])
def test_training_and_evaluation_targets_are_of_one_function(kind: str, operation: str) -> None:
    task = ArithmeticTask(kind=kind, operation=operation)
    run = run_of(task, seed=3)
    for source in (data.open_source([run], 2), data.GeneralSource([run], 2)):
        (block,) = source.next(2)
        for step in np.asarray(block):
            assert_targets(task, 3, step[:-1], step[-1])
    for part in data.PARTS:
        x, t = task.evaluation_set(part, 3, "paper", 100)
        assert_targets(task, 3, x.T, t[:, 0])


def test_operation_without_an_expression_is_made_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATIONS, "largest", OperationInfo("largest", "Largest", None, lambda *s: np.max(s, axis=0)))
    for kind in ("single-module", "arithmetic-dataset"):
        product = ArithmeticTask(kind=kind, operation="mul")
        tasks = [product, product.model_copy(update={"operation": "largest"})]
        shared = data.Data([run_of(task, seed=3) for task in tasks])
        for task, block in zip(tasks, shared.draw(2), strict=True):
            for step in block:
                assert_targets(task, 3, step[:-1], step[-1])


def test_ranges_of_a_seed_share_one_stream() -> None:
    tasks = [
        ArithmeticTask(kind="single-module", operation="mul", interpolation_range=bounds)
        for bounds in ([1, 2], [10, 20], [-2, 2])
    ]
    runs = [run_of(task, seed=0) for task in tasks]
    shared = data.Data([*runs, runs[0]])
    assert shared.index([*runs, runs[0]]).tolist() == [0, 1, 2, 0]
    together = [block.copy() for block in shared.draw(4)]
    for run, block in zip(runs, together, strict=True):
        np.testing.assert_array_equal(data.Data([run]).draw(4)[0], block)


def test_first_rows_are_the_published_ones() -> None:
    """Check values of the original code: seed 0, U[1,2]."""
    task = ArithmeticTask(kind="single-module", operation="mul", interpolation_range=[1, 2])
    (block,) = data.Data([run_of(task, seed=0)]).draw(2)
    first = [1.7941599628500475, 1.1598246241442087, 2.0809109210968018]
    np.testing.assert_array_equal(block[0, :, 0], np.float32(first))
    np.testing.assert_array_equal(block[1, :2, 0], np.float32([1.5181760787963867, 1.2513370513916016]))


def test_evaluation_sets_are_made_once() -> None:
    task = ArithmeticTask(kind="single-module", operation="mul")
    runs = [run_of(task, seed=seed) for seed in range(3)]
    shared = data.Data(runs)
    whole = shared.evaluation(runs[0], "test", 10_000)
    assert whole is shared.evaluation(runs[2], "test", 10_000)
    assert whole.shape == (1, 3, 10_000)
    chunks = shared.evaluation(runs[0], "test", 1000)
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole[0])


def test_tasks_of_one_stream_may_differ_in_everything_else() -> None:
    """One call writes the data sets of all tasks, each with its own range, operation and number of operands."""
    tasks = [
        ArithmeticTask(kind="single-module", operation=operation, interpolation_range=[low, low + 1])
        for low, operation in enumerate(OPERATIONS, start=1)
    ]
    runs = [run_of(task, seed=5) for task in tasks]
    together = [block.copy() for block in data.Data(runs).draw(3)]
    for run, block in zip(runs, together, strict=True):
        np.testing.assert_array_equal(block, *data.GeneralSource([run], 3).next(3))


def test_other_data_take_the_general_source() -> None:
    pair = ArithmeticTask(kind="single-module", operation="mul", interpolation_range=[[-2, -1], [1, 2]])
    assert isinstance(data.open_source([run_of(pair, 0)], 1), data.GeneralSource)
    assert isinstance(data.open_source([run_of(pair, 0, streams="fast")], 1), data.GeneralSource)
