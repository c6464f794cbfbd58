"""Tasks: what a network is to learn, where its training data come from, and how it is judged."""

from typing import Annotated

from pydantic import Field

from nalm.tasks.arithmetic import ArithmeticTask
from nalm.tasks.distributions import Benford, Distribution, Exponential, TruncatedNormal, Uniform
from nalm.tasks.layout import Layout
from nalm.tasks.operations import OPERATIONS, Operation, OperationInfo
from nalm.tasks.ranges import Range
from nalm.tasks.sequential_digits import SequentialDigits
from nalm.tasks.static_digits import StaticDigits
from nalm.tasks.training_stream import Raw, TrainingStream

Task = Annotated[ArithmeticTask | StaticDigits | SequentialDigits, Field(discriminator="kind")]
"""Any task; which one, `kind` tells."""

DigitTask = Annotated[StaticDigits | SequentialDigits, Field(discriminator="kind")]
"""Either digit task."""

__all__ = [
    "OPERATIONS",
    "ArithmeticTask",
    "Benford",
    "DigitTask",
    "Distribution",
    "Exponential",
    "Layout",
    "Operation",
    "OperationInfo",
    "Range",
    "Raw",
    "SequentialDigits",
    "StaticDigits",
    "Task",
    "TrainingStream",
    "TruncatedNormal",
    "Uniform",
]
