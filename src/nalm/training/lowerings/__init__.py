"""Ways to execute a step: as a compiled kernel, as one tensor program, or one run at a time."""
