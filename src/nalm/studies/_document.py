"""The canonical text of a study: what `study.toml` in a results folder holds."""

from __future__ import annotations

from typing import Any

import tomli_w

from nalm.studies._keys import given, nested
from nalm.studies._schema import FigureTable, Grid, NetworkTable, Study
from nalm.studies._seeds import seeds_text


def document(study: Study) -> dict[str, Any]:
    """Return the tables of the study's file, in a fixed order and without what is at its default."""
    tables: dict[str, Any] = {
        "name": study.name,
        "title": study.title,
        "description": study.description,
        "paper": study.paper,
        "seeds": seeds_text(study.seeds),
        "threshold": study.threshold,
        "selection_window": study.selection_window if "selection_window" in study.model_fields_set else None,
        "hidden_size": study.hidden_size if "hidden_size" in study.model_fields_set else None,
        "task": given(study.task),
        "settings": given(study.settings),
        "grid": _grid(study.grid),
        "figure": {} if study.figure == FigureTable() else study.figure.model_dump(exclude_unset=True),
        "networks": [_network(network) for network in study.networks],
        "sources": study.sources,
    }
    return _without_empty(tables)


def to_toml(study: Study) -> str:
    """Return the study as TOML; loading it gives an equal study, and equal studies give equal texts."""
    tables = document(study)
    written = _with_tables_of_factors(tables) | {"networks": [*map(_with_tables_of_factors, tables["networks"])]}
    return tomli_w.dumps(written, multiline_strings=True)


def _with_tables_of_factors(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of a study or a network with factors as tables, not as keys such as `penalty.ridge`."""
    nest = {"settings": nested, "grid": _nested_grid}
    return {name: nest[name](table) if name in nest else table for name, table in tables.items()}


def _nested_grid(grid: dict[str, Any]) -> dict[str, Any]:
    return nested({name: [nested(v) if isinstance(v, dict) else v for v in axis] for name, axis in grid.items()})


def _network(network: NetworkTable) -> dict[str, Any]:
    layers = network.layers
    return _without_empty(
        {
            "unit": network.unit,
            "layers": layers and [layer.model_dump(exclude_defaults=True) for layer in layers],
            "arguments": network.arguments,
            "label": network.label,
            "hidden_size": network.hidden_size,
            "seeds": network.seeds and seeds_text(network.seeds),
            "task": given(network.task),
            "settings": given(network.settings),
            "grid": _grid(network.grid),
        }
    )


def _grid(grid: Grid) -> dict[str, Any]:
    axes = {name: [given(point) for point in points] for name, points in grid.items()}
    return {
        name: [point[name] for point in points] if all(list(point) == [name] for point in points) else points
        for name, points in axes.items()
    }


def _without_empty(tables: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tables.items() if value not in (None, "", {})}
