"""The models of a digit study: which there are in its records, and how they are called in figures."""

from __future__ import annotations

from collections.abc import Sized

import polars as pl

from nalm.errors import InputError
from nalm.results.titles import math_title, unit_title

SOLVED = "solved"
"""Name, in studies, of the network whose accumulator or output stage is the operation itself."""


def check_not_empty(results: Sized) -> None:
    """Refuse a long table without rows, or a summary without groups.

    Raises:
        InputError: it has none.
    """
    if not len(results):
        raise InputError("figure: there are no finished runs to show; nalm run trains them")


def models_of(records: pl.DataFrame) -> list[str]:
    """Return the names of the models in the order of the study."""
    return records["unit"].unique(maintain_order=True).to_list()


def rows_of(records: pl.DataFrame, model: str) -> pl.DataFrame:
    """Return the rows of a model."""
    return records.filter(unit=model)


def stage_title(model: str, records: pl.DataFrame) -> str:
    """Return how an output stage of the static task is called; a solved one by its operation."""
    if model == SOLVED:
        return str(rows_of(records, model)["operation"][0])
    return model_title(model)


def model_title(model: str) -> str:
    """Return how a unit is called, as a formula where it has a subscript."""
    title = unit_title(model)
    return math_title(title) or title
