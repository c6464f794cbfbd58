"""Tables that the search was not made for: only what is true is called exact, and every table has an answer.

The suite tries a few of each kind, always the same; `make tables NALM_TABLES=200` tries more.
"""

import os

import numpy as np
import pytest

from nalm.regression import search
from support.held_back import TABLES

COUNT = int(os.environ.get("NALM_TABLES", "4"))
SECONDS = float(os.environ.get("NALM_TABLES_SECONDS", "2"))


def is_law(formula, drawn):
    """Whether a formula has the law's values, up to what noise leaves unknown of a factor."""
    if drawn.law is None:
        return False
    law, allowed = drawn.law(drawn.near), 1e-3 if drawn.noise else 1e-6
    return bool(np.sqrt(((formula(drawn.near) - law) ** 2).mean()) <= allowed * np.sqrt((law**2).mean()))


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("kind", list(TABLES))
def test_only_what_is_true_is_called_exact(kind, number):
    drawn = TABLES[kind](number)
    names = [f"x{place + 1}" for place in range(drawn.x.shape[1])]
    result = search(drawn.x, drawn.y, names, max_seconds=SECONDS, seed=0)
    for entry in result.entries:
        assert not entry.verdict.exact or is_law(entry.formula, drawn), f"{drawn.text}: {entry.text}"
        assert entry.verdict.reason
        assert np.isfinite(entry.formula(drawn.x)).all()


@pytest.mark.heavy
@pytest.mark.parametrize("number", range(COUNT))
def test_least_squares_on_the_same_rows_is_never_better(number):
    """Neither of the inputs nor of their logarithms, on new rows, unless by the noise."""
    drawn = TABLES["inside"](number)
    result = search(drawn.x, drawn.y, [str(place) for place in range(drawn.x.shape[1])], max_seconds=SECONDS, seed=0)
    law = drawn.law(drawn.near)
    own = ((result.chosen.formula(drawn.near) - law) ** 2).mean()
    design = [np.column_stack([x, np.ones(len(x))]) for x in (drawn.x, drawn.near)]
    sums = design[1] @ np.linalg.lstsq(design[0], drawn.y, rcond=None)[0]
    assert own <= max(1.1 * ((sums - law) ** 2).mean(), 1e-6 * (law**2).mean() + 0.1 * drawn.noise**2 * law.var())
