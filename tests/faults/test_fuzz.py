"""Fuzzers: what is read is right, or refused in lines that can be printed; nothing else happens, and nothing hangs.

The suite tries a bounded number of inputs, always the same; `make fuzz NALM_FUZZ=10000` tries more, or
`NALM_FUZZ_SEED=7` others.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from faults.mutations import inputs
from nalm.cluster.status import status
from nalm.errors import NalmError, StoreError
from nalm.results import import_csv, summary_of
from nalm.results.output.formats import render
from nalm.results.store import Store
from nalm.studies import conditions, loads, names, to_toml
from nalm.studies._catalogue import shipped
from nalm.tasks.images import mnist
from nalm.training.epochs import checkpoint
from nalm.training.epochs.checkpoint import Progress
from nalm.training.epochs.record import EpochRecord
from results.original.test_importer import DATASET, HEAD, SINGLE
from results.samples import STUDY, make_batch, make_run
from support.command import Command, Outcome

REFUSED = object()


def outcome(read: Callable[[], Any]) -> Any:
    """What is read, or `REFUSED` where one or more lines say why not."""
    try:
        return read()
    except NalmError as error:
        lines = str(error).split("\n")
        assert all(line.strip() and len(line) < 10_000 for line in lines), lines
        return REFUSED


@pytest.mark.heavy
def test_study_reader() -> None:
    originals = [shipped(name).read_bytes() for name in names()] + [STUDY.encode()]  # type: ignore[union-attr]
    read = 0
    for _, content in inputs(300, originals):
        text = content.decode(errors="replace")
        study = outcome(lambda text=text: loads(text, "fuzz"))
        if study is not REFUSED:
            read += 1
            # what is taken can be written, and read again as the same
            assert loads(to_toml(study), "fuzz") == study
            assert conditions(study)
    print(f"{read} of them were studies")


@pytest.mark.heavy
def test_store(tmp_path: Path) -> None:
    """A summary of a folder with a changed file is that of the whole folder, or none."""
    original = Store.create_or_open(tmp_path / "whole", STUDY)
    runs = [make_run(unit, seed=seed) for seed in range(4) for unit in ("nmu", "nalu")]
    for start in range(0, len(runs), 2):
        original.write(make_batch(runs[start : start + 2]))
    expected = render(summary_of(original), "json")
    weights = {run.id: original.weights(run.id) for run in runs}
    paths = sorted(path.relative_to(original.path) for path in original.path.rglob("*") if path.is_file())
    refused = 0
    for number, content in inputs(96, [b""]):
        del content
        path = paths[number % len(paths)]
        ((_, changed),) = list(inputs_of(number, (original.path / path).read_bytes()))
        folder = tmp_path / "changed"
        shutil.copytree(original.path, folder)
        (folder / path).write_bytes(changed)
        told: list[str] = []

        def summary(folder: Path = folder) -> str:
            return render(summary_of(Store.open(folder)), "json")

        found = outcome(summary)
        assert found in (REFUSED, expected), (number, path)
        refused += found is REFUSED
        run = runs[number % len(runs)].id
        state = outcome(lambda folder=folder, run=run: Store.open(folder).weights(run))
        assert state is REFUSED or all(np.array_equal(state[key], weights[run][key]) for key in weights[run])
        outcome(lambda folder=folder: status(folder))
        outcome(lambda folder=folder: Store.open(folder).notices())
        # the same command mends it: nothing is lost but the runs of what was changed, which are named
        again = Store.create_or_open(folder, STUDY)
        finished = again.finished(told.append)
        assert len(finished) >= len(runs) - 2, (number, path, told)
        assert len(finished) == len(runs) or told, (number, path)
        assert all(line.isprintable() for line in told)
        again.write(make_batch([run for run in runs if run.id not in finished] or runs[:2]))
        assert json.loads(render(summary_of(Store.open(folder)), "json"))[0]["runs"] == 4
        shutil.rmtree(folder)
    print(f"{refused} of them were refused by the summary")


@pytest.mark.heavy
def test_commands(command: Command, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a command makes of a folder with a changed file is what it makes of the whole one, or it says why not."""
    for seeds in ("0:1", "0:4"):
        assert command("run", study, "--out", "whole", "--seeds", seeds, "--workers", "1").status == 0
    words = ("submit", study, "--slurm", "--parts", "2", "--seeds", "0:6", "--out", "whole", "--dry-run")
    assert command(*words).status == 0
    shutil.copytree("whole", "changed")
    expected = {name: done(command, words) for name, words in COMMANDS.items()}
    paths = sorted(path.relative_to("whole") for path in Path("whole").rglob("*") if path.is_file())
    numbers = [number for number, _ in inputs(36, [b""])]
    repeats = capsys.readouterr().out
    refused = 0
    for number in numbers:
        name, path = list(COMMANDS)[number % len(COMMANDS)], paths[number * 7 // len(COMMANDS) % len(paths)]
        shutil.rmtree("changed")
        shutil.copytree("whole", "changed")
        ((_, changed),) = list(inputs_of(number, Path("whole", path).read_bytes()))
        Path("changed", path).write_bytes(changed)
        outcome, written = done(command, COMMANDS[name])
        lines = outcome.errors.splitlines()
        assert all(line.startswith("nalm: ") and line.isprintable() for line in lines), (number, name, path, lines)
        # what is damaged is in the object of `status`
        is_told = bool(lines) or name == "status"
        assert is_told or (outcome, written) == expected[name], (number, name, path)
        assert lines or not outcome.status, (number, name, path)
        if outcome.status == 0 and name in ("summary", "export"):
            assert (outcome.output, written) == (expected[name][0].output, expected[name][1]), (number, name, path)
        refused += outcome.status != 0
    print(f"{repeats}{refused} of them were refused")


COMMANDS = {
    "summary": ("summary", "changed", "--format", "json"),
    "export": ("export", "changed", "--to", "written.csv"),
    "plot": ("plot", "changed", "--what", "curves", "--to", "written.svg"),
    "report": ("report", "changed", "--to", "written.html"),
    "status": ("status", "changed", "--json"),
    "show": ("show", "nmu", "changed"),
    "compare": ("compare", "changed", "whole", "--format", "csv"),
    "sweep": ("sweep", "changed", "--to", "written.csv", "--grid", "-1:1:3"),
    "compact": ("compact", "changed"),
}


def done(command: Command, words: Sequence[str]) -> tuple[Outcome, dict[str, bytes]]:
    """What a command did, and the files that it wrote."""
    for path in Path().glob("written.*"):
        path.unlink()
    outcome = command(*words)
    return outcome, {path.name: path.read_bytes() for path in Path().glob("written.*")}


def inputs_of(number: int, content: bytes) -> Any:
    """One changed version of some content."""
    import random

    from faults.mutations import SEED, mutated

    yield number, mutated(content, random.Random(f"{SEED} store {number}"))


def network_and_optimizer() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    network(torch.ones(3)).sum().backward()
    optimizer.step()
    return network, optimizer


def state_of(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> list[Any]:
    moments = optimizer.state_dict()["state"]
    flat = [value for index in sorted(moments) for _, value in sorted(moments[index].items())]
    return [tensor.tolist() for tensor in (*network.state_dict().values(), *flat)]


def test_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    network, optimizer = network_and_optimizer()
    progress = Progress(2, 20, (EpochRecord(0, 0, {"error": 0.5}, (1.0,), 0.1), EpochRecord(1, 10, {}, (), None)))
    checkpoint.save(path, "a run", progress, network, optimizer)
    expected = (progress, state_of(network, optimizer))
    content = path.read_bytes()
    without_checksum = tmp_path / "old.safetensors"
    refused = 0
    for _, changed in inputs(300, [content]):
        path.write_bytes(changed)
        fresh = network_and_optimizer()
        found = outcome(lambda fresh=fresh: checkpoint.load(path, "a run", 5, *fresh))
        refused += found is REFUSED
        assert found is REFUSED or (found, state_of(*fresh)) == expected
    print(f"{refused} of them were refused")
    # one of a nalm without checksums is read or refused, and never goes on for ever
    from safetensors import safe_open
    from safetensors.torch import save_file

    path.write_bytes(content)
    with safe_open(path, framework="pt") as file:
        metadata = {key: value for key, value in file.metadata().items() if key != "sha256"}
        save_file({key: file.get_tensor(key) for key in file.keys()}, without_checksum, metadata)  # noqa: SIM118
    old = without_checksum.read_bytes()
    assert checkpoint.load(without_checksum, "a run", 5, *network_and_optimizer()) == progress
    for _, changed in inputs(300, [old]):
        without_checksum.write_bytes(changed)
        found = outcome(lambda: checkpoint.load(without_checksum, "a run", 5, *network_and_optimizer()))
        assert found is REFUSED or found.epoch <= 5


def test_image_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    files, contents = [], {}
    for file, count in zip(mnist.FILES, (12, 12, 5, 5), strict=True):
        shape = (count, *file.shape[1:])
        sized = replace(file, shape=shape)
        content = sized.header + generator.integers(0, 10, shape, dtype=np.uint8).tobytes()
        files.append(replace(sized, sha256=hashlib.sha256(content).hexdigest()))
        contents[f"{file.name}.gz"] = gzip.compress(content, mtime=0)
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    for name, packed in contents.items():
        (tmp_path / name).write_bytes(packed)
    expected = [array.tobytes() for array in vars(mnist.load(tmp_path)).values()]
    read = 0
    for number, _ in inputs(200, [b""]):
        name = list(contents)[number % 4]
        ((_, changed),) = list(inputs_of(number, contents[name]))
        (tmp_path / name).write_bytes(changed)
        found = outcome(lambda: mnist.load(tmp_path))
        # a change that does not reach what is packed, such as of the time in the header, is none
        assert found is REFUSED or [array.tobytes() for array in vars(found).values()] == expected
        read += found is not REFUSED
        (tmp_path / name).write_bytes(contents[name])
    print(f"{read} of them were whole")


@pytest.mark.heavy
def test_csv_import(tmp_path: Path) -> None:
    rows = [
        f"{name},{0.5 / (step + 1)},{step},1.5,{0.25 / (step + 1)},0.1"
        for name in (SINGLE, DATASET)
        for step in (0, 1000)
    ]
    original = "\n".join([HEAD, *rows]).encode()
    path = tmp_path / "runs.csv"
    read = 0
    for number, changed in inputs(100, [original]):
        path.write_bytes(changed)
        folder = tmp_path / f"into-{number}"
        store = outcome(lambda folder=folder: import_csv(path, folder))
        if store is not REFUSED:
            read += 1
            outcome(lambda store=store: render(summary_of(store), "latex"))
            json.loads(render(summary_of(store), "json"))
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{read} of them were imported")


def test_what_is_refused_is_told_from_what_is_read() -> None:
    def refuse() -> None:
        raise StoreError("no")

    assert outcome(refuse) is REFUSED
    assert outcome(lambda: 1) == 1
