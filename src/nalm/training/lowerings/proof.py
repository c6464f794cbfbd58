"""Whether a lowering trains a network as the ordinary loop does: a few steps of both, compared.

Both start from the same values, read the same data and the same random numbers. States, losses, penalties and errors
after each step must agree, and what the optimiser remembers: Adam's step hardly depends on the size of a gradient. How
closely follows from float32: the ordinary loop is run again from values and data that differ by one rounding error
each, and what that changes, with a margin for the number of operations, is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from nalm.errors import InputError
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.lowerings.ordinary import OrdinaryLoop, as_array
from nalm.training.step.initial import RunRandom
from nalm.training.step.noise import NoiseStream
from nalm.training.step.step import Step

# updates of a trial
UPDATES = 3

# ranges of the inputs of trials: in this order, the first ones with which a network gives finite numbers
RANGES = ((1.0, 2.0), (-2.0, 2.0), (0.1, 0.2), (10.0, 20.0), (-2.0, -1.0))
_TRIALS = 2

# how often the ordinary loop is run from values that differ by rounding errors
_PERTURBED = 3

# what is allowed, in multiples of what rounding errors of the inputs change, and of the result's own rounding error
_MARGIN, _OPERATIONS = 32.0, 256.0
_EPSILON = float(np.finfo(np.float32).eps)
_LEAST = 1e-12

Build = Callable[[int], tuple[nn.Module, RunRandom]]


@dataclass(frozen=True)
class Trial:
    """The data of a few steps.

    Attributes:
        batches: `[steps, features, batch]`, inputs and then targets.
        sets: evaluation sets, each `[features, rows]`.
        schedule: `[steps, columns]`.
        run_flags: `[run_flags]`.
    """

    batches: np.ndarray
    sets: tuple[np.ndarray, ...]
    schedule: np.ndarray
    run_flags: np.ndarray

    def evaluated(self, k: int) -> Iterator[tuple[int, np.ndarray]]:
        """Return the evaluation sets, numbered, that are read before step `k`: all before the first and the last."""
        return iter(enumerate(self.sets) if k in (0, len(self.batches) - 1) else ())


@dataclass(frozen=True)
class Trajectory:
    """What came of a trial, by what it is: after which step, and which tensor, loss or error."""

    values: dict[str, np.ndarray]
    noise: Tensor


def trial_of(
    step: Step, bounds: tuple[float, float], rows: Sequence[int], updates: int = UPDATES, seed: int = 17
) -> Trial:
    """Return data in a range, with every factor of the loss at work."""
    random = np.random.default_rng(seed)
    (width_in, width_out), batch = step.features, step.settings.batch_size

    def data(*shape: int) -> np.ndarray:
        x = random.uniform(*bounds, (*shape[:-1], width_in, shape[-1]))
        t = random.uniform(0.5, 4.0, (*shape[:-1], width_out, shape[-1]))
        return np.ascontiguousarray(np.concatenate([x, t], axis=-2).astype(np.float32))

    schedule = step.objective.schedule(step.settings, np.arange(updates))
    for number, column in enumerate(step.columns):
        if column.startswith(("penalty_", "pcc_share")):
            schedule[:, number] = np.linspace(1.0, 0.25, updates)
    run_flags = np.ones(len(step.run_flags), dtype=np.float32)
    return Trial(data(updates, batch), tuple(data(size) for size in dict.fromkeys(rows)), schedule, run_flags)


def by_ordinary_loop(loop: OrdinaryLoop, step: Step, trial: Trial) -> Trajectory:
    """Train `loop` for the steps of a trial."""
    with loop.streams.drawing():
        values = _ordinary_values(loop, step, trial)
    return Trajectory(values, loop.streams.torch.get_state())


def _ordinary_values(loop: OrdinaryLoop, step: Step, trial: Trial) -> dict[str, np.ndarray]:
    values: dict[str, np.ndarray] = {}
    run_flags = torch.from_numpy(trial.run_flags)
    for k, batch in enumerate(trial.batches):
        x, t = _split(batch, step)
        for number, data in trial.evaluated(k):
            values[_error(data, number, k)] = np.array(loop.error(*_split(data, step)))
        schedule = torch.from_numpy(trial.schedule[k])
        criterion, penalty = loop.measure(x, t, run_flags, schedule)
        values[f"the loss of step {k}"], values[f"the penalty of step {k}"] = np.array(criterion), np.array(penalty)
        loop.train(x, t, run_flags, schedule)
        held = loop.held()
        for name in (*step.parameters, *step.buffers):
            values[f"{name} after step {k}"] = as_array(held[name])
        values |= _after(k, loop.slots())
    return values


def by_program(program: Program, module: nn.Module, streams: RunRandom, step: Step, trial: Trial) -> Trajectory:
    """Train a network by a lowering for the steps of a trial."""
    values: dict[str, np.ndarray] = {}
    states = np.zeros((1, step.state_size), dtype=np.float32)
    states[0, : step.network_size] = step.flat(module)
    noise = NoiseStream(streams.torch, step.draws, step.settings.batch_size)
    failed, index = np.full(1, -1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for k, batch in enumerate(trial.batches):
        for number, data in trial.evaluated(k):
            rows = program.evaluation_rows(data.shape[1], step.features[0])
            chunks = np.ascontiguousarray(data.reshape(len(data), -1, rows).swapaxes(0, 1))
            values[_error(data, number, k)] = program.error(states, [chunks], index)[0]
        schedule = np.ascontiguousarray(trial.schedule[k : k + 1])
        inputs = Inputs(trial.run_flags[None], schedule, [batch[None]], index, [noise.take(1)], index)
        (measured,) = program.measure(states, inputs)
        values[f"the loss of step {k}"], values[f"the penalty of step {k}"] = measured
        program.train(states, inputs, failed)
        named = step.named(torch.from_numpy(states[0, : step.network_size]))
        values |= {f"{name} after step {k}": as_array(value) for name, value in named.items()}
        values |= _after(k, step.named_slots(torch.from_numpy(states[0])))
    return Trajectory(values, streams.torch.get_state())


def _error(data: np.ndarray, number: int, k: int) -> str:
    return f"the error on {data.shape[1]} samples of set {number} before step {k}"


def _after(k: int, slots: Mapping[tuple[str, str], Tensor]) -> dict[str, np.ndarray]:
    return {f"{slot} of {name} after step {k}": as_array(value) for (slot, name), value in slots.items()}


def _split(data: np.ndarray, step: Step) -> tuple[Tensor, Tensor]:
    x, t = torch.split(torch.from_numpy(data).T, list(step.features), dim=-1)
    return x, t


@dataclass(frozen=True)
class Reference:
    """What the ordinary loop makes of a trial of the run with a seed, and how far each result may be from it."""

    seed: int
    trial: Trial
    trajectory: Trajectory
    allowed: dict[str, float]


def references(
    step: Step, build: Build, rows: Sequence[int], label: str, updates: int = UPDATES, seed: int = 17
) -> list[Reference]:
    """Trials in which the ordinary loop gives finite numbers, each of another run; none if there are no such.

    Args:
        step: of the network.
        build: gives the same module and streams of the run with a seed each time.
        rows: sizes of the evaluation sets.
        label: what the network is called in messages.
        updates: how many there are in a trial.
        seed: of the data.
    """
    found: list[Reference] = []
    for bounds in RANGES:
        trial, run = trial_of(step, bounds, rows, updates, seed), len(found)
        try:
            exact = _ordinary(step, build(run), label, trial)
            if is_finite(exact, step):
                near = [
                    _ordinary(step, build(run), label, trial, np.random.default_rng(number))
                    for number in range(_PERTURBED)
                ]
                found.append(_reference(run, trial, exact, near))
        except InputError:
            continue  # not defined for such inputs
        if len(found) == _TRIALS:
            break
    return found


def _ordinary(
    step: Step,
    begun: tuple[nn.Module, RunRandom],
    label: str,
    trial: Trial,
    rounding: np.random.Generator | None = None,
) -> Trajectory:
    """Return the ordinary loop on a trial, from values and data with rounding errors if `rounding` is given."""
    module, streams = begun
    if rounding is not None:
        with torch.no_grad():
            for value in (*module.parameters(), *module.buffers()):
                if value.is_floating_point():
                    value.copy_(torch.from_numpy(_rounded(value.numpy(), rounding)))
        sets = tuple(_rounded(data, rounding) for data in trial.sets)
        trial = replace(trial, batches=_rounded(trial.batches, rounding), sets=sets)
    loop = OrdinaryLoop(module, streams, step.objective, label, step.settings.learning_rate)
    return by_ordinary_loop(loop, step, trial)


def _rounded(values: np.ndarray, rounding: np.random.Generator) -> np.ndarray:
    errors = rounding.choice([-_EPSILON, _EPSILON], values.shape).astype(np.float32)
    return np.asarray(values * (1 + errors))


def is_finite(trajectory: Trajectory, step: Step, ending: str = "") -> bool:
    """Whether all that is measured and trained is finite; buffers need not be, such as a mask of minus infinity.

    Args:
        trajectory: of `step`.
        step: of the network.
        ending: of the names of what is looked at.
    """
    held = tuple(f"{name} after step " for name in step.buffers)
    return all(
        bool(np.isfinite(value).all())
        for name, value in trajectory.values.items()
        if name.endswith(ending) and not name.startswith(held)
    )


def _reference(seed: int, trial: Trial, exact: Trajectory, near: Sequence[Trajectory]) -> Reference:
    """Return what is compared of a trial: of more than `UPDATES` updates, those before rounding errors decide."""
    allowed, last = {}, len(trial.batches)
    for name, value in exact.values.items():
        changes = [_distance(other.values[name], value) for other in near]
        largest = float(np.abs(value[np.isfinite(value)]).max(initial=0.0))
        allowed[name] = float(_MARGIN * max(changes) + _OPERATIONS * _EPSILON * largest + _LEAST)
        if allowed[name] > largest > 0:
            last = min(last, _step_of(name))
    compared = {name: value for name, value in exact.values.items() if _step_of(name) < max(last, UPDATES)}
    if len(compared) < len(exact.values):
        exact = Trajectory(compared, exact.noise)
    return Reference(seed, trial, exact, allowed)


def _step_of(name: str) -> int:
    """Return the step that a value is of, with which its name ends."""
    return int(name.rpartition(" ")[2])


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference; none between equal infinities, and nan beside a nan."""
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.where(one == other, 0.0, np.abs(one - other)).max(initial=0.0))


def disagreement(program: Program, step: Step, build: Build, found: Sequence[Reference]) -> str | None:
    """In what a lowering differs from the ordinary loop in the first place, or None if it does not."""
    for reference in found:
        got = by_program(program, *build(reference.seed), step, reference.trial)
        for name, expected in reference.trajectory.values.items():
            distance, allowed = _distance(got.values[name], expected), reference.allowed[name]
            if not distance <= allowed:
                return f"{name} is off by {distance:.2g}, where rounding explains {allowed:.2g}"
        if not torch.equal(got.noise, reference.trajectory.noise):
            return "random numbers are drawn by functions whose draws cannot be supplied"
    return None
