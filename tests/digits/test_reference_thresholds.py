import numpy as np
import pytest

from nalm.digits import EpochRecord, SequentialDigits, accumulator_thresholds, solved_references
from nalm.digits._thresholds import best_record, upper_limit
from nalm.errors import InputError

LENGTHS = (1, 2)
SETTINGS = SequentialDigits(cell="solved", test_lengths=LENGTHS)
RELEASED = SequentialDigits(cell="solved", test_lengths=LENGTHS, constraints="released")


def record(epoch: int, validation: float, *test: float) -> EpochRecord:
    named = {f"test_{length}_error": error for length, error in zip(LENGTHS, test, strict=False)}
    return EpochRecord(epoch, 388 * epoch, {"validation_error": validation, **named})


RUNS = {
    seed: [record(0, 500, 30, 500), record(5, 61 if seed in (1, 3, 8) else 10, seed, 2 * seed)] for seed in range(10)
}


def test_best_record_is_the_first_smallest() -> None:
    records = [record(0, np.nan), record(5, 3), record(10, 2), record(15, 2)]
    assert best_record(records).epoch == 10
    assert best_record([record(0, np.nan), record(5, np.nan)]).epoch == 5
    with pytest.raises(InputError, match="without records"):
        best_record([])


def test_references_of_the_wrong_sign_are_left_out() -> None:
    assert solved_references(SETTINGS, RUNS) == [0, 2, 4, 5, 6, 7, 9]
    assert solved_references(RELEASED, {0: RUNS[0], 1: RUNS[1], 2: RUNS[2]}) == [0, 2]
    assert solved_references(SequentialDigits(operation="add", cell="solved"), RUNS) == list(range(10))


def test_small_digits_do_not_hide_a_wrong_sign() -> None:
    settings = SequentialDigits(cell="solved", digits="123", test_lengths=LENGTHS)
    # labels of the wrong sign have an error of twice the mean square of the digits
    wrong = 2 * (1 + 4 + 9) / 3
    runs = {0: [record(0, 1.0, 1.0, 1.0)], 1: [record(0, wrong, 18.0, 1.0)], 2: [record(0, 2.0, 1.0, 1.0)]}
    assert solved_references(settings, runs) == [0, 2]


def test_thresholds() -> None:
    errors = np.array([0, 2, 4, 5, 6, 7, 9.0])
    mean, standard_error = errors.mean(), errors.std(ddof=1) / np.sqrt(7)
    found = accumulator_thresholds(SETTINGS, RUNS)
    assert found[1] == pytest.approx(mean + 3.142668 * standard_error, rel=1e-6)
    assert found[2] == pytest.approx(2 * found[1])
    released = accumulator_thresholds(RELEASED, RUNS)
    assert released[1] == pytest.approx(mean + 2.896459 * standard_error, rel=1e-6)


def test_upper_limit_of_equal_errors() -> None:
    assert upper_limit(np.array([3.0, 3.0, 3.0]), 2) == 3.0


def test_too_few_references() -> None:
    with pytest.raises(InputError, match="1 of 2 reference runs learned the digits; a threshold takes 2"):
        accumulator_thresholds(SETTINGS, {0: RUNS[0], 1: RUNS[1]})
