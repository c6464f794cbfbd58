"""How training is reported: a live bar, plain lines, or a JSON line per batch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from nalm.runs import Run
from nalm.runs.record import TrainedRuns

# plain lines come no more often than this
_LINE_EVERY_S = 10.0


class NullReporter:
    """Reports nothing."""

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Nothing."""

    def progress(self, iterations: int) -> None:
        """Nothing."""

    def batch(self, result: TrainedRuns) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


@dataclass(frozen=True)
class About:
    """What a reporter tells beside counts.

    Attributes:
        networks: how many are compiled, or found compiled, before training begins.
        judge: how many runs of a batch solved their task; None where they have no threshold.
    """

    networks: int = 0
    judge: Callable[[TrainedRuns], int | None] = lambda result: None

    @classmethod
    def of(cls, runs: Sequence[Run], window: int) -> About:
        """Return what there is to tell of `runs`, whose best step is chosen among the last `window` rows."""
        from nalm.training import compiled_networks

        def judge(result: TrainedRuns) -> int | None:
            if any(run.training is None or run.task.threshold() is None for run in result.runs):
                return None
            from nalm.results.records import records_table
            from nalm.results.selection import select_best

            return int(select_best(records_table(result), window)["solved"].sum())

        return cls(compiled_networks(runs), judge)


class Count:
    """Counts runs and iterations done, and the rate since training began: networks are compiled before that."""

    def __init__(
        self, runs: int, finished: int, iterations: int, clock: Callable[[], float], networks: int = 0
    ) -> None:
        self.runs, self.done = runs, finished
        self.solved: int | None = None
        self.judged = 0
        self.iterations, self.iterations_done = iterations, 0
        self._clock, self._networks = clock, networks
        self._start: tuple[float, int] | None = None

    def add(self, iterations: int) -> None:
        """Count iterations."""
        self.iterations_done = min(self.iterations, self.iterations_done + iterations)
        if self._start is None:
            self._start = (self._clock(), self.iterations_done)

    def batch(self, runs: int, solved: int | None) -> None:
        """Count runs that are done, and those of them that solved their task."""
        self.done += runs
        if solved is not None:
            self.solved = (self.solved or 0) + solved
            self.judged += runs

    @property
    def rate(self) -> float | None:
        """Run-iterations per second, None before there is a second message to tell."""
        if self._start is None or self.iterations_done == self._start[1]:
            return None
        return (self.iterations_done - self._start[1]) / max(self._clock() - self._start[0], 1e-9)

    @property
    def speed(self) -> str:
        """The rate in words; before there is one, what is done instead."""
        if self.rate is not None:
            return f"{self.rate:.3g} run-iterations/s"
        return "starting" if self._start or not self._networks else self.compiling

    @property
    def compiling(self) -> str:
        """What goes before training."""
        return f"compiling {self._networks} network{'' if self._networks == 1 else 's'}"

    @property
    def verdict(self) -> str:
        """How many of the runs done now solved their task; nothing before any can."""
        return "" if self.solved is None else f"{self.solved}/{self.judged} solved"

    @property
    def seconds_left(self) -> float | None:
        """Until all are done, None before there is a rate."""
        return None if self.rate is None else (self.iterations - self.iterations_done) / self.rate


class Bar:
    """A live bar on a terminal."""

    def __init__(
        self, console: Console, about: About | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock, self._about = clock, about or About()
        self._progress = Progress(
            TextColumn("{task.fields[runs]} runs"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("left {task.fields[verdict]}"),
            console=console,
        )

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Show the bar."""
        self._count = Count(runs, finished, iterations, self._clock, self._about.networks)
        self._task: TaskID = self._progress.add_task("", total=iterations, **self._fields())
        self._progress.start()

    def progress(self, iterations: int) -> None:
        """Move the bar."""
        self._count.add(iterations)
        self._update()

    def batch(self, result: TrainedRuns) -> None:
        """Count the runs."""
        self._count.batch(len(result.runs), self._about.judge(result))
        self._update()

    def end(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def _update(self) -> None:
        self._progress.update(self._task, completed=self._count.iterations_done, **self._fields())

    def _fields(self) -> dict[str, Any]:
        count = self._count
        verdict = f"· {count.verdict}" if count.verdict else ""
        return {"runs": f"{count.done}/{count.runs}", "rate": count.speed, "verdict": verdict}


class Lines:
    """Plain lines, for files and pipes."""

    def __init__(
        self,
        write: Callable[[str], None],
        about: About | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._clock, self._about = clock, about or About()

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Say what is to be done."""
        self._count = Count(runs, finished, iterations, self._clock, self._about.networks)
        self._last = self._clock()
        words = [f"{runs} runs", f"{finished} finished already", f"{iterations:.3g} run-iterations to do"]
        self._write(", ".join([*words, *[self._count.compiling] * bool(iterations and self._about.networks)]))

    def progress(self, iterations: int) -> None:
        """Write a line now and then."""
        self._count.add(iterations)
        self._line()

    def batch(self, result: TrainedRuns) -> None:
        """Count the runs; the last ones always get a line."""
        self._count.batch(len(result.runs), self._about.judge(result))
        self._line(at_once=self._count.done >= self._count.runs)

    def end(self) -> None:
        """Nothing."""

    def _line(self, at_once: bool = False) -> None:
        count, now = self._count, self._clock()
        if not at_once and now - self._last < _LINE_EVERY_S:
            return
        self._last = now
        words = [f"{count.done}/{count.runs} runs"]
        if count.rate is not None or not at_once:
            words.append(count.speed)
        if count.seconds_left is not None and not at_once:
            words.append(f"{count.seconds_left:.0f} s left")
        self._write(", ".join([*words, *filter(None, [count.verdict])]))


class JsonLines:
    """One JSON object per finished batch.

    Keys: `batch` (count from 1), `runs` and `failed` (in the batch), `finished` and `total` (runs of the
    command), `iterations` (run-iterations of the batch), `seconds` (wall time of the batch), `elapsed` (since
    the start).
    """

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock

    def begin(self, runs: int, finished: int, iterations: int) -> None:
        """Start counting."""
        self._start = self._clock()
        self._batches, self._finished, self._total = 0, finished, runs

    def progress(self, iterations: int) -> None:
        """Nothing."""

    def batch(self, result: TrainedRuns) -> None:
        """Write the line."""
        self._batches += 1
        self._finished += len(result.runs)
        line = {
            "batch": self._batches,
            "runs": len(result.runs),
            "failed": sum(status == "failed" for status in result.status),
            "finished": self._finished,
            "total": self._total,
            "iterations": sum(run.updates for run in result.runs),
            "seconds": round(result.seconds, 3),
            "elapsed": round(self._clock() - self._start, 3),
        }
        self._write(json.dumps(line))

    def end(self) -> None:
        """Nothing."""
