"""The static digit task: everything that a run's result depends on, apart from its seed, which is its fold."""

from __future__ import annotations

from math import ceil
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nalm.errors import InputError
from nalm.tasks._digits import DigitSettings

STAGES = ("solved", "fc")
"""Stages of the static task beside the units."""

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

    ramp_counts: ClassVar[str] = "epochs"

    kind: Literal["static-digits"] = "static-digits"
    picture: Literal["isolated", "colour"] = "isolated"
    operation: Literal["mul", "add"] = "mul"
    stage: str = "nmu"
    folds: int = Field(ge=2)
    samples_per_pair: int = Field(ge=1, le=10**6)
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

    @property
    def unit(self) -> str:
        """The stage."""
        return self.stage

    def existing_fold(self, index: int) -> int:
        """Return `index`, the fold that the run of seed `index` tests, as in the paper.

        Raises:
            InputError: there is no such fold.
        """
        if not 0 <= index < self.folds:
            raise InputError(f"fold {index}: there are {self.folds} folds, 0 to {self.folds - 1}")
        return index

    def penalty_factors(self, epoch: int) -> dict[str, float]:
        """Return the factor of each penalty that is part of the loss during `epoch`, which counts from 0."""
        return {"sparsity": self.sparsity_penalty * self.ramp(epoch), **self.penalty}

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
