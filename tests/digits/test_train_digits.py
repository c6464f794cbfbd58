from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nalm.digits import (
    DigitsResult,
    EpochRecord,
    SequentialDigits,
    StaticDigits,
    find_device,
    train_digits,
)
from nalm.digits._pair_network import create_pair_network
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._static_experiment import StaticExperiment
from nalm.digits.experiments import create_experiment
from nalm.errors import InputError, StoreError
from nalm.tasks.images import DigitImages, load_images
from nalm.training.epochs import loop
from nalm.training.epochs.context import ComputeContext


def static(**settings: Any) -> StaticDigits:
    return StaticDigits(**{"dataset": "digits", "samples_per_pair": 2, "epochs": 2, **settings})


def sequential(**settings: Any) -> SequentialDigits:
    base = {"dataset": "digits", "epochs": 3, "evaluation_interval": 1, "test_lengths": (1, 3), "batch_size": 100}
    return SequentialDigits(**{**base, **settings})


def assert_same(one: DigitsResult, other: DigitsResult) -> None:
    assert one.records == other.records
    for name, value in one.state.items():
        np.testing.assert_array_equal(value, other.state[name])
    np.testing.assert_array_equal(one.confusion, other.confusion)


def test_records_of_isolated_digits() -> None:
    records = train_digits(static(samples_per_pair=12, epochs=1, stage="solved"), 0).records
    assert [record.epoch for record in records] == [0, 1]
    assert records[-1].step == 9
    first, last = records[0].metrics, records[-1].metrics
    assert first["test_output_error"] == pytest.approx(231, abs=2)
    assert last["test_output_error"] != first["test_output_error"]
    assert records[-1].weights == ()
    assert records[-1].sparsity_error is None
    assert not any(name.startswith("validation") for name in last)


def test_colour_digits_train_every_part() -> None:
    settings = static(picture="colour", samples_per_pair=4, stage="snmu", epochs=2)
    result = train_digits(settings, 0)
    start = create_pair_network(settings, 0).state_dict()
    for name, value in result.state.items():
        assert not np.array_equal(value, start[name].numpy()), name
    last = result.records[-1]
    assert last.metrics["train_output_error"] < result.records[0].metrics["train_output_error"]
    assert "validation_output_error" in last.metrics
    assert len(last.weights) == 2
    assert all(0 <= weight <= 1 for weight in last.weights)
    assert result.confusion is not None
    assert result.confusion.sum() == 2 * 34 * 4


def test_records_of_sequences() -> None:
    result = train_digits(sequential(cell="snmu_batch", epochs=3, evaluation_interval=2), 0)
    assert [record.epoch for record in result.records] == [0, 2, 3]
    assert {"validation_accuracy", "test_3_last_accuracy", "test_mean_label"} <= set(result.records[-1].metrics)
    assert result.confusion is None


def test_cells_of_pytorch() -> None:
    last = train_digits(sequential(cell="lstm", epochs=1), 0).records[-1]
    assert all(np.isfinite(value) for value in last.metrics.values())


def test_sums() -> None:
    settings = sequential(operation="add", cell="nau", test_lengths=(1, 20), epochs=2, digits="012")
    last = train_digits(settings, 0).records[-1]
    assert all(np.isfinite(value) for value in last.metrics.values())
    assert all(-1 <= weight <= 1 for weight in last.weights)


CASES = [
    static(stage="snmu"),
    static(picture="colour", stage="snmu_batch", samples_per_pair=1),
    sequential(cell="snmu"),
]


class InterruptedRunError(Exception):
    pass


