"""Small study files for tests."""

MINIMAL = """
title = "Products"
seeds = "0:2"

[task]
kind = "single-module"
operation = "mul"

[[networks]]
unit = "nmu"
"""

GRID = """
title = "Products and sums"
seeds = "0:2"

[task]
kind = "single-module"

[settings]
iterations = 100
ramp_start = 10
ramp_end = 20

[grid]
operation = ["add", "mul"]
ranges = [
    { interpolation_range = [1, 2], extrapolation_range = [2, 6] },
    { interpolation_range = [-2, 2], extrapolation_range = [[-6, -2], [2, 6]] },
]
learning_rate = [1e-3, 1e-2]

[[networks]]
unit = "nmu"

[[networks]]
layers = ["nau", { unit = "snmu", arguments = { noise = [1, 2] } }]
hidden_size = 3
seeds = [5]
grid = { operation = ["mul"] }
"""
