"""Networks trained on arrays of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import nalm
from nalm.arrays._task import ArrayTask
from nalm.errors import InputError

X = np.random.default_rng(0).uniform(1, 2, (300, 3))
Y = X[:, 0] * X[:, 2]
QUICK: dict[str, Any] = {"iterations": 60, "learning_rate": 1e-2, "seeds": 3}


def same(first: nalm.arrays.ArrayFit, second: nalm.arrays.ArrayFit) -> bool:
    return all(np.array_equal(first.state[name], second.state[name]) for name in first.state | second.state)


def test_learns_a_product_exactly_on_rows_it_has_not_seen() -> None:
    best, *others = nalm.fit_arrays("nmu", X, Y, seeds=4, held_out=0.2, iterations=3000, learning_rate=1e-2)
    assert best.held_out_error < 1e-9
    assert all(fit.held_out_error >= best.held_out_error for fit in others)
    assert str(nalm.formula(best.network)) == "x1*x3"
    assert best.status == "finished"
    assert best.trained_by == "a kernel"
    assert best.steps[-1] == 3000
    assert not best.network.training
    # the rows that are watched are those held out, all 60 but the last 28
    assert best.held_out_errors[-1] == pytest.approx(best.held_out_error, abs=1e-8)


@pytest.mark.parametrize("batch_size", [32, None])
def test_a_run_alone_equals_itself_among_others_bit_for_bit(batch_size: int | None) -> None:
    many = nalm.fit_arrays(["nau", "snmu"], X, Y, batch_size=batch_size, **QUICK | {"seeds": 5})
    for fit in many[:2]:
        (alone,) = nalm.fit_arrays(["nau", "snmu"], X, Y, batch_size=batch_size, **QUICK | {"seeds": [fit.seed]})
        assert same(alone, fit)
        assert alone.training_error == fit.training_error
    assert not same(many[0], many[1])


@pytest.mark.heavy
def test_the_number_of_workers_changes_nothing() -> None:
    one, two = (nalm.fit_arrays("nmu", X, Y, workers=workers, **QUICK) for workers in (1, 2))
    assert all(same(*pair) for pair in zip(one, two, strict=True))


class Own(nn.Module):
    """A product of powers, which an ordinary loop trains the same."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.full((out_features, in_features), 0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.log() @ self.w.T).exp()


@pytest.mark.parametrize("targets", [Y, np.stack([Y, X[:, 1]], axis=1)])
def test_whole_batches_are_those_of_an_ordinary_loop(targets: np.ndarray) -> None:
    (fit,) = nalm.fit_arrays(Own, X, targets, batch_size=None, iterations=99, learning_rate=1e-2, seeds=1)
    y = torch.tensor(targets.reshape(len(X), -1), dtype=torch.float32)
    module = Own(3, y.shape[1])
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        (module(torch.tensor(X, dtype=torch.float32)) - y).square().mean().backward()
        optimizer.step()
    np.testing.assert_allclose(fit.state["w"], module.w.detach().numpy(), atol=2e-6)
    outputs = module(torch.tensor(X, dtype=torch.float32)).detach().double().numpy()
    assert fit.training_error == pytest.approx(np.square(outputs - y.double().numpy()).mean(), rel=1e-4)


def test_rows_come_in_turn_or_as_often_as_they_weigh() -> None:
    x = np.arange(10, dtype=np.float32)[:, None]
    none = np.empty((0, 1), dtype=np.float32)
    turns = ArrayTask(x, x, none, none).open_stream(0, "fast", 4)
    drawn = np.concatenate([turns.draw(steps).ravel() for steps in (2, 1, 2)])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    again = ArrayTask(x, x, none, none).open_stream(0, "fast", 4)
    assert np.array_equal(again.draw(5).ravel(), drawn)

    chance = np.array([0, 3, 1, 0, 0, 0, 0, 0, 0, 0.0])
    weighted = ArrayTask(x, x, none, none, chance).open_stream(0, "fast", 1000).draw(20)
    assert set(weighted.ravel()) == {1, 2}
    assert np.mean(weighted == 1) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("batch_size", [128, None])
