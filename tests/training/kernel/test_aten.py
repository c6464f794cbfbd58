"""Every operation of the scalariser against eager PyTorch in float64, on lanes and on scalars, gradients included."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nalm.training import torch_specific
from nalm.training.kernel.arrays import UnsupportedError
from nalm.training.kernel.aten import OPERATIONS, POINTWISE
from nalm.training.kernel.trace import trace
from support.kernels import compiled
from support.rounding import assert_within, sampled, tolerance

pytestmark = pytest.mark.heavy

ROWS = 37  # not a multiple of any vector length
PARAMETERS, FEATURES = 6, 3

POSITIVE = {"log", "sqrt", "rsqrt", "log2", "log10", "log1p", "pow"}
INSIDE_ONE = {"asin", "acos", "atanh"}

UNARY = {
    name: getattr(torch, name)
    for name in [
        "neg",
        "abs",
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "tanh",
        "sinh",
        "cosh",
        "asinh",
        "atanh",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "floor",
        "ceil",
        "round",
        "trunc",
        "log1p",
        "expm1",
        "erf",
        "erfc",
        "atan",
        "asin",
        "acos",
        "exp2",
        "log2",
        "log10",
        "sigmoid",
        "sign",
        "relu",
        "square",
    ]
} | {
    "acosh": lambda x: torch.acosh(x.abs() + 1.1),
    "remainder": lambda x: x * torch.remainder(x, 0.7) + torch.remainder(x * x, -0.7),
    "softshrink": lambda x: F.softshrink(x, 0.3),
    "hardshrink": lambda x: F.hardshrink(x, 0.3),
    "pow 0": lambda x: x**0,
    "pow 1": lambda x: x**1,
    "pow 2": lambda x: x**2,
    "pow 3": lambda x: x**3,
    "pow 0.5": lambda x: x.abs() ** 0.5,
    "pow 1.7": lambda x: x.abs() ** 1.7,
    "clamp": lambda x: x.clamp(-0.3, 0.4),
    "clamp_max": lambda x: x.clamp_max(0.4),
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "softplus": F.softplus,
    "leaky_relu": F.leaky_relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "silu": F.silu,
    "softsign": F.softsign,
    "masked_fill": lambda x: x.masked_fill(x > 0.1, 2.0),
    "where": lambda x: torch.where(x > 0, x * 2, -x),
    "truth as number": lambda x: (x > 0) * x + (x < 0).float(),
    "logical names": lambda x: torch.where(torch.logical_or(torch.logical_not(x > 0), x > 0.5), x, 0.0),
    "clamp(min=)": lambda x: x.clamp_min(-0.3),
    "created": lambda x: torch.where(x > 0, _created(x), x),
    "logic": lambda x: torch.where(((x > 0) & ~(x > 0.5)) | (x < -0.5), x, 0.0),
    "isnan": lambda x: torch.where(torch.isnan(x), 1.0, x),
    "full_like": lambda x: torch.full_like(x, 3.0) * x + torch.zeros_like(x) + torch.ones_like(x),
    "rsub": lambda x: 1.5 - x,
    "add alpha": lambda x: torch.add(x, x * x, alpha=0.3) - torch.sub(x, x * x * x, alpha=0.2),
    "addcmul": lambda x: torch.addcmul(x, x, x, value=0.5),
    "addcdiv": lambda x: torch.addcdiv(x, x, x * x + 1, value=0.5),
}
BINARY = {
    name: getattr(torch, name) for name in ["add", "sub", "mul", "div", "minimum", "maximum", "atan2", "fmod"]
} | {
    "pow": lambda a, b: a.abs() ** b,
    "hypot": torch.hypot,
    "copysign": torch.copysign,
    "eq": lambda a, b: torch.where(a == b, a, b),
    "ne": lambda a, b: torch.where(a != b, a, b),
    "le": lambda a, b: torch.where(a <= b, a, b),
    "ge": lambda a, b: torch.where(a >= b, a, b),
}
# functions of w [6] and x [rows, 3] that exercise shapes
SHAPED = {
    "sum": lambda w, x: x.sum(0),
    "sum all": lambda w, x: x.sum().reshape(1),
    "sum keepdim": lambda w, x: (x / x.abs().sum(1, keepdim=True)).sum(0),
    "mean": lambda w, x: x.mean(0),
    "mean of scalars": lambda w, x: w.view(2, 3).mean(1),
    "prod": lambda w, x: x.prod(1).sum(0, keepdim=True),
    "amax": lambda w, x: x.amax(1).sum(0, keepdim=True),
    "amin": lambda w, x: w.view(2, 3).amin(0),
    "var": lambda w, x: torch.stack([x.var(), x.var(correction=0), w.var()]),
    "std": lambda w, x: x.std(0),
    "var_mean": lambda w, x: torch.cat([p.reshape(-1) for p in torch.var_mean(w[:3] * x, 0)]),
    "norm": lambda w, x: torch.stack([w.norm(), w.norm(p=1), w.norm(p=3), w.norm(p=torch.inf), w.norm(p=0) * w[0]]),
    "least norm": lambda w, x: torch.linalg.vector_norm(w.view(2, 3), -torch.inf, 1),
    "norm of lanes": lambda w, x: F.normalize(w[:3] * x, dim=1).sum(0),
    "layer_norm": lambda w, x: F.layer_norm(w[:3] * x, (3,)).square().sum(0),
    "group_norm": lambda w, x: (F.group_norm(x, 1) * w[:3]).square().sum(0),
    "rms_norm": lambda w, x: F.rms_norm(w[:3] * x, (3,), w[3:], eps=0.1).sum(0),
    "cumsum": lambda w, x: x.cumsum(1).sum(0),
    "cumprod": lambda w, x: torch.cumprod(w.view(2, 3), 1).reshape(-1),
    "linear": lambda w, x: F.linear(x, w.view(2, 3)).sum(0),
    "linear of three dimensions": lambda w, x: F.linear(x.unsqueeze(1), w.view(2, 3)).sum((0, 1)),
    "split": lambda w, x: torch.stack([p.sum() * (i + 1) for i, p in enumerate(x.split([1, 2], 1))]),
    "split scalars": lambda w, x: torch.cat([p * i for i, p in enumerate(w.split([1, 2, 3]))]),
    "max": lambda w, x: torch.stack([w.max(), w.min()]),
    "linear bias": lambda w, x: F.linear(x, w[:3].view(1, 3), w[3:4]).square().sum(0),
    "matmul over rows": lambda w, x: (x.T @ x).reshape(-1),
    "mv": lambda w, x: (x @ w[:3]).sum(0, keepdim=True),
    "dot": lambda w, x: torch.dot(w[:3], w[3:]).reshape(1),
    "addmm": lambda w, x: torch.addmm(w[:2], x, w.view(3, 2), beta=0.5, alpha=2).sum(0),
    "bmm": lambda w, x: torch.bmm(w.view(1, 2, 3), w.view(1, 3, 2)).reshape(-1),
    "bmm of lanes": lambda w, x: torch.bmm(w[:3].expand(ROWS, 1, 3), x.unsqueeze(2)).sum((0, 1)),
    "bilinear": lambda w, x: F.bilinear(x[:, :2], x[:, 1:2], w.view(3, 2, 1)).sum(0),
    "repeat": lambda w, x: (x[:, :2].repeat(1, 3) * w.view(2, 3).repeat(2, 2, 1)[1, :2].reshape(-1)).sum(0),
    "pad": lambda w, x: (F.pad(x, (1, 2), value=0.5) * F.pad(w.view(2, 3), (2, 1, -1, 0))[0]).sum(0),
    "index": lambda w, x: (x[:, [1, 0, 1]] * w[[-1, 0, 0]]).sum(0),
    "index_select": lambda w, x: torch.index_select(w.view(2, 3), 1, torch.tensor([2, 2])).reshape(-1),
    "index_put": lambda w, x: w.clone().index_put((torch.tensor([1, 3]),), w[:2] * w[4]),
    "diagonal": lambda w, x: torch.diagonal(w[:4].view(2, 2)) * x.sum(0)[:2],
    "diagonal_scatter": lambda w, x: torch.diagonal_scatter(w.view(2, 3), w[:2] * w[3], 1).reshape(-1),
    "triu": lambda w, x: torch.triu(w.view(2, 3)).reshape(-1) + torch.tril(w.view(2, 3)).sum(),
    "cat": lambda w, x: torch.cat([x, x[:, :1] * w[0]], 1).prod(1).sum(0, keepdim=True),
    "stack": lambda w, x: torch.stack([x[:, 0], x[:, 1] * w[1]], 1).prod(1).sum(0, keepdim=True),
    "chunks": lambda w, x: torch.cat([p * i for i, p in enumerate(w.chunk(3))]),
    "unbind": lambda w, x: torch.stack([c * (i + 1) for i, c in enumerate(x.unbind(1))]).sum(1),
    "permute": lambda w, x: (x.T * w[:3, None]).permute(1, 0).sum(0),
    "expand": lambda w, x: (w[:3].expand(ROWS, 3) * x).sum(0),
    "unsqueeze": lambda w, x: (x.unsqueeze(1) * w.view(1, 2, 3)).prod(-1).sum(0),
    "squeeze": lambda w, x: x[:, None, :].squeeze(1).sum(0),
    "slice": lambda w, x: (x[:, 1:] * x[:, ::2]).sum(0),
    "flip": lambda w, x: (x.flip(1) * w[:3]).sum(0),
    "in place": lambda w, x: _written(x).sum(0),
    "softmax": lambda w, x: F.softmax(w.view(2, 3), -1).reshape(-1),
    "softmax of lanes": lambda w, x: (F.softmax(x, -1) * w[:3]).sum(0),
    "several passes": lambda w, x: ((x - x.mean(0)) / x.std(0)).pow(3).mean(0),
    "scalar tensor": lambda w, x: torch.where(w > 0, torch.tensor(2.0), w),
}


def _created(x: Tensor) -> Tensor:
    shape = tuple(x.shape)
    sums = torch.zeros(shape) + torch.full(shape, 0.25) + x.new_ones(shape) + x.new_full(shape, 0.5)
    return sums + x.new_zeros(shape) + x.new_empty(shape).fill_(0.125) + torch.empty(shape).fill_(2.0)


def _written(x: Tensor) -> Tensor:
    y = x * 1
    y[:, 0] = x[:, 1] * 2
    y[:, 1:] = x[:, :2]
    return y


def _numbers(name: str, values: Tensor) -> Tensor:
    if name in POSITIVE:
        return values.abs() + 0.1
    return values.tanh() * 0.9 if name in INSIDE_ONE else values


def _cases() -> dict[str, object]:
    cases = {}
    for name, f in UNARY.items():
        cases[f"{name} (lanes)"] = lambda w, x, f=f, n=name: f(_numbers(n, x * w[0])).sum(0)
        cases[f"{name} (scalars)"] = lambda w, x, f=f, n=name: f(_numbers(n, w))
    for name, f in BINARY.items():
        cases[f"{name} (lanes)"] = lambda w, x, f=f: f(x[:, :1], x[:, 1:] * w[1]).sum(0)
        cases[f"{name} (lanes and scalar)"] = lambda w, x, f=f: f(x, w[:3]).sum(0)
        cases[f"{name} (scalars)"] = lambda w, x, f=f: f(w[:3], w[3:])
    return cases | SHAPED


CASES = _cases()


def example() -> tuple[Tensor, Tensor]:
    """Parameters and a batch."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(PARAMETERS, generator=generator), torch.randn(ROWS, FEATURES, generator=generator)


