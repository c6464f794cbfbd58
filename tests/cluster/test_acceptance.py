"""The same study, trained in every way that there is: the summaries agree byte for byte.

As root, after `apt-get install slurm-wlm munge`: `python -m pytest -m cluster tests/cluster`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.slurm import missing, slurm
from cluster.test_slurm import ARITHMETIC, DIGITS
from nalm.results.store import Store
from results.samples import no_damage
from support.command import SOURCES, Command, nalm, wait_until
from support.loopback import Loopback

pytestmark = pytest.mark.cluster


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if missing():
        pytest.skip(f"not installed: {', '.join(missing())}")
    folder = tmp_path / "slurm"
    folder.mkdir()
    with slurm(folder) as environment:
        for name in ("PATH", "SLURM_CONF"):
            monkeypatch.setenv(name, environment[name])
        monkeypatch.setenv("PYTHONPATH", str(SOURCES))
        yield


@pytest.fixture
def lsf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs, spool = tmp_path / "bin", tmp_path / "spool"
    for folder in (programs, spool):
        folder.mkdir()
    for name in ("bsub", "bjobs"):
        shutil.copy(Path(__file__).parent / "fake_lsf.py", programs / name)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("FAKE_LSF", str(spool))
    return spool


def in_process(command: Command, study: Path, folder: str) -> None:
    assert command("run", study, "--out", folder, "--workers", "1").status == 0


def on_two_processes(command: Command, study: Path, folder: str) -> None:
    assert command("run", study, "--out", folder, "--workers", "2").status == 0


def as_an_array_with_an_element_killed(command: Command, study: Path, folder: str) -> None:
    words = ("submit", study, "--slurm", "--out", folder)
    outcome = command(*words, "--parts", "4")
    assert (outcome.status, outcome.errors) == (0, ""), outcome
    job = re.match(r"slurm job (\d+): ", outcome.output)[1]  # type: ignore[index]
    log = Path(folder, "jobs", f"nalm-study-{job}-2.log")
    wait_until(lambda: log.exists() and "finished already" in log.read_text())
    time.sleep(1)
    subprocess.run(["scancel", "--batch", "--signal=KILL", f"{job}_2"], check=True)
    wait_until(lambda: not waiting(job))
    again = command(*words)
    assert "parts 2 of 4" in again.output, (again, log.read_text())
    job = re.match(r"slurm job (\d+): ", again.output)[1]  # type: ignore[index]
    wait_until(lambda: not waiting(job))


def waiting(job: str) -> list[str]:
    states = "--states=pending,running,completing,configuring"
    words = ["squeue", "--noheader", "--array", f"--jobs={job}", states, "--format=%K"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def through_lsf(command: Command, study: Path, folder: str) -> None:
    assert command("submit", study, "--lsf", "--parts", "4", "--out", folder).status == 0
    spool = Path(os.environ["FAKE_LSF"])
    wait_until(lambda: not list(spool.glob("* *")))


def on_dask_with_a_worker_killed(command: Command, study: Path, folder: str) -> None:
    elsewhere = study.parent / "elsewhere"
    elsewhere.mkdir()
    cluster = Loopback(elsewhere)
    try:
        for _ in range(2):
            cluster.start_worker()
        cluster.wait(2)
        process = nalm(["run", study, "--cluster", cluster.address, "--out", folder, "--json"], cwd=study.parent)
        first = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        assert first["finished"] < first["total"]
        cluster.workers[0].kill()
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
    finally:
        cluster.close()


WAYS: tuple[Callable[[Command, Path, str], None], ...] = (
    in_process,
    on_two_processes,
    as_an_array_with_an_element_killed,
    through_lsf,
    on_dask_with_a_worker_killed,
)


@pytest.mark.usefixtures("queue", "lsf")
@pytest.mark.parametrize("text", [ARITHMETIC, DIGITS], ids=["arithmetic", "digits"])
def test_every_way_gives_the_same_bytes(command: Command, study: Path, text: str) -> None:
    study.write_text(text)
    summaries = {}
    for way in WAYS:
        folder = f"results-{way.__name__}"
        way(command, study, folder)
        Store.open(folder).finished(no_damage)
        outcome = command("summary", folder, "--format", "json")
        assert (outcome.status, outcome.errors) == (0, "")
        summaries[way.__name__] = outcome.output
    assert len(set(summaries.values())) == 1
    records = [Store.open(f"results-{way.__name__}").records() for way in WAYS]
    assert all(records[0].equals(other) for other in records[1:])
