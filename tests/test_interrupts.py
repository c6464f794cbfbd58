import os
import signal
import subprocess
import time

import pytest

from nalm import interrupts
from support.command import HANGS_S, python

pytestmark = pytest.mark.heavy

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

LOOP = """
import sys, time
from nalm import interrupts
interrupts.install()
try:
    print("open", flush=True)
    time.sleep(3600)
except KeyboardInterrupt:
    print("closing", flush=True)
    {closing}
    print("closed", flush=True)
    sys.exit(interrupts.STATUS)
"""


def started(code):
    process = python("-c", code)
    assert process.stdout.readline() == "open\n"
    return process


@pytest.mark.parametrize("number", NUMBERS)
def test_first_signal_closes_what_is_open(number):
    process = started(LOOP.format(closing="pass"))
    process.send_signal(number)
    assert process.communicate(timeout=HANGS_S) == ("closing\nclosed\n", "")
    assert process.returncode == 130


def test_a_signal_that_comes_to_the_process_and_to_its_group_counts_once():
    process = started(LOOP.format(closing="interrupts._SAME_S = 3600; time.sleep(0.3)"))
    process.send_signal(signal.SIGHUP)
    assert process.stdout.readline() == "closing\n"
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=HANGS_S) == ("closed\n", "")
    assert process.returncode == 130


def test_second_signal_ends_at_once():
    process = started(LOOP.format(closing="time.sleep(3600)"))
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "closing\n"
    time.sleep(interrupts._SAME_S)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=HANGS_S) == ("", "nalm: interrupted\n")
    assert process.returncode == 130


@pytest.mark.parametrize("number", NUMBERS)
def test_signal_during_an_import_ends_at_once(number, tmp_path):
    (tmp_path / "slow.py").write_text(
        "import time\nprint('open', flush=True)\ntry: time.sleep(3600)\nexcept BaseException as error: print(error)\n"
    )
    process = started(
        "from nalm import interrupts; interrupts.install(); import sys; sys.path.insert(0, "
        f"{str(tmp_path)!r}); import slow"
    )
    process.send_signal(number)
    assert process.communicate(timeout=HANGS_S) == ("", "nalm: interrupted\n")
    assert process.returncode == 130


@pytest.mark.parametrize("number", NUMBERS)
def test_processes_that_are_started_while_signals_are_held_do_not_get_them(number):
    code = "import time; time.sleep(1); print('lived')"
    with interrupts.held():
        process = python("-c", code, start_new_session=True)
    os.killpg(process.pid, number)
    assert process.communicate(timeout=HANGS_S) == ("lived\n", "")


def test_held_signals_come_afterwards():
    holding = (
        "with interrupts.held():\n        print('held', flush=True)\n        input()\n        print('over', flush=True)"
    )
    process = python("-c", LOOP.replace("time.sleep(3600)", holding).format(closing="pass"), stdin=subprocess.PIPE)
    assert [process.stdout.readline(), process.stdout.readline()] == ["open\n", "held\n"]
    process.send_signal(signal.SIGTERM)
    assert process.communicate("\n", timeout=HANGS_S) == ("over\nclosing\nclosed\n", "")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("after", [0, 0.3, 1, 2, 4])
def test_run_that_is_interrupted_at_any_time_says_so_in_one_line(number, after, tmp_path):
    (tmp_path / "slow.toml").write_text(
        'title = "Many seeds"\nseeds = "0:9999"\ntask = { kind = "single-module", operation = "mul" }\n'
        "settings = { iterations = 999_999, sparsity_penalty = 0, log_interval = 100_000 }\n"
        'networks = [{ unit = "nmu" }]\n'
    )
    # from when nalm takes signals on: those that come while Python itself starts are not its own
    code = (
        "from nalm import interrupts; interrupts.install(); print('open', flush=True); import nalm.cli; nalm.cli.main()"
    )
    words = ["run", "slow.toml", "--out", "here", "--workers", "2"]
    process = python("-c", code, *words, cwd=tmp_path, start_new_session=True)
    assert process.stdout.readline() == "open\n"
    time.sleep(after)
    # as terminals and queues do it: to the whole group
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=HANGS_S)
    assert process.returncode == 130
    assert errors.startswith("nalm: interrupted")
    assert errors.count("\n") == 1
