"""Parts: the pieces with parameters or memory that units are put together from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from nalm import functional
from nalm.units._computed import refresh, written_through
from nalm.units._parts.memory import Memory
from nalm.units._unit import Unit, clamp_

GateGradient = Literal["clamp", "straight_through"]


class Part(nn.Module, ABC):
    """A piece of a unit that answers the unit's questions for itself; see `Unit` for their meaning."""

    @abstractmethod
    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial values."""

    def penalties(self) -> dict[str, Tensor]:
        """Return named scalars to be added to the loss."""
        return {}

    def project_(self) -> None:
        """Clamp the parameters, advance schedules and forget the step, after an optimiser step."""

    def learn_(self, loss: Tensor) -> None:
        """Learn from the loss of the last training forward pass; only bandits do."""

    def skip_construction_draws(self, generator: torch.Generator) -> None:
        """Draw and drop what the released code's constructor draws."""


class PartsUnit(Unit):
    """A unit that is its parts: it draws, penalises and projects them in the order of their definition."""

    def _parts(self) -> Iterator[Part]:
        return (child for child in self.children() if isinstance(child, Part))

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw new initial values of all parts, in order."""
        with written_through(self, exact=False):
            for part in self._parts():
                part.reset_parameters(generator)

    def penalties(self) -> dict[str, Tensor]:
        """Return the penalties of all parts; those of one name are summed."""
        named: dict[str, Tensor] = {}
        for part in self._parts():
            refresh(part)
            for name, value in part.penalties().items():
                named[name] = named[name] + value if name in named else value
        return named

    def project_(self) -> None:
        """Clamp the parameters of all parts and forget the step."""
        with written_through(self, exact=True):
            for part in self._parts():
                part.project_()

    def learn_(self, loss: Tensor) -> None:
        """Pass the loss of the step on to the parts."""
        for part in self._parts():
            part.learn_(loss)

    def skip_construction_draws(self, generator: torch.Generator) -> None:
        """Draw and drop what the released code's constructor draws."""
        for part in self._parts():
            part.skip_construction_draws(generator)


class Recorder(Part):
    """Collects penalties that are known in the forward pass only, until `project_`."""

    def __init__(self) -> None:
        super().__init__()
        self.memories: dict[str, Memory] = {}

    def record(self, name: str, value: Tensor) -> None:
        """Add a scalar to the penalty `name`, in training mode."""
        if self.training:
            self.memories.setdefault(name, Memory()).add(value)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """There is nothing to draw."""

    def penalties(self) -> dict[str, Tensor]:
        """Return what was recorded since the last `project_`."""
        sums = {name: memory.sum() for name, memory in self.memories.items()}
        return {name: value for name, value in sums.items() if value is not None}

    def project_(self) -> None:
        """Forget everything."""
        for memory in self.memories.values():
            memory.clear()


class RelevanceGate(Part):
    """One number in [0, 1] per input, started at 0.5: how far the input counts. Heim et al. (2020), equation
    8.

    Args:
        size: Number of inputs.
        clamps: Whether the gate is clamped where it is used.
        projects: Whether `project_` clamps it.
        gradient: Of the clamp where it is used: `"clamp"`: none outside [0, 1]; `"straight_through"`:
            unchanged.
    """

    def __init__(
        self,
        size: int,
        *,
        clamps: bool,
        projects: bool,
        gradient: GateGradient = "clamp",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.clamps = clamps
        self.projects = projects
        self.gradient: GateGradient = gradient
        self.g = nn.Parameter(torch.empty(size, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return the gate as used, `[size]`."""
        if not self.clamps:
            return self.g
        clamped = self.g.clamp(0, 1)
        return clamped if self.gradient == "clamp" else self.g + (clamped - self.g).detach()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Set the gate to 0.5; nothing is drawn."""
        nn.init.constant_(self.g, 0.5)

    def penalties(self) -> dict[str, Tensor]:
        """Return `npu_gate`, the mean distance of the gate from {0, 1}."""
        return {"npu_gate": functional.sparsity_penalty(self.g, "binary")}

    def project_(self) -> None:
        """Clamp the gate to [0, 1] where that is wanted."""
        if self.projects:
            clamp_(self.g, 0, 1)
