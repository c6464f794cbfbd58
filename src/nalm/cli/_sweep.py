"""`nalm sweep`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from nalm import files
from nalm.errors import InputError
from nalm.results.output.escaping import csv_text
from nalm.results.store import Store
from nalm.results.sweep import Grid, Swept, sweep_module, sweep_runs, table_of

_PICTURES = (".pdf", ".svg", ".png")
_TABLES = (".csv", ".parquet")
_MOST_PANELS = 24


@dataclass(frozen=True)
class FileNetwork:
    """A network in a file, as the options give it; `path` is None for runs of a folder."""

    path: Path | None
    units: str | None
    inputs: int
    outputs: int
    hidden_size: int
    gold: str


def sweep_networks(to: Path, folder: Path | None, grid: str, only: Mapping[str, Any], own: FileNetwork) -> None:
    """Write the outputs of networks on a grid as a table or a picture.

    Raises:
        InputError: both or neither of a folder and a file, an unknown type of file, a wrong grid or network, no run
            that matches, or a file that cannot be written.
        StoreError: `folder` is no results folder, or damaged.
    """
    suffix = to.suffix.lower()
    if suffix not in (*_TABLES, *_PICTURES):
        raise InputError(f"{to}: a table is a .csv or .parquet file, a picture a .pdf, .svg or .png file")
    if (folder is None) == (own.path is None):
        raise InputError("sweep: give either a results folder or --weights FILE with --network UNIT,…")
    points = Grid.parse(grid)
    swept = _of_file(own, points, only) if folder is None else sweep_runs(Store.open(folder), points, only)
    content = _picture(swept, points, suffix) if suffix in _PICTURES else _table(swept, suffix)
    try:
        files.write_output(to, content)
    except OSError as error:
        raise InputError(f"{to}: {files.write_failure(error)}") from None
    typer.echo(to)


def _of_file(own: FileNetwork, grid: Grid, only: Mapping[str, Any]) -> list[Swept]:
    from nalm.results.original.network_file import load_network, network_of_names

    assert own.path is not None
    if own.units is None:
        raise InputError("sweep: --weights takes the units of its layers, such as --network nau,nmu")
    if only:
        raise InputError("sweep: --only chooses runs of a folder; --weights is one network")
    settings = network_of_names(own.units, own.hidden_size)
    module = load_network(own.path, settings, own.inputs, own.outputs)
    return [sweep_module(module, own.inputs, grid, {"unit": settings.label}, own.gold)]


def _table(swept: Sequence[Swept], suffix: str) -> bytes:
    import io

    table = table_of(swept)
    if suffix == ".csv":
        return csv_text(table).encode()
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


def _picture(swept: Sequence[Swept], grid: Grid, suffix: str) -> bytes:
    from nalm.figures import FIGURES, figure_bytes
    from nalm.figures.style import find_style

    if any(one.inputs.shape[1] != 2 or one.outputs.shape[1] != 1 for one in swept):
        raise InputError("sweep: a picture is of networks of two inputs and one output; write a .csv")
    if grid.lower != -grid.upper:
        raise InputError("grid: the axes of a picture are symmetric, such as -6:6:121; write a .csv")
    if len(swept) > _MOST_PANELS:
        raise InputError(f"sweep: {len(swept)} panels; choose at most {_MOST_PANELS} runs with --only, or write a .csv")
    gold: dict[bytes, Any] = {}
    for one in swept:
        if one.gold is not None:
            gold.setdefault(one.gold.tobytes(), (f"Gold ({one.labels.get('operation', 'exact')})", one.gold))
    several = len(swept) > 1
    panels = [*gold.values(), *((_title(one, several), one.outputs[:, 0]) for one in swept)]
    surface: Any = FIGURES["surface"]
    # rows of the figure are the second input, which varies fastest here
    outputs = [(title, values.reshape(grid.points, grid.points).T) for title, values in panels]
    return figure_bytes(surface.draw(surface.surfaces_of(outputs, grid.upper), find_style("default")), suffix)


def _title(swept: Swept, several: bool) -> str:
    labels = swept.labels
    words = [str(labels["unit"])]
    if several and "seed" in labels:
        words += [str(labels["operation"]), str(labels["interpolation_range"]), f"seed {labels['seed']}"]
    return ", ".join(words)
