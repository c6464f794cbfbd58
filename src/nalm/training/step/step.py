"""One run's training step as pure functions of tensors, for any network made of `nn.Module`s.

State is one flat float32 vector: the parameters in the order of `named_parameters`, the buffers, then the optimiser's
slots. The lowerings (`native`, `tensors`, `eager`) differ only in how they evaluate these functions for many runs.
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
from nalm.runs.settings import TrainingSettings
from nalm.training.step import losses, optimizers, schedules
from nalm.training.step.noise import Draw, Recorded, Supplied

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


def _predict_and_penalise(module: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    return module(x), units.penalties(module), dict(module.named_buffers())


def _settle(module: nn.Module, criterion: Tensor, project: bool) -> dict[str, Tensor]:
    """What follows the optimiser's step; the parameters and buffers after it."""
    with torch.no_grad():
        units.learn_(module, criterion)
        if project:
            units.project_(module)
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _l1(parameters: Sequence[Tensor]) -> Tensor:
    return sum((p.abs().sum() for p in parameters), torch.zeros(()))


class Step:
    """The pure functions of one network under given settings.

    `found` names the module's penalties, `penalties` those in the loss, `columns` the schedule's columns, `switches`
    the per-run numbers, `draws` the random numbers of a forward pass in training mode, `parameters` the shape of each
    parameter.
    """

    def __init__(self, module: nn.Module, settings: TrainingSettings, in_features: int, out_features: int) -> None:
        self.module = module
        self.settings = settings
        self.features = (in_features, out_features)
        self.optimizer = optimizers.create(settings)
        self.parameters = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.buffers = {name: tuple(b.shape) for name, b in module.named_buffers() if b.is_floating_point()}
        self.parameter_count = sum(prod(shape) for shape in self.parameters.values())
        self.network_count = self.parameter_count + sum(prod(shape) for shape in self.buffers.values())
        self.state_size = self.network_count + self.parameter_count * self.optimizer.slots
        self.draws, self.found = self._dry_run()
        factors = schedules.penalty_factors(settings, np.zeros(1))
        self.penalties = tuple(key for key in factors if key in self.found or key == "l1")
        self.criteria = losses.CRITERIA[settings.loss]
        self.columns = (
            *self.optimizer.columns,
            *(f"penalty_{key}" for key in self.penalties),
            *(("pcc_share",) if len(self.criteria) > 1 else ()),
        )
        self.switches = tuple(key for key in self.penalties if key in RUN_SWITCHES)

    def _dry_run(self) -> tuple[tuple[Draw, ...], tuple[str, ...]]:
        self.module.train()
        with torch.no_grad(), Recorded() as recorded:
            _, found, _ = _predict_and_penalise(self.module, torch.ones(self.settings.batch_size, self.features[0]))
            units.project_(self.module)
        return tuple(recorded.draws), tuple(found) if self.settings.constraints == "paper" else ()

    def schedule(self, settings: TrainingSettings, steps: np.ndarray) -> np.ndarray:
        """The schedule `[len(steps), len(columns)]` in float32 under `settings`, which may differ in their numbers."""
        steps = steps.astype(np.float64)
        table = self.optimizer.schedule(settings, steps)
        factors = schedules.penalty_factors(settings, steps)
        table |= {f"penalty_{key}": factors[key] for key in self.penalties}
        table["pcc_share"] = (steps < settings.pcc_to_mse_iteration).astype(np.float64)
        return np.stack([table[name] for name in self.columns], axis=1).astype(np.float32)

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the tensors that a state holds, in order."""
        parameters = list(self.parameters.values())
        return [*parameters, *self.buffers.values(), *parameters * self.optimizer.slots]

    def split(self, state: Tensor) -> list[Tensor]:
        """The tensors that a flat state holds."""
        parts = torch.split(state, [prod(shape) for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def network(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Parameters and buffers by name, the first of the tensors of a state."""
        names = [*self.parameters, *self.buffers]
        return dict(zip(names, tensors[: len(names)], strict=True))

    def _call(self, function: Callable[..., Any], network: dict[str, Tensor], *args: Any) -> Any:
        named = {f"module.{name}": value for name, value in network.items()}
        return functional_call(_Call(self.module, function), named, args)

    def _terms(
        self, network: dict[str, Tensor], x: Tensor, t: Tensor, now: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Criterion, sum of the weighted penalties, and the buffers after the forward pass."""
        y, found, buffers = self._call(_predict_and_penalise, network, x)
        criterion = self.criteria[0](y, t)
        if len(self.criteria) > 1:
            share = now["pcc_share"]
            criterion = share * criterion + (1 - share) * self.criteria[1](y, t)
        penalty = torch.zeros(())
        for key in self.penalties:
            value = _l1([network[name] for name in self.parameters]) if key == "l1" else found[key]
            factor = now[f"penalty_{key}"]
            penalty = penalty + (factor * now[f"switch_{key}"] if key in self.switches else factor) * value
        return criterion, penalty, {name: buffers[name] for name in self.buffers}

    def _now(self, run: Tensor, schedule: Tensor) -> dict[str, Tensor]:
        now = dict(zip(self.columns, schedule.unbind(0), strict=True))
        return now | {f"switch_{key}": value for key, value in zip(self.switches, run.unbind(0), strict=True)}

    def train(self, state: Tensor, run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor) -> Tensor:
        """State after one update; `x` is `[batch, inputs]`, `t` `[batch, outputs]`, `noise` as `draws` says."""
        tensors = self.train_tensors(self.split(state), run, schedule, x, t, *noise)
        return torch.cat([tensor.reshape(-1) for tensor in tensors])

    def train_tensors(
        self, state: Sequence[Tensor], run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor
    ) -> list[Tensor]:
        """`train` on the tensors that a state holds."""
        now = self._now(run, schedule)
        network = self.network(state)
        parameters = {name: network[name] for name in self.parameters}
        buffers = {name: network[name].clone() for name in self.buffers}
        with self._training(noise):

            def total(parameters: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, dict[str, Tensor]]]:
                criterion, penalty, after = self._terms({**parameters, **buffers}, x, t, now)
                return criterion + penalty, (criterion.detach(), after)

            if parameters:
                gradients, (_, (criterion, buffers)) = grad_and_value(total, has_aux=True)(parameters)
            else:
                gradients, (_, (criterion, buffers)) = {}, total(parameters)
            updated, slots = self._optimised(parameters, self._clipped(gradients), state, now)
            project = self.settings.constraints == "paper"
            clones = {name: value.clone() for name, value in {**updated, **buffers}.items()}
            settled = self._call(lambda module, loss: _settle(module, loss, project), clones, criterion)
        return [*(settled[name] for name in (*self.parameters, *self.buffers)), *slots]

    def _optimised(
        self,
        parameters: dict[str, Tensor],
        gradients: dict[str, Tensor],
        state: Sequence[Tensor],
        now: dict[str, Tensor],
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Parameters and the optimiser's slots after its step."""
        count, start = len(parameters), len(parameters) + len(self.buffers)
        updated, columns = {}, []
        for i, (name, parameter) in enumerate(parameters.items()):
            own = tuple(state[start + i :: count]) if self.optimizer.slots else ()
            updated[name], own = self.optimizer.update(parameter, gradients[name], own, now)
            columns.append(own)
        return updated, [slot for row in zip(*columns, strict=True) for slot in row]

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
        return self.measure_tensors(self.split(state), run, schedule, x, t, *noise)

    def measure_tensors(
        self, state: Sequence[Tensor], run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor
    ) -> Tensor:
        """`measure` on the tensors that a state holds."""
        network = {name: value.clone() for name, value in self.network(state).items()}
        with self._training(noise):
            criterion, penalty, _ = self._terms(network, x, t, self._now(run, schedule))
        return torch.stack([criterion, penalty])

    def error(self, state: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """Mean squared error `[1]` in evaluation mode."""
        return self.error_tensors(self.split(state), x, t)

    def error_tensors(self, state: Sequence[Tensor], x: Tensor, t: Tensor) -> Tensor:
        """`error` on the tensors that a state holds."""
        self.module.eval()
        y = functional_call(self.module, self.network(state), (x,))
        return losses.mse(y, t).reshape(1)

    def describe(self, network: Tensor) -> tuple[Tensor, Tensor | None]:
        """Effective weights `[n]`, and the sparsity error of a network that has one, from parameters and buffers."""

        def read(module: nn.Module) -> tuple[Tensor, Tensor | None]:
            return units.effective_weights(module), units.sparsity_error(module)

        self.module.eval()
        described: tuple[Tensor, Tensor | None] = self._call(read, self.named(network))
        return described

    def named(self, network: Tensor) -> dict[str, Tensor]:
        """Parameters and buffers by name from the part of a flat state that holds them."""
        shapes = [*self.parameters.values(), *self.buffers.values()]
        parts = torch.split(network, [prod(shape) for shape in shapes])
        return self.network([part.view(shape) for part, shape in zip(parts, shapes, strict=True)])

    def _training(self, noise: Sequence[Tensor]) -> ExitStack:
        self.module.train()
        stack = ExitStack()
        stack.enter_context(Supplied(noise))
        return stack
