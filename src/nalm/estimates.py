"""What a study will cost on this machine, from a short measured trial of each of its networks.

Trials are kept in the user's cache, so that `nalm list` tells times without measuring anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nalm import __version__, files
from nalm.runs import Run
from nalm.studies import Condition


def cost_key(item: Run | Condition) -> str:
    """Return what decides the cost of an update: equal layers, sizes, batch and kind of training cost the same."""
    settings = item.training
    if settings is None:
        # folds differ by a few samples
        task = item.task.model_dump(mode="json", exclude={"epochs"})
        network = item.network
        return _hash(task if network.is_plain else [task, network.model_dump(mode="json", exclude={"label"})])
    content = [
        [layer.model_dump(mode="json") for layer in item.network.layers],
        item.network.hidden_size,
        item.task.model_dump(mode="json", exclude={"interpolation_range", "extrapolation_range"}),
        [settings.batch_size, settings.streams, settings.constraints, settings.optimizer, settings.loss],
        [settings.l1, settings.log_interval, settings.validation_samples, settings.test_samples],
        *(["float64"] if settings.float64 else []),
    ]
    return _hash(content)


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Rates:
    """Seconds that one core takes for an iteration of one run, by `cost_key`, and the cores that share the work."""

    seconds: Mapping[str, float]
    cores: int

    def duration_s(self, item: Run | Condition, runs: int) -> float | None:
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Rates({}, 1)


def measure(runs: Sequence[Run], on_trial: Callable[[float], None] | None = None) -> Rates:
    """Return rates for all `runs`: those known, and a short trial of each network that is not.

    Args:
        runs: what is to be trained.
        on_trial: told now and then which share of the trials is done.
    """
    from nalm.training import by_trainer
    from nalm.training.executors import available_cores

    known = known_rates()
    measured: dict[str, float] = {}
    for trainer, own in by_trainer(runs).items():
        samples: dict[str, list[Run]] = {}
        for run in own:
            key = cost_key(run)
            if key not in known.seconds:
                samples.setdefault(key, []).append(run)
        if samples:
            measured |= trainer.seconds_per_update(samples, on_trial)
    rates = Rates({**known.seconds, **measured}, available_cores())
    if measured:
        _keep(rates)
    return rates


def _keep(rates: Rates) -> None:
    """Write the rates into the cache; where that is impossible, the next estimate measures again."""
    content = {"made_with": _made_with(), "cores": rates.cores, "seconds": dict(rates.seconds)}
    with suppress(OSError):
        files.write_output(_file(), json.dumps(content, indent=1).encode())


def _made_with() -> list[str]:
    return [__version__, platform.node(), platform.machine(), platform.python_version()]


def _file() -> Path:
    from platformdirs import user_cache_path

    given = os.environ.get("NALM_CACHE")
    return (Path(given) if given else user_cache_path("nalm")) / "rates.json"
