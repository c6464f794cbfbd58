"""Which runs of a study are meant: seeds, and filters by unit, range or swept key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from nalm.errors import InputError, did_you_mean
from nalm.runs import Run
from nalm.studies._seeds import parse_seeds, seeds_text
from nalm.tasks import Range

Item = TypeVar("Item")

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
    keys = list(dict.fromkeys([*_KEYS, *(key for run in runs for key in run.parameters)]))
    return matching(runs, only, keys, _value)


def matching(
    items: Sequence[Item], only: Mapping[str, Any], keys: Sequence[str], value_of: Callable[[Item, str], Any]
) -> list[Item]:
    """Return the items that match, in their order; see `select`.

    Args:
        items: runs, or rows of a table with a run each.
        only: as of `select`.
        keys: that an item has.
        value_of: gives the value of an item at a key.

    Raises:
        InputError: as `select`.
    """
    chosen = list(items)
    for key, wanted in only.items():
        if key not in keys:
            hint = did_you_mean(key, keys)
            raise InputError(f"only {key}: unknown key {key!r}{hint}; keys are {', '.join(keys)}")
        possible = list(dict.fromkeys(_text(value_of(item, key)) for item in items))
        accepted = set().union(*(_meant(key, value, possible) for value in _alternatives(key, wanted)))
        chosen = [item for item in chosen if _text(value_of(item, key)) in accepted]
    if items and not chosen:
        wanted = " and ".join(f"{key}={_shown(value)}" for key, value in only.items())
        raise InputError(f"only: no run has {wanted} together")
    return chosen


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


def _meant(key: str, value: Any, possible: Sequence[str]) -> set[str]:
    """Texts of the values that `value` means, out of those that there are.

    Raises:
        InputError: there is none.
    """
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
