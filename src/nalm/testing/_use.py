"""Checks of how a module is put to use: sizes of any integer type, as a recurrent cell."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from nalm import units
from nalm.testing._base import IN, OUT, Factory, Inputs, built, equal, refusal, run


def numpy_sizes(factory: Factory, inputs: Inputs) -> None:
    """Sizes may be NumPy's integers, as those of PyTorch's layers."""
    for kind in (np.int64, np.int32, np.uint8):
        unit = built(factory, kind(IN), kind(OUT)).eval()  # type: ignore[arg-type]
        equal(run(unit, inputs(6, IN)), run(built(factory).eval(), inputs(6, IN)), f"sizes of type {kind.__name__}")


def cell_states(factory: Factory, inputs: Inputs) -> None:
    """As a recurrent cell it starts at zeros, has gradients through time, and refuses a state of another form."""
    cell = units.UnitCell(built(factory, IN + OUT, OUT), IN, OUT).eval()
    for x in (inputs(4, IN), inputs(IN)):
        zeros = torch.zeros(*x.shape[:-1], OUT)
        equal_states(cell(x), cell(x, (zeros,)), "without a state")
        equal_states(cell(x), cell(x, cell.initial_state(x)), "with the initial state")
    x = inputs(4, IN).requires_grad_()
    state = cell.initial_state(x, 1.0)
    for _ in range(2):
        state = cell(x, (state[0].abs() + 0.5,))
    assert state[0].shape == (4, OUT), f"two steps: got shape {list(state[0].shape)}"
    if state[0].requires_grad:
        (slope,) = torch.autograd.grad(state[0].sum(), [x], allow_unused=True)
        assert slope is not None, "two steps: no gradient reaches the input"
        assert not slope.isnan().any(), "two steps: the gradient of the input is NaN"
    good = torch.ones(4, OUT)
    for wrong in (good, (good, good), (), (good[:, :1],), (good[:2],), (good.double(),), (good.tolist(),), 1.0):
        taken = refusal(partial(cell, x, wrong)) is None
        assert not taken, f"a state that is no tuple of one tensor [4, {OUT}] is taken: {wrong!r}"


def equal_states(got: tuple[Tensor, ...], expected: tuple[Tensor, ...], what: str) -> None:
    """Fail where two states differ; NaN is equal to NaN."""
    for a, b in zip(got, expected, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True, msg=lambda detail: f"{what}: {detail}")
