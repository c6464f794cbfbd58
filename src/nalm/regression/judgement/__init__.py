"""Whether a formula is exact: its residuals, its numbers, and the formulas near it."""
