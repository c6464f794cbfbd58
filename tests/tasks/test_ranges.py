import pickle

import pytest
from pydantic import BaseModel, ValidationError

from nalm.errors import InputError
from nalm.tasks import Range

FORMS = [
    ([-2, -1], "[-2,-1]", "U[-2,-1)"),
    ([1.1, 1.2], "[1.1,1.2]", "U[1.1,1.2)"),
    ((-0.0, 1), "[0,1]", "U[0,1)"),
    ([[-6, -2], [2, 6]], "[[-6,-2],[2,6]]", "U[-6,-2) & U[2,6)"),
    ([1e-05, 1e20], "[1e-05,1e+20]", "U[1e-05,1e+20)"),
]


@pytest.mark.parametrize(("bounds", "text", "label"), FORMS)
def test_text_and_label(bounds: list[float], text: str, label: str) -> None:
    range_ = Range(bounds)
    assert (str(range_), range_.label) == (text, label)
    assert Range.parse(text) == range_ == pickle.loads(pickle.dumps(range_))
    assert hash(Range.parse(text)) == hash(range_)


def test_spaces_are_allowed() -> None:
    assert str(Range.parse(" [ -2, 2.0 ]")) == "[-2,2]"


WRONG = [
    ([2, 1], "range [2, 1]: lower bound 2 must be less than upper bound 1"),
    ([1, 1], "range [1, 1]: lower bound 1 must be less than upper bound 1"),
    ([[-6, -2], [6, 2]], "range [6, 2]: lower bound 6 must be less than upper bound 2"),
    ([[-6, -2], [2, 7]], "range [[-6, -2], [2, 7]]: the two intervals must have equal widths, not 4 and 5"),
    ([1, 2, 3], "range [1, 2, 3]: give [lower,upper], such as [-2,2], or a pair, such as [[-6,-2],[2,6]]"),
    (["1", "2"], "range ['1', '2']: give [lower,upper]"),
    ([1, float("nan")], "range [1, nan]: give [lower,upper]"),
    ([True, 2], "range [True, 2]: give [lower,upper]"),
    (5, "range 5: give [lower,upper]"),
    ("1..2", "range 1..2: give [lower,upper]"),
]


class _Model(BaseModel):
    range: Range


@pytest.mark.parametrize(("bounds", "message"), WRONG)
def test_refuses(bounds: object, message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        _Model.model_validate({"range": bounds})
    assert message in str(raised.value)


def test_parse_raises_an_error_for_the_user() -> None:
    with pytest.raises(InputError, match="lower bound 2 must be less than upper bound 1"):
        Range.parse("[2,1]")


def test_model_round_trip() -> None:
    model = _Model(range=Range([[-6, -2], [2, 6]]))
    assert model.model_dump_json() == '{"range":"[[-6,-2],[2,6]]"}'
    assert _Model.model_validate_json(model.model_dump_json()) == model
