"""A network's compiled step, chosen among the lowerings and shared by all runs that differ only in numbers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.training import toolchain
from nalm.training.kernel.arrays import UnsupportedError
from nalm.training.kernel.trace import line_of
from nalm.training.lowerings._base import Program
from nalm.training.lowerings.eager import EagerProgram
from nalm.training.lowerings.native import (
    WIDE,
    WIDE_FLAGS,
    NativeCode,
    NativeProgram,
    NoCompilerError,
    build,
    evaluation_rows,
    generate,
)
from nalm.training.lowerings.tensor import TensorProgram
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.step.step import Step

# Settings that only fill the schedule or decide how long and on what a network is trained
_NUMBERS = [
    "iterations",
    "log_interval",
    "streams",
    "early_stop",
    "saved_weights",
    "learning_rate",
    "pcc_to_mse_iteration",
    "inalu_penalty_start",
    "ramp",
    "ramp_start",
    "ramp_end",
    "l1_start",
    "l1_end",
    "l1_step",
    "l1_growth",
    "npu_penalty_scale",
    "reinitialise",
    "reinitialise_interval",
    "reinitialise_stored_losses",
    "reinitialise_threshold",
]
_FACTORS = [
    "sparsity_penalty",
    "bounds_penalty",
    "input_penalty",
    "gate_penalty",
    "npu_weight_penalty",
    "npu_gate_penalty",
    "inalu_penalty",
]


@dataclass(frozen=True)
class ProgramKey:
    """What has to be compiled: equal keys have the same compiled step.

    `sources` are checksums of the code of classes of the user's own, which may change without any name changing.
    """

    network: str
    sources: str
    settings: str
    in_features: int
    out_features: int


@dataclass(frozen=True)
class Fallback:
    """Why the native kernel does not train a network.

    Attributes:
        reason: what the kernel cannot express, and the line of the module that asks for it.
        compiler: the reason is that no C++ compiler works.
        batched: all runs can still be trained as one tensor program; otherwise one after the other.
    """

    reason: str
    compiler: bool
    batched: bool = True


Lowered = NativeCode | Fallback


def program_key(run: ArithmeticRun) -> ProgramKey:
    """The key of a run's network under its settings."""
    numbers = {name: getattr(run.training, name) for name in _FACTORS}
    structural = run.training.model_dump(mode="json", exclude={*_NUMBERS})
    structural |= {name: float(value > 0) for name, value in numbers.items()}
    structural["penalty"] = {name: float(value > 0) for name, value in run.training.penalty.items()}
    if run.task.kind != "single-module":
        # only the published program of that task keeps penalties and projection from its units
        structural["constraints"] = "paper"
    network = run.network.model_dump(mode="json", exclude={"label"})
    return ProgramKey(
        network=json.dumps(network, sort_keys=True),
        sources=json.dumps(run.sources, sort_keys=True),
        settings=json.dumps(structural, sort_keys=True),
        in_features=run.task.in_features,
        out_features=run.task.out_features,
    )


def _network(key: ProgramKey) -> NetworkSettings:
    return NetworkSettings.model_validate({"label": "", **json.loads(key.network)})


@lru_cache(maxsize=64)
def step_of(key: ProgramKey) -> Step:
    """A step whose module holds arbitrary parameters.

    Raises:
        InputError: a unit refuses its arguments, or has a penalty without a factor.
    """
    settings = TrainingSettings.model_validate(json.loads(key.settings))
    network = _network(key)
    module = network.build(key.in_features, key.out_features)
    step = Step(module, settings, key.in_features, key.out_features)
    settings.refuse_unweighted(step.found, [*settings.penalty_settings(), *settings.penalty], own=network.has_own_units)
    return step


@lru_cache(maxsize=64)
def lower(key: ProgramKey) -> Lowered:
    """Compile, or find compiled; never raises for a network that the native kernel does not take."""
    settings = json.loads(key.settings)
    sizes = (settings["validation_samples"], settings["test_samples"])
    rows = tuple(dict.fromkeys(evaluation_rows(samples, key.in_features) for samples in sizes))
    # a user's own class ("module:Class") can change without any name changing
    own = _network(key).has_own_units
    description = None if own else repr(key)
    known = toolchain.find(description) if description else None
    if known is not None:
        return NativeCode(known, rows)
    step = step_of(key)
    try:
        library = build(generate(step, rows), WIDE_FLAGS if key.in_features >= WIDE else ())
    except UnsupportedError as error:
        return _fallback(step, str(error), compiler=False)
    except NoCompilerError as error:
        return _fallback(step, str(error), compiler=True)
    return NativeCode(toolchain.keep(description, library) if description else library, rows)


def _fallback(step: Step, reason: str, compiler: bool) -> Fallback:
    try:
        TensorProgram(step).check()
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        found = f"control flow or code that depends on values{line_of(error)}"
        return Fallback(found if compiler else reason, compiler=False, batched=False)
    return Fallback(reason, compiler)


@lru_cache(maxsize=64)
def program(key: ProgramKey, lowered: Lowered) -> Program:
    """The program of `key`, built at most once per process."""
    if isinstance(lowered, NativeCode):
        return NativeProgram(lowered)
    return TensorProgram(step_of(key)) if lowered.batched else EagerProgram(step_of(key))


def warn_of_fallbacks(lowered: Iterable[tuple[str, Lowered]]) -> None:
    """One warning per reason, naming the networks concerned."""
    labels: dict[str, list[str]] = {}
    for label, item in lowered:
        if isinstance(item, Fallback):
            labels.setdefault(_warning(item), []).append(label)
    for warning, concerned in labels.items():
        warnings.warn(f"{', '.join(dict.fromkeys(concerned))}: {warning}", RuntimeWarning, stacklevel=2)


def _warning(fallback: Fallback) -> str:
    if fallback.compiler:
        return "trained many times slower than it could be, because no C++ compiler works here (install g++)"
    how = "as one slower tensor program" if fallback.batched else "one run at a time, many times slower"
    return f"trained {how}, because the compiled kernel cannot express {fallback.reason}"
