"""The loop over epochs that both digit tasks share: evaluate, train, keep a checkpoint."""

from __future__ import annotations

import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nalm import units
from nalm.streams import FastStream, derived_key
from nalm.tasks import DigitTask
from nalm.training.epochs import checkpoint as checkpoints
from nalm.training.epochs.checkpoint import Kept, Progress
from nalm.training.epochs.context import ComputeContext
from nalm.training.epochs.objective import EpochObjective, clip_gradients_, create_optimizer, learning_rate
from nalm.training.epochs.record import DigitsResult, EpochRecord
from nalm.training.epochs.stopping import Stopping
from nalm.training.internals import internals

Network = TypeVar("Network", bound=nn.Module)

OnEpoch = Callable[[EpochRecord], None]
OnProgress = Callable[[int], None]

# A checkpoint is written after an epoch once so many seconds have passed since the last.
CHECKPOINT_INTERVAL_S = 60.0


class Experiment(ABC, Generic[Network]):
    """One run of a digit task: its network, data, updates and evaluation.

    Attributes:
        network: In float32, on the device.
        arithmetic_head: The part of the network whose weights are recorded and projected.
        objective: What is minimised.
        criterion: Of the last batch, without penalties.
    """

    network: Network
    arithmetic_head: nn.Module

    def __init__(self, settings: DigitTask, seed: int, context: ComputeContext) -> None:
        self.seed = seed
        self.context = context
        self.settings = settings
        self.objective = EpochObjective(settings)
        self.criterion = torch.zeros(())

    @property
    @abstractmethod
    def training_count(self) -> int:
        """Number of training samples or sequences."""

    @abstractmethod
    def loss(self, samples: Tensor, epoch: int, step: int) -> Tensor:
        """Loss of a batch of training samples, penalties included; `step` updates have been made."""

    @property
    @abstractmethod
    def updates_per_ramp_position(self) -> int:
        """Updates while a linear ramp moves on by one."""

    @abstractmethod
    def validation_error(self, metrics: dict[str, float]) -> float | None:
        """Return the error by which networks are compared; without validation samples that on training samples."""

    @abstractmethod
    def metrics(self, epoch: int) -> dict[str, float]:
        """Metrics of the current state."""

    @abstractmethod
    def sample_criterion(self) -> Tensor:
        """Criterion of the first training samples, as many as a batch has, in the mode that the network is in."""

    @abstractmethod
    def evaluate_test(self) -> int:
        """Predict for all test samples, or all sequences of the training length; return how many there are."""

    @property
    @abstractmethod
    def evaluated_images(self) -> int:
        """Number of images, or pictures of two, that the image network reads in an evaluation."""

    @abstractmethod
    def read(self, count: int) -> None:
        """Let the image network read so many of them, as in an evaluation."""

    def confusion(self) -> NDArray[np.int64] | None:
        """Confusion of the digits of the test set in the current state, if the task has labels for both."""
        return None

    def penalised(self, outputs: Tensor, targets: Tensor, step: int, position: int) -> Tensor:
        """Return the criterion and the penalties of the arithmetic head, see `EpochObjective.penalised`."""
        criterion = self.objective.criterion(outputs, targets, step)
        self.criterion = criterion.detach()
        return self.objective.penalised(criterion, self.arithmetic_head, step, position)

    @property
    def updates_per_epoch(self) -> int:
        """Number of batches of an epoch."""
        return math.ceil(self.training_count / self.settings.batch_size)

    def is_evaluated(self, epoch: int) -> bool:
        """Whether metrics are recorded at `epoch`: every few epochs, and at the end."""
        return epoch % self.settings.evaluation_interval == 0 or epoch == self.settings.epochs

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """Return samples of the batches of `epoch`, in the order of its own stream; the last may be smaller."""
        order = FastStream(self.seed, f"batches of epoch {epoch}").permutation(self.training_count)
        return iter(torch.split(self.context.tensor(order), self.settings.batch_size))


