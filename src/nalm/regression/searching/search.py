"""The search for the formula behind a table, simple forms first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice

import numpy as np

from nalm.regression.algebra.formula import Formula
from nalm.regression.judgement.exactness import is_exact_to_rounding
from nalm.regression.judgement.neighbours import split_does_as_well
from nalm.regression.judgement.residuals import left_over
from nalm.regression.searching import closed_forms, ladder
from nalm.regression.searching.budget import Budget
from nalm.regression.searching.candidates import Pool, Rows, polish_work
from nalm.regression.searching.dictionary import (
    CUBES,
    POWERS,
    Chosen,
    Letters,
    as_formula,
    exchanged,
    none_chosen,
    scan_work,
    widen,
)
from nalm.regression.searching.pruning import product_of_sums
from nalm.regression.searching.restarts import State
from nalm.regression.searching.screening import importance, supports
from nalm.regression.searching.variants import grown, simpler
from nalm.regression.searching.workers import Task, pending, run

_ROUNDS = 4
_CHEAP = 0.3
"""Restarts that take fewer nominal seconds are made even where a formula explains the table already."""
_FIRST = 1.5
"""Restarts of fewer nominal seconds, as they are weighed, come before sums of products of three."""
_POLISHED = 2
"""Ends of one form's restarts that are polished."""
_MOST_TERMS = 6
_MISSES = 2
"""After more terms in vain than this a sum is not made longer."""
_SCANS = 0.02
_WIDTHS = (3, 24)
"""The beam is as wide as these nominal seconds a product allow, within limits."""
_EXCHANGED = 3
_QUICK_SCAN = 0.004
"""Products are exchanged where looking at all of them takes fewer nominal seconds."""
_ALPHABETS = (POWERS[:1], POWERS[:2], (POWERS[0], POWERS[2]), CUBES, POWERS)
"""Powers of inputs that are multiplied, simple ones first."""
_MOST_LETTERS = 240
_MOST_TRIPLE_LETTERS = 72
_SCAN_ROWS = 600
_MOST_ROWS = 1500
_MOST_SIMPLIFIED = 64
_SUMS = ("NAU", "NMRU-NAU")
_MOST_VARIANTS = 100


