"""C++ for a graph of scalar expressions: rows of the batch in vector lanes, everything else in registers.

One generated function handles its runs one after the other, so that a run's arithmetic cannot depend on its companions.
Vectors are PyTorch's own `at::vec::Vectorized<float>`. The inputs of a wide layer are a second axis: products of data
and weights are summed in nested loops, and what exists once per weight (its gradient, the optimiser) in loops over
the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import cast

from nalm.training.kernel.expressions import Axes, Axis, Expression, ordered
from nalm.training.kernel.printer import FUNCTIONS

PRELUDE = files("nalm.training.kernel").joinpath("kernel.hpp").read_text()


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
    wide: int | None = None

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


_BATCH: Axes = frozenset({"batch"})
_WIDE: Axes = frozenset({"wide"})
_BOTH: Axes = _BATCH | _WIDE
# element count and loop variable of each axis
_COUNT: dict[Axis, str] = {"batch": "B", "wide": "F"}
_INDEX: dict[Axis, str] = {"batch": "b", "wide": "f"}
# vectors of the batch, and weights, that a nested loop holds in registers at a time
_TILE, _WEIGHTS = 5, 4


@dataclass
class _Loop:
    """A loop over one axis: it computes `nodes`, keeps those in `kept` in memory, and adds up `sums`."""

    axis: Axis
    nodes: list[Expression]
    sums: list[Expression]
    kept: dict[int, Expression] = field(default_factory=dict)


class _Body:
    """The statements that compute `outputs` from one step's inputs."""

    def __init__(self, outputs: Sequence[Expression], assigned: Sequence[tuple[Expression, int]] = ()) -> None:
        self._order = ordered(outputs)
        self._assigned = assigned
        self._made: dict[int, _Loop] = {}
        self._parts: list[_Loop | list[Expression] | int] = [0]
        for level in range(1, 1 + max((node.level for node in self._order), default=0)):
            self._plan_level(level)
            self._parts.append(level)
        # the state of wide weights is overwritten last, when nothing reads the old one any more
        self._final = self._plan_loop("wide", [node for node, _ in assigned], []) if assigned else None
        self.lines: list[str] = []
        for part in self._parts:
            if isinstance(part, _Loop):
                self._emit_loop(part)
            elif isinstance(part, int):
                self._emit_scalars(part)
            else:
                self._emit_nested(part)

    # Planning: which loops there are, and what they leave in memory for later ones

    def _plan_level(self, level: int) -> None:
        roots = [node for node in self._order if node.op.startswith("sum ") and node.level == level]
        both = [root for root in roots if root.args[0].axes == _BOTH]
        inner = [node for node in ordered(root.args[0] for root in both) if node.axes == _BOTH]
        operands = {arg.index: arg for node in inner for arg in node.args if arg.op != "leaf"}
        for axis, axes in (("batch", _BATCH), ("wide", _WIDE)):
            needed = [node for node in operands.values() if node.axes == axes and not self._in_memory(node)]
            if needed:
                self._plan_loop(cast(Axis, axis), needed, [])
        for op in ("sum wide", "sum batch"):
            if group := [root for root in both if root.op == op]:
                self._parts.append(group)
        for axis, axes in (("batch", _BATCH), ("wide", _WIDE)):
            if sums := [root for root in roots if root.args[0].axes == axes]:
                self._plan_loop(cast(Axis, axis), [], sums)

    def _in_memory(self, node: Expression) -> bool:
        """Whether an earlier loop leaves `node` in memory; if it only computes it, it is told to."""
        if node.op in ("sum wide", "sum batch"):
            return True
        loop = self._made.get(node.index)
        if loop is not None:
            loop.kept[node.index] = node
        return loop is not None

    def _plan_loop(self, axis: Axis, kept: list[Expression], sums: list[Expression]) -> _Loop:
        axes = frozenset({axis})
        targets = [*kept, *(root.args[0] for root in sums)]
        nodes = [
            n for n in self._reach(targets, axes) if n.axes == axes and n.op != "leaf" and not n.op.startswith("sum ")
        ]
        loop = _Loop(axis, nodes, sums, {node.index: node for node in kept})
        self._made.update((node.index, loop) for node in nodes)
        self._parts.append(loop)
        return loop

    def _reach(self, targets: list[Expression], axes: Axes) -> list[Expression]:
        """What `targets` need and no earlier loop has made; what one has made it is told to keep."""
        known = [node for node in ordered(targets) if node.index in self._made]
        found = ordered(targets, known)
        used = {arg.index: arg for node in (*found, *targets) for arg in (*node.args, node)}
        for node in known:
            if node.index in used and node.axes == axes:
                self._in_memory(node)
        return found

    # Emission

    @staticmethod
    def scalar(node: Expression) -> str:
        """A scalar's name, or its value."""
        if node.op == "constant":
            assert node.constant is not None
            return _literal(node.constant)
        if node.op == "leaf":
            kind, index = cast(tuple[str, int], node.value)
            return f"{kind}{index}"
        return f"k{node.index}"

    def _emit_scalars(self, level: int) -> None:
        for node in self._order:
            if node.axes or node.level != level or node.op in ("constant", "leaf") or node.op.startswith("sum "):
                continue
            kind = "bool" if node.boolean else "float"
            value = FUNCTIONS[node.op].scalar.format(*(self.scalar(arg) for arg in node.args))
            self.lines.append(f"const {kind} k{node.index} = {value};")

    @staticmethod
    def _address(node: Expression) -> str:
        """Where the elements of a leaf or of a node kept in memory begin."""
        if node.op != "leaf":
            return f"kept{node.index}"
        kind, index = cast(tuple[str, int], node.value)
        return f"{kind} + {index}" if node.axes == _WIDE else f"{kind} + {index} * B"

    def _broadcast(self, node: Expression, hoisted: dict[str, str]) -> str:
        """A scalar as a vector made before the loop."""
        scalar = self.scalar(node)
        hoisted[f"w{node.index}"] = f"({scalar} ? TRUE : ZERO)" if node.boolean else f"V({scalar})"
        return f"w{node.index}"

    def _emit_loop(self, loop: _Loop) -> None:
        count, index = _COUNT[loop.axis], _INDEX[loop.axis]
        computed = {node.index for node in loop.nodes}
        hoisted: dict[str, str] = {}
        loads: dict[str, str] = {}

        def vector(node: Expression) -> str:
            if not node.axes:
                return self._broadcast(node, hoisted)
            if node.index not in computed:
                loads[f"v{node.index}"] = f"load<{count}>({self._address(node)}, {index})"
            return f"v{node.index}"

        body = []
        for node in loop.nodes:
            value = FUNCTIONS[node.op].vector.format(*(vector(arg) for arg in node.args))
            body.append(f"const V v{node.index} = {value};")
            if node.index in loop.kept and loop is not self._final:
                body.append(f"v{node.index}.store(kept{node.index} + {index});")
        sums = [
            f"a{root.index} = a{root.index} + inside<{count}>({vector(root.args[0])}, {index});" for root in loop.sums
        ]
        assigned = []
        if loop is self._final:
            assigned = [f"store<F>({vector(node)}, state + {start}, f);" for node, start in self._assigned]
        if loop is not self._final:
            self.lines += [f"alignas(64) float kept{i}[padded<{count}>];" for i in loop.kept]
        scope = [f"const V {name} = {value};" for name, value in hoisted.items()]
        scope.append(f"for (int64_t {index} = 0; {index} < {count}; {index} += W) {{")
        scope += [f"const V {name} = {value};" for name, value in loads.items()]
        self.lines += [f"V a{root.index}(0.0f);" for root in loop.sums]
        self.lines += ["{", *scope, *body, *sums, *assigned, "}", "}"]
        self.lines += [f"const float k{root.index} = total(a{root.index});" for root in loop.sums]

    def _emit_nested(self, roots: list[Expression]) -> None:
        nodes = [n for n in ordered(root.args[0] for root in roots) if n.axes == _BOTH and n.op != "leaf"]
        over_wide = roots[0].op == "sum wide"
        hoisted: dict[str, str] = {}
        per_weight: dict[str, str] = {}
        per_row: dict[str, str] = {}
        inner: dict[str, str] = {}
        weight = "f" if over_wide else "(f + u)"
        row = "(b + u * W)" if over_wide else "b"

        def vector(node: Expression) -> str:
            if not node.axes:
                return self._broadcast(node, hoisted)
            name = f"v{node.index}"
            if node.axes == _WIDE:
                per_weight[name] = f"V(({self._address(node)})[{weight}])"
            elif node.axes == _BATCH:
                per_row[name] = f"load<B>({self._address(node)}, {row})"
            elif node.op == "leaf":
                kind, index = cast(tuple[str, int], node.value)
                inner[name] = f"load<B>({kind} + ({index} + {weight}) * B, {row})"
            return name

        body = []
        for node in nodes:
            value = FUNCTIONS[node.op].vector.format(*(vector(arg) for arg in node.args))
            body.append(f"const V v{node.index} = {value};")
        for root in roots:
            term = vector(root.args[0])
            term = term if over_wide else f"inside<B>({term}, b)"
            body.append(f"a{root.index}[u] = a{root.index}[u] + {term};")
        size = "padded<B>" if over_wide else "padded<F>"
        self.lines += [f"alignas(64) float kept{root.index}[{size}];" for root in roots]
        self.lines += ["{", *(f"const V {name} = {value};" for name, value in hoisted.items())]
        accumulators = [f"V a{root.index}[U]; for (auto& a : a{root.index}) a = ZERO;" for root in roots]
        of_weight, of_row, own = (
            [f"const V {name} = {value};" for name, value in group.items()] for group in (per_weight, per_row, inner)
        )
        if over_wide:
            self.lines += [
                f"constexpr int64_t U = tile<B>({_TILE});",
                "for (int64_t b = 0; b < B; b += U * W) {",
                *accumulators,
                "for (int64_t f = 0; f < F; f++) {",
                *of_weight,
                "for (int64_t u = 0; u < U; u++) {",
                *of_row,
            ]
            stored = [f"a{root.index}[u].store(kept{root.index} + b + u * W);" for root in roots]
        else:
            self.lines += [
                f"constexpr int64_t U = F % {_WEIGHTS} == 0 ? {_WEIGHTS} : 1;",
                "for (int64_t f = 0; f < F; f += U) {",
                *accumulators,
                "for (int64_t b = 0; b < B; b += W) {",
                *of_row,
                "for (int64_t u = 0; u < U; u++) {",
                *of_weight,
            ]
            stored = [f"kept{root.index}[f + u] = total(a{root.index}[u]);" for root in roots]
        self.lines += [*own, *body, "}", "}", "for (int64_t u = 0; u < U; u++) {", *stored, "}", "}", "}"]