def test_weights_count_in_training_and_in_errors(batch_size: int | None) -> None:
    y = np.where(np.arange(len(X)) % 2, Y, -5.0)
    weights = np.arange(len(X)) % 2
    best = nalm.fit_arrays(
        "nmu", X, y, row_weights=weights, batch_size=batch_size, seeds=2, iterations=3000, learning_rate=1e-2
    )[0]
    assert best.training_error < 1e-9
    assert best.trained_by == "a kernel"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("loss", "of_batch"),
    [
        ("mse", lambda y, t, w: (w * (y - t) ** 2).mean()),
        ("mape", lambda y, t, w: (w * ((t - y) / t).abs()).mean()),
        ("pcc", lambda y, t, w: 1 - torch.cov(torch.hstack([y, t]).T, aweights=w[:, 0])[0, 1]
         / torch.cov(torch.hstack([y, t]).T, aweights=w[:, 0]).diagonal().prod().sqrt()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("network", [Own, "nmu"])
def test_whole_batches_with_weights_are_those_of_an_ordinary_loop(network: Any, loss: str, of_batch: Any) -> None:
    weights = np.random.default_rng(3).exponential(size=len(X)) * (np.arange(len(X)) % 3 > 0)
    (fit,) = nalm.fit_arrays(
        network, X, Y + X[:, 1], batch_size=None, row_weights=weights, loss=loss, iterations=49, learning_rate=1e-2,
        seeds=1, initial={"w" if network is Own else "weights.W": np.full((1, 3), 0.4)},
    )  # fmt: skip
    module = Own(3, 1) if network is Own else nalm.NMU(3, 1)
    (parameter,) = module.parameters()
    parameter.data.fill_(0.4)
    x, y = (torch.tensor(values, dtype=torch.float32) for values in (X, (Y + X[:, 1])[:, None]))
    w = torch.tensor(weights / weights.mean(), dtype=torch.float32)[:, None]
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(50):
        optimizer.zero_grad()
        of_batch(module(x), y, w).backward()
        optimizer.step()
        if network == "nmu":
            module.project_()
    np.testing.assert_allclose(next(iter(fit.state.values())), parameter.detach().numpy(), atol=5e-6)


def test_whole_batches_of_equal_weights_are_those_without() -> None:
    options = QUICK | {"batch_size": None, "held_out": 0.2, "record": ["gradients"]}
    plain, weighted = (nalm.fit_arrays("nmu", X, Y, row_weights=weights, **options) for weights in (None, np.ones(300)))
    for one, other in zip(plain, weighted, strict=True):
        np.testing.assert_allclose(one.state["weights.W"], other.state["weights.W"], atol=1e-6)
        np.testing.assert_allclose(one.held_out_errors, other.held_out_errors, rtol=1e-4, atol=1e-9)
        np.testing.assert_allclose(one.training_errors, other.training_errors, rtol=1e-4, atol=1e-9)


def test_initial_values_are_given_or_drawn_from_another_range() -> None:
    begin = nalm.fit_arrays("nmu", X, Y, initial=lambda seed: {"weights.W": [[1, 0.1 * seed, 1]]}, **QUICK)
    assert begin[0].training_errors[0] < 1e-12
    assert begin[0].seed == 0
    x = np.random.default_rng(0).uniform(1, 2, (200, 100))
    near_zero = {"unit": "nmu", "arguments": {"initial": [0, 0.02]}}
    drawn = nalm.fit_arrays(near_zero, x, x[:, 3] * x[:, 17], **QUICK | {"iterations": 1})
    assert all(fit.state["weights.W"].max() < 0.1 for fit in drawn)
    assert all(np.isfinite(fit.training_error) for fit in drawn)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": X[:, 0]}, r"x: give \[rows, inputs\], got the shape \[300\]"),
        ({"y": Y[:-1]}, r"y: give \[rows\] or \[rows, outputs\] for the 300 rows of x, got the shape \[299\]"),
        ({"x": np.where(np.arange(900).reshape(300, 3) == 4, np.nan, X)}, r"x\[1, 1\]: nan is not finite in float32"),
        ({"y": Y * 1e300}, r"y\[0\]: .* is not finite in float32"),
        ({"x": [["a"]]}, "x: give numbers"),
        ({"held_out": 1.0}, "held_out: give a share from 0 to below 1"),
        ({"held_out": [300]}, "held_out: give a share, a mask of 300 rows or row numbers below 300"),
        ({"held_out": np.ones(300, dtype=bool)}, "held_out: no row is left"),
        ({"row_weights": [1, 2]}, "row_weights: give 300 numbers"),
        ({"learning_rat": 1}, r"settings: unknown key 'learning_rat' \(value 1\); did you mean 'learning_rate'"),
        ({"learning_rate": "fast"}, "settings: learning_rate: must be a number, got 'fast'"),
        ({"test_samples": 1}, "test_samples: follows from the other arguments"),
        ({"initial": {"w": 1}}, "initial: the network has no 'w'; it has weights.W"),
        ({"initial": {"weights.W": 1}}, r"initial: weights.W has the shape \[1, 3\], got \[\]"),
        ({"network": "nmuu"}, "unknown unit 'nmuu'"),
        ({"network": []}, "network: give at least one layer"),
        ({"network": [{"name": "nmu"}]}, "network: a layer is a name, a class or"),
        ({"seeds": 0}, "seeds: give at least 1, got 0"),
    ],
)
def test_what_cannot_be_is_one_sentence(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        nalm.fit_arrays(**{"network": "nmu", "x": X, "y": Y, **QUICK, **change})
