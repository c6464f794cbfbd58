import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nalm.digits import SequentialDigits, StaticDigits
from nalm.training.step.schedules import ramp


def test_defaults_are_those_of_the_figures() -> None:
    isolated, colour = StaticDigits(), StaticDigits(picture="colour")
    assert (isolated.folds, isolated.samples_per_pair, isolated.batch_size) == (10, 1000, 128)
    assert (colour.folds, colour.samples_per_pair, colour.batch_size) == (3, 1100, 256)
    assert (isolated.validation_share, colour.validation_share) == (0, 0.15)
    assert isolated.sparsity_penalty == 100
    product, total = SequentialDigits(), SequentialDigits(operation="add")
    assert (product.digits, product.training_length, product.test_lengths) == ("123456789", 2, tuple(range(1, 21)))
    assert (total.digits, total.training_length) == ("0123456789", 10)
    assert total.test_lengths == (1, 10, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)


def test_ramps() -> None:
    assert ramp(StaticDigits(), np.array([0, 30, 31, 40, 99])).tolist() == [0, 0, 0.1, 1, 1]
    assert ramp(SequentialDigits(), np.array([55_000])) == 0.5


WRONG: list[tuple[type, dict[str, Any], str]] = [
    (StaticDigits, {"digits": "011"}, "digits '011': give different digits, such as '123456789'"),
    (StaticDigits, {"digits": "1a"}, "digits '1a': give different digits"),
    (StaticDigits, {"digits": ""}, "digits '': give different digits"),
    (StaticDigits, {"digits": "12"}, "digits '12' make 4 pairs, too few for 10 folds"),
    (StaticDigits, {"ramp_start": 40}, "ramp_end 40 must be greater than ramp_start 40"),
    (StaticDigits, {"colour": True}, "Extra inputs are not permitted"),
    (StaticDigits, {"picture": "color"}, "'colour'"),
    (StaticDigits, {"clip_gradient_value": 1e300}, "Input should be less than or equal to 1"),
    (SequentialDigits, {"initial_state": -1e300}, "Input should be greater than or equal to -1"),
    (SequentialDigits, {"test_lengths": [0, 1]}, "test_lengths [0, 1]: give different lengths of at least 1"),
    (SequentialDigits, {"cell": "solved", "outputs": 2}, "takes one label per image, but outputs is 2"),
]


@pytest.mark.parametrize(("cls", "settings", "message"), WRONG)
def test_refuses(cls: type, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        cls(**settings)
    assert message in str(raised.value)


@pytest.mark.parametrize("settings", [StaticDigits(picture="colour"), SequentialDigits(operation="add")])
def test_json_round_trip(settings: StaticDigits | SequentialDigits) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(StaticDigits | SequentialDigits)
    assert adapter.validate_json(settings.model_dump_json()) == settings
    assert hash(adapter.validate_python(settings.model_dump())) == hash(settings)


def test_settings_load_without_pytorch() -> None:
    code = "import sys, nalm.digits, nalm.tasks.images; print({'torch', 'scipy', 'sklearn'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
