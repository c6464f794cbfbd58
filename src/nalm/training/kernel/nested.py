"""Loops over the rows of the batch and the inputs of a wide layer, one within the other, in C++.

Sums and products over the inputs are computed for a tile of rows at a time; sums over the rows for some weights at a
time. The gradient of a product needs, for each factor, the product of all others: a sweep over the inputs keeps the
running product from the left, one back carries that from the right.
"""

from __future__ import annotations

from collections.abc import Sequence

from nalm.training.kernel.expressions import OTHERS, Expression, ordered
from nalm.training.kernel.naming import BATCH, BOTH, WIDE, address, broadcast, defined, leaf_of
from nalm.training.kernel.printer import FUNCTIONS

# vectors of the batch, and weights, that a loop holds in registers at a time, for one or a few results
_TILE, _WEIGHTS = 5, 4
# vectors of the batch that a sweep carries at a time: what it keeps of them stays in the first-level cache
_SWEPT = 2
# results of one loop, and vectors that they may take
_MOST_ROOTS, _MOST_VECTORS = 12, 24


def nested_loops(roots: Sequence[Expression], products: bool) -> list[str]:
    """Return the statements for `roots` of one level, reductions of values that have both axes.

    Args:
        roots: what is computed.
        products: whether there are any in the network.
    """
    lines: list[str] = []
    plain: dict[bool, list[Expression]] = {True: [], False: []}
    swept: dict[frozenset[int], list[Expression]] = {}
    for root in roots:
        found = frozenset(node.index for node in _computed([root]) if node.op in OTHERS)
        if found:
            swept.setdefault(found, []).append(root)
        else:
            plain[root.op != "sum batch"].append(root)
    for over_wide, group in plain.items():
        # how a compiler fuses operations depends on the loops, so that those without products stay as they were
        most = _MOST_ROOTS if products else max(1, len(group))
        for start in range(0, len(group), most):
            part = group[start : start + most]
            held = min(most, len(part)) if products else 1
            lines += _over_wide(part, held) if over_wide else _over_batch(part, held)
    for group in swept.values():
        lines += _sweep(group)
    return lines


def _computed(roots: Sequence[Expression]) -> list[Expression]:
    """Return what has both axes and is computed for `roots`, each after its arguments."""
    return [n for n in ordered(root.args[0] for root in roots) if n.axes == BOTH and n.op != "leaf"]


class _Names:
    """The vectors of a loop, and where each is defined.

    Args:
        weight: index of the input.
        row: index of the row.
    """

    def __init__(self, weight: str, row: str) -> None:
        self._weight, self._row = weight, row
        self.hoisted: dict[str, str] = {}
        self.per_weight: dict[str, str] = {}
        self.per_row: dict[str, str] = {}
        self.per_pair: dict[str, str] = {}

    def vector(self, node: Expression) -> str:
        """Return the name of a node's vector."""
        if not node.axes:
            return broadcast(node, self.hoisted)
        name = f"v{node.index}"
        if node.axes == WIDE:
            self.per_weight[name] = f"V(({address(node)})[{self._weight}])"
        elif node.axes == BATCH:
            self.per_row[name] = f"load<B>({address(node)}, {self._row})"
        elif node.op == "leaf":
            kind, index = leaf_of(node)
            self.per_pair[name] = f"load<B>({kind} + ({index} + {self._weight}) * B, {self._row})"
        return name

    def statements(self, nodes: Sequence[Expression]) -> list[str]:
        """Return the statements that compute `nodes`."""
        lines = []
        for node in nodes:
            if node.op in OTHERS:
                factor = self.vector(node.args[0])
                lines.append(
                    f"const V v{node.index} = V::loadu(before{node.index} + (f * U + u) * W) * p{node.index}[u];"
                )
                lines.append(f"p{node.index}[u] = p{node.index}[u] * {factor};")
            else:
                value = FUNCTIONS[node.op].vector.format(*(self.vector(arg) for arg in node.args))
                lines.append(f"const V v{node.index} = {value};")
        return lines


