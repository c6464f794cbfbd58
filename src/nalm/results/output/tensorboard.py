"""TensorBoard event files, one folder per run."""

from __future__ import annotations

import importlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from nalm.errors import missing_package
from nalm.results.columns import is_weight, schema

_TAGS = {
    "interpolation_error": "error/interpolation",
    "extrapolation_error": "error/extrapolation",
    "sparsity_error": "error/sparsity",
    "train_loss": "loss/train",
    "penalty_loss": "loss/penalty",
}
# TensorBoard wants "tfevents" in the name; host name and time are left out, so that equal runs give equal
# files
_FILE = "events.out.tfevents.0"


def write_events(records: pl.DataFrame, folder: Path) -> None:
    """Write `folder`/RUN/events… for each run; steps are the records' own, and so are the wall times.

    Raises:
        InputError: the package tensorboardX is not installed.
        OSError: a file cannot be written.
    """
    try:
        event_type = importlib.import_module("tensorboardX.proto.event_pb2").Event
        writer_type = importlib.import_module("tensorboardX.record_writer").RecordWriter
    except ImportError:
        raise missing_package("export to TensorBoard", "tensorboardX", "tensorboard") from None
    tags = _TAGS | {name: f"weight/{name}" for name in records.columns if is_weight(name)}
    for _, rows in records.group_by("run", maintain_order=True):
        target = folder / _folder_name(rows.select(schema("label").keys()).row(0, named=True))
        target.mkdir(parents=True, exist_ok=True)
        part = target / f".{_FILE}.tmp"
        part.unlink(missing_ok=True)  # the writer appends
        writer = writer_type(str(part))
        try:
            writer.write(event_type(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
            for row in rows.iter_rows(named=True):
                values = [
                    {"tag": tag, "simple_value": row[name]} for name, tag in tags.items() if row[name] is not None
                ]
                event = event_type(wall_time=float(row["step"]), step=row["step"], summary={"value": values})
                writer.write(event.SerializeToString())
            writer.close()
            part.replace(target / _FILE)
        except BaseException:
            with suppress(OSError):
                writer.close()
            part.unlink(missing_ok=True)
            raise


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
