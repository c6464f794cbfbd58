"""Who may import whom: read from the source, lazy imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import nalm

ROOT = Path(nalm.__file__).parent

# what a line holds may import the lines above it, and nothing else of nalm
LAYERS = (
    ("errors", "streams", "interrupts", "files", "figure_kinds"),
    ("functional", "_lines", "_screen"),
    ("units",),
    ("tasks", "regression"),
    ("runs",),
    ("studies",),
    ("training", "citations"),
    ("digits", "testing", "arrays"),
    ("results",),
    ("cautions", "estimates", "progress"),
    ("figures",),
    ("report", "cluster"),
    ("jobs",),
    ("_bench",),
    ("api",),
    ("cli",),
)
# the old places of modules that moved, which import nothing but the new
MOVED = {"networks": "runs"}
MOST_SIBLINGS = 20


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules of nalm that a file imports at run time."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("nalm."))
        elif isinstance(node, ast.ImportFrom) and node.module == "nalm":
            yield from (f"nalm.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("nalm."):
            yield node.module


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def edges() -> set[tuple[str, str, str]]:
    found = set()
    for path in ROOT.rglob("*.py"):
        for name in imports(path):
            if package_of(path) not in ("__init__", "__main__") and name.split(".")[1] != package_of(path):
                found.add((package_of(path), name.split(".")[1], str(path.relative_to(ROOT))))
    return found


def test_every_package_has_a_layer() -> None:
    known = {name for layer in LAYERS for name in layer} | set(MOVED) | {"__init__", "__main__"}
    there = {package_of(path) for path in ROOT.rglob("*.py")}
    assert there <= known


def test_packages_import_only_what_stands_before_them() -> None:
    level = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    wrong = [
        f"{file} imports nalm.{imported}"
        for package, imported, file in sorted(edges())
        if imported != "__version__"
        and (MOVED.get(package) != imported if package in MOVED else level[imported] >= level[package])
        # the one name that studies offer for another package, which its documentation has had from the start
        and (imported, file) != ("jobs", "studies/__init__.py")
    ]
    assert not wrong


@pytest.mark.parametrize("folder", sorted({path.parent for path in ROOT.rglob("*.py")}), ids=str)
def test_no_package_has_too_many_siblings(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    packages = [path for path in folder.iterdir() if (path / "__init__.py").exists()]
    assert max(len(modules), len(packages)) <= MOST_SIBLINGS


def test_nothing_asks_for_the_family_of_a_run() -> None:
    families = {"ArithmeticTask", "StaticDigits", "SequentialDigits", "DigitSettings", "DigitTask"}
    asked = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ROOT.rglob("*.py")
        if package_of(path) not in ("tasks", "digits")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "isinstance"
        and any(isinstance(name, ast.Name) and name.id in families for name in ast.walk(node))
    ]
    assert not asked
