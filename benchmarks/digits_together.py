"""Updates per second of several digit networks: one after the other, or as one stacked network (torch.func.vmap).

    python benchmarks/digits_together.py [--device cpu|cuda] [--threads N] [--models N] [--steps N]

Both variants train the isolated digits' network with the product of its labels, each model on pictures of its own,
dropout off. Stacked, the models' convolutions become one grouped convolution. Windows of both variants
alternate; the best window counts, the worst is shown beside it. nalm trains the models of a study in worker processes,
one after the other in each: this program shows whether that is still right on the machine at hand.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from nalm.digits.image_networks.networks import IsolatedDigits
from nalm.training.epochs.context import ComputeContext

WINDOWS = 4
BATCH = 128


def networks(count: int, device: torch.device) -> list[IsolatedDigits]:
    """Networks in evaluation mode: no dropout."""
    created = []
    for seed in range(count):
        torch.manual_seed(seed)
        created.append(IsolatedDigits().to(device).eval())
    return created


def loss(labels: Tensor, targets: Tensor) -> Tensor:
    return (labels.float().prod(-1) - targets).square().mean(-1)


def one_after_the_other(models: list[IsolatedDigits], place: ComputeContext) -> Callable[[Tensor, Tensor], None]:
    models = [place.network(model) for model in models]
    optimizers = [torch.optim.Adam(model.parameters(), fused=True) for model in models]

    def update(pictures: Tensor, targets: Tensor) -> None:
        for model, optimizer, own, target in zip(models, optimizers, pictures, targets, strict=True):
            optimizer.zero_grad()
            with place.mixed_precision():
                labels = model(place.pictures(own))
            loss(labels, target).backward()
            optimizer.step()

    return update


def stacked(models: list[IsolatedDigits], place: ComputeContext) -> Callable[[Tensor, Tensor], None]:
    parameters, buffers = stack_module_state(models)
    optimizer = torch.optim.Adam(parameters.values(), fused=True)

    def labels_of_one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], pictures: Tensor) -> Tensor:
        labels: Tensor = functional_call(models[0], (parameters, buffers), (pictures,))
        return labels

    def update(pictures: Tensor, targets: Tensor) -> None:
        optimizer.zero_grad()
        with place.mixed_precision():
            labels = vmap(labels_of_one)(parameters, buffers, pictures)
        loss(labels, targets).sum().backward()
        optimizer.step()

    return update


def check(models: int, place: ComputeContext, pictures: Tensor, targets: Tensor) -> None:
    """Both variants compute the same losses."""
    one = networks(models, place.device)
    parameters, buffers = stack_module_state(networks(models, place.device))
    together = vmap(lambda p, b, x: functional_call(one[0], (p, b), (x,)))(parameters, buffers, pictures)
    alone = torch.stack([model(own) for model, own in zip(one, pictures, strict=True)])
    torch.testing.assert_close(loss(together, targets), loss(alone, targets), rtol=1e-3, atol=1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--models", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device, count = torch.device(arguments.device), arguments.models
    torch.manual_seed(0)
    pictures = torch.rand(count, BATCH, 1, 28, 56, device=device)
    targets = torch.randint(0, 82, (count, BATCH), device=device).float()
    check(count, ComputeContext(device, bfloat16=False), pictures, targets)

    title = f"{count} models, batch {BATCH}: updates of all models per second, {device}, {arguments.threads} threads"
    table = Table(title=title)
    for heading in ("", "best window", "worst window", "best / one after the other"):
        table.add_column(heading, justify="left" if not heading else "right")
    for precision in ("float32", "bfloat16"):
        place = ComputeContext(device, precision == "bfloat16")
        variants = {
            "one after the other": one_after_the_other(networks(count, device), place),
            "stacked": stacked(networks(count, device), place),
        }
        rates: dict[str, list[float]] = {name: [] for name in variants}
        for window in range(WINDOWS + 1):
            for name, update in variants.items():
                started = time.perf_counter()
                for _ in range(arguments.steps):
                    update(pictures, targets)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                if window:  # the first one warms up
                    rates[name].append(arguments.steps / (time.perf_counter() - started))
        baseline = max(rates["one after the other"])
        for name, found in rates.items():
            ratio = f"{max(found) / baseline:.2f}"
            table.add_row(f"{name}, {precision}", f"{max(found):.2f}", f"{min(found):.2f}", ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
