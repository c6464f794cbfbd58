"""The experiment of a digit task: its network and samples."""

from __future__ import annotations

import torch
from torch import nn

from nalm import units
from nalm.digits._pair_network import create_pair_network
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._sequence_network import create_sequence_network
from nalm.digits._sequences import draw_orders
from nalm.digits._static_experiment import StaticExperiment
from nalm.runs import NetworkSettings
from nalm.tasks import SequentialDigits, StaticDigits
from nalm.tasks.images import DigitImages
from nalm.training.epochs.context import ComputeContext


def create_experiment(
    settings: StaticDigits | SequentialDigits,
    seed: int,
    fold: int | None,
    images: DigitImages,
    context: ComputeContext,
    network: NetworkSettings | None = None,
) -> StaticExperiment | SequenceExperiment:
    """Build network and samples of a run; `fold` is by default `seed`, and counts in the static task alone.

    Raises:
        InputError: as `train_digits`.
    """
    if isinstance(settings, StaticDigits):
        return StaticExperiment(settings, seed, seed if fold is None else fold, images, context, network)
    return SequenceExperiment(settings, seed, images, context, network)


def initial_network(settings: StaticDigits | SequentialDigits, seed: int, network: NetworkSettings) -> nn.Module:
    """Return the network of a run before training."""
    if isinstance(settings, StaticDigits):
        return create_pair_network(settings, seed, network)
    return create_sequence_network(settings, seed, network)


def check_network(settings: StaticDigits | SequentialDigits, network: NetworkSettings | None = None) -> list[str]:
    """Build the network and return the names of its penalties.

    Args:
        settings: Of the task.
        network: Its output stage or cell; by default that which the settings name.

    Raises:
        InputError: an unknown stage or cell, or one with a penalty that has no factor.
    """
    head: nn.Module
    with torch.random.fork_rng(devices=[]):
        if isinstance(settings, StaticDigits):
            head = create_pair_network(settings, 0, network).stage.train()
            head(torch.ones(settings.rows, 2))
        else:
            whole = create_sequence_network(settings, 0, network).train()
            head = whole.cell
            whole.states(torch.ones(settings.rows, settings.training_length, settings.outputs))
        found = list(units.penalties(head))
    own = network.has_own_units if network is not None else ":" in settings.unit
    settings.refuse_unweighted(found, [*settings.penalty_settings(), *settings.penalty], own=own)
    return found


def check_images(settings: StaticDigits | SequentialDigits, images: DigitImages) -> None:
    """Check that there are images enough.

    Raises:
        InputError: digits that leave too few images for a sequence.
    """
    if isinstance(settings, SequentialDigits):
        draw_orders(settings, images, seed=0)
