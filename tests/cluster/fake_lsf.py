#!/usr/bin/env python3
"""A stand-in for LSF: called as `bsub`, runs the elements of an array, two at a time; called as `bjobs`, lists them."""

import os
import re
import subprocess
import sys
from pathlib import Path

SPOOL = Path(os.environ["FAKE_LSF"])


def numbers(text):
    for bounds in text.split(","):
        first, _, last = bounds.partition("-")
        yield from range(int(first), int(last or first) + 1)


def bsub():
    script = sys.stdin.read()
    array = re.search(r'^#BSUB -J "[\w.-]+\[([\d,-]+)\](%\d+)?"$', script, re.MULTILINE)[1]
    log = re.search(r"^#BSUB -o (\S+)$", script, re.MULTILINE)[1]
    job = str(1 + sum(1 for _ in SPOOL.glob("*.script")))
    (SPOOL / f"{job}.script").write_text(script)
    for element in numbers(array):
        (SPOOL / f"{job} {element}").touch()
    words = "\0".join(str(element) for element in numbers(array))
    run = f'LSB_JOBID={job} LSB_JOBINDEX=$0 bash "{SPOOL}/{job}.script"'
    one = f'{run} >"{log.replace("%J", job).replace("%I", "$0")}" 2>&1; rm "{SPOOL}/{job} $0"'
    xargs = subprocess.Popen(
        ["xargs", "-0", "-n1", "-P2", "bash", "-c", one],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    xargs.stdin.write(words.encode())
    xargs.stdin.close()
    print(f"Job <{job}> is submitted to default queue <normal>.")


def bjobs():
    elements = sorted(path.name for path in SPOOL.glob("* *"))
    if not elements:
        sys.exit("No unfinished job found")
    print("\n".join(elements))


{"bsub": bsub, "bjobs": bjobs}[Path(sys.argv[0]).name]()
