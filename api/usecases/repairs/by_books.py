"""Checks of what was booked on the whole days that are looked at."""

from __future__ import annotations

from decimal import ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from api.usecases.repairs.by_registry import of_meter
from api.usecases.repairs.facts import MeterBooked, RepairFacts, Summed
from api.usecases.repairs.repair import (
    LookedAt,
    Mending,
    MendingKind,
    Repair,
    RepairSubject,
    looked_at,
)
from api.usecases.repairs.rows import POINTS, installed_row, mended, meter_row
from figures import area_of
from metering import items
from metering.registry import Meter, NodeType

LACKING: Final = Fraction(1, 20)
"""Of a meter whose books lack more of the time is told."""
HELD_BACK: Final = 3
"""So many times, and the limit may be the one that is wrong."""
ROOMY: Final = 50
"""A limit of more times the largest hour holds nothing back."""
SPARE: Final = 3
"""A limit is proposed as the largest hour taken so many times."""
LEAST_DAYS: Final = 14
"""Fewer days say little of the largest hour."""
MORE: Final = Fraction(51, 50)
"""Parts that are more than their total by less are within what meters may be off by."""
THOUSANDFOLD: Final = (300, 3000)
"""A ratio in between is most likely that of kWh to Wh or MWh."""
PER_M2: Final = (Fraction(1, 2), Fraction(5000))
"""Electricity that a building can take in a year [kWh/m2]: less is a store, more a smelter. Our
own choice, far outside of what offices and data centres do."""
_LIMITED = ("limit", "spike")
_BACKWARDS = ("negative", "reversed")
_YEAR = 365
_TWO_DIGITS = Context(prec=2, rounding=ROUND_UP)


def _booked(facts: RepairFacts) -> list[tuple[Meter, MeterBooked]]:
    return [
        (meter, facts.booked[meter.code]) for meter, _ in facts.meters if meter.code in facts.booked
    ]


def incomplete(facts: RepairFacts) -> LookedAt:
    """Meters with books."""
    recompute = Mending(MendingKind.RECOMPUTE)
    return looked_at(
        of_meter(meter, {"percent": _percent(of.missing), "days": of.days}, recompute)
        if of.missing > LACKING
        else None
        for meter, of in _booked(facts)
    )


def _times(facts: RepairFacts, meter: Meter, kinds: tuple[str, ...]) -> int:
    """How often the ledger found any of these of the meter."""
    found = facts.events.get(meter.code, {})
    return sum(found.get(kind, 0) for kind in kinds)


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.1f}"


def no_limit(facts: RepairFacts) -> LookedAt:
    """Meters with registers."""
    metered = {meter.code: meter for meter, _, _, _ in facts.installed}
    return looked_at(
        of_meter(meter, {"unit": meter.unit}, _limited(facts, meter, facts.booked.get(meter.code)))
        if meter.max_per_hour is None
        else None
        for meter in metered.values()
    )


def _limited(facts: RepairFacts, meter: Meter, of: MeterBooked | None) -> Mending | None:
    """A button that sets a limit with room to spare, where enough is known."""
    if of is None or not of.most or of.days < LEAST_DAYS:
        return None
    limit = _TWO_DIGITS.create_decimal(Decimal(float(SPARE * of.most)))
    return meter_row(facts, meter.code, {"max_per_hour": f"{limit:f}"})


def limit_too_low(facts: RepairFacts) -> LookedAt:
    """Meters with a limit."""
    return looked_at(
        of_meter(
            meter,
            {"times": times, "limit": _number(meter.max_per_hour), "unit": meter.unit},
            meter_row(facts, meter.code, {}, ("max_per_hour",)),
        )
        if (times := _times(facts, meter, _LIMITED)) >= HELD_BACK
        else None
        for meter, _ in facts.meters
        if meter.max_per_hour is not None and meter.code in facts.booked
    )


def limit_too_high(facts: RepairFacts) -> LookedAt:
    """Meters with a limit of which enough is known."""
    return looked_at(
        of_meter(
            meter,
            {
                "limit": _number(meter.max_per_hour),
                "most": f"{float(of.most or 0):.4g}",
                "unit": meter.unit,
            },
            _limited(facts, meter, of),
        )
        if Fraction(meter.max_per_hour or 0) > ROOMY * (of.most or 0)
        else None
        for meter, of in _booked(facts)
        if meter.max_per_hour is not None and of.most and of.days >= LEAST_DAYS
    )


