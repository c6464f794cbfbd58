"""Whether the networks of a study can be built, and every penalty of theirs is weighed."""

from __future__ import annotations

from collections.abc import Iterable

from nalm.errors import InputError, StudyError, did_you_mean
from nalm.studies._expand import cells
from nalm.studies._keys import PENALTY
from nalm.studies._schema import Study


def check_networks(study: Study) -> None:
    """Build each network once, so that wrong arguments and penalties show before the first run.

    Raises:
        StudyError: units refuse their arguments; a penalty without a factor, or a factor of none; all problems at once.
    """
    wrong: dict[str, None] = {}
    built = set()
    penalties: dict[str, None] = {}
    factors: dict[str, None] = {}
    for cell in cells(study):
        key = cell.network_key
        if key in built:
            continue
        built.add(key)
        factors |= dict.fromkeys(cell.factors)
        try:
            penalties |= dict.fromkeys(cell.check_network(study.sources))
        except InputError as error:
            wrong[f"{study.name}: network {cell.label!r}: {error}"] = None
    if wrong:
        raise StudyError(wrong)
    idle = [name for name in factors if name not in penalties]
    if idle:
        raise StudyError(
            f"{study.name}: settings.{PENALTY}.{name}: {_no_such_penalty(name, penalties)}" for name in idle
        )


def _no_such_penalty(name: str, penalties: Iterable[str]) -> str:
    known = ", ".join(penalties) or "none"
    return f"no network trains with a penalty {name!r}{did_you_mean(name, penalties)} (penalties: {known})"
