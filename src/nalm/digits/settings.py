"""Settings of the digit tasks: everything that a run's result depends on, apart from seed and fold."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from nalm.errors import InputError

DIGITS = "0123456789"

STAGES = ("solved", "fc")
"""Stages of the static task beside the units."""

CELLS = ("solved", "rnn_tanh", "rnn_relu", "gru", "lstm")
"""Cells of the sequential task beside the units."""

# images of each digit among those that sequences are trained on; tests compare them with the data
TRAINING_DIGITS = {
    "mnist": (5434, 6212, 5465, 5622, 5343, 4963, 5436, 5702, 5357, 5466),
    "digits": (140, 156, 134, 145, 131, 137, 131, 142, 128, 129),
}


def _as_text(value: Any) -> Any:
    """`--set digits=123` gives a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


DigitSet = Annotated[str, BeforeValidator(_as_text)]


class DigitSettings(BaseModel):
    """What both digit tasks have in common.

    Attributes:
        dataset: `"mnist"`, or `"digits"`, scikit-learn's (no download).
        digits: The digits used, each at most once.
        epochs: Passes over the training data; the state is recorded before each and after the last.
        precision: `"bfloat16"` computes the image network in mixed precision.
        streams: `"paper"` draws training samples and initial weights as the original does, `"fast"` from
            streams of our own; the order of batches, noise and dropout are our own in both.
        constraints: `"paper"`: as the papers describe; `"released"`: what the published programs do where
            that differs; each task lists the differences.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Literal["mnist", "digits"] = "mnist"
    digits: DigitSet = DIGITS
    epochs: int = Field(default=1000, ge=0)
    batch_size: int = Field(ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    sparsity_penalty: float = Field(ge=0)
    ramp_start: int = Field(ge=0)
    ramp_end: int = Field(ge=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    streams: Literal["paper", "fast"] = "paper"
    constraints: Literal["paper", "released"] = "paper"

    @model_validator(mode="after")
    def _digits_and_ramp(self) -> Self:
        if not self.digits or len(set(self.digits)) < len(self.digits) or not set(self.digits) <= set(DIGITS):
            raise ValueError(f"digits {self.digits!r}: give different digits, such as '123456789'")
        if self.ramp_end <= self.ramp_start:
            raise ValueError(f"ramp_end {self.ramp_end} must be greater than ramp_start {self.ramp_start}")
        return self

    def ramp(self, position: int) -> float:
        """Growth of the sparsity penalty from 0 to 1 between `ramp_start` and `ramp_end`."""
        return min(max((position - self.ramp_start) / (self.ramp_end - self.ramp_start), 0.0), 1.0)


_STATIC_DEFAULTS: dict[str, dict[str, Any]] = {
    "isolated": {"folds": 10, "samples_per_pair": 1000, "batch_size": 128, "validation_share": 0.0},
    "colour": {"folds": 3, "samples_per_pair": 1100, "batch_size": 256, "validation_share": 0.15},
}


class StaticDigits(DigitSettings):
    """Static MNIST product: two digits in one picture, only their product is supervised.

    Mistry et al. (2022), "Improving the Robustness of Neural Multiplication Units with Reversible
    Stochasticity", section 6.1. Test pairs of digits never occur in training.

    With `constraints="released"` the warps start scrambled instead of as the identity, test pictures are
    distorted anew at every evaluation, digits are turned and scaled about a point half a pixel off their centre, and
    the confusion matrix of isolated digits truncates labels.

    Attributes:
        picture: `"isolated"`: side by side; `"colour"`: one per channel, each distorted and shifted.
        operation: `"mul"` or `"add"`.
        stage: From the two labels to the output: `"solved"` (the operation itself), `"fc"` (a weighted
            product, or a linear layer for add), or any unit, with 2 inputs and 1 output.
        folds: The pairs of digits are split into so many test sets.
        samples_per_pair: Samples drawn for each pair of digits, in training and test.
        validation_share: Share of the training samples that is kept for validation (of training pairs).
        ramp_start: Epoch up to which the sparsity penalty is off.
        ramp_end: Epoch from which on it is fully on.
        training_metrics: Whether errors on the training samples are recorded at every epoch or at the last
            only; they cost a quarter of the time.
    """

    kind: Literal["static-digits"] = "static-digits"
    picture: Literal["isolated", "colour"] = "isolated"
    operation: Literal["mul", "add"] = "mul"
    stage: str = "nmu"
    folds: int = Field(ge=2)
    samples_per_pair: int = Field(ge=1)
    validation_share: float = Field(ge=0, lt=1)
    sparsity_penalty: float = Field(default=100.0, ge=0)
    ramp_start: int = Field(default=30, ge=0)
    ramp_end: int = Field(default=40, ge=1)
    training_metrics: Literal["always", "last"] = "always"

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        picture = data.get("picture", "isolated")
        return {**_STATIC_DEFAULTS.get(picture if isinstance(picture, str) else "", {}), **data}

    def existing_fold(self, index: int) -> int:
        """Return `index`, the fold that the run of seed `index` tests, as in the paper.

        Raises:
            InputError: there is no such fold.
        """
        if not 0 <= index < self.folds:
            raise InputError(f"fold {index}: there are {self.folds} folds, 0 to {self.folds - 1}")
        return index

    def updates(self, seed: int) -> int:
        """Return the number of updates of the run of `seed`."""
        pairs = len(self.digits) ** 2
        test = pairs // self.folds + (self.existing_fold(seed) < pairs % self.folds)
        samples = (pairs - test) * self.samples_per_pair
        return self.epochs * ceil((samples - ceil(self.validation_share * samples)) / self.batch_size)

    @model_validator(mode="after")
    def _pairs_suffice(self) -> Self:
        pairs = len(self.digits) ** 2
        if pairs < self.folds:
            raise ValueError(
                f"digits {self.digits!r} make {pairs} pairs, too few for {self.folds} folds; give more "
                "digits or fewer folds"
            )
        return self


_SEQUENTIAL_DEFAULTS: dict[str, dict[str, Any]] = {
    "mul": {"digits": "123456789", "training_length": 2, "test_lengths": tuple(range(1, 21))},
    "add": {"digits": DIGITS, "training_length": 10, "test_lengths": (1, 10, *range(100, 1001, 100))},
}


class SequentialDigits(DigitSettings):
    """Sequential MNIST product and sum: after each image the product (sum) so far is asked for.

    Madsen & Johansen (2020), "Neural Arithmetic Units", section 4.3; Mistry et al. (2022), section 6.2.
    Tested on longer sequences than trained on.

    With `constraints="released"` the noise of an sNMU stays on in evaluation. In training its input penalty sees
    noisy inputs in either case.

    Attributes:
        operation: `"mul"` or `"add"`.
        cell: `"solved"` (the operation itself: the reference), `rnn_tanh`, `rnn_relu`, `gru`, `lstm`, or any
            unit, with label and state as its inputs.
        training_length: Images per training sequence.
        test_lengths: Images per test sequence.
        outputs: Numbers that the image network reads from an image; the reference takes one.
        initial_state: State before the first image; by default 1 for units that multiply and do not add, and
            for the solved product, else 0.
        ramp_start: Update up to which the sparsity penalty is off.
        ramp_end: Update from which on it is fully on.
        input_penalty: Factor of the penalty that pulls unused inputs to the neutral element.
        bounds_penalty: Factor of the penalty `bounds` of units that keep their weights by one.
        evaluation_interval: Epochs between evaluations.
    """

    kind: Literal["sequential-digits"] = "sequential-digits"
    operation: Literal["mul", "add"] = "mul"
    cell: str = "nmu"
    training_length: int = Field(ge=1)
    test_lengths: tuple[int, ...] = Field(min_length=1)
    outputs: int = Field(default=1, ge=1)
    initial_state: float | None = None
    batch_size: int = Field(default=64, ge=1)
    sparsity_penalty: float = Field(default=10.0, ge=0)
    ramp_start: int = Field(default=10_000, ge=0)
    ramp_end: int = Field(default=100_000, ge=1)
    input_penalty: float = Field(default=1.0, ge=0)
    bounds_penalty: float = Field(default=1.0, ge=0)
    evaluation_interval: int = Field(default=5, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        operation = data.get("operation", "mul")
        return {**_SEQUENTIAL_DEFAULTS.get(operation if isinstance(operation, str) else "", {}), **data}

    def updates(self, seed: int) -> int:
        """Return the number of updates of a run."""
        del seed
        images = sum(TRAINING_DIGITS[self.dataset][int(digit)] for digit in self.digits)
        return self.epochs * ceil(images // self.training_length / self.batch_size)

    @model_validator(mode="after")
    def _lengths_are_positive(self) -> Self:
        if min(self.test_lengths) < 1 or len(set(self.test_lengths)) < len(self.test_lengths):
            raise ValueError(f"test_lengths {list(self.test_lengths)}: give different lengths of at least 1")
        if self.cell == "solved" and self.outputs != 1:
            raise ValueError(f"cell 'solved' takes one label per image, but outputs is {self.outputs}")
        return self


DigitTask = Annotated[StaticDigits | SequentialDigits, Field(discriminator="kind")]
"""Either digit task, told apart by `kind`."""
