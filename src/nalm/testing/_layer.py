"""Checks of a module as a layer of PyTorch: shapes, gradients, copies, compilation, many at once."""

from __future__ import annotations

import copy
import pickle
import warnings

import torch
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap

from nalm import units
from nalm.testing._base import IN, OUT, Factory, Inputs, built, equal, run


def shapes(factory: Factory, inputs: Inputs) -> None:
    """Sizes of any kind map to the right shape, and to numbers."""
    for in_features, out_features in ((IN, OUT), (1, 4), (5, 1)):
        unit = built(factory, in_features, out_features).eval()
        y = run(unit, inputs(7, in_features))
        assert y.shape == (7, out_features), f"{in_features} -> {out_features}: got shape {list(y.shape)}"
        assert y.isfinite().all(), f"{in_features} -> {out_features}: output is not finite"


def leading_dimensions(factory: Factory, inputs: Inputs) -> None:
    """Any number of leading dimensions gives the values of the flat batch."""
    unit = built(factory).eval()
    x = inputs(2, 4, IN)
    flat = run(unit, x.reshape(8, IN))
    equal(run(unit, x), flat.reshape(2, 4, OUT), "[2, 4, in] against [8, in]")
    equal(run(unit, x[0, 0]), flat[0], "[in] against [1, in]")


def empty_batch(factory: Factory, inputs: Inputs) -> None:
    """Check that a batch of no rows gives no rows, in both modes."""
    unit = built(factory)
    for mode in (True, False):
        y = run(unit.train(mode), inputs(0, IN))
        assert y.shape == (0, OUT), f"training={mode}: got shape {list(y.shape)}"


def non_contiguous(factory: Factory, inputs: Inputs) -> None:
    """Check that the memory layout of the input does not matter."""
    unit = built(factory).eval()
    x = inputs(6, IN)
    equal(run(unit, x.t().contiguous().t()), run(unit, x), "transposed layout")


def input_untouched(factory: Factory, inputs: Inputs) -> None:
    """Check that the caller's tensor is not changed, in both modes."""
    unit = built(factory)
    for mode in (True, False):
        x = inputs(6, IN)
        run(unit.train(mode), x)
        assert torch.equal(x, inputs(6, IN)), f"training={mode}: the input was changed in place"


def wrong_shapes(factory: Factory, inputs: Inputs) -> None:
    """Check that inputs of the wrong width are refused, not broadcast."""
    unit = built(factory)
    for shape in ((6, IN + 1), (6, IN - 1), (6, 1), (IN, 1), ()):
        try:
            y = run(unit, inputs(*shape))
        except Exception:  # any exception is a refusal
            continue
        raise AssertionError(f"in_features {IN}: input {list(shape)} gave an output {list(y.shape)}")


def deterministic_evaluation(factory: Factory, inputs: Inputs) -> None:
    """Check that evaluation mode does not depend on the random number generator."""
    unit = built(factory).eval()
    assert torch.equal(run(unit, inputs(6, IN), seed=1), run(unit, inputs(6, IN), seed=2)), "two evaluations differ"


def gradients_reach(factory: Factory, inputs: Inputs) -> None:
    """Each parameter gets a finite gradient from output and penalties, and not always 0."""
    reached: set[str] = set()
    for seed in range(5):
        unit = built(factory, seed=seed).train()
        loss = run(unit, inputs(16, IN, seed=seed)).square().mean()
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
    """Check that the gradient equals finite differences in float64, for input and parameters."""
    unit = built(factory).to(torch.float64).eval()
    named = {name: parameter.detach() for name, parameter in unit.named_parameters()}

    def evaluate(x: Tensor, *values: Tensor) -> Tensor:
        state = dict(zip(named, values, strict=True))
        y: Tensor = functional_call(unit, state, (x,))
        return y

    x = inputs(4, IN, dtype=torch.float64)
    leaves = [tensor.clone().requires_grad_() for tensor in (x, *named.values())]
    if evaluate(*leaves).requires_grad:
        torch.autograd.gradcheck(evaluate, leaves)


