"""The mathematics of the units as plain functions: tensors in, tensors out, no state.

Weights are `[out, in]` throughout, inputs `[..., in]`, outputs `[..., out]`.
"""

from nalm.functional._penalties import (
    Shape,
    Targets,
    bounds_penalty,
    gate_penalty,
    inalu_penalty,
    input_penalty,
    npu_weight_penalty,
    sparsity_error,
    sparsity_penalty,
)
from nalm.functional._powers import inalu_multiply, npu
from nalm.functional._products import exp_log, product, standard_deviation, stochastic_product, uniform
from nalm.functional._weights import GOLDEN_LOG, tanh_sigmoid

__all__ = [
    "GOLDEN_LOG",
    "Shape",
    "Targets",
    "bounds_penalty",
    "exp_log",
    "gate_penalty",
    "inalu_multiply",
    "inalu_penalty",
    "input_penalty",
    "npu",
    "npu_weight_penalty",
    "product",
    "sparsity_error",
    "sparsity_penalty",
    "standard_deviation",
    "stochastic_product",
    "tanh_sigmoid",
    "uniform",
]
