"""The command line: a thin layer that reads options, calls the other parts and prints."""

from nalm.cli._main import main

__all__ = ["main"]
