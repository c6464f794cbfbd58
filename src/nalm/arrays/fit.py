"""The door: train networks on arrays, get each back as an ordinary module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import ValidationError

from nalm.arrays._rows import rows_of
from nalm.arrays._run import ArrayRun
from nalm.arrays._task import ArrayTask
from nalm.errors import InputError
from nalm.runs import LayerSettings, NetworkSettings, Run, TrainingSettings
from nalm.runs.record import TrainedRuns
from nalm.studies._problems import problems
from nalm.units._catalogue.load import name_of

if TYPE_CHECKING:
    from torch import nn

# so many rows are recorded of a run
_LOGGED = 20

Layer = str | type | Mapping[str, Any]
Initial = Mapping[str, Any] | Callable[[int], Mapping[str, Any]]


@dataclass(frozen=True)
class ArrayFit:
    """One trained network.

    Attributes:
        seed: Of its initial values, batches and noise.
        network: An ordinary module with its weights, in evaluation mode.
        training_error: Mean squared error on the rows that it was trained on, in float64 of its float32 outputs;
            weighted if rows have weights.
        held_out_error: The same on the other rows; None without any.
        status: `"finished"`, `"failed"` (it diverged) or `"stopped"` (it did not change any more).
        reason: One sentence for a run that did not go to its last update.
        steps: Updates before each recorded row.
        training_errors: Mean squared error in each, on at most 1024 of the rows trained on.
        held_out_errors: The same on held-out rows; None without any.
        trained_by: What trained it, such as `"a kernel"`.
    """

    seed: int
    network: nn.Module
    training_error: float
    held_out_error: float | None
    status: str
    reason: str | None
    steps: np.ndarray
    training_errors: np.ndarray
    held_out_errors: np.ndarray | None
    trained_by: str

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Parameters and buffers by name."""
        return {name: value.numpy() for name, value in self.network.state_dict().items()}


def fit_arrays(
    network: Layer | Sequence[Layer],
    x: Any,
    y: Any,
    *,
    seeds: Any = 10,
    held_out: Any = 0.0,
    row_weights: Any = None,
    batch_size: int | None = 128,
    hidden_size: int = 2,
    initial: Initial | None = None,
    iterations: int = 10_000,
    log_interval: int | None = None,
    workers: int | None = 1,
    on_progress: Callable[[int], None] | None = None,
    **settings: Any,
) -> list[ArrayFit]:
    """Train a network of units on rows of one's own from many seeds at once; the best first.

        best = nalm.fit_arrays(["nau", "nmu"], x, y, seeds=64, held_out=0.2, learning_rate=1e-2)[0]
        print(nalm.formula(best.network))

    Computed in float32. A run's result depends on its own seed and settings alone: not on the other seeds, nor on the
    number of workers.

    Args:
        network: A unit's name, a class of modules, `{"unit": ..., "arguments": {...}}`, or a list of these, which are
            applied in turn. A class is called with inputs and outputs.
        x: Inputs, `[rows, inputs]`.
        y: Targets, `[rows]` or `[rows, outputs]`.
        seeds: How many (0 to n - 1), or which.
        held_out: Rows that are not trained on: a share of them, drawn at random, the same for all seeds; a mask; or
            their numbers.
        row_weights: How much each row counts, `[rows]`: rows are drawn so often, in whole batches their losses are
            weighted; so are errors.
        batch_size: Rows of a batch; None: all of them. Rows come in a new random order before any comes again.
        hidden_size: Width between layers.
        initial: Values to begin with by parameter or buffer, or a function that gives them for a seed; the others are
            drawn as the units are. Units that can be drawn from another range have an argument for it: products of
            many inputs need a start near zero, `{"unit": "nmu", "arguments": {"initial": [0, 0.02]}}`.
        iterations: Updates, but for the first.
        log_interval: Updates between recorded rows; by default a twentieth of all.
        workers: Processes; None: as many as there are cores.
        on_progress: Called now and then with the number of updates done since the last call.
        settings: Other keys of `nalm.runs.TrainingSettings`, such as `learning_rate` or `sparsity_penalty`; there are
            no penalties unless they are given.

    Returns:
        A fit for each seed, by held-out error where there is one, else by training error.

    Raises:
        InputError: shapes that do not fit, numbers that are not finite, an unknown unit or setting, a module that
            cannot be trained; one sentence.
    """
    rows = rows_of(x, y, held_out, row_weights)
    task = ArrayTask(*rows.training, *rows.held_out, chance=rows.chance, whole=batch_size is None)
    training = _settings(task, batch_size, iterations, log_interval, settings)
    stack = _network(network, hidden_size)
    sources = _sources(stack)
    runs = [ArrayRun(task, stack, training, seed, sources, _initial(initial, seed)) for seed in _seeds(seeds)]
    fits: list[ArrayFit] = []

    def collect(trained: TrainedRuns) -> None:
        fits.extend(_fit(trained, index, rows.weights) for index in range(len(trained.runs)))

    from nalm.training import train

    train(cast("list[Run]", runs), collect, workers=workers, on_progress=on_progress)
    return sorted(fits, key=lambda fit: (_rank(fit), fit.seed))


