"""The results folder: files that survive kills, full disks and second processes."""

from nalm.results.store.folder import Store

__all__ = ["Store"]
