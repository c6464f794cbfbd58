"""Parameters that PyTorch computes from others: pruned, parametrised, with weight or spectral norm.

`torch.nn.utils` takes such a parameter out of its module and puts a tensor in its place, which it computes before each
call of the module (pruning, the older norms) or whenever it is read (`parametrize`). What is written to that tensor is
thrown away, unless it is written inside `written_through`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from nalm.errors import InputError

_HOOKS = (BasePruningMethod, WeightNorm, SpectralNorm)


def refresh(module: nn.Module) -> None:
    """Compute the parameters of `module` that PyTorch would compute before a call of it, as they are now."""
    if not module._forward_pre_hooks:
        return
    with torch.enable_grad():
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, SpectralNorm):
                setattr(module, hook.name, hook.compute_weight(module, do_power_iteration=False))
            elif isinstance(hook, _HOOKS):
                hook(module, None)


def computed_names(module: nn.Module) -> list[str]:
    """Return the names of the parameters of `module` that PyTorch computes."""
    named = [_name(hook) for hook in module._forward_pre_hooks.values() if isinstance(hook, _HOOKS)]
    return [*named, *getattr(module, "parametrizations", ())]


@contextmanager
def written_through(module: nn.Module, *, exact: bool) -> Iterator[None]:
    """Let what is written to computed parameters of `module`, or below it, reach those that they are computed from.

    These become what they would be had the parameter had the value written when it was pruned or parametrised.

    Args:
        module: Its parameters are written to in place, in the `with` block.
        exact: Whether every parameter must then have the value written; otherwise it may be another one, such as the
            nearest orthogonal matrix.

    Raises:
        InputError: a computed parameter cannot be set, or not to the value written; that one is left as it was.
    """
    computed = [(part, name) for part in module.modules() for name in computed_names(part)]
    if not computed:
        yield
        return
    with parametrize.cached():  # reading a parameter twice gives the same tensor, which can be written to
        for part, _ in computed:
            refresh(part)
        tensors = [getattr(part, name) for part, name in computed]
        before = [tensor.detach().clone() for tensor in tensors]
        yield
        for (part, name), tensor, old in zip(computed, tensors, before, strict=True):
            value = tensor.detach().clone()
            if not _close(value, old, 0.0):  # where nothing is written, nothing is to be rounded
                _set(part, name, value, exact)


def _set(module: nn.Module, name: str, value: Tensor, exact: bool) -> None:
    state = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    tolerance = 4 * torch.finfo(value.dtype).eps
    # zeros have no direction for a norm and no logarithm, hence the second value
    for stored in (value, torch.where(value == 0, tolerance / 16, value)):
        _store(module, name, stored)
        held = _is_finite(module) or not bool(value.isfinite().all())
        if held and (not exact or _close(_current(module, name), value, tolerance)):
            return
    module.load_state_dict(state)
    refresh(module)
    cls, how = _class_name(module), _how(module, name)
    if exact:
        raise InputError(
            f"{cls}: project_() cannot bring {name!r} to its bounds through {how}; leave that out, or the bounds "
            "(bounds='none', clip='none')"
        )
    raise InputError(f"{cls}: reset_parameters() draws values of {name!r} that {how} cannot hold; leave that out")


def _is_finite(module: nn.Module) -> bool:
    return all(bool(parameter.isfinite().all()) for parameter in module.parameters())


def _close(a: Tensor, b: Tensor, tolerance: float) -> bool:
    """Return whether two tensors are equal, NaN in the same places: a diverged weight stays what it is."""
    return torch.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _current(module: nn.Module, name: str) -> Tensor:
    parts = _parametrisations(module, name)
    value: Tensor = getattr(module, name) if parts is None else parts()
    return value.detach()


def _name(hook: Any) -> str:
    return str(hook._tensor_name if isinstance(hook, BasePruningMethod) else hook.name)


def _hook(module: nn.Module, name: str) -> Any:
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, _HOOKS) and _name(hook) == name:
            return hook
    return None


def _parametrisations(module: nn.Module, name: str) -> Any:
    return module.parametrizations[name] if parametrize.is_parametrized(module, name) else None  # type: ignore[index]


def _class_name(module: nn.Module) -> str:
    return parametrize.type_before_parametrizations(module).__name__


def _how(module: nn.Module, name: str) -> str:
    parts = _parametrisations(module, name)
    return ", ".join(type(part).__name__ for part in ([_hook(module, name)] if parts is None else parts))


def _store(module: nn.Module, name: str, value: Tensor) -> None:
    """Set the tensors that `name` is computed from, as registering the computation anew would."""
    with torch.no_grad():
        parts, hook = _parametrisations(module, name), _hook(module, name)
        if parts is not None:
            _store_originals(module, name, parts, value)
        elif isinstance(hook, WeightNorm):
            getattr(module, f"{name}_g").copy_(torch.norm_except_dim(value, 2, hook.dim))
            getattr(module, f"{name}_v").copy_(value)
        else:
            getattr(module, f"{name}_orig").copy_(value)
    refresh(module)


def _store_originals(module: nn.Module, name: str, parts: Any, value: Tensor) -> None:
    stored: Any = value
    for part in reversed(parts):
        if hasattr(part, "right_inverse"):
            with suppress(NotImplementedError):  # which torch takes for the identity, too
                stored = part.right_inverse(stored)
    originals = [parts.original] if parts.is_tensor else [getattr(parts, f"original{i}") for i in range(parts.ntensors)]
    tensors = [stored] if isinstance(stored, Tensor) else list(stored)
    if [tensor.shape for tensor in tensors] != [original.shape for original in originals]:
        how = _how(module, name)
        raise InputError(f"{_class_name(module)}: {how} has no right_inverse() through which {name!r} can be set")
    for original, tensor in zip(originals, tensors, strict=True):
        original.copy_(tensor)
