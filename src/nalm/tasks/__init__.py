"""Tasks: what a network is to learn, where its training data come from, and how it is judged."""

from typing import Annotated, Any, get_args

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
"""Any task; which one, `kind` tells. This is the table of tasks."""

TASKS: dict[str, Any] = {
    kind: model for model in get_args(get_args(Task)[0]) for kind in get_args(model.model_fields["kind"].annotation)
}
"""The class of each kind of task."""

DigitTask = Annotated[StaticDigits | SequentialDigits, Field(discriminator="kind")]
"""Either digit task."""

__all__ = [
    "OPERATIONS",
    "TASKS",
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
