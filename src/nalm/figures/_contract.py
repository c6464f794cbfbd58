"""What a kind of figure is, and what it needs of results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import polars as pl
    from matplotlib.figure import Figure

    from nalm.figures.style import Style
    from nalm.results.records import Records
    from nalm.studies import Study


class Results(Protocol):
    """What figures need of a `nalm.results.store.Store`."""

    @property
    def study(self) -> Study | None:
        """The study, if known."""

    def records(self) -> pl.DataFrame:
        """Return the long table."""

    def read(self) -> Records:
        """Return the long table, and which of its columns are metrics."""

    def weights(self, run: str) -> Mapping[str, np.ndarray]:
        """Return the final parameters of a run by name."""


@dataclass(frozen=True)
class Caption:
    """What a report says of a figure.

    Attributes:
        label: What it shows, for those who cannot see it.
        text: How to read it.
        beside: Kinds of a study's figure beside which a report shows this one too, if there is anything to show.
    """

    label: str
    text: str
    beside: tuple[str, ...] = ()


class FigureKind(Protocol):
    """A module that draws one kind of figure."""

    CAPTION: Caption

    def data(self, results: Results) -> Any:
        """Return what the figure shows, as a plain record.

        Raises:
            InputError: there are no results, or not of the kind that the figure shows.
            StoreError: damaged records.
        """

    def draw(self, data: Any, style: Style) -> Figure:
        """Return the matplotlib figure of what `data` returned; there is no arithmetic on results here."""
