"""From a study to its runs: every network, at every combination of grid values, from every seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from nalm.errors import InputError, StudyError, did_you_mean
from nalm.networks import NetworkSettings
from nalm.runs import Run
from nalm.studies._keys import NONE, TASK_KEYS, TRAINING_KEYS, given
from nalm.studies._problems import problems
from nalm.studies._schema import Grid, NetworkTable, Study
from nalm.tasks import Task
from nalm.training.settings import TrainingSettings

_TASK: TypeAdapter[Task] = TypeAdapter(Task)
# columns of their own in the records; other swept keys become parameters of the run
_COLUMNS = ("operation", "interpolation_range", "extrapolation_range")


class Cell(NamedTuple):
    """One network at one combination of grid values: runs that differ by their seed alone."""

    task: Task
    network: NetworkSettings
    training: TrainingSettings
    seeds: tuple[int, ...]
    parameters: dict[str, Any]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.seeds)

    @property
    def iterations(self) -> int:
        """Updates of all its runs together."""
        return self.runs * (self.training.iterations + 1)


def expand(study: Study, seeds: tuple[int, ...] | None = None) -> list[Run]:
    """Return the runs of a study, network by network, in the order of its axes, then of its seeds.

    Args:
        study: the study.
        seeds: instead of those of the study and its networks.

    Raises:
        StudyError: settings do not fit together, or two runs would be the same; all problems at once.
    """
    return [
        Run(
            study=study.name,
            task=cell.task,
            network=cell.network,
            training=cell.training,
            seed=seed,
            parameters=cell.parameters,
        )
        for cell in cells(study)
        for seed in seeds or cell.seeds
    ]


def cells(study: Study) -> list[Cell]:
    """Return what a study runs, without unfolding the seeds.

    Raises:
        StudyError: settings do not fit together, or two runs would be the same; all problems at once.
    """
    found, wrong = _cells(study)
    if wrong:
        raise StudyError(f"{study.name}: {line}" for line in wrong)
    return found


def check_grid(study: Study) -> list[str]:
    """Return what keeps a valid study from being expanded: one line per problem."""
    return _cells(study)[1]


def check_networks(study: Study) -> None:
    """Build each network once, so that wrong arguments show before the first run.

    Raises:
        StudyError: units refuse their arguments; all problems at once.
    """
    wrong: dict[str, None] = {}
    built = set()
    for cell in cells(study):
        sizes = (cell.task.in_features, cell.task.out_features)
        key = (cell.network.model_dump_json(), sizes)
        if key in built:
            continue
        built.add(key)
        try:
            cell.network.build(*sizes)
        except InputError as error:
            wrong[f"{study.name}: network {cell.network.label!r}: {error}"] = None
    if wrong:
        raise StudyError(wrong)


def _cells(study: Study) -> tuple[list[Cell], list[str]]:
    # one line per sentence: what is wrong with the study's own tables shows in every cell
    wrong = {line: line for line in (*_repeated_labels(study), *_missing_x(study))}
    found: list[Cell] = []
    for index, network in enumerate(study.networks):
        axes = {**study.grid, **network.grid}
        clashes = [*_clashing_axes(axes), *_hidden_settings(index, network, axes)]
        wrong |= {line: line for line in clashes}
        if clashes:
            continue
        parameters = _parameters(axes)
        own: list[Cell] = []
        for points in product(*axes.values()):
            point = {key: value for part in points for key, value in given(part).items()}
            cell, lines = _cell(study, network, point, parameters)
            where = f"networks[{index}]" + "".join(f", {key} = {value}" for key, value in point.items())
            for line in lines:
                wrong.setdefault(line, f"{where}: {line}")
            if cell is not None:
                own.append(cell)
        wrong |= {line: line for line in _repeated_cells(own)}
        found += own
    return found, list(wrong.values())


def _swept(axes: Grid) -> dict[str, str]:
    """Return the keys that the axes set, and the axis of each."""
    return {key: name for name, points in axes.items() for point in points for key in given(point)}


def _parameters(axes: Grid) -> list[str]:
    """Return the keys that tell the points of each axis apart: not those that follow from the axis's first."""
    found = []
    for points in axes.values():
        tables = [given(point) for point in points]
        keys = list(dict.fromkeys(key for table in tables for key in table))
        first = [str(table.get(keys[0])) for table in tables]
        found += keys[:1] if len(set(first)) == len(first) else keys
    return [key for key in found if key not in _COLUMNS]


