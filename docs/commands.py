"""Sphinx extension: what the command line itself says takes the place of comments in `commands.md`."""

import re
from typing import Any

from typer.main import get_command

from nalm.cli._app import app as command_line
from nalm.studies import DESCRIPTIONS, default_of

COMMANDS, SETTINGS = "<!-- all commands -->\n", "<!-- all settings -->\n"


def _marked(text: str) -> str:
    """Write options as code where a text does not."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"(?<!\w)(--[a-z][a-z-]*)", r"`\1`", part) for part in parts[::2]]
    return "`".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _usage(name: str, command: Any) -> str:
    arguments = [param.metavar or param.name.upper() for param in command.params if param.param_type_name == "argument"]
    return " ".join(["nalm", name, *arguments, "[OPTIONS]" if _options(command) else ""]).strip()


def _options(command: Any) -> list[Any]:
    return [param for param in command.params if param.param_type_name == "option" and param.name != "help"]


def _row(param: Any) -> str:
    value = "" if param.is_flag else f" {param.metavar or param.name.upper()}"
    default = (
        "" if param.is_flag or param.default in (None, [], ()) else str(getattr(param.default, "value", param.default))
    )
    needed = " Required." if param.required else f" Default: `{default}`." if default else ""
    return f"| `{_cell(param.opts[0] + value)}` | {_cell(_marked(param.help or '') + needed)} |\n"


def commands() -> str:
    """Return a section for each command: what it does, its arguments and options."""
    parts = []
    for name, command in get_command(command_line).commands.items():
        parts.append(f"## nalm {name}\n\n```text\n{_usage(name, command)}\n```\n\n{_marked(command.help)}\n\n")
        for param in command.params:
            if param.param_type_name == "argument" and param.help:
                parts.append(f"- `{param.metavar or param.name.upper()}`: {param.help}\n")
        rows = "".join(map(_row, _options(command)))
        parts.append(f"\n| option | meaning |\n| --- | --- |\n{rows}\n" if rows else "\n")
    return "".join(parts)


def settings() -> str:
    """Return the table of what `--set` takes."""
    rows = (
        f"| `{name}` | {_cell(default_of(name))} | {_cell(_marked(text))} |\n" for name, text in DESCRIPTIONS.items()
    )
    return "| setting | default | meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _insert(app: Any, page: str, source: list[str]) -> None:
    if COMMANDS in source[0]:
        source[0] = source[0].replace(COMMANDS, commands()).replace(SETTINGS, settings())


def setup(app: Any) -> dict[str, bool]:
    """Insert both when the page is read."""
    app.connect("source-read", _insert)
    return {"parallel_read_safe": True}
