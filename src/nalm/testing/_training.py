"""Whether a module is trained as an ordinary PyTorch loop trains it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Training(NamedTuple):
    """How nalm trains a module.

    Args:
        way: `"kernel"`, `"tensor program"` or `"ordinary loop"`.
        reason: why it is no kernel, in one line; None for a kernel.
        difference: in what it differs from an ordinary loop, in one line; None if it does not.
    """

    way: str
    reason: str | None
    difference: str | None


def compare_training(
    unit: str, arguments: Mapping[str, Any] | None = None, *, updates: int = 8, seed: int = 0
) -> Training:
    """Train a unit in the way that nalm chooses, and by an ordinary loop, and compare states, losses and errors.

    Both start from the same values, with the same data and random numbers. What float32's rounding errors explain is
    no difference.

    Args:
        unit: A registered name or `package.module:Class`, of two inputs and one output.
        arguments: Of its constructor.
        updates: Number of updates.
        seed: Of the data.

    Returns:
        The way, and what differs.

    Raises:
        InputError: the unit cannot be trained.
    """
    from nalm.training.lowerings.choice import Fallback, difference, lower

    key = _key(unit, arguments or {})
    lowered = lower(key)
    if isinstance(lowered, Fallback) and not lowered.batched:
        return Training("ordinary loop", lowered.reason, None)
    way = "tensor program" if isinstance(lowered, Fallback) else "kernel"
    reason = lowered.reason if isinstance(lowered, Fallback) else None
    return Training(way, reason, difference(key, lowered, updates, seed))


def _key(unit: str, arguments: Mapping[str, Any]) -> Any:
    from nalm.runs import LayerSettings, NetworkSettings, Run, TrainingSettings
    from nalm.tasks import ArithmeticTask
    from nalm.training.lowerings.choice import program_key

    ranges = {"interpolation_range": [1, 2], "extrapolation_range": [2, 6]}
    run: Any = Run(
        study="testing",
        task=ArithmeticTask.model_validate({"kind": "single-module", "operation": "mul", **ranges}),
        network=NetworkSettings(label=unit, layers=(LayerSettings(unit=unit, arguments=dict(arguments)),)),
        training=TrainingSettings(validation_samples=200, test_samples=150),
        seed=0,
    )
    return program_key(run)
