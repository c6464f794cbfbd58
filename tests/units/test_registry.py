"""Names of units, and modules of the user's own."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

import nalm
from nalm import units
from nalm.errors import InputError
from nalm.units._table import CLASSES


def test_names_are_unique_and_resolve_to_themselves() -> None:
    assert len(set(units.names())) == len(units.names())
    for name in units.names():
        assert units.resolve(name).name == name


def test_every_spelling_names_one_unit() -> None:
    from nalm.units._registry import _key

    spellings: dict[str, str] = {}
    for info in units.UNITS:
        for spelling in {info.name, info.title, *info.aliases}:
            assert spellings.setdefault(_key(spelling), info.name) == info.name, spelling


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("NMU", "nmu"),
        ("ReRegualizedLinearMNAC", "nmu"),
        ("ReRegualizedLinearNAC", "nau"),
        ("ReRegualizedLinearPosNAC", "posnau"),
        ("sNMU", "snmu"),
        ("batch sNMU", "snmu_batch"),
        ("NAC+", "nac"),
        ("NAC•", "nac_mul"),
        ("MNAC", "nac_mul"),
        ("NAC•,σ", "nac_sigma"),
        ("NAC•,NMU", "nac_nmu"),
        ("G-NALU", "gnalu"),
        ("iNALU", "inalu"),
        ("RealNPU", "realnpu"),
        ("real-npu", "realnpu"),
        ("Sign-NMRU", "sign_nmru"),
        ("SignNMRU", "sign_nmru"),
        ("GatedSignNMRU", "gated_sign_nmru"),
        ("MulMCFCSignINALU", "mul_mcfc_inalu"),
        ("SoftmaxNAC", "softmax_nac"),
        ("HardSoftmaxNALU", "hard_softmax_nalu"),
        ("GumbelMNAC", "gumbel_nmu"),
        ("RegualizedLinearNAC", "regularised_nac"),
        ("ReLU6", "relu6"),
    ],
)
def test_published_spellings(spelling: str, name: str) -> None:
    assert units.resolve(spelling).name == name


def test_unknown_name() -> None:
    with pytest.raises(InputError) as caught:
        units.resolve("nmuu")
    assert str(caught.value) == "unknown unit 'nmuu'; did you mean 'nmu'? (nalm units lists all)"


def test_create_merges_arguments() -> None:
    assert repr(units.create("snmu_batch", 2, 1)) == "SNMU(2, 1, noise='batch')"
    assert repr(units.create("snmu_batch", 2, 1, noise=[1, 2])) == "SNMU(2, 1, noise=(1, 2))"
    assert units.create("relu_100", 2, 1)[0].out_features == 100


def test_unknown_argument() -> None:
    with pytest.raises(InputError) as caught:
        units.create("snmu", 2, 1, noize=3)
    assert str(caught.value) == "unit 'snmu' has no argument 'noize'; did you mean 'noise'?"
    with pytest.raises(InputError, match="unit 'nalu' has no argument 'xyzzy'; it takes rule, multiplication"):
        units.create("nalu", 2, 1, xyzzy=3)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2"])
def test_bad_sizes(size: object) -> None:
    with pytest.raises(InputError, match=f"NMU: in_features must be a positive integer, got {size!r}"):
        units.NMU(size, 1)
    with pytest.raises(InputError, match="out_features must be a positive integer"):
        units.create("nalu", 2, size)


def test_wrong_inputs_name_both_shapes() -> None:
    with pytest.raises(InputError, match=r"NAU: expects input of shape \[\.\.\., 3\], got \[5, 4\]"):
        units.NAU(3, 2)(torch.zeros(5, 4))
    with pytest.raises(InputError, match=r"NAU: expects input of shape \[\.\.\., 3\], got \[\]"):
        units.NAU(3, 2)(torch.zeros(()))
    with pytest.raises(InputError, match=r"NAU: expects a floating point input, got torch\.int64"):
        units.NAU(3, 2)(torch.zeros(5, 3, dtype=torch.int64))


OWN = """
import torch
from torch import nn

class Affine(nn.Module):
    def __init__(self, in_features, out_features, scale=1.0):
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)
        self.scale = scale

    def forward(self, x):
        return self.scale * self.linear(x)

class NotAModule:
    pass
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    return name


def test_module_of_the_current_folder(own: str) -> None:
    before = list(sys.path)
    module = units.create(f"{own}:Affine", 3, 2, scale=2.0)
    assert module(torch.ones(5, 3)).shape == (5, 2)
    assert module.scale == 2.0
    assert sys.path == before


def test_installed_module() -> None:
    assert isinstance(units.create("torch.nn:Linear", 3, 2, bias=False), nn.Linear)


def test_module_errors(own: str, tmp_path: Path) -> None:
    for target, message in (
        ("no_such_module:Unit", f"no_such_module:Unit: no module 'no_such_module' in {tmp_path}"),
        (f"{own}:Afine", "has no class 'Afine'; did you mean 'Affine'?"),
        (f"{own}:NotAModule", "NotAModule must be a subclass of torch.nn.Module"),
        (f"{own}:torch", "torch must be a subclass of torch.nn.Module"),
        (":Unit", ":Unit: expected package.module:Class"),
        ("a b:Unit", "expected package.module:Class, got module name 'a b'"),
        ("torch.nn.nothing:Unit", "no module 'torch.nn.nothing'"),
    ):
        with pytest.raises(InputError) as caught:
            units.create(target, 2, 1)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_module_that_needs_a_missing_package(own: str, tmp_path: Path) -> None:
    (tmp_path / f"{own}_broken.py").write_text("import surely_not_installed\n")
    with pytest.raises(InputError, match="needs 'surely_not_installed', which is not installed"):
        units.create(f"{own}_broken:Unit", 2, 1)


def test_class_that_wants_other_arguments(own: str) -> None:
    with pytest.raises(InputError, match="has no argument 'scal'; did you mean 'scale'"):
        units.create(f"{own}:Affine", 2, 1, scal=1)
    with pytest.raises(InputError, match=r"torch\.nn:Bilinear: cannot be called with \(in_features, out_features\)"):
        units.create("torch.nn:Bilinear", 2, 1)


def test_everything_published_is_there() -> None:
    for name in units.__all__:
        assert getattr(units, name) is not None
    assert set(units.__all__) <= set(dir(units))
    for info in units.UNITS:
        assert info.cls.__name__ in units.__all__
        assert getattr(nalm, info.cls.__name__) is info.cls
        assert (info.year is None) == (info.paper == "")
    with pytest.raises(AttributeError, match="has no attribute 'NMUU'"):
        units.NMUU  # noqa: B018


@pytest.mark.parametrize("module", [nalm, units])
def test_type_checkers_know_classes_of_the_table_by_their_names(module: ModuleType) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    typed = {alias.name: node.module for node in imported for alias in node.names if alias.asname == alias.name}
    assert typed
    for name, source in typed.items():
        assert source == ("nalm.units" if module is nalm else f"nalm.units.{CLASSES[name]}")


def test_top_level_names() -> None:
    assert nalm.SNMU is units.SNMU
    assert nalm.units is units
    assert "SNMU" in dir(nalm)
    with pytest.raises(AttributeError, match="module 'nalm' has no attribute 'SNMUU'"):
        nalm.SNMUU  # noqa: B018


def test_names_need_no_torch() -> None:
    program = (
        "import sys, nalm, nalm.units; nalm.units.names(); nalm.units.resolve('nmu').operations;"
        "assert not {'torch', 'scipy', 'matplotlib', 'polars'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
