"""The job scripts: one array whose element i trains part i.

Directives are read by the queue, line by line, with rules of its own for quotes and spaces. So none holds a path: the
log's name is relative to the folder that the array is submitted from, and paths stand in the bash below, quoted.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nalm.cluster._site import LsfSite, Site, SlurmSite

# how long before its time limit a part is asked to end: two minutes, or a quarter of a limit below eight
_WARNING_S = 120


@dataclass(frozen=True)
class Array:
    """A job array.

    Attributes:
        study: name of the study.
        parts: number of parts that the chosen runs are split into.
        elements: the parts that are asked for.
        nalm: words that start nalm.
        argument: the study, as `nalm run` takes it.
        options: of `nalm run`, without the part.
        folder: where the command is given.
    """

    study: str
    parts: int
    elements: tuple[int, ...]
    nalm: tuple[str, ...]
    argument: str
    options: tuple[str, ...]
    folder: Path

    @property
    def name(self) -> str:
        """What queues call it."""
        return "nalm-" + re.sub(r"[^A-Za-z0-9._-]+", "-", self.study)


def slurm_script(array: Array, site: SlurmSite) -> str:
    """Return the script for `sbatch`."""
    together = "" if site.at_once is None else f"%{site.at_once}"
    directives = [
        f"--job-name={array.name}",
        "--output=%x-%A-%a.log",
        "--open-mode=append",
        f"--array={ranges(array.elements)}{together}",
        *_given("--partition={}", site.partition),
        *_given("--account={}", site.account),
        *_given("--qos={}", site.qos),
        *_given("--time={}", site.time_minutes),
        *_given("--mem={}M", site.memory_mb),
        f"--cpus-per-task={site.cpus}",
        *_given("--gres=gpu:{}", site.gpus or None),
        "--requeue",
        f"--signal=B:TERM@{_warning_s(site)}",
        *site.options,
    ]
    return _script("SBATCH", directives, array, site, "SLURM_ARRAY_TASK_ID")


def lsf_script(array: Array, site: LsfSite) -> str:
    """Return the script for `bsub`."""
    together = "" if site.at_once is None else f"%{site.at_once}"
    directives = [
        f'-J "{array.name}[{ranges(array.elements)}]{together}"',
        f"-o {array.name}-%J-%I.log",
        *_given("-q {}", site.queue),
        *_given("-P {}", site.account),
        *_given("-W {}", site.time_minutes),
        *_given("-M {}MB", site.memory_mb),
        *_given('-R "rusage[mem={}MB]"', site.memory_mb),
        f"-n {site.cpus}",
        *(['-R "span[hosts=1]"'] if site.cpus > 1 else []),
        *_given('-gpu "num={}"', site.gpus or None),
        "-r",
        # in whole minutes
        *(["-wa TERM", f"-wt {_warning_s(site) // 60}"] if _warning_s(site) >= 60 else []),
        *site.options,
    ]
    return _script("BSUB", directives, array, site, "LSB_JOBINDEX")


def ranges(elements: Sequence[int]) -> str:
    """Write rising numbers as queues do: `1,3,7-9`."""
    found: list[list[int]] = []
    for before, element in pairwise([elements[0] - 2, *elements]):
        if element == before + 1:
            found[-1][1:] = [element]
        else:
            found.append([element])
    return ",".join("-".join(map(str, bounds)) for bounds in found)


def _script(prefix: str, directives: Iterable[str], array: Array, site: Site, variable: str) -> str:
    """Put a script together. `exec` makes nalm the process that the queue sends its signals to."""
    nalm = site.command or shlex.join(array.nalm)
    part = f'--part "${variable}/{array.parts}"'
    lines = [
        "#!/bin/bash",
        *(f"#{prefix} {directive}" for directive in directives),
        "",
        *(f"module load {shlex.quote(module)}" for module in site.modules),
        *site.setup,
        f"cd -- {shlex.quote(str(array.folder))} || exit",
        f"exec {nalm} run {shlex.quote(array.argument)} {part} {shlex.join(array.options)}",
    ]
    return "\n".join(lines) + "\n"


def _warning_s(site: Site) -> int:
    return _WARNING_S if site.time_minutes is None else min(_WARNING_S, site.time_minutes * 60 // 4)


def _given(form: str, value: object) -> Iterator[str]:
    if value is not None:
        yield form.format(value)
