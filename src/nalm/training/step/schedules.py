"""Factors of the penalties as functions of the step (float64, all steps at once)."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np

from nalm.tasks.learning import LearningSettings


def ramp(settings: LearningSettings, steps: np.ndarray) -> np.ndarray:
    """Growth of the sparsity penalty from 0 to 1 (Madsen & Johansen 2020, section 2.2).

    Linear between `ramp_start` and `ramp_end`, or `1 - exp(-1e-5 step)`.
    """
    if settings.ramp == "exponential":
        return 1.0 - np.exp(-1e-5 * steps)
    return np.clip((steps - settings.ramp_start) / (settings.ramp_end - settings.ramp_start), 0.0, 1.0)


def learning_rate(settings: LearningSettings, positions: np.ndarray) -> np.ndarray:
    """Return the learning rate at each of `positions`, which count what `learning_rate_interval` counts."""
    if settings.learning_rate_interval is None:
        return np.full(len(positions), settings.learning_rate)
    falls = np.asarray(positions) // settings.learning_rate_interval
    return settings.learning_rate * settings.learning_rate_factor**falls


def l1_factor(settings: LearningSettings, steps: np.ndarray) -> np.ndarray:
    """Factor of the L1 penalty, multiplied by `l1_growth` every `l1_step` steps (Heim et al. 2020, appendix).

    It grows while it is below `l1_end` (and may overshoot it once); if it starts above, it shrinks the same way.
    Decimal arithmetic keeps 1e-7 * 10 * 10 equal to 1e-5.
    """
    factor, end, growth = (Decimal(repr(x)) for x in (settings.l1_start, settings.l1_end, settings.l1_growth))
    grows = factor <= end
    last = int(steps.max()) if len(steps) else 0
    values = [factor]
    for _ in range(last // settings.l1_step):
        if grows and factor < end:
            factor *= growth
        elif not grows and factor > end:
            factor /= growth
        values.append(factor)
    return np.array([float(value) for value in values])[steps.astype(np.int64) // settings.l1_step]


def penalty_factors(
    settings: LearningSettings, steps: np.ndarray, positions: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the factor of each named penalty at each of `steps`; penalties that are never applied are left out.

    Args:
        settings: of training.
        steps: updates made.
        positions: where the ramp stands at each of them, which by default counts updates, too.
    """
    constant = np.ones(len(steps))
    grown = ramp(settings, steps if positions is None else positions)
    is_npu = settings.npu_weight_penalty > 0 or settings.npu_gate_penalty > 0
    npu = l1_factor(settings, steps) if is_npu and settings.npu_penalty_scale == "l1" else grown
    factors: dict[str, np.ndarray] = {}
    if settings.sparsity_penalty:
        factors["sparsity"] = settings.sparsity_penalty * grown
    if settings.bounds_penalty:
        factors["bounds"] = settings.bounds_penalty * constant
    if settings.input_penalty:
        factors["input"] = settings.input_penalty * constant
    if settings.gate_penalty:
        factors["gate"] = settings.gate_penalty * constant
    if settings.npu_weight_penalty:
        factors["npu_weight"] = settings.npu_weight_penalty * npu
    if settings.npu_gate_penalty:
        factors["npu_gate"] = settings.npu_gate_penalty * npu
    if settings.inalu_penalty:
        factors["inalu"] = settings.inalu_penalty * (steps > settings.inalu_penalty_start)
    if settings.l1:
        factors["l1"] = l1_factor(settings, steps)
    for name, factor in settings.penalty.items():
        if factor:
            factors[name] = factor * constant
    return factors


def last_change(settings: LearningSettings) -> int | None:
    """Return the step from which learning rate and factors stay as they are; None if they never do."""
    if settings.learning_rate_interval is not None and settings.learning_rate_factor < 1:
        return None
    npu = settings.npu_penalty_scale if settings.npu_weight_penalty or settings.npu_gate_penalty else None
    uses_ramp = settings.sparsity_penalty > 0 or npu == "ramp"
    if uses_ramp and settings.ramp == "exponential":
        return None
    steps = [settings.ramp_end if uses_ramp else 0]
    if settings.l1 or npu == "l1":
        first, last = sorted((settings.l1_start, settings.l1_end))
        # one period more than needed does no harm, one less would
        steps.append(settings.l1_step * (1 + math.ceil(math.log(last / first, settings.l1_growth))))
    if settings.loss == "pcc-mse":
        steps.append(settings.pcc_to_mse_iteration)
    if settings.inalu_penalty:
        steps.append(settings.inalu_penalty_start)
    return max(steps)
