"""The header of all kernels, compiled once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from nalm.training import headers, toolchain
from nalm.training.headers import HEADER, arguments

SUM = """
extern "C" void f(float* x) {
  for (int64_t i = 0; i < 64; i += W) (V::loadu(x + i).exp() + sign(V(2.0f))).store(x + i);
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(headers, "_folder", lambda: tmp_path)
    monkeypatch.setattr(headers, "_ROOM", 0)
    return tmp_path


class Compiler:
    """Counts what it compiles."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, text: Path, to: Path) -> None:
        assert text.read_text() == HEADER
        self.count += 1
        to.write_bytes(b"compiled")


def test_it_is_compiled_once_for_each_compiler(folder: Path) -> None:
    compiler = Compiler()
    option, text = arguments("one", compiler)
    assert option == "-include"
    assert Path(text).read_text() == HEADER
    assert arguments("one", compiler) == (option, text)
    assert compiler.count == 1
    assert arguments("another", compiler)[1] != text
    assert compiler.count == 2


@pytest.mark.parametrize("name", ["kernel.hpp", "kernel.hpp.gch", "checksum"])
def test_what_is_damaged_or_gone_is_compiled_again(folder: Path, name: str) -> None:
    compiler = Compiler()
    text = Path(arguments("one", compiler)[1])
    text.with_name(name).write_bytes(b"COMPILED")
    assert arguments("one", compiler) == ("-include", str(text))
    text.with_name(name).unlink()
    assert arguments("one", compiler) == ("-include", str(text))
    assert compiler.count == 3
    assert text.with_name("kernel.hpp.gch").read_bytes() == b"compiled"


def test_what_another_process_made_meanwhile_stays(folder: Path) -> None:
    first = Compiler()

    def late(text: Path, to: Path) -> None:
        arguments("one", first)
        to.write_bytes(b"compiled later")

    text = Path(arguments("one", late)[1])
    assert text.with_name("kernel.hpp.gch").read_bytes() == b"compiled"
    assert [path.name for path in folder.iterdir()] == [text.parent.name]


def test_three_are_kept_those_used_last(folder: Path) -> None:
    compiler = Compiler()
    for number, name in enumerate(("one", "two", "three")):
        os.utime(Path(arguments(name, compiler)[1]).parent, (number, number))
    arguments("one", compiler)
    arguments("four", compiler)
    assert len(list(folder.iterdir())) == 3
    arguments("one", compiler)
    arguments("three", compiler)
    assert compiler.count == 4


def test_a_folder_that_others_can_write_is_not_used(folder: Path) -> None:
    folder.chmod(0o777)
    assert arguments("one", Compiler()) == ()


def test_without_room_or_compiler_kernels_begin_with_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: Path, to: Path) -> None:
        raise OSError("no")

    assert arguments("one", fails) == ()
    monkeypatch.setattr(headers, "_ROOM", 10**18)
    assert arguments("one", Compiler()) == ()
    assert list(folder.iterdir()) == []


def test_a_header_cleared_away_meanwhile_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path))
    gone = ("-include", str(tmp_path / "gone" / "kernel.hpp"))
    monkeypatch.setattr(headers, "arguments", lambda *_: gone)
    assert toolchain.load(toolchain.build(HEADER + SUM)).f
    with pytest.raises(toolchain.CompilationError, match="no_such_name"):
        toolchain.build(HEADER + "int x = no_such_name;")


def test_kernels_compute_the_same_with_it_and_without(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    for name in ("with", "without"):
        monkeypatch.setenv("NALM_CACHE", str(tmp_path / name))
        library = toolchain.build(HEADER + SUM)
        values = np.linspace(-3, 3, 64, dtype=np.float32)
        toolchain.load(library).f(toolchain.address(values))
        results.append(values)
        compiled = next(folder.glob("*/kernel.hpp.gch"), None)
        assert (compiled is not None) == (name == "with")
        shutil.rmtree(folder)
        monkeypatch.setattr(headers, "_ROOM", 10**18)
    np.testing.assert_array_equal(*results)
    np.testing.assert_allclose(results[0], np.exp(np.linspace(-3, 3, 64)) + 1, rtol=1e-5)
