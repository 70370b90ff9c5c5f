"""When a meter is read next, and whether the clock was set meanwhile.

08:00      08:15      08:30      08:45
  ●──────────●──────────●──────────●     every interval, on the quarter hours
                        ✗ ✗ ●             no answer: again a minute later
"""

from __future__ import annotations

from dataclasses import dataclass

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
JUMP_US = 2 * SECOND_US
"""By less than that a clock is only put right."""


def next_due(now_us: int, interval_us: int) -> int:
    """The first multiple of the interval after now [us since 1970, UTC]; all local times of the
    world differ by whole quarter hours, so those of it are hit too."""
    return (now_us // interval_us + 1) * interval_us


def due_after_failure(now_us: int, interval_us: int, failures: int) -> int:
    """When a meter that did not answer, `failures` times in a row, is tried again [us].

    One that is read seldom a minute later; one that is read often less and less, down to once a
    minute, so that it costs others on its line little.
    """
    if interval_us > MINUTE_US:
        return min(next_due(now_us, interval_us), now_us + MINUTE_US)
    pause = min(MINUTE_US, interval_us * (2 ** min(failures, 6) - 1))
    return next_due(now_us + pause - interval_us, interval_us)


@dataclass
class ClockWatch:
    """Compares the wall clock with one that nobody sets."""

    wall_us: int
    steady_us: int

    def jumped(self, wall_us: int, steady_us: int) -> int:
        """By how much the wall clock was set since the last look [us], 0 for less than 2 s."""
        jump = (wall_us - self.wall_us) - (steady_us - self.steady_us)
        self.wall_us, self.steady_us = wall_us, steady_us
        return jump if abs(jump) >= JUMP_US else 0