_HEAD = """\
extern "C" void {name}({arguments}) {{
  constexpr int64_t B = {rows}, F = {wide};
  const V ONE(1.0f), ZERO(0.0f), TRUE = (ZERO == ZERO);
  (void)ONE; (void)TRUE; (void)F;
  for (int64_t n = 0; n < runs; n++) {{
"""

# `prepare`, if given, makes the data of a step from what `data_of_run` points to
_INPUTS = (
    "const float* run_table, const float* schedule_table, const float* (*prepare)(const void*, int64_t), "
    "int64_t start, const float* const* data_of_run, const float* const* noise_of_run, int64_t runs"
)


def _inputs(sizes: Sizes, step: str) -> list[str]:
    lines = [f"const float run{i} = run_table[n * {sizes.run} + {i}]; (void)run{i};" for i in range(sizes.run)]
    lines += [
        f"const float schedule{i} = schedule_table[({step}) * {sizes.schedule} + {i}]; (void)schedule{i};"
        for i in range(sizes.schedule)
    ]
    lines += [f"const float noise{i} = noise[{sizes.noise_lanes * sizes.rows + i}];" for i in range(sizes.noise)]
    return lines


def _head(name: str, arguments: str, sizes: Sizes) -> str:
    return _HEAD.format(name=name, arguments=arguments, rows=sizes.rows, wide=sizes.wide or 1)


