"""Runs as data: one network, one task, one seed, and every setting that the result depends on."""

from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.run import AnyRun, DigitRun, Run
from nalm.runs.settings import TrainingSettings

__all__ = ["AnyRun", "DigitRun", "LayerSettings", "NetworkSettings", "Run", "TrainingSettings"]
