"""A lowering that trains otherwise than an ordinary loop is found out, in whatever it differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from nalm.runs.settings import TrainingSettings
from nalm.training.lowerings import proof
from nalm.training.lowerings._base import Inputs, Program
from nalm.training.lowerings.ordinary import OrdinaryLoop
from nalm.training.lowerings.proof import Reference, Trajectory, disagreement, references
from nalm.training.lowerings.tensor import TensorProgram
from nalm.training.step import losses
from nalm.training.step.initial import RunRandom, initial_network
from nalm.training.step.objective import Objective
from nalm.training.step.step import Step
from support.runs import network

ROWS = (50, 40)
SETTINGS: dict[str, Any] = {"batch_size": 32, "validation_samples": 50, "test_samples": 40, "penalty": {"size": 0.3}}


def build(seed: int = 0) -> tuple[nn.Module, RunRandom]:
    return initial_network(network("support.modules:Versatile"), (2, 1), seed, "paper")


def step_of(**settings: Any) -> Step:
    module, streams = build()
    with streams.drawing():
        return Step(module, TrainingSettings(**{**SETTINGS, **settings}), 2, 1)


def compared(step: Step, wrong: Callable[[], Program]) -> str | None:
    found: list[Reference] = references(step, build, ROWS, "a unit")
    assert len(found) == 2
    return disagreement(wrong(), step, build, found)


OPTIMIZERS: list[dict[str, Any]] = [
    {},
    {"optimizer": "sgd", "learning_rate": 1e-2},
    {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 1e-2},
    {"clip_gradient_norm": 0.5},
]


@pytest.mark.parametrize("settings", OPTIMIZERS, ids=str)
def test_the_step_itself_agrees(settings: dict[str, Any]) -> None:
    step = step_of(**settings)
    assert compared(step, lambda: TensorProgram(step)) is None


class WrongGradients(Step):
    """A step whose gradients are changed."""

    change: Callable[[dict[str, Tensor]], dict[str, Tensor]]

    def _clipped(self, gradients: dict[str, Tensor]) -> dict[str, Tensor]:
        return super()._clipped(type(self).change(gradients))


class OppositeGradients(WrongGradients):
    change = staticmethod(lambda gradients: {name: -g for name, g in gradients.items()})


class ScaledLoss(WrongGradients):
    """The mean taken for a sum, say; Adam's steps stay the same."""

    change = staticmethod(lambda gradients: {name: 2 * g for name, g in gradients.items()})


class SlightlyScaledLoss(WrongGradients):
    change = staticmethod(lambda gradients: {name: 1.001 * g for name, g in gradients.items()})


class ForgottenParameter(WrongGradients):
    change = staticmethod(lambda gradients: {**gradients, "b": torch.zeros_like(gradients["b"])})


class StaleBuffer(Step):
    """Buffers stay as they are."""

    def train_tensors(self, state: Any, run: Tensor, schedule: Tensor, x: Tensor, t: Tensor, *noise: Tensor) -> Any:
        new = super().train_tensors(state, run, schedule, x, t, *noise)
        first, last = len(self.parameters), len(self.parameters) + len(self.buffers)
        return [*new[:first], *state[first:last], *new[last:]]


class TrainedInEvaluationMode(Step):
    def _terms(self, network: Any, x: Tensor, t: Tensor, coefficients: Any) -> Any:
        self.module.eval()
        return super()._terms(network, x, t, coefficients)


class EvaluatedInTrainingMode(Step):
    def error_tensors(self, state: Any, x: Tensor, t: Tensor) -> Tensor:
        self.module.train()
        held = {name: value.clone() for name, value in self.network(state).items()}
        noise = [torch.full_like(x, 0.5)]
        with self._training(noise):
            return losses.mse(functional_call(self.module, held, (x.clone(),)), t).reshape(1)


class ForgottenProjection(Step):
    def __init__(self, module: nn.Module, *args: Any, **kwargs: Any) -> None:
        super().__init__(module, *args, **kwargs)
        module.project_ = lambda: None  # type: ignore[assignment]


class ForgottenPenalty(Step):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        terms = self.objective.terms

        def forgotten(*given: Any) -> tuple[Tensor, Tensor]:
            criterion, penalty = terms(*given)
            return criterion, penalty.detach()

        self.objective.terms = forgotten  # type: ignore[method-assign]


class SwappedMoments(Step):
    """The second moment of a parameter is that of the other one."""

    def _optimised(self, *args: Any) -> Any:
        updated, slots = super()._optimised(*args)
        if len(slots) == 4:
            slots[2] = slots[2] * 0 + slots[3].mean()
        return updated, slots


