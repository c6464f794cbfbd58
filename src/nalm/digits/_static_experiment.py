"""Training and evaluation of the static task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nalm.digits import _metrics
from nalm.digits._operations import digit_operation
from nalm.digits._pair_network import DigitPairNetwork, create_pair_network
from nalm.digits._pairs import draw_samples, fold
from nalm.digits._pictures import SIDE, ImageBank
from nalm.digits.image_networks.networks import ColourDigits
from nalm.runs import NetworkSettings
from nalm.streams import derived_key
from nalm.tasks.images import DigitImages
from nalm.tasks.static_digits import StaticDigits
from nalm.training.epochs.context import ComputeContext
from nalm.training.epochs.loop import Experiment

# images per call of the image network in evaluation: fits a core's cache and is enough for a GPU
_EVALUATION_BATCH = {"cpu": 256, "cuda": 8192}


class _Samples:
    """Pairs of images of one part of the data, with their targets.

    Attributes:
        pairs: `[count, 2]` indices of images.
        digits: `[count, 2]` the true labels.
        targets: `[count]`.
    """

    def __init__(
        self, bank: ImageBank, pairs: NDArray[Any], labels: NDArray[Any], operation: str, context: ComputeContext
    ) -> None:
        digits = labels[pairs].astype(np.float32)
        self.bank = bank
        self.pairs = context.tensor(pairs)
        self.digits = context.tensor(digits)
        self.targets = digit_operation(operation).of_labels(self.digits)[:, 0]


class StaticExperiment(Experiment[DigitPairNetwork]):
    """One fold of one model.

    Args:
        settings: Of the task.
        seed: Of samples, initial values and training.
        fold_index: Which pairs of digits are tested.
        data: The images.
        context: Where to compute.
        network: The stage; by default that which the settings name.

    Raises:
        InputError: an unknown stage, or no such fold.
        DataError: the data set lacks a digit.
    """

    def __init__(
        self,
        settings: StaticDigits,
        seed: int,
        fold_index: int,
        data: DigitImages,
        context: ComputeContext,
        network: NetworkSettings | None = None,
    ) -> None:
        super().__init__(settings, seed, context)
        self._settings = settings
        samples = draw_samples(settings, data, fold(settings, fold_index), seed)
        training, test = (
            ImageBank(data.training_images, context.device),
            ImageBank(data.test_images, context.device),
        )
        labels = data.training_labels
        self._samples = {
            "train": _Samples(training, samples.training, labels, settings.operation, context),
            "validation": _Samples(training, samples.validation, labels, settings.operation, context),
            "test": _Samples(test, samples.test, data.test_labels, settings.operation, context),
        }
        self.network = context.network(create_pair_network(settings, seed, network))
        self.arithmetic_head = self.network.stage
        # torchvision 0.6, which the original used, turned images about a point half a pixel off
        self._centre = SIDE / 2 + (0.5 if settings.constraints == "released" else 0.0)

    @property
    def training_count(self) -> int:
        """Number of training samples."""
        return len(self._samples["train"].pairs)

    def loss(self, samples: Tensor, epoch: int, step: int) -> Tensor:
        """Criterion and the stage's penalties; that of sparsity is ramped over epochs."""
        training = self._samples["train"]
        labels = self._labels(training.bank, training.pairs[samples])
        return self.penalised(self.network.outputs(labels), training.targets[samples], step, epoch)

    @property
    def updates_per_ramp_position(self) -> int:
        """Those of an epoch."""
        return self.updates_per_epoch

    def validation_error(self, metrics: dict[str, float]) -> float | None:
        """Return the error of the output."""
        return metrics.get("validation_output_error", metrics.get("train_output_error"))

    def metrics(self, epoch: int) -> dict[str, float]:
        """Metrics of the output and both labels on all parts of the data, such as `test_output_error`."""
        skipped = self._settings.training_metrics == "last" and epoch < self._settings.epochs
        metrics: dict[str, float] = {}
        for part, samples in self._samples.items():
            if not len(samples.pairs) or (part == "train" and skipped):
                continue
            labels = self._evaluate(samples, part)
            predictions = {"output": (self.network.outputs(labels), samples.targets)}
            for side in range(2):
                predictions[f"label_{side + 1}"] = (labels[:, side], samples.digits[:, side])
            for what, pair in predictions.items():
                metrics |= {f"{part}_{what}_{name}": v for name, v in _metrics.accuracies(*pair).items()}
        return metrics

    def sample_criterion(self) -> Tensor:
        """Of the output."""
        training = self._samples["train"]
        first = torch.arange(min(self.settings.batch_size, len(training.pairs)), device=training.pairs.device)
        outputs = self.network.outputs(self._labels(training.bank, training.pairs[first]))
        return self.objective.criterion(outputs, training.targets[first], 0)

    def evaluate_test(self) -> int:
        """Predict for all test samples and return how many there are."""
        test = self._samples["test"]
        return len(self.network.outputs(self._evaluate(test, "test")))

    @property
    def evaluated_images(self) -> int:
        """Pictures of colour digits, distinct images of isolated ones."""
        skipped = ("train",) if self._settings.training_metrics == "last" else ()
        pairs = [samples.pairs for part, samples in self._samples.items() if part not in skipped]
        if isinstance(self.network.image_network, ColourDigits):
            return sum(map(len, pairs))
        return sum(len(torch.unique(images)) for images in pairs)

    def read(self, count: int) -> None:
        """Read so many."""
        training = self._samples["train"]
        if isinstance(self.network.image_network, ColourDigits):
            self._labels(training.bank, training.pairs[torch.arange(count) % len(training.pairs)])
            return
        images = training.pairs[torch.arange(count) % len(training.pairs), 0]
        with self.context.mixed_precision():
            self.network.image_network.classifier(self.context.pictures(training.bank.single(images)))

    @torch.no_grad()
    def confusion(self) -> NDArray[np.int64]:
        """Confusion of the digits of the test set."""
        test = self._samples["test"]
        released = self._settings.constraints == "released"
        truncate = released and self._settings.picture == "isolated"
        return _metrics.confusion(self._evaluate(test, "test"), test.digits, truncate)

    def _labels(self, bank: ImageBank, pairs: Tensor) -> Tensor:
        network = self.network.image_network
        with self.context.mixed_precision():
            if isinstance(network, ColourDigits):
                pictures = bank.distorted_pairs(pairs, self._centre)
                if self._settings.picture == "width":
                    pictures = torch.cat(torch.split(pictures, 1, 1), -1)
                labels: Tensor = network(self.context.pictures(pictures))
            else:
                labels = network.labels_of_digits(self.context.pictures(bank.single(pairs.T.reshape(-1))))
        return labels.float()

    def _evaluate(self, samples: _Samples, part: str) -> Tensor:
        """Labels `[count, 2]` of all samples."""
        size = _EVALUATION_BATCH[self.context.device.type]
        if isinstance(self.network.image_network, ColourDigits):
            if part == "test" and self._settings.constraints == "paper":
                # the same distortions at every evaluation: no noise of theirs in the curves
                torch.manual_seed(derived_key(self.seed, "test distortions", 7))
            return torch.cat([self._labels(samples.bank, pairs) for pairs in torch.split(samples.pairs, size)])
        # undistorted images recur: each is read once
        distinct, position = torch.unique(samples.pairs, return_inverse=True)
        read = self.network.image_network.classifier
        with self.context.mixed_precision():
            labels = [
                read(self.context.pictures(samples.bank.single(images))) for images in torch.split(distinct, size)
            ]
        return torch.cat(labels).float()[position]
