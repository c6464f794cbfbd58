"""Units of somebody's own in digit tasks: built by their own constructors for each seed, and nothing is drawn again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nalm.digits import SequentialDigits, StaticDigits
from nalm.digits._pair_network import create_pair_network
from nalm.digits._sequence_network import create_sequence_network
from nalm.runs import NetworkSettings, Run
from nalm.runs.network import LayerSettings
from nalm.training import train

OWN = "digits.test_own_units:Own"
UNREGISTERED = "digits.test_own_units:NoReset"


class NoReset(nn.Module):
    """Sets one parameter, draws another one with NumPy, and has no way to draw them again."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((out_features, in_features), 0.25))
        self.drawn = nn.Parameter(torch.from_numpy(np.random.uniform(0, 1, out_features).astype(np.float32)))
        self.layer = nn.Linear(in_features, out_features)
        self.late = nn.LazyLinear(out_features)

    def forward(self, x: Tensor) -> Tensor:
        noise = float(np.random.uniform(0.9, 1.1)) if self.training else 1.0
        y: Tensor = noise * (x @ self.w.T + self.drawn) + 0.01 * self.layer(x) + 0.01 * self.late(x)
        return y


class Own(NoReset):
    """Has a reset that its constructor does not leave as it is."""

    def reset_parameters(self) -> None:
        nn.init.ones_(self.w)


@pytest.mark.parametrize("unit", [OWN, UNREGISTERED])
def test_own_stages_and_cells_keep_what_their_constructors_give(unit: str) -> None:
    networks = {
        "stage": lambda seed: create_pair_network(StaticDigits(stage=unit), seed),
        "cell": lambda seed: create_sequence_network(SequentialDigits(cell=unit), seed),
    }
    for part, create in networks.items():
        before = np.random.get_state()[1].copy(), torch.get_rng_state()
        one, twin, other = (create(seed).state_dict() for seed in (3, 3, 4))
        assert np.array_equal(np.random.get_state()[1], before[0])
        assert torch.equal(torch.get_rng_state(), before[1])
        own = [name for name in one if name.startswith(f"{part}.")]
        assert all(torch.equal(one[name], twin[name]) for name in one)
        assert {name.rpartition(".")[2] for name in own if torch.equal(one[name], other[name])} == {"w"}
        assert all((one[name] == 0.25).all() for name in own if name.endswith(".w"))


def test_all_stages_start_from_the_same_image_network() -> None:
    own, published = (create_pair_network(StaticDigits(stage=stage), 3).image_network for stage in (OWN, "nmu"))
    assert all(torch.equal(value, published.state_dict()[name]) for name, value in own.state_dict().items())


@pytest.mark.heavy
def test_runs_with_own_units_are_repeated_and_say_how_they_were_trained() -> None:
    small = {"dataset": "digits", "samples_per_pair": 1, "epochs": 1, "batch_size": 50}
    network = NetworkSettings(label="own", layers=(LayerSettings(unit=UNREGISTERED),))
    run = Run(study="test", task=StaticDigits(stage=UNREGISTERED, **small), network=network, seed=1)
    results = []
    for _ in range(2):
        np.random.seed()
        train([run], results.append, workers=1)
    one, other = (result.state[run.id] for result in results)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert [way.lowering for way in results[0].made_by] == ["an ordinary loop"]
    assert results[0].made_by[0].instructions == torch.backends.cpu.get_cpu_capability()
