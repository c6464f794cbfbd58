"""From a study to its runs: every network, at every combination of grid values, from every seed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from pydantic import ValidationError

from nalm.errors import InputError, StudyError, did_you_mean
from nalm.runs import Run
from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.studies._condition import Condition
from nalm.studies._digit_conditions import digit_condition
from nalm.studies._keys import DIGIT_TASKS, NONE, file_key, flat, given, keys_of, nested
from nalm.studies._limits import too_large, too_many_runs
from nalm.studies._problems import problems
from nalm.studies._schema import Grid, NetworkTable, Study
from nalm.tasks import TASKS, ArithmeticTask, Task
from nalm.tasks.sequential_digits import CELLS
from nalm.tasks.static_digits import STAGES

# columns of their own in the records; other swept keys become parameters of the run
_COLUMNS = ("operation", "interpolation_range", "extrapolation_range")


def expand(study: Study, seeds: tuple[int, ...] | None = None) -> list[Run]:
    """Return the runs of a study, network by network, in the order of its axes, then of its seeds.

    Args:
        study: the study.
        seeds: instead of those of the study and its networks.

    Raises:
        StudyError: settings do not fit together, or two runs would be the same; all problems at once.
    """
    try:
        return [
            run
            for condition in conditions(study)
            for run in condition.unfold(study.name, seeds or condition.seeds, study.sources)
        ]
    except InputError as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError([f"{study.name}: seeds: {error}"]) from None


def conditions(study: Study) -> list[Condition]:
    """Return what a study runs, without unfolding the seeds.

    Raises:
        StudyError: settings do not fit together, or two runs would be the same; all problems at once.
    """
    found, wrong = _conditions(study)
    if wrong:
        raise StudyError(f"{study.name}: {line}" for line in wrong)
    return found


def check_grid(study: Study) -> list[str]:
    """Return what keeps a valid study from being expanded: one line per problem."""
    return _conditions(study)[1]


def _conditions(study: Study) -> tuple[list[Condition], list[str]]:
    explodes = list(too_many_runs(study))
    if explodes:
        return [], explodes
    # one line per sentence: what is wrong with the study's own tables shows in every condition
    wrong = {line: line for line in (*_repeated_labels(study), *_missing_x(study))}
    found: list[Condition] = []
    tasks: dict[Task, Task] = {}
    for index, network in enumerate(study.networks):
        axes = {**study.grid, **network.grid}
        clashes = [*_clashing_axes(axes), *_hidden_settings(index, network, axes)]
        wrong |= {line: line for line in clashes}
        if clashes:
            continue
        parameters = _parameters(axes)
        own: list[Condition] = []
        for points in product(*axes.values()):
            point = {key: value for part in points for key, value in given(part).items()}
            condition, lines = _condition(study, network, point, parameters)
            where = f"networks[{index}]" + "".join(f", {key} = {value}" for key, value in point.items())
            for line in lines:
                wrong.setdefault(line, f"{where}: {line}")
            if condition is not None:
                # one object for equal tasks, so that what follows from a task is found once
                own.append(condition._replace(task=tasks.setdefault(condition.task, condition.task)))
        wrong |= {line: line for line in _repeated_conditions(own)}
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


def _condition(
    study: Study, network: NetworkTable, point: dict[str, Any], parameters: list[str]
) -> tuple[Condition | None, list[str]]:
    tables = (study.task, study.settings, network.task, network.settings)
    values = {key: value for table in tables for key, value in given(table).items()} | point
    kind = values.get("kind")
    foreign = list(_foreign_keys(kind, values))
    if foreign:
        return None, foreign
    seeds = network.seeds or study.seeds
    if kind in DIGIT_TASKS:
        hidden = values.pop("hidden_size", network.hidden_size or study.hidden_size)
        if "hidden_size" in study.model_fields_set and all(len(other.stack) == 1 for other in study.networks):
            return None, ["hidden_size: no network has several layers"]
        own = nested({key: _plain(value) for key, value in values.items()})
        return digit_condition(network, own, seeds, parameters, hidden)
    return _arithmetic_condition(study, network, values, seeds, parameters)


def _foreign_keys(kind: Any, values: Iterable[str]) -> Iterator[str]:
    """Keys that another kind of task has."""
    known = keys_of(kind)
    for key in values:
        if file_key(key) not in known:
            hint = did_you_mean(key, known)
            yield f"{key}: a task of kind {kind!r} has no such key{hint}; keys are {', '.join(known)}"


def _arithmetic_condition(
    study: Study, network: NetworkTable, values: dict[str, Any], seeds: tuple[int, ...], parameters: Iterable[str]
) -> tuple[Condition | None, list[str]]:
    lines: list[str] = []
    task = training = None
    tables = nested(values)
    try:
        model = TASKS.get(values.get("kind", ""), ArithmeticTask)
        task = model.model_validate({key: values[key] for key in model.model_fields if key in values})
    except ValidationError as error:
        lines += [f"task: {line}" for line in problems(error)]
    try:
        own = {key: _plain(tables[key]) for key in TrainingSettings.model_fields if key in tables}
        training = TrainingSettings.model_validate(own)
    except ValidationError as error:
        lines += [f"settings: {line}" for line in problems(error)]
    lines += [f"unit: {unit!r} belongs to digit tasks" for unit in _digit_networks(network)]
    if task is None or training is None or lines:
        return None, lines
    hidden = values.get("hidden_size", network.hidden_size or study.hidden_size)
    settings = NetworkSettings(label=network.shown_as, layers=network.stack, hidden_size=hidden)
    lines += too_large(task, settings, training)
    if lines:
        return None, lines
    effective = {**dict(task), **task.model_dump(mode="json"), **flat(dict(training)), "hidden_size": hidden}
    shown = {key: effective[key] for key in parameters}
    return Condition(task, settings, training, seeds, shown), lines


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


def _repeated_conditions(conditions_of_a_network: list[Condition]) -> Iterator[str]:
    seen = set()
    for condition in conditions_of_a_network:
        if condition.content in seen:
            task = condition.task
            where = (
                task.operation if task.interpolation_range is None else f"{task.operation}, {task.interpolation_range}"
            )
            yield f"runs of {condition.label!r} are given twice ({where}); remove the repeated value from the grid"
        seen.add(condition.content)
