"""Curves drawn with characters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_MARKS = "●○×+"


def curves(
    steps: Sequence[float], series: Mapping[str, Sequence[float | None]], width: int = 64, height: int = 12
) -> list[str]:
    """Return lines of text that show values over steps, on a logarithmic axis.

    Values of zero are drawn at the lower edge, infinite ones at the upper; what is no number is left out.

    Args:
        steps: in order.
        series: values at the steps by name; where two fall on one place, the first is seen.
        width, height: of the plot, in characters.
    """
    known = [value for values in series.values() for value in values if value is not None and _is_positive(value)]
    low = math.floor(math.log10(min(known))) if known else -1
    high = max(math.ceil(math.log10(max(known))), low + 1) if known else 0
    field = [[" "] * width for _ in range(height)]
    first, last = steps[0], max(steps[-1], steps[0] + 1)
    for mark, values in reversed(list(zip(_MARKS, series.values(), strict=False))):
        for step, value in zip(steps, values, strict=True):
            if value is None or math.isnan(value):
                continue
            power = low if value <= 0 else high if math.isinf(value) else math.log10(value)
            row = round((high - power) / (high - low) * (height - 1))
            field[row][round((step - first) / (last - first) * (width - 1))] = mark
    labels = {0: f"1e{high}", height - 1: f"1e{low}"}
    lines = [f"{labels.get(row, ''):>6} │{''.join(cells)}" for row, cells in enumerate(field)]
    end = f"{last:,.0f}"
    lines.append(f"{'':>6} └{'─' * width}")
    lines.append(f"{'':>8}{first:,.0f}{end:>{width - len(f'{first:,.0f}')}}")
    lines.append("  ".join(f"{mark} {name}" for mark, name in zip(_MARKS, series, strict=False)))
    return [line.rstrip() for line in lines]


def _is_positive(value: float | None) -> bool:
    return value is not None and 0 < value < math.inf
