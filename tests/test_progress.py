import io
import json
from types import SimpleNamespace

from rich.console import Console

from nalm.progress import About, Bar, JsonLines, Lines


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def batch(count, failed=0):
    run = SimpleNamespace(updates=100)
    status = ("failed",) * failed + ("finished",) * (count - failed)
    return SimpleNamespace(runs=(run,) * count, status=status, seconds=2.0)


def test_lines_come_now_and_then_and_at_the_end():
    lines, clock = [], Clock()
    report = Lines(lines.append, clock=clock)
    report.begin(runs=10, finished=4, iterations=600)
    assert lines == ["10 runs, 4 finished already, 600 run-iterations to do"]
    clock.now += 5
    report.progress(100)
    assert len(lines) == 1
    clock.now += 5
    report.progress(200)
    assert lines[1:] == ["4/10 runs, 40 run-iterations/s, 8 s left"]
    report.batch(batch(3))
    assert len(lines) == 2
    clock.now += 7.5
    report.progress(300)
    report.batch(batch(3))
    report.end()
    assert lines[2:] == ["10/10 runs, 40 run-iterations/s"]


def test_rate_does_not_count_the_time_before_training():
    lines, clock = [], Clock()
    report = Lines(lines.append, clock=clock)
    report.begin(runs=2, finished=0, iterations=600)
    clock.now += 1000
    report.progress(1)
    assert lines[1:] == ["0/2 runs, starting"]
    clock.now += 10
    report.progress(99)
    assert lines[2:] == ["0/2 runs, 9.9 run-iterations/s, 51 s left"]


def test_short_training_has_no_rate():
    lines = []
    report = Lines(lines.append, clock=Clock())
    report.begin(runs=2, finished=0, iterations=600)
    report.progress(600)
    report.batch(batch(2))
    assert lines[1:] == ["2/2 runs"]


def test_json_lines_count_up():
    lines, clock = [], Clock()
    report = JsonLines(lines.append, clock=clock)
    report.begin(runs=10, finished=4, iterations=600)
    report.progress(5)
    clock.now += 3
    report.batch(batch(2, failed=1))
    report.batch(batch(4))
    report.end()
    assert json.loads(lines[0]) == {
        "batch": 1, "runs": 2, "failed": 1, "finished": 6, "total": 10,
        "iterations": 200, "seconds": 2.0, "elapsed": 3.0,
    }  # fmt: skip
    assert (json.loads(lines[1])["finished"], len(lines)) == (10, 2)


def test_bar_shows_runs_rate_and_time_left():
    clock, screen = Clock(), io.StringIO()
    report = Bar(Console(file=screen, force_terminal=True, width=120), clock=clock)
    report.begin(runs=10, finished=4, iterations=600)
    clock.now += 10
    report.progress(100)
    clock.now += 10
    report.progress(200)
    report.batch(batch(3))
    report.end()
    text = screen.getvalue()
    assert "4/10 runs" in text
    assert "starting" in text
    assert "7/10 runs" in text
    assert "50%  20 run-iterations/s" in text


def test_networks_that_are_compiled_first_are_told_and_then_what_is_solved():
    solved = iter([1, None, 3])
    about = About(networks=9, judge=lambda result: next(solved))
    clock, screen, lines = Clock(), io.StringIO(), []
    reports = [
        Bar(Console(file=screen, force_terminal=True, width=120), about, clock),
        Lines(lines.append, about, clock),
    ]
    for report in reports[1:]:
        report.begin(runs=10, finished=0, iterations=600)
        assert lines == ["10 runs, 0 finished already, 600 run-iterations to do, compiling 9 networks"]
        report.progress(100)
        clock.now += 10
        report.progress(100)
        assert lines[1:] == ["0/10 runs, 10 run-iterations/s, 40 s left"]
        for count in (2, 4, 4):
            report.batch(batch(count))
        assert lines[2:] == ["10/10 runs, 10 run-iterations/s, 4/6 solved"]
    solved = iter([1, None, 3])
    bar = reports[0]
    bar.begin(runs=10, finished=0, iterations=600)
    bar.progress(100)
    for count in (2, 4, 4):
        bar.batch(batch(count))
    bar.end()
    text = screen.getvalue()
    assert "compiling 9 networks" in text
    assert "4/6 solved" in text
