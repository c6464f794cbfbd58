"""A conformance suite for layers: run it over a unit of your own before you train it.

    from nalm.testing import check_unit

    def test_my_unit():
        check_unit(lambda in_features, out_features: MyUnit(in_features, out_features))

Every unit of nalm passes it. A check is a function of a factory and a source of inputs; `CHECKS` names them
all.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from nalm import units
from nalm.errors import InputError, did_you_mean

Factory = Callable[[int, int], nn.Module]
"""Builds the module under test from `in_features` and `out_features`."""

_IN, _OUT = 3, 2


class ConformanceError(AssertionError):
    """A module fails one or more checks; the message has one line per check."""


@dataclass(frozen=True)
class Inputs:
    """Random inputs: magnitudes from U(0.5, 2), signs at random unless `positive`."""

    positive: bool = False

    def __call__(self, *shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return an input of `shape`, the same for the same seed."""
        generator = torch.Generator().manual_seed(seed)
        magnitude = torch.rand(shape, generator=generator, dtype=torch.float64) * 1.5 + 0.5
        negative = torch.rand(shape, generator=generator) < 0.5
        return (magnitude if self.positive else torch.where(negative, -magnitude, magnitude)).to(dtype)


def check_unit(factory: Factory, *, positive: bool = False, skip: Iterable[str] = ()) -> None:
    """Run all checks on a module; torch's default generator is left as it was.

    Args:
        factory: Called as `factory(in_features, out_features)`; each call must give a new module mapping
            `[..., in_features]` to `[..., out_features]`.
        positive: Whether to use positive inputs only.
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
                check(factory, Inputs(positive))
            except Exception as error:  # whatever the module raises is a finding, and all are reported together
                failures.append(f"{name}: {str(error).strip() or type(error).__name__}")
    if failures:
        raise ConformanceError("\n".join(failures))


def _built(factory: Factory, in_features: int = _IN, out_features: int = _OUT, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return factory(in_features, out_features)


def _run(module: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        y = module(x)
    assert isinstance(y, Tensor), f"the output must be a tensor, got {type(y).__name__}"
    return y


def _equal(got: Tensor, expected: Tensor, what: str, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    torch.testing.assert_close(got, expected, rtol=rtol, atol=atol, msg=lambda detail: f"{what}: {detail}")


def shapes(factory: Factory, inputs: Inputs) -> None:
    """Sizes of any kind map to the right shape, and to numbers."""
    for in_features, out_features in ((_IN, _OUT), (1, 4), (5, 1)):
        unit = _built(factory, in_features, out_features).eval()
        y = _run(unit, inputs(7, in_features))
        assert y.shape == (7, out_features), f"{in_features} -> {out_features}: got shape {list(y.shape)}"
        assert y.isfinite().all(), f"{in_features} -> {out_features}: output is not finite"


def leading_dimensions(factory: Factory, inputs: Inputs) -> None:
    """Any number of leading dimensions gives the values of the flat batch."""
    unit = _built(factory).eval()
    x = inputs(2, 4, _IN)
    flat = _run(unit, x.reshape(8, _IN))
    _equal(_run(unit, x), flat.reshape(2, 4, _OUT), "[2, 4, in] against [8, in]")
    _equal(_run(unit, x[0, 0]), flat[0], "[in] against [1, in]")


def empty_batch(factory: Factory, inputs: Inputs) -> None:
    """A batch of no rows gives no rows, in both modes."""
    unit = _built(factory)
    for mode in (True, False):
        y = _run(unit.train(mode), inputs(0, _IN))
        assert y.shape == (0, _OUT), f"training={mode}: got shape {list(y.shape)}"


def non_contiguous(factory: Factory, inputs: Inputs) -> None:
    """The memory layout of the input does not matter."""
    unit = _built(factory).eval()
    x = inputs(6, _IN)
    _equal(_run(unit, x.t().contiguous().t()), _run(unit, x), "transposed layout")


def input_untouched(factory: Factory, inputs: Inputs) -> None:
    """The caller's tensor is not changed, in both modes."""
    unit = _built(factory)
    for mode in (True, False):
        x = inputs(6, _IN)
        _run(unit.train(mode), x)
        assert torch.equal(x, inputs(6, _IN)), f"training={mode}: the input was changed in place"


