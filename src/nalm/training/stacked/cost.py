"""What an update of a run costs, from short trials of its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nalm.runs import Run
from nalm.runs.record import TrainedRuns

# a trial trains so many runs of a network: a few iterations for a rough idea, then for about this long; of several
# such trials the fastest counts, as other work on the machine can only slow them down
_TRIAL_RUNS = 9
_FIRST_ITERATIONS = 200
_TRIAL_S = 0.2
_LEAST_ITERATIONS, _MOST_ITERATIONS = 1000, 20_000
_REPEATS = 3


def seconds_per_update(
    samples: Mapping[str, Sequence[Run]], on_trial: Callable[[float], None] | None = None
) -> dict[str, float]:
    """Return the seconds that one update of one run costs one core, for each of several lists of like runs.

    A trial takes about half a second of a core, and the time to compile the network if it is new.

    Args:
        samples: the lists.
        on_trial: told after each trial which share of them is done.
    """
    done = 0

    def count(result: TrainedRuns) -> None:
        nonlocal done
        done += 1
        if on_trial is not None:
            on_trial(done / (2 * _REPEATS * len(samples)))

    chosen = {key: sample[:_TRIAL_RUNS] for key, sample in samples.items()}
    short_s = _fastest(chosen, dict.fromkeys(chosen, _FIRST_ITERATIONS), count)
    long = {key: _length(short_s[key] / _FIRST_ITERATIONS) for key in chosen}
    long_s = _fastest(chosen, long, count)
    measured = {}
    for key, sample in chosen.items():
        # the difference leaves out what a batch costs once; noise must not make it negative
        seconds = max(long_s[key] - short_s[key], 0.1 * long_s[key])
        measured[key] = seconds / (len(sample) * (long[key] - _FIRST_ITERATIONS))
    return measured


def _length(seconds_per_iteration: float) -> int:
    return int(min(max(_TRIAL_S / seconds_per_iteration, _LEAST_ITERATIONS), _MOST_ITERATIONS))


def _fastest(
    samples: Mapping[str, Sequence[Run]], iterations: Mapping[str, int], on_trial: Callable[[TrainedRuns], None]
) -> dict[str, float]:
    """Train the samples of each network several times; return the shortest time of each in seconds of a core."""
    from nalm.training import train

    trials: dict[int, str] = {}
    runs: list[Run] = []
    for key in [*samples] * _REPEATS:
        length = iterations[key]
        while length in trials:
            length += 1  # runs that differ in length are never in one batch, so each trial is one
        trials[length] = key
        runs += [_with_iterations(run, length) for run in samples[key]]
    results: list[TrainedRuns] = []

    def keep(result: TrainedRuns) -> None:
        results.append(result)
        on_trial(result)

    train(runs, keep)
    seconds: dict[str, float] = {}
    for result in results:
        key = trials[result.runs[0].updates - 1]
        # of a core at work: on a busy machine a trial waits, and the study may not
        taken = result.seconds if result.core_s is None else result.core_s
        seconds[key] = min(seconds.get(key, taken), taken)
    return seconds


def _with_iterations(run: Run, iterations: int) -> Run:
    assert run.training is not None
    return run.model_copy(update={"training": run.training.model_copy(update={"iterations": iterations})})
