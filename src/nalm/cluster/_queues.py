"""SLURM and LSF: how an array is handed over, and which of its elements are still waiting or at work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from nalm.cluster._scripts import Array, lsf_script, slurm_script
from nalm.cluster._site import LsfSite, Site, SlurmSite, read_site
from nalm.errors import InputError, NalmError

# a queue that has not answered by then is down
_PATIENCE_S = 120


class QueueError(NalmError):
    """A queue refuses, or does not answer."""


class Queue(ABC):
    """A site's queue."""

    name: str
    """As on the command line and in file names."""
    site: Site
    """The options of its site."""

    @abstractmethod
    def script(self, array: Array) -> str:
        """Return the job script of an array."""

    @abstractmethod
    def hand_over(self, script: Path) -> str:
        """Submit a script from the folder it lies in; return the number of the array's job.

        Raises:
            QueueError: the queue refuses, or its answer makes no sense.
        """

    @abstractmethod
    def at_work(self) -> set[tuple[str, int]]:
        """Return job and element of all that the user's arrays have waiting or running, in one question.

        Raises:
            QueueError: the queue does not answer.
        """

    @abstractmethod
    def by_hand(self, script: Path) -> str:
        """Return the command that submits a script."""


class Slurm(Queue):
    """SLURM."""

    name = "slurm"

    def __init__(self, site: SlurmSite) -> None:
        self.site: SlurmSite = site

    def script(self, array: Array) -> str:
        return slurm_script(array, self.site)

    def hand_over(self, script: Path) -> str:
        answer = _ask(["sbatch", "--parsable", script.name], script.parent)
        return _number(answer, r"(\d+)(?:;.*)?\s*", "sbatch")

    def at_work(self) -> set[tuple[str, int]]:
        answer = _ask(["squeue", "--me", "--noheader", "--array", "--format=%F %K"])
        return _pairs(answer)

    def by_hand(self, script: Path) -> str:
        return f"cd {shlex.quote(str(script.parent))} && sbatch {script.name}"


class Lsf(Queue):
    """IBM Spectrum LSF."""

    name = "lsf"

    def __init__(self, site: LsfSite) -> None:
        self.site: LsfSite = site

    def script(self, array: Array) -> str:
        return lsf_script(array, self.site)

    def hand_over(self, script: Path) -> str:
        answer = _ask(["bsub"], script.parent, script)
        return _number(answer, r".*\bJob <(\d+)> is submitted\b.*", "bsub")

    def at_work(self) -> set[tuple[str, int]]:
        answer = _ask(["bjobs", "-noheader", "-o", "jobid jobindex"], nothing="No unfinished job found")
        return _pairs(answer)

    def by_hand(self, script: Path) -> str:
        return f"cd {shlex.quote(str(script.parent))} && bsub < {script.name}"


def queue_of(name: str, site: Path | None, cpus: int | None = None) -> Queue:
    """Return a queue with the options of a site file.

    Args:
        name: `slurm` or `lsf`.
        site: the file; without one, the queue's defaults.
        cpus: cores of a part, instead of those of the file.

    Raises:
        InputError: the file is wrong; all problems at once.
    """
    changes = {} if cpus is None else {"cpus": cpus}
    if name == Slurm.name:
        return Slurm((SlurmSite() if site is None else read_site(site, SlurmSite)).model_copy(update=changes))
    return Lsf((LsfSite() if site is None else read_site(site, LsfSite)).model_copy(update=changes))


def _ask(
    words: Sequence[str], folder: Path | None = None, stdin: Path = Path(os.devnull), nothing: str | None = None
) -> str:
    """Run one of the queue's commands and return what it prints; `nothing` is how it complains of an empty answer."""
    if shutil.which(words[0]) is None:
        raise InputError(
            f"{words[0]}: no such command here; give nalm submit where jobs are submitted, "
            "or --dry-run to write the job script alone"
        )
    try:
        with open(stdin, "rb") as given:
            done = subprocess.run(words, cwd=folder, stdin=given, capture_output=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise QueueError(f"{words[0]}: no answer for {_PATIENCE_S} s; the queue may be down") from None
    said = " ".join((done.stderr or done.stdout).decode(errors="replace").split())
    if done.returncode == 0:
        return done.stdout.decode(errors="replace")
    if nothing is not None and nothing in said:
        return ""
    raise QueueError(f"{words[0]}: status {done.returncode}: {said or 'nothing said'}")


def _number(answer: str, form: str, command: str) -> str:
    match = re.fullmatch(form, answer, re.DOTALL)
    if match is None:
        raise QueueError(f"{command}: no number of a job in its answer {answer.strip()!r}; look whether it is queued")
    return match[1]


def _pairs(answer: str) -> set[tuple[str, int]]:
    """Read lines of a job's number and an element; other jobs have no element."""
    words = [line.split() for line in answer.splitlines()]
    return {(pair[0], int(pair[1])) for pair in words if len(pair) == 2 and pair[1].isdecimal()}
