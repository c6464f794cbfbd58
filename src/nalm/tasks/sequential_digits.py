"""The sequential digit task: everything that a run's result depends on, apart from its seed."""

from __future__ import annotations

from math import ceil
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from nalm.tasks._digits import DIGITS, TRAINING_DIGITS, DigitSettings

CELLS = ("solved", "pass_through", "rnn_tanh", "rnn_relu", "gru", "lstm", "mclstm")
"""Cells of the sequential task beside the units."""

_SEQUENTIAL_DEFAULTS: dict[str, dict[str, Any]] = {
    "mul": {"digits": "123456789", "training_length": 2, "test_lengths": tuple(range(1, 21))},
    "add": {"digits": DIGITS, "training_length": 10, "test_lengths": (1, 10, *range(100, 1001, 100))},
}

_IMAGE = 28 * 28


class SequentialDigits(DigitSettings):
    """Sequential MNIST product and sum: after each image the product (sum) so far is asked for.

    Madsen & Johansen (2020), "Neural Arithmetic Units", section 4.3; Mistry et al. (2022), section 6.2.
    Tested on longer sequences than trained on.

    With `constraints="released"` the noise of an sNMU stays on in evaluation. In training its input penalty sees
    noisy inputs in either case.

    Attributes:
        operation: `"mul"` or `"add"`.
        cell: `"solved"` (the operation itself: the reference), `"pass_through"` (the label alone), `rnn_tanh`,
            `rnn_relu`, `gru`, `lstm`, `mclstm`, or any unit, with label and state as its inputs; of several layers,
            their names.
        training_length: Images per training sequence.
        test_lengths: Images per test sequence.
        outputs: Numbers that the image network reads from an image; the reference takes one.
        initial_state: State before the first image; by default 1 for units that multiply and do not add, and
            for the solved product, else 0.
        ramp_start: Update up to which the sparsity penalty is off.
        ramp_end: Update from which on it is fully on.
        input_penalty: Factor of the penalty that pulls unused inputs to the neutral element.
        pcc_to_mse_iteration: Update from which on the criterion `"pcc-mse"` is the squared error.
    """

    ramp_counts: ClassVar[str] = "updates"
    unit_key: ClassVar[str] = "cell"
    added: ClassVar[tuple[str, ...]] = tuple(
        name for name in DigitSettings.added if name not in ("input_penalty", "bounds_penalty")
    )

    kind: Literal["sequential-digits"] = "sequential-digits"
    operation: Literal["mul", "add"] = "mul"
    cell: str = "nmu"
    training_length: int = Field(ge=1, le=10**6)
    test_lengths: tuple[int, ...] = Field(min_length=1)
    outputs: int = Field(default=1, ge=1, le=10**4)
    initial_state: float | None = Field(default=None, ge=-1e30, le=1e30)
    batch_size: int = Field(default=64, ge=1, le=10**6)
    sparsity_penalty: float = Field(default=10.0, ge=0)
    ramp_start: int = Field(default=10_000, ge=0)
    ramp_end: int = Field(default=100_000, ge=1)
    input_penalty: float = Field(default=1.0, ge=0)
    pcc_to_mse_iteration: int = Field(default=7500, ge=0)
    evaluation_interval: int = Field(default=5, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        operation = data.get("operation", "mul")
        return {**_SEQUENTIAL_DEFAULTS.get(operation if isinstance(operation, str) else "", {}), **data}

    @property
    def unit(self) -> str:
        """The cell."""
        return self.cell

    @property
    def sequences(self) -> int:
        """Training sequences."""
        return self._images // self.training_length

    @property
    def rows(self) -> int:
        """Sequences of the largest batch."""
        return min(self.batch_size, self.sequences)

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers that are in memory at once, by the setting that asks for them and what they are."""
        numbers = self.training_length * max(_IMAGE, self.outputs)
        return {f"batch_size: {self.rows:,} sequences of {numbers:,} numbers": self.rows * numbers}

    def updates(self, seed: int) -> int:
        """Return the number of updates of a run."""
        del seed
        return self.epochs * ceil(self.sequences / self.batch_size)

    @property
    def _images(self) -> int:
        return sum(TRAINING_DIGITS[self.dataset][int(digit)] for digit in self.digits)

    @model_validator(mode="after")
    def _lengths_are_positive(self) -> Self:
        if min(self.test_lengths) < 1 or len(set(self.test_lengths)) < len(self.test_lengths):
            raise ValueError(f"test_lengths {list(self.test_lengths)}: give different lengths of at least 1")
        if self.cell in ("solved", "pass_through") and self.outputs != 1:
            raise ValueError(f"cell {self.cell!r} takes one label per image, but outputs is {self.outputs}")
        return self

    @model_validator(mode="after")
    def _images_suffice(self) -> Self:
        if not self.sequences:
            raise ValueError(
                f"training_length {self.training_length}: there are {self._images} training images of the digits "
                f"{self.digits!r} in {self.dataset!r}"
            )
        return self
