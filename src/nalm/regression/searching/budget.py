"""How long a search may take, and how much it is planned to do."""

from __future__ import annotations

import time
from collections.abc import Callable

_PLANNED = 0.7
"""Share of the time that is planned for: the rest is for slower machines."""

_TO_JUDGE, _MOST_TO_JUDGE = 0.05, 0.4
"""Share of the time that is kept for judging what was found, and for a large table at most."""


def never() -> bool:
    """Return that time is not up, where nobody counts it."""
    return False


class Budget:
    """A limit in seconds, and the same limit in planned work.

    What is tried is planned by the work that it takes, in seconds on a nominal machine, so that the same call
    tries the same on any machine of at least half that speed; the clock only ends what would take too long.

    Args:
        seconds: what the search may take.
        clock: returns seconds.
        judging: what judging takes, if it is known.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic, *, judging: float = 0.0) -> None:
        self.seconds = seconds
        self._clock = clock
        kept = min(max(_TO_JUDGE * seconds, judging), _MOST_TO_JUDGE * seconds)
        self._end = clock() + seconds - kept
        self._planned = _PLANNED * seconds
        self.cut = False

    @property
    def left(self) -> float:
        """Seconds until the search must end."""
        return self._end - self._clock()

    @property
    def over(self) -> bool:
        """Whether the time is up; a search that asks is then cut short."""
        if self.left <= 0:
            self.cut = True
        return self.cut

    def plan(self, work: float) -> bool:
        """Take `work` nominal seconds from what is planned; False, and nothing taken, where that is too much."""
        if work > self._planned:
            return False
        self._planned -= work
        return True
