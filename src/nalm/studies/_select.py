"""Which runs of a study are meant: seeds, and filters by unit, range or swept key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nalm.errors import InputError, did_you_mean
from nalm.runs import Run
from nalm.studies._seeds import parse_seeds, seeds_text
from nalm.tasks import Range

_RANGES = ("interpolation_range", "extrapolation_range")
_KEYS = ("unit", "operation", *_RANGES, "seed")


def choose_seeds(value: Any) -> tuple[int, ...]:
    """Read seeds as `parse_seeds` does.

    Raises:
        InputError: they are wrong.
    """
    try:
        return parse_seeds(value)
    except ValueError as error:
        raise InputError(f"seeds: {error}") from None


def select(runs: Sequence[Run], only: Mapping[str, Any]) -> list[Run]:
    """Return the runs that match, in their order.

    Args:
        runs: of one study.
        only: value, or list of alternatives, by key: `unit`, `operation`, `interpolation_range`,
            `extrapolation_range`, `seed`, or a key that the study sweeps. All keys must match.

    Raises:
        InputError: an unknown key, a value that no run has, or a combination that no run has.
    """
    chosen = list(runs)
    for key, wanted in only.items():
        known = _known_keys(runs)
        if key not in known:
            hint = did_you_mean(key, known)
            raise InputError(f"only {key}: unknown key {key!r}{hint}; keys are {', '.join(known)}")
        accepted = set().union(*(_matching(key, value, runs) for value in _alternatives(key, wanted)))
        chosen = [run for run in chosen if _text(_value(run, key)) in accepted]
    if runs and not chosen:
        wanted = " and ".join(f"{key}={_shown(value)}" for key, value in only.items())
        raise InputError(f"only: no run has {wanted} together")
    return chosen


def select_texts(rows: Sequence[Mapping[str, Any]], only: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """Return the ids of the runs of a table that match, in their order.

    Args:
        rows: the labels of finished runs, one row each, with the id as `run`.
        only: as of `select`.
        keys: the columns that may be asked for.

    Raises:
        InputError: as `select`.
    """
    chosen = list(rows)
    for key, wanted in only.items():
        if key not in keys:
            raise InputError(f"only {key}: unknown key {key!r}{did_you_mean(key, keys)}; keys are {', '.join(keys)}")
        possible = list(dict.fromkeys(_text(row[key]) for row in rows))
        accepted = set().union(*(_meant(key, value, possible) for value in _alternatives(key, wanted)))
        chosen = [row for row in chosen if _text(row[key]) in accepted]
    if not chosen:
        wanted = " and ".join(f"{key}={_shown(value)}" for key, value in only.items())
        raise InputError(f"only: no run has {wanted} together")
    return [str(row["run"]) for row in chosen]


def _known_keys(runs: Iterable[Run]) -> list[str]:
    return list(dict.fromkeys([*_KEYS, *(key for run in runs for key in run.parameters)]))


def _alternatives(key: str, wanted: Any) -> list[Any]:
    """Return a list holds alternatives, except for one that is itself a range."""
    if isinstance(wanted, (list, tuple, set, range)) and not (key in _RANGES and _is_range(wanted)):
        return list(wanted)
    return [wanted]


def _is_range(value: Any) -> bool:
    try:
        Range(value)
    except (ValueError, TypeError):
        return False
    return True


def _matching(key: str, value: Any, runs: Sequence[Run]) -> set[str]:
    """Texts of the values that `value` means.

    Raises:
        InputError: no run has one.
    """
    return _meant(key, value, list(dict.fromkeys(_text(_value(run, key)) for run in runs)))


def _meant(key: str, value: Any, possible: Sequence[str]) -> set[str]:
    for text in _readings(key, value):
        if text in possible:
            return {text}
    listed = str(seeds_text(sorted(int(seed) for seed in possible))) if key == "seed" else ", ".join(possible)
    hint = "" if key == "seed" else did_you_mean(str(value), possible)
    raise InputError(f"only {key}={_shown(value)}: no run has it{hint}; {key} is one of {listed}")


def _readings(key: str, value: Any) -> list[str]:
    readings = [_text(value)]
    if key in _RANGES and _is_range(value):
        readings.append(str(Range(value)))
    elif isinstance(value, str):
        if key in _RANGES:
            try:
                readings.append(str(Range.parse(value)))
            except InputError as error:
                raise InputError(f"only {key}={value}: {error}") from None
        elif key == "unit":
            readings += _unit_names(value)
        else:
            readings += _number(value)
    return readings


def _unit_names(spelling: str) -> list[str]:
    from nalm.units import resolve

    try:
        return [resolve(spelling).name]
    except InputError:
        return []


def _number(text: str) -> list[str]:
    try:
        return [_text(float(text))]
    except ValueError:
        return []


def _value(run: Run, key: str) -> Any:
    if key == "unit":
        return run.label
    if key == "seed":
        return run.seed
    if key in _KEYS:
        return getattr(run.task, key)
    return run.parameters.get(key)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _shown(value: Any) -> str:
    return ", ".join(map(_text, value)) if isinstance(value, (list, tuple, set, range)) else _text(value)
