"""Where a figure comes from, told down to raw messages."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from api.answers.common import InLanguages
from api.answers.energy import (
    BookRowAnswer,
    CalculationAnswer,
    DecisionAnswer,
    DecisionSumAnswer,
    FormulaTraceAnswer,
    JudgedReadingAnswer,
    LineageAnswer,
    MaybeWorthAnswer,
    MemberTraceAnswer,
    MeterTraceAnswer,
    RestsOnAnswer,
    SourceAnswer,
)
from api.auth import Reader
from api.decimals import exact, plain
from api.params import CarbonBasis, CoalBasis, Code, Moment, example, written
from api.routes.energy import (
    COST_EXAMPLE,
    SHARES_EXAMPLE,
    VALUE_EXAMPLE,
    bases_json,
    period_json,
    series_json,
    worth_json,
)
from api.routes.readings import READING_EXAMPLE, reading_json
from api.usecases.energy import Step, series_of, zone_of_series
from api.usecases.lineage import (
    AtStep,
    DecisionSum,
    Explained,
    FormulaTrace,
    MeterTrace,
    Source,
    Trace,
    asked_for,
    rise_of,
    trace,
)
from ledger import JudgedReadings, factor_of
from metering.book import BookRow
from metering.factor import Bases, Carbon, Coal
from metering.items import category
from metering.localtime import iso, local_day
from metering.reading import Kind
from metering.registry import Registry
from metering.units import BOOK_UNITS
from texts import both, word

router = APIRouter(prefix="/v1", tags=["energy"])

ROW_EXAMPLE = {"day": "2026-11-24", "revision": 57, "registry_version": 4, "rules_version": 4}
SPAN_EXAMPLE = {
    "start": "2026-11-24T10:00:00+08:00",
    "end": "2026-11-24T11:00:00+08:00",
    "value": "12.000000",
    "amount": 12000000,
    "shares": SHARES_EXAMPLE,
    "provisional": True,
}
JUDGED_EXAMPLE = {
    **READING_EXAMPLE,
    "used": True,
    "rejected_by": None,
    "entered": False,
    "covers": None,
    "energy": None,
}
SOURCE_EXAMPLE = {
    "point": 12,
    "name": "E1.import",
    "gateway": "campus/gw-1",
    "kind": "register",
    "unit": "kWh",
    "ratio": "40",
    "register_unit": "kWh",
    "factor": "40",
    "accuracy_class": "0.5S",
    "calibrated_until": "2027-05-31",
    "calibration_expired": False,
    "counts_from": None,
    "counts_to": None,
    "first": None,
    "final": None,
    "calculation": {
        "first": "2026-11-24T02:00:00Z",
        "last": "2026-11-24T03:00:00Z",
        "rise": "0.3",
        "turns": 0,
        "turn": "0.000000",
        "factor": "40",
        "energy": "12.000000",
        "before": "0.000000",
        "after": "0.000000",
        "value": "12.000000",
    },
    "readings": [JUDGED_EXAMPLE],
    "left_out": 0,
    "all": "/v1/points/12/readings?start=2026-11-24T02%3A00%3A00Z&end=2026-11-24T03%3A00%3A00Z",
}
NAME_EXAMPLE = {"en": "Spike rejected", "zh": "剔除异常尖峰"}
WHY_EXAMPLE = {"en": "The register left its course.", "zh": "读数偏离原来的走势。"}
DECISION_EXAMPLE = {
    "rule": "spike",
    "name": NAME_EXAMPLE,
    "why": WHY_EXAMPLE,
    "start": "2026-11-24T10:15:00+08:00",
    "end": "2026-11-24T10:30:00+08:00",
    "cost": 4,
    "limit": "64.000000",
    "limit_amount": 64000000,
    "value": "0.000000",
    "value_amount": 0,
    "energy": "6.000000",
    "energy_amount": 6000000,
    "left_out": 1,
    "readings": [
        {
            "place": "left_out",
            **JUDGED_EXAMPLE,
            "value": 0.0,
            "used": False,
            "rejected_by": "spike",
        }
    ],
}
SUM_EXAMPLE = {
    "rule": "spike",
    "name": NAME_EXAMPLE,
    "count": 1,
    "energy": "6.000000",
    "energy_amount": 6000000,
    "unknown": 0,
}
FORMULA_EXAMPLE = {
    "formula": "main - plant",
    "valid_from": None,
    "valid_to": "2027-03-01",
    "start": "2026-11-24T10:00:00+08:00",
    "end": "2026-11-24T11:00:00+08:00",
    "value": "12.000000",
    "amount": 12000000,
    "members": [
        {
            "meter": "main",
            "item": "01000",
            "unit": "kWh",
            "value": "20.000000",
            "amount": 20000000,
        },
        {"meter": "plant", "item": "01B00", "unit": "kWh", "value": "8.000000", "amount": 8000000},
    ],
    "members_left_out": 0,
}
LINEAGE_EXAMPLE = {
    "series": {"institution": "b", "kind": "meter", "code": "m", "item": "01B00"},
    "unit": "kWh",
    "book_unit": "mWh",
    "zone": "Asia/Shanghai",
    "step": "hour",
    "coal": "equivalent",
    "carbon": "location",
    "energy": "/v1/energy?meter=m&item=01B00&step=hour&start=2026-11-24&end=2026-11-25",
    **SPAN_EXAMPLE,
    "cost": COST_EXAMPLE,
    "kgco2": VALUE_EXAMPLE["kgco2"],
    "kgce": VALUE_EXAMPLE["kgce"],
    "down_to": "readings",
    "rows": [ROW_EXAMPLE],
    "decisions": [SUM_EXAMPLE],
    "meters": [
        {
            "meter": "m",
            **SPAN_EXAMPLE,
            "days_counted": 1,
            "certain": True,
            "rows": [ROW_EXAMPLE],
            "sources": [SOURCE_EXAMPLE],
            "sources_left_out": 0,
            "decisions": [DECISION_EXAMPLE],
            "decisions_left_out": 0,
            "formulas": [],
        },
        {
            "meter": "tenants",
            **SPAN_EXAMPLE,
            "days_counted": 1,
            "certain": True,
            "rows": [ROW_EXAMPLE],
            "sources": [],
            "sources_left_out": 0,
            "decisions": [],
            "decisions_left_out": 0,
            "formulas": [FORMULA_EXAMPLE],
        },
    ],
    "left_out": 0,
    "members": [],
    "members_left_out": 0,
}
Instant = Annotated[
    str | None, Query(max_length=40, description="An instant inside the interval of the step")
]
First = Annotated[str | None, Query(max_length=40, description="First local date, or instant")]
Last = Annotated[str | None, Query(max_length=40, description="End, not included")]
Role = Annotated[str | None, Query(max_length=16, description="Role of a data centre's meters")]


@router.get(
    "/energy/lineage",
    response_model=LineageAnswer,
    responses=example(LINEAGE_EXAMPLE),
)
def lineage(
    caller: Reader,
    time: Instant = None,
    node: Code = None,
    meter: Code = None,
    item: Code = None,
    step: Annotated[Step, Query()] = Step.HOUR,
    start: First = None,
    end: Last = None,
    role: Role = None,
    as_of: Moment = None,
    coal: CoalBasis = Coal.EQUIVALENT,
    carbon: CarbonBasis = Carbon.LOCATION,
) -> Response:
    """A value down to its meters, the readings it rests on, what was decided of them, and their
    raw messages.

    Either `time` and `step`, or `start` and `end`: local dates, or instants on edges of the books.
    Each source lists the readings that stand around the interval, those that decisions speak of,
    and then the first ones of the interval: 3,000 a source and 30,000 in all. `left_out` counts
    those of the interval that are not listed. A meter that is a formula says it, with what each of
    its members counts; `members` follow down to readings as `meters` do.

    With `as_of` the value, its worth and the rows that hold it are those of then. Readings and
    decisions are not kept as they were: `down_to` is rows, and none are listed.

    `coal` and `carbon` choose by which factors `kgce` and `kgco2` are told: each is the sum over
    its `rows` of `energy` times `factor`.
    """
    bases = Bases(coal, carbon)
    key = series_of(caller, node, meter, item)
    registry = caller.reach.registry
    zone = zone_of_series(registry, key)
    asked = asked_for(zone, time, step, start, end, role)
    found = trace(caller, key, asked, as_of=as_of, bases=bases)
    key, zone = found.key, found.zone
    answer: LineageAnswer = {
        "series": series_json(key),
        "unit": category(key.item).unit,
        "book_unit": BOOK_UNITS[category(key.item).unit].name,
        "zone": zone,
        "step": str(found.asked.step) if isinstance(found.asked, AtStep) else None,
        **bases_json(bases),
        "energy": _energy_of(found, bases),
        **period_json(found.value, zone, key.item),
        **_worth_json(found),
        "down_to": "readings" if found.as_of is None else "rows",
        "rows": _rows_json(found.rows),
        "decisions": [_sum_json(one, key.item) for one in found.decisions],
        "meters": [_meter_json(registry, one, zone, key.item) for one in found.meters],
        "left_out": found.left_out,
        "members": [_member_json(registry, one, zone) for one in found.members],
        "members_left_out": found.members_left_out,
    }
    return written(answer)


def _energy_of(found: Trace, bases: Bases) -> str:
    """Where the figure is told with its neighbours."""
    key = found.key
    days = (local_day(at, found.zone) for at in (found.value.start_us, found.value.end_us - 1))
    start, last = days
    asked = {
        key.kind: key.code,
        "item": key.item,
        "step": str(found.asked.step) if isinstance(found.asked, AtStep) else str(Step.DAY),
        "start": start.isoformat(),
        "end": (last + timedelta(days=1)).isoformat(),
        **({} if found.as_of is None else {"as_of": found.as_of}),
        **dict(bases.unusual),
    }
    return f"/v1/energy?{urlencode(asked)}"


def _worth_json(found: Trace) -> MaybeWorthAnswer:
    if found.worth is None:
        return {"cost": None, "kgco2": None, "kgce": None}
    told = worth_json(found.worth, found.key.item)
    return {"cost": told["cost"], "kgco2": told["kgco2"], "kgce": told["kgce"]}


def _member_json(registry: Registry, trace: MeterTrace, zone: str) -> MemberTraceAnswer:
    meter = registry.meters[trace.meter]
    told = _meter_json(registry, trace, zone, meter.item)
    return {"item": meter.item, "unit": meter.unit, **told}


def _formula_json(
    registry: Registry, one: FormulaTrace, zone: str, item: str
) -> FormulaTraceAnswer:
    own, valid = one.value, one.valid
    members = [(registry.meters[told.meter], told.value) for told in one.members]
    amounts = [None if told is None else told.amount for _, told in members]
    return {
        "formula": one.formula or None,
        "valid_from": None if valid.start is None else valid.start.isoformat(),
        "valid_to": None if valid.end is None else valid.end.isoformat(),
        "start": None if own is None else iso(own.start_us, zone),
        "end": None if own is None else iso(own.end_us, zone),
        "value": None if own is None else exact(own.amount, item),
        "amount": None if own is None else own.amount,
        "members": [
            {
                "meter": meter.code,
                "item": meter.item,
                "unit": meter.unit,
                "value": exact(amount, meter.item),
                "amount": amount,
            }
            for (meter, _), amount in zip(members, amounts, strict=True)
        ],
        "members_left_out": one.members_left_out,
    }


def _meter_json(registry: Registry, trace: MeterTrace, zone: str, item: str) -> MeterTraceAnswer:
    rests: RestsOnAnswer = {
        "days_counted": trace.days_counted,
        "certain": trace.certain,
        "rows": _rows_json(trace.rows),
        "sources": [_source_json(source, item) for source in trace.sources],
        "sources_left_out": trace.sources_left_out,
        "decisions": [_decision_json(one, zone, item) for one in trace.decisions],
        "decisions_left_out": trace.decisions_left_out,
        "formulas": [_formula_json(registry, one, zone, item) for one in trace.formulas],
    }
    if trace.value is None:
        return {
            "meter": trace.meter,
            "days_counted": rests["days_counted"],
            "certain": rests["certain"],
            "rows": rests["rows"],
            "sources": rests["sources"],
            "sources_left_out": rests["sources_left_out"],
            "decisions": rests["decisions"],
            "decisions_left_out": rests["decisions_left_out"],
            "formulas": rests["formulas"],
        }
    own = period_json(trace.value, zone, item)
    return {
        "meter": trace.meter,
        "start": own["start"],
        "end": own["end"],
        "value": own["value"],
        "amount": own["amount"],
        "shares": own["shares"],
        "provisional": own["provisional"],
        **rests,
    }


def _source_json(source: Source, item: str) -> SourceAnswer:
    service, zone = source.service, source.service.zone
    start, end = source.counts
    until = service.installation.calibrated_until
    asked = urlencode({"start": iso(source.start_us), "end": iso(source.end_us)})
    return {
        "point": source.point.id,
        "name": source.point.name,
        "gateway": source.point.gateway,
        "kind": str(service.kind),
        "unit": source.point.unit,
        "ratio": plain(service.installation.ratio),
        "register_unit": service.installation.register_unit,
        "factor": plain(factor_of(service)),
        "accuracy_class": service.installation.accuracy_class or None,
        "calibrated_until": None if until is None else until.isoformat(),
        "calibration_expired": source.calibration_expired,
        "counts_from": None if start is None else iso(start, zone),
        "counts_to": None if end is None else iso(end, zone),
        "first": _written(service.installation.first),
        "final": _written(service.final),
        "calculation": _calculation_json(source, item),
        "readings": [
            _reading_json(service.kind, source.judged, n, item) for n in range(len(source.judged))
        ],
        "left_out": source.left_out,
        "all": f"/v1/points/{source.point.id}/readings?{asked}",
    }


def _calculation_json(source: Source, item: str) -> CalculationAnswer | None:
    found = source.reckoned
    if found is None:
        return None
    return {
        "first": iso(found.first_us),
        "last": iso(found.last_us),
        "rise": plain(rise_of(source)),
        "turns": found.turns,
        "turn": _sure(found.turn, item),
        "factor": plain(factor_of(source.service)),
        "energy": _sure(found.whole, item),
        "before": _sure(found.before, item),
        "after": _sure(found.after, item),
        "value": _sure(found.value, item),
    }


def _written(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _sure(amount: int, item: str) -> str:
    return exact(amount, item) or ""


def _reading_json(kind: Kind, judged: JudgedReadings, n: int, item: str) -> JudgedReadingAnswer:
    why = judged.rejected_by[n]
    spoken = why is None and kind is not Kind.REGISTER
    covers = {"start": iso(int(judged.start_us[n])), "end": iso(int(judged.end_us[n]))}
    return {
        **reading_json(judged.readings, n),
        "used": why is None,
        "rejected_by": why,
        "entered": judged.entered(n),
        "covers": {"start": covers["start"], "end": covers["end"]} if spoken else None,
        "energy": exact(int(judged.units[n]), item) if spoken else None,
    }


def _decision_json(one: Explained, zone: str, item: str) -> DecisionAnswer:
    event = one.event
    return {
        "rule": one.rule,
        "name": _name(event.kind),
        "why": both(lambda language: word("decision", one.rule, language)),
        "start": iso(event.start_us, zone),
        "end": iso(event.end_us, zone),
        "cost": event.cost,
        "limit": exact(event.limit, item),
        "limit_amount": event.limit,
        "value": exact(event.value, item),
        "value_amount": event.value,
        "energy": exact(event.energy, item),
        "energy_amount": event.energy,
        "left_out": one.left_out,
        "readings": [
            {"place": place, **_reading_json(one.readings_kind, row, 0, item)}
            for place, row in one.readings
        ],
    }


def _sum_json(one: DecisionSum, item: str) -> DecisionSumAnswer:
    return {
        "rule": one.rule,
        "name": _name(one.kind),
        "count": one.count,
        "energy": _sure(one.energy, item),
        "energy_amount": one.energy,
        "unknown": one.unknown,
    }


def _name(kind: str) -> InLanguages:
    return both(lambda language: word("event", kind, language))


def _rows_json(rows: tuple[BookRow, ...]) -> list[BookRowAnswer]:
    """What wrote each row: a revision of the books, under a version of the registry (0: from
    before rows named it) and of the booking rules."""
    return [
        {
            "day": row.day.isoformat(),
            "revision": row.revision,
            "registry_version": row.registry,
            "rules_version": row.rules,
        }
        for row in rows
    ]
