"""Weight rules: sampling, annealing, rotation, replaced gradients, learning from the loss."""

from __future__ import annotations

import math

import pytest
import torch

from nalm import units
from nalm.errors import InputError
from nalm.units._rules.choices import BanditWeights, CategoricalWeights, GumbelSigmoidWeights, Temperature
from nalm.units._rules.weights import RotatingWeights


def test_temperature_falls_to_one_half() -> None:
    temperature = Temperature(None, None)
    for step in range(1, 1001):
        temperature.anneal_()
        if step in (1, 1000):
            assert temperature.value.item() == pytest.approx(math.exp(-1e-5 * step), rel=1e-6)
    temperature.steps.fill_(70_000)
    assert temperature.value == 0.5
    temperature.reset()
    assert temperature.value == 1


@pytest.mark.parametrize("name", ["gumbel_nac", "gumbel_nmu"])
def test_project_lowers_the_temperature(name: str) -> None:
    unit = units.create(name, 2, 1)
    unit.project_()
    assert unit.weights.temperature.value < 1


def test_hard_softmax_samples_the_targets_with_their_probabilities() -> None:
    rule = CategoricalWeights(1, 20000, "hard_softmax")
    with torch.no_grad():
        rule.logits.copy_(torch.tensor([0.8, -0.6]).expand_as(rule.logits))
    torch.manual_seed(0)
    drawn = rule()
    assert set(drawn.flatten().tolist()) == {1.0, 0.0, -1.0}
    expected = torch.softmax(torch.tensor([0.8, -0.6, 0.0]), -1)
    for value, probability in zip((1.0, -1.0, 0.0), expected.tolist(), strict=True):
        assert (drawn == value).double().mean().item() == pytest.approx(probability, abs=0.01)
    assert (rule.eval()() == 1).all()


def test_hard_softmax_has_the_gradient_of_the_soft_weights() -> None:
    hard, soft = CategoricalWeights(2, 3, "hard_softmax"), CategoricalWeights(2, 3, "softmax")
    hard.reset_parameters(torch.Generator().manual_seed(0))
    soft.load_state_dict(hard.state_dict())
    for rule in (hard, soft):
        rule().square().sum().detach()
        (rule() * torch.arange(6.0).reshape(2, 3)).sum().backward()
    torch.testing.assert_close(hard.logits.grad, soft.logits.grad)


def test_gumbel_choice_is_random_in_training_only() -> None:
    rule = CategoricalWeights(2, 3, "gumbel")
    rule.reset_parameters()
    assert not torch.equal(rule(), rule())
    assert (rule.eval()() == 0).all()


def test_gumbel_sigmoid_is_random_in_training_only() -> None:
    rule = GumbelSigmoidWeights(2, 3)
    rule.reset_parameters()
    assert not torch.equal(rule(), rule())
    assert (rule.eval()() == 0.5).all()


def test_one_sample_serves_both_paths_of_a_nalu() -> None:
    unit = units.create("hard_softmax_nalu", 1, 1)
    with torch.no_grad():
        unit.opening.G.zero_()
    x = torch.full((1, 1), 3.0)
    sums = {round(unit(x).item(), 4) for _ in range(50)}
    assert sums == {round((w * 3 + 3.0**w) / 2, 4) for w in (-1, 0, 1)}


def test_bandit_learns_the_arm_of_low_loss() -> None:
    rule = BanditWeights(1, 1)
    rule.learning_rate = 0.5
    torch.manual_seed(0)
    for _ in range(200):
        rule.learn_((rule() - (-1)).square().squeeze())
    assert rule.eval()() == -1


def test_bandit_update_is_the_published_one() -> None:
    rule = BanditWeights(1, 2)
    torch.manual_seed(0)
    arms = []
    for _ in range(2):
        weights = rule()
        arms.append(torch.stack([weights == 1, weights == -1, weights == 0], -1).float())
        before = rule.logits.clone()
        rule.learn_(torch.tensor(3.0 if len(arms) == 1 else 1.0))
    average = (0.9 * 0.1 * 3 + 0.1 * 1) / (1 - 0.9**2)
    expected = before + 1e-3 * (average - 1) * (arms[1] - torch.softmax(before, -1))
    torch.testing.assert_close(rule.logits, expected)
    assert before.abs().max() < 1e-8  # the first loss is its own mean


def test_bandit_learns_once_per_sample() -> None:
    rule = BanditWeights(1, 1)
    rule()
    rule.learn_(torch.tensor(1.0))
    count = rule.decayed.clone()
    rule.learn_(torch.tensor(1.0))
    assert torch.equal(rule.decayed, count)


def test_bandits_are_reached_through_a_network() -> None:
    network = torch.nn.Sequential(units.create("bandit_nac", 2, 2), units.create("bandit_nalu", 2, 1))
    network(torch.rand(4, 2))
    units.learn_(network, torch.tensor(1.0))
    assert network[0].weights.decayed == pytest.approx(0.9)
    assert network[1].weights.decayed == pytest.approx(0.9)


def test_copies_are_used_in_turn() -> None:
    rule = RotatingWeights(1, 2, 3, bounds="project", penalty_shape="linear")
    with torch.no_grad():
        rule.W.copy_(torch.tensor([[[2.0, 0.1]], [[3.0, 0.2]], [[4.0, 0.3]]]))
    used = []
    for _ in range(4):
        used.append(rule.penalised()[0].tolist())
        assert (rule() <= 1).all()
        rule.project_()
    assert used == [
        pytest.approx([2.0, 0.1]),
        pytest.approx([3.0, 0.2]),
        pytest.approx([4.0, 0.3]),
        pytest.approx([1.0, 0.1]),
    ]


@pytest.mark.parametrize(
    ("name", "to_w", "to_m"),
    [
        ("nac", lambda t, s: (1 - t * t) * s, lambda t, s: t * s * (1 - s)),
        ("sign_nac", lambda t, s: (1 - t * t) * s, lambda t, s: 0.1 * t.sign() * s * (1 - s)),
        ("independent_nac", lambda t, s: 1 - t * t, lambda t, s: s * (1 - s)),
    ],
)
def test_gradients_of_the_nac(name: str, to_w: object, to_m: object) -> None:
    unit = units.create(name, 3, 2)
    weights = unit.weights
    unit.weight.sum().backward()
    t, s = torch.tanh(weights.W_hat.detach()), torch.sigmoid(weights.M_hat.detach())
    torch.testing.assert_close(weights.W_hat.grad, to_w(t, s))
    torch.testing.assert_close(weights.M_hat.grad, to_m(t, s))


def test_number_of_copies_is_checked() -> None:
    with pytest.raises(InputError, match="copies must be a positive integer, got 0"):
        units.MultiWeightNAU(2, 1, copies=0)
