"""Studies of the digit tasks, from the command line to the figure."""

import json
import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from nalm.digits import SequentialDigits, StaticDigits
from nalm.digits._sequence_experiment import SequenceExperiment
from nalm.digits._static_experiment import StaticExperiment
from nalm.digits.collect import CONFUSION
from nalm.errors import InputError, StudyError
from nalm.figures import plot
from nalm.results import summary_of
from nalm.results.store import Store
from nalm.results.store.manifest import MANIFEST
from nalm.runs import Run
from nalm.studies import cells, expand, load, loads, to_toml
from nalm.tasks.images import load_images
from nalm.training.epochs import loop
from nalm.training.epochs.context import ComputeContext
from support.command import Command
from support.runs import network

pytestmark = pytest.mark.heavy

SMALL = ["--set", "dataset=digits", "--workers", "1"]
CASES = {
    "isolated": ("snmu-2022/figure-8", ["samples_per_pair=1", "epochs=1"], ["solved", "nmu"], "0:2"),
    "colour": ("snmu-2022/figure-9", ["samples_per_pair=1", "epochs=1"], ["snmu_batch"], "1:2"),
    "product": ("snmu-2022/figure-10", ["test_lengths=[1,2,4]", "epochs=1"], ["solved", "snmu"], "0:1"),
    "sum": ("nau-nmu-2020/sequential-sum", ["test_lengths=[1,20]", "epochs=1"], ["nau", "lstm"], "1:2"),
}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


def words(case: str) -> list[str]:
    study, settings, units, seeds = CASES[case]
    chosen = [word for unit in units for word in ("--only", f"unit={unit}")]
    changed = [word for setting in settings for word in ("--set", setting)]
    return ["run", study, *SMALL, *chosen, *changed, "--seeds", seeds, "--out", "here"]


def _without_references(case: str) -> AbstractContextManager[object]:
    """Expect what is said of sequences whose references are too few to tell what is solved."""
    if case in ("product", "sum"):
        return pytest.warns(RuntimeWarning, match="Learning curves are shown instead")
    return nullcontext()


@pytest.mark.parametrize("case", CASES)
def test_from_the_command_line_to_the_figure(case: str, command: Command) -> None:
    assert command(*words(case)).status == 0
    store = Store.open("here")
    runs = set(store.records()["run"])
    assert set(store.records()["status"]) == {"finished"}
    assert store.records().filter(epoch=1)["extrapolation_error"].is_finite().all()
    again = command(*words(case))
    assert again.output.startswith(f"{len(runs)} runs, {len(runs)} finished already, 0 run-iterations to do")
    groups = json.loads(command("summary", "here", "--format", "json").output)
    assert {group["unit"] for group in groups} == set(CASES[case][2])
    assert all(group["solved"] is None and group["epochs"] == 1 for group in groups)
    for form in ("table", "csv", "latex"):
        assert command("summary", "here", "--format", form).status == 0
    for suffix in ("svg", "png"):
        assert command("plot", "here", "--to", f"figure.{suffix}").status == 0
    first = Path("figure.svg").read_bytes()
    with _without_references(case):
        assert plot(store, "again.svg").read_bytes() == first
    assert command("report", "here", "--to", "report.html").status == 0
    assert command("export", "here", "--to", "records.csv").status == 0
    assert not list(Path("here/checkpoints").iterdir())


def test_records_hold_what_a_run_of_the_static_task_yields(command: Command) -> None:
    command(*words("isolated"))
    store = Store.open("here")
    records = store.records()
    assert records["step"].to_list() == [0, 1] * 4
    assert records["epoch"].to_list() == [0, 1] * 4
    assert records["task"].unique().to_list() == ["static-digits"]
    assert records["interpolation_range"].is_null().all()
    assert records["extrapolation_error"].equals(records["test_output_error"].alias("extrapolation_error"))
    assert records.filter(unit="solved")["w0"].is_null().all()
    assert records.filter(unit="nmu")["sparsity_error"].is_between(0, 0.5).all()
    classes = records.filter(unit="nmu", seed=0)["test_digit_2_accuracy"]
    assert classes[0] is None
    assert 0 <= classes[1] <= 1
    weights = store.weights(records["run"][0])
    assert weights[CONFUSION].shape == (10, 10)
    assert weights[CONFUSION].sum() == 2 * 10


def test_summary_of_the_static_task_has_metrics_with_intervals(command: Command) -> None:
    command(*words("isolated"))
    group = summary_of(Store.open("here"))[0]
    last = Store.open("here").records().filter(unit="solved", epoch=1)["test_output_error"]
    entry = group["metrics"]["test_output_error"]
    assert entry["mean"] == pytest.approx(last.mean())
    assert 0 <= entry["lower"] < entry["mean"] < entry["upper"]
    accuracy = group["metrics"]["test_output_rounded_accuracy"]
    assert 0 <= accuracy["lower"] <= accuracy["upper"] <= 1


class InterruptedRunError(BaseException):
    pass


