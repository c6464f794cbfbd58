"""Learning curves: quartiles over runs, whatever becomes of the runs."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from figures.pages import shown_outside
from nalm.errors import InputError
from nalm.figures import FIGURES, figure
from nalm.figures.curves import curves_figure, draw, quantiles
from nalm.figures.style import DEFAULT, PUBLISHED, find_style
from nalm.results.store import Store
from results.samples import PAIRS, STUDY, make_batch, make_run


def run_rows(
    unit: str, seed: int, errors: Sequence[float | None], status: str = "finished", **labels: Any
) -> list[dict[str, Any]]:
    """Rows of a run that logs every ten iterations."""
    row: dict[str, Any] = {
        "unit": unit,
        "operation": "mul",
        "interpolation_range": "[1,2]",
        "threshold": 1e-5,
        **labels,
    }
    row |= {"run": "-".join(map(str, (unit, seed, *labels.values()))), "status": status, "sparsity_error": 0.1}
    return [
        {**row, "step": 10 * k, "extrapolation_error": error, "interpolation_error": error}
        for k, error in enumerate(errors)
    ]


def long_table(*runs: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame([row for rows in runs for row in rows], infer_schema_length=None)


def test_lines_are_medians_and_ribbons_quartiles() -> None:
    records = long_table(*(run_rows("nmu", seed, [10.0, error]) for seed, error in enumerate((1, 2, 3, 4, 50))))
    (row,) = curves_figure(records).rows
    assert row.series == ("NMU",)
    extrapolation, interpolation, sparsity = row.plots
    assert [plot.y_title for plot in row.plots] == ["Extrapolation error", "Interpolation error", "Sparsity error"]
    (curve,) = extrapolation.curves
    assert curve.x == (0, 10)
    assert curve.y == (10, 3)
    assert (curve.lower, curve.upper) == ((10, 2), (10, 4))
    assert (extrapolation.across, interpolation.across, sparsity.across) == (1e-5, None, None)
    assert extrapolation.y_limits is not None
    assert extrapolation.y_limits[0] < 1e-5 < 10 < extrapolation.y_limits[1]


def test_a_run_that_diverged_counts_as_infinite() -> None:
    records = long_table(
        run_rows("nmu", 0, [8.0, 4.0, 2.0]),
        run_rows("nmu", 1, [8.0, 4.0, 2.0]),
        run_rows("nmu", 2, [8.0, nan], status="failed"),
    )
    (curve,) = curves_figure(records).rows[0].plots[0].curves
    assert curve.y == (8, 4, 2)
    # the upper quartile is between 4 (or 2) and infinity: the ribbon leaves the panel
    top = curves_figure(records).rows[0].plots[0].y_limits
    assert top is not None
    assert curve.upper[0] == 8
    assert all(end is not None and end > top[1] for end in curve.upper[1:])
    assert curve.lower == (8, 4, 2)


def test_a_line_has_a_gap_where_half_of_the_runs_have_diverged() -> None:
    records = long_table(run_rows("nmu", 0, [8.0, 4.0, 2.0]), run_rows("nmu", 1, [8.0], status="failed"))
    (curve,) = curves_figure(records).rows[0].plots[0].curves
    assert curve.y == (8, None, None)
    assert [line for line in draw(curves_figure(records), DEFAULT).axes[0].lines if np.isnan(line.get_ydata()).any()]


def test_a_run_that_ended_early_keeps_its_last_error() -> None:
    records = long_table(run_rows("nmu", 0, [8.0, 1.0]), run_rows("nmu", 1, [8.0, 4.0, 3.0]))
    (curve,) = curves_figure(records).rows[0].plots[0].curves
    assert curve.y == (8, 2.5, 2)


def test_an_error_of_zero_is_at_the_lower_edge() -> None:
    plot = curves_figure(long_table(run_rows("nmu", 0, [8.0, 0.002, 0.0]))).rows[0].plots[0]
    assert plot.curves[0].y == (8, 0.002, 0.001)


def test_long_runs_have_few_points_from_first_to_last() -> None:
    (curve,) = curves_figure(long_table(run_rows("nmu", 0, [1.0] * 5001))).rows[0].plots[0].curves
    assert len(curve.x) == 200
    assert (curve.x[0], curve.x[-1]) == (0, 50_000)


def test_ranges_operations_and_swept_values_have_panels_of_their_own() -> None:
    runs = [
        run_rows(unit, 0, [1.0, 0.5], interpolation_range=pair, hidden_size=size, operation=operation)
        for unit in ("nmu", "nac_mul")
        for pair in ("[1,2]", "[-2,-1]")
        for size in (2, 4)
        for operation in ("mul", "div")
        if (unit, operation) != ("nmu", "div")
    ]
    (row,) = curves_figure(long_table(*runs), ["hidden_size"]).rows
    assert row.series == (r"$\mathrm{NAC}_{\bullet}$", "NMU")
    assert len(row.plots) == 2 * 2 * 2
    assert row.plots[0].title == "Multiplication, U[1,2), hidden size 2"
    assert {plot.y_title for plot in row.plots} == {"Extrapolation error"}
    assert [curve.series for curve in row.plots[0].curves] == [0, 1]
    divisions = [plot for plot in row.plots if plot.title.startswith("Division")]
    assert [[curve.series for curve in plot.curves] for plot in divisions] == [[0]] * 4


def test_unknown_measures_have_no_panel() -> None:
    records = long_table(run_rows("nmu", 0, [1.0])).with_columns(sparsity_error=pl.lit(None, dtype=pl.Float64))
    assert [plot.y_title for plot in curves_figure(records).rows[0].plots] == [
        "Extrapolation error",
        "Interpolation error",
    ]


def test_quantiles_are_those_of_numpy_where_all_is_finite() -> None:
    values = np.random.default_rng(0).random((7, 5))
    expected = np.moveaxis(np.quantile(values, (0.25, 0.5, 0.75), axis=0), 0, -1)
    np.testing.assert_allclose(quantiles(values, (0.25, 0.5, 0.75)), expected)
    column = np.array([[nan], [1.0], [inf], [3.0]])
    assert quantiles(column, (0, 0.5, 0.75, 1)).tolist() == [[1, 3, inf, inf]]
    assert np.isnan(quantiles(np.full((2, 1), nan), (0.5,))).all()
    assert quantiles(np.array([[inf], [inf], [1.0]]), (0.5, 0.9)).tolist() == [[inf, inf]]


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="no finished runs to show"):
        curves_figure(pl.DataFrame())


@pytest.mark.parametrize("style", [DEFAULT, PUBLISHED, find_style("default", "3.3in")])
def test_a_store_s_curves_stay_on_the_page(style: Any, tmp_path: Path) -> None:
    store = Store.create_or_open(tmp_path / "store", STUDY)
    store.write(make_batch([make_run(unit, pair, 0) for unit in ("nmu", "nalu") for pair in PAIRS]))
    drawn = FIGURES["curves"].draw(FIGURES["curves"].data(store), style)
    assert len(drawn.axes) == 9
    assert not shown_outside(drawn)
    assert len(figure(store, "profile").axes) == 1
