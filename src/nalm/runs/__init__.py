"""Runs as data: one network, one task, one seed, and every setting that the result depends on."""

from nalm.runs.network import LayerSettings, NetworkSettings
from nalm.runs.run import Run
from nalm.runs.settings import TrainingSettings

__all__ = ["LayerSettings", "NetworkSettings", "Run", "TrainingSettings"]
