"""What `formulas.py` measured, as tables and as a figure: for a terminal, and for docs/formula-benchmark.md."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from nalm.results.statistics import success_interval
from report import markdown, with_part

PAGE = Path(__file__).parents[1] / "docs" / "formula-benchmark.md"
FIGURE = PAGE.parent / "performance" / "formulas.svg"
_HEADER = ("rival", "recovered", "extrapolates", "false claims", "failures", "median time", "median nodes")

Row = Mapping[str, Any]


def is_findable(row: Row) -> bool:
    """Return whether a row is of a problem whose law is a formula of the family."""
    return bool(row["problem"].isdigit())


def rivals_of(rows: Sequence[Row]) -> list[str]:
    """Return the rivals in order of their first row."""
    return list(dict.fromkeys(row["rival"] for row in rows))


def share(rows: Sequence[Row], key: str) -> str:
    """Return a count with the share's Wilson interval, in percent."""
    true = sum(bool(row[key]) for row in rows)
    rate, lower, upper = (100 * value for value in success_interval(true, len(rows)))
    return "" if math.isnan(rate) else f"{true}/{len(rows)}, {rate:.0f} % [{lower:.0f}, {upper:.0f}]"


def lines(rows: Sequence[Row]) -> list[list[str]]:
    """Return a line per rival."""
    found = []
    for rival in rivals_of(rows):
        own = [row for row in rows if row["rival"] == rival]
        findable = [row for row in own if is_findable(row)]
        nodes = [row["nodes"] for row in own if row["recovered"]]
        found.append(
            [
                rival,
                share(findable, "recovered"),
                share(findable, "extrapolates"),
                f"{sum(row['false_claim'] for row in own)} of {len(own)} tables" if rival == "nalm" else "",
                str(sum(bool(row["failure"]) for row in own)),
                f"{np.median([row['wall_s'] for row in own]):.1f} s",
                f"{np.median(nodes):.0f}" if nodes else "",
            ]
        )
    return found


def summary(rows: Sequence[Row]) -> Table:
    """Lay out the rivals of one budget for a terminal."""
    table = Table(box=None, pad_edge=False)
    for name in _HEADER:
        table.add_column(name, justify="left" if name == "rival" else "right")
    for line in lines(rows):
        table.add_row(*line)
    return table


def problem_table(rows: Sequence[Row]) -> str:
    """Return how often each rival recovered each problem, and what nalm made of it."""
    rivals = rivals_of(rows)
    table = []
    for problem in _problems(rows):
        cells = [
            _counts([row for row in rows if row["problem"] == problem and row["rival"] == rival]) for rival in rivals
        ]
        table.append([problem, *cells])
    return markdown(["problem", *rivals], table)


def _counts(rows: Sequence[Row]) -> str:
    return f"{sum(row['recovered'] for row in rows)}/{len(rows)}" if rows else ""


def _problems(rows: Sequence[Row]) -> list[str]:
    return sorted({row["problem"] for row in rows if is_findable(row)}, key=int)


def failures(rows: Sequence[Row]) -> str:
    """Return the tables whose formula nalm did not recover, with what it said instead."""
    missed = [row for row in rows if row["rival"] == "nalm" and is_findable(row) and not row["recovered"]]
    if not missed:
        return "None.\n"
    table = [
        [row["problem"], str(row["seed"]), f"`{row['expression'][:80]}`", "yes" if row["claim"] else "no"]
        for row in sorted(missed, key=lambda row: (int(row["problem"]), row["seed"]))
    ]
    return markdown(["problem", "seed", "formula instead", "called exact"], table)


def picture(rows: Sequence[Row]) -> bytes:
    """Return the share of recovered formulas by problem and rival as SVG; equal rows give equal bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    rivals, problems = rivals_of(rows), _problems(rows)
    shares = np.full((len(rivals), len(problems)), np.nan)
    for place, rival in enumerate(rivals):
        for column, problem in enumerate(problems):
            own = [row["recovered"] for row in rows if row["rival"] == rival and row["problem"] == problem]
            shares[place, column] = np.mean(own) if own else np.nan
    with matplotlib.rc_context({"svg.hashsalt": "nalm", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(11, 0.6 + 0.32 * len(rivals)), layout="constrained")
        axis = figure.subplots()
        image = axis.pcolormesh(shares, cmap="cividis", vmin=0, vmax=1, edgecolors="white", linewidth=1)
        axis.set_xticks(np.arange(len(problems)) + 0.5, problems)
        axis.set_yticks(np.arange(len(rivals)) + 0.5, rivals)
        axis.invert_yaxis()
        axis.tick_params(length=0)
        axis.set_xlabel("problem")
        axis.spines[:].set_visible(False)
        figure.colorbar(image, ax=axis, label="recovered", ticks=[0, 0.5, 1])
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _tables(rows: Sequence[Row]) -> str:
    """Return how many tables of each problem there are, and for whom: rows of one seed say little."""
    seeds = {rival: len({row["seed"] for row in rows if row["rival"] == rival}) for rival in rivals_of(rows)}
    counts = sorted(set(seeds.values()))
    if len(counts) == 1:
        return _seeds(counts[0])
    groups = {count: [rival for rival in seeds if seeds[rival] == count] for count in counts}
    *few, others = sorted(groups, key=lambda count: len(groups[count]))
    named = [f"{_seeds(count)} for {', '.join(groups[count])}" for count in few]
    return "; ".join([*named, f"{_seeds(others).lower()} for the others"])


def _seeds(count: int) -> str:
    return "One table (one seed) of each problem" if count == 1 else f"{count} tables ({count} seeds) of each problem"


def page_with(page: str, rows: Sequence[Row]) -> str:
    """Return the page with its tables; of several budgets those of the rivals are one below the other."""
    budgets = sorted({row["seconds"] for row in rows})
    parts = []
    for seconds in budgets:
        own = [row for row in rows if row["seconds"] == seconds]
        parts.append(f"{_tables(own)}; {seconds:g} s each:\n\n{markdown(_HEADER, lines(own))}")
    longest = [row for row in rows if row["seconds"] == budgets[-1]]
    page = with_part(page, "the rivals", "\n".join(parts), script="formulas.py")
    page = with_part(page, "the problems", problem_table(longest), script="formulas.py")
    return with_part(page, "the failures", failures(longest), script="formulas.py")


def write(rows: Sequence[Row]) -> None:
    """Write tables and figure of the documentation; the figure is of the longest budget."""
    PAGE.write_text(page_with(PAGE.read_text(), rows))
    longest = max(row["seconds"] for row in rows)
    FIGURE.write_bytes(picture([row for row in rows if row["seconds"] == longest]))
