from __future__ import annotations

import pytest

from nalm.training.kernel.expressions import Expression, Graph, ordered


@pytest.fixture
def graph() -> Graph:
    return Graph()


def test_equal_expressions_are_one_object(graph: Graph) -> None:
    x, y = graph.leaf("state", 0), graph.leaf("state", 1)
    assert graph.apply("mul", x, y) is graph.apply("mul", x, y)
    assert graph.apply("mul", x, y) is not graph.apply("mul", y, x)


def test_constants_fold_in_float32(graph: Graph) -> None:
    folded = graph.apply("add", graph.constant(1.0), graph.constant(2.0**-30))
    assert folded.constant == 1.0


def test_signed_zeros_stay_apart(graph: Graph) -> None:
    assert graph.constant(0.0) is not graph.constant(-0.0)


@pytest.mark.parametrize(
    ("op", "left", "right"), [("add", 0.0, None), ("add", None, 0.0), ("mul", 1.0, None), ("div", None, 1.0)]
)
def test_neutral_elements_vanish(graph: Graph, op: str, left: float | None, right: float | None) -> None:
    x = graph.leaf("state", 0)
    args = [x if value is None else graph.constant(value) for value in (left, right)]
    assert graph.apply(op, *args) is x


def test_levels_count_the_passes_over_the_batch(graph: Graph) -> None:
    x = graph.leaf("data", 0, ("batch",))
    total = graph.sum(x, "batch", 8)
    centred = graph.apply("sub", x, total)
    squares = graph.sum(graph.apply("mul", centred, centred), "batch", 8)
    assert (x.level, total.level, centred.level, squares.level) == (0, 1, 1, 2)
    assert [bool(e.axes) for e in (x, total, centred, squares)] == [True, False, True, False]


def test_the_sum_of_a_scalar_over_the_batch_is_a_product(graph: Graph) -> None:
    total = graph.sum(graph.leaf("state", 0), "batch", 8)
    assert total.op == "mul"
    assert total.args[1].constant == 8.0


def test_truth_values_become_numbers_in_arithmetic(graph: Graph) -> None:
    x = graph.leaf("state", 0)
    product = graph.apply("mul", graph.apply("gt", x, graph.constant(0.5)), x)
    assert product.args[0].op == "float"


def test_order_puts_arguments_first_and_leaves_known_ones_out(graph: Graph) -> None:
    x = graph.leaf("state", 0)
    a = graph.apply("exp", x)
    b = graph.apply("mul", a, x)
    assert ordered([b]) == [x, a, b]
    assert ordered([b], known=[a]) == [x, b]


def test_deep_chains_need_no_recursion(graph: Graph) -> None:
    node: Expression = graph.leaf("state", 0)
    for _ in range(5000):
        node = graph.apply("exp", node)
    assert len(ordered([node])) == 5001