def wrong_shapes(factory: Factory, inputs: Inputs) -> None:
    """Inputs of the wrong width are refused, not broadcast."""
    unit = _built(factory)
    for shape in ((6, _IN + 1), (6, _IN - 1), (6, 1), (_IN, 1), ()):
        try:
            y = _run(unit, inputs(*shape))
        except Exception:  # any exception is a refusal
            continue
        raise AssertionError(f"in_features {_IN}: input {list(shape)} gave an output {list(y.shape)}")


def deterministic_evaluation(factory: Factory, inputs: Inputs) -> None:
    """Evaluation mode does not depend on the random number generator."""
    unit = _built(factory).eval()
    assert torch.equal(_run(unit, inputs(6, _IN), seed=1), _run(unit, inputs(6, _IN), seed=2)), "two evaluations differ"


def gradients_reach(factory: Factory, inputs: Inputs) -> None:
    """Each parameter gets a finite gradient from output and penalties, and not always 0."""
    reached: set[str] = set()
    for seed in range(5):
        unit = _built(factory, seed=seed).train()
        loss = _run(unit, inputs(16, _IN, seed=seed)).square().mean()
        loss = loss + sum(units.penalties(unit).values())
        if not loss.requires_grad:
            break
        loss.backward()  # type: ignore[no-untyped-call]
        for name, parameter in unit.named_parameters():
            if parameter.grad is not None:
                assert parameter.grad.isfinite().all(), f"the gradient of {name} is not finite"
                if parameter.grad.any():
                    reached.add(name)
    missed = [name for name, parameter in unit.named_parameters() if parameter.requires_grad]
    missed = [name for name in missed if name not in reached]
    assert not missed, f"no gradient reaches {', '.join(missed)}"


def gradients_exact(factory: Factory, inputs: Inputs) -> None:
    """The gradient equals finite differences in float64, for input and parameters."""
    unit = _built(factory).to(torch.float64).eval()
    named = {name: parameter.detach() for name, parameter in unit.named_parameters()}

    def evaluate(x: Tensor, *values: Tensor) -> Tensor:
        state = dict(zip(named, values, strict=True))
        y: Tensor = functional_call(unit, state, (x,))
        return y

    x = inputs(4, _IN, dtype=torch.float64)
    leaves = [tensor.clone().requires_grad_() for tensor in (x, *named.values())]
    if evaluate(*leaves).requires_grad:
        torch.autograd.gradcheck(evaluate, leaves)


def batched_equals_alone(factory: Factory, inputs: Inputs) -> None:
    """Stacked under `torch.func.vmap`, modules give the outputs and gradients that each gives alone."""
    members = [_built(factory, seed=seed).eval() for seed in range(3)]
    x = torch.stack([inputs(5, _IN, seed=seed) for seed in range(3)])
    parameters, buffers = stack_module_state(members)

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        y: Tensor = functional_call(members[0], (parameters, buffers), (x,))
        return y.square().mean(), y

    slopes, outputs = vmap(grad(loss, has_aux=True))(parameters, buffers, x)
    for index, member in enumerate(members):
        own = {name: parameter.detach() for name, parameter in member.named_parameters()}
        slope, y = grad(loss, has_aux=True)(own, dict(member.named_buffers()), x[index])
        _equal(outputs[index], y, f"output of module {index}")
        for name, value in slope.items():
            _equal(slopes[name][index], value, f"gradient of {name} of module {index}", rtol=1e-4)


def state_dict_round_trip(factory: Factory, inputs: Inputs) -> None:
    """A state dictionary carries everything that the output depends on."""
    one, other = _built(factory, seed=1).eval(), _built(factory, seed=2).eval()
    other.load_state_dict(one.state_dict())
    assert torch.equal(_run(one, inputs(6, _IN)), _run(other, inputs(6, _IN))), "outputs differ after loading"