def batched_equals_alone(factory: Factory, inputs: Inputs) -> None:
    """Stacked under `torch.func.vmap`, modules give the outputs and gradients that each gives alone."""
    members = [built(factory, seed=seed).eval() for seed in range(3)]
    x = torch.stack([inputs(5, IN, seed=seed) for seed in range(3)])
    parameters, buffers = stack_module_state(members)

    def loss(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        y: Tensor = functional_call(members[0], (parameters, buffers), (x,))
        return y.square().mean(), y

    slopes, outputs = vmap(grad(loss, has_aux=True))(parameters, buffers, x)
    for index, member in enumerate(members):
        own = {name: parameter.detach() for name, parameter in member.named_parameters()}
        slope, y = grad(loss, has_aux=True)(own, dict(member.named_buffers()), x[index])
        equal(outputs[index], y, f"output of module {index}")
        for name, value in slope.items():
            equal(slopes[name][index], value, f"gradient of {name} of module {index}", rtol=1e-4)


def state_dict_round_trip(factory: Factory, inputs: Inputs) -> None:
    """Check that a state dictionary carries everything that the output depends on."""
    one, other = built(factory, seed=1).eval(), built(factory, seed=2).eval()
    other.load_state_dict(one.state_dict())
    assert torch.equal(run(one, inputs(6, IN)), run(other, inputs(6, IN))), "outputs differ after loading"


def copies(factory: Factory, inputs: Inputs) -> None:
    """Check that a deep copy and a pickle, taken in the middle of a training step, work like the original."""
    unit = built(factory).train()
    run(unit, inputs(6, IN))
    for kind, twin in (("copy", copy.deepcopy(unit)), ("pickle", pickle.loads(pickle.dumps(unit)))):
        assert torch.equal(run(unit.eval(), inputs(6, IN)), run(twin.eval(), inputs(6, IN))), kind
        unit.train()


def compiles(factory: Factory, inputs: Inputs) -> None:
    """`torch.compile` captures forward as one graph, in both modes."""
    unit = built(factory)
    for mode in (True, False):
        torch.compiler.reset()
        expected = run(unit.train(mode), inputs(6, IN))
        compiled = torch.compile(unit, backend="eager", fullgraph=True)
        equal(run(compiled, inputs(6, IN)), expected, f"training={mode}")


def exports(factory: Factory, inputs: Inputs) -> None:
    """`torch.export` captures evaluation."""
    unit = built(factory).eval()
    x = inputs(6, IN)
    with warnings.catch_warnings():
        # torch 2.13 warns of its own internals while exporting.
        warnings.simplefilter("ignore")
        exported = torch.export.export(unit, (x,)).module()
    equal(exported(x), run(unit, x), "exported program")


def penalties_are_scalars(factory: Factory, inputs: Inputs) -> None:
    """Penalties are finite scalar tensors, and `project_` leaves initial parameters where they are."""
    unit = built(factory).train()
    run(unit, inputs(6, IN))
    for name, value in units.penalties(unit).items():
        assert value.shape == (), f"penalty {name}: got shape {list(value.shape)}"
        assert value.isfinite(), f"penalty {name}: is not finite"
    before = copy.deepcopy(list(unit.parameters()))
    units.project_(unit)
    for (name, after), old in zip(unit.named_parameters(), before, strict=True):
        assert torch.equal(after, old), f"project_ changed the initial value of {name}"


def reset_is_reproducible(factory: Factory, inputs: Inputs) -> None:
    """`reset_parameters(generator)` draws from that generator only, and forgets everything learnt."""
    one, other = built(factory, seed=1).eval(), built(factory, seed=2).eval()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(1)
    state = torch.get_rng_state()
    for unit in (one, other):
        units.reset_parameters(unit, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), state), "reset_parameters moved torch's default generator"
    assert torch.equal(run(one, inputs(6, IN)), run(other, inputs(6, IN))), "equal seeds give other values"
