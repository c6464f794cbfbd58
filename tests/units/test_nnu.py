"""The normalisation unit, which takes two inputs."""

from __future__ import annotations

import copy

import pytest
import torch

from nalm import units
from nalm.errors import InputError


@pytest.mark.usefixtures("float64")
def test_formula() -> None:
    unit = units.NNU(2, 3)
    x, initial = torch.randn(5, 3), torch.randn(5, 2)
    shift, scale = unit.F[:3], unit.F[3:]
    torch.testing.assert_close(unit(x, initial), (x + initial @ shift.T) * (initial @ scale.T))
    assert torch.equal(torch.cat([*unit.weight]), unit.F)


def test_alone_it_takes_the_input_twice() -> None:
    unit = units.NNU(2, 2)
    x = torch.randn(5, 2)
    assert torch.equal(unit(x), unit(x, x))
    assert torch.equal(copy.deepcopy(unit)(x), unit(x))


def test_shapes_are_checked() -> None:
    unit = units.NNU(2, 3)
    with pytest.raises(InputError, match=r"NNU: expects x of shape \[\.\.\., 3\], got \[5, 2\]"):
        unit(torch.zeros(5, 2))
    with pytest.raises(InputError, match=r"NNU: expects input of shape \[\.\.\., 2\], got \[5, 3\]"):
        unit(torch.zeros(5, 3))
