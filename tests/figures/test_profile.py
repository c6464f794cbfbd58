"""Performance profiles: shares of runs below an error, and their intervals."""

from __future__ import annotations

from itertools import pairwise
from math import nan
from typing import Any

import polars as pl
import pytest

from nalm.errors import InputError
from nalm.figures.layouts.grid import Plot
from nalm.figures.profile import draw, profile_figure
from nalm.figures.style import DEFAULT
from nalm.results.statistics import success_interval

ERRORS = (1e-9, 1e-7, 3e-5, 2.0)


def runs(*errors: float | None, unit: str = "nmu", operation: str = "mul", threshold: Any = 1e-5) -> pl.DataFrame:
    """One row per run."""
    return pl.DataFrame(
        {
            "unit": [unit] * len(errors),
            "operation": [operation] * len(errors),
            "extrapolation_error": pl.Series(errors, dtype=pl.Float64),
            "threshold": pl.Series([threshold] * len(errors), dtype=pl.Float64),
        }
    )


def only_plot(table: pl.DataFrame) -> Plot:
    (row,) = profile_figure(table).rows
    (plot,) = row.plots
    return plot


def test_the_share_at_the_threshold_is_the_success_rate() -> None:
    plot = only_plot(runs(*ERRORS))
    (curve,) = plot.curves
    assert (plot.x_title, plot.along) == ("Extrapolation error", 1e-5)
    at = curve.x.index(1e-5)
    assert (curve.y[at], curve.lower[at], curve.upper[at]) == pytest.approx(tuple(success_interval(2, 4)))


def test_shares_rise_from_none_to_all() -> None:
    (curve,) = only_plot(runs(*ERRORS)).curves
    shares = [share for share in curve.y if share is not None]
    assert (shares[0], shares[-1]) == (0, 1)
    assert all(one <= other for one, other in pairwise(shares))
    for x, share in zip(curve.x, shares, strict=True):
        assert share == sum(error < x for error in ERRORS) / 4


def test_a_run_at_the_threshold_is_not_below_it() -> None:
    (curve,) = only_plot(runs(1e-5, 1e-9)).curves
    assert curve.y[curve.x.index(1e-5)] == 0.5


def test_runs_without_a_finite_error_are_below_none() -> None:
    (curve,) = only_plot(runs(1e-9, nan, None, float("inf"))).curves
    assert max(share for share in curve.y if share is not None) == 0.25


def test_exact_runs_are_below_every_error() -> None:
    (curve,) = only_plot(runs(0.0, 1.0)).curves
    assert curve.y[0] == 0.5
    (curve,) = only_plot(runs(0.0, 0.0, threshold=None)).curves
    assert set(curve.y) == {1.0}


def test_errors_with_thresholds_of_their_own_are_divided_by_them() -> None:
    table = pl.concat([runs(0.1, 4.0, threshold=1.0), runs(1e-6, 1e-4, threshold=1e-5)])
    plot = only_plot(table)
    assert (plot.x_title, plot.along) == ("Extrapolation error / threshold", 1.0)
    (curve,) = plot.curves
    assert curve.y[curve.x.index(1.0)] == 0.5


def test_without_thresholds_there_is_no_line() -> None:
    plot = only_plot(runs(0.1, 4.0, threshold=None))
    assert (plot.x_title, plot.along) == ("Extrapolation error", None)


def test_operations_have_panels_of_their_own() -> None:
    table = pl.concat([runs(*ERRORS), runs(*ERRORS, unit="nau", operation="add")])
    (row,) = profile_figure(table).rows
    assert row.series == ("NAU", "NMU")
    assert [(plot.title, [curve.series for curve in plot.curves]) for plot in row.plots] == [
        ("Multiplication", [1]),
        ("Addition", [0]),
    ]
    assert len(draw(profile_figure(table), DEFAULT).axes) == 2


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="no finished runs to show"):
        profile_figure(pl.DataFrame())
    with pytest.raises(InputError, match="profile: no run of these results has a finite extrapolation error"):
        profile_figure(runs(nan, threshold=None))
