"""Digit tasks take the networks and settings of training that arithmetic tasks take."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nalm.digits import DigitSequenceNetwork, DigitsResult, SequentialDigits, StaticDigits, train_digits
from nalm.digits._operations import digit_operation
from nalm.digits.collect import trained_runs
from nalm.digits.experiments import check_network, create_experiment
from nalm.errors import InputError, StudyError
from nalm.runs import NetworkSettings, Run
from nalm.runs.network import LayerSettings
from nalm.studies import expand, loads
from nalm.studies._keys import keys_of
from nalm.tasks.images import load_images
from nalm.tasks.learning import LearningSettings
from nalm.training.epochs import loop
from nalm.training.epochs.context import ComputeContext
from nalm.training.step import losses
from nalm.units import NALU, UnitCell


def static(**settings: Any) -> StaticDigits:
    return StaticDigits(**{"dataset": "digits", "samples_per_pair": 1, "epochs": 2, **settings})


def sequential(**settings: Any) -> SequentialDigits:
    base = {"dataset": "digits", "epochs": 2, "evaluation_interval": 1, "test_lengths": (1, 2), "batch_size": 200}
    return SequentialDigits(**{**base, **settings})


def network(*layers: str | LayerSettings, hidden_size: int = 2) -> NetworkSettings:
    stack = tuple(LayerSettings(unit=layer) if isinstance(layer, str) else layer for layer in layers)
    return NetworkSettings(label="own", layers=stack, hidden_size=hidden_size)


def unit(name: str, **arguments: Any) -> NetworkSettings:
    return network(LayerSettings(unit=name, arguments=arguments))


def experiment(task: StaticDigits | SequentialDigits, own: NetworkSettings | None = None) -> Any:
    place = ComputeContext(torch.device("cpu"), bfloat16=False)
    return create_experiment(task, 0, None, load_images("digits"), place, own)


def assert_same(one: DigitsResult, other: DigitsResult) -> None:
    assert one.records == other.records
    for name, value in one.state.items():
        np.testing.assert_array_equal(value, other.state[name])


@pytest.mark.parametrize("kind", ["static-digits", "sequential-digits"])
def test_every_setting_of_training_is_one_of_digit_tasks(kind: str) -> None:
    assert set(LearningSettings.model_fields) <= set(keys_of(kind))


def test_later_settings_change_the_identity_only_when_given() -> None:
    for task in (StaticDigits(), SequentialDigits()):
        assert not set(task.model_dump()) & {"optimizer", "loss", "l1", "ramp", "learning_rate_interval"}
        assert task.model_copy(update={"optimizer": "sgd"}).model_dump()["optimizer"] == "sgd"
    plain = Run(study="x", task=StaticDigits(stage="snmu"), network=NetworkSettings.of_unit("snmu"), seed=0)
    noisy = plain.model_copy(update={"network": unit("snmu", noise=(1, 2)).model_copy(update={"label": "snmu"})})
    assert plain.id != noisy.id


STUDY = """
title = "Own"
seeds = "0:1"
[task]
kind = "static-digits"
{more}
[[networks]]
unit = "snmu"
{network}
"""


def test_studies_give_arguments_and_layers() -> None:
    (run,) = expand(loads(STUDY.format(more="", network="arguments = { noise = [1, 2] }"), "own"))
    assert run.network.layers[0].arguments == {"noise": [1, 2]}
    layered = STUDY.format(more="", network="").replace('unit = "snmu"', 'layers = ["nau", "snmu"]\nhidden_size = 3')
    (run,) = expand(loads(layered, "own"))
    assert (run.label, run.network.hidden_size) == ("nau_snmu", 3)
    swept = STUDY.format(more='[grid]\nloss = ["mse", "pcc"]', network="")
    assert [run.parameters for run in expand(loads(swept, "own"))] == [{"loss": "mse"}, {"loss": "pcc"}]
    with pytest.raises(StudyError, match="hidden_size: no network has several layers"):
        loads("hidden_size = 3\n" + STUDY.format(more="", network=""), "own")


def test_cells_keep_the_arguments_of_their_units() -> None:
    own = unit("snmu", noise=(1, 2), bounds="penalty", penalty_shape="squared")
    noisy = DigitSequenceNetwork(SequentialDigits(), own).cell.unit
    assert noisy.noise == (1, 2)
    assert (noisy.product.bounds, noisy.product.penalty_shape, noisy.product.input_penalty) == (
        "penalty", "squared", True,
    )  # fmt: skip
    off = DigitSequenceNetwork(SequentialDigits(), unit("nmu", input_penalty=False)).cell
    assert isinstance(off, UnitCell)
    assert not off.unit.input_penalty  # type: ignore[union-attr]
    gated = DigitSequenceNetwork(SequentialDigits(), unit("nalu", gate_bias=True, separate_weights=True)).cell
    assert isinstance(gated.unit, NALU)
    assert gated.unit.gate_bias
    assert {"bounds", "sparsity", "input"} <= set(check_network(SequentialDigits(), own))


def test_the_last_layer_decides_where_a_product_starts() -> None:
    assert DigitSequenceNetwork(SequentialDigits(), network("nau", "nmu")).initial_state == 1
    assert DigitSequenceNetwork(SequentialDigits(), network("nmu", "nau")).initial_state == 0


REFUSED: list[tuple[Any, NetworkSettings, str]] = [
    (static(), unit("solved", noise=1), "stage 'solved': takes no arguments, got noise"),
    (static(), network("fc", "nmu"), "stage 'fc': stands alone, not among layers"),
    (static(), unit("snmu", nose=(1, 2)), "unit 'snmu' has no argument 'nose'; did you mean 'noise'"),
    (static(), network("nau", "snumu"), "unknown stage 'snumu'; did you mean 'snmu'"),
    (sequential(), unit("lstm", bias=True), "cell 'lstm': takes no arguments, got bias"),
    (sequential(), network("gruu", "nmu"), "unknown cell 'gruu'; did you mean 'gru'"),
    (sequential(), unit("snmu", noise=(2, 1)), "noise must be an increasing pair"),
]


@pytest.mark.parametrize(("task", "own", "message"), REFUSED)
def test_refuses_networks(task: Any, own: NetworkSettings, message: str) -> None:
    with pytest.raises(InputError) as raised:
        check_network(task, own)
    assert message in str(raised.value)


def test_operations_are_a_table() -> None:
    with pytest.raises(InputError, match="operation 'div': digit tasks have 'mul', 'add'"):
        digit_operation("div")
    assert digit_operation("add").running(np.array([[1, 2, 3]])).tolist() == [[1, 3, 6]]
    assert digit_operation("mul").neutral == 1


@pytest.mark.parametrize("loss", ["mse", "pcc", "mape", "pcc-mse"])
def test_criteria(loss: str) -> None:
    run = experiment(sequential(loss=loss, pcc_to_mse_iteration=5, input_penalty=0, sparsity_penalty=0))
    run.network.eval()
    samples = torch.arange(6)
    targets = run._targets[samples]
    indices = run._sequences[samples]
    labels = run._labels(run._parts["train"].bank, indices.reshape(-1)).reshape(*indices.shape, -1)
    states = run.network.states(labels)
    for step in (4, 5):
        criterion = losses.CRITERIA[loss][-1 if step >= 5 else 0]
        assert float(run.loss(samples, 0, step).detach()) == float(criterion(states, targets).detach())


def test_penalties_follow_the_settings() -> None:
    squared = unit("nmu", penalty_shape="squared", bounds="penalty")
    task = static(ramp="exponential", bounds_penalty=2, sparsity_penalty=3, l1=True, l1_start=0.5, l1_end=0.5)
    run = experiment(task, squared)
    run.network.eval()
    with torch.no_grad():
        run.arithmetic_head.weights.W.copy_(torch.tensor([[0.25, 1.5]]))
    samples = torch.arange(4)
    plain = experiment(static(), squared)
    plain.network.load_state_dict(run.network.state_dict())
    plain.network.eval()
    found = run.arithmetic_head.penalties()
    with torch.no_grad():
        difference = run.loss(samples, 0, 1000) - plain.loss(samples, 0, 1000)
        expected = (
            (1 - np.exp(-0.01)) * 3 * found["sparsity"] + (2 - 1) * found["bounds"] + 0.5 * 1.75  # bounds: 1 by default
        )
    assert float(difference) == pytest.approx(float(expected), rel=1e-4)


@pytest.mark.heavy
def test_noise_of_ones_own_is_trained() -> None:
    default, same, other = (
        train_digits(static(stage="snmu"), 0, network=own)
        for own in (None, unit("snmu", noise=(1, 5)), unit("snmu", noise=(1, 2)))
    )
    assert_same(default, same)
    assert default.records[0] == other.records[0]
    assert default.records[-1] != other.records[-1]
    layered = train_digits(static(epochs=1), 0, network=network("nau", "nmu", hidden_size=3))
    assert len(layered.records[-1].weights) == 2 * 3 + 3


@pytest.mark.heavy
def test_gradient_descent_with_clipped_gradients() -> None:
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 10_000, "epochs": 1, "stage": "fc"}
    start = experiment(static(**settings)).network.state_dict()

    def moved(**more: Any) -> float:
        state = train_digits(static(**settings, **more), 0).state
        return float(np.sqrt(sum(((state[name] - start[name].numpy()) ** 2).sum() for name in state)))

    free = moved()
    assert moved(clip_gradient_norm=1e-2) == pytest.approx(0.1 * 1e-2, rel=1e-2)
    assert free > 0.1
    largest = train_digits(static(**settings, clip_gradient_value=1e-2), 0).state
    change = max(float(np.abs(largest[name] - start[name].numpy()).max()) for name in largest)
    assert change == pytest.approx(0.1 * 1e-2, rel=1e-2)


@pytest.mark.heavy
def test_learning_rate_falls_by_epochs() -> None:
    settings = {"optimizer": "sgd", "learning_rate": 1e-3, "batch_size": 10_000, "stage": "fc"}
    one = train_digits(static(**settings, epochs=2, learning_rate_interval=1, learning_rate_factor=1e-12), 0)
    first = train_digits(static(**settings, epochs=1), 0)
    for name, value in first.state.items():
        np.testing.assert_allclose(one.state[name], value, rtol=1e-6)


@pytest.mark.heavy
def test_the_best_network_is_kept() -> None:
    settings = {"optimizer": "sgd", "learning_rate": 5e-3, "epochs": 6, "cell": "solved", "momentum": 0.5}
    best = train_digits(sequential(**settings, saved_weights="best"), 1)
    errors = [record.metrics["validation_error"] for record in best.records]
    epoch = int(np.argmin(errors))
    shorter = train_digits(sequential(**{**settings, "epochs": epoch}), 1)
    for name, value in shorter.state.items():
        np.testing.assert_array_equal(best.state[name], value)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-4, "saved_weights": "best"},
        {"optimizer": "sgd", "learning_rate": 1e-30, "early_stop": True, "ramp_start": 0, "ramp_end": 1, "epochs": 20},
        {"learning_rate_interval": 1, "learning_rate_factor": 0.5, "saved_weights": "best"},
    ],
)
def test_resumed_runs_are_the_same(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_INTERVAL_S", 0.0)
    task = sequential(**{"epochs": 4, **settings})
    whole = train_digits(task, 0)
    train, started = loop._train_epoch, []

    def interrupted(experiment: Any, optimizer: Any, progress: Any, report: Any) -> Any:
        started.append(progress.epoch)
        if progress.epoch == 3 and len(started) == 4:
            raise KeyboardInterrupt
        return train(experiment, optimizer, progress, report)

    monkeypatch.setattr(loop, "_train_epoch", interrupted)
    path = tmp_path / "state.safetensors"
    with pytest.raises(KeyboardInterrupt):
        train_digits(task, 0, checkpoint=path)
    assert_same(train_digits(task, 0, checkpoint=path), whole)
    assert started[4] == 3
    if task.early_stop:
        assert (whole.settled_epoch, len(whole.records)) == (5, 6)
        run = Run(study="x", task=task, network=NetworkSettings.of_unit("nmu"), seed=0)
        trained = trained_runs(run, whole, 1.0)
        assert trained.status == ("stopped",)
        assert trained.reason == ("settled: the network had not changed for 5 records at epoch 5",)
        assert trained_runs(run, replace(whole, settled_epoch=None), 1.0).status == ("finished",)


def test_best_takes_errors_to_compare() -> None:
    with pytest.raises(ValueError, match="give a validation_share, or training_metrics 'always'"):
        static(saved_weights="best", training_metrics="last")


@pytest.mark.heavy
def test_static_evaluations_may_be_rare() -> None:
    every = train_digits(static(epochs=5), 0).records
    some = train_digits(static(epochs=5, evaluation_interval=2), 0).records
    assert [record.epoch for record in some] == [0, 2, 4, 5]
    assert some[-1] == every[-1]


def test_pass_through_states_are_labels() -> None:
    network = DigitSequenceNetwork(SequentialDigits(cell="pass_through"))
    labels = torch.randn(4, 3, 1)
    assert torch.equal(network.states(labels), labels[..., 0])
    with pytest.raises(ValueError, match="cell 'pass_through' takes one label per image, but outputs is 2"):
        sequential(cell="pass_through", outputs=2)
