"""C++ for a graph of scalar expressions: rows of the batch in vector lanes, everything else in registers.

One generated function handles its runs one after the other, so that a run's arithmetic cannot depend on its companions.
Vectors are PyTorch's own `at::vec::Vectorized<float>`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nalm.training.expressions import Expression, ordered

_VECTOR = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "minimum": "at::vec::minimum({0}, {1})",
    "maximum": "at::vec::maximum({0}, {1})",
    "pow": "{0}.pow({1})",
    "atan2": "{0}.atan2({1})",
    "fmod": "{0}.fmod({1})",
    "sign": "sign({0})",
    "sigmoid": "(ONE / (ONE + {0}.neg().exp()))",
    "eq": "({0} == {1})",
    "ne": "({0} != {1})",
    "lt": "({0} < {1})",
    "gt": "({0} > {1})",
    "le": "({0} <= {1})",
    "ge": "({0} >= {1})",
    "and": "({0} & {1})",
    "or": "({0} | {1})",
    "not": "V::blendv(TRUE, ZERO, {0})",
    "where": "V::blendv({2}, {1}, {0})",
    "float": "V::blendv(ZERO, ONE, {0})",
} | {
    name: f"{{0}}.{name}()"
    for name in [
        "neg",
        "abs",
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "tanh",
        "sinh",
        "cosh",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "floor",
        "ceil",
        "round",
        "trunc",
        "log1p",
        "expm1",
        "erf",
        "atan",
        "asin",
        "acos",
        "exp2",
        "log2",
        "log10",
    ]
}

_SCALAR = {
    "add": "({0} + {1})",
    "sub": "({0} - {1})",
    "mul": "({0} * {1})",
    "div": "({0} / {1})",
    "neg": "(-{0})",
    "minimum": "smaller({0}, {1})",
    "maximum": "larger({0}, {1})",
    "rsqrt": "(1.0f / std::sqrt({0}))",
    "reciprocal": "(1.0f / {0})",
    "sign": "sign({0})",
    "sigmoid": "(1.0f / (1.0f + std::exp(-{0})))",
    "round": "std::nearbyint({0})",
    "pow": "std::pow({0}, {1})",
    "atan2": "std::atan2({0}, {1})",
    "fmod": "std::fmod({0}, {1})",
    "eq": "({0} == {1})",
    "ne": "({0} != {1})",
    "lt": "({0} < {1})",
    "gt": "({0} > {1})",
    "le": "({0} <= {1})",
    "ge": "({0} >= {1})",
    "and": "({0} && {1})",
    "or": "({0} || {1})",
    "not": "(!{0})",
    "where": "({0} ? {1} : {2})",
    "float": "({0} ? 1.0f : 0.0f)",
} | {
    name: f"std::{name}({{0}})"
    for name in [
        "abs",
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "tanh",
        "sinh",
        "cosh",
        "sqrt",
        "floor",
        "ceil",
        "trunc",
        "log1p",
        "expm1",
        "erf",
        "atan",
        "asin",
        "acos",
        "exp2",
        "log2",
        "log10",
    ]
}

PRELUDE = """\
#include <ATen/cpu/vec/functional_base.h>
#include <ATen/cpu/vec/vec.h>
#include <cmath>
#include <cstdint>

