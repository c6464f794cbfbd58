"""The report: one HTML page about one or several results folders, which opens without a network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nalm import files
from nalm.errors import InputError
from nalm.report._data import embedded
from nalm.report._figures import ReportFigure
from nalm.report._page import Failures, Section, section
from nalm.results.store import Store

__all__ = ["Failures", "ReportFigure", "Section", "page", "section", "write"]


def page(sections: Sequence[Section]) -> str:
    """Return the HTML of a page with these sections; all texts are escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    title = sections[0].title if len(sections) == 1 else f"Results of {len(sections)} studies"
    data = embedded([section.data for section in sections])
    return environment.get_template("page.html").render(page_title=title, sections=sections, data=data)


def write(stores: Sequence[Store], to: str | os.PathLike[str]) -> Path:
    """Write the report of some results folders; equal results give equal bytes.

    Each gets its title, description, figures, summary with intervals, failed runs with their reasons, and
    environment.

    Returns:
        The path written.

    Raises:
        InputError: no folder, a file that is not .html, or one that cannot be written.
        StoreError: damaged records.
    """
    path = Path(to)
    if not stores:
        raise InputError("report: give at least one results folder")
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{path}: a report is a .html file; got {path.suffix or 'no suffix'}")
    content = page([section(store, number) for number, store in enumerate(stores, start=1)])
    try:
        files.write_output(path, content.encode())
    except OSError as error:
        raise InputError(f"{path}: {files.write_failure(error)}") from None
    return path
