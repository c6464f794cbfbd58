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
    "width": {"folds": 3, "samples_per_pair": 1100, "batch_size": 256, "validation_share": 0.15},
}

_IMAGE_NETWORKS = {
    "isolated": ("halves",),
    "colour": ("spline", "affine", "affine_linear", "affine_separate", "affine_joint", "affine_joint_linear"),
    "width": ("affine",),
}

_PICTURES = {"isolated": 2 * 28 * 28, "colour": 2 * 42 * 42, "width": 2 * 42 * 42}
# its images, their order and what they are drawn from
_NUMBERS_OF_A_SAMPLE = 12


class StaticDigits(DigitSettings):
    """Static MNIST product: two digits in one picture, only their product is supervised.

    Mistry et al. (2022), "Improving the Robustness of Neural Multiplication Units with Reversible
    Stochasticity", section 6.1. Test pairs of digits never occur in training.

    With `constraints="released"` the warps start scrambled instead of as the identity, test pictures are
    distorted anew at every evaluation, digits are turned and scaled about a point half a pixel off their centre, and
    the confusion matrix of isolated digits truncates labels.

    Attributes:
        picture: `"isolated"`: side by side; `"colour"`: one per channel, each distorted and shifted; `"width"`: as
            colour, but side by side in one channel.
        image_network: By default the published one of the picture: `"halves"` (isolated), `"spline"` (colour), or
            `"affine"` (width). For colour also with affine warps: `"affine"`, one convolutional classifier for both
            labels; `"affine_separate"`, two; `"affine_linear"`, one without convolutions; `"affine_joint"` and
            `"affine_joint_linear"` read both labels at once from both warped pictures.
        bounded_warps: Whether the source points of spline warps stay within (-1, 1).
        operation: `"mul"` or `"add"`.
        stage: From the two labels to the output: `"solved"` (the operation itself), `"fc"` (a weighted
            product, or a linear layer for add), or any unit, with 2 inputs and 1 output; of several layers, their
            names.
        folds: The pairs of digits are split into so many test sets.
        samples_per_pair: Samples drawn for each pair of digits, in training and test.
        validation_share: Share of the training samples that is kept for validation (of training pairs).
        ramp_start: Epoch (not update, as elsewhere) up to which the sparsity penalty is off.
        ramp_end: Epoch from which on it is fully on.
        training_metrics: Whether errors on the training samples are recorded at every epoch or at the last
            only; they cost a quarter of the time.
    """

    ramp_counts: ClassVar[str] = "epochs"
    unit_key: ClassVar[str] = "stage"
    added: ClassVar[tuple[str, ...]] = (
        *DigitSettings.added,
        "evaluation_interval",
        "image_network",
        "bounded_warps",
    )

    kind: Literal["static-digits"] = "static-digits"
    picture: Literal["isolated", "colour", "width"] = "isolated"
    image_network: (
        Literal["halves", "spline", "affine", "affine_linear", "affine_separate", "affine_joint", "affine_joint_linear"]
        | None
    ) = None
    bounded_warps: bool = True
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

    @property
    def reads(self) -> str:
        """The image network: that which is set, or the published one of the picture."""
        return self.image_network or _IMAGE_NETWORKS[self.picture][0]

    def existing_fold(self, index: int) -> int:
        """Return `index`, the fold that the run of seed `index` tests, as in the paper.

        Raises:
            InputError: there is no such fold.
        """
        if not 0 <= index < self.folds:
            raise InputError(f"fold {index}: there are {self.folds} folds, 0 to {self.folds - 1}")
        return index

    @property
    def rows(self) -> int:
        """Pictures of the largest batch."""
        return min(self.batch_size, self._samples(len(self.digits) ** 2 // self.folds))

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers that are in memory at once, by the setting that asks for them and what they are."""
        samples, picture = len(self.digits) ** 2 * self.samples_per_pair, _PICTURES[self.picture]
        return {
            f"samples_per_pair: {samples:,} samples": samples * _NUMBERS_OF_A_SAMPLE,
            f"batch_size: {self.rows:,} pictures of {picture:,} numbers": self.rows * picture,
        }

    def updates(self, seed: int) -> int:
        """Return the number of updates of the run of `seed`."""
        pairs = len(self.digits) ** 2
        test = pairs // self.folds + (self.existing_fold(seed) < pairs % self.folds)
        return self.epochs * ceil(self._samples(test) / self.batch_size)

    def _samples(self, test_pairs: int) -> int:
        """Return how many training samples a fold of so many pairs leaves."""
        samples = (len(self.digits) ** 2 - test_pairs) * self.samples_per_pair
        return samples - ceil(self.validation_share * samples)

    @model_validator(mode="after")
    def _pairs_suffice(self) -> Self:
        pairs = len(self.digits) ** 2
        if pairs < self.folds:
            raise ValueError(
                f"digits {self.digits!r} make {pairs} pairs, too few for {self.folds} folds; give more "
                "digits or fewer folds"
            )
        return self

    @model_validator(mode="after")
    def _networks_fit_pictures(self) -> Self:
        fitting = _IMAGE_NETWORKS[self.picture]
        if self.reads not in fitting:
            listed = ", ".join(map(repr, fitting))
            raise ValueError(f"image_network {self.reads!r} does not read pictures {self.picture!r}; give {listed}")
        if not self.bounded_warps and self.reads != "spline":
            raise ValueError(f"bounded_warps: image network {self.reads!r} has no spline warps; leave it true")
        return self

    @model_validator(mode="after")
    def _best_can_be_told(self) -> Self:
        if self.saved_weights == "best" and not self.validation_share and self.training_metrics == "last":
            raise ValueError(
                "saved_weights 'best' takes the row of the least validation error (without validation samples, of the "
                "least training error): give a validation_share, or training_metrics 'always'"
            )
        return self