@pytest.mark.parametrize("settings", CASES, ids=["isolated", "colour", "sequential"])
def test_a_resumed_run_gives_the_same_result(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = train_digits(settings, 1)
    monkeypatch.setattr(loop, "CHECKPOINT_INTERVAL_S", 0.0)
    path = tmp_path / "a folder" / "run.safetensors"

    def interrupt(record: EpochRecord) -> None:
        if record.epoch == 1:
            raise InterruptedRunError

    with pytest.raises(InterruptedRunError):
        train_digits(settings, 1, on_epoch=interrupt, checkpoint=path)
    # what else draws numbers in between does not matter
    torch.manual_seed(99)
    seen: list[int] = []
    resumed = train_digits(settings, 1, on_epoch=lambda record: seen.append(record.epoch), checkpoint=path)
    assert seen == list(range(1, settings.epochs + 1))
    assert_same(resumed, whole)
    assert [file.name for file in path.parent.iterdir()] == ["run.safetensors"]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    settings, path = sequential(epochs=1), tmp_path / "run.safetensors"
    first = train_digits(settings, 0, checkpoint=path)
    assert_same(train_digits(settings, 0, checkpoint=path), first)


def test_checkpoint_of_another_run(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    train_digits(sequential(epochs=1), 0, checkpoint=path)
    with pytest.raises(StoreError, match=r"run\.safetensors' belongs to another run"):
        train_digits(sequential(epochs=1), 1, checkpoint=path)


def test_damaged_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    train_digits(sequential(epochs=1), 0, checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(StoreError, match=r"run\.safetensors' is damaged .*; delete it to start the run again"):
        train_digits(sequential(epochs=1), 0, checkpoint=path)


def test_seed_and_fold_matter() -> None:
    first = train_digits(static(epochs=1), 0)
    other_seed, other_fold = train_digits(static(epochs=1), 1, 0), train_digits(static(epochs=1), 0, 1)
    assert first.records != other_seed.records
    assert first.records[0].metrics["test_output_error"] != other_fold.records[0].metrics["test_output_error"]


def test_runs_leave_the_default_generator_alone() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    train_digits(sequential(epochs=1), 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_training_errors_can_be_left_to_the_last_epoch() -> None:
    records = train_digits(static(training_metrics="last"), 0).records
    assert ["train_output_error" in record.metrics for record in records] == [False, False, True]
    always = train_digits(static(), 0).records
    assert records[-1] == always[-1]


def test_sparsity_penalty_is_ramped_over_epochs() -> None:
    without = train_digits(static(sparsity_penalty=0, ramp_start=1, ramp_end=2, epochs=3), 0).records
    penalised = train_digits(static(ramp_start=1, ramp_end=2, epochs=3), 0).records
    assert [record.weights for record in penalised[:3]] == [record.weights for record in without[:3]]
    assert penalised[3].weights != without[3].weights


def test_distortions_of_the_test_set_are_fixed_unless_released() -> None:
    kept, anew = (
        train_digits(static(picture="colour", samples_per_pair=1, learning_rate=1e-30, constraints=constraints), 0)
        for constraints in ("paper", "released")
    )
    errors = [[record.metrics["test_output_error"] for record in run.records] for run in (kept, anew)]
    assert len(set(errors[0])) == 1
    assert len(set(errors[1])) == 3


def test_released_noise_reaches_the_errors() -> None:
    settings = sequential(cell="snmu", learning_rate=1e-30, constraints="released", epochs=1)
    first, second = (record.metrics["test_3_error"] for record in train_digits(settings, 0).records)
    assert first != second
    settings = sequential(cell="snmu", learning_rate=1e-30, epochs=1)
    first, second = (record.metrics["test_3_error"] for record in train_digits(settings, 0).records)
    assert first == second


def test_mixed_precision_stays_near() -> None:
    settings = {"stage": "solved", "samples_per_pair": 4, "epochs": 1}
    exact, mixed = (
        train_digits(static(precision=precision, **settings), 0).records for precision in ("float32", "bfloat16")
    )
    for a, b in zip(exact, mixed, strict=True):
        assert b.metrics["test_output_error"] == pytest.approx(a.metrics["test_output_error"], rel=0.05)
    assert exact != mixed


def test_a_run_that_diverges_ends() -> None:
    result = train_digits(sequential(cell="solved", learning_rate=1e30), 0)
    assert result.diverged_epoch is not None
    assert result.records[-1].epoch == result.diverged_epoch


def broken(data: DigitImages) -> DigitImages:
    return DigitImages(data.training_images, data.training_labels, data.test_images[:5], data.test_labels[:5])


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (static(), {"fold": 10}, "fold 10: there are 10 folds, 0 to 9"),
    (static(), {"seed": 12}, "fold 12: there are 10 folds, 0 to 9"),
    (sequential(), {"fold": 0}, "fold 0: the sequential task has no folds"),
    (static(stage="snumu"), {}, "unknown stage 'snumu'; did you mean 'snmu'"),
    (sequential(cell="gruu"), {}, "unknown cell 'gruu'; did you mean 'gru'"),
    (static(), {"device": "gpu"}, "device 'gpu': give 'cpu' or 'cuda'"),
    (static(), {"device": "mps"}, "device 'mps': give 'cpu' or 'cuda'"),
    (sequential(digits="9", test_lengths=(50,)), {}, "too few for a sequence of 50"),
]


@pytest.mark.parametrize(("settings", "arguments", "message"), REFUSED)
def test_refuses(settings: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        train_digits(settings, **{"seed": 0, **arguments})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_data_without_a_digit() -> None:
    with pytest.raises(InputError, match="no image of digit"):
        train_digits(static(), 0, data=broken(load_images("digits")))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_no_cuda_device() -> None:
    with pytest.raises(InputError, match="device 'cuda': PyTorch finds no CUDA device here; give 'cpu'"):
        train_digits(static(), 0, device="cuda")


def test_cuda_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert find_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(InputError, match="device 'cuda:2': there are only 2 CUDA devices, from cuda:0 on"):
        find_device("cuda:2")


@pytest.mark.parametrize("settings", CASES, ids=["isolated", "colour", "sequential"])
def test_the_number_of_threads_does_not_matter(settings: Any) -> None:
    short = settings.model_copy(update={"epochs": 1})
    alone = train_digits(short, 0)
    torch.set_num_threads(3)  # a fixture sets it back
    assert_same(train_digits(short, 0), alone)
    assert torch.get_num_threads() == 3


def test_convolutions_of_a_gpu_would_be_reproducible() -> None:
    def flags() -> tuple[bool, bool]:
        cudnn = torch.backends.cudnn
        return cudnn.deterministic, cudnn.allow_tf32

    before, during = flags(), []
    train_digits(static(epochs=0), 0, on_epoch=lambda record: during.append(flags()))
    assert during == [(True, False)]
    assert flags() == before == (False, True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_a_gpu() -> None:
    for settings in (static(), static(picture="colour"), sequential(cell="snmu")):
        host, device, again = (train_digits(settings, 0, device=name).records for name in ("cpu", "cuda", "cuda"))
        assert again == device
        for name, value in host[0].metrics.items():
            if "error" in name:
                assert device[0].metrics[name] == pytest.approx(value, rel=0.2), name


def test_all_test_samples_are_evaluated() -> None:
    place, data = ComputeContext(torch.device("cpu"), bfloat16=False), load_images("digits")
    assert StaticExperiment(static(), 0, 0, data, place).evaluate_test() == 10 * 2
    count = int((data.test_labels > 0).sum())
    assert SequenceExperiment(sequential(), 0, data, place).evaluate_test() == count // 2


@pytest.mark.parametrize("task", [static, sequential])
def test_penalty_of_a_user_s_module_is_part_of_the_loss(task: Callable[..., StaticDigits | SequentialDigits]) -> None:
    name = {"stage": "support.modules:Ridge"} if task is static else {"cell": "support.modules:Ridge"}
    context, data = ComputeContext(torch.device("cpu"), bfloat16=False), load_images("digits")
    losses = []
    for factor in (0.0, 2.0):
        experiment = create_experiment(task(**name, penalty={"ridge": factor}), 0, None, data, context)
        experiment.network.eval()
        losses.append(float(experiment.loss(torch.arange(4), 0, 0).detach()))
    assert losses[1] - losses[0] == pytest.approx(2 * 0.25, rel=1e-3)
    with pytest.raises(InputError, match=r"^penalty 'ridge' has no factor"):
        train_digits(task(**name), 0, data=data)
