"""What extras bring is named where it is missing, and nothing else needs it."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

import nalm
from nalm.errors import DataError, InputError
from nalm.tasks.images import handwritten, mnist
from support.command import python

SOURCE = Path(nalm.__file__).parent


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch):
    def forget(package: str) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)

    return forget


def test_handwritten_digits_name_scikit_learn(without) -> None:
    without("sklearn")
    handwritten.load.cache_clear()
    with pytest.raises(InputError, match=r'"digits" needs the package scikit-learn.*; pip install \'nalm\[digits\]\''):
        handwritten.load()


def test_a_download_names_pooch_and_the_folder(without, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without("pooch")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(mnist.FOLDER_VARIABLE, raising=False)
    with pytest.raises(DataError, match=r"needs the package pooch.*'nalm\[digits\]'; or set NALM_MNIST to a folder"):
        mnist.load()


def test_the_estimator_names_scikit_learn_and_the_search_needs_none() -> None:
    program = """
import sys
sys.modules["sklearn"] = sys.modules["pooch"] = None
import numpy as np, nalm
from nalm.errors import InputError
try:
    nalm.ArithmeticRegressor
except InputError as error:
    print(error)
x = np.random.default_rng(0).uniform(1, 9, (60, 3))
print(nalm.regression.search(x, x[:, 0] * x[:, 2], ["a", "b", "c"], max_seconds=30, seed=0).chosen.text)
"""
    output, errors = python("-c", program).communicate()
    assert output.splitlines() == [
        "ArithmeticRegressor (unlike nalm.regression.search) needs the package scikit-learn, which is not installed; "
        "pip install 'nalm[sklearn]'",
        "a*c",
    ], errors


def test_every_package_that_is_imported_is_declared() -> None:
    """Those of extras are imported inside functions, or by the files that an extra is for."""
    declared = {re.match(r"[\w-]+", text)[0].lower() for text in metadata.requires("nalm") or []}
    brought = {"tomli_w": "tomli-w", "sklearn": "scikit-learn", "tensorboardX": "tensorboardx", "dask": "distributed"}
    brought |= {"pydantic_core": "pydantic", "joblib": "scikit-learn"}
    own = {"nalm", "google", *sys.stdlib_module_names}
    found = set()
    for path in SOURCE.rglob("*.py"):
        found |= set(re.findall(r"^ *(?:from|import) (\w+)", path.read_text(), re.M)) - own
    imported = {brought.get(name, name).lower() for name in found if name.isidentifier() and name in KNOWN}
    assert imported <= declared


KNOWN = {name for name in metadata.packages_distributions() if not name.startswith("_")}


def test_python_m_nalm_is_the_command() -> None:
    output, errors = python("-m", "nalm", "--version").communicate()
    assert (output, errors) == (f"nalm {nalm.__version__}\n", "")
    output, _ = python("-m", "nalm", "run", "--help").communicate()
    assert "Usage: nalm run" in output
    assert "<bool>" not in output
