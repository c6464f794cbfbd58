"""What is found out about a module of the user's own before anything compiles it.

It is built and trained for a few steps by the ordinary loop, twice from the same seed and once from another: is it
reproducible, does it give what a network has to give, and may its attributes be taken for constants?
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nalm.errors import InputError
from nalm.training.lowerings.constants import constants, difference, digest_of, floats, line_where, unequal
from nalm.training.lowerings.finite import line_of_gradient, not_finite
from nalm.training.lowerings.ordinary import NewParameterError, OrdinaryLoop, OutputError, as_arrays
from nalm.training.lowerings.proof import RANGES, Trajectory, Trial, by_ordinary_loop, is_finite, trial_of
from nalm.training.step.initial import RunRandom
from nalm.training.step.step import Step
from nalm.units import source_hash
from nalm.units._catalogue.identity import UnidentifiableError

Build = Callable[[int], tuple[nn.Module, RunRandom]]


@dataclass(frozen=True)
class Examined:
    """What an examination has found.

    Attributes:
        reason: why nothing but the ordinary loop can train the module, or None.
        constants: digest of what a compiled step may take for constant.
    """

    reason: str | None
    constants: str = ""


def examine(step: Step, build: Build, rows: Sequence[int], label: str, sources: Sequence[tuple[str, str]]) -> Examined:
    """Examine a module of the user's own.

    Args:
        step: of such a module.
        build: gives the module and the streams of the run with a seed.
        rows: sizes of the evaluation sets.
        label: what the network is called in messages.
        sources: its classes, each with the digest of its code.

    Raises:
        InputError: it is not reproducible, or gives something else than a network has to; one sentence.
    """
    examination = _Examination(step, build, rows, label)
    try:
        return examination.found()
    finally:
        # more to the point than whatever else is wrong
        if any(source_hash(unit) != code for unit, code in sources):
            raise InputError(
                f"{label}: building or training it changes values outside of it (globals, attributes of the class), so "
                "that a run would depend on those before it; keep them in attributes of self"
            ) from None


def behaviour(step: Step, build: Build, rows: Sequence[int], label: str) -> str:
    """Return a digest of how a module begins and of what a few steps make of it, to be compared between processes."""
    module, _ = build(0)
    try:
        parts = [f"{name} {value}" for name, value in constants(module).items()]
    except UnidentifiableError:
        parts = []
    parts += [f"{name} {value.tobytes().hex()}" for name, value in as_arrays(floats(module)).items()]
    usable = _Examination(step, build, rows, label).usable_trial()
    if usable is not None:
        parts += [f"{name} {value.tobytes().hex()}" for name, value in usable[2].values.items()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class _Examination:
    def __init__(self, step: Step, build: Build, rows: Sequence[int], label: str) -> None:
        self._step = step
        self._plain_build = build
        self._rows = rows
        self._label = label

    def _build(self, seed: int) -> tuple[nn.Module, RunRandom]:
        """Return a module and its streams; what its constructor leaves to chance is nan."""
        with uninitialised_as_nan():
            return self._plain_build(seed)

    def found(self) -> Examined:
        """All that can be said."""
        begun = [self._build(0), self._build(0), self._build(1)]
        modules = [module for module, _ in begun]
        self._check_same("constructing it", floats(modules[0]), floats(modules[1]))
        before, reason = self._constants(modules)
        usable = self.usable_trial()
        if usable is None:
            return Examined(reason or "what it does with the data of a trial", digest_of(before))
        trial, first, trajectory = usable
        second, again = self._trained(*begun[1], trial)
        self._check_same("training it", floats(first.module), floats(second.module))
        self._check_same("training it", trajectory.values, again.values)
        change = self._attribute(first, before, trial) or self._draws((first, second), begun[0][1], trial)
        return Examined(reason or change, digest_of(before))

    def _constants(self, modules: Sequence[nn.Module]) -> tuple[dict[str, str], str | None]:
        """Return what may be taken for constant, and why nothing may."""
        try:
            before, twin, other = (constants(module) for module in modules)
        except UnidentifiableError as error:
            # what cannot be told apart cannot be compared
            return {}, f"{error}, of which nobody can tell whether it stays the same"
        name = difference(before, twin)
        if name is not None:
            return {}, f"attribute {name}, which differs each time it is constructed"
        name = difference(before, other)
        return before, _of_types(modules[0]) if name is None else f"attribute {name}, which differs between seeds"

    def _trained(self, module: nn.Module, streams: RunRandom, trial: Trial) -> tuple[OrdinaryLoop, Trajectory]:
        loop = self._loop(module, streams)
        return loop, by_ordinary_loop(loop, self._step, trial)

    def _loop(self, module: nn.Module, streams: RunRandom) -> OrdinaryLoop:
        learning_rate = self._step.settings.learning_rate
        return OrdinaryLoop(module, streams, self._step.objective, self._label, learning_rate)

    def usable_trial(self) -> tuple[Trial, OrdinaryLoop, Trajectory] | None:
        """Return the data of the first range for which the module is defined, and what came of training it.

        Raises:
            InputError: it is defined, but gives no finite numbers before and after the first update in any range.
        """
        defined: list[Trial] = []
        for bounds in RANGES:
            trial = trial_of(self._step, bounds, self._rows)
            try:
                loop, trajectory = self._trained(*self._build(0), trial)
            except NewParameterError as error:
                line = self._line(trial, lambda module: [id(parameter) for parameter in module.parameters()])
                raise InputError(f"{error}{line}") from None
            except OutputError:
                raise
            except InputError:
                continue
            if is_finite(trajectory, self._step, ending=" step 0"):
                return trial, loop, trajectory
            defined.append(trial)
        if defined:
            raise InputError(f"{self._label}: {self._not_finite(defined[0])}")
        return None

    def _not_finite(self, trial: Trial) -> str:
        """Return what of the first step is not finite, and where."""
        module, streams = self._build(0)
        name = _not_finite_parameter(module)
        if name is not None:
            if name == _not_finite_parameter(self._plain_build(0)[0]):
                return f"parameter {name!r} is not finite when it has been constructed"
            return (
                f"parameter {name!r} is given no values when it is constructed (torch.empty leaves what was in "
                "memory); draw or set them in __init__"
            )
        x, _ = self._first(trial)
        with streams.drawing(), torch.no_grad():
            for mode, training in (("evaluation", False), ("training", True)):
                module.train(training)
                kind = not_finite(lambda: module(x.clone()))
                if kind is not None:
                    return (
                        f"forward gives values that are not finite at step 0, before any update, in {mode} mode: {kind}"
                    )
        loop = self._loop(*self._build(0))
        with loop.streams.drawing():
            line = line_of_gradient(lambda: self._update(loop, trial))
        return f"at step 0 its output is finite, but not the loss or the gradient of the first update{line}"

    def _attribute(self, loop: OrdinaryLoop, before: dict[str, str], trial: Trial) -> str | None:
        """Return the first attribute that a few steps, or an evaluation after them, have changed."""
        name = difference(before, constants(loop.module)) if before else None
        if before and name is None:
            with loop.streams.drawing():
                loop.error(*self._first(trial))
            name = difference(before, constants(loop.module))
        if name is None:
            return None
        where = self._line(trial, lambda module: constants(module).get(name))
        return f"attribute {name}, which changes from call to call{where}"

    def _draws(self, loops: Sequence[OrdinaryLoop], before: RunRandom, trial: Trial) -> str | None:
        """Return what a few steps have drawn from other generators than PyTorch's, each time they were taken.

        What is drawn only once is drawn by another thread: those of a cluster's client draw now and then.
        """
        if all(_text(before.numpy) != _text(loop.streams.numpy) for loop in loops):
            return f"random numbers of NumPy in forward{self._line(trial, lambda _: _text(np.random.get_state()))}"
        if all(_text(before.python) != _text(loop.streams.python) for loop in loops):
            return f"random numbers of Python in forward{self._line(trial, lambda _: _text(random.getstate()))}"
        return None

    def _line(self, trial: Trial, looked_at: Callable[[nn.Module], Any]) -> str:
        """Return the line of the module during which what is looked at changes."""
        module, streams = self._build(0)
        loop = self._loop(module, streams)

        def call() -> None:
            with streams.drawing():
                self._update(loop, trial)
                loop.error(*self._first(trial))

        return line_where(lambda: looked_at(module), call)

    def _update(self, loop: OrdinaryLoop, trial: Trial) -> None:
        run_flags, schedule = torch.from_numpy(trial.run_flags), torch.from_numpy(trial.schedule[0])
        loop.train(*self._first(trial), run_flags, schedule)

    def _first(self, trial: Trial) -> tuple[torch.Tensor, torch.Tensor]:
        """Return inputs and targets of the first batch."""
        x, t = torch.split(torch.from_numpy(trial.batches[0]).T, list(self._step.features), dim=-1)
        return x, t

    def _check_same(self, doing: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        name = unequal(one, other)
        if name is not None:
            raise InputError(
                f"{self._label}: {doing} twice from the same seed gives two values of {name}; draw random numbers with "
                "torch, random or np.random's own functions, which are seeded for each run, and with nothing else"
            )


def _not_finite_parameter(module: nn.Module) -> str | None:
    """Return the name of the first parameter to be trained that holds other than finite numbers."""
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and not torch.isfinite(parameter.detach().abs().sum()):
            return name
    return None


@contextmanager
def uninitialised_as_nan() -> Iterator[None]:
    """Let `torch.empty` fill floats with nan inside a `with` block."""
    mode = torch.get_deterministic_debug_mode()
    try:
        torch.set_deterministic_debug_mode("warn")
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)


def _of_types(module: nn.Module) -> str | None:
    """Return what of a module's numbers no state of float32 can hold."""
    parameters = {f"parameter {name}": value for name, value in module.named_parameters()}
    buffers = {f"buffer {name}": value for name, value in module.named_buffers() if _is_real_or_complex(value)}
    for name, value in {**parameters, **buffers}.items():
        if value.dtype != torch.float32:
            return f"{name} of type {str(value.dtype).removeprefix('torch.')}"
    return None


def _is_real_or_complex(value: torch.Tensor) -> bool:
    return value.is_floating_point() or value.is_complex()


def _text(state: Any) -> str:
    """Return a state of a generator as a text."""
    return str([part.tolist() if isinstance(part, np.ndarray) else part for part in state])
