"""From a pure tensor function of one run to scalar expressions: trace once with autograd, then scalarise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from nalm._lines import is_own, line_of
from nalm.functional import GATES, PLAIN
from nalm.training import torch_specific
from nalm.training.kernel import aten, aten_shapes  # noqa: F401 - the second adds to the first
from nalm.training.kernel.arrays import Array, Arrays, UnsupportedError, plain
from nalm.training.kernel.expressions import Expression
from nalm.training.kernel.products import wide_product

# composite operations that PyTorch counts as core, written with simpler ones
_COMPOSITE = [
    "elu",
    "elu_backward",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "softplus",
    "softplus_backward",
    "hardtanh",
    "hardtanh_backward",
    "hardsigmoid",
    "hardswish",
    "silu",
    "silu_backward",
    "mish",
    "_softmax",
    "_softmax_backward_data",
    "_log_softmax",
    "_log_softmax_backward_data",
    "native_layer_norm",
    "native_layer_norm_backward",
    "native_group_norm",
]


# of what PyTorch says of a module, no more than this
_SAID = 120


@cache
def _decompositions() -> dict[Any, Any]:
    known = aten.known()
    table = torch_specific.decompositions(_COMPOSITE)
    return {op: rule for op, rule in table.items() if torch_specific.operation_name(op) not in known}


class UnrolledProducts(TorchFunctionMode):
    """`torch.prod` as repeated multiplication, whose gradient needs no division and is right at zeros.

    Functions of `nalm.functional` that take care of what overflows on the way are the formula alone.

    Args:
        wide: how many factors a product over the inputs of a wide layer has, which stays one operation; None for none.
        guarded: whether what a closed gate leaves out stays left out: many factors overflow where few do not.
    """

    def __init__(self, wide: int | None = None, guarded: bool = False) -> None:
        super().__init__()
        self._wide = wide
        self._as_written = GATES if guarded else frozenset()

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function in self._as_written:
            return function(*args, **kwargs)
        if function in PLAIN:
            with self:
                return PLAIN[function](*args, **kwargs)
        if function not in (torch.prod, torch.Tensor.prod):
            return function(*args, **kwargs)
        x: Any = args[0]
        dim, keepdim, *_ = [*args[1:], None, None]
        dim = kwargs.get("dim", dim)
        if dim is None:
            x, dim = x.reshape(-1), 0
        if x.shape[dim] == self._wide:
            wide = wide_product(x, dim)
            return wide.unsqueeze(dim) if kwargs.get("keepdim", keepdim) else wide
        product = None
        for factor in x.unbind(dim):
            product = factor if product is None else product * factor
        if product is None:
            return function(*args, **kwargs)
        return product.unsqueeze(dim) if kwargs.get("keepdim", keepdim) else product


def _first_line_outside_torch(stack_trace: str | None) -> str:
    """`file:line: source` of the innermost frame that belongs neither to PyTorch nor to the trainer."""
    frames = []
    lines = (stack_trace or "").splitlines()
    for number, line in enumerate(lines):
        head = line.strip()
        if head.startswith("File ") and number + 1 < len(lines):
            path = head.split('"')[1]
            if is_own(path):
                where = head.split("line ")[1].split(",")[0]
                frames.append(f"{path}:{where}: {lines[number + 1].strip()}")
    return frames[-1] if frames else ""


def trace(
    function: Callable[..., Tensor | list[Tensor]],
    examples: Sequence[Tensor],
    wide: int | None = None,
    guarded: bool = False,
) -> torch.fx.GraphModule:
    """Return the ATen graph of `function`, gradients included; nothing of the examples' values is baked in.

    Args:
        function: what to trace.
        examples: its arguments.
        wide: see `UnrolledProducts`.
        guarded: see `UnrolledProducts`.

    Raises:
        UnsupportedError: Python control flow of the module depends on the values of tensors, or it does something else
            that cannot be written down once for all inputs.
        UnknownTorchError: this PyTorch has other inner parts than nalm knows.
    """

    def unrolled(*args: Tensor) -> Tensor | list[Tensor]:
        with UnrolledProducts(wide, guarded):
            return function(*args)

    pure = torch.func.functionalize(unrolled, remove="mutations")
    # inputs that are the same tensor object are merged by PyTorch, hence the clones
    inputs = [example.clone() for example in examples]
    try:
        return torch_specific.traced(pure, _decompositions(), inputs)
    except torch_specific.UnknownTorchError:
        raise
    except Exception as error:  # a module may do anything, and PyTorch answers in many ways
        raise UnsupportedError(untraceable(error)) from error


def untraceable(error: Exception) -> str:
    """Return what a module does that cannot be written once for all inputs, where, and what PyTorch says of it."""
    said = (str(error).strip() or "no message").splitlines()[0]
    cause = f"{type(error).__name__}: {said if len(said) <= _SAID else f'{said[:_SAID]}…'}"
    line, words = line_of(error), f"{type(error).__name__} {error}".lower()
    if any(sign in words for sign in ("data-dependent", "datadependent", "dynamicoutput", ".item()")):
        what = "control flow or code that depends on values"
    else:
        what = "code that is no function of tensors" if line else "something in it"
    return f"{what}{line} ({cause})"


def scalarise(graph_module: torch.fx.GraphModule, inputs: Sequence[Array], algebra: Arrays) -> list[Expression]:
    """Return the graph's output, or all its outputs one after the other, flattened, as expressions of the inputs'.

    Raises:
        UnsupportedError: an operation has no scalar form; the message names it and the line of the module that uses it.
    """
    values: dict[torch.fx.Node, Any] = {}
    remaining = iter(inputs)

    def look_up(argument: Any) -> Any:
        return torch.fx.node.map_arg(argument, lambda node: values[node])

    for node in graph_module.graph.nodes:
        if node.op == "placeholder":
            values[node] = next(remaining)
        elif node.op == "get_attr":
            values[node] = _constant(getattr(graph_module, node.target), algebra)
        elif node.op == "output":
            result = look_up(node.args[0])
            parts = result if isinstance(result, (list, tuple)) else [result]
            return [expression for part in parts for expression in part.values.reshape(-1)]
        elif getattr(node.target, "__name__", "") == "getitem":
            values[node] = look_up(node.args[0])[node.args[1]]
        else:
            name = _functional(node)
            try:
                values[node] = aten.apply(algebra, name, look_up(node.args), look_up(node.kwargs))
            except UnsupportedError as error:
                line = _first_line_outside_torch(node.stack_trace)
                raise UnsupportedError(f"{error}{' at ' + line if line else ''}") from None
    raise AssertionError("a graph always ends with its output")


def _functional(node: torch.fx.Node) -> str:
    """Return the name of an operation; what writes to numbers that nobody else reads is what makes new ones of them."""
    name = torch_specific.operation_name(node.target)
    written = node.args[0] if node.args else None
    if not name.endswith("_") or not isinstance(written, torch.fx.Node) or written.op != "call_function":
        return name
    fresh = aten.computes(torch_specific.operation_name(written.target))
    return name.removesuffix("_") if fresh and len(written.users) == 1 else name


def _constant(tensor: Tensor, algebra: Arrays) -> Array:
    if any(algebra.symbols_of(tensor.shape)):
        raise UnsupportedError(f"a constant of shape {list(tensor.shape)} with a value for each element of an axis")
    values = np.empty(tuple(tensor.shape), dtype=object)
    for position in np.ndindex(values.shape):
        values[position] = algebra.graph.constant(tensor[position].item())
    return plain(values)