def _vectors(most: int, roots: int) -> int:
    return max(1, min(most, _MOST_VECTORS // roots))


def _is_product(root: Expression) -> bool:
    return root.op == "product wide"


def _accumulators(root: Expression) -> str:
    neutral = "ONE" if _is_product(root) else "ZERO"
    return f"V a{root.index}[U]; for (auto& a : a{root.index}) a = {neutral};"


def _over_wide(roots: Sequence[Expression], held: int) -> list[str]:
    names = _Names("f", "(b + u * W)")
    body = names.statements(_computed(roots))
    for root in roots:
        sign = "*" if _is_product(root) else "+"
        body.append(f"a{root.index}[u] = a{root.index}[u] {sign} {names.vector(root.args[0])};")
    return [
        *(f"alignas(64) float kept{root.index}[padded<B>];" for root in roots),
        *["{", *defined(names.hoisted)],
        f"constexpr int64_t U = tile<B>({_vectors(_TILE, held)});",
        "for (int64_t b = 0; b < B; b += U * W) {",
        *(_accumulators(root) for root in roots),
        "for (int64_t f = 0; f < F; f++) {",
        *defined(names.per_weight),
        "for (int64_t u = 0; u < U; u++) {",
        *defined(names.per_row),
        *defined(names.per_pair),
        *body,
        *["}", "}", "for (int64_t u = 0; u < U; u++) {"],
        *(f"a{root.index}[u].store(kept{root.index} + b + u * W);" for root in roots),
        *["}", "}", "}"],
    ]


def _over_batch(roots: Sequence[Expression], held: int) -> list[str]:
    names = _Names("(f + u)", "b")
    body = names.statements(_computed(roots))
    body += [f"a{root.index}[u] = a{root.index}[u] + inside<B>({names.vector(root.args[0])}, b);" for root in roots]
    weights = 1 << _vectors(_WEIGHTS, held).bit_length() - 1
    return [
        *(f"alignas(64) float kept{root.index}[padded<F>];" for root in roots),
        *["{", *defined(names.hoisted)],
        f"constexpr int64_t U = F % {weights} == 0 ? {weights} : 1;",
        "for (int64_t f = 0; f < F; f += U) {",
        *(_accumulators(root) for root in roots),
        "for (int64_t b = 0; b < B; b += W) {",
        *defined(names.per_row),
        "for (int64_t u = 0; u < U; u++) {",
        *defined(names.per_weight),
        *defined(names.per_pair),
        *body,
        *["}", "}", "for (int64_t u = 0; u < U; u++) {"],
        *(f"kept{root.index}[f + u] = total(a{root.index}[u]);" for root in roots),
        *["}", "}", "}"],
    ]


def _sweep(roots: Sequence[Expression]) -> list[str]:
    """Return the statements for reductions of what depends on products of all other factors."""
    products = [node for node in _computed(roots) if node.op in OTHERS]
    there, back = _Names("f", "(b + u * W)"), _Names("f", "(b + u * W)")
    forward = there.statements(_computed(products))
    for node in products:
        forward.append(f"p{node.index}[u].store(before{node.index} + (f * U + u) * W);")
        forward.append(f"p{node.index}[u] = p{node.index}[u] * {there.vector(node.args[0])};")
    backward = back.statements(_computed(roots))
    for root in roots:
        term = back.vector(root.args[0])
        if root.op == "sum batch":
            backward.append(f"t{root.index} = t{root.index} + inside<B>({term}, b + u * W);")
        else:
            sign = "*" if _is_product(root) else "+"
            backward.append(f"a{root.index}[u] = a{root.index}[u] {sign} {term};")
    over_batch = [root for root in roots if root.op == "sum batch"]
    over_wide = [root for root in roots if root.op != "sum batch"]
    begin = [f"for (auto& p : p{node.index}) p = ONE;" for node in products]
    return [
        *(f"alignas(64) float kept{root.index}[padded<F>];" for root in over_batch),
        *(f"alignas(64) float kept{root.index}[padded<B>];" for root in over_wide),
        *["{", *defined({**there.hoisted, **back.hoisted})],
        f"constexpr int64_t U = tile<B>({_SWEPT});",
        *(f"alignas(64) float before{node.index}[F * U * W];" for node in products),
        *(f"alignas(64) float sums{root.index}[F * W] = {{}};" for root in over_batch),
        "for (int64_t b = 0; b < B; b += U * W) {",
        *(f"V p{node.index}[U];" for node in products),
        *(_accumulators(root) for root in over_wide),
        *begin,
        "for (int64_t f = 0; f < F; f++) {",
        *defined(there.per_weight),
        "for (int64_t u = 0; u < U; u++) {",
        *defined(there.per_row),
        *defined(there.per_pair),
        *forward,
        *["}", "}"],
        *begin,
        "for (int64_t f = F - 1; f >= 0; f--) {",
        *defined(back.per_weight),
        *(f"V t{root.index} = ZERO;" for root in over_batch),
        "for (int64_t u = 0; u < U; u++) {",
        *defined(back.per_row),
        *defined(back.per_pair),
        *backward,
        "}",
        *(f"(V::loadu(sums{i} + f * W) + t{i}).store(sums{i} + f * W);" for i in (root.index for root in over_batch)),
        "}",
        *(
            f"for (int64_t u = 0; u < U; u++) a{root.index}[u].store(kept{root.index} + b + u * W);"
            for root in over_wide
        ),
        "}",
        *(
            f"for (int64_t f = 0; f < F; f++) kept{i}[f] = total(V::loadu(sums{i} + f * W));"
            for i in (root.index for root in over_batch)
        ),
        "}",
    ]
