from __future__ import annotations

from pathlib import Path

import pytest

from nalm.training import toolchain


def test_kernels_for_other_vector_instructions_are_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NALM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    library = tmp_path / "library.so"
    library.write_bytes(b"compiled")
    kept = toolchain.keep("a network", library)
    assert kept.read_bytes() == b"compiled"
    assert toolchain.find("a network") == kept
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert toolchain.find("a network") is None
