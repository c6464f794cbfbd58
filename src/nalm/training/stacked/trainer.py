"""The trainer of arithmetic tasks: batches of many small runs, whose networks are compiled once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, starmap
from operator import mul
from pathlib import Path
from typing import Any, cast

from torch import nn

from nalm.runs import Run
from nalm.runs.record import TrainedRuns
from nalm.runs.settings import TrainingSettings
from nalm.training.executors import Executor, OnProgress
from nalm.training.lowerings._base import Lowered
from nalm.training.lowerings.choice import ProgramKey, program_key, step_of, warn_of_fallbacks
from nalm.training.lowerings.devices import find_kept, find_lowering
from nalm.training.lowerings.native import NativeCode
from nalm.training.lowerings.seeds import warn_of_other_modules
from nalm.training.stacked.batches import ArithmeticRun, Batch, plan
from nalm.training.stacked.cost import seconds_per_update
from nalm.training.stacked.engine import train_batch
from nalm.training.step.initial import initial_network
from nalm.training.trainer import OnTrial, Trainer
from nalm.units._catalogue.portable import packed, unpack


@dataclass(frozen=True)
class BatchJob:
    """A batch, the kernels that were found or compiled for its networks before, and the user's own classes in them."""

    batch: Batch
    lowered: Mapping[ProgramKey, Lowered] = field(default_factory=dict)
    classes: Mapping[str, bytes] = field(default_factory=dict)
    checkpoint: Path | None = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs of the batch."""
        return cast("tuple[Run, ...]", self.batch.runs)


class StackedTrainer(Trainer):
    """Trains hundreds of runs at once."""

    name = "stacked"

    def check_device(self, device: str) -> None:
        """See `Trainer.check_device`."""
        find_lowering(device)

    def check_network(self, run: Run) -> Sequence[str]:
        """See `Trainer.check_network`."""
        return step_of(program_key(cast("ArithmeticRun", run))).found

    def network(self, run: Run) -> nn.Module:
        """See `Trainer.network`."""
        mine = cast("ArithmeticRun", run)
        widths = (mine.task.in_features, mine.task.out_features)
        return initial_network(mine.network, widths, mine.seed, mine.training.streams)[0]

    def networks(self, runs: Sequence[Run]) -> int:
        """See `Trainer.networks`; runs of one condition share their settings."""
        some = {(id(run.network), id(run.training), id(run.task)): run for run in runs}
        return len({program_key(cast("ArithmeticRun", run)) for run in some.values()})

    def work(self, run: Run) -> int:
        """See `Trainer.work`: numbers read and multiplied per sample, times samples.

        A unit that costs more for its size than another is not told apart.
        """
        task, training = cast("Any", run.task), cast("TrainingSettings", run.training)
        hidden = [run.network.hidden_size] * (len(run.network.layers) - 1)
        products: int = sum(starmap(mul, pairwise([task.in_features, *hidden, task.out_features])))
        numbers: int = task.input_size + products
        return max(1, run.updates * training.batch_size * numbers)

    def plan(self, runs: Sequence[Run], checkpoints: Path | None) -> list[BatchJob]:
        """See `Trainer.plan`; batches take seconds and need no checkpoints."""
        return [BatchJob(batch) for batch in plan(cast("Sequence[ArithmeticRun]", runs))]

    def prepare(self, jobs: Sequence[BatchJob], executor: Executor, device: str) -> list[BatchJob]:
        """Compile each network once, several at a time, and warn of those that are trained more slowly."""
        keys = [{program_key(run): run.network.label for run in job.batch.runs} for job in jobs]
        labels = {key: label for names in keys for key, label in names.items()}
        sources = list(dict.fromkeys(source for key in labels for source in key.sources))
        classes = packed(sources) if executor.shares_files else {}
        lowered: dict[ProgramKey, Lowered] = {}
        if executor.shares_files:
            known = {key: find_kept(device, key) for key in labels}
            lowered |= {key: code for key, code in known.items() if code is not None}
        executor.run(
            _lower,
            [(key, device, classes) for key in labels if key not in lowered],
            lambda job, found: lowered.__setitem__(job[0], found),
            lambda done: None,
        )
        warn_of_fallbacks((label, lowered[key]) for key, label in labels.items())
        own = [run for job in jobs for run in job.batch.runs if run.network.has_own_units]
        seeds: dict[ProgramKey, set[int]] = {}
        for run in own:
            seeds.setdefault(program_key(run), set()).add(run.seed)
        for key, found in seeds.items():
            warn_of_other_modules(labels[key], key, lowered[key], found)
        if not executor.shares_files:
            return list(jobs)  # kernels are compiled, or found, where each job is done
        return [
            BatchJob(job.batch, {key: lowered[key] for key in names}, classes)
            for job, names in zip(jobs, keys, strict=True)
        ]

    def releases_lock(self, jobs: Sequence[BatchJob]) -> bool:
        """See `Trainer.releases_lock`; code of the user's own may run in Python at any point."""
        return all(
            isinstance(code, NativeCode) and not key.layers.has_own_units
            for job in jobs
            for key, code in job.lowered.items()
        )

    def train(self, job: BatchJob, device: str, on_progress: OnProgress) -> TrainedRuns:
        """See `Trainer.train`."""
        lower = find_lowering(device)
        lowered = {key: job.lowered.get(key) or lower(key) for key in map(program_key, job.batch.runs)}
        return train_batch(job.batch, lowered, on_progress)

    def seconds_per_update(
        self, samples: Mapping[str, Sequence[Run]], on_trial: OnTrial | None = None
    ) -> dict[str, float]:
        """See `Trainer.seconds_per_update`."""
        return seconds_per_update(samples, on_trial)


def _lower(job: tuple[ProgramKey, str, Mapping[str, bytes]], on_progress: OnProgress) -> Lowered:
    key, device, classes = job
    unpack(key.sources, classes)
    return find_lowering(device)(key)
