"""Writes what the other programs of this folder measured into the documentation: tables, and curves as SVG.

    python benchmarks/engine.py --to docs/performance/engine.json
    python benchmarks/scaling.py --to docs/performance/scaling.json
    python benchmarks/digits.py --to docs/performance/digits.json
    python benchmarks/scale.py --to docs/performance/scale.json
    python benchmarks/report.py

Reads the four JSON files of a folder, replaces the marked parts of two pages, and draws `scaling.svg` and `scale.svg`.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
PAGE = FOLDER.with_suffix(".md")
CLUSTER_PAGE = FOLDER.with_name("cluster.md")
COLOURS = ("#0072b2", "#d55e00")
# of the steps of `scale.py`, which have more lines than two colours can tell apart
MARKERS = "osv^D*PX"

Curves = Mapping[str, Mapping[str, Mapping[str, float]]]


def begin(part: str, script: str = "report.py") -> str:
    """Return the line after which the generated part begins."""
    return f"<!-- begin of {part}, made by benchmarks/{script} -->\n"


def end(part: str) -> str:
    """Return the line at which the generated part ends."""
    return f"<!-- end of {part} -->\n"


def with_part(page: str, part: str, content: str, script: str = "report.py") -> str:
    """Return `page` with `content` between the markers of `part`.

    Raises:
        ValueError: the page has no such markers.
    """
    before, found, rest = page.partition(begin(part, script))
    _, closed, after = rest.partition(end(part))
    if not (found and closed):
        raise ValueError(f"the page has no lines {begin(part, script)!r} and {end(part)!r}")
    return f"{before}{begin(part, script)}\n{content}\n{end(part)}{after}"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns but the first are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float | None, form: str, unit: str = "") -> str:
    """Return a number with its unit; nothing for what was not measured."""
    return "" if value is None else f"{value:{form}}{unit}"


def engine_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of `engine.py`'s rows."""
    header = (
        *("network", "eager, µs", "nalm, µs", "eager / nalm", "floor, µs", "nalm / floor"),
        *("fast streams, µs", "JAX, µs", "all cores, µs", "cold start", "warm start", "peak memory"),
    )
    return markdown(
        header,
        [
            [
                f"`{row['network']}`",
                number(row["eager_us"], ",.0f"),
                number(row["one_core_us"], ".3f"),
                number(row["times_eager"], ",.0f"),
                number(row["floor_us"], ".3f"),
                number(row["times_floor"], ".2f"),
                number(row.get("fast_us"), ".3f"),
                number(row.get("jax_us"), ".3f"),
                number(row["all_cores_us"], ".3f"),
                number(row["cold_start_s"], ".1f", " s"),
                number(row["warm_start_s"], ".1f", " s"),
                number(row["peak_mib"], ".0f", " MiB"),
            ]
            for row in rows
        ],
    )


def scaling_tables(curves: Curves) -> str:
    """Return one table per thing that varies, in microseconds per model-iteration."""
    tables = []
    for varied, networks in curves.items():
        counts = list(next(iter(networks.values())))
        rows = [[network, *(f"{curve[count]:.3g}" for count in counts)] for network, curve in networks.items()]
        tables.append(markdown([varied, *(f"{int(count):,}" for count in counts)], rows))
    return "\n".join(tables)


def digits_table(rates: Curves) -> str:
    """Return samples per second of each task's variants, with their ratio to the plain loop."""
    rows = []
    for task, found in rates.items():
        for part in ("training", "evaluation"):
            plain, *others = (found[f"{name}: {part}"]["best"] for name in ("plain", "nalm", "nalm, bfloat16"))
            rows.append([f"{task}, {part}", f"{plain:,.0f}", *(f"{rate:,.0f} ({rate / plain:.2f})" for rate in others)])
    return markdown(["task", "plain loop", "nalm", "nalm, bfloat16"], rows)


def scale_table(steps: Sequence[Mapping[str, Any]]) -> str:
    """Return what a study of so many runs costs beside its training: seconds and peak memory of each step."""
    sizes = sorted({row["runs"] for row in steps})
    cells = {(row["step"], row["runs"]): f"{row['seconds']:.3g} s, {row['mebibytes']:,.0f} MiB" for row in steps}
    names = list(dict.fromkeys(row["step"] for row in steps))
    return markdown(
        ["step", *(f"{size:,} runs" for size in sizes)],
        [[name, *(cells.get((name, size), "") for size in sizes)] for name in names],
    )


def scale_picture(steps: Sequence[Mapping[str, Any]]) -> bytes:
    """Return time and peak memory of each step over the number of runs as SVG; equal numbers give equal bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "nalm", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        axes = figure.subplots(1, 2)
        for axis, (key, title) in zip(axes, (("seconds", "seconds"), ("mebibytes", "peak memory, MiB")), strict=True):
            for marker, name in zip(MARKERS, dict.fromkeys(row["step"] for row in steps), strict=False):
                own = [row for row in steps if row["step"] == name]
                axis.loglog([row["runs"] for row in own], [row[key] for row in own], f"{marker}-", label=name)
            axis.set_xlabel("runs")
            axis.set_ylabel(title)
            axis.grid(alpha=0.3, which="major")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def scaling_picture(curves: Curves) -> bytes:
    """Return the curves as SVG; equal curves give equal bytes."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    with matplotlib.rc_context({"svg.hashsalt": "nalm", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(11, 3.4), layout="constrained")
        axes = figure.subplots(1, len(curves), sharey=False)
        for axis, (varied, networks) in zip(axes, curves.items(), strict=True):
            for colour, (network, curve) in zip(COLOURS, networks.items(), strict=False):
                axis.loglog([int(count) for count in curve], list(curve.values()), "o-", color=colour, label=network)
            axis.set_xlabel(varied)
            values = [value for curve in networks.values() for value in curve.values()]
            axis.set_ylim(min(values) / 2, max(values) * 2)
            for scale in (axis.xaxis, axis.yaxis):
                scale.set_major_formatter("{x:,g}")
                scale.set_minor_formatter(NullFormatter())
            axis.grid(alpha=0.3, which="both")
            axis.legend(frameon=False)
        axes[0].set_ylabel("µs per model-iteration")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the JSON files are and the SVG goes")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write into")
    parser.add_argument("--cluster-page", type=Path, default=CLUSTER_PAGE, help="that about many runs")
    options = parser.parse_args()
    rows = json.loads((options.folder / "engine.json").read_text())
    scaling = json.loads((options.folder / "scaling.json").read_text())
    page = with_part(options.page.read_text(), "the engine's table", engine_table(rows))
    page = with_part(page, "the tables of growth", scaling_tables(scaling["curves"]))
    digits = json.loads((options.folder / "digits.json").read_text())
    page = with_part(page, "the digits' table", digits_table(digits))
    options.page.write_text(page)
    (options.folder / "scaling.svg").write_bytes(scaling_picture(scaling["curves"]))
    steps = json.loads((options.folder / "scale.json").read_text())["steps"]
    many = with_part(options.cluster_page.read_text(), "the table of many runs", scale_table(steps))
    options.cluster_page.write_text(many)
    (options.folder / "scale.svg").write_bytes(scale_picture(steps))


if __name__ == "__main__":
    main()