@dataclass(frozen=True)
class Place:
    """Where in the state one output goes: `count` numbers from `start` on."""

    start: int
    count: int


def training_function(outputs: Sequence[Expression], places: Sequence[Place], sizes: Sizes, checked: int) -> str:
    """`train`: advances each run's state by `steps` updates and stops a run whose network stops being finite.

    `failed[n]` is -1 for a run in good order; a run that fails gets the index of the failing step in this call, and
    runs that have failed before are left alone. The first `checked` numbers of the state are those of the network.
    """
    single = [(node, place.start) for node, place in zip(outputs, places, strict=True) if place.count == 1]
    wide = [(node, place.start) for node, place in zip(outputs, places, strict=True) if place.count > 1]
    body = _Body(outputs, [item for item in wide if item[0].axes])
    flat = [(body.scalar(node), start) for node, start in wide if not node.axes]
    # a sum is finite only if every term is, short of an overflow that is a divergence as well
    check = [f"state{start}" for _, start in single if start < checked]
    lines = [
        "if (failed[n] >= 0) continue;",
        f"float* state = states + n * {sizes.state};",
        "const float* noise = noise_of_run[n];",
        *(f"float state{i} = state[{i}];" for _, i in single),
        "for (int64_t k = 0; k < steps; k++) {",
        f"const float* data = prepare ? prepare(data_of_run[n], start + k) : data_of_run[n] + k * {sizes.data_stride};",
        *_inputs(sizes, "k"),
        *body.lines,
        *(f"for (int64_t f = 0; f < F; f++) state[{start} + f] = {value};" for value, start in flat),
        *(f"const float next{i} = {body.scalar(node)};" for node, i in single),
        *(f"state{i} = next{i};" for _, i in single),
        f"noise += {sizes.noise_stride};",
        "V finite = ZERO;",
        *(
            f"for (int64_t f = 0; f < F; f += W) finite = finite + inside<F>(load<F>(state + {start}, f), f);"
            for _, start in wide
            if start < checked
        ),
        f"if (!std::isfinite({' + '.join(['total(finite)'] * any(s < checked for _, s in wide) + check)})) "
        "{ failed[n] = k; break; }",
        "}",
        *(f"state[{i}] = state{i};" for _, i in single),
    ]
    arguments = f"float* states, {_INPUTS}, int64_t steps, int64_t* failed"
    return _head("train", arguments, sizes) + "\n".join(lines) + "\n  }\n}\n"


