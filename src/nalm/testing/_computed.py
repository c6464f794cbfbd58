"""Checks of a module whose parameters PyTorch computes: pruned, parametrised, with weight norm."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune, weight_norm

from nalm import units
from nalm.testing._base import IN, Factory, Inputs, built, equal, refusal, run

_OUTSIDE = 5.0
"""A value outside the bounds of every weight that has bounds."""


class _Same(nn.Module):
    """A parametrisation that changes nothing and has no inverse."""

    def forward(self, value: Tensor) -> Tensor:
        """Return `value`, as a new tensor."""
        return value * 1


def pruned(factory: Factory, inputs: Inputs) -> None:
    """Pruned parameters train; output, penalties, `project_` and `reset_parameters` are those of the masked weights."""
    unit, twin = built(factory), built(factory)
    masks = {}
    for name, parameter in list(unit.named_parameters()):
        mask = (torch.arange(parameter.numel()).reshape(parameter.shape) % 2 == 0).to(parameter.dtype)
        prune.custom_from_mask(*_owner(unit, name), mask)  # type: ignore[no-untyped-call]
        masks[name] = mask
    _same_as(unit, twin, inputs, lambda name, value: value * masks[name])


def parametrised(factory: Factory, inputs: Inputs) -> None:
    """Parametrised parameters train and are copied; what the module offers is that of the computed weights."""
    unit, twin = built(factory), built(factory)
    for name, _ in list(unit.named_parameters()):
        parametrize.register_parametrization(*_owner(unit, name), _Same())
    _same_as(unit, twin, inputs, lambda name, value: value)
    for other in (copy.deepcopy(unit), built(factory, seed=1)):
        if not parametrize.is_parametrized(other) and other is not unit:
            for name, _ in list(twin.named_parameters()):
                module, tensor = _owner(other, name)
                if not parametrize.is_parametrized(module, tensor):
                    parametrize.register_parametrization(module, tensor, _Same())
            other.load_state_dict(unit.state_dict())
        equal(run(other.eval(), inputs(6, IN)), run(unit.eval(), inputs(6, IN)), "a copy")


def weight_normed(factory: Factory, inputs: Inputs) -> None:
    """Matrices with weight norm, of both kinds, train; the output is that of the module without it."""
    for norm in (parametrizations.weight_norm, _older_weight_norm):
        unit, twin = built(factory), built(factory)
        for name, parameter in list(unit.named_parameters()):
            if parameter.ndim > 1 and bool((parameter.detach().flatten(1).norm(dim=1) > 0).all()):
                norm(*_owner(unit, name))
        _same_as(unit, twin, inputs, lambda name, value: value)


def _older_weight_norm(module: nn.Module, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it is deprecated, and used
        weight_norm(module, name)


def _owner(module: nn.Module, name: str) -> tuple[nn.Module, str]:
    path, _, tensor = name.rpartition(".")
    return module.get_submodule(path), tensor


def _same_as(unit: nn.Module, twin: nn.Module, inputs: Inputs, seen: Callable[[str, Tensor], Tensor]) -> None:
    """Compare a module whose parameters are computed with an ordinary one; `seen` makes its weights those of `unit`."""

    def copy_weights() -> None:
        """Give the twin the weights and buffers of the unit."""
        with torch.no_grad():
            for name, tensor in (*twin.named_parameters(), *twin.named_buffers()):
                tensor.copy_(getattr(*_owner(unit, name)))

    def compare(what: str) -> None:
        for name, parameter in twin.named_parameters():
            value = getattr(*_owner(unit, name)).detach()
            equal(value, seen(name, parameter.detach()), f"{what}: {name}", rtol=1e-4, atol=1e-5)

    compare("weights")
    copy_weights()
    equal(run(unit.eval(), inputs(6, IN)), run(twin.eval(), inputs(6, IN)), "output", rtol=1e-4, atol=1e-5)
    _two_steps(unit.train(), inputs)
    run(unit.eval(), inputs(6, IN))
    copy_weights()
    _compare_penalties(unit, twin.eval(), inputs)

    with torch.no_grad():
        for parameter in unit.parameters():
            parameter.fill_(_OUTSIDE)
    run(unit, inputs(6, IN))
    copy_weights()
    units.project_(twin)
    if refusal(lambda: units.project_(unit)) is None:
        compare("project_")

    if refusal(lambda: units.reset_parameters(unit, torch.Generator().manual_seed(3))) is None:
        units.reset_parameters(twin, torch.Generator().manual_seed(3))
        compare("reset_parameters")


def _two_steps(unit: nn.Module, inputs: Inputs) -> None:
    """Train for two steps, the least at which a tensor that is computed only once is found out."""
    parameters = [parameter for parameter in unit.parameters() if parameter.requires_grad]
    for _ in range(2):
        loss = run(unit, inputs(6, IN)).square().mean() + sum(units.penalties(unit).values())
        if loss.requires_grad:
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    if gradient is not None:
                        parameter.sub_(1e-3 * gradient)
        units.project_(unit)


def _compare_penalties(unit: nn.Module, twin: nn.Module, inputs: Inputs) -> None:
    for module in (unit, twin):
        run(module, inputs(6, IN))
    got, expected = units.penalties(unit), units.penalties(twin)
    assert got.keys() == expected.keys(), f"penalties {sorted(got)} instead of {sorted(expected)}"
    for name, value in got.items():
        equal(value, expected[name], f"penalty {name}", rtol=1e-4, atol=1e-5)
