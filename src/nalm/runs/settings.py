"""Everything that decides how a run is trained, apart from its task, its network and its seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from nalm.tasks.penalties import Factors, PenaltyFactors, PenaltySettings


class TrainingSettings(PenaltySettings):
    """Training settings of one run; defaults are those of Madsen & Johansen (2020).

    Iterations count updates from 0 to `iterations` inclusive, as the original code does: a run makes
    `iterations + 1` updates and logs a row at every `log_interval`-th step and at the last, taken before the update of
    that step.

    Raises:
        pydantic.ValidationError: a value outside its allowed range, or an unknown key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    iterations: int = Field(default=50_000, ge=0, le=10**15)
    batch_size: int = Field(default=128, ge=1, le=10**9)
    log_interval: int = Field(default=1000, ge=1)
    validation_samples: int = Field(default=10_000, ge=1, le=10**9)
    test_samples: int = Field(default=10_000, ge=1, le=10**9)
    streams: Literal["paper", "fast"] = "paper"
    # "released": neither penalties (but L1) nor projection in the single module task, as in its published program
    constraints: Literal["paper", "released"] = "paper"
    early_stop: bool = False
    # the network that is kept: after the last update, or of the logged row with the least validation error
    saved_weights: Literal["last", "best"] = "last"

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    clip_gradient_norm: float | None = Field(default=None, gt=0)
    clip_gradient_value: float | None = Field(default=None, gt=0)

    loss: Literal["mse", "pcc", "mape", "pcc-mse"] = "mse"
    pcc_to_mse_iteration: int = Field(default=25_000, ge=0)

    # Factor of each named penalty in the loss; the first is also multiplied by the ramp.
    sparsity_penalty: float = Field(default=10.0, ge=0)
    bounds_penalty: float = Field(default=1.0, ge=0)
    input_penalty: float = Field(default=0.0, ge=0)
    gate_penalty: float = Field(default=1.0, ge=0)
    npu_weight_penalty: float = Field(default=0.0, ge=0)
    npu_gate_penalty: float = Field(default=0.0, ge=0)
    npu_penalty_scale: Literal["l1", "ramp"] = "l1"
    inalu_penalty: float = Field(default=0.0, ge=0)
    inalu_penalty_start: int = Field(default=10_000, ge=0)
    # constant factors of other penalties, such as those of a class of the user's own
    penalty: PenaltyFactors = Field(default_factory=Factors)

    ramp: Literal["linear", "exponential"] = "linear"
    ramp_start: int = Field(default=1_000_000, ge=0)
    ramp_end: int = Field(default=2_000_000, ge=1)

    l1: bool = False
    l1_start: float = Field(default=1e-5, gt=0)
    l1_end: float = Field(default=1e-4, gt=0)
    l1_step: int = Field(default=10_000, ge=1)
    l1_growth: float = Field(default=10.0, gt=1)

    reinitialise: bool = False
    reinitialise_interval: int = Field(default=10, ge=1)
    reinitialise_stored_losses: int = Field(default=5000, ge=1)
    reinitialise_threshold: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _ramp_is_increasing(self) -> Self:
        if self.ramp_end <= self.ramp_start:
            raise ValueError(f"ramp_end {self.ramp_end} must be greater than ramp_start {self.ramp_start}")
        return self

    @property
    def logged_steps(self) -> Sequence[int]:
        """The steps at which a row is recorded: every `log_interval`-th, and the last."""
        steps = range(0, self.iterations + 1, self.log_interval)
        return steps if steps[-1] == self.iterations else (*steps, self.iterations)
