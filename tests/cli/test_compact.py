from pathlib import Path

from nalm.results.store import Store
from support.fake_training import fake_training


def test_many_files_become_one_and_the_summary_stays(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    before = command("summary", "here", "--format", "json").output
    outcome = command("compact", "here")
    assert (outcome.status, outcome.output, outcome.errors) == (0, "here: 4 files of records became 1\n", "")
    assert len(Store.open("here").batch_paths()) == 1
    assert command("summary", "here", "--format", "json").output == before
    assert command("compact", "here").output == "here: nothing to put together\n"
    assert command("run", small, "--out", "here").output.startswith("8 runs, 8 finished already")


def test_damaged_file_is_named_and_folder_that_is_none_refused(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    victim = sorted(Path("here/records").iterdir())[0]
    victim.write_bytes(b"")
    outcome = command("compact", "here")
    assert outcome.errors == f"nalm: {victim}: empty; left as it is, nalm run sets it aside and trains its runs again\n"
    assert outcome.output == "here: 3 files of records became 1\n"
    assert command("compact", "nowhere").status == 2


def test_lost_file_is_named_and_remembered(command, small, monkeypatch):
    fake_training(monkeypatch)
    command("run", small, "--out", "here")
    victim = sorted(Path("here/records").iterdir())[0]
    victim.unlink()
    outcome = command("compact", "here")
    assert outcome.errors == f"nalm: {victim}: is missing, with 2 runs; nalm run trains them again\n"
    assert outcome.output == "here: 3 files of records became 1\n"
    assert "is missing or altered, with 2 runs" in command("summary", "here").errors
