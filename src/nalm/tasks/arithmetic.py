"""Arithmetic tasks: one operation on sums over subsets of the inputs.

Trask et al. (2018), "Neural Arithmetic Logic Units", section 4.1, in the form of Madsen & Johansen (2020),
"Neural Arithmetic Units", section 4.1 (100 inputs), and of Mistry et al. (2022), "A Primer for Neural
Arithmetic Logic Modules", section 5 (two inputs).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from math import floor
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_serializer, model_validator

from nalm.streams import DataStream, Family, FastStream, Floats, PaperStream
from nalm.tasks.distributions import Distribution, Uniform
from nalm.tasks.layout import Layout, Slice, layout, operand_slices
from nalm.tasks.operations import Operation, apply, lane_sum, operands_read
from nalm.tasks.ranges import Range
from nalm.tasks.training_stream import AnyDistribution, Raw, TrainingStream, draw_batch, values

Float32 = NDArray[np.float32]
Part = Literal["validation", "test"]

_SIZES: dict[str, dict[str, Any]] = {
    "single-module": {"input_size": 2, "subset_ratio": 0.5, "overlap_ratio": 0.0},
    "arithmetic-dataset": {"input_size": 100, "subset_ratio": 0.25, "overlap_ratio": 0.5},
}
_SIMPLE_INPUTS = 4
# float64 values worked on at a time: they stay in a core's cache, and below the size that malloc maps anew
# every time
_SCRATCH = 2**15
# the original's fixed seeds; validation and test inputs are the same for every run
_PAPER_SEEDS: dict[Part, int] = {"validation": 43953907, "test": 8689336}


class ArithmeticTask(BaseModel):
    """Learn `t = a operation b`, a and b sums over contiguous, possibly overlapping subsets of the inputs.

    Training and validation inputs come from the interpolation range, test inputs from the extrapolation
    range; every training batch is fresh. The seed decides which inputs form the operands (moved together
    by one random offset).

    Args:
        kind: "single-module" (defaults: 2 inputs, subset ratio 0.5, no overlap) or "arithmetic-dataset"
            (100 inputs, 0.25, 0.5). Data differ in nothing else; published thresholds and
            `constraints = "released"` depend on the kind as well.
        operation: a name of `OPERATIONS`, which says how many of the subsets it takes.
        input_size: number of inputs D.
        subset_ratio: an operand has floor(ratio D) inputs.
        overlap_ratio: neighbours share floor(ratio width) inputs.
        subsets: number of operands.
        output_size: number of outputs of the network, each of which has the same target.
        simple: the fixed function of four inputs (Madsen & Johansen, section 4.1.1): a sums all four, b
            the first two.
        interpolation_range: inputs of training and validation.
        extrapolation_range: inputs of the test set.
        distribution: of the inputs within the range.

    Raises:
        pydantic.ValidationError: a value outside its allowed range, operands that do not fit into the
            inputs, an operation that needs more operands than there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainer: ClassVar[str] = "stacked"
    unit_key: ClassVar[None] = None

    kind: Literal["single-module", "arithmetic-dataset"]
    operation: Operation
    input_size: int = Field(ge=1, le=10**6)
    subset_ratio: float = Field(gt=0, le=1)
    overlap_ratio: float = Field(ge=0, le=1)
    subsets: int = Field(default=2, ge=1, le=10**4)
    output_size: int = Field(default=1, ge=1, le=10**4)
    simple: bool = False
    interpolation_range: Range = Range([1, 2])
    extrapolation_range: Range = Range([2, 6])
    distribution: Distribution = Uniform()

    @model_serializer(mode="wrap")
    def _without_one_output(self, serialize: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        # tasks of one output keep the content, and runs the identity, that they had before there were others
        content = serialize(self)
        if content.get("output_size") == 1:
            del content["output_size"]
        return content

    @model_validator(mode="before")
    @classmethod
    def _fill_sizes(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        simple = {"input_size": _SIMPLE_INPUTS} if data.get("simple") is True else {}
        kind = data.get("kind")
        return {**_SIZES.get(kind if isinstance(kind, str) else "", {}), **simple, **data}

    @model_validator(mode="after")
    def _operands_fit(self) -> Self:
        if self.simple:
            if (self.input_size, self.subsets) != (_SIMPLE_INPUTS, 2):
                raise ValueError(
                    f"simple: the four-input function has 4 inputs and 2 subsets, not {self.input_size} and "
                    f"{self.subsets}"
                )
        elif floor(self.subset_ratio * self.input_size) < 1:
            raise ValueError(
                f"subset_ratio {self.subset_ratio:g} of {self.input_size} inputs leaves operands empty; "
                f"give at least {1 / self.input_size:g}"
            )
        elif (used := self.operand_slices[-1][1]) > self.input_size:
            raise ValueError(
                f"{self.subsets} subsets of ratio {self.subset_ratio:g} with overlap {self.overlap_ratio:g} "
                f"take {used} inputs, but input_size is {self.input_size}; make them smaller or overlap more"
            )
        if self.subsets < (taken := operands_read(self.operation, self.subsets)):
            raise ValueError(f"operation {self.operation!r} takes {taken} operands, but subsets is {self.subsets}")
        benford = self.distribution.family == "benford"
        for name in ("interpolation_range", "extrapolation_range") if benford else ():
            self._check_benford(name, getattr(self, name))
        return self

    def _check_benford(self, name: str, range_: Range) -> None:
        from nalm.tasks.distributions import Benford

        low, high = Benford.rest(range_.intervals[0])
        if range_.is_pair or low < 0 or low >= high:
            raise ValueError(f"{name} {range_}: benford takes one range of at least [10,20], such as [10,100]")

    @property
    def is_plain(self) -> bool:
        """Whether its data are those of this class, which compiled code makes too: not if another inherits from it."""
        return type(self) is ArithmeticTask

    def threshold(self) -> float:
        """Return the extrapolation error below which a run is solved (`nalm.tasks.thresholds`)."""
        from nalm.tasks.thresholds import threshold

        return threshold(self)

    @property
    def in_features(self) -> int:
        """Inputs of the network."""
        return self.input_size

    @property
    def out_features(self) -> int:
        """Outputs of the network."""
        return self.output_size

    @property
    def target_features(self) -> int:
        """Numbers of a row behind its inputs: a target of each output."""
        return self.out_features

    @property
    def operand_slices(self) -> tuple[Slice, ...]:
        """First (inclusive) and last (exclusive) input of each operand, before a seed's offset moves them."""
        return operand_slices(self.input_size, self.subset_ratio, self.overlap_ratio, self.subsets, self.simple)

    def apply(self, operands: Sequence[Floats]) -> Floats:
        """Return the operation, elementwise on operand sums."""
        return apply(self.operation, operands)

    def sample_inputs(self, stream: DataStream, samples: int, extrapolation: bool) -> Floats:
        """Draw inputs `[samples, inputs]` of the extrapolation or the interpolation range."""
        range_ = self.extrapolation_range if extrapolation else self.interpolation_range
        raw = draw_batch(stream, self.distribution, range_, (samples, self.input_size))
        return values(raw, self.distribution, range_, extrapolation)

    def layout(self, seed: int, streams: Family) -> Layout:
        """Which inputs form the operands for `seed`, and the seed of its training data."""
        return layout(self.operand_slices, self.input_size, not self.simple, seed, streams)

    def operands(self, seed: int, streams: Family) -> tuple[Slice, ...]:
        """Return the slices of the inputs that the operation reads for `seed`."""
        return self.layout(seed, streams).slices[: operands_read(self.operation, self.subsets)]

    def evaluation_key(self, seed: int, streams: Family) -> Hashable:
        """All that validation and test sets take from the seed."""
        return self.layout(seed, streams).slices

    def stream_key(self, seed: int, streams: Family) -> Hashable:
        """Return the key of the raw numbers that runs (of equal batch sizes) read, whatever their single range."""
        raw = self.distribution.raw_key(self.interpolation_range)
        pair = self.interpolation_range.is_pair
        return (type(self), streams, self.layout(seed, streams).training_seed, self.input_size, pair, raw)

    def open_stream(self, seed: int, streams: Family, batch_size: int) -> TrainingStream:
        """Return the raw random numbers of the training data of `seed`, from the first batch on."""
        stream = _stream(self.layout(seed, streams).training_seed, "training data", streams)
        shape = (batch_size, self.input_size)
        return TrainingStream(stream, self.distribution, self.interpolation_range, shape)

    def batches(self, raw: Raw, seed: int, streams: Family) -> tuple[Float32, Float32]:
        """Return inputs `[steps, inputs, batch]` and targets `[steps, outputs, batch]` of the batches of `raw`.

        Computed in float64 in the order of the original code, then rounded.
        """
        steps, batch, _ = raw.parts[0].shape
        x = np.empty((steps, self.in_features, batch), dtype=np.float32)
        t = np.empty((steps, self.out_features, batch), dtype=np.float32)
        self._write(raw, seed, streams, x, t)
        return x, t

    def write_batches(self, raw: Raw, seed: int, streams: Family, out: Float32) -> None:
        """Write inputs, then targets, of the batches of `raw` into `out` `[steps, inputs + outputs, batch]`.

        The same numbers as `batches`, without memory of their own: an array that is used again costs a
        quarter.
        """
        self._write(raw, seed, streams, out[:, : self.in_features], out[:, self.in_features :])

    def _write(self, raw: Raw, seed: int, streams: Family, x: Float32, t: Float32) -> None:
        slices = self.operands(seed, streams)
        steps = max(1, _SCRATCH // (x.shape[1] * x.shape[2]))
        for first in range(0, len(x), steps):
            block = slice(first, first + steps)
            parts = tuple(part[:, block] for part in raw.lanes)
            exact = values(parts, self.distribution, self.interpolation_range, extrapolation=False)
            x[block] = exact.swapaxes(0, 1)
            t[block] = self.apply([lane_sum(exact, start, stop) for start, stop in slices])[:, None]

    def evaluation_set(self, part: Part, seed: int, streams: Family, samples: int) -> tuple[Float32, Float32]:
        """Return inputs `[samples, inputs]` (read-only), targets `[samples, outputs]` of validation or test set."""
        is_test = part == "test"
        range_ = self.extrapolation_range if is_test else self.interpolation_range
        exact, x = _evaluation_inputs(part, range_, self.distribution, streams, samples, self.input_size)
        slices = self.operands(seed, streams)
        t = self.apply([exact[:, start:stop].sum(axis=1) for start, stop in slices])
        return x, np.repeat(t[:, None].astype(np.float32), self.out_features, axis=1)


def _stream(seed: int, purpose: str, streams: Family) -> DataStream:
    return PaperStream(seed) if streams == "paper" else FastStream(seed, purpose)


@lru_cache(maxsize=32)
def _evaluation_inputs(
    part: Part, range_: Range, distribution: AnyDistribution, streams: Family, samples: int, inputs: int
) -> tuple[Floats, Float32]:
    """Return inputs `[samples, inputs]` in float64 and float32; they depend on no run's seed."""
    stream = _stream(_PAPER_SEEDS[part] if streams == "paper" else 0, part, streams)
    raw = draw_batch(stream, distribution, range_, (samples, inputs))
    exact = values(raw, distribution, range_, extrapolation=part == "test")
    rounded = exact.astype(np.float32)
    exact.flags.writeable = rounded.flags.writeable = False
    return exact, rounded
