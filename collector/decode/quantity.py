"""What devices say, as families of payloads find it: named values, made readings in one place.

A decoder of a family finds the device and its quantities; `readings` names the points, checks
times and values alike for all of them, and puts what is wrong in its place as a problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from collector.decode.instant import time_problem
from collector.decode.message import Decoded, Incoming, MessageLimits, Problem, name_shown, shown
from metering.reading import Kind

LONGEST_POINT = 128


@dataclass(frozen=True, slots=True)
class Quantity:
    """One value of a device."""

    name: str
    """As the format calls it; nested names joined by dots."""
    value: float
    """In `unit`; a state as its code."""
    unit: str | None = None
    """As `metering.units` knows it; None where the format does not promise one."""
    kind: Kind | None = None
    """None where the format does not promise one."""
    time_us: int | None = None
    """[us UTC]; None: the message gives none, and its arrival stands in."""
    device: str = ""
    """Whose it is; '' where the gateway itself is the device."""

    @property
    def point(self) -> str:
        """The gateway's name of the point: `device.name`."""
        return f"{self.device}.{self.name}" if self.device else self.name


def readings(
    quantities: Iterable[Quantity | Problem | None], incoming: Incoming, limits: MessageLimits
) -> Decoded:
    """The quantities of a message as readings, in their order; a problem among them keeps its
    place, and so does what is none (None). A quantity whose time, value or name cannot stand
    becomes a problem of its own."""
    found = Decoded()
    for index, one in enumerate(quantities):
        if index >= limits.readings:
            found.problems.append(_too_many(limits))
            break
        if one is None:
            continue
        problem = one if isinstance(one, Problem) else _problem(one, incoming, limits)
        if problem is not None:
            found.problems.append(_at(problem, index))
        elif isinstance(one, Quantity):
            found.index.append(index)
            found.points.append(one.point)
            found.kinds.append(one.kind)
            found.units.append(one.unit)
            found.times.append(one.time_us)
            found.values.append(one.value)
    return found


def _at(problem: Problem, index: int) -> Problem:
    return Problem(
        problem.reason, problem.message, problem.field, problem.value, problem.fix, index,
        problem.point,
    )  # fmt: skip


def _problem(one: Quantity, incoming: Incoming, limits: MessageLimits) -> Problem | None:
    point = one.point
    if not point.isprintable() or not 0 < len(point) <= LONGEST_POINT:
        fix = f"name it with 1 to {LONGEST_POINT} printable characters"
        return Problem("bad_message", "not a point's name", "point", shown(point), fix)
    if not isfinite(one.value):
        return Problem(
            "bad_value", "not a finite number", "value", shown(one.value),
            "send a number, or leave the value out", point=name_shown(point),
        )  # fmt: skip
    if one.time_us is None:
        return None
    wrong = time_problem(one.time_us // 1000, one.time_us, incoming.arrived_us, limits)
    if wrong is None:
        return None
    return Problem(
        wrong.reason, wrong.message, wrong.field, wrong.value, wrong.fix, point=name_shown(point)
    )


def _too_many(limits: MessageLimits) -> Problem:
    return Problem(
        "bad_message",
        f"more than {limits.readings} readings in a message",
        "readings",
        "",
        "send them in several messages",
    )
