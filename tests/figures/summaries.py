"""Made-up summaries for the tests of figures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nalm.results.statistics import Interval, beta_mean_interval, gamma_mean_interval, success_interval
from nalm.results.summary import Group
from results.samples import PAIRS


def entry(interval: Interval) -> dict[str, float | None]:
    return {part: None if np.isnan(value) else value for part, value in interval._asdict().items()}


def make_group(
    unit: str = "nmu",
    interpolation_range: str = "[1,2]",
    solved_at: Sequence[float] = (21000, 23000, 22000),
    sparsity: Sequence[float] = (1e-6, 2e-6, 1.5e-6),
    runs: int = 4,
    operation: str = "mul",
    **parameters: Any,
) -> Group:
    return {
        "unit": unit,
        "operation": operation,
        "interpolation_range": interpolation_range,
        "extrapolation_range": PAIRS[interpolation_range],
        **parameters,
        "runs": runs,
        "solved": len(solved_at),
        "success_rate": entry(success_interval(len(solved_at), runs)),
        "solved_at": {
            "median": float(np.median(solved_at)) if len(solved_at) else None,
            **entry(gamma_mean_interval(solved_at)),
        },
        "sparsity_error": entry(beta_mean_interval(sparsity)),
    }
