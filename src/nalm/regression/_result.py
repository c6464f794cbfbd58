"""What a search for a formula brings back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from nalm.regression._table import check_columns
from nalm.regression.algebra.writing import text
from nalm.regression.judgement.exactness import Verdict, judge
from nalm.regression.searching.budget import Budget
from nalm.regression.searching.candidates import Candidate, Pool, Rows, choose, confidence, refitted
from nalm.regression.searching.search import Search, held_out_rows

if TYPE_CHECKING:
    from nalm.regression.algebra.formula import Formula

_AS_GOOD = 1.5
"""Formulas with more than this times the best error on the rows held out are not judged: they are not exact."""
_MOST_ROWS = 5000
_JUDGING = 1e-6
"""Seconds that it takes to judge, for each number of the table."""
_RIVAL_BITS = 7.0
_RIVAL_NODES = 2


@dataclass(frozen=True)
class Entry:
    """A line of the table of formulas."""

    formula: Formula
    text: str
    form: str
    complexity: int
    error: float
    held_out_error: float
    agreement: float
    verdict: Verdict


@dataclass(frozen=True)
class Result:
    """The formulas found for a table, simple ones first.

    Args:
        names: of the inputs.
        entries: the formulas of which none is both simpler and better than another.
        best: place of the chosen one.
        confidence: share of resamples of the rows held out in which the same formula is chosen.
        cut: whether the time ended before all that was planned was tried.
    """

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    best: int
    confidence: float
    cut: bool

    @property
    def chosen(self) -> Entry:
        """The best formula."""
        return self.entries[self.best]

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the inputs that take part in the best formula."""
        return tuple(self.names[column] for column in self.chosen.formula.inputs)

    def equations(self) -> pl.DataFrame:
        """Return the table of formulas: one line each, simple ones first."""
        return pl.DataFrame(
            {
                "equation": [entry.text for entry in self.entries],
                "complexity": [entry.complexity for entry in self.entries],
                "training_error": [entry.error for entry in self.entries],
                "held_out_error": [entry.held_out_error for entry in self.entries],
                "exact": [entry.verdict.exact for entry in self.entries],
                "agreement": [entry.agreement for entry in self.entries],
                "form": [entry.form for entry in self.entries],
                "remark": [entry.verdict.reason for entry in self.entries],
            }
        )


def search(
    x: np.ndarray,
    y: np.ndarray,
    names: Sequence[str],
    *,
    max_seconds: float,
    seed: int,
    workers: int = 1,
    report: Callable[[str], None] = lambda line: None,
) -> Result:
    """Search for the formula behind a table.

    Args:
        x: `[rows, inputs]`, finite, float64.
        y: `[rows]`, finite, float64.
        names: of the inputs.
        max_seconds: how long the search may take.
        seed: of everything that is drawn.
        workers: processes that restart in parallel; what is found is the same for any number.
        report: is told what is tried.

    Raises:
        InputError: two inputs have one name, or numbers are too large or too small to be multiplied.
    """
    from threadpoolctl import threadpool_limits

    check_columns(x, y, names)
    budget = Budget(max_seconds, judging=_JUDGING * x.size)
    rng = np.random.default_rng([seed, 0])
    rows = Rows(x, y, held_out_rows(len(y), x.shape[1], rng))
    # products of matrices must not depend on how many threads a machine has
    with threadpool_limits(limits=1), np.errstate(all="ignore"):
        pool = Search(_some(rows, rng), budget, seed, report, workers).run()
        return _result(pool, rows, tuple(names), budget, rng)


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    """Return as many rows as are needed to search; what is found is fitted and judged on all."""
    most = max(_MOST_ROWS, 10 * rows.x.shape[1])
    if len(rows.y) <= most:
        return rows
    chosen = np.sort(rng.permutation(len(rows.y))[:most])
    return Rows(rows.x[chosen], rows.y[chosen], rows.held_out[chosen])


def _result(pool: Pool, rows: Rows, names: tuple[str, ...], budget: Budget, rng: np.random.Generator) -> Result:
    candidates = list(pool.candidates.values())
    best = choose(candidates)
    front = _front(candidates, best)
    entries = [_entry(candidate, pool, rows, names, best) for candidate in front]
    return Result(names, tuple(entries), front.index(best), confidence(candidates, best, rng), budget.cut)


def _front(candidates: Sequence[Candidate], best: Candidate) -> list[Candidate]:
    """Return the candidates that are better than all simpler ones, and the best."""
    front: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda one: (one.complexity, one.error)):
        if candidate is best or not front or candidate.error < 0.999 * min(one.error for one in front):
            front.append(candidate)
    return front


def _entry(candidate: Candidate, pool: Pool, rows: Rows, names: tuple[str, ...], best: Candidate) -> Entry:
    final = refitted(candidate, rows)
    if candidate.held_out_error > _AS_GOOD * best.held_out_error + 1e-9:
        verdict = Verdict(False, "worse than the best")
    else:
        verdict = judge(final.formula, rows.x, rows.y, rows.held_out)
        verdict = verdict._replace(reason=verdict.reason.format(*names))
        rival = _rival(candidate, pool)
        if verdict.exact and rival is not None:
            verdict = Verdict(False, f"{text(rival.formula, names)} does as well")
    return Entry(
        final.formula,
        text(final.formula, names),
        candidate.form,
        candidate.complexity,
        candidate.error,
        candidate.held_out_error,
        candidate.agreement,
        verdict,
    )


def _rival(candidate: Candidate, pool: Pool) -> Candidate | None:
    """Return another function of the same size that describes the rows as shortly."""
    values = candidate.formula(pool.rows.x)
    for other in pool.candidates.values():
        if other.complexity > candidate.complexity + _RIVAL_NODES or other.length > candidate.length + _RIVAL_BITS:
            continue
        difference = other.formula(pool.rows.x) - values
        if np.abs(difference).max() > 1e-9 * pool.spread:
            return other
    return None
