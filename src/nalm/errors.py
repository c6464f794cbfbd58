"""The exceptions that nalm raises on purpose.

Every message is one line that says what is wrong, where, what was given and what would be right; the command line
prints it and exits with the class's `exit_status`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NalmError(Exception):
    """Root of all errors raised by nalm on purpose."""

    exit_status = 1


class InputError(NalmError):
    """Something that the user gave (name, file, option, range, shape) is wrong."""

    exit_status = 2


class StudyError(InputError):
    """A study file or one of its settings is wrong; `problems` holds one line per problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StoreError(InputError):
    """A results folder cannot be used: another study's, unwritable, or damaged."""


class DataError(InputError):
    """A data set is missing, truncated, or not the one expected."""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` for the known name nearest to `name`, or an empty string."""
    nearest = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def missing_package(what: str, package: str, extra: str) -> InputError:
    """Return the error of something that needs a package which only an extra of nalm brings."""
    return InputError(f"{what} needs the package {package}, which is not installed; pip install 'nalm[{extra}]'")
