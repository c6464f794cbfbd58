"""The page of commands documents each of them, with every option, and every setting."""

import importlib.util
from pathlib import Path

from typer.main import get_command

from nalm.cli._app import app
from nalm.studies import DESCRIPTIONS

DOCS = Path(__file__).parents[2] / "docs"
_SPEC = importlib.util.spec_from_file_location("nalm_docs_commands", DOCS / "commands.py")
commands = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(commands)


def test_every_command_and_option_is_documented():
    sections = dict(part.split("\n", 1) for part in commands.commands().split("## nalm ")[1:])
    known = get_command(app).commands
    assert list(sections) == list(known)
    for name, command in known.items():
        assert command.help, name
        for param in command.params:
            if param.name != "help":
                assert param.help, f"nalm {name}: {param.opts} says nothing"
                words = param.help.replace("`", "")
                assert words in sections[name].replace("`", "").replace(r"\|", "|")


def test_every_setting_is_in_the_table():
    assert all(f"| `{name}` |" in commands.settings() for name in DESCRIPTIONS)


def test_page_has_a_place_for_both():
    page = (DOCS / "commands.md").read_text()
    assert (page.count(commands.COMMANDS), page.count(commands.SETTINGS)) == (1, 1)
