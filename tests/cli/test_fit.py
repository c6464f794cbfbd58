from pathlib import Path

import numpy as np
import polars as pl
import pytest

from support.formulas import table


@pytest.fixture
def products(tmp_path):
    """200 rows of (a + b) * (c - d) among 20 columns."""
    x, y = table(lambda x: (x[:, 16] + x[:, 17]) * (x[:, 18] - x[:, 19]), inputs=20)
    names = [*(f"other{place}" for place in range(16)), "a", "b", "c", "d", "y"]
    path = tmp_path / "products.csv"
    pl.DataFrame(np.column_stack([x, y]), schema=names).write_csv(path)
    return path, y


def test_fit_prints_the_formula_and_predict_its_values(command, products):
    path, y = products
    outcome = command("fit", path, "--target", "y", "--to", "model")
    assert (outcome.status, outcome.errors) == (0, "")
    lines = outcome.output.splitlines()
    assert lines[0] == f"{path}: 200 rows, 20 inputs"
    assert lines[1].split() == ["complexity", "held-out", "error", "exact", "form", "equation"]
    assert "y = (a + b)*(c - d)" in lines
    assert "exact: it meets every row, to rounding" in lines
    assert lines[-1] == "model; next: nalm predict model TABLE"
    assert sorted(file.name for file in Path("model").iterdir()) == ["formula.json", "weights.safetensors"]
    outcome = command("predict", "model", path)
    assert outcome.status == 0
    np.testing.assert_allclose([float(line) for line in outcome.output.splitlines()], y, rtol=1e-12)
    assert outcome.errors == "y = (a + b)*(c - d) (exact: it meets every row, to rounding)\n"


def test_inputs_are_chosen_by_name(command, products):
    path, _ = products
    for words in (["--inputs", "a,b,c,d"], ["--inputs", "a,b", "--inputs", "c", "--inputs", '"d"']):
        outcome = command("fit", path, "--target", "y", *words)
        assert outcome.output.startswith(f"{path}: 200 rows, 4 inputs")
        assert "y = (a + b)*(c - d)" in outcome.output


def test_predict_needs_the_formula_s_columns_only(command, products):
    path, _ = products
    command("fit", path, "--target", "y", "--inputs", "a,b,c,d", "--to", "model")
    Path("small.csv").write_text("d,c,b,a,name\n1,2,3,4,x\n0,1,1,1,z\n")
    outcome = command("predict", "model", "small.csv")
    assert outcome.output == "7.0\n2.0\n"
    Path("smaller.csv").write_text("d,c,b\n1,2,3\n")
    outcome = command("predict", "model", "smaller.csv")
    assert (outcome.status, outcome.errors) == (2, "nalm: smaller.csv: no column 'a'; there are d, c, b\n")


def test_what_is_no_formula_is_told(command, tmp_path):
    x, _y = table(lambda x: 0 * x[:, 0], rows=40, inputs=2)
    noise = np.random.default_rng(0).standard_normal(40)
    pl.DataFrame(np.column_stack([x, noise]), schema=["a", "b", "y"]).write_csv("noise.csv")
    outcome = command("fit", "noise.csv", "--target", "y", "--max-seconds", "5")
    assert outcome.status == 0
    assert "\nnot exact: " in outcome.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.csv", "--target", "y"], "missing.csv: no such file"),
        (["table.csv", "--target", "z"], "table.csv: no column 'z'; there are a, y"),
        (["table.csv", "--target", "y", "--inputs", "b"], "table.csv: no column 'b'; there are a, y"),
        (["table.csv", "--target", "y"], "table.csv: row 2, column 'a' is empty; every cell must be a finite number"),
        (["table.csv", "--target", "y", "--max-seconds", "-1"], "--max-seconds -1: expects a number greater than 0"),
        (["table.csv", "--target", "y", "--workers", "0"], "--workers 0: expects 1 or more"),
    ],
)
def test_mistakes_are_one_line(command, words, message):
    Path("table.csv").write_text("a,y\n1,2\n,3\n" + "1,3\n" * 8)
    outcome = command("fit", *words)
    assert (outcome.status, outcome.output, outcome.errors) == (2, "", f"nalm: {message}\n")


def test_predict_names_what_is_missing(command):
    outcome = command("predict", "nowhere", "table.csv")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: nowhere: holds no formula.json")
