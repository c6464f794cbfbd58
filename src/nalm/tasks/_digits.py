"""What the settings of both digit tasks have in common."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from nalm.tasks.learning import LearningSettings

DIGITS = "0123456789"

# images of each digit among those that sequences are trained on; tests compare them with the data
TRAINING_DIGITS = {
    "mnist": (5434, 6212, 5465, 5622, 5343, 4963, 5436, 5702, 5357, 5466),
    "digits": (140, 156, 134, 145, 131, 137, 131, 142, 128, 129),
}


def _as_text(value: Any) -> Any:
    """`--set digits=123` gives a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


DigitSet = Annotated[str, BeforeValidator(_as_text)]


# what digit tasks had from the first version on; the other settings of training came later
_FIRST = (
    "batch_size",
    "learning_rate",
    "sparsity_penalty",
    "ramp_start",
    "ramp_end",
    "penalty",
    "streams",
    "constraints",
)


class DigitSettings(LearningSettings):
    """What both digit tasks have in common, besides the settings of training of every task.

    Attributes:
        dataset: `"mnist"`, or `"digits"`, scikit-learn's (no download).
        digits: The digits used, each at most once.
        epochs: Passes over the training data; the state is recorded before each and after the last.
        evaluation_interval: Epochs between evaluations.
        penalty: Factors of penalties of the unit that no other setting weighs, by name.
        l1: Whether the weights of the output stage or cell are pulled to 0.
        precision: `"bfloat16"` computes the image network in mixed precision.
        streams: `"paper"` draws training samples and initial weights as the original does, `"fast"` from
            streams of our own; the order of batches, noise and dropout are our own in both.
        constraints: `"paper"`: as the papers describe; `"released"`: what the published programs do where
            that differs; each task lists the differences.
    """

    trainer: ClassVar[str] = "epochs"
    # what `ramp_start` and `ramp_end` count
    ramp_counts: ClassVar[str]
    unit_key: ClassVar[str]
    # what arithmetic tasks have and these do not
    interpolation_range: ClassVar[None] = None
    extrapolation_range: ClassVar[None] = None

    added: ClassVar[tuple[str, ...]] = tuple(name for name in LearningSettings.model_fields if name not in _FIRST)

    dataset: Literal["mnist", "digits"] = "mnist"
    digits: DigitSet = DIGITS
    epochs: int = Field(default=1000, ge=0)
    evaluation_interval: int = Field(default=1, ge=1)
    batch_size: int = Field(ge=1, le=10**6)
    sparsity_penalty: float = Field(ge=0)
    ramp_start: int = Field(ge=0)
    ramp_end: int = Field(ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"

    @model_validator(mode="after")
    def _digits_differ(self) -> Self:
        if not self.digits or len(set(self.digits)) < len(self.digits) or not set(self.digits) <= set(DIGITS):
            raise ValueError(f"digits {self.digits!r}: give different digits, such as '123456789'")
        return self

    def threshold(self) -> None:
        """Return None: a digit task has a threshold where its study gives one, or a reference does."""
