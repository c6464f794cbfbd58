"""Seeds for which a user's module is made another way than the one that was compiled."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from torch import nn

from nalm._lines import at, is_users
from nalm.training.lowerings._base import Lowered
from nalm.training.lowerings.choice import ProgramKey, begun
from nalm.training.lowerings.constants import constants, difference, digest_of


def is_as_compiled(lowered: Lowered, module: nn.Module) -> bool:
    """Return whether what was taken for constant in a compiled step is the same in `module`."""
    return not lowered.constants or digest_of(constants(module)) == lowered.constants


def warn_of_other_modules(label: str, key: ProgramKey, lowered: Lowered, seeds: Iterable[int]) -> None:
    """Warn once of seeds whose runs are trained by the ordinary loop, because their module is made another way.

    Args:
        label: of the network.
        key: of the network.
        lowered: how the others are trained.
        seeds: of all runs.
    """
    if not lowered.constants:
        return
    modules = {seed: begun(key, seed)[0] for seed in sorted(set(seeds))}
    others = [seed for seed, module in modules.items() if not is_as_compiled(lowered, module)]
    if others:
        module = modules[others[0]]
        name = difference(constants(begun(key)[0]), constants(module))
        warnings.warn(
            f"{label}: {_listed(others)} trained one run at a time, many times slower, because "
            f"the constructor makes another module (attribute {name}){_constructor(module)}",
            RuntimeWarning,
            stacklevel=2,
        )


def _listed(seeds: list[int]) -> str:
    if len(seeds) == 1:
        return f"seed {seeds[0]} is"
    return f"seeds {', '.join(map(str, seeds[:5]))}{f' and {len(seeds) - 5} more' if len(seeds) > 5 else ''} are"


def _constructor(module: nn.Module) -> str:
    """Return where the first constructor of the user's in a module is written."""
    for part in module.modules():
        code = getattr(type(part).__init__, "__code__", None)
        if code is not None and is_users(code.co_filename):
            return at(code.co_filename, code.co_firstlineno)
    return ""