@pytest.mark.parametrize("case", ["isolated", "product"])
def test_a_run_goes_on_from_its_checkpoint(case: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_INTERVAL_S", 0.0)
    chosen = ["--only", "unit=nmu"] if case == "isolated" else ["--only", "unit=snmu"]
    study, settings, _, _ = CASES[case]
    changes = [word for setting in [settings[0], "epochs=3"] for word in ("--set", setting)]
    started = ["run", study, *SMALL, *chosen, *changes, "--set", "batch_size=200", "--seeds", "0:1"]
    assert command(*started, "--out", "whole").status == 0
    train = loop._train_epoch

    def interrupted(experiment, optimizer, progress, on_progress):  # type: ignore[no-untyped-def]
        if progress.epoch == 2:
            raise KeyboardInterrupt
        return train(experiment, optimizer, progress, on_progress)

    monkeypatch.setattr(loop, "_train_epoch", interrupted)
    outcome = command(*started, "--out", "parts")
    assert outcome.status == 130
    assert "interrupted; 0 of 1 runs are kept in parts" in outcome.errors
    assert len(list(Path("parts/checkpoints").iterdir())) == 1
    trained: list[int] = []

    def counted(experiment, optimizer, progress, on_progress):  # type: ignore[no-untyped-def]
        trained.append(progress.epoch)
        return train(experiment, optimizer, progress, on_progress)

    monkeypatch.setattr(loop, "_train_epoch", counted)
    assert command(*started, "--out", "parts").status == 0
    assert trained == [2]
    whole, parts = (
        # the manifest names its writers
        [path.read_bytes() for path in sorted(Path(name).glob("*/*")) if path.parent.name != MANIFEST]
        for name in ("whole", "parts")
    )
    assert parts == whole


def test_workers_give_the_same_results(command: Command) -> None:
    command(*words("isolated"))
    several = [word if word != "1" else "2" for word in words("isolated")]
    several[several.index("here")] = "there"
    assert several[several.index("--workers") + 1] == "2"
    assert command(*several).status == 0
    here, there = (sorted(path.name for path in Path(name, "records").iterdir()) for name in ("here", "there"))
    assert here == there
    one, other = (Store.open(name).records() for name in ("here", "there"))
    assert one.equals(other)


def test_diverged_runs_are_failures(command: Command) -> None:
    outcome = command(*words("product"), "--set", "learning_rate=1e30")
    assert outcome.status == 1
    assert "solved mul seed 0: after step 0: the loss was not finite in epoch 0" in outcome.errors
    failed = Store.open("here").records().filter(status="failed")
    assert failed["epoch"].unique().to_list() == [0]
    assert command("plot", "here").status == 0


def test_dry_run_measures_the_time(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    outcome = command(*words("isolated"), "--dry-run")
    assert outcome.status == 0
    assert re.search(r"\nsolved +mul +1 epoch +2 +0 +2 +\d+ (s|min|h|days)\n", outcome.output)
    assert not Path("here").exists()


REFUSED = {
    "fold out of range": (["--seeds", "8:12"], "seeds: fold 10: there are 10 folds, 0 to 9"),
    "no pairs": (["--set", "digits=12"], "digits '12' make 4 pairs, too few for 10 folds; give more digits or fewer"),
    "digit twice": (["--set", "digits=11"], "digits '11': give different digits, such as '123456789'"),
    "iterations": (["--iterations", "5"], "iterations: a task of kind 'static-digits' has no such key"),
    "key of the other task": (["--set", "training_length=3"], "training_length: a task of kind 'static-digits' has no"),
    "unknown key": (["--set", "epoch=3"], "setting epoch: unknown key 'epoch' (value 3); did you mean 'epochs'?"),
    "unknown data": (["--set", "dataset=minst"], "must be 'mnist' or 'digits', got 'minst'; did you mean 'mnist'?"),
    "hidden size": (["--set", "hidden_size=3"], "hidden_size: no network has several layers"),
    "device": (["--set", "dataset=digits", "--device", "gpu"], "device 'gpu': give 'cpu' or 'cuda'"),
    "workers": (["--set", "dataset=digits", "--workers", "0"], "workers 0: give at least 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str, command: Command) -> None:
    options, message = REFUSED[case]
    outcome = command("run", "snmu-2022/figure-8", *options)
    assert outcome.status == 2
    assert outcome.errors.count("\n") == 1
    assert message in outcome.errors


def test_missing_data_are_one_line(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NALM_MNIST", "nowhere")
    outcome = command("run", "snmu-2022/figure-8", "--workers", "2")
    assert outcome.status == 2
    assert outcome.errors.startswith("nalm: MNIST: 'nowhere' is no folder; set NALM_MNIST to a folder with the files")
    assert outcome.errors.count("\n") == 1
    Path("empty").mkdir()
    monkeypatch.setenv("NALM_MNIST", "empty")
    outcome = command("run", "snmu-2022/figure-8", "--workers", "2")
    assert "folder 'empty' lacks train-images-idx3-ubyte" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_arithmetic_studies_refuse_what_belongs_to_digits(command: Command) -> None:
    outcome = command("run", "quickstart", "--set", "epochs=3")
    assert outcome.status == 2
    assert "epochs: a task of kind 'single-module' has no such key" in outcome.errors
    with pytest.raises(StudyError, match="unit: 'fc' belongs to digit tasks"):
        loads(
            'title = "a"\nseeds = "0:1"\n[task]\nkind = "single-module"\noperation = "mul"\n[[networks]]\nunit = "fc"',
            "a",
        )
    outcome = command("bench", "nmu", "--study", "snmu-2022/figure-8")
    assert "bench: snmu-2022/figure-8 is a study of a digit task" in outcome.errors


OWN = """
title = "Own"
seeds = "0:2"
[task]
kind = "static-digits"
[settings]
epochs = 2
[grid]
learning_rate = [1e-3, 1e-2]
[[networks]]
unit = "SNMU"
{more}
"""


def test_a_study_of_the_users_own() -> None:
    study = loads(OWN.format(more=""), "own")
    runs = expand(study)
    assert [(run.label, run.seed, run.parameters["learning_rate"]) for run in runs] == [
        ("snmu", 0, 0.001), ("snmu", 1, 0.001), ("snmu", 0, 0.01), ("snmu", 1, 0.01),
    ]  # fmt: skip
    assert len({run.id for run in runs}) == 4
    assert loads(to_toml(study), "own") == study
    noisy = expand(loads(OWN.format(more="arguments = { noise = [1, 2] }"), "own"))
    assert not {run.id for run in noisy} & {run.id for run in runs}


def test_published_settings() -> None:
    isolated, colour, sequential = (cells(load(f"snmu-2022/figure-{number}")) for number in (8, 9, 10))
    assert [(cell.label, cell.runs) for cell in isolated] == [
        (unit, 10) for unit in ("solved", "fc", "nmu", "snmu", "snmu_batch")
    ]
    assert [(cell.label, cell.runs) for cell in colour] == [
        (unit, 3) for unit in ("solved", "fc", "nmu", "snmu", "snmu_batch")
    ]
    assert [(cell.label, cell.runs) for cell in sequential] == [
        (unit, 10) for unit in ("solved", "nmu", "snmu", "snmu_batch")
    ]
    tasks = [cell.task for cell in (*isolated, *colour)]
    assert all(isinstance(task, StaticDigits) for task in tasks)
    assert {(t.sparsity_penalty, t.ramp_start, t.ramp_end, t.epochs) for t in tasks} == {(100, 30, 40, 1000)}  # type: ignore[union-attr]
    assert {(task.batch_size, task.samples_per_pair, task.folds) for task in (cell.task for cell in colour)} == {  # type: ignore[union-attr]
        (256, 1100, 3)
    }
    assert isolated[0].updates == 1000 * 704
    assert [colour[0].task.updates(fold) for fold in range(3)] == [242_000, 245_000, 245_000]  # type: ignore[union-attr]
    assert sequential[0].updates == 1000 * 388
    assert {(cell.task.digits, cell.task.training_length) for cell in sequential} == {("123456789", 2)}  # type: ignore[union-attr]
    sums = cells(load("nau-nmu-2020/sequential-sum"))
    assert sums[0].updates == 1000 * 86
    assert sums[0].seeds == tuple(range(1, 10))
    assert {cell.label: cell.task.input_penalty for cell in sums} == {  # type: ignore[union-attr]
        "solved": 1, "nac": 1, "nac without R_z": 0, "nalu": 1, "lstm": 1, "nau": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "task",
    [
        StaticDigits(dataset="digits", samples_per_pair=3, epochs=1),
        StaticDigits(dataset="digits", picture="colour", samples_per_pair=3, epochs=1),
        SequentialDigits(dataset="digits", epochs=1),
        SequentialDigits(dataset="digits", operation="add", digits="035", test_lengths=(1,), epochs=1),
    ],
)
def test_updates_are_known_before_training(task: StaticDigits | SequentialDigits) -> None:
    place, data = ComputeContext(loop.torch.device("cpu"), bfloat16=False), load_images("digits")
    for seed in range(2):
        experiment = (
            StaticExperiment(task, seed, seed, data, place)
            if isinstance(task, StaticDigits)
            else SequenceExperiment(task, seed, data, place)
        )
        assert task.updates(seed) == len(list(experiment.batches(0)))


def test_a_run_is_named_by_its_content() -> None:
    run = Run(study="one", task=StaticDigits(), network=network("nmu"), seed=0)
    assert run.id == run.model_copy(update={"study": "two", "parameters": {"a": 1}}).id
    other = Run(study="one", task=StaticDigits(epochs=3), network=network("nmu"), seed=0)
    assert run.id != other.id
    with pytest.raises(InputError, match="fold 10: there are 10 folds, 0 to 9"):
        Run(study="one", task=StaticDigits(), network=network("nmu"), seed=10).updates  # noqa: B018
