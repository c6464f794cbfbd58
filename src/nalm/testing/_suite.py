"""All checks by name, and the function that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nalm.errors import InputError, did_you_mean
from nalm.testing import _computed, _layer, _numbers, _use
from nalm.testing._base import Factory, Inputs


class ConformanceError(AssertionError):
    """A module fails one or more checks; the message has one line per check."""


CHECKS: dict[str, Callable[[Factory, Inputs], None]] = {
    check.__name__: check
    for check in (
        _layer.shapes,
        _layer.leading_dimensions,
        _layer.empty_batch,
        _layer.non_contiguous,
        _layer.input_untouched,
        _layer.wrong_shapes,
        _layer.deterministic_evaluation,
        _layer.gradients_reach,
        _layer.gradients_exact,
        _layer.batched_equals_alone,
        _layer.state_dict_round_trip,
        _layer.copies,
        _layer.compiles,
        _layer.exports,
        _numbers.dtypes,
        _numbers.autocast,
        _layer.penalties_are_scalars,
        _layer.reset_is_reproducible,
        _numbers.large_sums,
        _numbers.constant_batches,
        _numbers.extremes,
        _computed.pruned,
        _computed.parametrised,
        _computed.weight_normed,
        _use.numpy_sizes,
        _use.cell_states,
    )
}
"""All checks by name."""

QUICK = ("shapes", "non_contiguous", "input_untouched", "deterministic_evaluation", "gradients_reach")
"""Names of the checks that matter for training and take no second together."""


def check_unit(factory: Factory, *, positive: bool = False, zeros: bool = True, skip: Iterable[str] = ()) -> None:
    """Run all checks on a module; torch's default generator is left as it was.

    Args:
        factory: Called as `factory(in_features, out_features)`; each call must give a new module mapping
            `[..., in_features]` to `[..., out_features]`.
        positive: Whether to use positive inputs only.
        zeros: Whether inputs may be 0; False for a formula without a value or gradient there, such as a logarithm.
        skip: Names of checks to leave out.

    Raises:
        ConformanceError: one or more checks fail.
        InputError: `skip` names no check.
    """
    left_out = set(skip)
    for name in left_out - set(CHECKS):
        raise InputError(f"check_unit: unknown check {name!r}{did_you_mean(name, CHECKS)}")
    failures = []
    for name, check in CHECKS.items():
        if name not in left_out:
            try:
                check(factory, Inputs(positive, zeros))
            except Exception as error:  # whatever the module raises is a finding, and all are reported together
                failures.append(f"{name}: {str(error).strip() or type(error).__name__}")
    if failures:
        raise ConformanceError("\n".join(failures))
