"""`nalm status`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nalm.cli._messages import note
from nalm.cli._tables import console, number, span
from nalm.cluster.heartbeat import Sign
from nalm.cluster.status import STATES, GroupStatus, Status, Watcher
from nalm.results.output.escaping import printable
from nalm.results.store import Store

# between two looks, and so many times what a look itself takes
_EVERY_S = 10.0
_PATIENCE = 10


def show_status(folder: Path, *, watch: bool, as_json: bool) -> None:
    """Show how far a results folder is, once or until every run has ended.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    store = Store.open(folder)
    looks = _looks(Watcher(store), watch)
    if as_json:
        for status in looks:
            typer.echo(json.dumps(document(store, status), indent=None if watch else 2, allow_nan=False))
        return
    terminal = console()
    if watch and terminal.is_interactive:
        with Live(console=terminal, auto_refresh=False) as live:
            for status in looks:
                live.update(_shown(store, status), refresh=True)
    else:
        for status in looks:
            terminal.print(_shown(store, status))
            for line in status.damaged:
                note(line)


def document(store: Store, status: Status) -> dict[str, Any]:
    """Return the status as JSON has it."""
    return {
        "study": None if store.study is None else store.study.name,
        "folder": str(store.path),
        "runs": _counts(status),
        "others": status.others,
        "rate": status.rate,
        "iterations_left": status.iterations_left,
        "seconds_left": status.seconds_left,
        "groups": [{**group.labels, "runs": _counts(group)} for group in status.groups],
        "processes": [
            {**sign.beat.model_dump(), "age_s": round(sign.age_s, 1), "stale": sign.stale} for sign in status.processes
        ],
        "damaged": list(status.damaged),
    }


def _counts(item: Status | GroupStatus) -> dict[str, int]:
    return {"total": item.counts.runs, **asdict(item.counts)}


def _looks(watcher: Watcher, watch: bool) -> Iterator[Status]:
    while True:
        start = time.monotonic()
        status = watcher.look()
        yield status
        if not watch or not (status.counts.running or status.counts.missing):
            return
        time.sleep(max(_EVERY_S, _PATIENCE * (time.monotonic() - start)))


def _shown(store: Store, status: Status) -> RenderableType:
    parts: list[RenderableType] = [_runs(store, status)]
    if status.processes:
        parts.append(_processes(status.processes))
    return Group(*parts, Text(_summary(status)))


def _runs(store: Store, status: Status) -> Table:
    table = Table(title=Text(str(store.path)), title_justify="left")
    values = [group.labels for group in status.groups]
    keys = [key for key in dict.fromkeys(key for labels in values for key in labels) if _tells_apart(key, values)]
    for key in keys:
        table.add_column(key.replace("_", " "))
    for state in STATES:
        table.add_column(state, justify="right")
    for group in status.groups:
        labels = [str(group.labels.get(key, "")) for key in keys]
        table.add_row(*map(_cell, labels), *(number(getattr(group.counts, state)) for state in STATES))
    table.add_section()
    table.add_row("all", *[""] * (len(keys) - 1), *(number(getattr(status.counts, state)) for state in STATES))
    return table


def _tells_apart(key: str, values: Sequence[dict[str, Any]]) -> bool:
    # an extrapolation range follows from its interpolation range
    return key == "unit" or (key != "extrapolation_range" and len({str(labels.get(key)) for labels in values}) > 1)


def _processes(signs: Sequence[Sign]) -> Table:
    table = Table()
    for column in ("host", "process", "part"):
        table.add_column(column)
    for column in ("runs done", "run-iterations/s", "last sign"):
        table.add_column(column, justify="right")
    for sign in signs:
        beat = sign.beat
        rate = "" if beat.rate is None else f"{beat.rate:.3g}"
        age = f"{span(abs(sign.age_s))} ago" + (", gone?" if sign.stale else "")
        words = (beat.host, str(beat.process), beat.part or "", f"{beat.finished} of {beat.runs}", rate, age)
        table.add_row(*map(_cell, words))
    return table


def _cell(text: str) -> Text:
    return Text(printable(text))


def _summary(status: Status) -> str:
    counts = status.counts
    words = [f"{number(counts.finished)} of {number(counts.runs)} runs finished"]
    words += [f"{number(getattr(counts, state))} {state}" for state in STATES[1:] if getattr(counts, state)]
    if status.others:
        words.append(f"{number(status.others)} others at work")
    if status.damaged:
        words.append(f"{len(status.damaged)} damaged files")
    if status.iterations_left and status.rate is not None:
        words.append(f"{status.rate:.3g} run-iterations/s, {span(status.seconds_left)} left")
    return ", ".join(words)
