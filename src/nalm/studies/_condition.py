"""A condition of a study: one network at one combination of the grid's values."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from nalm.runs import NetworkSettings, Run, TrainingSettings
from nalm.runs.run import updates
from nalm.tasks import Task


class Condition(NamedTuple):
    """Runs that differ by their seed alone.

    Args:
        task, network, training: of its runs (`nalm.runs.Run`).
        seeds: one per run.
        parameters: values of the study's own grid keys.
    """

    task: Task
    network: NetworkSettings
    training: TrainingSettings | None
    seeds: tuple[int, ...]
    parameters: dict[str, Any]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.seeds)

    @property
    def iterations(self) -> int:
        """Updates of all its runs together."""
        if self.training is not None:
            return self.runs * self.updates
        return sum(updates(self.task, None, seed) for seed in self.seeds)

    @property
    def label(self) -> str:
        """The network, as figures call it."""
        return self.network.label

    @property
    def updates(self) -> int:
        """Updates of its first run; folds of the static digit task differ by a few."""
        return updates(self.task, self.training, self.seeds[0])

    @property
    def content(self) -> Hashable:
        """What decides the results of its runs, apart from network and seed."""
        return self.task, self.network.hidden_size, self.training

    def run(self, study: str, seed: int, sources: Mapping[str, str]) -> Run:
        """Return the run of a seed; see `unfold`."""
        return self.unfold(study, (seed,), sources)[0]

    def unfold(self, study: str, seeds: Sequence[int], sources: Mapping[str, str]) -> list[Run]:
        """Return its runs, one per seed; `sources` are those of the study.

        Raises:
            InputError: the static digit task has no such fold.
        """
        if self.training is None:
            for seed in seeds:
                updates(self.task, None, seed)
        first = Run(
            study=study,
            task=self.task,
            network=self.network,
            training=self.training,
            seed=seeds[0],
            parameters=self.parameters,
            sources={layer.unit: sources[layer.unit] for layer in self.network.layers if layer.unit in sources},
        )
        return first.with_seeds(seeds)
