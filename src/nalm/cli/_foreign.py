"""Code that a study names: it is imported and run, so that who runs the study for the first time is told of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nalm import files
from nalm.studies import Study


def tell_of_code(study: Study, source: str, note: Callable[[str], None]) -> None:
    """Name the modules that a study imports, unless this user has been told of them before."""
    targets = dict.fromkeys(layer.unit for network in study.networks for layer in network.stack if ":" in layer.unit)
    if not targets:
        return
    place = os.path.realpath(source)
    told = _told()
    new = [target for target in targets if _key(place, target) not in told]
    if new:
        note(f"{source}: names code of its own, which is imported and run: {', '.join(new)}")
        content = json.dumps([*told, *(_key(place, target) for target in new)])
        with suppress(OSError):  # the user is told again
            files.write_output(_file(), content.encode())


def _key(place: str, target: str) -> str:
    return hashlib.sha256(f"{place}\0{target}".encode()).hexdigest()[:32]


def _told() -> list[str]:
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [key for key in content if isinstance(key, str)] if isinstance(content, list) else []


def _file() -> Path:
    from platformdirs import user_cache_path

    given = os.environ.get("NALM_CACHE")
    return (Path(given) if given else user_cache_path("nalm")) / "imported.json"