def copies(factory: Factory, inputs: Inputs) -> None:
    """A deep copy and a pickle, taken in the middle of a training step, work like the original."""
    unit = _built(factory).train()
    _run(unit, inputs(6, _IN))
    for kind, twin in (("copy", copy.deepcopy(unit)), ("pickle", pickle.loads(pickle.dumps(unit)))):
        assert torch.equal(_run(unit.eval(), inputs(6, _IN)), _run(twin.eval(), inputs(6, _IN))), kind
        unit.train()


def compiles(factory: Factory, inputs: Inputs) -> None:
    """`torch.compile` captures forward as one graph, in both modes."""
    unit = _built(factory)
    for mode in (True, False):
        torch.compiler.reset()
        expected = _run(unit.train(mode), inputs(6, _IN))
        compiled = torch.compile(unit, backend="eager", fullgraph=True)
        _equal(_run(compiled, inputs(6, _IN)), expected, f"training={mode}")


def exports(factory: Factory, inputs: Inputs) -> None:
    """`torch.export` captures evaluation."""
    unit = _built(factory).eval()
    x = inputs(6, _IN)
    with warnings.catch_warnings():
        # torch 2.13 warns of its own internals while exporting.
        warnings.simplefilter("ignore")
        exported = torch.export.export(unit, (x,)).module()
    _equal(exported(x), _run(unit, x), "exported program")


def dtypes(factory: Factory, inputs: Inputs) -> None:
    """The output has the dtype of the module, and stays finite in bfloat16."""
    for dtype in (torch.float64, torch.bfloat16):
        unit = _built(factory).to(dtype)
        for mode in (True, False):
            y = _run(unit.train(mode), inputs(6, _IN, dtype=dtype))
            assert y.dtype == dtype, f"{dtype} module, training={mode}: output is {y.dtype}"
            assert y.isfinite().all(), f"{dtype} module, training={mode}: output is not finite"


def autocast(factory: Factory, inputs: Inputs) -> None:
    """Under autocast to bfloat16 the output is that of float32, to the precision of bfloat16."""
    unit = _built(factory).eval()
    expected = _run(unit, inputs(6, _IN))
    with torch.autocast("cpu", torch.bfloat16):
        y = _run(unit, inputs(6, _IN))
    _equal(y.float(), expected, "autocast", rtol=0.05, atol=0.05 * float(expected.detach().abs().max()) + 1e-3)


def penalties_are_scalars(factory: Factory, inputs: Inputs) -> None:
    """Penalties are finite scalar tensors, and `project_` leaves initial parameters where they are."""
    unit = _built(factory).train()
    _run(unit, inputs(6, _IN))
    for name, value in units.penalties(unit).items():
        assert value.shape == (), f"penalty {name}: got shape {list(value.shape)}"
        assert value.isfinite(), f"penalty {name}: is not finite"
    before = copy.deepcopy(list(unit.parameters()))
    units.project_(unit)
    for (name, after), old in zip(unit.named_parameters(), before, strict=True):
        assert torch.equal(after, old), f"project_ changed the initial value of {name}"


def reset_is_reproducible(factory: Factory, inputs: Inputs) -> None:
    """`reset_parameters(generator)` draws from that generator only, and forgets everything learnt."""
    one, other = _built(factory, seed=1).eval(), _built(factory, seed=2).eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1)
    state = torch.get_rng_state()
    for unit in (one, other):
        units.reset_parameters(unit, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), state), "reset_parameters moved torch's default generator"
    assert torch.equal(_run(one, inputs(6, _IN)), _run(other, inputs(6, _IN))), "equal seeds give other values"


CHECKS: dict[str, Callable[[Factory, Inputs], None]] = {
    check.__name__: check
    for check in (
        shapes,
        leading_dimensions,
        empty_batch,
        non_contiguous,
        input_untouched,
        wrong_shapes,
        deterministic_evaluation,
        gradients_reach,
        gradients_exact,
        batched_equals_alone,
        state_dict_round_trip,
        copies,
        compiles,
        exports,
        dtypes,
        autocast,
        penalties_are_scalars,
        reset_is_reproducible,
    )
}
"""All checks by name."""
