"""Tables of numbers from CSV and Parquet files, refused where a cell, a column or the whole is no good."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from nalm.errors import DataError, InputError, did_you_mean

LEAST_ROWS = 8
_LARGEST = 1e75
_SUFFIXES = (".csv", ".tsv", ".parquet")


class Table(NamedTuple):
    """Inputs and target of a file.

    Args:
        names: of the inputs.
        x: `[rows, inputs]`.
        y: `[rows]`.
    """

    names: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray


def read_table(path: Path, target: str, inputs: Sequence[str] | None = None) -> Table:
    """Read a table whose column `target` is to be explained by the columns `inputs`, by default all others.

    Raises:
        DataError: the file is missing, empty, or no table.
        InputError: a column is unknown, or holds something else than finite numbers; the target is the same
            in all rows; there are too few rows.
    """
    frame = read_frame(path)
    _known(path, frame, target)
    chosen = [name for name in frame.columns if name != target] if inputs is None else list(dict.fromkeys(inputs))
    if target in chosen:
        raise InputError(f"{path}: column {target!r} is the target, it cannot be an input too")
    if not chosen:
        raise InputError(f"{path}: no column but the target {target!r}")
    if len(frame) < LEAST_ROWS:
        raise InputError(f"{path}: {len(frame)} rows, at least {LEAST_ROWS} are needed")
    y = columns(path, frame, [target])[:, 0]
    x = columns(path, frame, chosen)
    if (y == y[0]).all():
        raise InputError(f"{path}: column {target!r} is {y[0]:g} in every row, there is nothing to explain")
    return Table(tuple(chosen), x, y)


def read_frame(path: Path) -> pl.DataFrame:
    """Read a CSV, TSV or Parquet file.

    Raises:
        DataError: it is missing, empty, or not readable as what its suffix says.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise DataError(f"{path}: expects a file that ends in {', '.join(_SUFFIXES)}")
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty")
    try:
        frame = pl.read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not readable as a table ({str(error).splitlines()[0]})") from None
    if not len(frame):
        raise DataError(f"{path}: the table has no rows")
    return frame


def _read_csv(path: Path) -> pl.DataFrame:
    with open(path, newline="", encoding="utf-8-sig") as file:
        first = file.readline()
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    if separator == "," and "," not in first:
        separator = next((other for other in ";\t" if other in first), ",")
    header = next(csv.reader([first], delimiter=separator), [])
    for place, name in enumerate(header):
        if name in header[:place]:
            raise DataError(f"{path}: two columns are called {name!r}")
    return pl.read_csv(path, separator=separator, infer_schema_length=None)


def columns(path: Path, frame: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return columns of a table as float64, `[rows, columns]`.

    Raises:
        InputError: a column is unknown, holds no numbers, or a cell that is empty or not finite.
    """
    found = []
    for name in names:
        _known(path, frame, name)
        column = frame[name]
        if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
            raise InputError(f"{path}: column {name!r} holds {_kind(column)}; choose numbers with --inputs")
        values = column.cast(pl.Float64).to_numpy()
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            row = int(wrong[0])
            cell = "is empty" if column[row] is None else f"is {values[row]}"
            raise InputError(f"{path}: row {row + 1}, column {name!r} {cell}; every cell must be a finite number")
        found.append(values)
    return np.stack(found, 1)


def check_columns(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> None:
    """Check what a search takes for granted.

    Raises:
        InputError: two inputs have one name, or the largest number of a column is none that can be multiplied.
    """
    check_names(names)
    largest = np.abs(np.column_stack([x, y])).max(0)
    wrong = np.flatnonzero((largest > _LARGEST) | ((largest > 0) & (largest < 1 / _LARGEST)))
    if len(wrong):
        place = int(wrong[0])
        what = f"input {names[place]!r}" if place < len(names) else "the target"
        raise InputError(
            f"{what} has numbers up to {largest[place]:.2g}; give it in a unit in which the largest is between "
            f"{1 / _LARGEST:g} and {_LARGEST:g}"
        )


def check_names(names: Sequence[str]) -> None:
    """Check that each name stands for one input.

    Raises:
        InputError: two inputs have one name.
    """
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputError(f"two inputs are called {name!r}")


def _known(path: Path, frame: pl.DataFrame, name: str) -> None:
    if name not in frame.columns:
        nearest = did_you_mean(name, frame.columns)
        shown = ", ".join(frame.columns[:8]) + (", …" if len(frame.columns) > 8 else "")
        raise InputError(f"{path}: no column {name!r}{nearest or f'; there are {shown}'}")


def _kind(column: pl.Series) -> str:
    if column.dtype == pl.String:
        for row, cell in enumerate(column):
            if cell is not None and not _is_number(cell):
                return f"text ({cell!r} in row {row + 1})"
        return "text"
    if column.dtype == pl.Null:
        return "nothing"
    return "dates" if column.dtype.is_temporal() else f"{column.dtype}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
