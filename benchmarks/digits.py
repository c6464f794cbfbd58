"""Samples per second of the digit tasks, beside the plain loop that a person would write, in one process.

    python benchmarks/digits.py [--device cpu|cuda] [--threads N] [--steps N] [--to FILE.json]

The plain loop: a `Dataset` that composes one picture at a time, a `DataLoader`, a network in PyTorch's
default layout, Adam. Images are random bytes in the sizes of MNIST; speed does not depend on what they
show. Windows of all variants alternate, so that ratios hold on a noisy machine; the best window counts,
the worst is shown beside it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample, mse_loss
from torch.utils.data import DataLoader, Dataset

from nalm import units
from nalm.digits import SequentialDigits, StaticDigits
from nalm.digits._pairs import draw_samples, fold
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._sequences import draw_orders, sequences
from nalm.digits._static_experiment import StaticExperiment
from nalm.digits.image_networks.networks import ColourDigits
from nalm.tasks.images import DigitImages
from nalm.training.epochs.context import ComputeContext
from nalm.training.epochs.loop import Experiment

WINDOWS = 4
TASKS: dict[str, StaticDigits | SequentialDigits] = {
    "isolated": StaticDigits(stage="snmu"),
    "colour": StaticDigits(picture="colour", stage="snmu"),
    "sequential": SequentialDigits(cell="snmu"),
}


def random_data() -> DigitImages:
    generator = np.random.default_rng(0)

    def part(count: int) -> tuple[np.ndarray, np.ndarray]:
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        return images, generator.integers(0, 10, count, dtype=np.uint8)

    return DigitImages(*part(60_000), *part(10_000))


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """One picture, or sequence, at a time."""

    def __init__(self, task: str, indices: np.ndarray, images: np.ndarray, labels: np.ndarray) -> None:
        self.task, self.indices, self.images, self.labels = task, indices, images, labels

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        chosen = self.indices[index]
        digits = [torch.tensor(self.images[i]).float() / 255 for i in chosen]
        labels = torch.tensor(self.labels[chosen]).float()
        if self.task == "isolated":
            picture = torch.cat(digits, 1)[None]
        elif self.task == "colour":
            picture = torch.stack([distorted(digit) for digit in digits])
        else:
            picture = torch.stack(digits)[:, None]
        target = labels.cumprod(0) if self.task == "sequential" else labels.prod()
        return (picture - 0.1307) / 0.3081, target


def distorted(image: Tensor) -> Tensor:
    angle, scale = (torch.rand(()) - 0.5) * np.pi / 2, 0.7 + 0.5 * torch.rand(())
    cos, sin, zero = angle.cos() / scale, angle.sin() / scale, torch.zeros(())
    matrix = torch.stack([cos, sin, zero, -sin, cos, zero]).reshape(1, 2, 3)
    grid = affine_grid(matrix, [1, 1, 28, 28], align_corners=False)
    turned = grid_sample(image[None, None], grid, mode="nearest", align_corners=False)[0, 0]
    canvas = torch.zeros(42, 42)
    top, left = torch.randint(14, (2,)).tolist()
    canvas[top : top + 28, left : left + 28] = turned
    return canvas


class PlainIsolated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(128, 10), nn.Softmax(1)),
        )
        self.stage = units.SNMU(2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        probabilities = self.classifier(torch.cat(pictures.chunk(2, -1)))
        labels = probabilities @ torch.arange(10.0, device=pictures.device)
        return self.stage(labels.reshape(2, -1).T)[:, 0]


class PlainColour(nn.Module):
    """Our network, in the default layout."""

    def __init__(self) -> None:
        super().__init__()
        self.images = ColourDigits()
        self.stage = units.SNMU(2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.stage(self.images(pictures))[:, 0]


class PlainSequential(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.Sequential(
            *(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 1)),
        )
        self.cell = units.SNMU(2, 1)

    def forward(self, images: Tensor) -> Tensor:
        state = images.new_ones(len(images), 1)
        states = []
        for image in images.unbind(1):
            state = self.cell(torch.cat([self.reader(image), state], 1))
            states.append(state)
        return torch.cat(states, 1)


PLAIN: dict[str, type[nn.Module]] = {
    "isolated": PlainIsolated,
    "colour": PlainColour,
    "sequential": PlainSequential,
}


class PlainLoop:
    """Seconds per sample of the plain loop."""

    def __init__(self, task: str, data: DigitImages, device: torch.device) -> None:
        settings = TASKS[task]
        if isinstance(settings, StaticDigits):
            samples = draw_samples(settings, data, fold(settings, 0), 0)
            training, test = samples.training, samples.test
        else:
            orders = draw_orders(settings, data, 0)
            training, test = sequences(orders.training, 2), sequences(orders.test, 2)
        self.device = device
        self.network = PLAIN[task]().to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters())
        self._training = batches(
            Pictures(task, training, data.training_images, data.training_labels), settings.batch_size
        )
        self._test = batches(Pictures(task, test, data.test_images, data.test_labels), settings.batch_size)

    def training(self, steps: int) -> float:
        self.network.train()
        started, count = time.perf_counter(), 0
        for _ in range(steps):
            pictures, targets = next(self._training)
            self.optimizer.zero_grad()
            loss = mse_loss(self.network(pictures.to(self.device)), targets.to(self.device))
            loss.backward()
            self.optimizer.step()
            units.project_(self.network)
            count += len(pictures)
        loss.item()
        return (time.perf_counter() - started) / count

    @torch.no_grad()
    def evaluation(self, steps: int) -> float:
        self.network.eval()
        started, count = time.perf_counter(), 0
        for _ in range(steps):
            pictures, targets = next(self._test)
            error = mse_loss(self.network(pictures.to(self.device)), targets.to(self.device))
            count += len(pictures)
        error.item()
        return (time.perf_counter() - started) / count


def batches(pictures: Pictures, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from DataLoader(pictures, size, shuffle=True)


class Ours:
    """Seconds per sample of the loop in nalm; an evaluation takes the whole test set."""

    def __init__(self, task: str, data: DigitImages, device: torch.device, bfloat16: bool) -> None:
        settings, place = TASKS[task], ComputeContext(device, bfloat16)
        self.device = device
        self.experiment: Experiment[Any]
        if isinstance(settings, StaticDigits):
            self.experiment = StaticExperiment(settings, 0, 0, data, place)
        else:
            self.experiment = SequenceExperiment(settings, 0, data, place)
        self.optimizer = torch.optim.Adam(self.experiment.network.parameters(), fused=True)
        self._batches = (batch for epoch in range(10**6) for batch in self.experiment.batches(epoch))

    def training(self, steps: int) -> float:
        self.experiment.network.train()
        started, count = time.perf_counter(), 0
        for _ in range(steps):
            samples = next(self._batches)
            self.optimizer.zero_grad()
            self.experiment.loss(samples, 0, 0).backward()
            self.optimizer.step()
            units.project_(self.experiment.arithmetic_head)
            count += len(samples)
        self._wait()
        return (time.perf_counter() - started) / count

    @torch.no_grad()
    def evaluation(self, steps: int) -> float:
        del steps
        self.experiment.network.eval()
        started = time.perf_counter()
        count = self.experiment.evaluate_test()
        self._wait()
        return (time.perf_counter() - started) / count

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def measure(task: str, data: DigitImages, device: torch.device, steps: int) -> dict[str, dict[str, float]]:
    """Samples per second, best and worst window, of each variant in training and evaluation."""
    variants: dict[str, PlainLoop | Ours] = {
        "plain": PlainLoop(task, data, device),
        "nalm": Ours(task, data, device, bfloat16=False),
        "nalm, bfloat16": Ours(task, data, device, bfloat16=True),
    }
    times: dict[str, list[float]] = {f"{name}: {part}": [] for part in ("training", "evaluation") for name in variants}
    for window in range(WINDOWS + 1):
        for name, variant in variants.items():
            for part in ("training", "evaluation"):
                taken = getattr(variant, part)(steps)
                if window:  # the first one warms up
                    times[f"{name}: {part}"].append(taken)
    return {name: {"best": 1 / min(taken), "worst": 1 / max(taken)} for name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--to", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    data, console = random_data(), Console()
    results = {}
    for task in TASKS:
        results[task] = measure(task, data, torch.device(arguments.device), arguments.steps)
        table = Table(title=f"{task}: samples per second, {arguments.device}, {arguments.threads} threads")
        for heading in ("", "best window", "worst window", "best / plain"):
            table.add_column(heading, justify="left" if not heading else "right")
        for name, found in results[task].items():
            baseline = results[task][f"plain: {name.split(': ')[1]}"]["best"]
            row = (f"{found['best']:,.0f}", f"{found['worst']:,.0f}", f"{found['best'] / baseline:.2f}")
            table.add_row(name, *row)
        console.print(table)
    if arguments.to:
        arguments.to.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
