"""Networks of units trained by the thousand on arrays of one's own."""

from nalm.arrays.fit import ArrayFit, fit_arrays

__all__ = ["ArrayFit", "fit_arrays"]
