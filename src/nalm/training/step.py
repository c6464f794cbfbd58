"""One run's training step as pure functions of tensors, for any network made of `nn.Module`s.

State is one flat float32 vector: the parameters in the order of `named_parameters`, then the optimiser's slots. The
lowerings (`native`, `tensors`) differ only in how they evaluate these functions for many runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from nalm import units
from nalm.training import losses, optimizers, schedules
from nalm.training.randomness import Draw, Recorded, Supplied
from nalm.training.settings import TrainingSettings

# The switch that decides per run whether a penalty with this name is on (0 or 1), set at logged steps
RUN_SWITCHES = ("inalu",)


class _Call(nn.Module):
    """Lets `functional_call` reach any function of a module."""

    def __init__(self, module: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.module = module
        self._function = function

    def forward(self, *args: Any) -> Any:
        return self._function(self.module, *args)


def _predict_and_penalise(module: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    return module(x), units.penalties(module)


def _project(module: nn.Module) -> dict[str, Tensor]:
    with torch.no_grad():
        units.project_(module)
    return dict(module.named_parameters())


def _l1(parameters: dict[str, Tensor]) -> Tensor:
    return sum((p.abs().sum() for p in parameters.values()), torch.zeros(()))


class Step:
    """The pure functions of one network under given settings.

    `columns` names the schedule's columns, `switches` the per-run numbers, `draws` the random numbers of a forward pass
    in training mode, `parameters` the shape of each parameter.
    """

    def __init__(self, module: nn.Module, settings: TrainingSettings, in_features: int, out_features: int) -> None:
        self.module = module
        self.settings = settings
        self.features = (in_features, out_features)
        self.optimizer = optimizers.create(settings)
        self.parameters = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.parameter_count = sum(prod(shape) for shape in self.parameters.values())
        self.state_size = self.parameter_count * (1 + self.optimizer.slots)
        self.draws, keys = self._dry_run()
        factors = schedules.penalty_factors(settings, np.zeros(1))
        self.penalties = tuple(key for key in factors if key in keys or key == "l1")
        self.criteria = losses.CRITERIA[settings.loss]
        self.columns = (
            *self.optimizer.columns,
            *(f"penalty_{key}" for key in self.penalties),
            *(("pcc_share",) if len(self.criteria) > 1 else ()),
        )
        self.switches = tuple(key for key in self.penalties if key in RUN_SWITCHES)

    def _dry_run(self) -> tuple[tuple[Draw, ...], frozenset[str]]:
        self.module.train()
        with torch.no_grad(), Recorded() as recorded:
            _, found = _predict_and_penalise(self.module, torch.ones(self.settings.batch_size, self.features[0]))
            units.project_(self.module)
        return tuple(recorded.draws), frozenset(found) if self.settings.constraints == "paper" else frozenset()

    def schedule(self, settings: TrainingSettings, steps: np.ndarray) -> np.ndarray:
        """The schedule `[len(steps), len(columns)]` in float32 under `settings`, which may differ in their numbers."""
        steps = steps.astype(np.float64)
        table = self.optimizer.schedule(settings, steps)
        factors = schedules.penalty_factors(settings, steps)
        table |= {f"penalty_{key}": factors[key] for key in self.penalties}
        table["pcc_share"] = (steps < settings.pcc_to_mse_iteration).astype(np.float64)
        return np.stack([table[name] for name in self.columns], axis=1).astype(np.float32)

    def unflatten(self, flat: Tensor) -> dict[str, Tensor]:
        """Named parameters from the first numbers of a state."""
        sizes = [prod(shape) for shape in self.parameters.values()]
        parts = torch.split(flat[: self.parameter_count], sizes)
        return {name: part.view(shape) for (name, shape), part in zip(self.parameters.items(), parts, strict=True)}

    def _terms(
        self, parameters: dict[str, Tensor], x: Tensor, t: Tensor, now: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Criterion and sum of the weighted penalties."""
        call = _Call(self.module, _predict_and_penalise)
        y, found = functional_call(call, {f"module.{k}": v for k, v in parameters.items()}, (x,))
        criterion = self.criteria[0](y, t)
        if len(self.criteria) > 1:
            share = now["pcc_share"]
            criterion = share * criterion + (1 - share) * self.criteria[1](y, t)
        penalty = torch.zeros(())
        for key in self.penalties:
            value = _l1(parameters) if key == "l1" else found[key]
            factor = now[f"penalty_{key}"]
            penalty = penalty + (factor * now[f"switch_{key}"] if key in self.switches else factor) * value
        return criterion, penalty

    def _now(self, run: Tensor, schedule: Tensor) -> dict[str, Tensor]:
        now = dict(zip(self.columns, schedule.unbind(0), strict=True))
        return now | {f"switch_{key}": value for key, value in zip(self.switches, run.unbind(0), strict=True)}

    def train(self, state: Tensor, run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor) -> Tensor:
        """State after one update; `x` is `[batch, inputs]`, `t` `[batch, outputs]`, `noise` as `draws` says."""
        now = self._now(run, schedule)
        with self._training(noise):

            def total(parameters: dict[str, Tensor]) -> Tensor:
                criterion, penalty = self._terms(parameters, x, t, now)
                return criterion + penalty

            parameters = self.unflatten(state)
            gradients, _ = grad_and_value(total)(parameters)
        gradients = self._clipped(gradients)
        slots = [self.unflatten(state[self.parameter_count * (i + 1) :]) for i in range(self.optimizer.slots)]
        updated, new_slots = {}, []
        for name, parameter in parameters.items():
            own = tuple(slot[name] for slot in slots)
            updated[name], own = self.optimizer.update(parameter, gradients[name], own, now)
            new_slots.append(own)
        if self.settings.constraints == "paper":
            call = _Call(self.module, _project)
            clones = {f"module.{k}": v.clone() for k, v in updated.items()}
            updated = functional_call(call, clones, ())
        flat = [updated[name].reshape(-1) for name in self.parameters]
        flat += [own[i].reshape(-1) for i in range(self.optimizer.slots) for own in new_slots]
        return torch.cat(flat)

    def _clipped(self, gradients: dict[str, Tensor]) -> dict[str, Tensor]:
        norm, value = self.settings.clip_gradient_norm, self.settings.clip_gradient_value
        if norm is not None:
            squares = sum(((g**2).sum() for g in gradients.values()), torch.zeros(()))
            scale = (norm / (squares.sqrt() + 1e-6)).clamp(max=1.0)
            gradients = {name: g * scale for name, g in gradients.items()}
        if value is not None:
            gradients = {name: g.clamp(-value, value) for name, g in gradients.items()}
        return gradients

    def measure(self, state: Tensor, run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor) -> Tensor:
        """Criterion and penalty `[2]` of a training batch."""
        with self._training(noise):
            return torch.stack(self._terms(self.unflatten(state), x, t, self._now(run, schedule)))

    def error(self, state: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """Mean squared error `[1]` in evaluation mode."""
        self.module.eval()
        y = functional_call(self.module, self.unflatten(state), (x,))
        return losses.mse(y, t).reshape(1)

    def describe(self, state: Tensor) -> tuple[Tensor, Tensor | None]:
        """Effective weights `[n]`, and the sparsity error of a network that has one."""

        def read(module: nn.Module) -> tuple[Tensor, Tensor | None]:
            return units.effective_weights(module), units.sparsity_error(module)

        self.module.eval()
        call = _Call(self.module, read)
        parameters = {f"module.{k}": v for k, v in self.unflatten(state).items()}
        described: tuple[Tensor, Tensor | None] = functional_call(call, parameters, ())
        return described

    def _training(self, noise: Sequence[Tensor]) -> ExitStack:
        self.module.train()
        stack = ExitStack()
        stack.enter_context(Supplied(noise))
        return stack
