"""From a study to its runs: every network, at every combination of grid values, from every seed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from nalm.errors import InputError, StudyError, did_you_mean
from nalm.runs import AnyRun, Run
from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.studies._digit_cells import DigitCell, digit_cell
from nalm.studies._keys import DIGIT_TASKS, NONE, given, keys_of
from nalm.studies._problems import problems
from nalm.studies._schema import Grid, NetworkTable, Study
from nalm.tasks import Task
from nalm.tasks.sequential_digits import CELLS
from nalm.tasks.static_digits import STAGES

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

    @property
    def label(self) -> str:
        """The network, as figures call it."""
        return self.network.label

    @property
    def updates(self) -> int:
        """Updates of one run."""
        return self.training.iterations + 1

    @property
    def content(self) -> Hashable:
        """What decides the results of its runs, apart from network and seed."""
        return self.task, self.network.hidden_size, self.training

    @property
    def network_key(self) -> Hashable:
        """Equal for networks that are built alike."""
        return self.network.model_dump_json(), self.task.in_features, self.task.out_features

    def run(self, study: str, seed: int, sources: Mapping[str, str]) -> Run:
        """Return the run of a seed; `sources` are those of the study."""
        return Run(
            study=study,
            task=self.task,
            network=self.network,
            training=self.training,
            seed=seed,
            parameters=self.parameters,
            sources={layer.unit: sources[layer.unit] for layer in self.network.layers if layer.unit in sources},
        )

    def check_network(self) -> None:
        """Build the network.

        Raises:
            InputError: a unit refuses its arguments.
        """
        self.network.build(self.task.in_features, self.task.out_features)


AnyCell = Cell | DigitCell


def expand(study: Study, seeds: tuple[int, ...] | None = None) -> list[AnyRun]:
    """Return the runs of a study, network by network, in the order of its axes, then of its seeds.

    Args:
        study: the study.
        seeds: instead of those of the study and its networks.

    Raises:
        StudyError: settings do not fit together, or two runs would be the same; all problems at once.
    """
    try:
        return [cell.run(study.name, seed, study.sources) for cell in cells(study) for seed in seeds or cell.seeds]
    except InputError as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError([f"{study.name}: seeds: {error}"]) from None


def cells(study: Study) -> list[AnyCell]:
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
        key = cell.network_key
        if key in built:
            continue
        built.add(key)
        try:
            cell.check_network()
        except InputError as error:
            wrong[f"{study.name}: network {cell.label!r}: {error}"] = None
    if wrong:
        raise StudyError(wrong)


def _cells(study: Study) -> tuple[list[AnyCell], list[str]]:
    # one line per sentence: what is wrong with the study's own tables shows in every cell
    wrong = {line: line for line in (*_repeated_labels(study), *_missing_x(study))}
    found: list[AnyCell] = []
    for index, network in enumerate(study.networks):
        axes = {**study.grid, **network.grid}
        clashes = [*_clashing_axes(axes), *_hidden_settings(index, network, axes)]
        wrong |= {line: line for line in clashes}
        if clashes:
            continue
        parameters = _parameters(axes)
        own: list[AnyCell] = []
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
    study: Study, network: NetworkTable, point: dict[str, Any], parameters: list[str]
) -> tuple[AnyCell | None, list[str]]:
    tables = (study.task, study.settings, network.task, network.settings)
    values = {key: value for table in tables for key, value in given(table).items()} | point
    kind = values.get("kind")
    foreign = list(_foreign_keys(kind, values))
    if foreign:
        return None, foreign
    seeds = network.seeds or study.seeds
    if kind in DIGIT_TASKS:
        if "hidden_size" in study.model_fields_set:
            return None, ["hidden_size: networks of digit tasks have none"]
        return digit_cell(network, {key: _plain(value) for key, value in values.items()}, seeds, parameters)
    return _arithmetic_cell(study, network, values, seeds, parameters)


def _foreign_keys(kind: Any, values: Iterable[str]) -> Iterator[str]:
    """Keys that another kind of task has."""
    known = keys_of(kind)
    for key in values:
        if key not in known:
            hint = did_you_mean(key, known)
            yield f"{key}: a task of kind {kind!r} has no such key{hint}; keys are {', '.join(known)}"


def _arithmetic_cell(
    study: Study, network: NetworkTable, values: dict[str, Any], seeds: tuple[int, ...], parameters: Iterable[str]
) -> tuple[Cell | None, list[str]]:
    lines: list[str] = []
    task = training = None
    try:
        task = _TASK.validate_python({key: values[key] for key in Task.model_fields if key in values})
    except ValidationError as error:
        lines += [f"task: {line}" for line in problems(error)]
    try:
        own = {key: _plain(values[key]) for key in TrainingSettings.model_fields if key in values}
        training = TrainingSettings.model_validate(own)
    except ValidationError as error:
        lines += [f"settings: {line}" for line in problems(error)]
    lines += [f"unit: {unit!r} belongs to digit tasks" for unit in _digit_networks(network)]
    if task is None or training is None or lines:
        return None, lines
    hidden = values.get("hidden_size", network.hidden_size or study.hidden_size)
    settings = NetworkSettings(label=network.shown_as, layers=network.stack, hidden_size=hidden)
    effective = {**task.model_dump(mode="json"), **training.model_dump(mode="json"), "hidden_size": hidden}
    shown = {key: effective[key] for key in parameters}
    return Cell(task, settings, training, seeds, shown), lines


def _digit_networks(network: NetworkTable) -> list[str]:
    return [layer.unit for layer in network.stack if layer.unit in (*STAGES, *CELLS)]


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


def _repeated_cells(cells_of_a_network: list[AnyCell]) -> Iterator[str]:
    seen = set()
    for cell in cells_of_a_network:
        if cell.content in seen:
            where = [cell.task.operation, *([str(cell.task.interpolation_range)] if isinstance(cell, Cell) else [])]
            yield (
                f"runs of {cell.label!r} are given twice ({', '.join(where)}); remove the repeated value from the grid"
            )
        seen.add(cell.content)
