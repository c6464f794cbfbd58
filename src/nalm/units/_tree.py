"""What a unit offers, for any tree of modules: units inside `nn.Sequential`, beside plain layers, and so on.

A module that has a method of the name asked for answers for itself and all below it; any other module passes
the question on to its children, in order.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from nalm.errors import InputError
from nalm.units._computed import computed_names, written_through
from nalm.units._draws import drawing_from
from nalm.units._unit import Unit


def _answering(module: nn.Module, method: str) -> Iterator[nn.Module]:
    if callable(getattr(module, method, None)):
        yield module
    else:
        for child in module.children():
            yield from _answering(child, method)


def penalties(module: nn.Module) -> dict[str, Tensor]:
    """Return the penalties of all units in `module`; those of one name are summed."""
    total: dict[str, Tensor] = {}
    for unit in _answering(module, "penalties"):
        for name, value in unit.penalties().items():  # type: ignore[operator]
            total[name] = total[name] + value if name in total else value
    return total


def project_(module: nn.Module) -> None:
    """Clamp the parameters of all units in `module` to their domains, in place."""
    for unit in _answering(module, "project_"):
        with written_through(unit, exact=True):
            unit.project_()  # type: ignore[operator]


def reset_parameters(module: nn.Module, generator: torch.Generator | None = None) -> None:
    """Draw new initial values for everything in `module`, in order, from one stream.

    Units take the generator itself; a plain module's own `reset_parameters()` runs inside
    `drawing_from(generator)`.

    Args:
        module: Any module; a plain one without `reset_parameters` passes the call on to its children.
        generator: A CPU generator; None for torch's default.

    Raises:
        InputError: a module has parameters of its own and no `reset_parameters`, it must be built anew instead; nothing
            has been drawn then.
    """
    for part in list(_redrawn(module)):
        with written_through(part, exact=False):
            if isinstance(part, Unit):
                part.reset_parameters(generator)
            else:
                with drawing_from(generator):
                    part.reset_parameters()  # type: ignore[operator]


def _redrawn(module: nn.Module) -> Iterator[nn.Module]:
    """Return, in order, the modules that redraw themselves and all below them."""
    if callable(getattr(module, "reset_parameters", None)):
        yield module
        return
    for name in (*dict(module.named_parameters(recurse=False)), *computed_names(module)):
        raise InputError(
            f"{type_before_parametrizations(module).__name__}: cannot redraw parameter {name!r} without a method "
            "reset_parameters(); add one, or build the module anew"
        )
    for child in module.children():
        yield from _redrawn(child)


def skip_construction_draws(module: nn.Module, generator: torch.Generator) -> None:
    """Draw and drop what the released constructors draw before the first `reset_parameters`."""
    for unit in _answering(module, "skip_construction_draws"):
        unit.skip_construction_draws(generator)  # type: ignore[operator]


def learn_(module: nn.Module, loss: Tensor) -> None:
    """Tell units that learn from the value of the loss (bandits) what it was; call it after each step."""
    for unit in _answering(module, "learn_"):
        unit.learn_(loss)  # type: ignore[operator]


def sparsity_error(module: nn.Module) -> Tensor | None:
    """Return the largest sparsity error of the units in `module`, or None if there is none."""
    worst: Tensor | None = None
    for unit in _answering(module, "sparsity_error"):
        error = unit.sparsity_error()  # type: ignore[operator]
        worst = error if worst is None else torch.maximum(worst, error)
    return worst


def effective_weights(module: nn.Module) -> Tensor:
    """Return the effective weights of all units in `module`, in order, each in row-major order, as one
    vector.

    A plain module without units in it gives all its parameters.
    """
    parts = list(_flat_weights(module))
    return torch.cat(parts) if parts else torch.zeros(0)


def _flat_weights(module: nn.Module) -> Iterator[Tensor]:
    if isinstance(module, Unit):
        yield module.weight.reshape(-1)
    elif any(isinstance(child, Unit) for child in module.modules()):
        for parameter in module.parameters(recurse=False):
            yield parameter.reshape(-1)
        for child in module.children():
            yield from _flat_weights(child)
    else:
        for parameter in module.parameters():
            yield parameter.reshape(-1)