def _number(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def register_resets(facts: RepairFacts) -> LookedAt:
    """Meters with books: how often a register began anew."""
    return looked_at(
        of_meter(meter, {"times": times})
        if (times := _times(facts, meter, ("reset",))) >= HELD_BACK
        else None
        for meter, _ in _booked(facts)
    )


def runs_backwards(facts: RepairFacts) -> LookedAt:
    """Meters with books: energy that is booked below 0, or refused since it went backwards."""
    return looked_at(
        of_meter(meter, {"times": times}, _both_ways(facts, meter))
        if (times := _times(facts, meter, _BACKWARDS))
        else None
        for meter, _ in _booked(facts)
    )


def _both_ways(facts: RepairFacts, meter: Meter) -> Mending | None:
    """A button that says of its one register that energy goes both ways through it."""
    own = [(one, point) for of, one, point, _ in facts.installed if of.code == meter.code]
    if len(own) != 1 or own[0][0].signed:
        return None
    ((one, point),) = own
    return installed_row(facts, one, point, {"signed": "yes", "digits": ""})


def never_moves(facts: RepairFacts) -> LookedAt:
    """Meters of which enough is known."""
    return looked_at(
        of_meter(meter, {"days": of.days}) if of.energy == 0 else None
        for meter, of in _booked(facts)
        if of.energy is not None and of.days >= LEAST_DAYS
    )


def total_smaller_than_parts(facts: RepairFacts) -> LookedAt:
    """Places with a meter of the whole and meters of parts."""
    return looked_at(
        Repair(
            RepairSubject.PLACE,
            one.node,
            {"medium": one.item, "percent": _percent(one.parts / one.total - 1)},
        )
        if one.parts > one.total * MORE and not _is_thousandfold(one.parts / one.total)
        else None
        for one in facts.sums
        if one.total > 0
    )


def unit_of_total(facts: RepairFacts) -> LookedAt:
    """Likewise: a ratio as of kWh to Wh or MWh."""
    return looked_at(
        Repair(
            RepairSubject.PLACE,
            one.node,
            {"medium": one.item, "times": _ratio(one.total, one.parts)},
            _unit_of_whole(facts, one),
        )
        if _is_thousandfold(one.parts / one.total) or _is_thousandfold(one.total / one.parts)
        else None
        for one in facts.sums
        if one.total > 0 and one.parts > 0
    )


def _unit_of_whole(facts: RepairFacts, one: Summed) -> Mending | None:
    """A button for the unit of the register of a place's own meter, where there is one such."""
    whole = [
        meter
        for meter, _ in facts.meters
        if meter.total and (meter.node, items.whole(meter.item)) == (one.node, one.item)
    ]
    return _other_unit(facts, whole[0]) if len(whole) == 1 else None


def _other_unit(facts: RepairFacts, meter: Meter) -> Mending | None:
    """A button for the unit of the one register of a meter."""
    own = [point for of, _, point, _ in facts.installed if of.code == meter.code]
    if len(own) != 1:
        return None
    return mended(facts, POINTS, (own[0].gateway, own[0].name), {}, asks=["unit"])


def _is_thousandfold(ratio: Fraction) -> bool:
    return THOUSANDFOLD[0] <= ratio <= THOUSANDFOLD[1]


def _ratio(one: Fraction, other: Fraction) -> int:
    return round(max(one / other, other / one))


def unit_by_area(facts: RepairFacts) -> LookedAt:
    """Buildings with an area and a meter of their whole electricity of which enough is known."""
    found = []
    for node, day in facts.places:
        area = area_of(facts.reach.registry, node.code, day)
        for meter, of in _booked(facts):
            is_whole = meter.node == node.code and meter.total and meter.item == "01000"
            if not (is_whole and area and of.energy is not None and of.days >= LEAST_DAYS):
                continue
            known = of.days * (1 - of.missing)
            yearly = of.energy / Fraction(area) * _YEAR / known if known else None
            if yearly is None or node.type is not NodeType.BUILDING:
                continue
            odd = not PER_M2[0] <= yearly <= PER_M2[1]
            said = {"per_m2": f"{float(yearly):.3g}"}
            found.append(of_meter(meter, said, _other_unit(facts, meter)) if odd else None)
    return looked_at(found)
