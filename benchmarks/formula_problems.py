"""Tables whose law is known: 32 problems, tables of pure noise, and tables of laws that no unit expresses."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Law = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Problem:
    """A law and how tables of it are drawn.

    Args:
        name: number of the problem, or what it is.
        text: the law for people, and for sympy where it can be recovered (`xk` is column k, counted from 1).
        law: y of `[rows, inputs]`; None for pure noise.
        used: inputs that the law names, counted from 1.
        inputs: columns of the table.
        low: inputs are uniform from here,
        high: to here.
        rows: rows of the table.
        noise: standard deviation of Gaussian noise as a share of the law's.
        either_sign: each input is multiplied by -1 or 1.
        findable: whether a formula of the family is the law.
    """

    name: str
    text: str
    law: Law | None
    used: tuple[int, ...]
    inputs: int
    low: float
    high: float
    rows: int
    noise: float = 0.0
    either_sign: bool = False
    findable: bool = True

    def table(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs `[rows, inputs]` and target `[rows]`."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), seed])
        x = rng.uniform(self.low, self.high, (self.rows, self.inputs))
        if self.either_sign:
            x *= rng.choice([-1.0, 1.0], x.shape)
        if self.law is None:
            return x, rng.standard_normal(self.rows)
        y = self.law(x)
        return x, y + self.noise * y.std() * rng.standard_normal(self.rows)

    def far(self, rows: int = 1000) -> np.ndarray:
        """Return inputs beyond those of the table: from its end to three times that, and their mirror image."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), 2**31])
        x = rng.uniform(self.high, 3 * self.high, (rows, self.inputs))
        symmetric = self.either_sign or self.low == -self.high
        return x * rng.choice([-1.0, 1.0], x.shape) if symmetric else x


def _sum(first: int, last: int) -> str:
    return "(" + " + ".join(f"x{place}" for place in range(first, last + 1)) + ")"


def _total(x: np.ndarray, first: int, last: int) -> np.ndarray:
    return np.asarray(x[:, first - 1 : last].sum(1))


def _numbers(*ranges: tuple[int, int]) -> tuple[int, ...]:
    return tuple(sorted({place for first, last in ranges for place in range(first, last + 1)}))


def _overlapping(x: np.ndarray) -> np.ndarray:
    return _total(x, 10, 34) * _total(x, 22, 46)


_OVERLAP = (f"{_sum(10, 34)}*{_sum(22, 46)}", _overlapping, _numbers((10, 46)))
_FACTORS = ("(x1 + x2)*(x7 - x9)", lambda x: (x[:, 0] + x[:, 1]) * (x[:, 6] - x[:, 8]), (1, 2, 7, 9))
_PRODUCT = ("x3*x17", lambda x: x[:, 2] * x[:, 16], (3, 17))
_PAIR = ("x1*x2", lambda x: x[:, 0] * x[:, 1], (1, 2))
_QUARTER = (_sum(1, 25), lambda x: _total(x, 1, 25), _numbers((1, 25)))
_RATIO = ("x1/x2", lambda x: x[:, 0] / x[:, 1], (1, 2))