def _rank(fit: ArrayFit) -> float:
    error = fit.training_error if fit.held_out_error is None else fit.held_out_error
    return error if np.isfinite(error) else np.inf


def _settings(
    task: ArrayTask, batch_size: int | None, iterations: int, log_interval: int | None, given: Mapping[str, Any]
) -> TrainingSettings:
    own = {
        "iterations": iterations,
        "log_interval": max(1, iterations // _LOGGED) if log_interval is None else log_interval,
        "batch_size": len(task.x) if batch_size is None else batch_size,
        "validation_samples": len(task.watched("validation")[0]),
        "test_samples": len(task.watched("test")[0]),
        "streams": "fast",
    }
    for key in given:
        if key in own:
            raise InputError(f"{key}: follows from the other arguments")
    off = {name: 0.0 for name in ("sparsity_penalty", "bounds_penalty", "gate_penalty") if name not in given}
    try:
        return TrainingSettings.model_validate({**off, **own, **given})
    except ValidationError as error:
        keys = [key for key in TrainingSettings.model_fields if key not in own]
        raise InputError(f"settings: {'; '.join(problems(error, keys))}") from None


def _network(network: Layer | Sequence[Layer], hidden_size: int) -> NetworkSettings:
    layers = [network] if isinstance(network, (str, type, Mapping)) else list(network)
    if not layers:
        raise InputError("network: give at least one layer")
    stack = tuple(map(_layer, layers))
    label = " ".join(layer.unit for layer in stack)
    try:
        return NetworkSettings(label=label, layers=stack, hidden_size=hidden_size)
    except ValidationError as error:
        raise InputError(f"hidden_size: {error.errors()[0]['msg']}") from None


def _layer(layer: Layer) -> LayerSettings:
    if isinstance(layer, (str, type)):
        return LayerSettings(unit=name_of(layer))
    if not isinstance(layer, Mapping) or "unit" not in layer or {*layer} - {"unit", "arguments"}:
        raise InputError(f'network: a layer is a name, a class or {{"unit": ..., "arguments": ...}}, not {layer!r}')
    return _layer(layer["unit"]).model_copy(update={"arguments": dict(layer.get("arguments") or {})})


def _sources(network: NetworkSettings) -> dict[str, str]:
    from nalm.units import source_hash

    found = {layer.unit: source_hash(layer.unit) for layer in network.layers if ":" in layer.unit}
    return {unit: digest for unit, digest in found.items() if digest is not None}


def _seeds(seeds: Any) -> list[int]:
    if isinstance(seeds, (int, np.integer)) and not isinstance(seeds, bool):
        if seeds < 1:
            raise InputError(f"seeds: give at least 1, got {seeds}")
        return list(range(int(seeds)))
    from nalm.studies import choose_seeds

    return list(choose_seeds(seeds))


def _initial(initial: Initial | None, seed: int) -> dict[str, np.ndarray] | None:
    values = initial(seed) if callable(initial) else initial
    return None if values is None else {name: np.array(value, dtype=np.float32) for name, value in values.items()}


def _fit(trained: TrainedRuns, index: int, weights: tuple[np.ndarray, np.ndarray]) -> ArrayFit:
    run = cast("ArrayRun", trained.runs[index])
    own = trained.run_index == index
    network = _rebuilt(run, trained.state[run.id])
    task, made_by = run.task, trained.made_by[index]
    error = partial(_error, network)
    is_held_out = len(task.held_out_x) > 0
    watched = trained.metrics["interpolation_error"][own]
    return ArrayFit(
        seed=run.seed,
        network=network,
        training_error=error(task.x, task.y, weights[0]),
        held_out_error=error(task.held_out_x, task.held_out_y, weights[1]) if is_held_out else None,
        status=trained.status[index],
        reason=trained.reason[index],
        steps=trained.steps[own],
        training_errors=np.asarray(trained.metrics["extrapolation_error"][own]),
        held_out_errors=np.asarray(watched) if is_held_out else None,
        trained_by=made_by.lowering,
    )


def _rebuilt(run: ArrayRun, state: Mapping[str, np.ndarray]) -> nn.Module:
    from nalm.training import find_trainer
    from nalm.training.weights import load_weights_

    module = find_trainer(run.task.trainer).network(cast("Run", run))
    load_weights_(module, state)
    return module.eval()


def _error(network: nn.Module, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    import torch

    with torch.no_grad():
        outputs = network(torch.tensor(x)).double().numpy()
    squares = np.square(outputs - y.astype(np.float64)).mean(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.average(squares, weights=weights))