def run(
    experiment: Experiment[Any],
    settings: DigitTask,
    identity: str,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
    on_progress: OnProgress | None = None,
) -> DigitsResult:
    """Train `experiment` for `settings.epochs` epochs, from its checkpoint if there is one.

    Every random number of an epoch comes from a stream named by seed and epoch, so that a resumed run
    continues bit for bit.
    """
    network = experiment.network
    optimizer = create_optimizer(settings, network)
    progress, kept = Progress(), Kept()
    if checkpoint is not None:
        progress = checkpoints.load(checkpoint, identity, settings.epochs, network, optimizer, kept)
    stopping = Stopping(experiment, progress) if settings.early_stop else None
    report = on_progress or (lambda updates: None)
    report(progress.step)
    saved = time.monotonic()
    while progress.diverged_epoch is None and progress.settled_epoch is None:
        if experiment.is_evaluated(progress.epoch):
            record = _record(experiment, progress)
            if settings.saved_weights == "best":
                kept.offer(network, experiment.validation_error(record.metrics))
            progress = replace(progress, records=(*progress.records, record))
            if on_epoch is not None:
                on_epoch(record)
            if stopping is not None:
                progress = stopping.log(progress)
        if progress.epoch == settings.epochs or progress.settled_epoch is not None:
            break
        progress = _train_epoch(experiment, optimizer, progress, report)
        late = time.monotonic() - saved >= CHECKPOINT_INTERVAL_S
        if checkpoint is not None and (late or progress.epoch == settings.epochs):
            checkpoints.save(checkpoint, identity, progress, network, optimizer, kept)
            saved = time.monotonic()
    kept.restore_(network)
    network.eval()
    state = {name: value.detach().cpu().numpy().copy() for name, value in network.named_parameters()}
    with _drawing(experiment, "confusion"):
        return DigitsResult(
            progress.records, state, progress.diverged_epoch, experiment.confusion(), progress.settled_epoch
        )


def _train_epoch(
    experiment: Experiment[Any], optimizer: torch.optim.Optimizer, progress: Progress, on_progress: OnProgress
) -> Progress:
    network, settings, step = experiment.network, experiment.settings, progress.step
    network.train()
    _prepare(experiment, optimizer, progress)
    total = torch.zeros((), device=experiment.context.device)
    with _drawing(experiment, f"epoch {progress.epoch}"):
        for samples in experiment.batches(progress.epoch):
            optimizer.zero_grad()
            loss = experiment.loss(samples, progress.epoch, step)
            loss.backward()  # type: ignore[no-untyped-call]
            clip_gradients_(settings, network)
            optimizer.step()
            with torch.no_grad():
                units.learn_(experiment.arithmetic_head, experiment.criterion)
            units.project_(experiment.arithmetic_head)
            total += loss.detach()
            step += 1
            on_progress(1)
    # looked at once per epoch: reading the loss of each step would make a GPU wait
    diverged = None if math.isfinite(float(total)) else progress.epoch
    return replace(progress, epoch=progress.epoch + 1, step=step, diverged_epoch=diverged)


def _prepare(experiment: Experiment[Any], optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Set what stays the same for an epoch."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(experiment.settings, progress.epoch)
    error = experiment.validation_error(progress.records[-1].metrics) if progress.records else None
    experiment.objective.is_inalu_on = error is not None and error < 1.0


def _record(experiment: Experiment[Any], progress: Progress) -> EpochRecord:
    experiment.network.eval()
    with torch.no_grad(), _drawing(experiment, f"evaluation {progress.epoch}"):
        metrics = experiment.metrics(progress.epoch)
        if experiment.settings.record:
            metrics |= internals(experiment.network, experiment.sample_criterion, experiment.settings.record)
        error = units.sparsity_error(experiment.arithmetic_head)
        weights = units.effective_weights(experiment.arithmetic_head)
    return EpochRecord(
        progress.epoch,
        progress.step,
        metrics,
        tuple(weights.tolist()),
        None if error is None else float(error),
    )


@contextmanager
def _drawing(experiment: Experiment[Any], purpose: str) -> Iterator[None]:
    """Let the default generators of torch, NumPy and Python draw from streams (seed, purpose), and restore them after.

    Those of NumPy and Python are for units of the user's own.
    """
    device, seed = experiment.context.device, experiment.seed
    numpy, python = np.random.get_state(), random.getstate()
    try:
        np.random.seed(derived_key(seed, f"{purpose} numpy", 4))
        random.seed(derived_key(seed, f"{purpose} python"))
        with torch.random.fork_rng([device] if device.type == "cuda" else [], device_type="cuda"):
            torch.manual_seed(derived_key(seed, purpose, 7))
            yield
    finally:
        np.random.set_state(numpy)
        random.setstate(python)
