"""Results of the original code."""
