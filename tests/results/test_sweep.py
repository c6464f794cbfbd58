"""Outputs of networks on a grid, of runs and of files, among them checkpoints as the original code writes them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from nalm import units
from nalm.errors import InputError, StoreError
from nalm.results.original.network_file import load_network, network_of_names
from nalm.results.part import Part
from nalm.results.store import Store
from nalm.results.sweep import Grid, sweep_module, sweep_runs, table_of
from nalm.studies import expand, loads, to_toml
from nalm.training import train
from results.samples import make_batch
from support.command import Command

STUDY = """
title = "Sweep"
seeds = "0:2"
[task]
kind = "single-module"
operation = "mul"
[settings]
iterations = 100
log_interval = 50
validation_samples = 20
test_samples = 20
[[networks]]
unit = "nmu"
"""


def original_checkpoint(path: Path, state: dict[str, torch.Tensor]) -> Path:
    """A file as the original's scripts save it: generators' states, one of them NumPy's, beside the parameters."""
    content = {
        "epoch": 50_001,
        "model_state_dict": state,
        "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "torch_rng_state": torch.get_rng_state(),
        "numpy_rng_state": np.random.RandomState(0).get_state(),
        "args": None,
    }
    torch.save(content, path)
    return path


def test_grids() -> None:
    grid = Grid.parse("-6:6:121")
    x = grid.inputs(2)
    assert x.shape == (14_641, 2)
    assert x[:2, 1].tolist() == pytest.approx([-6.0, -5.9])
    assert x[:121, 0].tolist() == [-6.0] * 121
    for wrong in ("6:-6:3", "0:1:1", "a:b:3", "0:1", "0:inf:4"):
        with pytest.raises(InputError, match="give FROM:TO:POINTS"):
            Grid.parse(wrong)
    with pytest.raises(InputError, match="121 values of each of 100 inputs are more than 10,000,000 rows"):
        grid.inputs(100)


def test_checkpoints_of_the_original(tmp_path: Path) -> None:
    path = original_checkpoint(tmp_path / "nmu.pth", {"layer_1.0.layer.W": torch.tensor([[1.0, 1.0]])})
    module = load_network(path, network_of_names("nmu"))
    assert module(torch.tensor([[3.0, -4.0]])).item() == -12
    two = {"layer_1.layer.W": torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), "layer_2.layer.W": torch.ones(1, 2)}
    path = original_checkpoint(tmp_path / "two.pth", two)
    module = load_network(path, network_of_names("nau,nmu"), 3, 1)
    assert module(torch.tensor([[1.0, 2.0, 3.0]])).item() == 15
    nalu = {f"layer_1.0.layer.{name}": torch.randn(1, 2) for name in ("G", "nac.W_hat", "nac.M_hat")}
    module = load_network(original_checkpoint(tmp_path / "nalu.pth", nalu), network_of_names("NALU"))
    assert torch.equal(module.opening.G, nalu["layer_1.0.layer.G"])
    assert torch.equal(module.weights.M_hat, nalu["layer_1.0.layer.nac.M_hat"])
    npu = {"layer_1.0.layer.W_re": torch.randn(2, 1), "layer_1.0.layer.g": torch.tensor([0.25, 1.0])}
    module = load_network(original_checkpoint(tmp_path / "npu.pth", npu), network_of_names("RealNPU"))
    assert torch.equal(module.gate.g, npu["layer_1.0.layer.g"])
    mlp = {
        "layer_1.0.layer.W": torch.randn(3, 2),
        "layer_1.0.layer.bias": torch.randn(3),
        "layer_2.layer.W": torch.randn(1, 3),
        "layer_2.layer.bias": torch.randn(1),
    }
    settings = network_of_names("relu_1")
    layer = settings.layers[0].model_copy(update={"arguments": {"hidden_size": 3}})
    module = load_network(
        original_checkpoint(tmp_path / "mlp.pth", mlp), settings.model_copy(update={"layers": (layer,)})
    )
    x = torch.randn(5, 2)
    hidden = torch.relu(x @ mlp["layer_1.0.layer.W"].T + mlp["layer_1.0.layer.bias"])
    expected = hidden @ mlp["layer_2.layer.W"].T + mlp["layer_2.layer.bias"]
    torch.testing.assert_close(module(x), expected)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("exploded",)


def test_nothing_but_numbers_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model_state_dict": {"layer_1.0.layer.W": torch.ones(1, 2)}, "args": Bomb()}, "bomb.pth")
    with pytest.raises(InputError, match=r"^bomb.pth: is no checkpoint of numbers alone"):
        load_network("bomb.pth", network_of_names("nmu"))
    assert not Path("exploded").exists()
    for content in (b"", b"text", b"PK\x03\x04 damaged"):
        Path("damaged.pth").write_bytes(content)
        with pytest.raises(InputError, match=r"^damaged.pth: "):
            load_network("damaged.pth", network_of_names("nmu"))


