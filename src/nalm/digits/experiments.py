"""The experiment of a digit task: its network and samples."""

from __future__ import annotations

from nalm.digits._pair_network import create_pair_network
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._sequence_network import create_sequence_network
from nalm.digits._sequences import draw_orders
from nalm.digits._static_experiment import StaticExperiment
from nalm.tasks import SequentialDigits, StaticDigits
from nalm.tasks.images import DigitImages
from nalm.training.epochs.context import ComputeContext


def create_experiment(
    settings: StaticDigits | SequentialDigits, seed: int, fold: int | None, images: DigitImages, context: ComputeContext
) -> StaticExperiment | SequenceExperiment:
    """Build network and samples of a run; `fold` is by default `seed`, and counts in the static task alone.

    Raises:
        InputError: as `train_digits`.
    """
    if isinstance(settings, StaticDigits):
        return StaticExperiment(settings, seed, seed if fold is None else fold, images, context)
    return SequenceExperiment(settings, seed, images, context)


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