using V = at::vec::Vectorized<float>;
namespace {
constexpr int64_t W = V::size();
inline V sign(V x) {
  const V one(1.0f), zero(0.0f);
  return V::blendv(zero, one, x > zero) - V::blendv(zero, one, x < zero);
}
inline float sign(float x) { return float(x > 0.0f) - float(x < 0.0f); }
inline float smaller(float a, float b) { return (a != a || a < b) ? a : b; }
inline float larger(float a, float b) { return (a != a || a > b) ? a : b; }
inline float total(V x) {
  return at::vec::vec_reduce_all<float>([](V& a, V& b) { return a + b; }, x);
}
}  // namespace
"""


@dataclass(frozen=True)
class Sizes:
    """How many numbers of each kind one run reads: per run, per step, or per step and row of the batch."""

    rows: int
    state: int
    run: int
    schedule: int
    data_lanes: int
    noise_lanes: int
    noise: int

    @property
    def data_stride(self) -> int:
        """Floats of data in one step."""
        return self.data_lanes * self.rows

    @property
    def noise_stride(self) -> int:
        """Floats of noise in one step: the lanes, then the scalars."""
        return self.noise_lanes * self.rows + self.noise


def _literal(value: float) -> str:
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "(-INFINITY)"
    text = f"{value:.9g}"
    text = text if any(c in text for c in ".e") else text + ".0"
    return f"({text}f)" if value < 0 else f"{text}f"


class _Body:
    """The statements that compute `outputs` from one step's inputs."""

    def __init__(self, outputs: Sequence[Expression], sizes: Sizes) -> None:
        self.sizes = sizes
        self.order = ordered(outputs)
        self.lines: list[str] = []
        self._stored: dict[int, Expression] = {}
        passes = self._passes()
        self._scalars(0)
        for level, (roots, lanes) in enumerate(passes, start=1):
            self._pass(level, roots, lanes)
            self._scalars(level)
        self.outputs = [self._scalar(node) for node in outputs]

    def _passes(self) -> list[tuple[list[Expression], list[Expression]]]:
        """For each pass over the batch its sums and the lanes it computes; later passes load what earlier ones made."""
        levels = max((node.level for node in self.order), default=0)
        passes = []
        made: dict[int, Expression] = {}
        for level in range(1, levels + 1):
            roots = [node for node in self.order if node.op == "sum" and node.level == level]
            lanes = [n for n in ordered((r.args[0] for r in roots), made.values()) if n.lane]
            used = {arg.index: arg for node in (*roots, *lanes) for arg in node.args}
            self._stored.update((i, n) for i, n in used.items() if i in made)
            made.update((n.index, n) for n in lanes if n.op != "leaf")
            passes.append((roots, lanes))
        return passes

    def _scalar(self, node: Expression) -> str:
        if node.op == "constant":
            assert node.constant is not None
            return _literal(node.constant)
        if node.op == "leaf":
            kind, index = node.value  # type: ignore[misc]
            return f"{kind}{index}"
        return f"k{node.index}"

    def _scalars(self, level: int) -> None:
        for node in self.order:
            if node.lane or node.level != level or node.op in ("constant", "leaf", "sum"):
                continue
            kind = "bool" if node.boolean else "float"
            value = _SCALAR[node.op].format(*(self._scalar(arg) for arg in node.args))
            self.lines.append(f"const {kind} k{node.index} = {value};")

    def _pass(self, level: int, roots: list[Expression], lanes: list[Expression]) -> None:
        computed = {node.index for node in lanes}
        before: dict[str, str] = {}
        loads: dict[str, str] = {}

        def vector(node: Expression) -> str:
            if node.lane:
                if node.index not in computed:
                    loads[f"v{node.index}"] = f"stored{node.index} + b"
                return f"v{node.index}"
            name = f"w{level}_{node.index}"
            scalar = self._scalar(node)
            before[name] = f"({scalar} ? TRUE : ZERO)" if node.boolean else f"V({scalar})"
            return name

        body: list[str] = []
        for node in lanes:
            if node.op == "leaf":
                kind, index = node.value  # type: ignore[misc]
                loads[f"v{node.index}"] = f"{kind.split()[0]} + {index} * B + b"
                continue
            value = _VECTOR[node.op].format(*(vector(arg) for arg in node.args))
            body.append(f"const V v{node.index} = {value};")
            if node.index in self._stored:
                body.append(f"v{node.index}.store(stored{node.index} + b);")
                before[f"stored{node.index}"] = ""
        for root in roots:
            vector(root.args[0])

        for name, value in before.items():
            if name.startswith("stored"):
                self.lines.append(f"alignas(64) float {name}[(B + W - 1) / W * W];")
            else:
                self.lines.append(f"const V {name} = {value};")
        self.lines += [f"V a{root.index}(0.0f);" for root in roots]
        self.lines.append("for (int64_t b = 0; b + W <= B; b += W) {")
        self.lines += [f"const V {name} = V::loadu({place});" for name, place in loads.items()]
        self.lines += body
        self.lines += [f"a{root.index} = a{root.index} + v{root.args[0].index};" for root in roots]
        self.lines.append("}")
        self.lines.append("if constexpr (B % W != 0) {")
        self.lines.append("constexpr int64_t rest = B % W, b = B - rest;")
        self.lines += [f"const V {name} = V::loadu({place}, rest);" for name, place in loads.items()]
        self.lines += body
        self.lines += [f"a{root.index} = a{root.index} + V::set(ZERO, v{root.args[0].index}, rest);" for root in roots]
        self.lines.append("}")
        self.lines += [f"const float k{root.index} = total(a{root.index});" for root in roots]


