"""Who finds the formula behind a table: nalm and its rivals on 32 problems, in this process and on one budget.

    python benchmarks/formulas.py [--problems 19:25 noise] [--rivals nalm gplearn] [--seeds 10] [--seconds 10]
                                  [--to FILE.jsonl] [--report]

Problems are numbers or ranges from 1 to 32, `noise` and `outside` (20 tables each), or `all`. What the file holds
already is not measured again. `--report` measures nothing; it writes the tables and the figure of
docs/formula-benchmark.md. The rivals need `pip install 'nalm[rivals]'`.

A formula is recovered if it names the law's inputs and no other, is no more than twice as long, and, its numbers
rounded to four digits, has the law's values to 1e-3 far outside the table. A prediction extrapolates if its error there
is below 1e-6 of the law's size, with noise below a tenth of the noise.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import sympy
from rich.console import Console

from formula_problems import Problem, choose
from formula_report import summary, write
from formula_rivals import RIVALS, Found

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
_OVERRUN = 1.5
"""A rival that takes more than this times its budget is stopped, and has found nothing."""
_DIGITS = 4
_CLOSE = 1e-3
_EXACT = 1e-6
_LONGEST = 20_000
_MORE_NODES = 10

Row = dict[str, Any]


class OutOfTimeError(Exception):
    """A rival did not end."""


@dataclass(frozen=True)
class Score:
    """How good a formula is."""

    recovered: bool
    nodes: int | None
    precision: float | None
    recall: float | None


def parse(text: str, inputs: int) -> sympy.Expr:
    """Return a formula as a sympy expression."""
    names: dict[str, Any] = {f"x{place}": sympy.Symbol(f"x{place}") for place in range(1, inputs + 1)}
    names |= {"Sub": lambda left, right: left - right, "Div": lambda left, right: left / right}
    return sympy.sympify(text, locals=names)


def size(expression: sympy.Expr) -> int:
    """Return the count of a formula's nodes."""
    return sum(1 for _ in sympy.preorder_traversal(expression))


def score(problem: Problem, text: str) -> Score:
    """Compare a formula with the law of a problem that has one."""
    if not text or len(text) > _LONGEST or problem.law is None:
        return Score(False, None, None, None)
    expression = rounded(parse(text, problem.inputs))
    named = {int(symbol.name[1:]) for symbol in expression.free_symbols}
    right = named & set(problem.used)
    precision = len(right) / len(named) if named else None
    nodes = size(expression)
    same = named == set(problem.used) and nodes <= 2 * size(parse(problem.text, problem.inputs)) + _MORE_NODES
    return Score(
        same and _equals(problem, expression),
        nodes,
        precision,
        len(right) / len(problem.used) if problem.used else None,
    )


def rounded(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with its numbers rounded, whole ones as such: 0.9999999 x is as short as x."""
    numbers = {}
    for number in expression.atoms(sympy.Float):
        value = float(f"{float(number):.{_DIGITS}g}")
        numbers[number] = sympy.Integer(int(value)) if value.is_integer() else sympy.Float(value)
    return expression.xreplace(numbers)


def _equals(problem: Problem, expression: sympy.Expr) -> bool:
    assert problem.law is not None
    x = problem.far()
    symbols = [sympy.Symbol(f"x{place}") for place in problem.used]
    with np.errstate(all="ignore"):
        values = sympy.lambdify(symbols, expression, "numpy")(*(x[:, place - 1] for place in problem.used))
    law = problem.law(x)
    return bool((np.abs(values - law) <= _CLOSE * (np.abs(law) + np.median(np.abs(law)))).all())


def extrapolation_error(problem: Problem, found: Found) -> float | None:
    """Return the root mean squared error far outside the table, as a share of the law's size there."""
    if problem.law is None:
        return None
    x = problem.far()
    law = problem.law(x)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = float(np.sqrt(((found.predict(x) - law) ** 2).mean() / (law**2).mean()))
    return error if math.isfinite(error) else math.inf


def measure(problem: Problem, rival: str, seed: int, seconds: float) -> Row:
    """Let a rival find the formula of one table."""
    x, y = problem.table(seed)
    row: Row = {"problem": problem.name, "rival": rival, "seed": seed, "seconds": seconds}
    wall, processor = time.perf_counter(), time.process_time()
    found, failure = Found(lambda new: np.full(len(new), np.nan)), ""
    try:
        with _Limit(_OVERRUN * seconds + 5), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = RIVALS[rival](x, y, seconds, seed)
    except ImportError as error:
        raise SystemExit(f"formulas.py: {rival}: {error}; pip install 'nalm[rivals]', or name others") from None
    except Exception as error:  # whatever a rival raises is its result
        failure = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    row |= {"wall_s": time.perf_counter() - wall, "processor_s": time.process_time() - processor, "failure": failure}
    grade = score(problem, found.expression) if not failure else Score(False, None, None, None)
    error = extrapolation_error(problem, found) if not failure else None
    limit = 0.1 * problem.noise if problem.noise else _EXACT
    return row | {
        "expression": found.expression[:_LONGEST],
        "recovered": grade.recovered and problem.findable,
        "extrapolates": error is not None and error <= limit and problem.findable,
        "extrapolation_error": error,
        "nodes": grade.nodes,
        "precision": grade.precision,
        "recall": grade.recall,
        "claim": found.exact,
        "false_claim": found.exact and not (grade.recovered and problem.findable),
    }


class _Limit:
    """Raises OutOfTimeError in what runs inside after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, self._stop)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"more than {self.seconds:g} s")


def rows_of(path: Path) -> list[Row]:
    """Return what a file holds."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def missing(
    problems: Sequence[Problem], rivals: Sequence[str], seeds: int, seconds: float, rows: Sequence[Row]
) -> Iterator[tuple[Problem, str, int]]:
    """Yield what is to be measured yet, seed by seed."""
    known = {(row["problem"], row["rival"], row["seed"], row["seconds"]) for row in rows}
    for seed in range(seeds):
        for problem in problems:
            for rival in rivals:
                if (problem.name, rival, seed, seconds) not in known:
                    yield problem, rival, seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--problems", nargs="*", default=[], help="numbers, A:B, noise, outside, all")
    parser.add_argument("--rivals", nargs="*", choices=list(RIVALS), default=list(RIVALS))
    parser.add_argument("--seeds", type=int, default=10, help="tables of each problem")
    parser.add_argument("--seconds", type=float, default=10.0, help="budget of each search")
    parser.add_argument("--to", type=Path, default=FOLDER / "formulas.jsonl", help="a line per search")
    parser.add_argument("--report", action="store_true", help="write table and figure into the documentation")
    options = parser.parse_args()
    problems = choose(options.problems)
    if options.report:
        write(rows_of(options.to))
        return
    rows = rows_of(options.to)
    for problem, rival, seed in missing(problems, options.rivals, options.seeds, options.seconds, rows):
        row = measure(problem, rival, seed, options.seconds)
        rows.append(row)
        with options.to.open("a") as file:
            file.write(json.dumps(row) + "\n")
        what = row["failure"] or ("recovered" if row["recovered"] else row["expression"][:60])
        claim = "  FALSE CLAIM" if row["false_claim"] else ""
        print(f"{problem.name:>10}  {rival:<20} seed {seed}  {row['wall_s']:6.1f} s  {what}{claim}", flush=True)
    names = {problem.name for problem in problems}
    chosen = [row for row in rows if row["problem"] in names and row["seconds"] == options.seconds]
    Console(width=None if sys.stdout.isatty() else 140).print(
        summary([row for row in chosen if row["rival"] in options.rivals])
    )


if __name__ == "__main__":
    main()
