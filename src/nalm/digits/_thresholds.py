"""Success thresholds of the sequential task, from runs of the reference, whose accumulator is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nalm.errors import InputError
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.training.epochs.record import EpochRecord

RELEASED_SEEDS = (0, 2, 4, 5, 6, 7, 9)
"""Reference seeds that the released analysis of the product keeps; 1, 3 and 8 learn negative labels."""

# degrees of freedom of the released analysis, whatever the number of seeds
_RELEASED_FREEDOM = 8

# with the digits 1 to 9 a reference with labels of the wrong sign stays near a validation error of 60, others come
# below 20; its error is proportional to the mean square of the digits
_MIRROR_ERROR, _MEAN_SQUARE = 20.0, 285 / 9


def best_record(records: Sequence[EpochRecord]) -> EpochRecord:
    """Return the first record of the smallest validation error, errors that are not a number left out.

    Raises:
        InputError: there are no records.
    """
    if not records:
        raise InputError("a run without records has no best one")
    errors = np.array([record.metrics["validation_error"] for record in records])
    finite = np.where(np.isnan(errors), np.inf, errors)
    return records[int(np.argmin(finite))] if np.isfinite(finite).any() else records[-1]


def solved_references(settings: SequentialDigits, runs: Mapping[int, Sequence[EpochRecord]]) -> list[int]:
    """Return the seeds of the reference runs that learned digits rather than their negatives.

    `constraints="released"` keeps the published list of seeds for products. Otherwise a run counts if its
    best validation error is below 20, for other digits than 1 to 9 in proportion to their mean square. All runs of a
    sum count.
    """
    if settings.operation == "add":
        return sorted(runs)
    if settings.constraints == "released":
        return [seed for seed in RELEASED_SEEDS if seed in runs]
    squares = [int(digit) ** 2 for digit in settings.digits]
    limit = _MIRROR_ERROR * (sum(squares) / len(squares) / _MEAN_SQUARE)
    return sorted(seed for seed, records in runs.items() if best_record(records).metrics["validation_error"] < limit)


def accumulator_thresholds(settings: SequentialDigits, runs: Mapping[int, Sequence[EpochRecord]]) -> dict[int, float]:
    """Return, for each test length, the error below which a run counts as solved.

    The one-sided 99 % upper confidence limit of the reference's mean error, over its solved seeds, each at
    its best epoch (Madsen & Johansen 2020, section 4.3): mean + t sd / √n, t with n - 1 degrees of
    freedom, or with 8 as in the released analysis. A run that is as good as a reference passes about four
    times in five.

    Args:
        settings: Of the reference.
        runs: Records of its runs by seed.

    Raises:
        InputError: fewer than two runs are solved.
    """
    seeds = solved_references(settings, runs)
    if len(seeds) < 2:
        raise InputError(
            f"{len(seeds)} of {len(runs)} reference runs learned the digits; a threshold takes 2: train more"
        )
    best = [best_record(runs[seed]).metrics for seed in seeds]
    released = settings.constraints == "released"
    return {
        length: upper_limit(
            np.array([metrics[f"test_{length}_error"] for metrics in best]),
            _RELEASED_FREEDOM if released else len(seeds) - 1,
        )
        for length in settings.test_lengths
        # results of another program may lack some
        if all(f"test_{length}_error" in metrics for metrics in best)
    }


def upper_limit(errors: NDArray[np.float64], freedom: int) -> float:
    """Mean plus the 99 % quantile of Student's t, `freedom` degrees, times the standard error of the mean."""
    from scipy.stats import t

    return float(errors.mean() + t.ppf(0.99, freedom) * errors.std(ddof=1) / np.sqrt(len(errors)))