# fmt: off
PROBLEMS: tuple[Problem, ...] = (
    Problem("1", "x1 + x2", lambda x: x[:, 0] + x[:, 1], (1, 2), 2, 1, 2, 100),
    Problem("2", "x1 - x2 + x3", lambda x: x[:, 0] - x[:, 1] + x[:, 2], (1, 2, 3), 10, 1, 2, 100),
    Problem("3", *_QUARTER, 100, -2, 2, 500),
    Problem("4", *_QUARTER, 100, -2, 2, 60),
    Problem("5", *_PAIR, 2, 1, 2, 200),
    Problem("6", *_PAIR, 2, -2, 2, 200),
    Problem("7", *_PAIR, 2, 1.1, 1.2, 200),
    Problem("8", "x1*x2*x3*x4", lambda x: x[:, :4].prod(1), (1, 2, 3, 4), 10, 1, 2, 300),
    Problem("9", *_PRODUCT, 100, 1, 2, 500),
    Problem("10", "x3*x17*x40*x77", lambda x: x[:, [2, 16, 39, 76]].prod(1), (3, 17, 40, 77), 100, 1, 2, 500),
    Problem("11", *_PRODUCT, 1000, 0.5, 1.5, 1000),
    Problem("12", *_PRODUCT, 100, -2, 2, 500),
    Problem("13", *_RATIO, 2, 1, 2, 200),
    Problem("14", *_RATIO, 2, 0.1, 2, 200, either_sign=True),
    Problem("15", "x1*x2/x3", lambda x: x[:, 0] * x[:, 1] / x[:, 2], (1, 2, 3), 10, 1, 2, 300),
    Problem("16", "x5**2*x9/x2", lambda x: x[:, 4] ** 2 * x[:, 8] / x[:, 1], (2, 5, 9), 50, 1, 2, 500),
    Problem("17", "sqrt(x1*x2)", lambda x: np.sqrt(x[:, 0] * x[:, 1]), (1, 2), 10, 0.5, 4, 300, 0.01),
    Problem("18", "x1**2/(x2*x3)", lambda x: x[:, 0] ** 2 / (x[:, 1] * x[:, 2]), (1, 2, 3), 100, 1, 3, 500),
    Problem("19", *_FACTORS, 20, 1, 2, 200),
    Problem("20", *_FACTORS, 100, 1, 2, 500),
    Problem("21", *_FACTORS, 100, 1, 2, 500, 0.1),
    Problem("22", *_OVERLAP, 100, 1, 2, 500),
    Problem("23", *_OVERLAP, 100, 1, 2, 1000, 0.01),
    Problem("24", *_OVERLAP, 100, -2, 2, 500),
    Problem("25", f"{_sum(1, 5)}*{_sum(11, 15)}*{_sum(21, 25)}",
            lambda x: _total(x, 1, 5) * _total(x, 11, 15) * _total(x, 21, 25),
            _numbers((1, 5), (11, 15), (21, 25)), 100, 1, 2, 1000),
    Problem("26", "(x1 + x2)/(x3 + x4)", lambda x: (x[:, 0] + x[:, 1]) / (x[:, 2] + x[:, 3]), (1, 2, 3, 4),
            10, 1, 2, 300),
    Problem("27", "x1*x2**2/2", lambda x: x[:, 0] * x[:, 1] ** 2 / 2, (1, 2), 2, 1, 5, 200, 0.01),
    Problem("28", "x1*x2/(4*pi*x3*x4**2)", lambda x: x[:, 0] * x[:, 1] / (4 * np.pi * x[:, 2] * x[:, 3] ** 2),
            (1, 2, 3, 4), 4, 1, 5, 500),
    Problem("29", "8.314*x1*x2/x3", lambda x: 8.314 * x[:, 0] * x[:, 1] / x[:, 2], (1, 2, 3), 10, 1, 5, 300, 0.02),
    Problem("30", "x1*x2 + x3", lambda x: x[:, 0] * x[:, 1] + x[:, 2], (1, 2, 3), 5, 1, 3, 300),
    Problem("31", "x1*x2 + x3*x4 - x5", lambda x: x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] - x[:, 4],
            (1, 2, 3, 4, 5), 10, -2, 2, 500),
    Problem("32 sine", "sin(x1) + x2", lambda x: np.sin(x[:, 0]) + x[:, 1], (1, 2), 5, 1, 3, 300, 0.05,
            findable=False),
    Problem("32 noise", "noise", None, (), 5, 1, 3, 300, findable=False),
)
# fmt: on

