"""The schema of a study file.

name         of the study; by default the file's name
title        of the figure or table
description  what it shows and where it differs from the publication
paper        citation key (nalm cite KEY)
seeds        "A:B" (seeds A to B - 1) or a list
threshold    extrapolation error below which a run is solved; by default the published one of its task
selection_window   logged rows, from the last, among which the best step is chosen
[task]       keys of the task
[settings]   keys of training
[grid]       axes; every combination of their values is run. An axis named like a key lists its values;
             any other axis lists tables of keys that change together, such as the two ranges
[figure]     how results are drawn
[[networks]] one per network: a unit, or layers, with what it changes of the above
[sources]    checksums of the code of units that are classes of the user's own, in the study.toml of results
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nalm import figure_kinds
from nalm.errors import InputError, did_you_mean
from nalm.runs.network import LayerSettings
from nalm.studies._keys import PENALTY, SETTABLE, PointTable, TaskTable, TrainingTable, file_key, flat
from nalm.studies._seeds import parse_seeds
from nalm.tasks.sequential_digits import CELLS
from nalm.tasks.static_digits import STAGES

_STRICT = ConfigDict(frozen=True, extra="forbid")


def _unit_name(value: Any) -> Any:
    """Return the registered name behind any known spelling; `package.module:Class` stays, and what digit tasks add."""
    if not isinstance(value, str) or ":" in value or value in (*STAGES, *CELLS):
        return value
    from nalm.units import resolve

    try:
        return resolve(value).name
    except InputError as error:
        raise ValueError(str(error)) from None


def _layer(value: Any) -> Any:
    return {"unit": value} if isinstance(value, str) else value


def _axis(name: str, values: Any) -> Any:
    """Values of a single key as tables of that one key."""
    if not isinstance(values, (list, tuple)):
        return values
    is_key = file_key(name) in SETTABLE and name != PENALTY
    if not is_key and all(isinstance(value, dict) for value in values):
        return values
    return [{name: value} for value in values]


def _axes(grid: Any) -> Any:
    return {name: _axis(name, values) for name, values in flat(grid).items()} if isinstance(grid, dict) else grid


def _path_like(name: str) -> str:
    parts = name.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in name or not name.isprintable():
        raise ValueError(f"{name!r} must be a name, or names joined by '/', that can serve as a folder")
    return str(PurePosixPath(name))


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{text!r} holds characters that cannot be printed; give one line of text")
    return text


def _figure_kind(name: str) -> str:
    known = figure_kinds.FIGURE_KINDS
    if name not in known:
        listed = f"{', '.join(map(repr, known[:-1]))} or {known[-1]!r}"
        raise ValueError(f"must be {listed}, got {name!r}{did_you_mean(name, known)}")
    return name


UnitName = Annotated[str, BeforeValidator(_unit_name)]
Seeds = Annotated[tuple[int, ...], BeforeValidator(parse_seeds)]
Axis = Annotated[tuple[PointTable, ...], Field(min_length=1)]
Grid = Annotated[dict[str, Axis], BeforeValidator(_axes)]


class LayerTable(BaseModel):
    """One layer of a network; a bare string stands for `unit`."""

    model_config = _STRICT

    unit: UnitName
    arguments: dict[str, Any] = Field(default_factory=dict)


Layer = Annotated[LayerTable, BeforeValidator(_layer)]


class NetworkTable(BaseModel):
    """One series of the figure: a network, and what it changes of the study."""

    model_config = _STRICT

    unit: UnitName | None = None
    layers: Annotated[tuple[Layer, ...], Field(min_length=1)] | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    label: Annotated[str, Field(min_length=1), AfterValidator(_printable)] | None = None
    hidden_size: Annotated[int, Field(ge=1, le=10**9)] | None = None
    seeds: Seeds | None = None
    task: TaskTable = Field(default_factory=TaskTable)
    settings: TrainingTable = Field(default_factory=TrainingTable)
    grid: Grid = Field(default_factory=dict)

    @model_validator(mode="after")
    def _unit_or_layers(self) -> Self:
        if (self.unit is None) == (self.layers is None):
            got = "neither" if self.unit is None else "both"
            raise ValueError(f'give either unit = "NAME" or layers = ["NAME", …], got {got}')
        if self.layers is not None and self.arguments:
            raise ValueError('arguments belong to a layer: layers = [{ unit = "NAME", arguments = { … } }]')
        return self

    @property
    def stack(self) -> tuple[LayerSettings, ...]:
        """The layers, first to last."""
        if self.layers is not None:
            return tuple(LayerSettings(unit=layer.unit, arguments=layer.arguments) for layer in self.layers)
        assert self.unit is not None
        return (LayerSettings(unit=self.unit, arguments=self.arguments),)

    @property
    def shown_as(self) -> str:
        """The label, by default the names of its units: `nmu`, `nau_nmu`."""
        return self.label or "_".join(layer.unit.rpartition(":")[2] for layer in self.stack)


class FigureTable(BaseModel):
    """How results are drawn.

    `ranges` draws the three measures over the interpolation ranges, `sweep` over the swept key `x` on an
    axis that may be logarithmic; `table` writes them as a table. `pairs` draws errors and accuracies of the static
    digit task, `lengths` the three measures of the sequential one over the length of the test sequences. `surface`
    draws what networks of two inputs make of a plane of inputs, `curves` errors over the iterations, `profile` the
    share of runs below an error, `confusion` and `weights` what output stages of the static digit task make of its
    digits.
    """

    model_config = _STRICT

    kind: Annotated[str, AfterValidator(_figure_kind)] = "ranges"
    x: str | None = None
    logarithmic: bool = False

    @model_validator(mode="after")
    def _sweep_has_x(self) -> Self:
        if (self.kind == "sweep") != (self.x is not None):
            raise ValueError('x names the swept key, and belongs to kind = "sweep" alone')
        return self


class Study(BaseModel):
    """A study: everything that decides its runs and how they are shown.

    Raises:
        pydantic.ValidationError: an unknown key, or a value outside its allowed range.
    """

    model_config = _STRICT

    name: Annotated[str, AfterValidator(_path_like)]
    title: str
    description: str = ""
    paper: str = ""
    seeds: Seeds
    threshold: Annotated[float, Field(gt=0)] | None = None
    selection_window: int = Field(default=5000, ge=1)
    task: TaskTable
    settings: TrainingTable = Field(default_factory=TrainingTable)
    hidden_size: int = Field(default=2, ge=1, le=10**9)
    grid: Grid = Field(default_factory=dict)
    figure: FigureTable = Field(default_factory=FigureTable)
    networks: tuple[NetworkTable, ...] = Field(min_length=1)
    sources: dict[str, str] = Field(default_factory=dict)