STEPS = (
    *(OppositeGradients, ScaledLoss, SlightlyScaledLoss, ForgottenParameter, StaleBuffer, TrainedInEvaluationMode),
    *(EvaluatedInTrainingMode, ForgottenProjection, ForgottenPenalty),
)


@pytest.mark.parametrize("settings", OPTIMIZERS[:3], ids=str)
@pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.__name__)
def test_a_wrong_step_is_found_out(kind: type[Step], settings: dict[str, Any]) -> None:
    step = step_of(**settings)
    module, streams = build()
    with streams.drawing():
        wrong = kind(module, step.settings, 2, 1)
    said = compared(step, lambda: TensorProgram(wrong))
    assert said is not None
    assert "\n" not in said


def test_wrong_moments_are_found_out() -> None:
    step = step_of()
    wrong = SwappedMoments(build()[0], step.settings, 2, 1)
    assert "exp_avg_sq of w after step 0" in (compared(step, lambda: TensorProgram(wrong)) or "")


class Altered(TensorProgram):
    """A tensor program that reads something else in training than what it is given; losses are measured right."""

    def __init__(self, step: Step, altered: Callable[[Inputs], Inputs]) -> None:
        super().__init__(step)
        self._altered = altered

    def train(self, states: np.ndarray, inputs: Inputs, failed: np.ndarray) -> None:
        super().train(states, self._altered(inputs), failed)


def shifted(inputs: Inputs) -> Inputs:
    return replace(inputs, noise=[np.roll(values, 1, axis=1) for values in inputs.noise])


def weaker_schedule(inputs: Inputs) -> Inputs:
    """Step sizes and factors of penalties that are too small."""
    return replace(inputs, schedule=inputs.schedule * np.float32(0.7))


def swapped_inputs(inputs: Inputs) -> Inputs:
    return replace(inputs, data=[np.ascontiguousarray(np.asarray(block)[:, [1, 0, 2]]) for block in inputs.data])


@pytest.mark.parametrize("settings", OPTIMIZERS[:3], ids=str)
@pytest.mark.parametrize("altered", [shifted, weaker_schedule, swapped_inputs], ids=["noise", "schedule", "inputs"])
def test_a_program_that_reads_something_else_is_found_out(
    altered: Callable[[Inputs], Inputs], settings: dict[str, Any]
) -> None:
    step = step_of(**settings)
    assert compared(step, lambda: Altered(step, altered)) is not None


def test_a_loss_of_another_kind_is_found_out() -> None:
    step, wrong = step_of(), step_of()
    wrong.objective = Objective(TrainingSettings(**{**SETTINGS, "loss": "mape"}), wrong.found)
    assert "the loss of step 0" in (compared(step, lambda: TensorProgram(wrong)) or "")


def test_a_longer_trial_reads_the_evaluation_sets_no_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are thousands of samples, and what they cost is most of what a proof costs."""
    read: list[int] = []
    error = OrdinaryLoop.error
    monkeypatch.setattr(OrdinaryLoop, "error", lambda loop, x, t: (read.append(len(x)), error(loop, x, t))[1])
    for updates in (3, 8):
        read.clear()
        found = references(step_of(), build, ROWS, "a unit", updates)
        # both sets before the first and the last step, in four trainings of each of two trials
        assert sorted(read) == sorted([*ROWS] * 2 * 4 * 2)
        assert len([name for name in found[0].trajectory.values if name.startswith("the loss")]) == updates


def test_each_trial_is_of_another_run() -> None:
    """What a module keeps of a seed outside of its attributes would otherwise be taken for constant."""
    assert [reference.seed for reference in references(step_of(), build, ROWS, "a unit")] == [0, 1]


@pytest.mark.parametrize(("change", "steps"), [(0.0, 8), (1e-3, 8), (0.1, 5)])
def test_a_longer_trial_ends_where_rounding_errors_decide(change: float, steps: int) -> None:
    """What they move by a good part of itself would be no evidence, and nor would what follows."""
    trial = proof.trial_of(step_of(), (1.0, 2.0), ROWS, updates=8)
    exact, near = (
        Trajectory(
            {f"the loss of step {k}": np.array(2.0 + (more if k == 5 else 0)) for k in range(8)}, torch.zeros(())
        )
        for more in (0.0, change)
    )
    compared = proof._reference(0, trial, exact, [near]).trajectory.values
    assert [*compared] == [f"the loss of step {k}" for k in range(steps)]


def test_the_first_updates_are_always_compared() -> None:
    trial = proof.trial_of(step_of(), (1.0, 2.0), ROWS)
    exact, near = (Trajectory({"the loss of step 1": np.array(more)}, torch.zeros(())) for more in (1.0, 2.0))
    assert [*proof._reference(0, trial, exact, [near]).trajectory.values] == ["the loss of step 1"]
