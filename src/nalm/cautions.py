"""What is allowed and yet hardly meant: training that ends before its penalties begin, records of two rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from nalm.studies import Condition, Study, conditions
from nalm.studies import names as shipped_names
from nalm.tasks import DigitTask

# settings whose change can leave a penalty or the records out
_LENGTHS = ("iterations", "epochs", "log_interval", "ramp", "ramp_start", "ramp_end", "sparsity_penalty")


def cautions(study: Study, changed: Collection[str], penalties: Mapping[str, Collection[str]]) -> list[str]:
    """Return a line for each doubt about the settings of a study; a study that ships, unchanged, raises none.

    Args:
        study: as it will be trained.
        changed: keys of the settings that were replaced.
        penalties: names of the penalties of each network by its label.
    """
    if study.name in shipped_names() and not set(changed) & {*_LENGTHS}:
        return []
    labels: dict[str, dict[str, None]] = {}
    for condition in conditions(study):
        for text in _doubts(condition, penalties.get(condition.label, ())):
            labels.setdefault(text, {})[condition.label] = None
    return [f"{', '.join(concerned)}: {text}" for text, concerned in labels.items()]


def _doubts(condition: Condition, penalties: Collection[str]) -> Iterator[str]:
    settings, (length, unit) = _timed(condition), _length(condition)
    is_ramped = (
        "sparsity" in penalties
        and settings.sparsity_penalty
        and getattr(settings, "ramp", "linear") == "linear"
        and not (condition.task.kind == "single-module" and settings.constraints == "released")
    )
    if is_ramped and length <= settings.ramp_start:
        yield (
            f"the sparsity penalty is never on: its ramp begins at {settings.ramp_start:,} {unit} (ramp_start), and "
            f"training ends at {length:,}"
        )
    elif is_ramped and length < settings.ramp_end:
        yield (
            f"the sparsity penalty is never fully on: its ramp ends at {settings.ramp_end:,} {unit} (ramp_end), and "
            f"training at {length:,}"
        )
    training = condition.training
    if training is not None and training.iterations < training.log_interval:
        rows = "step is" if training.iterations == 0 else "and the last step are"
        interval, end = training.log_interval, training.iterations
        yield f"only the first {rows} recorded: log_interval {interval:,}, iterations {end:,}"


def _timed(condition: Condition) -> Any:
    return condition.task if condition.training is None else condition.training


def _length(condition: Condition) -> tuple[int, str]:
    """How long is trained, in what the ramp counts."""
    if condition.training is not None:
        return condition.training.iterations, "iterations"
    task = cast("DigitTask", condition.task)
    return (task.epochs, "epochs") if task.ramp_counts == "epochs" else (condition.updates, "updates")
