"""The trainer of digit tasks: one run per job, as the networks are large enough to keep a core busy each."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from torch import nn
from torch.backends import cudnn

from nalm.digits._cost import seconds_per_update
from nalm.digits.collect import trained_runs
from nalm.digits.experiments import check_images, check_network, create_experiment, initial_network
from nalm.errors import InputError
from nalm.runs import NetworkSettings, Run
from nalm.runs.record import TrainedRuns
from nalm.tasks import DigitTask, SequentialDigits, StaticDigits, Task
from nalm.tasks.images import DigitImages, load_images
from nalm.training.epochs.context import ComputeContext, find_device, made_by
from nalm.training.epochs.loop import OnEpoch
from nalm.training.epochs.loop import run as run_epochs
from nalm.training.epochs.record import DigitsResult
from nalm.training.executors import CollectedProgress, OnProgress, one_thread
from nalm.training.trainer import OnTrial, Trainer


@dataclass(frozen=True)
class RunJob:
    """One run, and the file that it keeps its state in."""

    run: Run
    checkpoint: Path | None

    @property
    def runs(self) -> tuple[Run, ...]:
        """The run alone."""
        return (self.run,)


class EpochTrainer(Trainer):
    """Trains one run at a time, from its checkpoint if there is one."""

    name = "epochs"

    def check_device(self, device: str) -> None:
        """See `Trainer.check_device`."""
        find_device(device)

    def check_network(self, run: Run) -> list[str]:
        """See `Trainer.check_network`."""
        return check_network(cast("DigitTask", run.task), run.network)

    def network(self, run: Run) -> nn.Module:
        """See `Trainer.network`."""
        return initial_network(cast("DigitTask", run.task), run.seed, run.network)

    def check_data(self, tasks: Sequence[Task]) -> None:
        """See `Trainer.check_data`; MNIST is downloaded if need be, once, before any worker starts."""
        for task in cast("Sequence[DigitTask]", tasks):
            check_images(task, _images(task.dataset))

    def most_workers(self, device: str) -> int:
        """See `Trainer.most_workers`: one on a GPU."""
        return super().most_workers(device) if device == "cpu" else 1

    def work(self, run: Run) -> int:
        """See `Trainer.work`: images that the network sees in training."""
        task = cast("DigitTask", run.task)
        images = task.training_length if isinstance(task, SequentialDigits) else 2
        return max(1, run.updates * task.batch_size * images)

    def plan(self, runs: Sequence[Run], checkpoints: Path | None) -> list[RunJob]:
        """See `Trainer.plan`."""
        return [RunJob(run, None if checkpoints is None else checkpoints / f"{run.id}.safetensors") for run in runs]

    def train(self, job: RunJob, device: str, on_progress: OnProgress) -> TrainedRuns:
        """See `Trainer.train`."""
        start = time.perf_counter()
        counter = CollectedProgress(on_progress)
        task = cast("DigitTask", job.run.task)
        result = train_digits(
            task,
            job.run.seed,
            device=device,
            data=_images(task.dataset),
            checkpoint=job.checkpoint,
            on_progress=counter.add,
            network=job.run.network,
        )
        counter.flush()
        return replace(trained_runs(job.run, result, time.perf_counter() - start), made_by=(made_by(device),))

    def seconds_per_update(
        self, samples: Mapping[str, Sequence[Run]], on_trial: OnTrial | None = None
    ) -> dict[str, float]:
        """See `Trainer.seconds_per_update`; takes a second or two for each, and the time to load the data."""
        found: dict[str, float] = {}
        for key, sample in samples.items():
            run = sample[0]
            found[key] = seconds_per_update(cast("DigitTask", run.task), run.seed, run.network)
            if on_trial is not None:
                on_trial(len(found) / len(samples))
        return found


def train_digits(
    settings: StaticDigits | SequentialDigits,
    seed: int,
    fold: int | None = None,
    device: str = "cpu",
    on_epoch: OnEpoch | None = None,
    *,
    data: DigitImages | None = None,
    checkpoint: str | Path | None = None,
    on_progress: OnProgress | None = None,
    network: NetworkSettings | None = None,
) -> DigitsResult:
    """Train one run; its result depends on settings, seed and fold alone (in its last bits on the machine).

    A GPU draws other dropout, noise and distortions than a CPU.

    On a CPU it is trained with one thread, whatever `torch.get_num_threads()` is: train several runs at a time in
    several processes.

    Args:
        settings: Task, network and training.
        seed: Of everything random.
        fold: Static task: which pairs of digits are tested; by default `seed`, as in the paper.
        device: `"cpu"`, `"cuda"` or `"cuda:1"`. Data and network are kept there.
        on_epoch: Called with each record as soon as it is there; not for records that a checkpoint already
            has.
        data: The images; loaded by `settings.dataset` if None.
        checkpoint: File that the state is written to about every minute and at the end, and that a run is
            resumed from: the result is the same as without an interruption.
        on_progress: Called with the number of updates done since the last call; first with those of the
            checkpoint.
        network: The output stage or cell, with arguments and of several layers if need be; by default the unit that
            the settings name.

    Raises:
        InputError: no such fold, stage, cell or device; a penalty without a factor; digits that leave no sequence.
        DataError: the data set is missing or damaged.
        StoreError: the checkpoint is damaged or of another run.
    """
    check_network(settings, network)
    context = ComputeContext(find_device(device), settings.precision == "bfloat16")
    images = load_images(settings.dataset) if data is None else data
    if isinstance(settings, StaticDigits):
        fold = seed if fold is None else fold
    elif fold is not None:
        raise InputError(f"fold {fold}: the sequential task has no folds")
    experiment = create_experiment(settings, seed, fold, images, context, network)
    path = None if checkpoint is None else Path(checkpoint)
    # on a GPU: convolutions that give the same sums every time, in float32 where that was asked for
    with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False), one_thread():
        result: DigitsResult = run_epochs(
            experiment, settings, _identity(settings, seed, fold, network), on_epoch, path, on_progress
        )
    return result


def _identity(
    settings: StaticDigits | SequentialDigits, seed: int, fold: int | None, network: NetworkSettings | None
) -> str:
    content: list[Any] = [settings.model_dump(mode="json"), seed, fold]
    if network is not None and not network.is_plain:
        content.append(network.model_dump(mode="json", exclude={"label"}))
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@cache
def _images(dataset: str) -> DigitImages:
    return load_images(dataset)
