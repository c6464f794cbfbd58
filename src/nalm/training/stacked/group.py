"""The runs of one network and one set of settings while they are trained, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nalm.runs.settings import TrainingSettings
from nalm.training.lowerings._base import Inputs
from nalm.training.stacked.batches import ArithmeticRun
from nalm.training.stacked.collect import History
from nalm.training.stacked.data import PARTS, Block, Data, Part
from nalm.training.stacked.early_stopping import EarlyStopping
from nalm.training.stacked.networks import Networks
from nalm.training.stacked.origins import origin
from nalm.training.stacked.reinitialisation import Reinitialisation
from nalm.training.step.initial import ONE_AT_A_TIME
from nalm.training.step.objective import Objective

# Steps of the schedule that are computed at once and shared by all seeds.
SCHEDULE_STEPS = 2**16
# more of them are not kept
_MOST_KEPT = 2**20


class Group:
    """The runs of one network and one set of settings, trained in one way."""

    def __init__(self, runs: Sequence[ArithmeticRun], networks: Networks, data: Data) -> None:
        self.runs = tuple(runs)
        self.settings = runs[0].training
        self.logged_steps = np.array(self.settings.logged_steps)
        self.networks = networks
        self.objective = networks.objective
        self.data_index = data.index(runs)
        self.failed = np.full(len(runs), -1, dtype=np.int64)
        self.failed_step = np.full(len(runs), -1, dtype=np.int64)
        self.run_flags = np.zeros((len(runs), len(self.objective.run_flags)), dtype=np.float32)
        self._sets = [self._evaluation_sets(data, part) for part in PARTS]
        self._rule = Reinitialisation(self.settings, len(runs)) if self.settings.reinitialise else None
        self._early_stopping = EarlyStopping(self.settings, len(runs)) if self.settings.early_stop else None
        self.stopped_step = np.full(len(runs), -1, dtype=np.int64)
        self._origins: dict[int, str] = {}
        self.losses: list[np.ndarray] = []
        self.errors: list[np.ndarray] = []

    def _evaluation_sets(self, data: Data, part: Part) -> tuple[list[np.ndarray], np.ndarray]:
        """Return the distinct sets of the group, and which of them each run uses."""
        own = [data.evaluation(run, part, self._rows(part)) for run in self.runs]
        sets = list({id(values): values for values in own}.values())
        positions = {id(values): i for i, values in enumerate(sets)}
        return sets, np.array([positions[id(values)] for values in own], dtype=np.int64)

    def _rows(self, part: Part) -> int:
        samples = self.settings.validation_samples if part == "validation" else self.settings.test_samples
        return self.networks.evaluation_rows(samples)

    @property
    def is_done(self) -> bool:
        """Whether every run has failed or been stopped."""
        return bool((self.failed >= 0).all())

    def evaluate(self, step: int) -> None:
        """Record errors and parameters of a logged step, and stop runs that have settled."""
        errors = [self.networks.error(*sets, self.failed) for sets in self._sets]
        self.errors.append(np.stack(errors, axis=1))
        networks = self.networks.record()
        if step % self.settings.log_interval:
            return  # the last step, between two that training looks at
        if self._rule is not None:
            self._rule.log(errors[0])
        if self._early_stopping is not None:
            converged = self._early_stopping.log(step, networks) & (self.failed < 0)
            self.stopped_step[converged] = step
            self.failed[converged] = 0
        if "inalu" in self.objective.run_flags:
            self.run_flags[:, self.objective.run_flags.index("inalu")] = errors[0] < 1.0

    @property
    def is_redrawn(self) -> bool:
        """Whether runs may be given new initial values between two logged steps."""
        return self._rule is not None

    def schedule(self, start: int, count: int) -> np.ndarray:
        """Rows `start` to `start + count` of the schedule, none of which reach over a logged step."""
        return _schedule(self.objective, self.settings, start, count)

    def measure(self, inputs: Inputs) -> None:
        """Record the losses of the first step of `inputs`."""
        self.losses.append(self.networks.measure(inputs, self.failed))
        if len(self.losses) == 1 and self.runs[0].network.has_own_units:
            self._find_origins(inputs.data)

    def _find_origins(self, data: Sequence[Block]) -> None:
        """Note where numbers of a user's module that are not finite in the first step come from."""
        for n in np.flatnonzero(~np.isfinite(self.losses[0][:, 0])):
            self._origins[int(n)] = origin(self.runs[n], np.asarray(data[self.data_index[n]][:1])[0])

    def note_failures(self, start: int, before: np.ndarray) -> None:
        """Record the step of each failure after those `before`, which `failed` counts from `start`."""
        now = (self.failed >= 0) & ~before
        self.failed_step[now] = start + self.failed[now]

    def advance(self, start: int, data: Sequence[Block], logged: bool) -> None:
        """Make the updates of the steps from `start` on that `data` holds."""
        count = len(data[0])
        noise = self.networks.noise(count)
        inputs = Inputs(self.run_flags, self.schedule(start, count), data, self.data_index, *noise)
        if logged:
            self.measure(inputs)
        first = 0
        while first < count:
            reset = self._rule.next(start + first, start + count) if self._rule else None
            last = count if reset is None else reset[0] - start + 1
            before = self.failed >= 0
            self.networks.train(inputs.part(first, last), self.failed)
            self.note_failures(start + first, before)
            for run in () if reset is None else np.flatnonzero(reset[1] & (self.failed < 0)):
                self.networks.redraw(int(run))
            first = last

    def _saved_row(self, validation: np.ndarray) -> int | None:
        """Return the network to keep: the last one, or of the logged ones the first with the least validation error."""
        known = np.isfinite(validation)
        if self.settings.saved_weights == "last" or not known.any():
            return None
        return int(np.argmin(np.where(known, validation, np.inf)))

    def _internals(self, n: int, rows: int) -> dict[str, list[float]]:
        """Return what the settings ask for of the inside of a run's network, on samples of its validation set."""
        if not self.settings.record:
            return {}
        run, samples = self.runs[n], min(self.settings.batch_size, self.settings.validation_samples)
        x, t = run.task.evaluation_set("validation", run.seed, self.settings.streams, samples)
        with ONE_AT_A_TIME:
            return self.networks.internals(n, rows, x, t[:, : run.task.out_features], self.settings.record)

    def histories(self) -> dict[str, History]:
        """Everything recorded, by run id."""
        losses, errors = np.stack(self.losses, axis=1), np.stack(self.errors, axis=1)
        weights, sparsity = self.networks.described()
        logged = self.logged_steps[: len(self.losses)]
        found = {}
        for n, run in enumerate(self.runs):
            failed_step = int(self.failed_step[n]) if self.failed_step[n] >= 0 else None
            stopped_step = int(self.stopped_step[n]) if self.stopped_step[n] >= 0 else None
            last = next((step for step in (failed_step, stopped_step) if step is not None), logged[-1])
            rows = int((logged <= last).sum())
            found[run.id] = History(
                rows=rows,
                losses=losses[n, :rows],
                errors=errors[n, :rows],
                weights=None if weights is None else weights[n, :rows],
                sparsity=None if sparsity is None else sparsity[n, :rows],
                failed_step=failed_step,
                stopped_step=stopped_step,
                state=self.networks.state(n, self._saved_row(errors[n, :rows, 0])),
                internals=self._internals(n, rows),
                made_by=self.networks.made_by,
                origin=self._origins.get(n, "") if failed_step == 0 else "",
            )
        return found


def _schedule(objective: Objective, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    """Rows `start` to `start + count` of the schedule; a block never reaches over a logged step."""
    if settings.log_interval > _MOST_KEPT:
        return objective.schedule(settings, np.arange(start, start + count))
    length = settings.log_interval * max(1, SCHEDULE_STEPS // settings.log_interval)
    first = start - start % length
    return _schedule_part(objective, settings, first, length)[start - first : start - first + count]


@lru_cache(maxsize=64)
def _schedule_part(objective: Objective, settings: TrainingSettings, start: int, count: int) -> np.ndarray:
    return objective.schedule(settings, np.arange(start, start + count))
