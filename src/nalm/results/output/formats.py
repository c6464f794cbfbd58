"""A summary as text: a table to read, CSV, JSON, LaTeX."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from rich.console import Console
from rich.table import Table

from nalm._screen import Column, fitted
from nalm.errors import InputError, did_you_mean
from nalm.results.output.escaping import csv_text, json_value, printable
from nalm.results.output.latex import latex_table
from nalm.results.summary import Estimate, Group, StepEstimate, group_parameters, summary_frame

Format = Literal["table", "csv", "json", "latex"]

# plain text is as wide as it needs
_WIDE = 1000


def render(groups: Sequence[Group], to: str = "table", label: str | None = None) -> str:
    """Return a summary as text that ends in a line break.

    Args:
        groups: a summary.
        to: "table" (plain text, as wide as it needs), "csv" (full precision), "json" (the public contract) or
            "latex".
        label: of the LaTeX table, such as the name of the study.

    Raises:
        InputError: another format, or no group for LaTeX.
    """
    if to == "json":
        content = [json_value(dict(group)) for group in groups]
        return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if to == "csv":
        return csv_text(summary_frame(groups))
    if to == "latex":
        return latex_table(groups, label)
    if to == "table":
        return _plain(table(groups)[0])
    formats = get_args(Format)
    raise InputError(f"unknown format {to!r}{did_you_mean(to, formats)} (one of {', '.join(formats)})")


def table(groups: Sequence[Group], width: int = _WIDE) -> tuple[Table, list[str]]:
    """Return a summary as a table for a terminal, see `table_cells`, and the columns for which `width` has no room."""
    labels, names, rows = table_cells(groups)
    columns = [Column(name, right=index >= labels, key=index <= labels) for index, name in enumerate(names)]
    return fitted(columns, rows, width, ruled=True, sections=True)


def table_cells(
    groups: Sequence[Group],
) -> tuple[int, tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return a summary as texts: counts, and means with their 95 % intervals in brackets.

    Columns that hold the same value throughout (and the extrapolation range, where it follows from the
    interpolation range) are left out.

    Returns:
        How many columns are labels, the names of all columns, and the rows.
    """
    shown = _shown_keys(groups)
    columns = [key.replace("_", " ") for key in shown]
    if all(group.solved is None for group in groups) and groups:
        # no threshold: runs and metrics are all there is
        columns += ["runs", "epochs"]
        measures = [[str(group.runs), "-" if group.epochs is None else str(group.epochs)] for group in groups]
    else:
        columns += ["solved", "success rate, %", "solved at, step", "sparsity error"]
        measures = [_measures(group) for group in groups]
    metrics = [name for name in _METRICS if any(name in (group.metrics or ()) for group in groups)]
    columns += [_METRICS[name] for name in metrics]
    rows = [
        (*(_text(group.value_of(key)) for key in shown), *cells, *(_metric(group, name) for name in metrics))
        for group, cells in zip(groups, measures, strict=True)
    ]
    return len(shown), tuple(columns), tuple(rows)


# metrics of the digit tasks that a table shows; CSV and JSON have all
_METRICS = {
    "test_output_error": "test error",
    "test_output_rounded_accuracy": "test accuracy (rounded), %",
    "test_label_1_rounded_accuracy": "left label, %",
    "test_label_2_rounded_accuracy": "right label, %",
    "test_error": "test error",
    "test_last_accuracy": "accuracy of the last output, %",
}


def _metric(group: Group, name: str) -> str:
    interval = (group.metrics or {}).get(name)
    if interval is None:
        return "-"
    return _interval(interval, _scientific if name.endswith("_error") else lambda share: f"{100 * share:.1f}")


def _measures(group: Group) -> list[str]:
    solved = "-" if group.solved is None else group.solved
    return [
        f"{solved}/{group.runs}",
        _interval(group.success_rate, lambda rate: f"{100 * rate:.0f}"),
        _interval(group.solved_at, lambda step: f"{step:,.0f}"),
        _interval(group.sparsity_error, _scientific),
    ]


def _shown_keys(groups: Sequence[Group]) -> list[str]:
    keys = ["unit", "operation", "interpolation_range", "extrapolation_range", *group_parameters(groups)]
    ranges = any(group.interpolation_range is not None for group in groups)
    always = ("unit", "interpolation_range") if ranges else ("unit",)
    shown = [key for key in keys if key in always or len({_text(group.value_of(key)) for group in groups}) > 1]
    pairs = {(group.interpolation_range, group.extrapolation_range) for group in groups}
    if "extrapolation_range" in shown and len(pairs) == len({inside for inside, _ in pairs}):
        shown.remove("extrapolation_range")
    return shown


def _plain(view: Table) -> str:
    buffer = io.StringIO()
    console = Console(file=buffer, width=_WIDE, color_system=None, legacy_windows=False)
    console.print(view)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else printable(str(value))


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _interval(estimate: Estimate | StepEstimate, text: Callable[[float], str]) -> str:
    if estimate.mean is None:
        return "-"
    if estimate.lower is None or estimate.upper is None:
        return text(estimate.mean)
    return f"{text(estimate.mean)} [{text(estimate.lower)}, {text(estimate.upper)}]"
