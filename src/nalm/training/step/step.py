"""One run's training step as pure functions of tensors, for any network made of `nn.Module`s.

State is one flat float32 vector: the parameters that ask for gradients in the order of `named_parameters`, the other
parameters and the buffers, then the optimiser's slots. The lowerings `native` and `tensor` differ only in how they
evaluate these functions for many runs.
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
from nalm.training.step import losses
from nalm.training.step.noise import Draw, Recorded, Supplied
from nalm.training.step.objective import Objective


class _Call(nn.Module):
    """Lets `functional_call` reach any function of a module."""

    def __init__(self, module: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.module = module
        self._function = function

    def forward(self, *args: Any) -> Any:
        return self._function(self.module, *args)


def _predict_and_penalise(module: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]:
    return module(x), units.penalties(module), _held(module)


def _held(module: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers by name."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _settle(module: nn.Module, criterion: Tensor, project: bool) -> dict[str, Tensor]:
    """Return what follows the optimiser's step; the parameters and buffers after it."""
    with torch.no_grad():
        units.learn_(module, criterion)
        if project:
            units.project_(module)
    return _held(module)


class Step:
    """The pure functions of one network under given settings.

    Args:
        module: the network, used up by tracing.
        settings: of training.
        in_features: inputs.
        out_features: outputs.
        example: an input for which the network is defined.
        row_weights: whether how much a row counts stands behind its targets.
        finite_buffers: a run has diverged if a buffer is not finite; else only if a trained parameter is not.

    Attributes:
        objective: what is minimised.
        draws: the random numbers of a forward pass in training mode.
        found: names of the module's penalties.
        parameters: shapes of the parameters that are trained, by name.
        buffers: shapes of the network's other tensors that hold floats, by name.
        finite_count: how many numbers of a state, its first ones, are finite unless a run has diverged.
    """

    def __init__(
        self,
        module: nn.Module,
        settings: TrainingSettings,
        in_features: int,
        out_features: int,
        *,
        example: float = 1.0,
        row_weights: bool = False,
        finite_buffers: bool = True,
    ) -> None:
        self.module = module
        self.settings = settings
        self.features = (in_features, out_features + row_weights)
        given = {id(parameter) for parameter in module.parameters()}  # what an optimiser would get
        trained = {name for name, p in module.named_parameters() if p.requires_grad and id(p) in given}
        shapes = {name: tuple(value.shape) for name, value in _held(module).items() if value.is_floating_point()}
        self.parameters = {name: shapes[name] for name in shapes if name in trained}
        self.buffers = {name: shapes[name] for name in shapes if name not in trained}
        self.parameter_count = sum(prod(shape) for shape in self.parameters.values())
        self.network_size = self.parameter_count + sum(prod(shape) for shape in self.buffers.values())
        self.finite_count = self.network_size if finite_buffers else self.parameter_count
        self.draws, self.found = self._dry_run(example)
        self.objective = Objective(settings, self.found, row_weights=row_weights)
        self.optimizer = self.objective.optimizer
        self.state_size = self.network_size + self.parameter_count * self.optimizer.slots

    def _dry_run(self, example: float) -> tuple[tuple[Draw, ...], tuple[str, ...]]:
        self.module.train()
        x = torch.full((self.settings.batch_size, self.features[0]), example)
        with Recorded() as recorded:
            _, offered, _ = _predict_and_penalise(self.module, x)
            with torch.no_grad():
                units.project_(self.module)
        return tuple(recorded.draws), tuple(offered) if self.settings.constraints == "paper" else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the schedule's columns."""
        return self.objective.columns

    @property
    def run_flags(self) -> tuple[str, ...]:
        """Names of the numbers that each run has for itself."""
        return self.objective.run_flags

    def flat(self, module: nn.Module) -> np.ndarray:
        """Return the part of a state that holds the network, of another module of the same kind."""
        held = _held(module)
        values = [held[name].detach().reshape(-1) for name in (*self.parameters, *self.buffers)]
        flat: np.ndarray = torch.cat([torch.zeros(0), *values]).numpy()
        return flat

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the tensors that a state holds, in order."""
        parameters = list(self.parameters.values())
        return [*parameters, *self.buffers.values(), *parameters * self.optimizer.slots]

    def split(self, state: Tensor) -> list[Tensor]:
        """Return the tensors that a flat state holds."""
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
        self, network: dict[str, Tensor], x: Tensor, t: Tensor, coefficients: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Criterion, sum of the weighted penalties, and the buffers after the forward pass."""
        # a module may change its input in place, which is its own affair
        y, offered, after = self._call(_predict_and_penalise, network, x.clone())
        parameters = [network[name] for name in self.parameters]
        criterion, penalty = self.objective.terms(y, t, offered, parameters, coefficients)
        return criterion, penalty, {name: after[name] for name in self.buffers}

    def train(self, state: Tensor, run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor) -> Tensor:
        """State after one update; `x` is `[batch, inputs]`, `t` `[batch, outputs]`, `noise` as `draws` says."""
        tensors = self.train_tensors(self.split(state), run, schedule, x, t, *noise)
        return torch.cat([tensor.reshape(-1) for tensor in tensors])

    def train_tensors(
        self, state: Sequence[Tensor], run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor
    ) -> list[Tensor]:
        """`train` on the tensors that a state holds."""
        coefficients = self.objective.coefficients(run, schedule)
        network = self.network(state)
        parameters = {name: network[name] for name in self.parameters}
        with self._training(noise):

            def total(parameters: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, dict[str, Tensor]]]:
                # made inside, so that a module may change them in place
                buffers = {name: network[name].clone() for name in self.buffers}
                criterion, penalty, after = self._terms({**parameters, **buffers}, x, t, coefficients)
                return criterion + penalty, (criterion.detach(), after)

            if parameters:
                gradients, (_, (criterion, buffers)) = grad_and_value(total, has_aux=True)(parameters)
            else:
                gradients, (_, (criterion, buffers)) = {}, total(parameters)
            updated, slots = self._optimised(parameters, self._clipped(gradients), state, coefficients)
            project = self.settings.constraints == "paper"
            clones = {name: value.clone() for name, value in {**updated, **buffers}.items()}
            settled = self._call(lambda module, loss: _settle(module, loss, project), clones, criterion)
        return [*(settled[name] for name in (*self.parameters, *self.buffers)), *slots]

    def _optimised(
        self,
        parameters: dict[str, Tensor],
        gradients: dict[str, Tensor],
        state: Sequence[Tensor],
        coefficients: dict[str, Tensor],
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Parameters and the optimiser's slots after its step."""
        count, start = len(parameters), len(parameters) + len(self.buffers)
        updated, columns = {}, []
        for i, (name, parameter) in enumerate(parameters.items()):
            own = tuple(state[start + i :: count]) if self.optimizer.slots else ()
            updated[name], own = self.optimizer.update(parameter, gradients[name], own, coefficients)
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
            criterion, penalty, _ = self._terms(network, x, t, self.objective.coefficients(run, schedule))
        return torch.stack([criterion, penalty])

    def error(self, state: Tensor, x: Tensor, t: Tensor) -> Tensor:
        """Mean squared error `[1]` in evaluation mode."""
        return self.error_tensors(self.split(state), x, t)

    def error_tensors(self, state: Sequence[Tensor], x: Tensor, t: Tensor) -> Tensor:
        """`error` on the tensors that a state holds."""
        self.module.eval()
        y = functional_call(self.module, self.network(state), (x.clone(),))
        return losses.mse(y, self.objective.parted(t)[0]).reshape(1)

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

    def named_slots(self, state: Tensor) -> dict[tuple[str, str], Tensor]:
        """Return what the optimiser remembers in a flat state, by name of the slot and of the parameter."""
        names = [(slot, name) for slot in self.optimizer.slot_names for name in self.parameters]
        return dict(zip(names, self.split(state)[len(self.parameters) + len(self.buffers) :], strict=True))

    def _training(self, noise: Sequence[Tensor]) -> ExitStack:
        self.module.train()
        stack = ExitStack()
        stack.enter_context(Supplied(noise))
        return stack
