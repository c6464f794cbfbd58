"""What was handed to queues, kept in the results folder: `jobs/QUEUE-NUMBER.json` for each array, beside its script."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nalm.errors import StoreError

FOLDER = "jobs"


class Selection(BaseModel):
    """Which runs of a study were chosen, as on the command line.

    Attributes:
        seeds: `"A:B"`, or those of the study.
        only: alternatives by key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: str | None = None
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Submission(BaseModel):
    """An array that a queue has taken.

    Attributes:
        queue: `slurm` or `lsf`.
        job: the queue's number of the array.
        selection: the runs that were split.
        parts: number of parts.
        elements: the parts that were asked for.
        minutes: length of a part, where the number of parts followed from it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: str
    job: str
    selection: Selection
    parts: int
    elements: tuple[int, ...]
    minutes: float | None = None

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.queue}-{self.job}.json"


def submissions(folder: Path) -> list[Submission]:
    """Return the arrays that were submitted for a results folder, the last one first.

    Raises:
        StoreError: a file cannot be read.
    """
    found = []
    for path in (folder / FOLDER).glob("*-*.json"):
        try:
            found.append((path.stat().st_mtime_ns, Submission.model_validate_json(path.read_bytes())))
        except (OSError, ValidationError) as error:
            cause = error.strerror if isinstance(error, OSError) else "damaged"
            raise StoreError(f"{path}: {cause}; delete it once its job has ended") from None
    return [submission for _, submission in sorted(found, key=lambda pair: (-pair[0], pair[1].file))]
