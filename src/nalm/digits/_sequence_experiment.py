"""Training and evaluation of the sequential task."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from nalm.digits._cells import SequenceSNMU
from nalm.digits._pictures import ImageBank
from nalm.digits._sequence_network import DigitSequenceNetwork, create_sequence_network
from nalm.digits._sequences import draw_orders, running_targets, sequences
from nalm.runs import NetworkSettings
from nalm.streams import Integers
from nalm.tasks.images import DigitImages
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.training.epochs.context import ComputeContext
from nalm.training.epochs.loop import Experiment

_EVALUATION_BATCH = {"cpu": 256, "cuda": 8192}

# sequences per evaluation batch of the released program: noise that depends on the batch depends on it
_RELEASED_BATCH = 64


@dataclass(frozen=True)
class _Part:
    """Images of one part of the data in the order in which sequences are cut from them."""

    bank: ImageBank
    order: Tensor
    labels: Tensor


class SequenceExperiment(Experiment[DigitSequenceNetwork]):
    """One run of one cell.

    Args:
        settings: Of the task.
        seed: Of training sequences, initial values and training.
        data: The images.
        context: Where to compute.
        network: The cell; by default that which the settings name.

    Raises:
        InputError: an unknown cell, or too few images for one sequence.
    """

    def __init__(
        self,
        settings: SequentialDigits,
        seed: int,
        data: DigitImages,
        context: ComputeContext,
        network: NetworkSettings | None = None,
    ) -> None:
        super().__init__(settings, seed, context)
        self._settings = settings
        orders = draw_orders(settings, data, seed)
        banks = [ImageBank(images, context.device) for images in (data.training_images, data.test_images)]

        def part(order: Integers, test: bool = False) -> _Part:
            labels = data.test_labels if test else data.training_labels
            return _Part(banks[test], context.tensor(order), context.tensor(labels[order]))

        self._parts = {
            "train": part(orders.full_training),
            "validation": part(orders.validation),
            "test": part(orders.test, test=True),
        }
        cut = sequences(orders.training, settings.training_length)
        self._sequences = context.tensor(cut)
        self._targets = context.tensor(running_targets(data.training_labels[cut], settings.operation))
        self.network = context.network(create_sequence_network(settings, seed, network))
        self.arithmetic_head = self.network.cell
        noisy = any(isinstance(part, SequenceSNMU) and part.noisy_evaluation for part in self.network.modules())
        self._evaluated_together = _RELEASED_BATCH if noisy else None

    @property
    def training_count(self) -> int:
        """Number of training sequences."""
        return len(self._sequences)

    def loss(self, samples: Tensor, epoch: int, step: int) -> Tensor:
        """Criterion over all positions, and the cell's penalties; the ramp counts updates from 1."""
        indices = self._sequences[samples]
        labels = self._labels(self._parts["train"].bank, indices.reshape(-1))
        states = self.network.states(labels.reshape(*indices.shape, -1))
        return self.penalised(states, self._targets[samples], step, step + 1)

    @property
    def updates_per_ramp_position(self) -> int:
        """One."""
        return 1

    def validation_error(self, metrics: dict[str, float]) -> float | None:
        """Return the error over all positions."""
        return metrics["validation_error"]

    def metrics(self, epoch: int) -> dict[str, float]:
        """Errors and accuracies of training, validation and each test length, such as `test_5_error`."""
        length = self._settings.training_length
        metrics: dict[str, float] = {}
        for name, lengths in (
            ("train", (length,)),
            ("validation", (length,)),
            ("test", self._settings.test_lengths),
        ):
            part = self._parts[name]
            # one pass of the image network serves all lengths
            labels = self._read(part)
            for cut in lengths:
                prefix = f"{name}_{cut}" if name == "test" else name
                metrics |= {f"{prefix}_{key}": v for key, v in self._errors(part, labels, cut).items()}
        metrics["test_mean_label"] = float(labels.double().mean())
        return metrics

    def sample_criterion(self) -> Tensor:
        """Over all positions."""
        indices = self._sequences[: self.settings.batch_size]
        labels = self._labels(self._parts["train"].bank, indices.reshape(-1))
        states = self.network.states(labels.reshape(*indices.shape, -1))
        return self.objective.criterion(states, self._targets[: len(indices)], 0)

    def evaluate_test(self) -> int:
        """Predict for all test sequences of the training length and return how many there are."""
        length = self._settings.training_length
        labels = self._read(self._parts["test"])
        count = len(labels) // length
        return len(self.network.states(labels[: count * length].reshape(count, length, -1)))

    @property
    def evaluated_images(self) -> int:
        """All images of the allowed digits: one pass serves all lengths."""
        return sum(len(part.order) for part in self._parts.values())

    def read(self, count: int) -> None:
        """Read so many."""
        part = self._parts["train"]
        self._labels(part.bank, part.order[torch.arange(count) % len(part.order)])

    def _read(self, part: _Part) -> Tensor:
        size = _EVALUATION_BATCH[self.context.device.type]
        return torch.cat([self._labels(part.bank, images) for images in torch.split(part.order, size)])

    def _labels(self, bank: ImageBank, images: Tensor) -> Tensor:
        with self.context.mixed_precision():
            labels: Tensor = self.network.reader(self.context.pictures(bank.single(images)))
        return labels.float()

    def _errors(self, part: _Part, labels: Tensor, length: int) -> dict[str, float]:
        count = len(labels) // length
        cut = labels[: count * length].reshape(count, length, -1)
        groups = torch.split(cut, self._evaluated_together or count)
        states = torch.cat([self.network.states(group) for group in groups])
        digits = part.labels[: count * length].reshape(count, length).cpu().numpy()
        targets = self.context.tensor(running_targets(digits, self._settings.operation))
        hits = states.round() == targets
        return {
            "error": float((states.double() - targets.double()).square().mean()),
            "accuracy": float(hits.double().mean()),
            "last_accuracy": float(hits[:, -1].double().mean()),
        }
