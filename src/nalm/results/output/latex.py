"""The LaTeX table of a summary (needs the packages longtable and booktabs)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan
from typing import Any

from nalm.errors import InputError
from nalm.results.collation import collation_key
from nalm.results.output.escaping import printable
from nalm.results.summary import Estimate, Group, StepEstimate, group_parameters
from nalm.results.titles import math_title, operation_title, unit_title
from nalm.tasks import Range

_MEASURES: tuple[tuple[str, str, Callable[[Sequence[float]], float]], ...] = (
    ("success_rate", "Success rate", max),
    ("solved_at", "Solved at", min),
    ("sparsity_error", "Sparsity error", min),
)
_SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "•": r"\textbullet{}",
}


def latex_table(groups: Sequence[Group], label: str | None = None) -> str:
    """Return the table of the papers' appendices (Mistry et al. 2022, appendix of figure 2) as a longtable.

    One row per model and range, sorted by operation, model and range as published. A cell shows the mean with
    the distances to the ends of its 95 % interval; rates in whole percent, the others with one digit after
    the point. Bold is the best of a model over its ranges (of each operation and parameter): the largest
    success rate, the smallest step and error; ties are all bold.

    Args:
        groups: a summary.
        label: for references; by default `benchmark-sltr-` and the operations.

    Raises:
        InputError: there is no group.
    """
    if not groups:
        raise InputError("table: there are no finished runs to show; nalm run trains them")
    operations = sorted({str(group.operation) for group in groups}, key=collation_key)
    parameters = [name for name in group_parameters(groups) if len({str(group.value_of(name)) for group in groups}) > 1]
    rows = sorted(groups, key=lambda group: _place(group, parameters))
    best = _best(rows, parameters)
    columns = ["Operation"] * (len(operations) > 1) + ["Model", *map(_parameter_title, parameters), "Range"]
    header = " & ".join([*map(escape, columns), *(title for _, title, _ in _MEASURES)]) + r" \\"
    caption = _caption(rows, operations)
    lines = [
        r"\begingroup\small\setlength{\tabcolsep}{4pt}",
        rf"\begin{{longtable}}{{{'l' * len(columns)}{'r' * len(_MEASURES)}}}",
        rf"\caption{{{caption}}} \label{{{label or 'benchmark-sltr-' + '-'.join(operations)}}} \\",
        r"\toprule",
        header,
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        header,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
    ]
    previous: str | None = None
    for group in rows:
        model = _series(group, parameters)
        if previous not in (None, model):
            lines.append(r"\addlinespace")
        previous = model
        lines.append(" & ".join(_cells(group, columns, parameters, best[model])) + r" \\")
    return "\n".join([*lines, r"\end{longtable}", r"\endgroup", ""])


def escape(text: str) -> str:
    """Return `text` with LaTeX's special characters escaped."""
    return "".join(_SPECIAL.get(character, character) for character in printable(text))


def percent_cell(mean: float | None, lower: float | None, upper: float | None, bold: bool) -> str:
    """Return a rate as whole percent with the distances to the ends of its interval."""
    return _cell(mean, lower, upper, bold, lambda value: rf"{100 * value:.0f}\%")


def scientific_cell(mean: float | None, lower: float | None, upper: float | None, bold: bool) -> str:
    """Return a number as m.m · 10^e with the distances to the ends of its interval."""
    return _cell(mean, lower, upper, bold, _scientific)


def _cell(
    mean: float | None, lower: float | None, upper: float | None, bold: bool, text: Callable[[float], str]
) -> str:
    if mean is None:
        return "---"
    shown = rf"\mathbf{{{text(mean)}}}" if bold else text(mean)
    if lower is None or upper is None:
        return f"${shown}$"
    return rf"${shown}\,{{}}^{{+{text(upper - mean)}}}_{{-{text(mean - lower)}}}$"


def _scientific(value: float) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def _cells(group: Group, columns: Sequence[str], parameters: Sequence[str], best: dict[str, float]) -> list[str]:
    title = unit_title(group.unit)
    cells = [escape(operation_title(str(group.operation)))] * (columns[0] == "Operation")
    cells += [math_title(title) or escape(title)]
    cells += [escape(_value(group.value_of(name))) for name in parameters]
    cells += [escape(_range_label(group))]
    for key, _, _ in _MEASURES:
        cell = percent_cell if key == "success_rate" else scientific_cell
        estimate: Estimate | StepEstimate = getattr(group, key)
        best_of_all = estimate.mean is not None and estimate.mean == best.get(key)
        cells.append(cell(estimate.mean, estimate.lower, estimate.upper, best_of_all))
    return cells


def _best(rows: Sequence[Group], parameters: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the best mean of each measure for each model; no success is not the best of anything."""
    found: dict[str, dict[str, float]] = {}
    for model in {_series(group, parameters) for group in rows}:
        solved = [group for group in rows if _series(group, parameters) == model and group.solved]
        found[model] = {
            key: choose([mean for group in solved if (mean := getattr(group, key).mean) is not None] or [nan])
            for key, _, choose in _MEASURES
        }
    return found


def _series(group: Group, parameters: Sequence[str]) -> str:
    return repr([group.operation, group.unit, *map(group.value_of, parameters)])


def _place(group: Group, parameters: Sequence[str]) -> tuple[Any, ...]:
    title = unit_title(group.unit)
    values = [_number_or_text(group.value_of(name)) for name in parameters]
    return (
        collation_key(str(group.operation)),
        collation_key(math_title(title) or title),
        values,
        collation_key(_range_label(group)),
    )


def _number_or_text(value: Any) -> tuple[int, Any]:
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))


def _range_label(group: Group) -> str:
    text = group.interpolation_range
    return "---" if text is None else Range.parse(text).label


def _parameter_title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _value(value: Any) -> str:
    return "---" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _caption(rows: Sequence[Group], operations: Sequence[str]) -> str:
    task = escape(", ".join(operation_title(operation).lower() for operation in operations))
    counts = sorted({group.runs for group in rows})
    seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}" if counts else "no"
    return (
        f"Results for {task} with {seeds} seeds per row: success rate, iteration step at which the task was "
        r"solved, and sparsity error of the solved runs, each with its 95\% confidence interval. "
        "Bold: best of a model over its ranges."
    )
