"""Made-up summaries for the tests of figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nalm.results.statistics import beta_mean_interval, gamma_mean_interval, success_interval
from nalm.results.summary import Estimate, Group, StepEstimate
from results.samples import PAIRS


def make_group(
    unit: str = "nmu",
    interpolation_range: str = "[1,2]",
    solved_at: Sequence[float] = (21000, 23000, 22000),
    sparsity: Sequence[float] = (1e-6, 2e-6, 1.5e-6),
    runs: int = 4,
    operation: str = "mul",
    **parameters: Any,
) -> Group:
    return Group(
        unit=unit,
        operation=operation,
        interpolation_range=interpolation_range,
        extrapolation_range=PAIRS[interpolation_range],
        parameters=parameters,
        runs=runs,
        solved=len(solved_at),
        success_rate=Estimate.of(success_interval(len(solved_at), runs)),
        solved_at=StepEstimate(
            float(np.median(solved_at)) if len(solved_at) else None, *Estimate.of(gamma_mean_interval(solved_at))
        ),
        sparsity_error=Estimate.of(beta_mean_interval(sparsity)),
    )
