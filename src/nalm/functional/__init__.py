"""The mathematics of the units as plain functions: tensors in, tensors out, no state.

Weights are `[out, in]` throughout, inputs `[..., in]`, outputs `[..., out]`.
"""

from nalm.functional._domains import domain_mixture, status_bits
from nalm.functional._extremes import GATES, PLAIN, asinh, gated, magnitude, prod, prod_ratio
from nalm.functional._gates import Multiplication, inalu, nalu, nalu_multiply
from nalm.functional._mass import MassSign, mass_flow, mass_product
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
from nalm.functional._precision import HALF
from nalm.functional._products import (
    LOG_EPSILON,
    batch_spread,
    exp_log,
    normalised_product,
    product,
    standard_deviation,
    stochastic_product,
    uniform,
    variance_share,
)
from nalm.functional._weights import GOLDEN_LOG, gumbel, tanh_sigmoid

__all__ = [
    "GATES",
    "GOLDEN_LOG",
    "HALF",
    "LOG_EPSILON",
    "PLAIN",
    "MassSign",
    "Multiplication",
    "Shape",
    "Targets",
    "asinh",
    "batch_spread",
    "bounds_penalty",
    "domain_mixture",
    "exp_log",
    "gate_penalty",
    "gated",
    "gumbel",
    "half_turns",
    "inalu",
    "inalu_multiply",
    "inalu_penalty",
    "input_penalty",
    "magnitude",
    "mass_flow",
    "mass_product",
    "nalu",
    "nalu_multiply",
    "normalised_product",
    "npu",
    "npu_weight_penalty",
    "nru",
    "nru_share",
    "prod",
    "prod_ratio",
    "product",
    "signed_magnitude",
    "sparsity_error",
    "sparsity_penalty",
    "standard_deviation",
    "status_bits",
    "stochastic_product",
    "tanh_sigmoid",
    "uniform",
    "variance_share",
    "with_reciprocals",
]
