"""Mass-conserving layers: sums and products over all inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import init

from nalm import functional
from nalm.functional import MassSign
from nalm.units._computed import refresh
from nalm.units._draws import orthogonal_
from nalm.units._parts.parts import Part, PartsUnit, RelevanceGate
from nalm.units._unit import checked_choice


class _MassFlow(Part):
    """J = softmax(r) spreads each input over the outputs; o = σ(w + b) lets a share of each output out."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.empty(out_features, 1, device=device, dtype=dtype))
        self.b = nn.Parameter(torch.empty(out_features, device=device, dtype=dtype))
        self.r = nn.Parameter(torch.empty(in_features, out_features, device=device, dtype=dtype))

    def junction(self) -> Tensor:
        """Return J, `[in, out]`; rows sum to 1."""
        refresh(self)
        return torch.softmax(self.r, -1)

    def release(self) -> Tensor:
        """Return o, `[out]`."""
        refresh(self)
        return torch.sigmoid(self.w.squeeze(-1) + self.b)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return J and o."""
        return self.junction(), self.release()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw w orthogonal, then r: the identity if it is square, else orthogonal; b is 0."""
        orthogonal_(self.w, generator)
        init.zeros_(self.b)
        if self.r.shape[0] == self.r.shape[1]:
            init.eye_(self.r)
        else:
            orthogonal_(self.r, generator)

    def skip_construction_draws(self, generator: torch.Generator) -> None:
        """Draw and drop what the released constructor draws: a dense layer of one input and a reset."""
        for parameter in (self.w, self.b):
            torch.empty_like(parameter, device=generator.device).uniform_(-1, 1, generator=generator)
        self.reset_parameters(generator)

    def penalties(self) -> dict[str, Tensor]:
        """Return `sparsity`, negative: it rewards logits of any size without bound."""
        logits = (self.r, self.w, self.b)
        return {"sparsity": -torch.stack([parameter.square().mean() for parameter in logits]).sum()}


class MCFC(PartsUnit):
    """Sums of all its inputs: y = o ⊙ (x J), with J = softmax(r) over the outputs and o = σ(w + b).

    With one output J is 1 and y = σ(w + b) Σ_i x_i, exact once σ rounds to 1. Its penalty `sparsity` is
    negative.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Reference: Hoedt et al. (2021), MC-LSTM: Mass-Conserving LSTM, section 4.1.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.flow = _MassFlow(self.in_features, self.out_features, device, dtype)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        return functional.mass_flow(x, *self.flow())

    @property
    def weight(self) -> Tensor:
        """The share of each input in each output, `[out, in]`."""
        return self.flow.release().unsqueeze(-1) * self.flow.junction().mT

    def sparsity_error(self) -> Tensor:
        """Return the mean of the errors of J and o."""
        return _mean_error(self.flow.junction(), self.flow.release())


class _Bias(Part):
    """c, started at 0."""

    def __init__(self, size: int, device: torch.device | str | None, dtype: torch.dtype | None) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.empty(size, device=device, dtype=dtype))

    def forward(self) -> Tensor:
        """Return c."""
        return self.c

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Set c to 0; nothing is drawn."""
        init.zeros_(self.c)


class MulMCFC(PartsUnit):
    """Products of all its inputs: y = exp(MCFC(ln |x|) + c), with a sign from another unit.

    Args:
        in_features: Number of inputs.
        out_features: Number of outputs.
        sign: `"none"`: positive inputs only, NaN for others; `"inalu"`: Π_i (sign(x_i) J_io + 1 - J_io);
            `"realnpu"`: cos(π Σ_i ĝ_i [x_i < 0] J_io) with a gate ĝ that starts at 0.5 and has the penalty
            `npu_gate`. An input of 0 gives 0, and no gradient but NaN.
        device: As in `torch.nn.Linear`.
        dtype: As in `torch.nn.Linear`.

    Raises:
        InputError: `sign` is none of its choices.

    Reference: Hoedt et al. (2021), MC-LSTM: Mass-Conserving LSTM, section 4.1; signs: Mistry et al. (2022), A
    Primer for Neural Arithmetic Logic Modules.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        sign: MassSign = "none",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features)
        self.sign: MassSign = checked_choice(self, "sign", sign, ("none", "inalu", "realnpu"))
        self.bias = _Bias(self.out_features, device, dtype)
        self.flow = _MassFlow(self.in_features, self.out_features, device, dtype)
        self.gate = (
            RelevanceGate(self.in_features, clamps=True, projects=False, device=device, dtype=dtype)
            if sign == "realnpu"
            else None
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """Map `[..., in_features]` to `[..., out_features]`."""
        self.check_input(x)
        (junction, release), bias = self.flow(), self.bias()
        # J anew: the gradients through magnitude and sign meet at its logits, as released, which rounds differently
        shares = None if self.sign == "none" else self.flow.junction()
        gate = None if self.gate is None else self.gate()
        return functional.mass_product(x, junction, release, bias, sign=self.sign, shares=shares, gate=gate)

    @property
    def weight(self) -> Tensor:
        """The exponent of each input in each output, `[out, in]`."""
        return self.flow.release().unsqueeze(-1) * self.flow.junction().mT

    def sparsity_error(self) -> Tensor:
        """Return the mean of the errors of J, o, c and, if there is one, the gate."""
        gate = () if self.gate is None else (self.gate(),)
        return _mean_error(self.flow.junction(), self.flow.release(), self.bias(), *gate)


def _mean_error(*tensors: Tensor) -> Tensor:
    return torch.stack([functional.sparsity_error(tensor) for tensor in tensors]).mean()
