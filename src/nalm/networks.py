"""The old place of `nalm.runs.network`."""

from nalm.runs.network import LayerSettings as LayerSettings
from nalm.runs.network import NetworkSettings as NetworkSettings
