"""Tables drawn by number: of laws that a formula can be, of laws that none can be, and of pure noise.

They are of the families of the benchmark's problems, with other columns, ranges, sizes, noise, constants and numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Law = Callable[[np.ndarray], np.ndarray]
_MOST_INPUTS = 100


class Drawn(NamedTuple):
    """A table and how it came about.

    Args:
        text: its law and its shape, for people.
        x: `[rows, inputs]`.
        y: `[rows]`.
        law: what `y` is but for noise; None for noise alone.
        near: other rows of the same kind.
        far: rows from the end of the range on.
        noise: standard deviation of the noise as a share of the law's.
    """

    text: str
    x: np.ndarray
    y: np.ndarray
    law: Law | None
    near: np.ndarray
    far: np.ndarray
    noise: float


class _Inputs(NamedTuple):
    """How inputs are drawn."""

    name: str
    low: float
    high: float
    step: float = 0.0

    def draw(self, rng: np.random.Generator, rows: int, width: int, factor: float = 1.0) -> np.ndarray:
        """Return inputs, or those that begin where these end where `factor` is greater than 1."""
        low, high = (self.low, self.high) if factor == 1 else (self.high, factor * self.high)
        x = rng.uniform(low, high, (rows, width))
        if factor > 1 and self.low < 0:
            x *= rng.choice([-1.0, 1.0], x.shape)
        return np.round(x / self.step) * self.step if self.step else x

    @property
    def positive(self) -> bool:
        """Whether all of them are."""
        return self.low > 0


_RANGES = (
    _Inputs("[1, 2]", 1, 2),
    _Inputs("[-2, 2]", -2, 2),
    _Inputs("[0.5, 4]", 0.5, 4),
    _Inputs("[1, 5]", 1, 5),
    _Inputs("[-0.5, 1]", -0.5, 1),
    _Inputs("[0.1, 10]", 0.1, 10),
    _Inputs("[1.1, 1.2]", 1.1, 1.2),
    _Inputs("tiny", 1e-6, 3e-6),
    _Inputs("huge", 1e8, 3e8),
    _Inputs("huge of both signs", -1e8, 1e8),
    _Inputs("whole", 1, 20, 1.0),
    _Inputs("whole of both signs", -5, 5, 1.0),
    _Inputs("hundredths", 1, 3, 0.01),
)


def _picked(rng: np.random.Generator, width: int, least: int, most: int) -> list[int]:
    count = int(rng.integers(least, max(least, min(most, width)) + 1))
    return sorted(int(place) for place in rng.permutation(width)[: min(count, width)])


def _weights(rng: np.random.Generator, count: int) -> np.ndarray:
    kinds = ([1.0], [1.0, -1.0], [1.0, 1.0, -1.0, 2.0, 0.5, 3.0])
    return np.asarray(rng.choice(kinds[int(rng.integers(len(kinds)))], count))


def _sum(rng: np.random.Generator, columns: list[int], *, signed: bool = True) -> tuple[Law, str]:
    weights = _weights(rng, len(columns)) if signed else np.ones(len(columns))
    text = " + ".join(
        f"x{column + 1}" if weight == 1 else f"{weight:g}*x{column + 1}"
        for column, weight in zip(columns, weights, strict=True)
    )
    return lambda x: np.asarray(x[:, columns] @ weights), f"({text})"


def _monomial(rng: np.random.Generator, columns: list[int], powers: list[float]) -> tuple[Law, str]:
    chosen = rng.choice(powers, len(columns))
    text = "*".join(
        f"x{column + 1}" if power == 1 else f"x{column + 1}**{power:g}"
        for column, power in zip(columns, chosen, strict=True)
    )
    return lambda x: np.asarray((x[:, columns] ** chosen).prod(1)), text


_CONSTANTS = {"1": 1.0, "2": 2.0, "1/2": 0.5, "-1": -1.0, "pi": np.pi, "e": np.e, "1/(4*pi)": 1 / (4 * np.pi),
              "3/7": 3 / 7, "8.314": 8.314, "0.7368062997": 0.7368062997, "6.674e-11": 6.674e-11}  # fmt: skip


def _inside(rng: np.random.Generator, width: int, positive: bool) -> tuple[Law, str]:
    kind = str(rng.choice(
        ["sum", "monomial", "powers", "two sums", "three sums", "ratio", "quotient", "products", "root", "square"]
    ))  # fmt: skip
    if not positive:
        kind = {"powers": "monomial", "root": "two sums"}.get(kind, kind)
    sums = [_sum(rng, _picked(rng, width, 2, 6), signed=positive or rng.random() < 0.5) for _ in range(3)]
    (one, first), (two, second), (three, third) = sums
    if kind == "sum":
        return _sum(rng, _picked(rng, width, 1, 30))
    if kind == "monomial":
        return _monomial(rng, _picked(rng, width, 1, 4), [1, 1, 1, 2, -1])
    if kind == "powers":
        return _monomial(rng, _picked(rng, width, 1, 4), [1, 0.5, -0.5, 2, -1, -2, 1.5, 3])
    if kind == "two sums":
        return lambda x: one(x) * two(x), f"{first}*{second}"
    if kind == "three sums":
        return lambda x: one(x) * two(x) * three(x), f"{first}*{second}*{third}"
    if kind == "ratio":
        below, text = _sum(rng, _picked(rng, width, 2, 6), signed=False)
        return lambda x: one(x) / below(x), f"{first}/{text}"
    if kind == "quotient":
        above, text = _monomial(rng, _picked(rng, width, 1, 2), [1, 1, 2])
        below, under = _sum(rng, _picked(rng, width, 1, 3), signed=False)
        return lambda x: above(x) / below(x), f"{text}/{under}"
    if kind == "root":
        inner, text = _monomial(rng, _picked(rng, width, 2, 3), [1])
        return lambda x: np.sqrt(inner(x)), f"sqrt({text})"
    if kind == "square":
        return lambda x: one(x) ** 2, f"{first}**2"
    parts = [_monomial(rng, _picked(rng, width, 1, 2), [1, 1, 1, 2]) for _ in range(int(rng.integers(2, 5)))]
    signs = rng.choice([1.0, 1.0, -1.0], len(parts))
    text = " + ".join(f"{sign:g}*{part[1]}" for sign, part in zip(signs, parts, strict=True))
    return lambda x: np.sum([sign * part[0](x) for sign, part in zip(signs, parts, strict=True)], 0), text


def inside(number: int) -> Drawn:
    """Return a table whose law a formula can be."""
    rng = np.random.default_rng([1, number])
    while True:
        inputs = _RANGES[int(rng.integers(len(_RANGES)))]
        width = int(np.exp(rng.uniform(np.log(2), np.log(_MOST_INPUTS + 1))))
        rows = int(np.exp(rng.uniform(np.log(50), np.log(5000))))
        part, text = _inside(rng, width, inputs.positive)
        name = str(rng.choice(list(_CONSTANTS))) if rng.random() < 0.5 else "1"
        noise = float(rng.choice([0.0, 0.0, 0.001, 0.05]))
        law: Law = lambda x, part=part, scale=_CONSTANTS[name]: scale * part(x)  # noqa: E731
        x, near, far = (inputs.draw(rng, count, width, factor) for count, factor in ((rows, 1), (500, 1), (500, 3)))
        extra = str(rng.choice(["none", "none", "copies", "sums", "constants", "single precision"]))
        x, near, far = (_with_extra(extra, width, values) for values in (x, near, far))
        with np.errstate(all="ignore"):
            y = law(x)
            if not all(np.isfinite(law(values)).all() for values in (x, near, far)) or np.ptp(y) == 0:
                continue
        y = y + noise * y.std() * rng.standard_normal(rows)
        if extra == "single precision":
            y = y.astype(np.float32).astype(float)
        if not np.isfinite(y).all():
            continue
        shape = f"{rows} x {x.shape[1]} {inputs.name}, noise {noise:g}, {extra}"
        return Drawn(f"{name}*{text}; {shape}", x, y, law, near, far, noise)


def _with_extra(extra: str, width: int, x: np.ndarray) -> np.ndarray:
    """Return inputs with columns at their end that are no new ones, or rounded to single precision."""
    if extra == "copies":
        return np.column_stack([x, np.ones(len(x)), np.ones(len(x))])
    if extra == "sums":
        own = np.random.default_rng(len(x)).uniform(x.min(), x.max(), (len(x), 2))
        return np.column_stack([x, own, own.sum(1), own[:, 0]])
    if extra == "constants":
        return np.column_stack([x, np.full(len(x), 3.0), np.zeros(len(x)), np.arange(len(x)) % 2])
    return x.astype(np.float32).astype(float) if extra == "single precision" else x


_OUTER: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "exp(-)": lambda z: np.exp(-z),
    "log(1 + ||)": lambda z: np.log1p(np.abs(z)),
    "tanh": np.tanh,
    "max(, 0.6)": lambda z: np.maximum(z, 0.6),
    "abs( - 0.6)": lambda z: np.abs(z - 0.6),
    "1 if > 0.6 else 0": lambda z: (z > 0.6).astype(float),
    "floor(4)": lambda z: np.floor(4 * z),
    "z if < 0.6 else 2z": lambda z: np.where(z < 0.6, z, 2 * z),
    "round": lambda z: np.round(3 * z) / 3,
}


def outside(number: int) -> Drawn:
    """Return a table of a law that no formula is: a function of an input, a sum or a product, alone or with others."""
    rng = np.random.default_rng([2, number])
    while True:
        inputs = _RANGES[int(rng.integers(len(_RANGES)))]
        width = int(np.exp(rng.uniform(0, np.log(61))))
        rows = int(np.exp(rng.uniform(np.log(20), np.log(2000))))
        name = list(_OUTER)[number % len(_OUTER)]
        size = max(abs(inputs.low), abs(inputs.high))
        stretch = float(rng.choice([1.0, 1.0, 3.0]))
        inner, text = _monomial(rng, _picked(rng, width, 1, 2), [1]) if rng.random() < 0.5 else _sum(
            rng, _picked(rng, width, 1, 2), signed=False
        )  # fmt: skip
        other = int(rng.integers(width))
        how = str(rng.choice(["alone", "plus", "times"]))
        x, near, far = (inputs.draw(rng, count, width, factor) for count, factor in ((rows, 1), (500, 1), (500, 3)))
        # an argument that is 1 on the average, or of both signs, so that the function is no straight line there
        unit = stretch / float(np.abs(inner(near)).mean())

        def law(x: np.ndarray, unit=unit, inner=inner, name=name, how=how, other=other, size=size) -> np.ndarray:
            value = _OUTER[name](unit * inner(x))
            beside = x[:, other] / size
            return value if how == "alone" else value + beside if how == "plus" else value * beside

        noise = float(rng.choice([0.0, 0.0, 0.01, 0.05, 0.3]))
        y = law(x)
        if not np.isfinite(law(far)).all() or np.ptp(y) == 0:
            continue
        y = y + noise * y.std() * rng.standard_normal(rows)
        shape = f"{rows} x {width} {inputs.name}, noise {noise:g}"
        return Drawn(f"{name} of {unit:.3g}*{text}, {how} x{other + 1}; {shape}", x, y, law, near, far, noise)


def noise(number: int) -> Drawn:
    """Return a table of pure noise."""
    rng = np.random.default_rng([3, number])
    inputs = _RANGES[int(rng.integers(len(_RANGES)))]
    width = int(np.exp(rng.uniform(0, np.log(61))))
    rows = int(np.exp(rng.uniform(np.log(8), np.log(1000))))
    x, near, far = (inputs.draw(rng, count, width, factor) for count, factor in ((rows, 1), (500, 1), (500, 3)))
    drawn: dict[str, Callable[[], np.ndarray]] = {
        "normal": lambda: rng.standard_normal(rows),
        "uniform": lambda: rng.uniform(1, 2, rows),
        "lognormal": lambda: np.exp(rng.standard_normal(rows)),
        "whole": lambda: rng.integers(0, 4, rows).astype(float),
        "walk": lambda: 5 + rng.standard_normal(rows).cumsum(),
        "truth": lambda: (rng.random(rows) < 0.3).astype(float),
    }
    kind = list(drawn)[number % len(drawn)]
    y = drawn[kind]()
    if np.ptp(y) == 0:
        y[0] += 1
    return Drawn(f"{kind} noise; {rows} x {width} {inputs.name}", x, y, None, near, far, 1.0)


TABLES: dict[str, Callable[[int], Drawn]] = {"inside": inside, "outside": outside, "noise": noise}
