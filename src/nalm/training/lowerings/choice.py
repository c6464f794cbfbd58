"""A network's compiled step, chosen among the lowerings and shared by all runs that differ only in numbers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from nalm import _lines
from nalm.errors import InputError
from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.training import kept, toolchain
from nalm.training.kernel.arrays import UnsupportedError
from nalm.training.kernel.trace import untraceable
from nalm.training.lowerings._base import Lowered, Program
from nalm.training.lowerings.examine import Examined, behaviour, examine
from nalm.training.lowerings.hashes import check_hashes
from nalm.training.lowerings.native import WIDE, WIDE_FLAGS, NativeCode, NativeProgram, evaluation_rows, generate
from nalm.training.lowerings.proof import RANGES, Reference, disagreement, references
from nalm.training.lowerings.tensor import TensorProgram
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.step.initial import ONE_AT_A_TIME, RunRandom, initial_network
from nalm.training.step.step import Step
from nalm.training.toolchain import CompilationError, NoCompilerError
from nalm.training.torch_specific import UnknownTorchError
from nalm.units import source_hash

# Settings that only fill the schedule or decide how long and on what a network is trained
_NUMBERS = [
    "iterations",
    "log_interval",
    "streams",
    "early_stop",
    "saved_weights",
    "record",
    "learning_rate",
    "learning_rate_interval",
    "learning_rate_factor",
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

    `sources` are the names of classes of the user's own, each with the digest of its code.
    """

    network: str
    settings: str
    in_features: int
    out_features: int
    sources: tuple[tuple[str, str], ...] = ()
    row_weights: bool = False

    @property
    def layers(self) -> NetworkSettings:
        """The network."""
        return NetworkSettings.model_validate({"label": "", **json.loads(self.network)})

    @property
    def training(self) -> TrainingSettings:
        """The settings; of numbers that need no other step, whether they are zero."""
        return TrainingSettings.model_validate(json.loads(self.settings))

    @property
    def widths(self) -> tuple[int, int]:
        """Inputs and outputs."""
        return self.in_features, self.out_features

    @property
    def label(self) -> str:
        """What the network is called in messages: its units."""
        return " ".join(dict.fromkeys(layer.unit for layer in self.layers.layers))


@dataclass(frozen=True)
class Fallback(Lowered):
    """Why the native kernel does not train a network.

    Attributes:
        reason: in half a sentence, with the line of the module that causes it.
        compiler: the reason is the compiler or PyTorch, not the network.
        batched: all runs can still be trained as one tensor program; otherwise by the ordinary loop.
        constants: see `Lowered`.
    """

    reason: str
    compiler: bool
    batched: bool = True
    constants: str = ""

    def program(self, new_step: Callable[[], Step]) -> TensorProgram:
        """See `Lowered.program`; not for networks of the ordinary loop."""
        return TensorProgram(new_step())


_CANNOT = "the compiled kernel cannot express"


def program_key(run: ArithmeticRun) -> ProgramKey:
    """Return the key of a run's network under its settings."""
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
        settings=json.dumps(structural, sort_keys=True),
        in_features=run.task.in_features,
        out_features=run.task.out_features,
        sources=_sources(run),
        row_weights=run.task.target_features > run.task.out_features,
    )


def _sources(run: ArithmeticRun) -> tuple[tuple[str, str], ...]:
    own = dict.fromkeys(layer.unit for layer in run.network.layers if ":" in layer.unit)
    found = {unit: run.sources.get(unit) or source_hash(unit) for unit in own}
    return tuple((unit, digest) for unit, digest in found.items() if digest is not None)


@lru_cache(maxsize=64)
def step_of(key: ProgramKey) -> Step:
    """Return a step whose module holds arbitrary parameters.

    Raises:
        InputError: a unit refuses its arguments or has a penalty without a factor, or the class that is loaded here is
            not the one that `key` is about.
    """
    step, settings = _new_step(key), key.training
    weighted = [*settings.penalty_settings(), *settings.penalty]
    settings.refuse_unweighted(step.found, weighted, own=key.layers.has_own_units)
    return step


def _new_step(key: ProgramKey) -> Step:
    for unit, digest in key.sources:
        if source_hash(unit) != digest:
            raise InputError(
                f"{unit}: its code has been changed since these runs were planned; give the same command again"
            )
    problem: InputError | None = None
    for low, high in RANGES:
        module, streams = begun(key)
        try:
            with streams.drawing(), _lines.guarded(key.label):
                return Step(
                    module,
                    key.training,
                    *key.widths,
                    example=(low + 2 * high) / 3,
                    row_weights=key.row_weights,
                    finite_buffers=not key.layers.has_own_units,
                )
        except InputError as error:
            problem = problem or error
    assert problem is not None
    raise problem


def begun(key: ProgramKey, seed: int = 0) -> tuple[nn.Module, RunRandom]:
    """Return the network of the run with a seed before its first step, and its streams."""
    return initial_network(key.layers, key.widths, seed, key.training.streams)


