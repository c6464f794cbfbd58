"""The old place of `nalm.tasks.static_digits` and `nalm.tasks.sequential_digits`."""

from nalm.tasks.sequential_digits import SequentialDigits as SequentialDigits
from nalm.tasks.static_digits import StaticDigits as StaticDigits
