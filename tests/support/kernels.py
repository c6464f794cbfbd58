"""Compiles a tensor function of one run alone, to compare it with eager PyTorch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
import torch

from nalm.training.headers import HEADER
from nalm.training.kernel.arrays import Array, Arrays, plain
from nalm.training.kernel.cpp import Sizes, evaluation_function
from nalm.training.kernel.expressions import Expression, Graph
from nalm.training.kernel.trace import scalarise, trace
from nalm.training.toolchain import build, load


def leaves(graph: Graph, kind: str, count: int, axes: tuple[str, ...] = ()) -> np.ndarray:
    values = np.empty(count, dtype=object)
    values[:] = [graph.leaf(kind, i, axes) for i in range(count)]
    return values


def compiled_wide(
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameters: int, rows: int, features: int
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """`function(state [parameters, features], x [rows, features]) -> [outputs]`, with the features as a loop."""
    graph = Graph()
    values = np.empty((parameters, 1), dtype=object)
    values[:, 0] = [graph.leaf("state", i * features, ("wide",)) for i in range(parameters)]
    x = np.full((1, 1), graph.leaf("data", 0, ("batch", "wide")), dtype=object)
    inputs = [Array(values, (None, "wide")), Array(x, ("batch", "wide"))]
    example = (torch.zeros(parameters, features), torch.ones(rows, features))
    outputs = scalarise(trace(function, example, features), inputs, Arrays(graph, {"batch": rows, "wide": features}))
    return _evaluation(outputs, Sizes(rows, parameters * features, 0, 0, features, 0, 0, features))


def compiled(
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], parameters: int, rows: int, features: int
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """`function(state [parameters], x [rows, features]) -> [outputs]` as a native kernel with the same signature."""
    graph = Graph()
    state = plain(leaves(graph, "state", parameters))
    x = Array(leaves(graph, "data", features, ("batch",))[None, :], ("batch", None))
    example = (torch.zeros(parameters), torch.ones(rows, features))
    outputs = scalarise(trace(function, example), [state, x], Arrays(graph, {"batch": rows}))
    return _evaluation(outputs, Sizes(rows, parameters, 0, 0, features, 0, 0))


def _evaluation(outputs: list[Expression], sizes: Sizes) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    library = load(build(HEADER + evaluation_function("evaluate", outputs, sizes)))
    library.evaluate.restype = None

    def call(state: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        data = np.ascontiguousarray(x.T.numpy())
        values = np.ascontiguousarray(state.numpy())
        pointers = np.array([data.ctypes.data], dtype=np.int64)
        nothing = np.zeros(1, dtype=np.float32)
        result = np.empty(len(outputs), dtype=np.float32)
        inputs = [ctypes.c_void_p(a.ctypes.data) for a in (values, nothing, nothing)]
        prepared = [ctypes.c_void_p(None), ctypes.c_int64(0)]
        data_and_noise = [ctypes.c_void_p(pointers.ctypes.data)] * 2
        library.evaluate(
            *inputs, *prepared, *data_and_noise, *[ctypes.c_int64(1)] * 2, ctypes.c_void_p(result.ctypes.data)
        )
        return torch.from_numpy(result)

    return call
