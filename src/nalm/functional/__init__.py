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
from nalm.functional._powers import (
    half_turns,
    inalu_multiply,
    npu,
    nru,
    nru_share,
    signed_magnitude,
    with_reciprocals,
)
from nalm.functional._products import (
    LOG_EPSILON,
    exp_log,
    normalised_product,
    product,
    standard_deviation,
    stochastic_product,
    uniform,
)
from nalm.functional._weights import GOLDEN_LOG, gumbel, tanh_sigmoid

__all__ = [
    "GOLDEN_LOG",
    "LOG_EPSILON",
    "Shape",
    "Targets",
    "bounds_penalty",
    "exp_log",
    "gate_penalty",
    "gumbel",
    "half_turns",
    "inalu_multiply",
    "inalu_penalty",
    "input_penalty",
    "normalised_product",
    "npu",
    "npu_weight_penalty",
    "nru",
    "nru_share",
    "product",
    "signed_magnitude",
    "sparsity_error",
    "sparsity_penalty",
    "standard_deviation",
    "stochastic_product",
    "tanh_sigmoid",
    "uniform",
    "with_reciprocals",
]