@lru_cache(maxsize=64)
def lower(key: ProgramKey) -> Lowered:
    """Compile and prove, or find compiled; a network that the native kernel does not take gets another lowering.

    Raises:
        InputError: no lowering can train it; one sentence.
    """
    with ONE_AT_A_TIME, kept.caches_of_torch(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a module says is said when it is trained
        if key.sources:
            check_hashes(key, key.sources, key.label)
        if key.training.float64:
            return Fallback("float64 = true asks for it", compiler=False, batched=False)
        known = kept_code(key)
        if known is not None:
            return known
        examined = _examined(key)
        if examined.reason is not None:
            return Fallback(f"{_CANNOT} {examined.reason}", compiler=False, batched=False)
        return _lowered(key, examined.constants)


def kept_code(key: ProgramKey) -> NativeCode | None:
    """Return the kernel of `key` that was compiled and proved before, if it is there and whole."""
    known = toolchain.recall(repr(key))
    return NativeCode(known[0], _evaluation_rows(key), known[1]["constants"]) if known else None


def _evaluation_rows(key: ProgramKey) -> tuple[int, ...]:
    sizes = (key.training.validation_samples, key.training.test_samples)
    return tuple(dict.fromkeys(evaluation_rows(samples, key.in_features) for samples in sizes))


def _samples(key: ProgramKey) -> tuple[int, ...]:
    return key.training.validation_samples, key.training.test_samples


def _examined(key: ProgramKey) -> Examined:
    if not key.layers.has_own_units:
        return Examined(None)
    return examine(_new_step(key), lambda seed: begun(key, seed), _samples(key), key.label, key.sources)


def behaviour_of(key: ProgramKey) -> str:
    """Return a digest of what a network of the user's own does in this process."""
    return behaviour(_new_step(key), lambda seed: begun(key, seed), _samples(key), key.label)


def _lowered(key: ProgramKey, constants: str) -> Lowered:
    """Return the first lowering that does what the ordinary loop does."""
    step = _new_step(key)
    found = references(step, lambda seed: begun(key, seed), _samples(key), key.label)
    if not found:
        nothing = "it gives no finite numbers in any trial, so that no other way to train it can be compared"
        return Fallback(f"{nothing}{_lines.line_of_forward(step.module)}", compiler=False, batched=False)
    reason: str | None
    compiler = False
    try:
        code = _compiled(key, constants)
        reason = _disproof(key, NativeProgram(code), found)
        if reason is None:
            toolchain.remember(repr(key), code.library, constants=constants)
            return code
    except UnsupportedError as error:
        line = "" if " at " in str(error) else _lines.line_of_forward(step.module)
        reason = f"{_CANNOT} {error}{line}"
    except CompilationError as error:
        reason = f"the compiler refuses it: {error}"
    except (NoCompilerError, UnknownTorchError) as error:
        reason, compiler = str(error), True
    except Exception as error:  # a module of the user's own may be anything
        if not key.layers.has_own_units:
            raise
        line = "" if _lines.line_of(error) else _lines.line_of_forward(step.module)
        reason = f"{_CANNOT} {untraceable(error)}{line}"
    try:
        disproof = _disproof(key, TensorProgram(_new_step(key)), found)
    except Exception as error:  # whatever PyTorch says of a module that it cannot batch
        disproof = f"{_CANNOT} {untraceable(error)}"
    assert reason is not None
    if disproof is not None:
        return Fallback(disproof if compiler else reason, compiler=False, batched=False)
    return Fallback(reason, compiler, constants=constants)


def difference(key: ProgramKey, lowered: Lowered, updates: int, seed: int) -> str | None:
    """In what a lowering differs from the ordinary loop after some updates on data of a seed, or None."""
    with ONE_AT_A_TIME:
        found = references(_new_step(key), lambda seed: begun(key, seed), _samples(key), key.label, updates, seed)
        return _disproof(key, program(key, lowered), found)


def _compiled(key: ProgramKey, constants: str) -> NativeCode:
    rows = _evaluation_rows(key)
    library = toolchain.build(generate(_new_step(key), rows), WIDE_FLAGS if key.in_features >= WIDE else ())
    return NativeCode(library, rows, constants)


def _disproof(key: ProgramKey, program: Program, found: list[Reference]) -> str | None:
    step = _new_step(key)
    difference = disagreement(program, step, lambda seed: begun(key, seed), found)
    return difference and f"in a trial of another way {difference}{_lines.line_of_forward(step.module)}"


@lru_cache(maxsize=64)
def program(key: ProgramKey, lowered: Lowered) -> Program:
    """Return the program of `key`, built at most once per process; not for networks of the ordinary loop."""
    return lowered.program(lambda: _new_step(key))


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
        return f"trained many times slower than it could be, because {fallback.reason}"
    how = "as one slower tensor program" if fallback.batched else "one run at a time, many times slower"
    return f"trained {how}, because {fallback.reason}"
