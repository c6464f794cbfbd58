"""Results of the original code, from the CSV files that its exporter writes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from nalm.errors import DataError, InputError
from nalm.results.columns import is_weight, schema
from nalm.results.original.digit_files import DigitFile, digit_file
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


def import_csv(
    csv: str | os.PathLike[str], into: str | os.PathLike[str], unit: str | None = None, study: str | None = None
) -> Store:
    """Read a CSV of an original exporter into a results folder, so that summary, plot and export work on it.

    Several files can be imported into one folder. Labels, ranges and seeds are read from the run names; what an
    exporter leaves out, such as training and penalty losses, is null. Files of arithmetic tasks have the columns name,
    step, metric.valid.interpolation, metric.test.extrapolation, sparse.error.max, and optionally weights.w0 and so on;
    those of the static and the sequential digit task are told by their columns.

    Args:
        csv: the file.
        into: the results folder; created if needed.
        unit: label for all runs of the file. Needed where names do not tell: NMU and sNMU of the single module task and
            of digit tasks, and noise ranges.
        study: a study of `nalm list`, or a TOML file's path, whose figure and threshold the folder takes.

    Returns:
        The folder.

    Raises:
        InputError: the file is not there; an unknown study, or one of another task.
        DataError: a column is missing, a value is no number, or a run name cannot be read.
        StoreError: the folder holds other results or cannot be written.
    """
    path = Path(csv)
    raw = _cells(path)
    file = digit_file(raw.columns)
    records = _arithmetic(path, raw, unit) if file is None else _digits(path, raw, file, unit)
    kinds = set(records.table["task"].unique())
    store = Store.create_or_open(into, _STUDY if study is None else _study_text(study, kinds))
    store.add(records, {})
    return store


def _study_text(name: str, kinds: set[str]) -> str:
    from nalm.studies import conditions, load, to_toml

    study = load(name)
    known = {condition.task.kind for condition in conditions(study)}
    if not kinds <= known:
        own, other = (", ".join(sorted(part)) for part in (known, kinds))
        raise InputError(f"study {name}: is of the task {own}, the file of {other}")
    return to_toml(study)


def _arithmetic(path: Path, raw: pl.DataFrame, unit: str | None) -> Records:
    missing = [name for name in ("name", *_COLUMNS) if name not in raw.columns]
    if missing:
        raise DataError(f"{path}: has no column {missing[0]!r}; export it with the original simple_function_static.py")
    weights = {name: match[1] for name in raw.columns if (match := _WEIGHT.fullmatch(name))}
    table = _numbers(path, raw, {**_COLUMNS, **weights})
    table = table.with_columns(pl.col("step").cast(pl.Int64), pl.col("sparsity_error").fill_nan(None))
    return Records(_labelled(table, lambda name: _labels(path, name, unit))).in_order()


def _digits(path: Path, raw: pl.DataFrame, file: DigitFile, unit: str | None) -> Records:
    missing = [name for name in ("name", "step", "epoch") if name not in raw.columns]
    if missing:
        raise DataError(f"{path}: has no column {missing[0]!r}; export it with the original program")
    numbers = {"step": "step", "epoch": "epoch", **{old: new for old, (new, _) in file.numbers.items()}}
    table = _numbers(path, raw, numbers)
    validation, test = file.errors
    scaled = [(pl.col(new) / divisor).alias(new) for new, divisor in file.numbers.values() if divisor != 1.0]
    table = table.with_columns(pl.col("step", "epoch").cast(pl.Int64), *scaled).with_columns(
        pl.col(validation).alias("interpolation_error"), pl.col(test).alias("extrapolation_error")
    )
    own = [new for new, _ in file.numbers.values() if not is_weight(new) and new != "sparsity_error"]

    def labels(name: str) -> dict[str, object]:
        try:
            known = file.label(name, unit)
        except InputError as error:
            raise DataError(f"{path}: {error}") from None
        return {**_label_row(name, str(known["unit"])), "task": file.task, **known}

    return Records(_labelled(table, labels), ("epoch", *own)).in_order()


def _labelled(table: pl.DataFrame, labels: Callable[[str], dict[str, object]]) -> pl.DataFrame:
    names = table["name"].unique(maintain_order=True).to_list()
    rows = pl.DataFrame([labels(name) for name in names], schema_overrides=schema())
    joined = table.join(rows, on="name", how="left", maintain_order="left").drop("name")
    return joined.sort("run", "step", maintain_order=True)


def _cells(path: Path) -> pl.DataFrame:
    """Return the file as texts, without blank lines."""
    try:
        raw = pl.read_csv(path, infer_schema=False, null_values=_MISSING)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: not a CSV file ({str(error).splitlines()[0]})") from None
    return raw.filter(~pl.all_horizontal(pl.all().is_null()))


def _numbers(path: Path, raw: pl.DataFrame, numbers: Mapping[str, str]) -> pl.DataFrame:
    """Return `name` and the columns of `numbers` under their new names, as numbers, each step of a run once."""
    if raw.is_empty():
        raise DataError(f"{path}: has no rows below its header; export it again")
    table = raw.select("name", *(pl.col(old).alias(new) for old, new in numbers.items()))
    for old, new in numbers.items():
        converted = table[new].str.strip_chars().cast(pl.Float64, strict=False)
        bad = table.filter(converted.is_null() & table[new].is_not_null())
        if len(bad):
            raise DataError(f"{path}: column {old!r} holds {bad[new][0]!r}, which is no number")
        table = table.with_columns(converted.alias(new))
    if table["name"].has_nulls() or table["step"].has_nulls():
        raise DataError(f"{path}: a row has no name or no step")
    twice = table.filter(table.select("name", "step").is_duplicated())
    if len(twice):
        name, step = twice.row(0)[0], twice["step"][0]
        raise DataError(f"{path}: step {step:g} of run {name!r} is there twice; were files merged that overlap?")
    return table


def _label_row(name: str, label: str) -> dict[str, object]:
    return {
        "name": name,
        "run": hashlib.sha256(f"imported {label} {name}".encode()).hexdigest()[:16],
        "study": "imported",
        "status": "finished",
    }


def _labels(path: Path, name: str, unit: str | None) -> dict[str, object]:
    try:
        run = parse_run_name(name)
    except InputError as error:
        raise DataError(f"{path}: {error}") from None
    label = unit or run.unit
    return {
        **_label_row(name, label),
        "task": run.task.kind,
        "unit": label,
        "operation": run.task.operation,
        "interpolation_range": str(run.task.interpolation_range),
        "extrapolation_range": str(run.task.extrapolation_range),
        "seed": run.seed,
        "threshold": threshold(run.task),
    }
