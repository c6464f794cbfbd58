"""Checks of numbers: every dtype, sums of many inputs, batches without spread, very large and very small inputs.

What is right is what the same module gives in float64. Beyond the range of a dtype, infinity is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, product

import torch
from torch import Tensor, nn

from nalm.testing._base import IN, OUT, Factory, Inputs, built, equal, run

DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
_SATURATED = 30.0
"""A parameter at which tanh and sigmoid are 1 to rounding, and which is no bound of any weight."""
_MOST_VARIED = 5
"""Parameters whose signs are varied independently: 2 to the power of it combinations."""


def dtypes(factory: Factory, inputs: Inputs) -> None:
    """Check that outputs have the module's dtype and the values of float64, gradients are numbers, in every dtype."""
    for dtype in DTYPES:
        unit = built(factory).to(dtype)
        for mode in (True, False):
            for x in (inputs(6, IN, dtype=dtype), *_columns(inputs.allowed(0.0, 100.0, -100.0), dtype)):
                what = f"{dtype} module, training={mode}"
                y = run(unit.train(mode), x.requires_grad_())
                assert y.dtype == dtype, f"{what}: output is {y.dtype}"
                assert not y.isnan().any(), f"{what}: output is NaN at {x[0].tolist()}"
                if y.isfinite().all():
                    _no_nan_gradients(unit, x, y, what)
        exact = built(factory).to(torch.float64).eval()
        exact.load_state_dict(unit.state_dict())
        x = inputs(6, IN, dtype=dtype)
        wanted = run(exact, x.double())
        atol = 0.05 * float(wanted.detach().abs().max())
        equal(run(unit.eval(), x).double(), wanted, f"{dtype} module against float64", rtol=0.05, atol=atol)


def autocast(factory: Factory, inputs: Inputs) -> None:
    """Under autocast the output is that of float32, to the precision of bfloat16, and has gradients."""
    unit = built(factory).eval()
    x = inputs(6, IN)
    expected = run(unit, x)
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype):
            y = run(unit, x.requires_grad_())
        atol = 0.05 * float(expected.detach().abs().max()) + 1e-3
        equal(y.float(), expected, f"autocast to {dtype}", rtol=0.05, atol=atol)
        _no_nan_gradients(unit, x, y, f"autocast to {dtype}")


def large_sums(factory: Factory, inputs: Inputs) -> None:
    """With a hundred inputs and saturated parameters, outputs and gradients are those of float64."""
    features = 100
    unit, exact = built(factory, features, 1).eval(), built(factory, features, 1).to(torch.float64).eval()
    for signs in _signs(len(list(unit.parameters()))):
        for module in (unit, exact):
            _fill(module, [sign * _SATURATED for sign in signs])
        for value in inputs.allowed(4.0, -4.0):
            what = f"{features} inputs of {value:g}, parameters at {_SATURATED:g} times {signs}"
            _like_double(unit, exact, torch.full((1, features), value), what, rtol=2e-3, floor=1e-3)
    unit = built(factory, features, 1).train()
    y = run(unit, torch.ones(4, features).requires_grad_())
    assert y.isfinite().all(), f"{features} inputs of 1 in training: output is not finite"


def constant_batches(factory: Factory, inputs: Inputs) -> None:
    """Batches of equal rows, of one row and of a single number give numbers, with gradients, and equal rows."""
    for in_features, out_features in ((IN, OUT), (1, 1)):
        for rows, value in product((1, 4), inputs.allowed(3.0, 1.0, 0.1, 0.0, -2.0)):
            for mode in (True, False):
                unit = built(factory, in_features, out_features).train(mode)
                x = torch.full((rows, in_features), value, requires_grad=True)
                what = f"{rows} x {in_features} inputs of {value:g}, training={mode}"
                y = run(unit, x)
                assert y.isfinite().all(), f"{what}: output is not finite"
                if not mode:
                    equal(y, y[:1].expand_as(y), f"{what}: rows")
                _no_nan_gradients(unit, x, y, what)


