"""The rule against the original's own words: a list that grows by one entry a step."""

from __future__ import annotations

import numpy as np
import pytest

from nalm.runs.settings import TrainingSettings
from nalm.training.stacked.reinitialisation import Reinitialisation


def literal(errors: list[float], settings: TrainingSettings, steps: int) -> list[int]:
    """The steps at which one run is drawn anew, by the list itself."""
    stored: list[float] = []
    found = []
    for step in range(steps):
        stored.append(errors[step // settings.log_interval])
        if step == 0 or step % settings.reinitialise_interval or len(stored) <= settings.reinitialise_stored_losses:
            continue
        first, second = np.split(np.array(stored), [len(stored) // 2])
        if first.mean() <= second.mean() + second.std() and second.mean() > settings.reinitialise_threshold:
            found.append(step)
            stored = []
    return found


@pytest.mark.parametrize("seed", range(6))
def test_rule_equals_the_literal_list(seed: int) -> None:
    settings = TrainingSettings(log_interval=100, reinitialise=True, reinitialise_stored_losses=500)
    random = np.random.default_rng(seed)
    logs, runs = 40, 5
    errors = np.exp(random.normal(0.3, 1.0, (logs, runs)) - np.linspace(0, 2, logs)[:, None] * (seed % 3))
    errors[3, 0], errors[5, 1] = np.inf, np.nan
    rule = Reinitialisation(settings, runs)
    found: list[list[int]] = [[] for _ in range(runs)]
    for log in range(logs):
        rule.log(errors[log])
        for start in range(log * 100, (log + 1) * 100, 37):
            stop = min(start + 37, (log + 1) * 100)
            while (reset := rule.next(start, stop)) is not None:
                step, which = reset
                for run in np.flatnonzero(which):
                    found[run].append(step)
                start = step + 1
    with np.errstate(invalid="ignore"):
        expected = [literal(list(errors[:, run]), settings, logs * 100) for run in range(runs)]
    assert found == expected
    assert any(expected)


def test_first_steps_of_the_published_setting() -> None:
    """A run that never improves is drawn anew after steps 5000, 10010, 15020, … (spec of the original)."""
    settings = TrainingSettings(reinitialise=True)
    rule = Reinitialisation(settings, 1)
    found = []
    for log in range(16):
        rule.log(np.array([5.0]))
        start = log * 1000
        while (reset := rule.next(start, (log + 1) * 1000)) is not None:
            found.append(reset[0])
            start = reset[0] + 1
    assert found == [5000, 10010, 15020]
