"""The entry point: train one run of a digit task."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from torch.backends import cudnn

from nalm.digits._pair_network import create_pair_network
from nalm.digits._results import DigitsResult
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._sequence_network import create_sequence_network
from nalm.digits._sequences import draw_orders
from nalm.digits._session import OnEpoch, OnProgress, Place, run
from nalm.digits._static_experiment import StaticExperiment
from nalm.errors import InputError
from nalm.tasks.images import DigitImages, load_images
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits
from nalm.training.executors import one_thread


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

    Raises:
        InputError: no such fold, stage, cell or device; digits that leave no sequence.
        DataError: the data set is missing or damaged.
        StoreError: the checkpoint is damaged or of another run.
    """
    place = Place(find_device(device), settings.precision == "bfloat16")
    images = load_images(settings.dataset) if data is None else data
    if isinstance(settings, StaticDigits):
        fold = seed if fold is None else fold
    elif fold is not None:
        raise InputError(f"fold {fold}: the sequential task has no folds")
    experiment = create_experiment(settings, seed, fold, images, place)
    path = None if checkpoint is None else Path(checkpoint)
    # on a GPU: convolutions that give the same sums every time, in float32 where that was asked for
    with cudnn.flags(enabled=True, deterministic=True, allow_tf32=False), one_thread():
        return run(experiment, settings, _identity(settings, seed, fold), on_epoch, path, on_progress)


def create_experiment(
    settings: StaticDigits | SequentialDigits, seed: int, fold: int | None, images: DigitImages, place: Place
) -> StaticExperiment | SequenceExperiment:
    """Build network and samples of a run; `fold` is by default `seed`, and counts in the static task alone.

    Raises:
        InputError: as `train_digits`.
    """
    if isinstance(settings, StaticDigits):
        return StaticExperiment(settings, seed, seed if fold is None else fold, images, place)
    return SequenceExperiment(settings, seed, images, place)


def check_network(settings: StaticDigits | SequentialDigits) -> None:
    """Build the network.

    Raises:
        InputError: an unknown stage or cell.
    """
    if isinstance(settings, StaticDigits):
        create_pair_network(settings, 0)
    else:
        create_sequence_network(settings, 0)


def check_images(settings: StaticDigits | SequentialDigits, images: DigitImages) -> None:
    """Check that there are images enough.

    Raises:
        InputError: digits that leave too few images for a sequence.
    """
    if isinstance(settings, SequentialDigits):
        draw_orders(settings, images, seed=0)


def _identity(settings: StaticDigits | SequentialDigits, seed: int, fold: int | None) -> str:
    content = json.dumps([settings.model_dump(mode="json"), seed, fold], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def find_device(name: str) -> torch.device:
    """Return the device called `name`.

    Raises:
        InputError: it is unknown, or not here.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device {name!r}: give 'cpu' or 'cuda'") from None
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name!r}: give 'cpu' or 'cuda'")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(f"device {name!r}: PyTorch finds no CUDA device here; give 'cpu'")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise InputError(f"device {name!r}: there are only {torch.cuda.device_count()} CUDA devices, from cuda:0 on")
    return device
