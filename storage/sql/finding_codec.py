"""Cases and findings to columns and back.

hours   JSON [[start_us, expected, measured, [[currency, amount]], kgco2]], decimals as texts
beside  JSON [[meter, item, half, baseline_version, hours]]
day     days since 1970-01-01
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from metering.alerting import Opening, Sure, opening_of
from metering.case_life import CaseAct, CaseEvent
from metering.case_worth import RankBy
from metering.finding import BesideMeter, Case, CaseState, EvidenceHour, Finding, Sums
from metering.localtime import day_number, day_of_number
from metering.saving import Saving
from storage.case_rules import price
from storage.sql.engine import Row
from storage.sql.schema import FINDING, FINDING_CASE

OF_CASE = ("institution", "node", "meter", "item", "pattern")
"""What a case and its findings share; kept once, with the case."""
_STATE = (
    *("state_by", "state_note", "state_us", "closed", "opened_us", "legacy_id"),
    *("assignee", "snoozed_us", "snoozed_rate", "fixed_us", "relapses", "relapsed_us"),
)
_OF_EVENT = ("at_us", "actor", "old", "new", "comment", "detail")
_DERIVED = ("hours_us", "hours", "hourly", "beside", "costs", "day")
COLUMNS = (
    *(FINDING_CASE.c[name] for name in ("number", *OF_CASE, "state", *_STATE, "saving")),
    *(column for column in FINDING.c if column.name != "case_number"),
)
"""What `case_of` reads."""


def case_columns(case: Case) -> Row:
    """The columns of a case, without its number."""
    return {
        **{name: getattr(case, name) for name in _STATE},
        "state": str(case.state),
        "saving": {} if case.saving is None else case.saving.told(),
        **_told_columns(case.evidence),
    }


def opening_columns(case: Case) -> Row:
    """What a case's row keeps of when it was opened."""
    sure = opening_of(case, case.number).sure
    return {"first_by": int(sure.by), "first_unit": sure.unit, "first_sure": sure.a_year}


def opening_of_row(row: Any) -> Opening:
    """What was known when the case of a row was opened."""
    sure = Sure(RankBy(row.first_by), row.first_unit, row.first_sure)
    return Opening(row.number, row.institution, row.node, row.opened_us, sure)


def _told_columns(finding: Finding) -> Row:
    """What a case's row repeats of its newest finding."""
    return {
        **{name: getattr(finding, name) for name in OF_CASE},
        "told_day": day_number(finding.day),
        "first_us": finding.start_us,
        "last_us": finding.end_us,
        "price": price(finding),
        "waste": finding.waste,
    }


def finding_columns(number: int, finding: Finding) -> Row:
    """The columns of a finding of a case."""
    kept = {name: value for name, value in vars(finding).items() if name not in OF_CASE}
    return {
        **kept,
        "case_number": number,
        "day": day_number(finding.day),
        "costs": _packed(finding.costs),
        "hours": _packed_hours(finding.hours),
        "beside": [
            (one.meter, one.item, one.half, one.baseline_version, _packed_hours(one.hours))
            for one in finding.beside
        ],
    }


def _packed_hours(hours: Iterable[EvidenceHour]) -> list[tuple[Any, ...]]:
    return [
        (
            one.start_us,
            one.expected,
            one.measured,
            _packed(one.costs),
            None if one.kgco2 is None else str(one.kgco2),
        )
        for one in hours
    ]


def case_of(row: Any) -> Case:
    """The case of a row that has `COLUMNS`."""
    return Case(
        evidence=finding_of(row),
        number=row.number,
        state=CaseState(row.state),
        saving=Saving.of(row.saving) if row.saving else None,
        **{name: getattr(row, name) for name in _STATE},
    )


def event_columns(event: CaseEvent) -> Row:
    """The columns of an event, without its number."""
    kept = {name: value for name, value in vars(event).items() if name != "case"}
    return {**kept, "case_number": event.case, "act": str(event.act), "detail": {**event.detail}}


def event_of_row(row: Any) -> CaseEvent:
    """The event of a row of `case_event`."""
    plain = {name: getattr(row, name) for name in _OF_EVENT}
    return CaseEvent(case=row.case_number, act=CaseAct(row.act), **plain)


def finding_of(row: Any) -> Finding:
    """The finding of a row that has `COLUMNS`."""
    plain = [c.name for c in FINDING.c if c.name not in ("case_number", *_DERIVED)]
    return Finding(
        **{name: getattr(row, name) for name in (*OF_CASE, *plain)},
        day=day_of_number(row.day),
        hours_us=tuple(row.hours_us),
        hourly=tuple((start, e, m) for start, e, m in row.hourly),
        costs=_sums(row.costs),
        hours=tuple(_hour(*one) for one in row.hours),
        beside=tuple(_beside(*one) for one in row.beside),
    )


def _beside(meter: str, item: str, half: float, version: str, hours: Any) -> BesideMeter:
    return BesideMeter(meter, item, tuple(_hour(*one) for one in hours), half, version)


def _hour(
    start_us: int, expected: int | None, measured: int | None, costs: Any, kgco2: str | None
) -> EvidenceHour:
    carbon = None if kgco2 is None else Decimal(kgco2)
    return EvidenceHour(start_us, expected, measured, _sums(costs), carbon)


def _packed(costs: Sums) -> list[tuple[str, str]]:
    return [(currency, str(amount)) for currency, amount in costs]


def _sums(costs: Any) -> Sums:
    return tuple((currency, Decimal(text)) for currency, text in costs)
