"""The statements of one step: which loops there are, what each computes and what it leaves for later ones.

The inputs of a wide layer are a second axis beside the rows of the batch: what is summed or multiplied over data and
weights is computed in nested loops, and what exists once per weight (its gradient, the optimiser) in loops over the
weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from nalm.training.kernel.expressions import REDUCTIONS, Axes, Axis, Expression, ordered
from nalm.training.kernel.naming import BATCH, BOTH, COUNT, INDEX, WIDE, address, broadcast, defined, scalar
from nalm.training.kernel.nested import nested_loops
from nalm.training.kernel.printer import FUNCTIONS


@dataclass
class _Loop:
    """A loop over one axis: it computes `nodes`, keeps those in `kept` in memory, and adds up `sums`."""

    axis: Axis
    nodes: list[Expression]
    sums: list[Expression]
    kept: dict[int, Expression] = field(default_factory=dict)


class Body:
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
        products = any(node.op == "product wide" for node in self._order)
        for part in self._parts:
            if isinstance(part, _Loop):
                self._emit_loop(part)
            elif isinstance(part, int):
                self._emit_scalars(part)
            else:
                self.lines += nested_loops(part, products)

    # Planning: which loops there are, and what they leave in memory for later ones

    def _plan_level(self, level: int) -> None:
        roots = [node for node in self._order if node.op in REDUCTIONS and node.level == level]
        both = [root for root in roots if root.args[0].axes == BOTH]
        inner = [node for node in ordered(root.args[0] for root in both) if node.axes == BOTH]
        operands = {arg.index: arg for node in inner for arg in node.args if arg.op != "leaf"}
        for axis, axes in (("batch", BATCH), ("wide", WIDE)):
            needed = [node for node in operands.values() if node.axes == axes and not self._in_memory(node)]
            if needed:
                self._plan_loop(cast(Axis, axis), needed, [])
        if both:
            self._parts.append(both)
        for axis, axes in (("batch", BATCH), ("wide", WIDE)):
            if sums := [root for root in roots if root.args[0].axes == axes]:
                self._plan_loop(cast(Axis, axis), [], sums)

    def _in_memory(self, node: Expression) -> bool:
        """Whether an earlier loop leaves `node` in memory; if it only computes it, it is told to."""
        if node.op in REDUCTIONS:
            return True
        loop = self._made.get(node.index)
        if loop is not None:
            loop.kept[node.index] = node
        return loop is not None

    def _plan_loop(self, axis: Axis, kept: list[Expression], sums: list[Expression]) -> _Loop:
        axes = frozenset({axis})
        targets = [*kept, *(root.args[0] for root in sums)]
        nodes = [n for n in self._reach(targets, axes) if n.axes == axes and n.op != "leaf" and n.op not in REDUCTIONS]
        loop = _Loop(axis, nodes, sums, {node.index: node for node in kept})
        self._made.update((node.index, loop) for node in nodes)
        self._parts.append(loop)
        return loop

    def _reach(self, targets: list[Expression], axes: Axes) -> list[Expression]:
        """Return what `targets` need and no earlier loop has made; what one has made it is told to keep."""
        known = [node for node in ordered(targets) if node.index in self._made]
        found = ordered(targets, known)
        used = {arg.index: arg for node in (*found, *targets) for arg in (*node.args, node)}
        for node in known:
            if node.index in used and node.axes == axes:
                self._in_memory(node)
        return found

    # Emission

    def _emit_scalars(self, level: int) -> None:
        for node in self._order:
            if node.axes or node.level != level or node.op in ("constant", "leaf") or node.op in REDUCTIONS:
                continue
            kind = "bool" if node.boolean else "float"
            value = FUNCTIONS[node.op].scalar.format(*(scalar(arg) for arg in node.args))
            self.lines.append(f"const {kind} k{node.index} = {value};")

    def _emit_loop(self, loop: _Loop) -> None:
        count, index = COUNT[loop.axis], INDEX[loop.axis]
        computed = {node.index for node in loop.nodes}
        hoisted: dict[str, str] = {}
        loads: dict[str, str] = {}

        def vector(node: Expression) -> str:
            if not node.axes:
                return broadcast(node, hoisted)
            if node.index not in computed:
                loads[f"v{node.index}"] = f"load<{count}>({address(node)}, {index})"
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
        scope = defined(hoisted)
        scope.append(f"for (int64_t {index} = 0; {index} < {count}; {index} += W) {{")
        scope += defined(loads)
        self.lines += [f"V a{root.index}(0.0f);" for root in loop.sums]
        self.lines += ["{", *scope, *body, *sums, *assigned, "}", "}"]
        self.lines += [f"const float k{root.index} = total(a{root.index});" for root in loop.sums]
