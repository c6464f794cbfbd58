"""Versions of PyTorch whose inner parts are others, made by taking names away."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.fx.experimental import proxy_tensor

import nalm
from nalm.training.torch_specific import UnknownTorchError, compiler_arguments, decompositions, traced

WHOLE = proxy_tensor.make_fx


def doubled(x: Tensor) -> Tensor:
    return x * 2


def test_a_tracer_that_records_no_lines_traces_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_2_8(
        f: Any, decomposition_table: Any = None, tracing_mode: str = "real", _allow_non_fake_inputs: bool = False
    ):
        return WHOLE(f, decomposition_table, tracing_mode, _allow_non_fake_inputs)

    inputs = [torch.ones(3)]
    whole = traced(doubled, decompositions([]), inputs)
    monkeypatch.setattr(proxy_tensor, "make_fx", of_2_8)
    assert traced(doubled, decompositions([]), inputs).code == whole.code


def test_a_name_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(proxy_tensor, "make_fx")
    with pytest.raises(UnknownTorchError, match=r"^PyTorch \d\S+ has other.*ImportError: .*make_fx"):
        traced(doubled, {}, [torch.ones(3)])
    monkeypatch.delattr("torch._decomp.core_aten_decompositions")
    with pytest.raises(UnknownTorchError, match=r"core_aten_decompositions"):
        decompositions([])
    monkeypatch.delattr("torch._inductor.cpu_vec_isa.get_isa_from_cpu_capability")
    with pytest.raises(UnknownTorchError, match=r"AttributeError: .*get_isa_from_cpu_capability"):
        compiler_arguments("g++", "")


def test_private_names_of_pytorch_are_in_one_file() -> None:
    root = Path(nalm.__file__).parent
    found = [
        f"{path.relative_to(root)}:{node.lineno}"
        for path in root.rglob("*.py")
        if path.name != "torch_specific.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and re.match(r"torch\._[a-zA-Z]", ast.unparse(node)))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("torch._", "torch.fx.experimental")))
    ]
    assert not found
