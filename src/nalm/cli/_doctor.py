"""`nalm doctor`: whether all is there that nalm can use, and what to do about what is not."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typer

from nalm.cli._messages import waiting

_EXTRAS = {
    "digits": ("sklearn", "pooch"),
    "sklearn": ("sklearn",),
    "cluster": ("distributed",),
    "tensorboard": ("tensorboardX",),
}


class Finding(NamedTuple):
    """What was found out about one thing.

    Attributes:
        topic: what it is about.
        text: how it is.
        help: what to do; empty where all is well.
    """

    topic: str
    text: str
    help: str = ""


def examine() -> None:
    """Print what is found, a line each, and below it what to do."""
    found = []
    for check in (_versions, _compiler, _cores, _cache, _data, _gpu, _extras):
        with waiting(f"looking at {check.__name__.strip('_')}"):
            lines = list(_checked(check))
        for line in lines:
            typer.echo(f"{'  ' if not line.help else '! '}{line.topic:<10} {line.text}")
            if line.help:
                typer.echo(f"{'':>13}{line.help}")
        found += lines
    wanting = sum(bool(line.help) for line in found)
    typer.echo(f"\n{wanting} of {len(found)} can be better" if wanting else "\nall is well")


def _checked(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:  # a check that fails must not hide the others
        yield Finding(check.__name__.strip("_"), f"{type(error).__name__}: {error}", "nobody expected this; report it")


def _versions() -> Iterator[Finding]:
    import torch

    from nalm import __version__

    yield Finding("nalm", f"{__version__}, {Path(__file__).parents[1]}")
    yield Finding("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    yield Finding("PyTorch", torch.__version__)


def _compiler() -> Iterator[Finding]:
    from nalm.training import toolchain
    from nalm.training.torch_specific import UnknownTorchError

    try:
        library = toolchain.build('extern "C" void nothing() {}')
    except (toolchain.NoCompilerError, UnknownTorchError) as error:
        text, _, help = str(error).rpartition(" (")
        yield Finding("compiler", f"{text}; training is many times slower", help.rstrip(")"))
        return
    yield Finding("compiler", f"{library.compiler}, {library.instructions.lower()}")


def _cores() -> Iterator[Finding]:
    from nalm.training.executors import available_cores

    usable, there = available_cores(), os.cpu_count() or 1
    yield Finding("cores", f"{usable} of {there}, one worker process each" if usable < there else f"{usable}")


def _cache() -> Iterator[Finding]:
    from nalm.training import kept

    folder = kept.folder()
    parent = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        yield Finding(
            "cache",
            f"{folder} cannot be written: kernels are compiled again after each restart of the machine",
            "name a folder in NALM_CACHE",
        )
        return
    files = list((folder / "kernels").glob("*.so"))
    size = sum(path.stat().st_size for path in files) / 1e6
    free = shutil.disk_usage(parent).free / 1e9
    help = "make room, or name another folder in NALM_CACHE" if free < 0.5 else ""
    yield Finding("cache", f"{folder}, {len(files)} kernels, {size:.0f} MB; {free:.1f} GB free", help)


def _data() -> Iterator[Finding]:
    from platformdirs import user_cache_path

    from nalm.tasks.images import mnist

    named = os.environ.get(mnist.FOLDER_VARIABLE)
    folder = Path(named) if named else user_cache_path("nalm") / "mnist"
    missing = [
        file.name for file in mnist.FILES if not any((folder / f"{file.name}{end}").exists() for end in (".gz", ""))
    ]
    if not missing:
        yield Finding("MNIST", str(folder))
    elif named:
        yield Finding(
            "MNIST", f"{folder} lacks {missing[0]}", f"put the four files there, or unset {mnist.FOLDER_VARIABLE}"
        )
    else:
        how = "is downloaded when it is needed first"
        needs = "" if find_spec("pooch") else "pip install 'nalm[digits]', or name its folder in NALM_MNIST"
        yield Finding("MNIST", f"not here; {how}" if not needs else "not here, and cannot be downloaded", needs)


def _gpu() -> Iterator[Finding]:
    import torch

    if not torch.cuda.is_available():
        yield Finding("GPU", "none that PyTorch can use; digit tasks are trained on the CPU as well")
        return
    names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield Finding("GPU", f"{', '.join(names)}; --device cuda trains digit tasks there")


def _extras() -> Iterator[Finding]:
    for extra, packages in _EXTRAS.items():
        missing = [package for package in packages if not find_spec(package)]
        text = f"nalm[{extra}] is {'not ' if missing else ''}installed"
        yield Finding("extra", f"{text} (pip install 'nalm[{extra}]')" if missing else text)