def extremes(factory: Factory, inputs: Inputs) -> None:
    """Very large and very small inputs give what float64 gives, in every dtype, and infinity only beyond its range.

    So do gradients, but in float16, whose range the gradients of intermediate results leave.
    """
    for dtype in DTYPES:
        unit, exact = built(factory).to(dtype).eval(), built(factory).to(torch.float64).eval()
        exact.load_state_dict(unit.state_dict())
        for row in _extreme_rows(inputs, dtype):
            x = torch.tensor([row], dtype=dtype)
            what = f"{dtype} module at {[f'{value:.2g}' for value in row]}"
            if dtype == torch.float64:
                assert not run(unit, x).isnan().any(), f"{what}: output is NaN"
            else:
                _like_double(unit, exact, x, what, rtol=0.5, floor=_rounding(exact, x) + 1e-2)
        for row in _extreme_rows(inputs, dtype):
            y = run(unit.train(), torch.tensor([row] * 4, dtype=dtype))
            assert not y.isnan().any(), f"{dtype} module at {row}, training=True: output is NaN"


def _rounding(exact: nn.Module, x: Tensor) -> float:
    """Return how far results may be apart because inputs cancel: what rounding each input up or down changes."""
    up_and_down = 1 - 2 * (torch.arange(x.shape[-1], dtype=torch.float64) % 2)
    rounded = x.double() * (1 + torch.finfo(x.dtype).eps * up_and_down)
    apart = (run(exact, rounded) - run(exact, x.double())).detach().abs()
    return 16 * float(apart.nan_to_num(0.0, 0.0).max())


def _extreme_rows(inputs: Inputs, dtype: torch.dtype) -> list[list[float]]:
    """Rows of `IN` inputs: all large, all small, both, beside 1 and 0, in every order that differs."""
    large, small = torch.finfo(dtype).max ** 0.8, torch.finfo(dtype).max ** -0.4
    rows = [[large] * IN, [small] * IN, [large, large, small], [small, large, large], [large**0.5, 1.0, small]]
    rows += [[large, large, 0.0], [0.0, large, large], [0.0, 0.0, large], [0.0, small, 1.0], [0.0] * IN]
    rows += [[-large, 1.0, small], [-large, -large, -small]]
    return [row for row in rows if inputs.allowed(*row) == row]


def _columns(values: list[float], dtype: torch.dtype) -> Iterator[Tensor]:
    """Yield batches of ordinary numbers with one column at each of `values`."""
    for value in values:
        x = torch.ones(4, IN, dtype=dtype)
        x[:, 0] = value
        yield x


def _signs(count: int) -> Iterator[tuple[int, ...]]:
    return product((1, -1), repeat=min(count, _MOST_VARIED))


def _fill(module: nn.Module, values: list[float]) -> None:
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), cycle(values), strict=False):
            parameter.fill_(value)


def _no_nan_gradients(unit: nn.Module, x: Tensor, y: Tensor, what: str) -> None:
    """Fail where the gradient of a finite output is NaN."""
    for name, gradient in _gradients(unit, x, y).items():
        assert not gradient.isnan().any(), f"{what}: the gradient of {name} is NaN"


def _gradients(unit: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    named = {"the input": x, **{name: p for name, p in unit.named_parameters() if p.requires_grad}}
    if not y.requires_grad:
        return {}
    values = torch.autograd.grad(y.sum(), list(named.values()), allow_unused=True)
    return {name: value for name, value in zip(named, values, strict=True) if value is not None}


def _like_double(unit: nn.Module, exact: nn.Module, x: Tensor, what: str, rtol: float, floor: float) -> None:
    """Fail where output or gradient is not what float64 gives, which the dtype can hold."""
    inputs = x.clone().requires_grad_(), x.double().requires_grad_()
    got, wanted = run(unit, inputs[0]), run(exact, inputs[1])
    assert not wanted.isnan().any(), f"{what}: output is NaN even in float64"
    largest = 0.99 * torch.finfo(x.dtype).max
    fits = wanted.abs() < largest
    equal(got[fits].double(), wanted[fits], what, rtol=rtol, atol=floor)
    assert not got.isnan().any(), f"{what}: output is NaN"
    if fits.all() and x.dtype != torch.float16:
        slopes = _gradients(exact, inputs[1], wanted)
        for name, slope in _gradients(unit, inputs[0], got).items():
            held = slopes[name].abs() < largest
            assert slope[held].isfinite().all(), f"{what}: the gradient of {name} is not finite, but it is in float64"
