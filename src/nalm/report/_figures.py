"""The figures of a report page, with what is said below them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nalm.errors import InputError
from nalm.figures import FIGURES, Caption, figure_bytes, kind_of
from nalm.figures.style import PUBLISHED
from nalm.results.store import Store

_ANY_RESULTS = "ranges"


@dataclass(frozen=True)
class ReportFigure:
    """One figure.

    Attributes:
        svg: the element `svg`.
        label: what it shows, for those who cannot see it.
        caption: how to read it.
    """

    svg: str
    label: str
    caption: str


def figures(store: Store, prefix: str) -> tuple[ReportFigure, ...]:
    """Return the figure of a results folder, and those that belong beside it.

    Args:
        store: The results folder, not empty.
        prefix: Of the ids within the figures, which share a page with others.

    Raises:
        StoreError: damaged records.
    """
    kind = kind_of(store.study)
    try:
        shown = [_drawn(kind, FIGURES[kind].data(store), f"{prefix}figure-")]
    except InputError as error:  # a sweep of which one value is there yet
        instead = f"In place of the study's figure ({error}). "
        shown = [_drawn(_ANY_RESULTS, FIGURES[_ANY_RESULTS].data(store), f"{prefix}figure-", instead)]
    for other, module in FIGURES.items():
        if kind in module.CAPTION.beside:
            try:
                data = module.data(store)
            except InputError:  # nothing of the kind in these results
                continue
            shown.append(_drawn(other, data, f"{prefix}{other}-"))
    return tuple(shown)


def _drawn(kind: str, data: Any, prefix: str, note: str = "") -> ReportFigure:
    caption: Caption = FIGURES[kind].CAPTION
    svg = figure_bytes(FIGURES[kind].draw(data, PUBLISHED), ".svg").decode()
    return ReportFigure(_with_prefix(svg[svg.index("<svg") :], prefix), caption.label, note + caption.text)


def _with_prefix(svg: str, prefix: str) -> str:
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}', svg)
    return re.sub(r"url\(#", f"url(#{prefix}", svg)
