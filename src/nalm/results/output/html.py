"""A results folder as a notebook shows it."""

from __future__ import annotations

from html import escape

from nalm.results.output.formats import table_cells
from nalm.results.store import Store
from nalm.results.summaries import summary_of

_MOST_ROWS = 60


def results_html(store: Store) -> str:
    """Return title, folder and summary as a fragment of HTML.

    Raises:
        StoreError: damaged records.
    """
    title = store.study.title if store.study else "Imported results"
    groups = summary_of(store)
    head = f"<p><strong>{escape(title)}</strong><br><code>{escape(str(store.path))}</code></p>"
    if not groups:
        return f"{head}<p>No run is finished yet.</p>"
    _, columns, rows = table_cells(groups)
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows[:_MOST_ROWS])
    more = f"<p>and {len(rows) - _MOST_ROWS} more rows: <code>summary()</code></p>" if len(rows) > _MOST_ROWS else ""
    return f"{head}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}"
