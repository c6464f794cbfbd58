import io
import json
import os
import re
import signal
from pathlib import Path

import pytest

from nalm.cli._run import reporter
from nalm.errors import DataError
from nalm.progress import Bar, JsonLines, Lines
from nalm.results.store import Store
from nalm.tasks.images import mnist
from support.command import HANGS_S, nalm, stored_files
from support.fake_training import fake_training


def test_trains_and_tells_where_the_results_are(command, small):
    outcome = command("run", small, "--workers", "1", "--out", "here")
    assert outcome.status == 0
    assert (
        outcome.output.splitlines()[0]
        == "8 runs, 0 finished already, 2.41e+03 run-iterations to do, compiling 2 networks"
    )
    assert outcome.output.splitlines()[-1] == "8 runs in here; next: nalm summary here"
    assert len(Store.open("here").records()) == 8 * 4


def test_results_go_to_the_folder_of_the_study(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small)
    assert Path("results/small/study.toml").is_file()


def test_finished_runs_are_not_trained_again(command, small, monkeypatch):
    trained = fake_training(monkeypatch)
    command("run", small, "--out", "here", "--only", "unit=nmu")
    before = stored_files("here")
    outcome = command("run", small, "--out", "here")
    assert outcome.output.startswith("8 runs, 4 finished already")
    assert len(trained) == len(set(trained)) == 8
    assert stored_files("here").items() >= before.items()
    outcome = command("run", small, "--out", "here")
    assert outcome.output.startswith("8 runs, 8 finished already, 0 run-iterations to do")
    assert len(trained) == 8


def test_choices_reach_the_runs(command, small, monkeypatch):
    fake_training(monkeypatch)
    only = ("unit=nmu", "seed=3", "seed=5", "interpolation_range=[-2,-1]")
    filters = [word for value in only for word in ("--only", value)]
    changes = ["--seeds", "3:6", "--set", "learning_rate=0.5", "--iterations", "9"]
    command("run", small, "--out", "here", *filters, *changes)
    records = Store.open("here").records()
    assert sorted(records["seed"]) == [3, 5]
    assert set(records["unit"]) == {"nmu"}
    assert set(records["interpolation_range"]) == {"[-2,-1]"}
    study = Store.open("here").study
    assert study.settings.model_dump(exclude_unset=True)["learning_rate"] == 0.5
    assert study.settings.model_dump(exclude_unset=True)["iterations"] == 9
    assert study.seeds == (0, 1)


def test_other_seeds_join_the_same_folder(command, small, monkeypatch):
    fake_training(monkeypatch)
    assert command("run", small, "--out", "here").status == 0
    assert command("run", small, "--out", "here", "--seeds", "2:4").status == 0
    assert sorted(set(Store.open("here").records()["seed"])) == [0, 1, 2, 3]


