"""What is found out about a module of the user's own before anything compiles it.

It is built and trained for a few steps by the ordinary loop, twice from the same seed and once from another: is it
reproducible, does it give what a network has to give, and may its attributes be taken for constants?
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nalm.errors import InputError
from nalm.training.lowerings.constants import constants, difference, digest_of, floats, line_where, unequal
from nalm.training.lowerings.ordinary import OrdinaryLoop, OutputError
from nalm.training.lowerings.proof import RANGES, Trial, by_ordinary_loop, trial_of
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
    found = examination.found()
    for unit, code in sources:
        if source_hash(unit) != code:
            raise InputError(
                f"{label}: training it changes values outside of it (globals, attributes of the class), so that a run "
                "would depend on those before it; keep them in attributes of self"
            )
    return found


class _Examination:
    def __init__(self, step: Step, build: Build, rows: Sequence[int], label: str) -> None:
        self._step = step
        self._build = build
        self._rows = rows
        self._label = label

    def found(self) -> Examined:
        """All that can be said."""
        begun = [self._build(0), self._build(0), self._build(1)]
        modules = [module for module, _ in begun]
        self._check_same("constructing it", modules[0], modules[1])
        try:
            before, twin, other = (constants(module) for module in modules)
        except UnidentifiableError as error:
            # what cannot be told apart cannot be compared, so that nothing may be taken for constant
            before = {}
            reason: str | None = f"{error}, of which nobody can tell whether it stays the same"
        else:
            self._check_no_difference("constructing it", difference(before, twin))
            name = difference(before, other)
            reason = _of_types(modules[0]) if name is None else f"attribute {name}, which differs between seeds"
        usable = self._usable_trial()
        if usable is None:
            return Examined(reason or "what it does with the data of a trial", digest_of(before))
        trial, first = usable
        drawn = begun[0][1]
        second = self._trained(*begun[1], trial)
        self._check_same("training it", first.module, second.module)
        change = self._attribute(first, before, trial) or self._draws(first, drawn, trial)
        return Examined(reason or change, digest_of(before))

    def _trained(self, module: nn.Module, streams: RunRandom, trial: Trial) -> OrdinaryLoop:
        loop = self._loop(module, streams)
        by_ordinary_loop(loop, self._step, trial)
        return loop

    def _loop(self, module: nn.Module, streams: RunRandom) -> OrdinaryLoop:
        learning_rate = self._step.settings.learning_rate
        return OrdinaryLoop(module, streams, self._step.objective, self._label, learning_rate)

    def _usable_trial(self) -> tuple[Trial, OrdinaryLoop] | None:
        """Return the data of the first range for which the module is defined, and what it was trained by."""
        for bounds in RANGES:
            trial = trial_of(self._step, bounds, self._rows)
            try:
                return trial, self._trained(*self._build(0), trial)
            except OutputError:
                raise
            except InputError:
                continue
        return None

    def _attribute(self, loop: OrdinaryLoop, before: dict[str, str], trial: Trial) -> str | None:
        """Return the first attribute that a few steps have changed."""
        name = difference(before, constants(loop.module)) if before else None
        if name is None:
            return None
        where = self._line(trial, lambda module: constants(module).get(name))
        return f"attribute {name}, which changes from call to call{where}"

    def _draws(self, loop: OrdinaryLoop, before: RunRandom, trial: Trial) -> str | None:
        """Return what a few steps have drawn from other generators than PyTorch's."""
        if _text(before.numpy) != _text(loop.streams.numpy):
            return f"random numbers of NumPy in forward{self._line(trial, lambda _: _text(np.random.get_state()))}"
        if _text(before.python) != _text(loop.streams.python):
            return f"random numbers of Python in forward{self._line(trial, lambda _: _text(random.getstate()))}"
        return None

    def _line(self, trial: Trial, looked_at: Callable[[nn.Module], Any]) -> str:
        """Return the line of the module during which what is looked at changes."""
        module, streams = self._build(0)
        loop = self._loop(module, streams)
        x, t = torch.split(torch.from_numpy(trial.batches[0]).T, list(self._step.features), dim=-1)
        run_flags, schedule = torch.from_numpy(trial.run_flags), torch.from_numpy(trial.schedule[0])

        def call() -> None:
            with streams.drawing():
                loop.train(x, t, run_flags, schedule)
                loop.error(x, t)

        return line_where(lambda: looked_at(module), call)

    def _check_same(self, doing: str, one: nn.Module, other: nn.Module) -> None:
        self._check_no_difference(doing, unequal(floats(one), floats(other)))

    def _check_no_difference(self, doing: str, name: str | None) -> None:
        if name is not None:
            raise InputError(
                f"{self._label}: {doing} twice from the same seed gives two values of {name}; draw random numbers with "
                "torch, random or np.random's own functions, which are seeded for each run, and with nothing else"
            )


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
