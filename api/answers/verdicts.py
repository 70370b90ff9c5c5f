"""The shape of verdicts of days."""

from __future__ import annotations

from typing_extensions import TypedDict

from api.answers.energy import EnergyHeadAnswer


class DayVerdictAnswer(TypedDict):
    """A local day. Energies are those of hours that are judged and known, null where there are no
    such meters; `complete` is which part of the hours is known, `judged` which part of the place's
    energy its judged meters have. `lack` says why a day is `not_checked`, else it is null."""

    day: str
    verdict: str
    lack: str | None
    measured: float | None
    expected: float | None
    expected_low: float | None
    expected_high: float | None
    complete: float
    judged: float
    meters: int
    meters_judged: int


class VerdictsAnswer(EnergyHeadAnswer):
    """The days of a place that are over."""

    data: list[DayVerdictAnswer]