class Search:
    """One search: its rows, what it has found, and what it may still spend."""

    def __init__(self, rows: Rows, budget: Budget, seed: int, report: Callable[[str], None], workers: int = 1) -> None:
        self.rows, self.budget, self.seed, self.report, self.workers = rows, budget, seed, report, workers
        self.pool = Pool(rows, self._over)
        self._explains: dict[Formula, bool] = {}
        self._done: set[Task] = set()
        self._varied: set[Formula] = set()

    def _over(self) -> bool:
        return self.budget.over

    def run(self) -> Pool:
        """Climb the ladder until a formula explains the table, or everything planned is done."""
        if np.ptp(self.rows.y) == 0:
            return self.pool
        closed = (self._sums, self._products, self._powers_of_sums)
        for rung in (*closed, self._pairs, self._few_inputs, self._triples, self._all_inputs):
            rung()
            self._vary()
            if self.budget.over or self.is_exact():
                break
        else:
            self._more()
        self._simplify()
        return self.pool

    def is_exact(self) -> bool:
        """Return whether the best formula meets all rows to rounding."""
        best = self.pool.best
        return is_exact_to_rounding(best.formula, self.rows.x, self.rows.y)

    def explains(self) -> bool:
        """Return whether the best formula leaves nothing but noise, with simple weights in its products of sums."""
        formula = self.pool.best.formula
        sums = any(len(factor.weights) > 1 for factor in formula.factors())
        if sums and formula.free > formula.scale.is_free:
            return False  # weights in products that are not simple may be those of another product
        if formula not in self._explains:
            self._explains[formula] = bool(formula.inputs) and not self._leaves_more_than_noise(formula)
        return self._explains[formula]

    def _leaves_more_than_noise(self, formula: Formula) -> bool:
        x, y = self.rows.x, self.rows.y
        if left_over(y - formula(x), formula, x) or split_does_as_well(formula, x, y):
            return True
        return grown(formula, *self._restart_rows()) is not None

    def _sums(self) -> None:
        self.report("sums")
        rng = np.random.default_rng([self.seed, 1])
        for formula in closed_forms.sums(self.rows.fit_x, self.rows.fit_y, rng, self._over):
            self.pool.add(formula, "NAU", 1.0)

    def _powers_of_sums(self) -> None:
        self.report("powers of sums")
        for formula in closed_forms.powers_of_sums(self.rows.fit_x, self.rows.fit_y):
            if self.budget.over:
                return
            if self.pool.is_worth(formula):
                self.pool.add(formula, "NAU-NPU", 1.0)

    def _products(self) -> None:
        self.report("products")
        for formula in closed_forms.products(self.rows.fit_x, self.rows.fit_y):
            if self.budget.over:
                return
            self.pool.add(formula, "NPU", 1.0)
            if self.is_exact():
                return

    def _pairs(self) -> None:
        self.report("sums of products of two")
        inputs = self.rows.x.shape[1]
        for powers in _ALPHABETS:
            if powers == _ALPHABETS[0] or len(powers) * inputs <= _MOST_LETTERS:
                self._dictionary(list(range(inputs)), powers, degree=2)
            if self.budget.over or self.is_exact():
                return

    def _triples(self) -> None:
        self.report("sums of products of three")
        order = np.argsort(-self._importance(), kind="stable")
        columns = order[: max(3, _MOST_TRIPLE_LETTERS // 3)]
        self._dictionary(sorted(int(column) for column in columns), (POWERS[0], POWERS[1], POWERS[2]), degree=3)

    def _dictionary(self, columns: Sequence[int], powers: Sequence[Fraction], degree: int) -> None:
        rows = self._some_rows(_SCAN_ROWS)
        x, y = self.rows.fit_x[rows], self.rows.fit_y[rows]
        letters = Letters.of(x, columns, powers)
        beam: list[Chosen] = [none_chosen(y)]
        scan = scan_work(letters, degree)
        width = int(np.clip(_SCANS / max(scan, 1e-9), *_WIDTHS))
        exchanges = _EXCHANGED if scan < _QUICK_SCAN else 0
        shortest, misses = self.pool.best.length, 0
        for size in range(1, _MOST_TERMS + 1):
            # each choice of the beam, then each exchange of a product of the best, is one scan a product
            cost = scan * (size + 1) * (len(beam) + size * exchanges)
            if self.budget.over or not self.budget.plan(cost):
                return
            beam = widen(beam, letters, degree, width, self._over)
            if not beam:
                return
            if size > 1 and exchanges:
                better = [exchanged(chosen, letters, degree, exchanges, y, self._over) for chosen in beam[:exchanges]]
                beam = sorted([*better, *beam[exchanges:]], key=lambda chosen: chosen.squares)
            found = self.pool.add(as_formula(beam[0], letters, offset=True), "NMRU-NAU", 1.0)
            if found is not None and found.length < shortest:
                shortest, misses = found.length, 0
            else:
                misses += 1
            if misses > _MISSES or self.is_exact():
                return

    def _importance(self) -> np.ndarray:
        if not hasattr(self, "_score"):
            self._score = importance(self.rows.fit_x, self.rows.fit_y)
        return self._score

    def _few_inputs(self) -> None:
        self.report("products of sums of few inputs")
        self._climb(0, _FIRST)

    def _all_inputs(self) -> None:
        self.report("products of sums")
        self._climb(0)

    def _more(self) -> None:
        for round_ in range(1, _ROUNDS):
            if self.explains():
                return
            self.report(f"products of sums, round {round_ + 1}")
            self._climb(round_)
            self._vary()
            if self.budget.over or self.is_exact():
                return

    def _vary(self) -> None:
        """Add what the best formula lacks and take out of it what it does not need, as long as that makes it better."""
        best = None
        while best is not self.pool.best:
            best = self.pool.best
            free_powers = any(factor.power.is_free for factor in best.formula.factors())
            if best.formula in self._varied or free_powers or self.is_exact():
                return
            self._varied.add(best.formula)
            for formula in self._variants(best.formula):
                if self.budget.over or not self.budget.plan(polish_work(len(self.rows.fit_y), formula.free)):
                    return
                form = best.form if len(formula.terms) == len(best.formula.terms) else _with_terms(best.form)
                self.pool.add(formula, form, best.agreement)
                if self.pool.best is not best:
                    break

    def _variants(self, formula: Formula) -> Iterator[Formula]:
        longer = grown(formula, *self._restart_rows())
        if longer is not None:
            yield longer
        yield from islice(simpler(formula), _MOST_VARIANTS)

    def _climb(self, round_: int, most: float = math.inf) -> None:
        """Restart forms on sets of inputs, but none that takes more than `most` nominal seconds as it is weighed."""
        sets = [*supports(self._importance()), closed_forms.independent(self.rows.fit_x)]
        x, y = self._restart_rows()
        planned = ladder.tasks(sets, x, y, self.seed, round_)
        chosen = [one for one in planned if one.weighed <= most and one.task not in self._done]
        waiting = pending([one.task for one in chosen], x, y, self.budget, self.workers)
        for one, started in zip(chosen, waiting, strict=True):
            if self.budget.over or self.is_exact() or (one.work > _CHEAP and self.explains()):
                return
            if self.budget.plan(one.work):
                self._done.add(one.task)
                self._polish(one.task, started.ends())

    def _restart_rows(self) -> tuple[np.ndarray, np.ndarray]:
        rows = self._some_rows(_MOST_ROWS)
        return self.rows.fit_x[rows], self.rows.fit_y[rows]

    def _polish(self, task: Task, ends: Sequence[State]) -> None:
        for end in ends[:_POLISHED]:
            if self.budget.over:
                return
            formula = product_of_sums(end.weights, task.form.exponents(), task.columns, self.rows.fit_x)
            if self.pool.is_worth(formula):
                self.pool.add(formula, task.form.name, end.agreement)

    def _simplify(self) -> None:
        """Look for a product of sums that is shorter than the sum that was found of the same inputs."""
        best = self.pool.best
        columns = best.formula.inputs
        if best.form not in _SUMS or not 1 < len(columns) <= _MOST_SIMPLIFIED or best.complexity <= 2 * len(columns):
            return
        self.report("shorter formulas of the same inputs")
        x, y = self._restart_rows()
        for one in ladder.tasks([columns], x, y, self.seed):
            if self.budget.over:
                return
            if one.task not in self._done and self.budget.plan(one.work):
                self._polish(one.task, run(one.task, x, y, self.budget))

    def _some_rows(self, most: int) -> np.ndarray:
        """Return rows to fit to, as many as are needed to search."""
        rows = len(self.rows.fit_y)
        count = min(rows, max(most, 6 * self.rows.x.shape[1]))
        return np.linspace(0, rows - 1, count).round().astype(int)


def _with_terms(form: str) -> str:
    """Return what a form is called to which terms are added."""
    if form == "constant":
        return "NAU"
    return form if form.endswith("NAU") else f"{form}-NAU"


def held_out_rows(rows: int, inputs: int, rng: np.random.Generator) -> np.ndarray:
    """Return which rows to hold out, bool `[rows]`: 15 %, or as few as 5 where there are hardly enough rows."""
    count = max(5, round(0.15 * rows)) if rows > 1.5 * inputs else 5
    held_out = np.zeros(rows, dtype=bool)
    held_out[rng.permutation(rows)[: min(count, rows // 2)]] = True
    return held_out
