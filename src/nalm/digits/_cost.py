"""What a run costs, from a few measured updates and evaluated images."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from nalm import units
from nalm.digits.experiments import create_experiment
from nalm.runs import NetworkSettings
from nalm.tasks.images import load_images
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits
from nalm.training.epochs.context import ComputeContext
from nalm.training.epochs.objective import clip_gradients_, create_optimizer
from nalm.training.executors import one_thread

# the fastest of so many counts: other work on the machine can only slow them down
_REPEATS = 4
_IMAGES = 512


def seconds_per_update(
    settings: StaticDigits | SequentialDigits, seed: int = 0, network: NetworkSettings | None = None
) -> float:
    """Measure the time of an update on one core in seconds, with its share of the evaluations.

    Takes a second or two, and the time to load the data.

    Raises:
        InputError: as `train_digits`.
        DataError: the data set is missing or damaged.
    """
    context = ComputeContext(torch.device("cpu"), settings.precision == "bfloat16")
    with one_thread(), torch.random.fork_rng(devices=[]):
        experiment = create_experiment(settings, seed, seed, load_images(settings.dataset), context, network)
        optimizer = create_optimizer(settings, experiment.network)
        samples = next(experiment.batches(0))

        def update() -> None:
            optimizer.zero_grad()
            experiment.loss(samples, 0, 0).backward()  # type: ignore[no-untyped-call]
            clip_gradients_(settings, experiment.network)
            optimizer.step()
            units.project_(experiment.arithmetic_head)

        experiment.network.train()
        update_s = _fastest(update)
        experiment.network.eval()
        with torch.no_grad():
            image_s = _fastest(lambda: experiment.read(_IMAGES)) / _IMAGES
    updates = settings.evaluation_interval * experiment.updates_per_epoch
    return update_s + image_s * experiment.evaluated_images / updates


def _fastest(what: Callable[[], None]) -> float:
    times = []
    for _ in range(_REPEATS):
        # of this process at work: on a busy machine it waits, and the study may not
        start = time.process_time()
        what()
        times.append(time.process_time() - start)
    return min(times)
