"""The old place of `nalm.tasks.thresholds`."""

from nalm.tasks.thresholds import simulated_threshold as simulated_threshold
from nalm.tasks.thresholds import threshold as threshold
