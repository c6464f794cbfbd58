"""Summaries as text."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from figures.summaries import make_group
from nalm.errors import InputError
from nalm.results.output.formats import render
from nalm.results.output.latex import escape, latex_table, percent_cell, scientific_cell
from nalm.results.summary import summary_frame
from nalm.results.titles import unit_title


def test_json_is_the_summary() -> None:
    groups = [make_group(), make_group(solved_at=(), sparsity=())]
    assert json.loads(render(groups, "json")) == groups
    assert render([], "json") == "[]\n"


def test_csv_keeps_full_precision() -> None:
    groups = [make_group(hidden_size=2), make_group("nalu", solved_at=(), sparsity=(), hidden_size=4)]
    text = render(groups, "csv")
    back = pl.read_csv(io.StringIO(text))
    frame = summary_frame(groups)
    assert back.columns == frame.columns
    assert back["solved_at_lower"].to_list() == frame["solved_at_lower"].to_list()


def test_the_table_shows_counts_means_and_intervals() -> None:
    lines = render([make_group(), make_group("nalu", solved_at=(), sparsity=())]).splitlines()
    assert lines[0].split("  ")[0] == "unit"
    assert " ".join(lines[2].split()) == ("nmu [1,2] 3/4 75 [30, 95] 22,000 [20,735, 23,371] 1.5e-6 [9.9e-7, 2.4e-6]")
    assert " ".join(lines[4].split()) == "nalu [1,2] 0/4 0 [0, 49] - -"


def test_the_table_shows_what_varies() -> None:
    head = render([make_group(hidden_size=2, operation="add"), make_group(hidden_size=4)]).splitlines()[0]
    assert "operation" in head
    assert "hidden size" in head
    assert "extrapolation" not in head


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"unknown format 'jsn'; did you mean 'json'\? \(one of table, csv, json, latex\)"
    ):
        render([], "jsn")


@pytest.mark.parametrize(
    ("arguments", "cell"),
    [
        ((0.8, 0.6, 0.9, False), r"$80\%\,{}^{+10\%}_{-20\%}$"),
        ((1.0, 0.87, 1.0, True), r"$\mathbf{100\%}\,{}^{+0\%}_{-13\%}$"),
        ((0.5, None, None, False), r"$50\%$"),
        ((None, None, None, False), "---"),
    ],
)
def test_percent_cells(arguments: tuple[float | None, float | None, float | None, bool], cell: str) -> None:
    assert percent_cell(*arguments) == cell


@pytest.mark.parametrize(
    ("arguments", "cell"),
    [
        (
            (1502245, 1450700, 1556300, False),
            r"$1.5 \cdot 10^{6}\,{}^{+5.4 \cdot 10^{4}}_{-5.2 \cdot 10^{4}}$",
        ),
        ((9.96e5, None, None, True), r"$\mathbf{1.0 \cdot 10^{6}}$"),
        ((0.2, 0.2, 0.2, False), r"$2.0 \cdot 10^{-1}\,{}^{+0}_{-0}$"),
        ((None, None, None, True), "---"),
    ],
)
def test_scientific_cells(arguments: tuple[float | None, float | None, float | None, bool], cell: str) -> None:
    assert scientific_cell(*arguments) == cell


def test_bold_is_the_best_of_a_model_over_its_ranges() -> None:
    groups = [
        make_group("nmu", "[1,2]", solved_at=(1000, 2000)),
        make_group("nmu", "[-2,-1]", solved_at=(3000, 4000)),
        make_group("nmu", "[-2,2]", solved_at=(500,)),
        make_group("nalu", "[1,2]", solved_at=(9000, 9500)),
        make_group("nalu", "[-2,2]", solved_at=(), sparsity=()),
    ]
    rows = [line.split(" & ") for line in latex_table(groups).splitlines() if " & U[" in line]
    bold = {(row[0], row[1]): [r"\mathbf" in cell for cell in row[2:]] for row in rows}
    assert list(bold) == [
        ("NALU", "U[-2,2)"),
        ("NALU", "U[1,2)"),
        ("NMU", "U[-2,-1)"),
        ("NMU", "U[-2,2)"),
        ("NMU", "U[1,2)"),
    ]
    assert bold["NMU", "U[1,2)"] == [True, False, True]
    assert bold["NMU", "U[-2,-1)"] == [True, False, True]  # ties are all bold
    assert bold["NMU", "U[-2,2)"] == [False, True, True]
    assert bold["NALU", "U[1,2)"] == [True, True, True]
    assert bold["NALU", "U[-2,2)"] == [False, False, False]


def test_the_latex_table_is_a_long_table_with_caption_and_label() -> None:
    text = latex_table([make_group("nac_mul", runs=25)])
    assert r"\begin{longtable}{llrrr}" in text
    assert "multiplication with 25 seeds" in text
    assert r"\label{benchmark-sltr-mul}" in text
    assert r"$\mathrm{NAC}_{\bullet}$ & U[1,2)" in text
    assert text.count("{") == text.count("}")


def test_operations_and_parameters_get_columns() -> None:
    text = latex_table([make_group("my_unit&", operation="add", hidden_size=2), make_group(hidden_size=4)])
    assert r"Operation & Model & Hidden size & Range & Success rate & Solved at & Sparsity error \\" in text
    assert r"Addition & my\_unit\& & 2 &" in text
    assert r"\label{benchmark-sltr-add-mul}" in text


def test_escape() -> None:
    assert escape(r"50% of a_b & c\d") == r"50\% of a\_b \& c\textbackslash{}d"


@pytest.mark.parametrize(
    ("label", "title"),
    [
        ("nmu", "NMU"),
        ("nac_mul", "NAC•"),
        ("nau_snmu_batch", "NAU-sNMU (batch)"),
        ("nau_snmu [1,2]", "NAU-sNMU [1,2]"),
        ("mine", "mine"),
        ("mine and more", "mine and more"),
    ],
)
def test_titles_of_units(label: str, title: str) -> None:
    assert unit_title(label) == title