_OUTSIDE: tuple[tuple[str, Law], ...] = (
    ("sin(x1) + x2", lambda x: np.sin(x[:, 0]) + x[:, 1]),
    ("x2*sin(3*x1)", lambda x: x[:, 1] * np.sin(3 * x[:, 0])),
    ("cos(x1*x2)", lambda x: np.cos(x[:, 0] * x[:, 1])),
    ("sin(x1)/x1", lambda x: np.sin(x[:, 0]) / x[:, 0]),
    ("x2 + sin(x1/10)", lambda x: x[:, 1] + np.sin(x[:, 0] / 10)),
    ("exp(x1) + x2", lambda x: np.exp(x[:, 0]) + x[:, 1]),
    ("x2*exp(-x1)", lambda x: x[:, 1] * np.exp(-x[:, 0])),
    ("exp(x1/10)", lambda x: np.exp(x[:, 0] / 10)),
    ("exp(-x1**2 - x2**2/2)", lambda x: np.exp(-(x[:, 0] ** 2) - x[:, 1] ** 2 / 2)),
    ("x1**x2", lambda x: np.abs(x[:, 0]) ** x[:, 1]),
    ("x2*log(1 + x1)", lambda x: x[:, 1] * np.log(1 + np.abs(x[:, 0]))),
    ("tanh(x1 + x2)", lambda x: np.tanh(x[:, 0] + x[:, 1])),
    ("1/(1 + exp(-x1*x2))", lambda x: 1 / (1 + np.exp(-x[:, 0] * x[:, 1]))),
    ("max(x1, x2)", lambda x: np.maximum(x[:, 0], x[:, 1])),
    ("x2*max(x1, 1.5)", lambda x: x[:, 1] * np.maximum(x[:, 0], 1.5)),
    ("min(x1, x2, x3)", lambda x: x[:, :3].min(1)),
    ("abs(x1 - 1.7) + x2", lambda x: np.abs(x[:, 0] - 1.7) + x[:, 1]),
    ("x2 if x1 > 1.5 else x3", lambda x: np.where(x[:, 0] > 1.5, x[:, 1], x[:, 2])),
    ("2*x2 if x1 > 1.9 else x2", lambda x: np.where(x[:, 0] > 1.9, 2 * x[:, 1], x[:, 1])),
    ("floor(4*x1) + x2", lambda x: np.floor(4 * x[:, 0]) + x[:, 1]),
)


def noise_tables() -> list[Problem]:
    """Return 20 tables of pure noise of different shapes."""
    shapes = [(rows, inputs) for rows in (10, 20, 50, 200, 500) for inputs in (1, 3, 10, 40)]
    return [
        Problem(f"noise {rows} x {inputs}", "noise", None, (), inputs, 1, 2, rows, findable=False)
        for rows, inputs in shapes
    ]


def outside_tables() -> list[Problem]:
    """Return 20 tables of laws that no unit expresses: half of them with noise, half around zero."""
    return [
        Problem(text, text, law, (), 5, -2 if place % 4 > 1 else 1, 2, 200, 0.05 * (place % 2), findable=False)
        for place, (text, law) in enumerate(_OUTSIDE)
    ]


def choose(names: Sequence[str]) -> list[Problem]:
    """Return problems by number or range ("19:25"), "noise", "outside", or "all"; without names the 32 problems.

    Raises:
        SystemExit: a name is unknown.
    """
    known = {problem.name.split()[0]: [] for problem in PROBLEMS}
    for problem in PROBLEMS:
        known[problem.name.split()[0]].append(problem)
    chosen: list[Problem] = []
    for name in names or ["1:32"]:
        first, colon, last = name.partition(":")
        if name in ("noise", "outside", "all"):
            chosen += [*PROBLEMS] * (name == "all") + noise_tables() * (name != "outside")
            chosen += outside_tables() * (name != "noise")
        elif first in known and (not colon or last in known):
            numbers = range(int(first), int(last or first) + 1)
            chosen += [problem for number in numbers for problem in known[str(number)]]
        else:
            raise SystemExit(f"formulas.py: unknown problem {name!r}; numbers from 1 to 32, A:B, noise, outside, all")
    return chosen
