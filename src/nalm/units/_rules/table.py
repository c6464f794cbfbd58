"""Weight rules by name, for units that take any of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nalm.functional import GOLDEN_LOG
from nalm.units._draws import constrained_bound
from nalm.units._rules.choices import BanditWeights, CategoricalWeights, GumbelSigmoidWeights
from nalm.units._rules.weights import DirectWeights, SigmoidWeights, TanhSigmoidWeights, WeightRule

Factory = Callable[..., WeightRule]


def _xavier(in_features: int, out_features: int) -> float:
    return math.sqrt(6 / (in_features + out_features))


def _linear(out_features: int, in_features: int, **options: Any) -> WeightRule:
    bound = _xavier(in_features, out_features)
    return DirectWeights(
        out_features, in_features, "ternary", (-bound, bound), bounds="none", penalised=False, **options
    )


def _regularised(out_features: int, in_features: int, **options: Any) -> WeightRule:
    bound = _xavier(in_features, out_features)
    return DirectWeights(out_features, in_features, "ternary", (-bound, bound), bounds="none", **options)


def _nau(out_features: int, in_features: int, **options: Any) -> WeightRule:
    bound = constrained_bound(in_features, out_features)
    return DirectWeights(out_features, in_features, "ternary", (-bound, bound), clamp=True, **options)


def _nmu(out_features: int, in_features: int, **options: Any) -> WeightRule:
    return DirectWeights(out_features, in_features, "binary", (0.25, 0.75), **options)


def _tanh_sigmoid(**fixed: Any) -> Factory:
    return lambda out_features, in_features, **options: TanhSigmoidWeights(
        out_features, in_features, **fixed, **options
    )


def _categorical(choice: Any) -> Factory:
    return lambda out_features, in_features, **options: CategoricalWeights(out_features, in_features, choice, **options)


def _sigmoid(initial: Any) -> Factory:
    return lambda out_features, in_features, **options: SigmoidWeights(
        out_features, in_features, initial=initial, **options
    )


ADDITIVE: dict[str, Factory] = {
    "tanh_sigmoid": _tanh_sigmoid(),
    "golden": _tanh_sigmoid(log_base=GOLDEN_LOG),
    "sign_gradient": _tanh_sigmoid(gradient="sign"),
    "independent_gradient": _tanh_sigmoid(gradient="independent"),
    "sigmoid": _sigmoid("xavier"),
    "softmax": _categorical("softmax"),
    "hard_softmax": _categorical("hard_softmax"),
    "gumbel": _categorical("gumbel"),
    "bandit": BanditWeights,
    "linear": _linear,
    "regularised": _regularised,
    "nau": _nau,
}
"""Rules for sums. The last three are plain matrices: free, penalised, and penalised and bounded."""

MULTIPLICATIVE: dict[str, Factory] = {
    "tanh_sigmoid": _sigmoid(math.sqrt(3) / 2),
    "gumbel": GumbelSigmoidWeights,
    "nau": _nmu,
}
"""Rules for products with an identity, by the additive rule that they accompany."""
