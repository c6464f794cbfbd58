"""Tasks: what a network is to learn, where its training data come from, and how it is judged."""

from typing import Annotated

from pydantic import Field

from nalm.tasks.arithmetic import ArithmeticTask
from nalm.tasks.distributions import Benford, Distribution, Exponential, TruncatedNormal, Uniform
from nalm.tasks.layout import Layout
from nalm.tasks.operations import Operation
from nalm.tasks.ranges import Range
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits
from nalm.tasks.training_stream import Raw, TrainingStream

Task = ArithmeticTask

DigitTask = Annotated[StaticDigits | SequentialDigits, Field(discriminator="kind")]
"""Either digit task, told apart by `kind`."""

__all__ = [
    "ArithmeticTask",
    "Benford",
    "DigitTask",
    "Distribution",
    "Exponential",
    "Layout",
    "Operation",
    "Range",
    "Raw",
    "SequentialDigits",
    "StaticDigits",
    "Task",
    "TrainingStream",
    "TruncatedNormal",
    "Uniform",
]
