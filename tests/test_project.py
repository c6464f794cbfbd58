"""The project around the package: files that people read and run, and what they must not hold."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

import nalm
from nalm.cli._app import app
from nalm.studies import names

ROOT = Path(__file__).parents[1]


def tracked():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def markdown_files():
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def targets():
    return set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_nothing_tracked_names_a_machine():
    # written in pieces, so that this file does not hold what it looks for
    machine = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + "home/" + r"\w", "C:" + r"\\Users"]))
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}" for path in tracked() for hit in machine.finditer(text_of(path))
    ]
    assert not found


def test_results_and_environments_are_not_tracked():
    assert not {".venv", "results"} & {path.relative_to(ROOT).parts[0] for path in tracked()}


@pytest.mark.parametrize("path", markdown_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" not in link and not link.startswith(("#", "mailto:")):
            assert (path.parent / link.partition("#")[0]).exists(), link


def test_readme_sets_up_with_two_commands_that_exist():
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["quickstart", "test"]
    assert targets() >= set(commands)


def test_readme_names_studies_and_commands_that_exist():
    readme = (ROOT / "README.md").read_text()
    for study in re.findall(r"[a-z]+(?:-[a-z]+)?-20\d\d/[\w-]+", readme):
        assert study in names()
    words = set(re.findall(r"^nalm (\w+)", readme, re.MULTILINE))
    assert {"run", "summary", "plot"} <= words
    assert words <= set(get_command(app).commands)


def commands_of(target):
    """The commands of a target of the Makefile, those of the targets that it needs first."""
    text = (ROOT / "Makefile").read_text()
    needed, commands = re.search(rf"^{target}:(.*)\n((?:\t.*\n)*)", text, re.MULTILINE).groups()
    own = [line.strip().replace("$(BIN)/", "") for line in commands.splitlines()]
    return [command for name in needed.split() if name in targets() for command in commands_of(name)] + own


def test_continuous_integration_runs_the_readme_s_tests_and_the_checks():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set", "cd"))]
    assert commands == ["make check"]
    assert commands_of("check") == ["python -m pytest -n auto", "ruff check", "ruff format --check", "mypy"]


def test_environment_of_the_tests_skips_no_page_of_the_documentation():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    found, waiting = set(), ["test"]
    while waiting:
        for requirement in extras[waiting.pop()]:
            name, own = re.match(r"([\w-]+)(?:\[([\w, -]+)\])?", requirement).groups()
            waiting += re.findall(r"[\w-]+", own) if name == "nalm" else []
            found.add(name)
    pages = "".join(path.read_text() for path in markdown_files())
    needed = set(re.findall(r"^<!-- needs: (\w+) -->$", pages, re.MULTILINE))
    assert needed
    assert found >= {"sphinx", "myst-parser", "furo", *needed}


def test_a_wheel_says_what_it_is():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert all(project[key] for key in ("authors", "classifiers", "description", "keywords", "readme", "urls"))
    assert all(url.startswith("https://") for url in project["urls"].values())
    bare = [requirement for requirement in project["dependencies"] if not re.search(r"[<>=]", requirement)]
    assert not bare


def test_changelog_tells_of_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == nalm.__version__
    assert f"## {nalm.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_public_name_can_be_had():
    for name in nalm.__all__:
        assert getattr(nalm, name) is not None


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'NMUU'"):
        nalm.NMUU  # noqa: B018