def _with_gradient(function: object) -> object:
    def both(w: Tensor, x: Tensor) -> Tensor:
        gradient, value = torch.func.grad_and_value(lambda w: function(w, x).square().sum())(w)
        return torch.cat([function(w, x).reshape(-1), value.reshape(1), gradient])

    return both


# how many cases one kernel holds: compiling is what takes time, and of large ones more
TOGETHER = 20


@cache
def native(number: int) -> dict[str, np.ndarray]:
    """What a kernel makes of its cases."""
    names = list(CASES)[number * TOGETHER : (number + 1) * TOGETHER]
    functions = [_with_gradient(CASES[name]) for name in names]
    w, x = example()
    sizes = [len(f(w, x)) for f in functions]
    results = compiled(lambda w, x: torch.cat([f(w, x) for f in functions]), PARAMETERS, ROWS, FEATURES)(w, x)
    return dict(zip(names, (part.numpy() for part in results.split(sizes)), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_operation_equals_eager_torch(name: str) -> None:
    samples = sampled(_with_gradient(CASES[name]), *example())
    assert np.isfinite(samples).all()
    # a bound that anything meets would prove nothing
    assert (tolerance(samples) < 1e-2 * np.abs(samples[0]).max()).all()
    assert_within(native(list(CASES).index(name) // TOGETHER)[name], samples, name)


def test_products_have_the_right_gradient_at_zeros() -> None:
    def gradient(w: Tensor, x: Tensor) -> Tensor:
        return torch.func.grad(lambda w: (x * w).prod(1).sum() + w.prod())(w)

    w, x = torch.tensor([0.0, 2.0, 3.0]), torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.5]])
    native = compiled(gradient, 3, 5, 3)
    rows = torch.cat([x, torch.ones(3, 3)])
    torch.testing.assert_close(native(w, rows), gradient(w, rows))


def test_nan_and_infinity_pass_through() -> None:
    def function(w: Tensor, x: Tensor) -> Tensor:
        return torch.cat([w.clamp(0, 1), torch.maximum(w, torch.ones(3)), (x * w[:1]).clamp(max=2).sum(0)])

    w, x = torch.tensor([float("nan"), float("inf"), -float("inf")]), torch.ones(5, 2)
    torch.testing.assert_close(compiled(function, 3, 5, 2)(w, x), function(w, x), equal_nan=True)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda w, x: x.cumsum(0).sum(0), "a running add over the rows of the batch"),
        (lambda w, x: x.amax(0), "maximum over the rows of the batch"),
        (lambda w, x: x[:5].sum(0), "slice over the rows of the batch"),
        (lambda w, x: torch.linalg.det(w.view(2, 2)).reshape(1), "the operation"),
        (lambda w, x: (x @ x.T).sum().reshape(1), "every against every"),
    ],
)
def test_what_has_no_scalar_form_is_named_with_its_line(function: object, message: str) -> None:
    class Module(torch.nn.Module):
        def forward(self, w: Tensor, x: Tensor) -> Tensor:
            return function(w, x)

    with pytest.raises(UnsupportedError, match=message) as caught:
        compiled(Module(), 4, 11, 2)
    assert "test_aten.py:" in str(caught.value)


def test_control_flow_on_values_is_refused() -> None:
    def function(w: Tensor, x: Tensor) -> Tensor:
        return w if x.sum() > 0 else -w

    with pytest.raises(UnsupportedError, match="depends on values"):
        compiled(function, 4, 11, 2)


def test_every_operation_of_the_table_is_exercised() -> None:
    """An operation without a case above is one that nothing checks."""
    used = set()
    for function in CASES.values():
        nodes = trace(_with_gradient(function), example()).graph.nodes
        used |= {torch_specific.operation_name(node.target) for node in nodes if hasattr(node.target, "_schema")}
    assert sorted((set(OPERATIONS) | set(POINTWISE)) - used) == []
