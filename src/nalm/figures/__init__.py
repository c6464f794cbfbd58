"""Figures of results. Each kind is a module of this package, named by a word of `nalm.figure_kinds`, that has

- `data(results)`: what the figure shows, as a plain record;
- `draw(data, style)`: the matplotlib figure of such a record;
- `CAPTION`: what a report says of it.

`FIGURES[kind]` is the module; it is loaded, and matplotlib with it, when first asked for.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nalm import figure_kinds
from nalm.errors import InputError, did_you_mean
from nalm.figures._backend import import_matplotlib
from nalm.figures._contract import Caption, FigureKind, Notify, Results, notice_of
from nalm.figures.style import find_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nalm.studies import Study

__all__ = ["FIGURES", "Caption", "FigureKind", "Results", "figure", "figure_bytes", "kind_of", "notice_of", "plot"]


class _Kinds(Mapping[str, FigureKind]):
    """The modules by kind."""

    def __getitem__(self, kind: str) -> FigureKind:
        if kind not in figure_kinds.FIGURE_KINDS:
            raise KeyError(kind)
        import_matplotlib()
        return cast(FigureKind, importlib.import_module(f"{__name__}.{kind}"))

    def __iter__(self) -> Iterator[str]:
        return iter(figure_kinds.FIGURE_KINDS)

    def __len__(self) -> int:
        return len(figure_kinds.FIGURE_KINDS)


FIGURES: Mapping[str, FigureKind] = _Kinds()
"""The kinds of figures by name."""

STUDY_FIGURE = "figure"
"""What `plot` draws by default: the kind that the study names."""


def kind_of(study: Study | None) -> str:
    """Return the kind of a study's figure; that of results of no study is over their ranges."""
    return study.figure.kind if study else "ranges"


def _warn(notice: str) -> None:
    warnings.warn(notice, RuntimeWarning, stacklevel=4)


def figure(
    results: Results,
    what: str = STUDY_FIGURE,
    *,
    style: str = "default",
    width: float | str | None = None,
    on_notice: Notify = _warn,
) -> Figure:
    """Return a matplotlib figure of a results folder.

    Args:
        results: an open store.
        what: `"figure"`: the study's figure, or a kind of `FIGURES`.
        style: `"default"`: colours and markers that everybody can tell apart, or `"published"`: the papers' look.
        width: of the page, such as `"3.3in"` or `"84mm"`, or a number of inches; letters keep their size. By default
            what the kind of figure needs.
        on_notice: told where the figure is not quite what was asked for, which it says itself, too; by default a
            warning.

    Raises:
        InputError: an unknown kind or style, a wrong width, no finished run, or nothing of what is to be shown.
        StoreError: damaged records.
    """
    _check_known(what)
    look = find_style(style, width)
    kind = FIGURES[kind_of(results.study) if what == STUDY_FIGURE else what]
    data = kind.data(results)
    if notice := notice_of(data):
        on_notice(notice)
    return kind.draw(data, look)


def figure_bytes(figure: Figure, suffix: str) -> bytes:
    """Return a figure as the content of a `.pdf`, `.svg` or `.png` file; equal figures give equal bytes."""
    import_matplotlib()
    from nalm.figures import _files

    return _files.figure_bytes(figure, suffix)


def plot(
    results: Results,
    to: str | os.PathLike[str],
    what: str = STUDY_FIGURE,
    *,
    style: str = "default",
    width: float | str | None = None,
    on_notice: Notify = _warn,
) -> Path:
    """Write a figure of a results folder to a file; equal results give equal bytes.

    Args:
        results: an open store.
        to: the file, `.pdf`, `.svg` or `.png`, or `.tex` for the table.
        what, style, width, on_notice: as of `figure`.

    Returns:
        The path written.

    Raises:
        InputError: another suffix, an unknown kind or style, a wrong width, no finished run, nothing of what is to be
            shown, or a file that cannot be written.
        StoreError: damaged records.
    """
    import_matplotlib()
    from nalm.figures import _files
    from nalm.results.output.latex import latex_table
    from nalm.results.summaries import summary_of

    path = Path(to)
    suffix = path.suffix.lower()
    _check_known(what)
    if suffix not in (*_files.SUFFIXES, ".tex"):
        given = path.suffix or "no suffix"
        raise InputError(f"{path}: a figure is a .pdf, .svg or .png file, a table a .tex file; got {given}")
    if suffix != ".tex":
        content = figure_bytes(figure(results, what, style=style, width=width, on_notice=on_notice), suffix)
    elif what in (STUDY_FIGURE, "table"):
        content = latex_table(summary_of(results), results.study.name if results.study else None).encode()
    else:
        raise InputError(f"{path}: {what} has no LaTeX table: give a .pdf, .svg or .png file, or leave out {what}")
    _files.write(content, path)
    return path


def _check_known(what: str) -> None:
    if what != STUDY_FIGURE and what not in FIGURES:
        known = (STUDY_FIGURE, *FIGURES)
        raise InputError(f"unknown figure {what!r}{did_you_mean(what, known)} ({', '.join(known)})")
