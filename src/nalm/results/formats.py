"""A summary as text: a table to read, CSV, JSON, LaTeX."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from rich import box
from rich.console import Console
from rich.table import Table

from nalm.errors import InputError, did_you_mean
from nalm.results.latex import latex_table
from nalm.results.summary import Group, group_parameters, summary_frame

Format = Literal["table", "csv", "json", "latex"]


def render(groups: Sequence[Group], to: str = "table") -> str:
    """Return a summary as text that ends in a line break.

    Args:
        groups: a summary.
        to: "table" (plain text, as wide as it needs), "csv" (full precision), "json" (the public contract) or
            "latex".

    Raises:
        InputError: another format.
    """
    if to == "json":
        return json.dumps(list(groups), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if to == "csv":
        return summary_frame(groups).write_csv()
    if to == "latex":
        return latex_table(groups)
    if to == "table":
        return _plain(table(groups))
    formats = get_args(Format)
    raise InputError(f"unknown format {to!r}{did_you_mean(to, formats)} (one of {', '.join(formats)})")


def table(groups: Sequence[Group]) -> Table:
    """Return a summary as a table for a terminal: counts, and means with their 95 % intervals in brackets.

    Columns that hold the same value throughout (and the extrapolation range, which follows from the
    interpolation range) are left out.
    """
    keys = ["unit", "operation", "interpolation_range", "extrapolation_range", *group_parameters(groups)]
    shown = [
        key
        for key in keys
        if key in ("unit", "interpolation_range") or len({_text(group.get(key)) for group in groups}) > 1
    ]
    pairs = {(group["interpolation_range"], group["extrapolation_range"]) for group in groups}
    if "extrapolation_range" in shown and len(pairs) == len({inside for inside, _ in pairs}):
        shown.remove("extrapolation_range")
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key in shown:
        view.add_column(key.replace("_", " "), no_wrap=True)
    for title in ("solved", "success rate, %", "solved at, step", "sparsity error"):
        view.add_column(title, justify="right", no_wrap=True)
    previous: str | None = None
    for group in groups:
        if previous not in (None, group["unit"]):
            view.add_section()
        previous = group["unit"]
        view.add_row(
            *(_text(group.get(key)) for key in shown),
            f"{group['solved']}/{group['runs']}",
            _interval(group["success_rate"], lambda rate: f"{100 * rate:.0f}"),
            _interval(group["solved_at"], lambda step: f"{step:,.0f}"),
            _interval(group["sparsity_error"], _scientific),
        )
    return view


def _plain(view: Table) -> str:
    buffer = io.StringIO()
    console = Console(file=buffer, width=1000, color_system=None, legacy_windows=False)
    console.print(view)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _text(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _interval(entry: dict[str, float | None], text: Callable[[float], str]) -> str:
    if entry["mean"] is None:
        return "-"
    if entry["lower"] is None or entry["upper"] is None:
        return text(entry["mean"])
    return f"{text(entry['mean'])} [{text(entry['lower'])}, {text(entry['upper'])}]"
