"""Factors of penalties as part of settings: each penalty of a network has one, or is refused by name."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from nalm import units
from nalm.errors import InputError
from nalm.runs import TrainingSettings
from nalm.tasks import SequentialDigits, StaticDigits
from nalm.tasks.penalties import UNIT_PENALTIES, PenaltySettings

SETTINGS = (TrainingSettings, StaticDigits, SequentialDigits)


@pytest.mark.parametrize("settings", SETTINGS)
def test_no_factor_leaves_the_content_as_it_was(settings: type[PenaltySettings]) -> None:
    assert "penalty" in settings.model_fields
    assert "penalty" not in settings().model_dump(mode="json")
    assert '"penalty"' not in settings().model_dump_json()


@pytest.mark.parametrize("settings", SETTINGS)
def test_factors_are_part_of_the_content(settings: type[PenaltySettings]) -> None:
    one, other = (settings(penalty={"ridge": factor, "lasso": 1.0}) for factor in (0.5, 0.25))
    assert one.model_dump(mode="json")["penalty"] == {"ridge": 0.5, "lasso": 1.0}
    assert one == settings(penalty={"lasso": 1.0, "ridge": 0.5})
    assert len({one, other, settings(), settings(penalty={"lasso": 1, "ridge": 0.5})}) == 3
    assert settings.model_validate_json(one.model_dump_json()) == one


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("factor", [-0.1, float("inf"), float("nan"), "much"])
def test_wrong_factors_are_refused(settings: type[PenaltySettings], factor: object) -> None:
    with pytest.raises(ValidationError, match=r"penalty\.ridge"):
        settings(penalty={"ridge": factor})


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_of_their_own_are_not_doubled(settings: type[PenaltySettings]) -> None:
    for name in settings.penalty_settings():
        with pytest.raises(ValidationError, match=f"the factor of '{name}' is the setting {name}_penalty"):
            settings(penalty={name: 1.0})
    with pytest.raises(ValidationError, match="'learning_rate' is the name of a setting; call the penalty otherwise"):
        settings(penalty={"learning_rate": 1.0})


def test_units_have_the_penalties_that_are_listed() -> None:
    found = set()
    for info in units.UNITS:
        size = (2, 2) if info.name == "nnu" else (2, 1)
        unit = units.create(info.name, *size)
        unit(torch.ones(4, 2))
        found |= set(units.penalties(unit))
    assert found <= set(UNIT_PENALTIES)
    assert set(TrainingSettings.penalty_settings()) <= set(UNIT_PENALTIES)


def test_a_unit_of_nalm_may_have_a_penalty_that_nothing_weighs() -> None:
    TrainingSettings().refuse_unweighted(["copies"], [], own=False)
    with pytest.raises(InputError, match=r"^penalty 'copies' has no factor"):
        TrainingSettings().refuse_unweighted(["copies"], [], own=True)


def test_refusal_names_the_penalty_and_what_is_known() -> None:
    known = TrainingSettings.penalty_settings()
    with pytest.raises(InputError) as caught:
        TrainingSettings().refuse_unweighted(["sparsity", "sparcity"], known, own=True)
    assert str(caught.value) == (
        "penalty 'sparcity' has no factor; did you mean 'sparsity'? (set penalty.sparcity = 0.1, or = 0 to leave it "
        "out; known: sparsity, bounds, input, gate, npu_weight, npu_gate, inalu)"
    )
    with pytest.raises(InputError, match=r"^penalty 'l1' has the name of a setting; call it otherwise$"):
        TrainingSettings().refuse_unweighted(["l1"], known, own=True)
