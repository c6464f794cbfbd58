"""How a run's network begins: built, drawn, and with the stream that its noise goes on with.

A network of registered units has the published initial values. A class of the user's own is built by its own
constructor, once, and nothing of it is drawn again; whatever it draws with PyTorch's, NumPy's or Python's own generator
comes from the run's stream.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nalm import units
from nalm.errors import InputError
from nalm.runs import NetworkSettings
from nalm.streams import Family, derived_key, weight_generator

# The generators of PyTorch, NumPy and Python, tracing, and modules that are called by name of their parameters belong
# to the whole process: one thread at a time.
ONE_AT_A_TIME = RLock()


@dataclass
class RunRandom:
    """The random numbers of one run: a stream each for PyTorch, NumPy's legacy functions and Python's `random`."""

    torch: torch.Generator
    numpy: Any
    python: Any

    @classmethod
    def of(cls, seed: int, family: Family) -> RunRandom:
        """Return the streams of the run with `seed`."""
        numpy = np.random.RandomState(derived_key(seed, "numpy", 4)).get_state()
        python = random.Random(derived_key(seed, "python")).getstate()
        return cls(weight_generator(seed, family), numpy, python)

    def copy(self) -> RunRandom:
        """Return the same streams, to be drawn from independently."""
        generator = torch.Generator()
        generator.set_state(self.torch.get_state())
        return RunRandom(generator, self.numpy, self.python)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let everything that draws without a generator of its own draw from these streams inside a `with` block.

        They go on where the block stopped; the generators of the process are left as they were.

        Raises:
            InputError: PyTorch's default dtype is not float32, or the block has changed it.
        """
        with ONE_AT_A_TIME, _in_float32(), units.drawing_from(self.torch):
            numpy, python = np.random.get_state(), random.getstate()
            try:
                np.random.set_state(self.numpy)
                random.setstate(self.python)
                yield
                self.numpy, self.python = np.random.get_state(), random.getstate()
            finally:
                np.random.set_state(numpy)
                random.setstate(python)


@contextmanager
def _in_float32() -> Iterator[None]:
    """Hold the default dtype of the process to float32, of which the streams of all runs are."""
    if torch.get_default_dtype() != torch.float32:
        raise InputError(
            f"PyTorch's default dtype is {torch.get_default_dtype()}, and runs are drawn in float32: leave out "
            "torch.set_default_dtype and give dtype= to the layers of your own"
        )
    try:
        yield
        changed = torch.get_default_dtype()
    finally:
        torch.set_default_dtype(torch.float32)
    if changed != torch.float32:
        raise InputError(
            f"the network sets PyTorch's default dtype to {changed} for the whole process: give dtype= to its layers "
            "instead"
        )


def initial_network(
    network: NetworkSettings, widths: tuple[int, int], seed: int, family: Family
) -> tuple[nn.Module, RunRandom]:
    """Return the network of a run before its first step, and the streams that it goes on with.

    Args:
        network: what to build.
        widths: inputs and outputs.
        seed: of the run.
        family: of random numbers.
    """
    streams = RunRandom.of(seed, family)
    if network.has_own_units:
        return built(network, widths, streams), streams
    with ONE_AT_A_TIME:
        with streams.copy().drawing():
            module = network.build(*widths)
        if family == "paper":
            units.skip_construction_draws(module, streams.torch)
        # the original code draws all parameters twice and trains from the second draw
        for _ in range(2 if family == "paper" else 1):
            units.reset_parameters(module, streams.torch)
    return module, streams


def built(network: NetworkSettings, widths: tuple[int, int], streams: RunRandom) -> nn.Module:
    """Return a network as its constructors leave it."""
    return constructed(lambda: network.build(*widths), widths[0], streams)


def constructed(build: Callable[[], nn.Module], inputs: int, streams: RunRandom) -> nn.Module:
    """Return what `build` gives, drawn from `streams`; parameters that wait for a first input get one."""
    with streams.drawing():
        module = build()
        if any(is_lazy(value) for value in (*module.parameters(), *module.buffers())):
            with torch.no_grad():
                module.eval()(torch.ones(2, inputs))
        return module.train()


def start_from_(module: nn.Module, values: Mapping[str, Any]) -> None:
    """Set parameters and buffers of a module, by name; the others stay.

    Raises:
        InputError: it has none of a name, or one of another shape.
    """
    state = module.state_dict()
    with torch.no_grad():
        for name, value in values.items():
            if name not in state:
                raise InputError(f"initial: the network has no {name!r}; it has {', '.join(state) or 'none'}")
            if tuple(np.shape(value)) != tuple(state[name].shape):
                shapes = f"{list(state[name].shape)}, got {list(np.shape(value))}"
                raise InputError(f"initial: {name} has the shape {shapes}")
            state[name].copy_(torch.as_tensor(value))


def redraw(module: nn.Module, network: NetworkSettings, widths: tuple[int, int], streams: RunRandom) -> None:
    """Give `module` new initial values, the next ones of the run's streams."""
    if not network.has_own_units:
        units.reset_parameters(module, streams.torch)
        return
    fresh = built(network, widths, streams)
    with torch.no_grad():
        for target, source in (
            *zip(dict(module.named_parameters()).values(), dict(fresh.named_parameters()).values(), strict=True),
            *zip(module.buffers(), fresh.buffers(), strict=True),
        ):
            target.copy_(source)
