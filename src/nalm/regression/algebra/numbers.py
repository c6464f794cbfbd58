"""The numbers in a formula: recognised ones, which are exact, and others, which are known to some digits only."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, NamedTuple

Kind = Literal["rational", "pi", "e", "real"]
SYMBOLS: dict[str, float] = {"pi": math.pi, "e": math.e}


class Number(NamedTuple):
    """A number of a formula.

    `kind` says how it is known: `"rational"` is `numerator / denominator`, `"pi"` and `"e"` are that times a
    power of π or e, and `"real"` is `value` itself, fitted to data: a free parameter.
    """

    value: float
    kind: Kind = "real"
    numerator: int = 0
    denominator: int = 1
    power: int = 0

    @property
    def is_free(self) -> bool:
        """Whether data, not reason, gave its value."""
        return self.kind == "real"

    @property
    def fraction(self) -> Fraction:
        """The rational part of a recognised number."""
        return Fraction(self.numerator, self.denominator)

    def __neg__(self) -> Number:
        return self._replace(value=-self.value, numerator=-self.numerator)

    def times(self, other: Fraction) -> Number:
        """Return the product with a fraction; a free number stays free."""
        if self.is_free:
            return Number(self.value * float(other))
        return symbolic(self.fraction * other, self.kind, self.power)


def rational(value: int | Fraction) -> Number:
    """Return an exact rational number."""
    return symbolic(Fraction(value), "rational", 0)


def symbolic(share: Fraction, kind: Kind, power: int) -> Number:
    """Return `share` times a power of π or e, or `share` itself for the kind `"rational"`."""
    value = float(share) * (SYMBOLS[kind] ** power if kind in SYMBOLS else 1.0)
    return Number(value, kind, share.numerator, share.denominator, power)


_UNITS: tuple[tuple[Kind, int], ...] = (
    ("rational", 0),
    ("pi", 1),
    ("pi", -1),
    ("pi", 2),
    ("pi", -2),
    ("e", 1),
    ("e", -1),
)
ONE = rational(1)
ZERO = rational(0)


def bits(number: Number) -> float:
    """Return how many bits it takes to write a recognised number: simple ones take few."""
    size = 1 + _integer_bits(abs(number.numerator)) + _integer_bits(number.denominator)
    decimal = _decimal_bits(number.fraction)
    return min(size, decimal) + (4 + abs(number.power) if number.kind in SYMBOLS else 0)


def recognise(value: float, error: float, margin: float = 4.0, *, symbols: bool = True) -> tuple[Number, float]:
    """Return the number that `value` ± `error` most likely is, and the bits that its simplicity saves.

    A rational, or a rational times a power of π or e, is taken where writing it, and its distance from `value`
    in standard errors, costs `margin` bits less than writing the digits of `value` that `error` leaves: so
    nothing complicated is ever recognised in a number that is known badly. Otherwise the number stays free
    and saves nothing.

    Args:
        value: what was fitted.
        error: its standard error, greater than 0.
        margin: bits that must be saved.
        symbols: whether multiples of powers of π and e are looked for.
    """
    digits = free_bits(value, error)
    best, saved = Number(value), margin
    for number in _near(value, error, symbols=symbols):
        distance = (number.value - value) / error
        gain = digits - bits(number) - distance**2 / 2 * math.log2(math.e)
        if gain > saved:
            best, saved = number, gain
    return best, 0.0 if best.is_free else saved


def free_bits(value: float, error: float) -> float:
    """Return how many bits it takes to write the digits of a number that its standard error leaves."""
    return 4 + max(0.0, math.log2(abs(value) / error)) if value and error > 0 else 4.0


def to_digits(value: float, error: float) -> float:
    """Return `value` rounded to the second digit of its standard error: later digits mean nothing."""
    if not (error > 0 and math.isfinite(error) and value):
        return value
    return float(f"{value:.{max(0, min(16, _exponent(value) - _exponent(error) + 1))}e}")


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _near(value: float, error: float, *, symbols: bool) -> list[Number]:
    """Return simple numbers within four standard errors."""
    found = []
    for kind, power in _UNITS if symbols else _UNITS[:1]:
        unit = SYMBOLS[kind] ** power if kind in SYMBOLS else 1.0
        for share in _fractions(value / unit, 4 * error / unit, decimals=kind == "rational"):
            if share:
                found.append(symbolic(share, kind, power))
    return found


def _fractions(value: float, width: float, *, decimals: bool) -> list[Fraction]:
    """Return the fractions of least denominator, and the shortest decimal, within `width` of `value`."""
    if not math.isfinite(value) or width <= 0:
        return []
    exact, found = Fraction(value), []
    for most in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 360, 1000):
        share = exact.limit_denominator(most)
        if abs(float(share - exact)) <= width:
            found.append(share)
            break
    if decimals and value:
        for digits in range(15):
            shortest = f"{value:.{digits}e}"
            if abs(float(shortest) - value) <= width:
                found.append(Fraction(shortest))
                break
    return found


def _integer_bits(value: int) -> float:
    """Bits of a universal code of a positive integer."""
    return 2 * math.log2(value) + 1 if value > 0 else 1.0


def _decimal_bits(share: Fraction) -> float:
    """Bits of `share` as a decimal, infinite where it has no short one."""
    denominator, powers = share.denominator, []
    for prime in (2, 5):
        powers.append(0)
        while denominator % prime == 0:
            denominator //= prime
            powers[-1] += 1
    if denominator > 1:
        return math.inf
    places, zeros = max(powers), 0
    digits = abs(int(share * 10**places))
    while digits and digits % 10 == 0:
        digits //= 10
        zeros += 1
    return 2 + len(str(digits)) * math.log2(10) + _integer_bits(abs(places - zeros) + 1)
