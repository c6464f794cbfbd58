"""A SLURM of one node on this machine, for tests: Debian's slurm-wlm and munge, as root, without systemd.

    apt-get install slurm-wlm munge
    python tests/cluster/slurm.py FOLDER     starts it, prints the variable to set, and waits for Ctrl-C

Everything it writes lies in FOLDER; ports are free ones, munge's socket is a private one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
_START_S = 30.0


def missing() -> list[str]:
    """Return what must be installed first."""
    return [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start SLURM; yields the environment in which its commands reach it."""
    folder = folder.resolve()
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(mode=0o755)
    environment = {**os.environ, "PATH": _path(), "SLURM_CONF": str(folder / "slurm.conf")}
    key = folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    with contextlib.ExitStack() as stack:
        # munge wants every user to reach its socket
        public = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="munge-")))
        public.chmod(0o755)
        (folder / "slurm.conf").write_text(_configuration(folder, public / "socket"))
        commands = [
            ["munged", "--foreground", f"--socket={public}/socket", f"--key-file={key}", *_munge_files(key.parent)],
            ["slurmctld", "-D", "-i"],
            ["slurmd", "-D"],
        ]
        for words in commands:
            log = stack.enter_context(open(folder / f"{words[0]}.out", "wb"))
            daemon = subprocess.Popen(words, env=environment, stdout=log, stderr=log, start_new_session=True)
            stack.callback(_end, daemon)
            if words[0] == "munged":
                _wait_for((public / "socket").exists, folder)
        _wait_for(lambda: _is_idle(environment), folder)
        try:
            yield environment
        finally:
            subprocess.run(["scancel", "--user=root"], env=environment, check=False, capture_output=True)
            _wait_for(lambda: not _jobs(environment), folder)


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _configuration(folder: Path, munge: Path) -> str:
    host = socket.gethostname()
    cores = len(os.sched_getaffinity(0))
    first, second = _free_ports(2)
    return f"""
ClusterName=nalm
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={first}
SlurmdPort={second}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={munge}
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
MinJobAge=600
SchedulerParameters=sched_min_interval=200000,bf_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=short Nodes={host} Default=YES MaxTime=60 State=UP
"""


def _munge_files(folder: Path) -> list[str]:
    return [f"--{name}-file={folder}/{name}" for name in ("log", "pid", "seed")]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _is_idle(environment: dict[str, str]) -> bool:
    words = ["sinfo", "--noheader", "--format=%T"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False).stdout.strip() == "idle"


def _jobs(environment: dict[str, str]) -> str:
    words = ["squeue", "--noheader"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout


def _wait_for(condition: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + _START_S
    while not condition():
        if time.monotonic() > end:
            logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.out")))
            raise TimeoutError(f"SLURM does not answer after {_START_S:.0f} s:\n{logs}")
        time.sleep(0.2)


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=10)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


if __name__ == "__main__":
    if missing():
        sys.exit(f"not installed: {', '.join(missing())}; apt-get install slurm-wlm munge")
    if len(sys.argv) != 2:
        sys.exit("give a folder")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    with slurm(place) as variables, contextlib.suppress(KeyboardInterrupt):
        print(f"export SLURM_CONF={variables['SLURM_CONF']}", flush=True)
        while True:
            time.sleep(3600)