def _cell(
    study: Study, network: NetworkTable, point: dict[str, Any], parameters: Iterable[str]
) -> tuple[Cell | None, list[str]]:
    tables = (study.task, study.settings, network.task, network.settings)
    values = {key: value for table in tables for key, value in given(table).items()} | point
    lines: list[str] = []
    task = training = None
    try:
        task = _TASK.validate_python({key: values[key] for key in TASK_KEYS if key in values})
    except ValidationError as error:
        lines += [f"task: {line}" for line in problems(error)]
    try:
        training = TrainingSettings.model_validate({key: _plain(values[key]) for key in TRAINING_KEYS if key in values})
    except ValidationError as error:
        lines += [f"settings: {line}" for line in problems(error)]
    if task is None or training is None:
        return None, lines
    hidden = point.get("hidden_size", network.hidden_size or study.hidden_size)
    settings = NetworkSettings(label=network.shown_as, layers=network.stack, hidden_size=hidden)
    effective = {**task.model_dump(mode="json"), **training.model_dump(mode="json"), "hidden_size": hidden}
    shown = {key: effective[key] for key in parameters}
    return Cell(task, settings, training, network.seeds or study.seeds, shown), lines


def _plain(value: Any) -> Any:
    return None if value == NONE else value


def _repeated_labels(study: Study) -> Iterator[str]:
    first: dict[str, int] = {}
    for index, network in enumerate(study.networks):
        label = network.shown_as
        if label in first:
            yield (
                f"networks[{index}].label: {label!r} is already the label of networks[{first[label]}]; "
                "give each network a label of its own"
            )
        first.setdefault(label, index)


def _missing_x(study: Study) -> Iterator[str]:
    x = study.figure.x
    swept = dict.fromkeys(key for n in study.networks for key in _swept({**study.grid, **n.grid}))
    if x is not None and x not in swept:
        listed = ", ".join(swept) or "nothing"
        yield f"figure.x: {x!r} is not swept{did_you_mean(x, swept)}; the grid sweeps {listed}"


def _clashing_axes(axes: Grid) -> Iterator[str]:
    home: dict[str, str] = {}
    for name, points in axes.items():
        for key in dict.fromkeys(key for point in points for key in given(point)):
            if key in home:
                yield f"grid.{name}: {key} is already swept by grid.{home[key]}; sweep each key on one axis"
            home.setdefault(key, name)


def _hidden_settings(index: int, network: NetworkTable, axes: Grid) -> Iterator[str]:
    swept = _swept(axes)
    tables = {"task.": given(network.task), "settings.": given(network.settings)}
    if network.hidden_size is not None:
        tables[""] = {"hidden_size": network.hidden_size}
    for table, values in tables.items():
        for key in values:
            if key in swept:
                yield (
                    f"networks[{index}].{table}{key}: is swept by grid.{swept[key]}; "
                    f"set it there or replace the axis in networks[{index}].grid"
                )


def _repeated_cells(cells_of_a_network: list[Cell]) -> Iterator[str]:
    seen = set()
    for cell in cells_of_a_network:
        key = (cell.task, cell.network.hidden_size, cell.training)
        if key in seen:
            yield (
                f"runs of {cell.network.label!r} are given twice ({cell.task.operation}, "
                f"{cell.task.interpolation_range}); remove the repeated value from the grid"
            )
        seen.add(key)
