"""Everything that decides how a run of an arithmetic task is trained, apart from its task, its network and its seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from nalm.tasks.learning import LearningSettings


class TrainingSettings(LearningSettings):
    """Training settings of one run; defaults are those of Madsen & Johansen (2020).

    Iterations count updates from 0 to `iterations` inclusive, as the original code does: a run makes
    `iterations + 1` updates and logs a row at every `log_interval`-th step and at the last, taken before the update of
    that step.

    With `constraints="released"` there are neither penalties (but L1) nor projection in the single module task, as in
    its published program.

    Raises:
        pydantic.ValidationError: a value outside its allowed range, or an unknown key.
    """

    added: ClassVar[tuple[str, ...]] = (*LearningSettings.added, "float64")

    iterations: int = Field(default=50_000, ge=0, le=10**15)
    log_interval: int = Field(default=1000, ge=1)
    validation_samples: int = Field(default=10_000, ge=1, le=10**9)
    test_samples: int = Field(default=10_000, ge=1, le=10**9)

    # computed in float64, one run at a time; data and initial values are those of float32
    float64: bool = False

    reinitialise: bool = False
    reinitialise_interval: int = Field(default=10, ge=1)
    reinitialise_stored_losses: int = Field(default=5000, ge=1)
    reinitialise_threshold: float = Field(default=1.0, ge=0)

    @property
    def logged_steps(self) -> Sequence[int]:
        """The steps at which a row is recorded: every `log_interval`-th, and the last."""
        steps = range(0, self.iterations + 1, self.log_interval)
        return steps if steps[-1] == self.iterations else (*steps, self.iterations)
