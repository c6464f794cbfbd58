"""How a network learns, whatever the task: one list of settings for arithmetic and digit tasks."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from nalm.tasks.penalties import Factors, PenaltyFactors, PenaltySettings


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Internals = Annotated[tuple[Literal["gates", "penalties", "gradients", "weights"], ...], BeforeValidator(_as_list)]


class LearningSettings(PenaltySettings):
    """Optimiser, criterion, penalties and their schedules, and when to stop; defaults are those of Madsen & Johansen
    (2020).

    Everything counts updates from 0, but for `ramp_start` and `ramp_end` of the static digit task and
    `learning_rate_interval` of both digit tasks, which count epochs.

    Raises:
        pydantic.ValidationError: a value outside its allowed range, or an unknown key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: ClassVar[tuple[str, ...]] = ("learning_rate_interval", "learning_rate_factor", "record")

    batch_size: int = Field(default=128, ge=1, le=10**9)
    streams: Literal["paper", "fast"] = "paper"
    # "released": what the published programs do where that differs from the papers
    constraints: Literal["paper", "released"] = "paper"
    early_stop: bool = False
    # the network that is kept: after the last update, or of the logged row with the least validation error
    saved_weights: Literal["last", "best"] = "last"

    # what is recorded of the inside of the network at logged steps
    record: Internals = ()

    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = Field(default=1e-3, gt=0)
    # the rate is multiplied by the factor once per interval
    learning_rate_interval: int | None = Field(default=None, ge=1)
    learning_rate_factor: float = Field(default=0.1, gt=0, le=1)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    clip_gradient_norm: float | None = Field(default=None, gt=0, le=1e30)
    clip_gradient_value: float | None = Field(default=None, gt=0, le=1e30)

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

    @model_validator(mode="after")
    def _ramp_is_increasing(self) -> Self:
        if self.ramp_end <= self.ramp_start:
            raise ValueError(f"ramp_end {self.ramp_end} must be greater than ramp_start {self.ramp_start}")
        return self
