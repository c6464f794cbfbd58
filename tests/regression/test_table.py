from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nalm.errors import DataError, InputError
from nalm.regression import read_table


def written(tmp_path, frame, name="table.csv"):
    path = tmp_path / name
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_csv(path)
    return path


@pytest.fixture
def frame():
    return pl.DataFrame(
        {"a": [float(row) for row in range(10)], "b": list(range(10)), "y": [row * row for row in range(10)]}
    )


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_inputs_are_all_columns_but_the_target(tmp_path, frame, name):
    table = read_table(written(tmp_path, frame, name), "y")
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.x, np.stack([np.arange(10.0)] * 2, 1))
    np.testing.assert_array_equal(table.y, np.arange(10.0) ** 2)


def test_inputs_can_be_chosen(tmp_path, frame):
    path = written(tmp_path, frame.with_columns(c=pl.lit("text")))
    assert read_table(path, "y", ["b", "b"]).names == ("b",)


def test_other_separators_are_recognised(tmp_path, frame):
    for name, separator in (("table.tsv", "\t"), ("table.csv", ";")):
        frame.write_csv(tmp_path / name, separator=separator)
        assert read_table(tmp_path / name, "y").names == ("a", "b")


def test_truth_values_are_numbers(tmp_path, frame):
    path = written(tmp_path, frame.with_columns(b=pl.col("a") > 4))
    np.testing.assert_array_equal(read_table(path, "y").x[:, 1], np.arange(10) > 4)


def changed(frame, **columns):
    return frame.with_columns(**{name: pl.Series(values, strict=False) for name, values in columns.items()})


BAD = [
    (
        lambda f: changed(f, b=[1, 2, None, *range(7)]),
        {},
        "row 3, column 'b' is empty; every cell must be a finite number",
    ),
    (lambda f: changed(f, a=[0.0] * 6 + [float("nan")] * 4), {}, "row 7, column 'a' is nan"),
    (lambda f: changed(f, y=[0.0] * 9 + [float("-inf")]), {}, "row 10, column 'y' is -inf"),
    (
        lambda f: changed(f, b=["1", "2", "x"] + ["3"] * 7),
        {},
        r"column 'b' holds text \('x' in row 3\); choose numbers",
    ),
    (lambda f: changed(f, y=["low"] * 10), {}, r"column 'y' holds text \('low' in row 1\)"),
    (lambda f: changed(f, y=[2.5] * 10), {}, "column 'y' is 2.5 in every row, there is nothing to explain"),
    (lambda f: f, {"target": "z"}, "no column 'z'"),
    (lambda f: f.rename({"y": "target"}), {"target": "taget"}, "no column 'taget'; did you mean 'target'?"),
    (lambda f: f, {"inputs": ["a", "c"]}, "no column 'c'"),
    (lambda f: f, {"inputs": ["a", "y"]}, "column 'y' is the target, it cannot be an input too"),
    (lambda f: f.select("y"), {}, "no column but the target 'y'"),
    (lambda f: f.head(7), {}, "7 rows, at least 8 are needed"),
]


@pytest.mark.parametrize(("change", "options", "message"), BAD)
def test_mistakes_are_one_line_with_their_place(tmp_path, frame, change, options, message):
    path = written(tmp_path, change(frame))
    with pytest.raises(InputError, match=message) as caught:
        read_table(path, **{"target": "y", **options})
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_dates_are_no_numbers(tmp_path, frame):
    path = written(tmp_path, frame.with_columns(b=pl.lit("2020-01-01").str.to_date()), "table.parquet")
    with pytest.raises(InputError, match="column 'b' holds dates"):
        read_table(path, "y")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("table.csv", b"", "the file is empty"),
        ("table.csv", b"a,b,y\n", "the table has no rows"),
        ("table.csv", b"a,a,y\n1,2,3\n", "two columns are called 'a'"),
        ("table.csv", b"a,y\n1,2\n1,2,3\n", "not readable as a table"),
        ("table.csv", b"\xff\xfe\x00", "not readable as a table"),
        ("table.parquet", b"PAR1 no", "not readable as a table"),
        ("table.xlsx", b"PK", "expects a file that ends in .csv, .tsv, .parquet"),
        ("missing.csv", None, "no such file"),
    ],
)
def test_files_that_are_no_tables(tmp_path, name, content, message):
    path = Path(tmp_path / name)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path, "y")
    assert "\n" not in str(caught.value)
