"""The pictures of a report page, with what is said below them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nalm.errors import InputError
from nalm.figures import (
    GridFigure,
    SurfaceFigure,
    draw,
    figure_data,
    picture_bytes,
    stage_figure_data,
    study_figure_data,
)
from nalm.results.store import Store
from nalm.results.summary import Group

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        svg: the element `svg`.
        label: what it shows, for those who cannot see it.
        caption: how to read it.
    """

    svg: str
    label: str
    caption: str


_MEASURES = (
    "Success rate, solved-at step and sparsity error; the numbers are in the table below",
    "Points are means, bars 95\N{NO-BREAK SPACE}% intervals; where no run solved the task, the panels for solved-at "
    "step and sparsity error have no point. Bars that are much longer than the others leave the panel.",
)
_DIGITS = (
    "Errors and accuracies by model and by epoch; numbers are in the table below",
    "Points and lines are means over runs; bars and ribbons reach one standard error to either side.",
)
_SURFACE = (
    "Outputs of each network over a plane of inputs, beside the exact ones",
    "Colours are intervals of the output, shared by all panels. Blue: inputs in training, red: inputs of the test. The "
    "letters tell whether a network solved the first and the second.",
)
_TEXTS = {GridFigure: _DIGITS, SurfaceFigure: _SURFACE}
_STAGES = {
    "confusion": (
        "Confusion matrices: true digits by row, predicted digits by column, one matrix per model",
        "Images of the test sets by true and predicted digit, both digits of a pair and all folds together, at the end "
        "of training. Colours are shares of a row.",
    ),
    "weights": (
        "Paths of the two weights of each output stage over the epochs, one panel per model",
        "Weights of the output stage from the first epoch to the last, one path per fold. A unit is exact where both "
        "weights are 1.",
    ),
}


def pictures(store: Store, groups: Sequence[Group], prefix: str) -> tuple[Picture, ...]:
    """Return the figure of a results folder, and of the static digit task what `nalm plot --what` draws besides.

    Args:
        store: The results folder.
        groups: Its summary, not empty.
        prefix: Of the ids within the pictures, which share a page with others.

    Raises:
        StoreError: damaged records.
    """
    try:
        data = study_figure_data(store)
    except InputError:  # a sweep of which one value is there yet
        data = figure_data(groups)
    texts = _TEXTS.get(type(data), _MEASURES)
    shown = [Picture(_svg(draw(data), f"{prefix}figure-"), *texts)]
    for what, texts in _STAGES.items():
        try:
            stages = stage_figure_data(store, what)
        except InputError:  # another task, or nothing of the kind in these results
            continue
        shown.append(Picture(_svg(draw(stages), f"{prefix}{what}-"), *texts))
    return tuple(shown)


def _svg(figure: Figure, prefix: str) -> str:
    svg = picture_bytes(figure, ".svg").decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}', svg)
    return re.sub(r"url\(#", f"url(#{prefix}", svg)
