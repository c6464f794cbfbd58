"""Tasks: what a network is to learn, where its training data come from, and how it is judged."""

from nalm.tasks._arithmetic import ArithmeticTask
from nalm.tasks._distributions import Benford, Distribution, Exponential, TruncatedNormal, Uniform
from nalm.tasks._layout import Layout
from nalm.tasks._operations import OPERATIONS, Operation, OperationInfo
from nalm.tasks._ranges import Range
from nalm.tasks._training_stream import Raw, TrainingStream

Task = ArithmeticTask

__all__ = [
    "OPERATIONS",
    "ArithmeticTask",
    "Benford",
    "Distribution",
    "Exponential",
    "Layout",
    "Operation",
    "OperationInfo",
    "Range",
    "Raw",
    "Task",
    "TrainingStream",
    "TruncatedNormal",
    "Uniform",
]
