"""Results of the original code, from the CSV files that its exporter writes."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import polars as pl

from nalm.errors import DataError, InputError
from nalm.results.columns import schema
from nalm.results.original.run_names import parse_run_name
from nalm.results.records import Records
from nalm.results.store import Store
from nalm.tasks.thresholds import threshold

_STUDY = 'title = "Imported results"\ndescription = "Read from CSV files of the original code."\n'
_COLUMNS = {
    "step": "step",
    "metric.valid.interpolation": "interpolation_error",
    "metric.test.extrapolation": "extrapolation_error",
    "sparse.error.max": "sparsity_error",
}
_WEIGHT = re.compile(r"weights\.(w\d+)")
_MISSING = ["", "NA", "None"]


def import_csv(csv: str | os.PathLike[str], into: str | os.PathLike[str], unit: str | None = None) -> Store:
    """Read a CSV of the original exporter into a results folder, so that summary, plot and export work on it.

    Several files can be imported into one folder. Labels, ranges and seeds are read from the run names;
    training and penalty losses, which the exporter leaves out, are null.

    Args:
        csv: the file, with columns name, step, metric.valid.interpolation, metric.test.extrapolation,
            sparse.error.max, and optionally weights.w0, weights.w1, ….
        into: the results folder; created if needed.
        unit: label for all runs of the file. Needed where names do not tell: NMU and sNMU of the single
            module task,
            and noise ranges.

    Returns:
        The folder.

    Raises:
        InputError: the file is not there.
        DataError: a column is missing, a value is no number, or a run name cannot be read.
        StoreError: the folder holds other results or cannot be written.
    """
    path = Path(csv)
    table = _read(path)
    names = table["name"].unique(maintain_order=True).to_list()
    labels = pl.DataFrame([_labels(path, name, unit) for name in names], schema_overrides=schema())
    records = (
        table.join(labels, on="name", how="left", maintain_order="left")
        .drop("name")
        .sort("run", "step", maintain_order=True)
    )
    store = Store.create_or_open(into, _STUDY)
    store.add(Records(records).in_order(), {})
    return store


def _read(path: Path) -> pl.DataFrame:
    try:
        raw = pl.read_csv(path, infer_schema=False, null_values=_MISSING)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: not a CSV file ({str(error).splitlines()[0]})") from None
    missing = [name for name in ("name", *_COLUMNS) if name not in raw.columns]
    if missing:
        raise DataError(f"{path}: has no column {missing[0]!r}; export it with the original simple_function_static.py")
    weights = {name: match[1] for name in raw.columns if (match := _WEIGHT.fullmatch(name))}
    numbers = {**_COLUMNS, **weights}
    table = raw.select("name", *(pl.col(old).alias(new) for old, new in numbers.items()))
    for old, new in numbers.items():
        converted = table[new].str.strip_chars().cast(pl.Float64, strict=False)
        bad = table.filter(converted.is_null() & table[new].is_not_null())
        if len(bad):
            raise DataError(f"{path}: column {old!r} holds {bad[new][0]!r}, which is no number")
        table = table.with_columns(converted.alias(new))
    if table["name"].has_nulls() or table["step"].has_nulls():
        raise DataError(f"{path}: a row has no name or no step")
    return table.with_columns(pl.col("step").cast(pl.Int64), pl.col("sparsity_error").fill_nan(None))


def _labels(path: Path, name: str, unit: str | None) -> dict[str, object]:
    try:
        run = parse_run_name(name)
    except InputError as error:
        raise DataError(f"{path}: {error}") from None
    label = unit or run.unit
    return {
        "name": name,
        "run": hashlib.sha256(f"imported {label} {name}".encode()).hexdigest()[:16],
        "study": "imported",
        "task": run.task.kind,
        "unit": label,
        "operation": run.task.operation,
        "interpolation_range": str(run.task.interpolation_range),
        "extrapolation_range": str(run.task.extrapolation_range),
        "seed": run.seed,
        "status": "finished",
        "threshold": threshold(run.task),
    }
