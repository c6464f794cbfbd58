"""LaTeX tables that compile: by pdflatex where it is installed, by their syntax elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from figures.summaries import make_group
from nalm import units
from nalm.results.output.latex import PACKAGES, escape, latex_table
from nalm.results.summaries import summary_of
from support.digit_results import SEQUENTIAL, STATIC, sequential_record, static_record, store_of

ODD = "mine_σ & 50% #1 {x} ~ ^ \\ $ • × ☃ é\nα"

TABLES = {
    "every unit": lambda tmp: latex_table([make_group(name) for name in units.names()], "paper/study 1"),
    "odd labels": lambda tmp: latex_table([make_group(ODD, operation="add", note=ODD), make_group("nmu", note="b")]),
    "static digits": lambda tmp: latex_table(summary_of(static(tmp)), "snmu-2022/figure-8"),
    "sequences": lambda tmp: latex_table(summary_of(sequences(tmp)), "snmu-2022/figure-10"),
}


def static(tmp: Path):  # type: ignore[no-untyped-def]
    runs = {(unit, seed): [static_record(1, seed + 1.0)] for unit in ("solved", "snmu") for seed in range(3)}
    return store_of(tmp / "static", STATIC, runs)


def sequences(tmp: Path):  # type: ignore[no-untyped-def]
    runs = {
        ("solved", seed): [sequential_record(1, 1.0 + 0.1 * seed, [1.0 + 0.1 * seed, 2.0, 3.0 + 0.2 * seed])]
        for seed in range(3)
    }
    runs |= {("nmu", seed): [sequential_record(1, 1.0, [0.5, 9.0, 1.0], 1.0)] for seed in range(3)}
    return store_of(tmp / "sequences", SEQUENTIAL, runs)


def check_syntax(text: str) -> None:
    """Braces, environments and dollars are balanced, rows have as many cells as columns, nothing is raw."""
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    depth = 0
    for part in re.findall(r"\\.|[{}]", body):
        depth += {"{": 1, "}": -1}.get(part, 0)
        assert depth >= 0
    assert depth == 0
    assert body.count("$") % 2 == body.count(r"\$") % 2
    assert re.findall(r"\\begin\{(\w+)\}", body) == re.findall(r"\\end\{(\w+)\}", body)[::-1]
    columns = len(re.search(r"\\begin\{longtable\}\{(\w+)\}", body)[1])  # type: ignore[index]
    for row in (line for line in body.splitlines() if line.endswith(r"\\") and " & " in line):
        assert len(re.findall(r"(?<!\\)&", row)) == columns - 1, row
    assert not re.search(r"[^\x00-\xff]", body)


@pytest.mark.parametrize("case", TABLES)
def test_syntax(case: str, tmp_path: Path) -> None:
    check_syntax(TABLES[case](tmp_path))


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_compiles(tmp_path: Path) -> None:
    tables = "\n".join(table(tmp_path) for table in TABLES.values())
    packages = "".join(rf"\usepackage{{{name}}}" for name in PACKAGES)
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "tables.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert outcome.returncode == 0, outcome.stdout[-2000:]
    assert (tmp_path / "tables.pdf").stat().st_size > 1000


def test_symbols() -> None:
    assert escape("σ × é ☃\n•") == r"$\sigma$ $\times$ é [U+2603] $\bullet$"


def test_packages_and_label_of_the_study() -> None:
    text = latex_table([make_group("nmu")], "snmu-2022/figure 2_b")
    assert text.startswith("% needs \\usepackage{booktabs,longtable}\n")
    assert r"\label{snmu-2022-figure-2-b}" in text


def test_static_digits_have_their_metrics(tmp_path: Path) -> None:
    text = latex_table(summary_of(static(tmp_path)))
    assert r"Model & Test error & Accuracy & Left label & Right label \\" in text
    assert "---" not in text
    assert "Bold: best of the models." in text


def test_bold_is_the_best_of_a_length(tmp_path: Path) -> None:
    rows = [line for line in latex_table(summary_of(sequences(tmp_path))).splitlines() if re.search(r"& [123] &", line)]
    errors = {(row.split(" & ")[0], row.split(" & ")[1]): row.split(" & ")[5] for row in rows}
    bold = {key for key, cell in errors.items() if r"\mathbf" in cell}
    names = {name for name, _ in errors}
    other = next(name for name in names if name != "NMU")
    assert bold == {("NMU", "1"), (other, "2"), ("NMU", "3")}