def test_folder_of_another_study_is_refused(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    before = stored_files("here")
    outcome = command("run", "quickstart", "--out", "here")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: here: holds results of another study (Two units): ")
    assert outcome.errors.count("\n") == 1
    outcome = command("run", small, "--out", "here", "--iterations", "9")
    assert outcome.status == 2
    assert "settings.iterations is 300 there and 9 here" in outcome.errors
    assert stored_files("here") == before


def test_folder_that_cannot_be_written_is_refused(command, small):
    Path("file").write_text("")
    for folder in ("file", "file/below"):
        outcome = command("run", small, "--out", folder)
        assert outcome.status == 2
        assert outcome.errors.count("\n") == 1
        assert outcome.errors.startswith(f"nalm: {folder}: ")


DIGITS = ("snmu-2022/figure-8", "--seeds", "0:1", "--only", "unit=solved", "--set", "dataset=digits")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("small.toml", "--workers", "0"), "workers 0: give at least 1"),
        (("small.toml", "--workers", "-3"), "workers -3: give at least 1"),
        (("small.toml", "--device", "tpu"), "device 'tpu': runs are trained on 'cpu' in this version"),
        (("small.toml", "--device", "cuda"), "device 'cuda': runs are trained on 'cpu' in this version"),
        ((*DIGITS, "--workers", "0"), "workers 0: give at least 1"),
        ((*DIGITS, "--device", "tpu"), "device 'tpu': give 'cpu' or 'cuda'"),
        ((*DIGITS, "--device", "mps"), "device 'mps': give 'cpu' or 'cuda'"),
        ((*DIGITS, "--device", "cuda"), "device 'cuda': PyTorch finds no CUDA device here; give 'cpu'"),
        ((*DIGITS, "--seeds", "9:11"), "snmu-2022/figure-8: seeds: fold 10: there are 10 folds, 0 to 9"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, tuple) else None,
)
@pytest.mark.parametrize("mode", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_what_cannot_be_trained_leaves_nothing_behind(command, small, monkeypatch, words, message, mode):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    outcome = command("run", *words, *mode, "--out", "here")
    assert (outcome.status, outcome.errors) == (2, f"nalm: {message}\n")
    assert not Path("here").exists()


@pytest.mark.parametrize("fault", ["no folder", "no files", "truncated"])
def test_missing_or_damaged_images_leave_nothing_behind(command, small, monkeypatch, fault):
    monkeypatch.setenv("NALM_MNIST", "mnist")
    if fault != "no folder":
        Path("mnist").mkdir()
    if fault == "truncated":
        for file in mnist.FILES:
            Path("mnist", file.name).write_bytes(file.header)
    outcome = command("run", "snmu-2022/figure-8", "--out", "here")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: MNIST: ")
    assert outcome.errors.count("\n") == 1
    assert not Path("here").exists()
    fake_training(monkeypatch)
    assert command("run", small, "--out", "here").status == 0


def test_too_few_images_for_a_sequence_leave_nothing_behind(command):
    outcome = command("run", "nau-nmu-2020/sequential-sum", "--set", "dataset=digits", "--out", "here")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: digits '0123456789' leave 300 images in the test part of 'digits', too few")
    assert not Path("here").exists()


def test_missing_images_are_no_matter_when_nothing_is_left_to_train(command, monkeypatch):
    words = ("run", *DIGITS, "--set", "epochs=0", "--set", "samples_per_pair=1", "--workers", "1", "--out", "here")
    assert command(*words).status == 0

    def missing(dataset, folder=None):
        raise DataError(f"{dataset} is gone")

    monkeypatch.setattr("nalm.tasks.images.load_images", missing)
    assert command(*words).status == 0


def test_truncated_file_is_set_aside_and_its_runs_are_redone(command, small, monkeypatch):
    trained = fake_training(monkeypatch)
    command("run", small, "--out", "here")
    before = stored_files("here")
    victim = sorted(Path("here/records").iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:100])
    outcome = command("run", small, "--out", "here")
    assert outcome.status == 0
    assert re.fullmatch(rf"nalm: {victim}: .*; moved to here/damaged, its runs are trained again\n", outcome.errors)
    assert outcome.output.startswith("8 runs, 6 finished already")
    assert len(trained) == 10
    assert stored_files("here").items() >= before.items()


def test_failed_runs_are_listed_and_status_is_1(command, small, monkeypatch):
    fake_training(monkeypatch, failed=[1])
    first = command("run", small, "--out", "here")
    assert first.status == 1
    assert first.errors.splitlines()[:2] == [
        "nalm: 4 runs failed; the others are kept:",
        "nalm:   nmu mul [1,2] seed 1: after step 7: a parameter is not finite",
    ]
    again = command("run", small, "--out", "here")
    assert (again.status, again.errors) == (1, first.errors)
    assert command("run", small, "--out", "here", "--only", "seed=0").status == 0


def test_json_is_one_line_per_batch(command, small, monkeypatch):
    fake_training(monkeypatch, failed=[1])
    outcome = command("run", small, "--json")
    lines = [json.loads(line) for line in outcome.output.splitlines()]
    assert [line["batch"] for line in lines] == [1, 2, 3, 4]
    assert [line["finished"] for line in lines] == [2, 4, 6, 8]
    assert {(line["runs"], line["failed"], line["total"], line["iterations"], line["seconds"]) for line in lines} == {
        (2, 1, 8, 602, 1.5)
    }


