"""All that nalm needs of PyTorch's private names, and what it does about versions that lack some of it.

Units, studies and the ordinary training loop need none of this. Where a version has changed one of these names,
compiled kernels are not to be had: `UnknownTorchError` says what was raised, and slower ways to train go on.
"""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


class UnknownTorchError(Exception):
    """This PyTorch has other private names than those nalm knows; the message names it and what was raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"PyTorch {torch.__version__} has other inner parts than nalm knows ({type(error).__name__}: {error})"
        )


@dataclass(frozen=True)
class CompilerArguments:
    """What PyTorch gives a compiler before the source and after it."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def decompositions(composite: Iterable[str]) -> dict[Any, Any]:
    """Return how ATen operations are written with simpler ones: those that PyTorch counts as core, and `composite`.

    Raises:
        UnknownTorchError: this PyTorch does not tell.
    """
    try:
        from torch._decomp import core_aten_decompositions, get_decompositions

        known = [getattr(torch.ops.aten, name) for name in composite if hasattr(torch.ops.aten, name)]
        return {**core_aten_decompositions(), **get_decompositions(known)}
    except (ImportError, AttributeError, TypeError) as error:
        raise UnknownTorchError(error) from error


def operation_name(operation: Any) -> str:
    """Return the name of an ATen operation without its namespace."""
    name: str = operation._schema.name.split("::")[1]
    return name


def traced(function: Callable[..., Any], table: dict[Any, Any], inputs: Sequence[Tensor]) -> torch.fx.GraphModule:
    """Return the graph of ATen operations of `function`, traced on fakes of `inputs`, each with its line of source.

    Raises:
        UnknownTorchError: this PyTorch traces otherwise.
        Exception: whatever PyTorch says of a function that cannot be traced.
    """
    try:
        from torch.fx.experimental.proxy_tensor import make_fx

        options: dict[str, Any] = {
            "decomposition_table": table,
            "tracing_mode": "fake",
            "_allow_non_fake_inputs": True,  # tensors that a module has made for itself
            "record_stack_traces": True,
        }
        # an argument that a version lacks says no more than lines of source are called
        known = inspect.signature(make_fx).parameters
        trace = make_fx(function, **{name: value for name, value in options.items() if name in known})
    except (ImportError, AttributeError, TypeError) as error:
        raise UnknownTorchError(error) from error
    return trace(*inputs)


def compiler_arguments(program: str, capability: str) -> list[CompilerArguments]:
    """Return what PyTorch gives the compiler `program`, for the best set of instructions first.

    Args:
        program: of a kind that PyTorch knows by its name.
        capability: the largest set of instructions, as in ATEN_CPU_CAPABILITY; empty for all that there are.

    Raises:
        UnknownTorchError: this PyTorch does not tell.
    """
    try:
        from torch._inductor import config, cpu_vec_isa
        from torch._inductor.cpp_builder import CppTorchDeviceOptions

        # whether compiler and processor really have the instructions is found out by a trial, in a folder of our own
        with config.patch({"cpp.cxx": program, "cpp.vec_isa_ok": True}):
            known = cpu_vec_isa.valid_vec_isa_list.__wrapped__()
            none = cpu_vec_isa.invalid_vec_isa
            best = cpu_vec_isa.get_isa_from_cpu_capability(capability or None, known, none) if known else none
            sets: Sequence[Any] = [*known[known.index(best) :], none] if best in known else [none]
            return [_arguments(CppTorchDeviceOptions(vec_isa=isa, device_type="cpu")) for isa in sets]
    except (ImportError, AttributeError, TypeError) as error:
        raise UnknownTorchError(error) from error


def _arguments(options: Any) -> CompilerArguments:
    before = [
        *(word for text in options.get_definitions() for word in ("-D", text.strip()) if text.strip()),
        *(f"-{flag}" for flag in options.get_cflags()),
        *(f"-I{path}" for path in options.get_include_dirs()),
        *(word for text in options.get_passthrough_args() for word in shlex.split(text)),
    ]
    after = [
        *(f"-{flag}" for flag in options.get_ldflags()),
        *(f"-l{name}" for name in options.get_libraries()),
        *(f"-L{path}" for path in options.get_libraries_dirs()),
    ]
    return CompilerArguments(tuple(before), tuple(after))
