"""TensorBoard event files, one folder per run."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nalm.errors import missing_package
from nalm.results.columns import is_weight, schema
from nalm.results.records import Records

_TAGS = {
    "interpolation_error": "error/interpolation",
    "extrapolation_error": "error/extrapolation",
    "sparsity_error": "error/sparsity",
    "train_loss": "loss/train",
    "penalty_loss": "loss/penalty",
}
# metrics are grouped by what they measure, and those of the inside of networks by what they are of
_KINDS = ("error", "accuracy", "loss", "label")
_INSIDES = ("gate", "penalty", "gradient", "weight")
_BIN = re.compile(r"weight_(\d+)_bin_\d+")
# TensorBoard wants "tfevents" in the name; host name and time are left out, so that equal runs give equal
# files
_FILE = "events.out.tfevents.0"


def write_events(records: Records, folder: Path) -> None:
    """Write `folder`/RUN/events… for each run; steps are the records' own, and so are the wall times.

    There is a scalar for every measure, metric and weight of a row, and a histogram where counts of weights were
    recorded.

    Raises:
        InputError: the package tensorboardX is not installed.
        OSError: a file cannot be written.
    """
    try:
        event_type = importlib.import_module("tensorboardX.proto.event_pb2").Event
        writer_type = importlib.import_module("tensorboardX.record_writer").RecordWriter
    except ImportError:
        raise missing_package("export to TensorBoard", "tensorboardX", "tensorboard") from None
    tags = _tags(records)
    bins = _bins(records.metrics)
    for _, rows in records.table.group_by("run", maintain_order=True):
        target = folder / _folder_name(rows.select(schema("label").keys()).row(0, named=True))
        target.mkdir(parents=True, exist_ok=True)
        part = target / f".{_FILE}.tmp"
        part.unlink(missing_ok=True)  # the writer appends
        writer = writer_type(str(part))
        try:
            writer.write(event_type(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
            for row in rows.iter_rows(named=True):
                values = [*_scalars(row, tags), *_histograms(row, bins)]
                event = event_type(wall_time=float(row["step"]), step=row["step"], summary={"value": values})
                writer.write(event.SerializeToString())
            writer.close()
            part.replace(target / _FILE)
        except BaseException:
            with suppress(OSError):
                writer.close()
            part.unlink(missing_ok=True)
            raise


def _tags(records: Records) -> dict[str, str]:
    """Return the tag of each column that is a scalar: `accuracy/test_output`, `error/test_5`, `metric/epoch`."""
    tags = dict(_TAGS)
    for name in records.metrics:
        kind = name.rpartition("_")[2]
        if kind in _KINDS and name != kind:
            tags[name] = f"{kind}/{name.removesuffix(f'_{kind}')}"
        elif not _BIN.fullmatch(name):
            inside = next((what for what in _INSIDES if name.startswith(f"{what}_")), None)
            tags[name] = f"metric/{name}" if inside is None else f"{inside}/{name.removeprefix(f'{inside}_')}"
    return tags | {name: f"weight/{name}" for name in records.table.columns if is_weight(name)}


def _bins(metrics: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each histogram, first bin first."""
    found: dict[str, list[str]] = {}
    for name in metrics:
        if match := _BIN.fullmatch(name):
            found.setdefault(f"weights/{match[1]}", []).append(name)
    return found


def _scalars(row: dict[str, Any], tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"tag": tag, "simple_value": row[name]} for name, tag in tags.items() if row[name] is not None]


def _histograms(row: dict[str, Any], bins: dict[str, list[str]]) -> list[dict[str, Any]]:
    from nalm.runs.record import BIN_EDGES

    values = []
    for tag, names in bins.items():
        if row[names[0]] is not None:
            layer = names[0].rpartition("_bin_")[0]
            counts = [row[name] for name in names]
            mean, deviation = row[f"{layer}_mean"], row[f"{layer}_deviation"]
            histogram = {
                "min": row[f"{layer}_least"],
                "max": row[f"{layer}_most"],
                "num": sum(counts),
                "sum": mean * sum(counts),
                "sum_squares": (mean**2 + deviation**2) * sum(counts),
                "bucket_limit": BIN_EDGES[1:],
                "bucket": counts,
            }
            values.append({"tag": tag, "histo": histogram})
    return values


def _folder_name(labels: dict[str, Any]) -> str:
    """Return a readable name that is unique and safe on every file system."""
    parts = [
        labels["unit"],
        labels["operation"],
        labels["interpolation_range"],
        f"seed{labels['seed']}",
        labels["run"][:8],
    ]
    return "_".join(re.sub(r"[^\w.+-]+", "_", str(part)).strip("_") for part in parts if part is not None)