def reading_function(name: str, outputs: Sequence[Expression], sizes: Sizes) -> str:
    """`name`: writes `outputs` of each run's state to `result`, changing nothing.

    The data of a run may be `chunks` equal parts one after the other; the results are then means over them.
    """
    body = _Body(outputs)
    used = {node.value for node in ordered(outputs) if node.op == "leaf" and not node.axes}
    lines = [
        f"const float* state = states + n * {sizes.state}; (void)state;",
        "const float* noise = noise_of_run[n]; (void)noise;",
        *(f"const float state{i} = state[{i}];" for i in range(sizes.state) if ("state", i) in used),
        *_inputs(sizes, "0"),
        f"double means[{len(outputs)}] = {{}};",
        "for (int64_t c = 0; c < chunks; c++) {",
        f"const float* data = prepare ? prepare(data_of_run[n], start) : data_of_run[n] + c * {sizes.data_stride};",
        "(void)data;",
        *body.lines,
        *(f"means[{i}] += {body.scalar(node)};" for i, node in enumerate(outputs)),
        "}",
        f"for (int64_t i = 0; i < {len(outputs)}; i++) result[n * {len(outputs)} + i] = means[i] / chunks;",
    ]
    arguments = f"const float* states, {_INPUTS}, int64_t chunks, float* result"
    return _head(name, arguments, sizes) + "\n".join(lines) + "\n  }\n}\n"