_HEAD = """\
extern "C" void {name}({arguments}) {{
  constexpr int64_t B = {rows};
  const V ONE(1.0f), ZERO(0.0f), TRUE = (ZERO == ZERO);
  (void)ONE; (void)TRUE;
  for (int64_t n = 0; n < runs; n++) {{
"""

_INPUTS = (
    "const float* run_table, const float* schedule_table, const float* const* data_of_run, "
    "const float* const* noise_of_run, int64_t runs"
)


def _inputs(sizes: Sizes, step: str) -> list[str]:
    lines = [f"const float run{i} = run_table[n * {sizes.run} + {i}]; (void)run{i};" for i in range(sizes.run)]
    lines += [
        f"const float schedule{i} = schedule_table[({step}) * {sizes.schedule} + {i}]; (void)schedule{i};"
        for i in range(sizes.schedule)
    ]
    lines += [f"const float noise{i} = noise[{sizes.noise_lanes * sizes.rows + i}];" for i in range(sizes.noise)]
    return lines


def training_function(outputs: Sequence[Expression], sizes: Sizes, parameters: int) -> str:
    """`train`: advances each run's state by `steps` updates and stops a run whose parameters stop being finite.

    `failed[n]` is -1 for a run in good order; a run that fails gets the index of the failing step in this call, and
    runs that have failed before are left alone.
    """
    body = _Body(outputs, sizes)
    count = sizes.state
    lines = [
        "if (failed[n] >= 0) continue;",
        f"float* state = states + n * {count};",
        "const float* data = data_of_run[n];",
        "const float* noise = noise_of_run[n];",
        *(f"float state{i} = state[{i}];" for i in range(count)),
        "for (int64_t k = 0; k < steps; k++) {",
        *_inputs(sizes, "k"),
        *body.lines,
        *(f"const float next{i} = {value};" for i, value in enumerate(body.outputs)),
        *(f"state{i} = next{i};" for i in range(count)),
        f"data += {sizes.data_stride};",
        f"noise += {sizes.noise_stride};",
        # a sum is finite only if every term is, short of an overflow that is a divergence as well
        f"if (!std::isfinite({' + '.join(f'state{i}' for i in range(parameters))})) {{ failed[n] = k; break; }}",
        "}",
        *(f"state[{i}] = state{i};" for i in range(count)),
    ]
    arguments = f"float* states, {_INPUTS}, int64_t steps, int64_t* failed"
    head = _HEAD.format(name="train", arguments=arguments, rows=sizes.rows)
    return head + "\n".join(lines) + "\n  }\n}\n"


def reading_function(name: str, outputs: Sequence[Expression], sizes: Sizes) -> str:
    """`name`: writes `outputs` of each run's state to `result`, changing nothing."""
    body = _Body(outputs, sizes)
    lines = [
        f"const float* state = states + n * {sizes.state};",
        "const float* data = data_of_run[n];",
        "const float* noise = noise_of_run[n]; (void)noise;",
        *(f"const float state{i} = state[{i}]; (void)state{i};" for i in range(sizes.state)),
        *_inputs(sizes, "0"),
        *body.lines,
        *(f"result[n * {len(outputs)} + {i}] = {value};" for i, value in enumerate(body.outputs)),
    ]
    arguments = f"const float* states, {_INPUTS}, float* result"
    head = _HEAD.format(name=name, arguments=arguments, rows=sizes.rows)
    return head + "\n".join(lines) + "\n  }\n}\n"
