"""What others can do to somebody who opens a study, a results folder or a shared cache."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from nalm.errors import InputError
from nalm.results.store import Store
from nalm.studies import expand, load, pin, to_toml
from nalm.training import kept
from support.command import Command
from support.fake_training import fake_training, result_of

UNIT = """
from pathlib import Path

import nalm

with Path("imported").open("a") as file:
    file.write("imported\\n")


class Mine(nalm.NMU):
    pass
"""


@pytest.fixture
def own(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The study with a class of the user's own, whose module tells that it was imported."""
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    name = f"mine_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(UNIT)
    study.write_text(study.read_text().replace('"linear"', f'"{name}:Mine"'))
    return study


def test_who_runs_code_of_a_study_is_told_of_it_the_first_time(
    command: Command, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_training(monkeypatch)
    first = command("run", own, "--out", "here")
    assert first.status == 0
    assert first.errors.startswith(f"nalm: {own}: names code of its own, which is imported and run: mine_")
    assert first.errors.count("\n") == 1
    assert Path("imported").exists()
    assert command("run", own, "--out", "here").errors == ""
    # another study of the same name, somewhere else
    other = own.with_name("other.toml")
    other.write_text(own.read_text())
    assert "names code of its own" in command("run", other, "--out", "there").errors


def test_those_who_only_look_at_results_import_nothing(
    command: Command, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = pin(load(str(own)))
    store = Store.create_or_open("here", to_toml(study))
    store.write(result_of(expand(study)))
    name = next(path.stem for path in tmp_path.glob("mine_*.py"))
    # as in a process of its own
    monkeypatch.delitem(__import__("sys").modules, name)
    Path("imported").unlink(missing_ok=True)
    for words in (
        ("summary", "here"),
        ("summary", "here", "--format", "latex"),
        ("plot", "here", "--to", "figure.svg"),
        ("plot", "here", "--what", "table", "--to", "table.tex"),
        ("plot", "here", "--what", "weights", "--to", "weights.svg"),
        ("plot", "here", "--what", "surface", "--to", "surface.svg"),
        ("report", "here", "--to", "report.html"),
        ("export", "here", "--to", "records.csv"),
        ("status", "here"),
        ("compact", "here"),
    ):
        outcome = command(*words)
        assert outcome.status == 0 or "--what" in words, outcome
        assert not Path("imported").exists(), words
    assert "is not run" in command("plot", "here", "--what", "surface", "--to", "surface.svg").errors


class Bomb:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


def test_nothing_in_a_results_folder_is_unpickled(
    command: Command, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_training(monkeypatch)
    command("run", study, "--out", "here")
    content = pickle.dumps(Bomb())
    for path in [path for path in Path("here").rglob("*") if path.is_file()]:
        before = path.read_bytes()
        path.write_bytes(content)
        for words in (("summary", "here"), ("status", "here"), ("export", "here", "--to", "x.parquet")):
            command(*words)
        command("plot", "here", "--what", "weights", "--to", "weights.svg")
        path.write_bytes(before)
    assert not Path("exploded").exists()


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "a//b", "", "a\\\\b", "a\\u0000b"])
def test_no_study_gets_out_of_the_results_folder(command: Command, study: Path, name: str) -> None:
    study.write_text(f'name = "{name}"\n' + study.read_text())
    outcome = command("run", study, "--dry-run")
    assert outcome.status == 2
    assert "must be a name, or names joined by '/', that can serve as a folder" in outcome.errors


class TestCache:
    @pytest.fixture
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "cache"
        monkeypatch.setenv("NALM_CACHE", str(path))
        return path

    def test_folders_are_the_user_s_own(self, cache: Path) -> None:
        with kept.building(), kept.caches_of_torch():
            torch_cache = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
        assert torch_cache.parent == cache / "kernels"
        for path in (cache / "kernels", torch_cache):
            assert path.stat().st_mode & 0o777 == 0o700

    def test_one_that_others_could_write_is_closed(self, cache: Path) -> None:
        (cache / "kernels").mkdir(parents=True)
        (cache / "kernels").chmod(0o777)
        with kept.building():
            pass
        assert not (cache / "kernels").stat().st_mode & 0o022

    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives a folder to another user")
    @pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
    def test_one_of_somebody_else_s_that_others_can_write_is_refused(self, cache: Path, mode: int) -> None:
        (cache / "kernels").mkdir(parents=True)
        (cache / "kernels").chmod(mode)
        os.chown(cache / "kernels", 12345, 12345)
        with pytest.raises(InputError, match="belongs to somebody else and is open to others"):
            kept.find_library("0" * 32)

    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives a folder to another user")
    def test_one_that_a_group_shares_is_read(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (cache / "kernels").mkdir(parents=True)
        cache.chmod(0o755)
        kept.remember("something", {"library": "x"})
        os.chown(cache / "kernels", 12345, 12345)
        (cache / "kernels").chmod(0o755)
        known = kept.recall("something")
        assert known is not None
        assert known["library"] == "x"
        assert json.dumps(known)

    @pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="gives a folder to another user")
    def test_what_lies_among_temporary_files_of_another_user_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NALM_CACHE", "/proc/nowhere")
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)
        trap = tmp_path / f"nalm-{os.getuid()}"
        trap.mkdir()
        os.chown(trap, 12345, 12345)
        assert kept.recall("anything") is None
        with kept.building() as folder:
            assert trap not in folder.parents
