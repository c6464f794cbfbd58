"""The old place of `nalm.runs.settings`."""

from nalm.runs.settings import TrainingSettings as TrainingSettings
