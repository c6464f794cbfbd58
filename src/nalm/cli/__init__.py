"""The command line: a thin layer that reads options, calls the other parts and prints."""

from nalm.cli._app import app, main

__all__ = ["app", "main"]
