"""Environments as strangers have them: notebooks, folders with spaces, launchers of compilers, damaged caches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

STUDY = """
title = "Cost $5 & 100 %"
seeds = "0:1"
[task]
kind = "single-module"
operation = "mul"
interpolation_range = [1, 2]
extrapolation_range = [2, 6]
[settings]
iterations = 20
sparsity_penalty = 0
log_interval = 10
validation_samples = 50
test_samples = 50
[[networks]]
unit = "nmu"
label = "Ba$$e ${x$"
"""
PROGRAM = """
import sys, nalm
results = nalm.run("study.toml", out="results", workers=1, progress=False)
results.plot("figure.svg")
print(results.records()["interpolation_error"].to_list())
"""


@pytest.mark.filterwarnings("ignore")
def test_kernels_are_compiled_and_figures_drawn_in_a_strange_environment(tmp_path: Path) -> None:
    place = tmp_path / "with a space"
    (place / "temporary files").mkdir(parents=True)
    (place / "study.toml").write_text(STUDY)
    environment = os.environ | {
        "TMPDIR": str(place / "temporary files"),
        "NALM_CACHE": str(place / "a cache"),
        "CXX": "env LC_ALL=C g++",
        "TORCHINDUCTOR_CACHE_DIR": "/proc/nope",
        "MPLBACKEND": "module://no_such_notebook.backend_inline",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONWARNINGS": "error::RuntimeWarning",  # of a slower way to train
    }

    def trained(out: str) -> str:
        program = PROGRAM.replace('"results"', repr(out))
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=place, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    first = trained("one")
    assert "Ba$$e" in (place / "figure.svg").read_text()
    kernels = list((place / "a cache" / "kernels").glob("*.so"))
    assert len(kernels) >= 2
    for number, kernel in enumerate(kernels):
        content = bytearray(kernel.read_bytes())
        content[len(content) // 2] ^= 16
        kernel.write_bytes(content[:3000] if number % 2 else bytes(content))
    assert trained("two") == first