class Screen(io.StringIO):
    """What stdout is on a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "expected"),
    [
        (Screen, {"TERM": "xterm"}, Bar),
        (Screen, {"TERM": "dumb"}, Lines),
        (io.StringIO, {"TERM": "xterm"}, Lines),
        (io.StringIO, {"TERM": "xterm", "FORCE_COLOR": "1"}, Lines),
    ],
    ids=["terminal", "dumb terminal", "pipe", "pipe with colours"],
)
def test_a_bar_is_for_terminals_that_can_show_it(monkeypatch, stream, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", stream())
    assert type(reporter(json_lines=False)) is expected
    assert type(reporter(json_lines=True)) is JsonLines


def plan_rows(output):
    """Cells of the table of a dry run that are not empty."""
    lines = output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("──")) + 1
    return [re.split(r"\s{2,}", line.strip()) for line in lines[first:]]


def test_dry_run_shows_what_is_to_do_and_changes_nothing(command, small, monkeypatch, tmp_path):
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    fake_training(monkeypatch)
    outcome = command("run", small, "--dry-run", "--out", "here")
    assert outcome.status == 0
    assert not Path("here").exists()
    rows = plan_rows(outcome.output)
    assert [row[:-1] for row in rows] == [
        ["nmu", "mul", "300", "4", "0", "1,204"],
        ["linear", "mul", "300", "4", "0", "1,204"],
        ["all", "8", "0", "2,408"],
    ]
    assert all(re.fullmatch(r"\d+ (s|min|h|days)", row[-1]) for row in rows)
    command("run", small, "--out", "here", "--only", "unit=nmu")
    before = stored_files("here")
    rows = plan_rows(command("run", small, "--dry-run", "--out", "here").output)
    assert rows[0] == ["nmu", "mul", "300", "4", "4", "0", "0 s"]
    assert rows[-1][:-1] == ["all", "8", "4", "1,204"]
    assert stored_files("here") == before


def test_dry_run_leaves_a_damaged_folder_as_it_is(command, small, monkeypatch, tmp_path):
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    victim = sorted(Path("here/records").iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:100])
    # a run would add its environment, and clear away what a killed process left
    Path("here/environment.json").write_text("[]")
    leftover = Path("here/records/.half.parquet.1-0.tmp")
    leftover.write_text("half")
    os.utime(leftover, (0, 0))
    before = stored_files("here")
    outcome = command("run", small, "--dry-run", "--out", "here")
    assert outcome.status == 0
    assert stored_files("here") == before
    assert not Path("here/damaged").exists()
    assert re.match(
        rf"nalm: {victim}: truncated \(100 bytes\); nalm run sets it aside and trains its runs again\n", outcome.errors
    )
    assert plan_rows(outcome.output)[-1][1:3] == ["8", "6"]


def test_dry_run_into_the_folder_of_another_study_is_refused(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    outcome = command("run", "quickstart", "--dry-run", "--out", "here")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: here: holds results of another study (Two units): ")


def test_list_knows_the_time_of_what_a_dry_run_measured(command, monkeypatch, tmp_path):
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    fake_training(monkeypatch)

    def time_of(name):
        lines = command("list").output.splitlines()
        return next(line for line in lines if line.startswith(f"{name} ")).rpartition("  ")[2]

    assert time_of("quickstart") == "-"
    command("run", "quickstart", "--dry-run")
    assert re.fullmatch(r"\d+ (s|min|h|days)", time_of("quickstart"))
    assert time_of("snmu-2022/figure-2") == "-"


def test_interrupt_keeps_what_is_finished(command, small, monkeypatch):
    fake_training(monkeypatch, stop_after=2)
    outcome = command("run", small, "--out", "here")
    assert outcome.status == 130
    assert outcome.errors == ("nalm: interrupted; 4 of 8 runs are kept in here, the same command goes on from there\n")
    trained = fake_training(monkeypatch)
    assert command("run", small, "--out", "here").status == 0
    assert len(trained) == 4


@pytest.mark.parametrize("where", ["nalm.cli._app.app", "nalm.cli._options.setting_values", "nalm.jobs.expand"])
def test_interrupt_before_training_is_one_line(command, small, monkeypatch, where):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    outcome = command("run", small)
    assert (outcome.status, outcome.errors) == (130, "nalm: interrupted\n")


def slow_study(folder):
    """More batches than are done before it is interrupted, on any machine."""
    path = folder / "slow.toml"
    path.write_text(
        'title = "Many seeds"\nseeds = "0:1000"\n'
        '[task]\nkind = "single-module"\noperation = "mul"\n'
        "[settings]\niterations = 999_999\nsparsity_penalty = 0\nlog_interval = 100_000\n"
        '[[networks]]\nunit = "nmu"\n'
    )
    return path


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_killed_command_goes_on_where_it_was(tmp_path, number):
    words = ["run", slow_study(tmp_path), "--out", "here", "--json", "--workers", "2"]
    process = nalm(words, cwd=tmp_path)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    process.send_signal(number)
    output, errors = process.communicate(timeout=HANGS_S)
    lines = [first, *map(json.loads, output.splitlines())]
    assert lines[-1]["finished"] < 1000
    kept = Store.open(tmp_path / "here").finished(pytest.fail)
    assert len(kept) >= lines[-1]["finished"]
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert errors == (
            f"nalm: interrupted; {len(kept)} of 1000 runs are kept in here, the same command goes on from there\n"
        )
    before = stored_files(tmp_path / "here" / "records")
    again = nalm([*words, "--seeds", "0:4"], cwd=tmp_path)
    output, errors = again.communicate(timeout=HANGS_S)
    assert (again.returncode, errors) == (0, "")
    assert stored_files(tmp_path / "here" / "records").items() >= before.items()
    assert sum(json.loads(line)["runs"] for line in output.splitlines()) == 4 - len(kept & wanted(tmp_path))


def wanted(folder):
    from nalm.studies import expand, load

    return {run.id for run in expand(load(str(folder / "slow.toml")), seeds=tuple(range(4)))}


def test_early_stop_is_off_unless_asked_for(command, small):
    options = ("--only", "unit=nmu", "--set", "ramp_start=1000", "--set", "ramp_end=2000", "--iterations", "9000")
    for folder, extra, expected in (("full", (), "finished"), ("short", ("--early-stop",), "stopped")):
        outcome = command("run", small, *options, *extra, "--workers", "1", "--out", folder)
        assert outcome.status == 0
        assert set(Store.open(Path(folder)).records()["status"]) == {expected}
