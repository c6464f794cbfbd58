"""The mass-conserving LSTM cell."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nalm.units._cells import Cell, State
from nalm.units._draws import orthogonal_
from nalm.units._unit import checked_choice


def _softmax(logits: Tensor) -> Tensor:
    return logits.softmax(-1)


def _sigmoid(logits: Tensor) -> Tensor:
    opening = torch.sigmoid(logits)
    return opening / opening.sum(-1, keepdim=True)


_NORMALISERS = {"softmax": _softmax, "sigmoid": _sigmoid}


class MCLSTMCell(Cell):
    """A mass-conserving LSTM cell: what comes in is kept or put out, none of it is lost or made.

    m = x J + c R, output o ⊙ m, kept c' = (1 - o) ⊙ m, with rows of J and R that sum to 1 and o = σ(…). J and o depend
    on an auxiliary input, which is constant here, R is a learned matrix. With `cumulative` all mass stays and is put
    out as well, which for a state of one number is the running sum.

    Args:
        input_size: Width of each input, the mass.
        hidden_size: Width of the state.
        cumulative: Whether nothing leaves the cell: output and state are both m.
        normaliser: Of the rows of J and R: `"softmax"`, or `"sigmoid"` for σ(s) / Σ σ(s).

    Start it at 0: what is in it at the start is mass as well, so that no product can begin at 1.

    Raises:
        InputError: a size is not a positive integer, or `normaliser` is none of its choices.

    Reference: Hoedt et al. (2021), MC-LSTM: Mass-Conserving LSTM; as released with Mistry et al. (2022), A Primer for
    Neural Arithmetic Logic Modules, where no experiment uses it.
    """

    state_size = 2

    def __init__(
        self, input_size: int, hidden_size: int, *, cumulative: bool = False, normaliser: str = "softmax"
    ) -> None:
        super().__init__(input_size, hidden_size)
        self.cumulative = cumulative
        self.normaliser = checked_choice(self, "normaliser", normaliser, tuple(_NORMALISERS))
        self.junction = nn.Parameter(torch.empty(self.input_size, self.hidden_size))
        self.junction_bias = nn.Parameter(torch.empty(self.input_size, self.hidden_size))
        self.redistribution = nn.Parameter(torch.empty(self.hidden_size, self.hidden_size))
        self.output = nn.Parameter(torch.empty(self.hidden_size, 1))
        self.output_bias = nn.Parameter(torch.empty(self.hidden_size))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the gates' weights; matrices that can be start near the identity, and the output nearly closed."""
        orthogonal_(self.output, generator)
        nn.init.constant_(self.output_bias, -3.0)
        orthogonal_(self.junction, generator)
        with torch.no_grad():
            square = self.input_size == self.hidden_size
            self.junction_bias.copy_(3 * torch.eye(self.input_size) if square else torch.zeros_like(self.junction))
            identity = torch.eye(self.hidden_size)
            self.redistribution.copy_(2 * identity - 1 if self.normaliser == "sigmoid" else identity)

    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Return output and kept mass after input `x`, see `Cell.forward`."""
        _, kept = self.check_state(x, state)
        normalise = _NORMALISERS[self.normaliser]
        mass = x @ normalise(self.junction + self.junction_bias) + kept @ normalise(self.redistribution)
        if self.cumulative:
            return mass, mass
        leaves = torch.sigmoid(self.output.squeeze(-1) + self.output_bias)
        return leaves * mass, (1 - leaves) * mass
