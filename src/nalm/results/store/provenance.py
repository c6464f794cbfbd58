"""What decided the bits of each run besides its content: how it was trained, and what made the code.

    provenance/BATCH.json   one object per way, with the ids of its runs

It lies beside the records, so that equal results have equal bytes whatever made them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

import polars as pl

from nalm import files
from nalm.results.store.manifest import checksum
from nalm.runs.record import MadeBy

PROVENANCE = "provenance"


def write(folder: Path, made_by: Mapping[str, MadeBy]) -> dict[str, str]:
    """Keep what made some runs, by their ids; return the checksum of the file by its path in the folder, if any.

    Raises:
        OSError: it cannot be written.
    """
    if not made_by:
        return {}
    ways = [
        {**asdict(way), "runs": sorted(run for run, own in made_by.items() if own == way)}
        for way in dict.fromkeys(made_by.values())
    ]
    name = hashlib.sha256(" ".join(sorted(made_by)).encode()).hexdigest()[:16]
    content = f"{json.dumps(ways, indent=1, ensure_ascii=False)}\n".encode()
    (folder / PROVENANCE).mkdir(exist_ok=True)
    files.write_whole(folder / PROVENANCE / f"{name}.json", content)
    return {f"{PROVENANCE}/{name}.json": checksum(content)}


def read(folder: Path) -> dict[str, MadeBy]:
    """Return what made each run, by its id; runs of which nothing is kept, or a damaged file, are left out."""
    found: dict[str, MadeBy] = {}
    for path in sorted((folder / PROVENANCE).glob("[!.]*.json")):
        try:
            ways = json.loads(path.read_text(encoding="utf-8"))
            for way in ways:
                made = MadeBy(**{field.name: str(way[field.name]) for field in fields(MadeBy)})
                found |= dict.fromkeys(map(str, way["runs"]), made)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def mixtures(records: pl.DataFrame, made_by: Mapping[str, MadeBy]) -> list[str]:
    """Return a sentence for each network whose runs were made in more than one way.

    Args:
        records: the long table.
        made_by: as `read`.
    """
    said = []
    for (unit,), group in records.group_by("unit", maintain_order=True):
        runs = [run for run in group["run"].unique(maintain_order=True) if run in made_by]
        ways = dict.fromkeys(made_by[run] for run in runs)
        if len(ways) > 1:
            parts = (f"{sum(made_by[run] == way for run in runs)} {_shown(way, ways)}" for way in ways)
            said.append(
                f"runs of {unit} were made in {len(ways)} ways, so that numbers differ in their last digits "
                f"and verdicts may: {'; '.join(parts)}"
            )
    return said


def _shown(way: MadeBy, ways: Iterable[MadeBy]) -> str:
    """Return what a way is, of its flags only those that not all ways have."""
    others = [set(other.flags.split()) for other in ways if other.flags]
    common = set.intersection(*others) if others else set()
    own = " ".join(flag for flag in way.flags.split() if flag not in common)
    details = ", ".join(part for part in (way.compiler, own, way.instructions) if part)
    return f"by {way.lowering} ({details})"