def test_refuses_what_does_not_fit(tmp_path: Path) -> None:
    path = original_checkpoint(tmp_path / "nmu.pth", {"layer_1.0.layer.W": torch.ones(1, 2)})
    for names, inputs, message in (
        ("nau,nmu", 2, "has 1 layers with parameters, the network has 2"),
        ("nmu", 3, r"cannot tell which parameter 'layer_1.0.layer.W' of shape \[1, 2\] is; this layer has weights.W"),
        ("nalu", 2, "cannot tell which parameter 'layer_1.0.layer.W'"),
        ("", 2, "give the units of its layers"),
    ):
        with pytest.raises(InputError, match=message):
            load_network(path, network_of_names(names), inputs)
    safe = tmp_path / "own.safetensors"
    save_file({"weights.W": torch.ones(1, 2), "other": torch.ones(1)}, safe)
    with pytest.raises(InputError, match="has other, which the network has not"):
        load_network(safe, network_of_names("nmu"))
    save_file({"other": torch.ones(1)}, safe)
    with pytest.raises(InputError, match=r"lacks weights\.W"):
        load_network(safe, network_of_names("nmu"))
    save_file({"weights.W": torch.ones(1, 3)}, safe)
    with pytest.raises(InputError, match=r"weights.W has the shape \[1, 3\], the network takes \[1, 2\]"):
        load_network(safe, network_of_names("nmu"))


def test_gold_is_the_exact_operation() -> None:
    unit = units.NMU(2, 1)
    swept = sweep_module(unit.eval(), 2, Grid.parse("-1:1:3"), {"unit": "nmu"}, "mul")
    table = table_of([swept])
    assert table.columns == ["unit", "x1", "x2", "prediction", "gold"]
    assert table["gold"].to_list() == [1, 0, -1, 0, 0, 0, -1, 0, 1]
    with pytest.raises(InputError, match="gold 'multiply': operations are add"):
        sweep_module(unit, 2, Grid.parse("-1:1:3"), {}, "multiply")


@pytest.mark.heavy
def test_runs_and_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = loads(STUDY, "sweep")
    store = Store.create_or_open(tmp_path / "here", to_toml(study))
    runs = expand(study)
    train(runs, store.write, workers=1)
    one = sweep_runs(store, Grid.parse("1:2:5"), {"seed": 1})
    assert [swept.labels["seed"] for swept in one] == [1]
    W = torch.tensor(store.weights(runs[1].id)["weights.W"])
    module = units.NMU(2, 1)
    module.load_state_dict({"weights.W": W})
    expected = module.eval()(torch.tensor(one[0].inputs)).detach()
    torch.testing.assert_close(torch.tensor(one[0].outputs), expected.double())
    monkeypatch.chdir(tmp_path)
    command = Command(monkeypatch, capsys)
    assert command("sweep", "here", "--grid", "-6:6:13", "--to", "grid.csv").status == 0
    table = pl.read_csv("grid.csv")
    assert len(table) == 2 * 169
    assert table.columns[-2:] == ["prediction", "gold"]
    assert command("sweep", "here", "--grid", "-6:6:13", "--to", "grid.svg").status == 0
    assert "Gold (mul)" in Path("grid.svg").read_text() or Path("grid.svg").stat().st_size > 1000
    save_file({"weights.W": torch.ones(1, 2)}, "own.safetensors")
    own = ["--weights", "own.safetensors", "--network", "nmu", "--gold", "mul", "--grid", "-2:2:5"]
    assert command("sweep", *own, "--to", "own.parquet").status == 0
    table = pl.read_parquet("own.parquet")
    assert table["prediction"].to_list() == table["gold"].to_list()
    for words, message in (
        (["--to", "a.csv"], "give either a results folder or --weights FILE"),
        (["here", "--to", "a.txt"], "a table is a .csv or .parquet file"),
        (["here", "--to", "a.csv", "--only", "seed=9"], "only seed=9: no run has it; seed is one of 0:2"),
        (["--weights", "own.safetensors", "--to", "a.csv"], "--weights takes the units of its layers"),
        (["here", "--to", "a.png", "--grid", "0:1:3"], "the axes of a picture are symmetric"),
    ):
        outcome = command("sweep", *words)
        assert outcome.status == 2
        assert message in outcome.errors
        assert outcome.errors.count("\n") == 1


def test_weights_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that are lacking would be drawn anew."""
    study = loads(STUDY, "sweep")
    store = Store.create_or_open(tmp_path / "here", to_toml(study))
    store.write(make_batch(expand(study)))
    for weights, name in (({}, "weights.W"), ({"weights.W": np.ones((1, 3), dtype=np.float32)}, "weights.W")):
        monkeypatch.setattr(Part, "weights", lambda self, run, kept=weights: kept)
        with pytest.raises(StoreError, match=f"the weights kept of run .* do not fit its network: {name}"):
            sweep_runs(store, Grid.parse("1:2:5"), {"seed": 1})
