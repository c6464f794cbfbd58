"""Means with 95 % intervals: success rates, steps at which runs were solved, and sparsity errors.

`success_interval`, `gamma_mean_interval` and `beta_mean_interval` are what summaries show. The `released_…`
functions repeat what the published R script computes, for comparison with published numbers.
"""

from nalm.results.statistics._beta import beta_mean_interval
from nalm.results.statistics._gamma import gamma_mean_interval
from nalm.results.statistics._interval import UNDEFINED, Interval, difference_interval, success_interval, t_interval
from nalm.results.statistics._released import released_beta_mean_interval, released_gamma_mean_interval

__all__ = [
    "UNDEFINED",
    "Interval",
    "beta_mean_interval",
    "difference_interval",
    "gamma_mean_interval",
    "released_beta_mean_interval",
    "released_gamma_mean_interval",
    "success_interval",
    "t_interval",
]
