"""Cells of studies of the digit tasks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from nalm.errors import InputError
from nalm.runs import DigitRun
from nalm.studies._keys import DIGIT_TASKS
from nalm.studies._problems import problems
from nalm.studies._schema import NetworkTable
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits


class DigitCell(NamedTuple):
    """One network at one combination of grid values: runs that differ by their seed alone."""

    task: StaticDigits | SequentialDigits
    label: str
    seeds: tuple[int, ...]
    parameters: dict[str, Any]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.seeds)

    @property
    def iterations(self) -> int:
        """Updates of all its runs together."""
        return sum(self.task.updates(seed) for seed in self.seeds)

    @property
    def updates(self) -> int:
        """Updates of its first run; folds differ by a few."""
        return self.task.updates(self.seeds[0])

    @property
    def content(self) -> Hashable:
        """What decides the results of its runs, apart from network and seed."""
        return self.task

    @property
    def network_key(self) -> Hashable:
        """Equal for networks that are built alike."""
        return self.task

    def run(self, study: str, seed: int, sources: Mapping[str, str]) -> DigitRun:
        """Return the run of a seed; `sources` are those of the study.

        Raises:
            InputError: the static task has no such fold.
        """
        self.task.updates(seed)
        unit = self.task.stage if isinstance(self.task, StaticDigits) else self.task.cell
        return DigitRun(
            study=study,
            task=self.task,
            label=self.label,
            seed=seed,
            parameters=self.parameters,
            sources={unit: sources[unit]} if unit in sources else {},
        )

    def check_network(self) -> None:
        """Build the network.

        Raises:
            InputError: an unknown stage or cell.
        """
        from nalm.digits import check_network

        check_network(self.task)


def digit_cell(
    network: NetworkTable, values: dict[str, Any], seeds: tuple[int, ...], parameters: list[str]
) -> tuple[DigitCell | None, list[str]]:
    """Return the cell of a network under settings `values`, or what is wrong with it, one line per problem."""
    lines = list(_refused(network))
    model = DIGIT_TASKS[values["kind"]]
    unit = "stage" if model is StaticDigits else "cell"
    try:
        task = model.model_validate({**values, unit: network.unit})
    except ValidationError as error:
        return None, [*lines, *problems(error)]
    cell = DigitCell(task, network.shown_as, seeds, {})
    lines += _missing_folds(cell)
    if lines:
        return None, lines
    shown = task.model_dump(mode="json")
    return cell._replace(parameters={key: shown[key] for key in parameters}), []


def _refused(network: NetworkTable) -> Iterator[str]:
    for key in ("layers", "arguments", "hidden_size"):
        if getattr(network, key):
            yield f'{key}: a digit task takes one unit without {key}; give unit = "NAME"'


def _missing_folds(cell: DigitCell) -> Iterator[str]:
    for seed in cell.seeds:
        try:
            cell.task.updates(seed)
        except InputError as error:
            yield f"seeds: {error}"
            return
