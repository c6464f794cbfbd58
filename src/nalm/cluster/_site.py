"""What a job script says about the site it runs on: a TOML file that its user keeps."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from nalm.errors import InputError
from nalm.studies._problems import problems


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("give one line of text")
    return text


def _bash(text: str) -> str:
    if "\0" in text:
        raise ValueError("give lines of bash")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Bash = Annotated[str, AfterValidator(_bash)]


class Site(BaseModel):
    """What every queue knows.

    Attributes:
        account: Who is charged.
        time_minutes: Time limit of a part; by default the queue's.
        memory_gb: Memory of a part; by default the queue's.
        cpus: Cores, and worker processes, of a part.
        gpus: GPUs of a part.
        most_parts: Longest job array that the site accepts.
        at_once: Parts that may run at the same time; by default as many as the queue allows.
        modules: Loaded with `module load`.
        setup: Lines of bash that come before nalm.
        options: Further options, as the queue's own command takes them.
        command: Line of bash that starts nalm on a node; by default the nalm that submits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    account: Line | None = None
    time_minutes: int | None = Field(default=None, ge=1, le=525_600)
    memory_gb: float | None = Field(default=None, gt=0, le=100_000)
    cpus: int = Field(default=1, ge=1, le=100_000)
    gpus: int = Field(default=0, ge=0, le=1000)
    most_parts: int = Field(default=1000, ge=1, le=10_000_000)
    at_once: int | None = Field(default=None, ge=1, le=10_000_000)
    modules: tuple[Line, ...] = Field(default=(), strict=False)
    setup: tuple[Bash, ...] = Field(default=(), strict=False)
    options: tuple[Line, ...] = Field(default=(), strict=False)
    command: Line | None = None

    @property
    def memory_mb(self) -> int | None:
        """Memory of a part in whole units of 2**20 bytes."""
        return None if self.memory_gb is None else max(1, round(self.memory_gb * 1024))


class SlurmSite(Site):
    """A site with SLURM."""

    partition: Line | None = None
    qos: Line | None = None


class LsfSite(Site):
    """A site with LSF."""

    queue: Line | None = None


AnySite = TypeVar("AnySite", bound=Site)


def read_site(path: Path, model: type[AnySite]) -> AnySite:
    """Read a site file.

    Raises:
        InputError: it cannot be read, or keys and values are wrong; all problems at once.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: not valid TOML: nested too deeply") from None
    # what the queue calls its own comes first
    known = (*model.__annotations__, *Site.model_fields)
    elsewhere = {**SlurmSite.model_fields, **LsfSite.model_fields}
    foreign = [key for key in table if key in elsewhere and key not in known]
    wrong = [f"{key}: belongs to the other queue; keys here are {', '.join(known)}" for key in foreign]
    try:
        site = model.model_validate({key: value for key, value in table.items() if key not in foreign})
    except ValidationError as error:
        wrong += problems(error, known)
    if wrong:
        raise InputError("\n".join(f"{path}: {line}" for line in wrong))
    return site
