"""What a study will cost on this machine, from a short measured trial of each of its networks.

Trials are kept in the user's cache, so that `nalm list` tells times without measuring anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nalm import __version__
from nalm.runs import AnyRun, DigitRun, Run
from nalm.runs.network import NetworkSettings
from nalm.runs.settings import TrainingSettings
from nalm.studies import DigitCell
from nalm.tasks import Task

if TYPE_CHECKING:
    from nalm.training import TrainedRuns

# a trial trains so many runs of a network: a few iterations for a rough idea, then for about this long; of several
# such trials the fastest counts, as other work on the machine can only slow them down
_TRIAL_RUNS = 9
_FIRST_ITERATIONS = 200
_TRIAL_S = 0.2
_LEAST_ITERATIONS, _MOST_ITERATIONS = 1000, 20_000
_REPEATS = 3


class Trained(Protocol):
    """A run, or a cell of a study."""

    @property
    def task(self) -> Task:
        """What is learned."""

    @property
    def network(self) -> NetworkSettings:
        """By whom."""

    @property
    def training(self) -> TrainingSettings:
        """How."""

    @property
    def updates(self) -> int:
        """How often."""


def cost_key(item: Trained | DigitRun | DigitCell) -> str:
    """Runs with equal keys cost the same per iteration: equal layers, sizes, batch and kind of training."""
    if isinstance(item, DigitRun | DigitCell):
        # folds differ by a few samples
        return _hash(item.task.model_dump(mode="json", exclude={"epochs"}))
    settings = item.training
    content = [
        [layer.model_dump(mode="json") for layer in item.network.layers],
        item.network.hidden_size,
        item.task.model_dump(mode="json", exclude={"interpolation_range", "extrapolation_range"}),
        [settings.batch_size, settings.streams, settings.constraints, settings.optimizer, settings.loss],
        [settings.l1, settings.log_interval, settings.validation_samples, settings.test_samples],
    ]
    return _hash(content)


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Rates:
    """Seconds that one core takes for an iteration of one run, by `cost_key`, and the cores that share the work."""

    seconds: Mapping[str, float]
    cores: int

    def duration_s(self, item: Trained | DigitRun | DigitCell, runs: int) -> float | None:
        """Return what one run of `item` adds to the wall time of `runs` alike; None if it was not measured.

        No run is shared by two cores, so that two runs take as long as one, and five on four cores as long as two.
        """
        rate = self.seconds.get(cost_key(item))
        if rate is None:
            return None
        rounds = -(-runs // self.cores)
        return rate * item.updates * rounds / runs

    def limited_to(self, workers: int | None) -> Rates:
        """Return the same for so many processes at most."""
        return self if workers is None else replace(self, cores=min(workers, self.cores))


def known_rates() -> Rates:
    """Return what was measured on this machine with this version of nalm."""
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
        if content["made_with"] != _made_with():
            return Rates({}, 1)
        return Rates({str(key): float(rate) for key, rate in content["seconds"].items()}, int(content["cores"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Rates({}, 1)


def measure(runs: Sequence[AnyRun]) -> Rates:
    """Return rates for all `runs`: those known, and a short trial of each network that is not.

    A trial takes about half a second of a core, and the time to compile the network if it is new.
    """
    from nalm.training.executors import available_cores

    known = known_rates()
    samples: dict[str, list[Run]] = {}
    digits: dict[str, DigitRun] = {}
    for run in runs:
        key = cost_key(run)
        if isinstance(run, DigitRun):
            if key not in known.seconds:
                digits.setdefault(key, run)
        elif key not in known.seconds and len(samples.setdefault(key, [])) < _TRIAL_RUNS:
            samples[key].append(run)
    if not (samples or digits):
        return Rates(known.seconds, available_cores())
    measured = _trials(samples) if samples else {}
    measured |= {key: _digit_seconds(run) for key, run in digits.items()}
    rates = Rates({**known.seconds, **measured}, available_cores())
    _keep(rates)
    return rates


def _trials(samples: Mapping[str, Sequence[Run]]) -> dict[str, float]:
    """Seconds per iteration of one run of each network."""
    short_s = _fastest(samples, dict.fromkeys(samples, _FIRST_ITERATIONS))
    long = {key: _length(short_s[key] / _FIRST_ITERATIONS) for key in samples}
    long_s = _fastest(samples, long)
    measured = {}
    for key, sample in samples.items():
        # the difference leaves out what a batch costs once; noise must not make it negative
        seconds = max(long_s[key] - short_s[key], 0.1 * long_s[key])
        measured[key] = seconds / (len(sample) * (long[key] - _FIRST_ITERATIONS))
    return measured


def _digit_seconds(run: DigitRun) -> float:
    from nalm.digits import seconds_per_update

    return seconds_per_update(run.task, run.seed)


def _length(seconds_per_iteration: float) -> int:
    return int(min(max(_TRIAL_S / seconds_per_iteration, _LEAST_ITERATIONS), _MOST_ITERATIONS))


def _fastest(samples: Mapping[str, Sequence[Run]], iterations: Mapping[str, int]) -> dict[str, float]:
    """Train the samples of each network several times; return the shortest wall time of each in seconds."""
    from nalm.training import train

    trials: dict[int, str] = {}
    runs: list[Run] = []
    for key in [*samples] * _REPEATS:
        length = iterations[key]
        while length in trials:
            length += 1  # runs that differ in length are never in one batch, so each trial is one
        trials[length] = key
        for run in samples[key]:
            settings = run.training.model_copy(update={"iterations": length})
            runs.append(run.model_copy(update={"training": settings}))
    results: list[TrainedRuns] = []
    train(runs, results.append)
    seconds: dict[str, float] = {}
    for result in results:
        key = trials[result.runs[0].updates - 1]
        seconds[key] = min(seconds.get(key, result.seconds), result.seconds)
    return seconds


def _keep(rates: Rates) -> None:
    """Write the rates into the cache; where that is impossible, the next estimate measures again."""
    content = {"made_with": _made_with(), "cores": rates.cores, "seconds": dict(rates.seconds)}
    path = _file()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _made_with() -> list[str]:
    return [__version__, platform.node(), platform.machine(), platform.python_version()]


def _file() -> Path:
    from platformdirs import user_cache_path

    given = os.environ.get("NALM_CACHE")
    return (Path(given) if given else user_cache_path("nalm")) / "rates.json"
