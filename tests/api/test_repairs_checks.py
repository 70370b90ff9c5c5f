"""Every check fires where its fault is, alone, and is silent where all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from api import PartHealth
from api.reach import Reach
from api.repairs_said import next_step, sentence, title
from api.usecases.repairs import BY_NAME, CHECKS, CheckState, Mending, MendingKind, RepairFacts
from api.usecases.repairs.facts import MeterBooked, PointArrivals, Summed
from api.usecases.repairs.gather import arrivals_of
from api.usecases.repairs.rows import filled_in
from metering.access import ApiKey, Role, Scope
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import InvalidInput
from metering.factor import Factor
from metering.gateway_life import ManagedGateway
from metering.intake import (
    GatewayCounts,
    GatewayTrouble,
    HeldGateway,
    LetterGroup,
)
from metering.keeping import BackupsKept, Keeping
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.facts.accounts import Account
from metering.registry.facts.office_hours import WorkingHours
from metering.registry.files import read_registry_texts
from metering.registry.merge import together
from metering.tables import csv_text
from metering.tariff import TariffRow

ZONE = "Asia/Shanghai"
TODAY = date(2026, 11, 24)
NOW_US = day_bounds(TODAY, ZONE)[0] + 10 * HOUR_US
MINUTE_US = 60_000_000
GATEWAY = "site/gw"
WELL = PointArrivals(24, NOW_US - 5 * MINUTE_US, 15 * MINUTE_US)
KEPT = Keeping(1096, 100 << 30, 60 << 30, BackupsKept(NOW_US - 20 * HOUR_US, same_disk=False))
SAMPLES = {
    "tariff.csv": "tariff,item,months,days,start,end,period,price\n"
    "list,01000,1-12,all,00:00,24:00,flat,1\n",
    "calendar.csv": "date,kind\n2026-01-01,rest\n2027-01-01,rest\n",
    "factors.csv": "item,quantity,value,unit\n01000,kgco2,0.5,kgCO2/kWh\n01000,kgce,0.1,kgce/kWh\n",
}
BOOKED = MeterBooked(28, Fraction(0), Fraction(20_000), Fraction(60))


def registry() -> Registry:
    """A bureau with a building and a data centre, of which nothing is left to say."""
    nodes = [
        Node("bureau", NodeType.INSTITUTION, "局", "Bureau", zone=ZONE, persons=200),
        Node("site", NodeType.SITE, "院", "Site"),
        Node("house", NodeType.BUILDING, "楼", "House", area_m2=Decimal(4000)),
        Node("hall", NodeType.DATACENTRE, "机房", "Hall", area_m2=Decimal(300)),
    ]
    space = [("bureau", "site"), ("site", "house"), ("site", "hall")]
    limit = Decimal(100)

    def meter(code: str, node: str, item: str, **more: object) -> Meter:
        return Meter(code, node, item, max_per_hour=limit, name_en=code, **more)  # type: ignore[arg-type]

    meters = [
        meter("whole", "house", "01000", total=True),
        meter("lights", "house", "01A00"),
        meter("utility", "hall", "01000", total=True, dc_role="utility"),
        meter("racks", "hall", "01000", dc_role="it"),
    ]
    points = {
        n: Point(n, GATEWAY, one.code, Kind.REGISTER, "kWh") for n, one in enumerate(meters, 1)
    }
    points[9] = Point(
        9, GATEWAY, "roof", Kind.INSTANT, "C", "outdoor_temperature", "site", -40.0, 60.0
    )
    return Registry(
        nodes={one.code: one for one in nodes},
        space=tuple(SpaceEdge(*one) for one in space),
        gateways={GATEWAY: Gateway("site", "gw", "网关", "Gateway")},
        meters={one.code: one for one in meters},
        supply=(SupplyEdge("whole", "lights"), SupplyEdge("utility", "racks")),
        points=points,
        installations=tuple(
            Installation(one.code, n, digits=6, calibrated_until=date(2030, 1, 1))
            for n, one in enumerate(meters, 1)
        ),
        tariff=(
            TariffRow(
                "one", "01000", frozenset(range(1, 13)), "all", 0, 1440, "flat", Decimal("0.6")
            ),
        ),
        factors=tuple(
            Factor("01000", quantity, Decimal("0.5"), source="notice", grade="V")
            for quantity in ("kgco2", "kgce")
        ),
        calendar=WorkCalendar.of(
            CalendarDay(date(year, 1, 1), DayKind.HOLIDAY) for year in (2026, 2027)
        ),
        more={
            "office_hours": (WorkingHours("bureau", 480, 1080),),
            "account": (Account("1", "whole"), Account("2", "utility")),
        },
    )


def gateway(**counts: object) -> ManagedGateway:
    """A gateway that sent something five minutes ago."""
    return ManagedGateway(
        gateway=Gateway("site", "gw", "网关", "Gateway"),
        counts=GatewayCounts(GATEWAY, **{"last_arrival_us": NOW_US - 5 * MINUTE_US, **counts}),  # type: ignore[arg-type]
        points=5,
        open_gaps=0,
        clock_offset_us=0,
        revoked=False,
        held=None,
        trouble=None,
    )


def facts_of(found: Registry) -> RepairFacts:
    """Facts in which all is well."""
    return RepairFacts(
        reach=Reach(found, Scope(frozenset(found.nodes), whole=True)),
        now_us=NOW_US,
        first=TODAY - timedelta(days=28),
        last=TODAY - timedelta(days=1),
        gateways=(gateway(),),
        letters=(),
        proposed={GATEWAY: 0},
        arrivals=dict.fromkeys(found.points, WELL),
        booked=dict.fromkeys(found.meters, BOOKED),
        sums=(Summed("house", "01000", Fraction(1000), Fraction(990)),),
        parts={"intake": PartHealth(True)},
        keeping=KEPT,
        oldest_us=NOW_US - 400 * 24 * HOUR_US,
        samples=SAMPLES,
        keys=[ApiKey("k1", "auditor", "", Role.READ, NOW_US, expires_us=NOW_US + 9000 * HOUR_US)],
    )


Broken = Callable[[], RepairFacts]


def of(**changed: object) -> Broken:
    """The registry with other facts."""
    return lambda: facts_of(replace(registry(), **changed))  # type: ignore[arg-type]


def beside(**changed: object) -> Broken:
    """The same registry, and something else that came or was booked."""
    return lambda: replace(facts_of(registry()), **changed)  # type: ignore[arg-type]


def with_gateway(**changed: object) -> Broken:
    """The gateway does otherwise."""
    return beside(gateways=(replace(gateway(), **changed),))  # type: ignore[arg-type]


def came(point: int, **changed: object) -> Broken:
    """Something else came of a point."""
    return lambda: replace(
        (facts := facts_of(registry())),
        arrivals={**facts.arrivals, point: replace(WELL, **changed)},  # type: ignore[arg-type]
    )


def booked(meter: str, **changed: object) -> Broken:
    """Something else was booked of a meter."""
    return lambda: replace(
        (facts := facts_of(registry())),
        booked={**facts.booked, meter: replace(BOOKED, **changed)},  # type: ignore[arg-type]
    )


def nodes(code: str, **changed: object) -> Broken:
    """A place is another one."""
    known = registry().nodes
    return of(nodes={**known, code: replace(known[code], **changed)})  # type: ignore[arg-type]


def meters(code: str, **changed: object) -> Broken:
    """A meter is another one."""
    known = registry().meters
    return of(meters={**known, code: replace(known[code], **changed)})  # type: ignore[arg-type]


def installations(**changed: object) -> Broken:
    """The first installation is another one."""
    first, *rest = registry().installations
    return of(installations=(replace(first, **changed), *rest))  # type: ignore[arg-type]


def tariff(**changed: object) -> Broken:
    """The tariff is another one."""
    return of(tariff=(replace(registry().tariff[0], **changed),))  # type: ignore[arg-type]


def calendar(*years: int, status: str = "official", day: tuple[int, int] = (1, 1)) -> Broken:
    """Another calendar."""
    return of(
        calendar=WorkCalendar.of(
            CalendarDay(date(year, *day), DayKind.HOLIDAY, status=status) for year in years
        )
    )


def more(kind: str) -> Broken:
    """Without any fact of a kind."""
    known = registry().more
    return of(more={name: facts for name, facts in known.items() if name != kind})


def key(**changed: object) -> Broken:
    """Another key."""
    return beside(keys=[replace(facts_of(registry()).keys[0], **changed)])  # type: ignore[arg-type]


def kept(**changed: object) -> Broken:
    """The data folder is kept otherwise."""
    return beside(keeping=replace(KEPT, **changed))  # type: ignore[arg-type]


LETTER = LetterGroup(GATEWAY, "t", "bad_unit", "p", "unit", 3, 3, 1, 2, 7)
SPARE = Point(20, GATEWAY, "spare", Kind.REGISTER, "kWh")
BROKEN: dict[str, Broken] = {
    "gateway_refused": with_gateway(
        trouble=GatewayTrouble(NOW_US, "bad_user_or_password", "", "192.0.2.1", 4)
    ),
    "gateway_silent": lambda: replace(
        facts_of(registry()), gateways=(gateway(last_arrival_us=NOW_US - 30 * HOUR_US),)
    ),
    "gateway_revoked": with_gateway(revoked=True),
    "gateway_held": with_gateway(held=HeldGateway(NOW_US, "rate")),
    "gateway_gaps": with_gateway(open_gaps=2),
    "gateway_clock": with_gateway(clock_offset_us=-600_000_000),
    "quarantined": with_gateway(quarantined=3),
    "dead_letters": beside(letters=(LETTER,)),
    "point_silent": came(1, last_us=NOW_US - 30 * HOUR_US),
    "no_time": came(1, undated=3),
    "out_of_range": came(9, flagged=3),
    "slower_than_step": came(1, step_us=60 * MINUTE_US),
    "incomplete": booked("whole", missing=Fraction(1, 10)),
    "unit_of_total": beside(sums=(Summed("house", "01000", Fraction(1), Fraction(990)),)),
    "unit_by_area": booked("whole", energy=Fraction(20)),
    "total_smaller_than_parts": beside(
        sums=(Summed("house", "01000", Fraction(1000), Fraction(1200)),)
    ),
    "limit_too_low": beside(events={"whole": {"limit": 2, "spike": 2}}),
    "runs_backwards": beside(events={"whole": {"reversed": 1}}),
    "register_resets": beside(events={"whole": {"reset": 3}}),
    "never_moves": booked("lights", energy=Fraction(0)),
    "calibration_expired": installations(calibrated_until=date(2026, 11, 1)),
    "no_zone": nodes("bureau", zone=None),
    "part_not_ready": beside(parts={"intake": PartHealth(False, {"error": "the disk is full"})}),
    "backups_lacking": kept(backups=BackupsKept(NOW_US - 49 * HOUR_US, same_disk=False)),
    "no_register": of(
        installations=registry().installations[1:],
        points={n: one for n, one in registry().points.items() if n > 1},
    ),
    "no_tariff": of(tariff=()),
    "no_carbon_factor": of(factors=registry().factors[1:]),
    "no_coal_factor": of(factors=registry().factors[:1]),
    "no_area": nodes("house", area_m2=None),
    "no_persons": nodes("bureau", persons=None),
    "no_outdoor_temperature": of(
        points={n: one for n, one in registry().points.items() if one.role is None}
    ),
    "no_calendar": calendar(2025, 2027),
    "centre_without_ends": meters("racks", dc_role=None),
    "unregistered_points": beside(proposed={GATEWAY: 4}),
    "gateway_never_heard": lambda: replace(
        facts_of(registry()), gateways=(gateway(last_arrival_us=0),)
    ),
    "gateway_without_points": with_gateway(points=0),
    "tariff_ends": tariff(valid=Validity(None, date(2026, 12, 31))),
    "calendar_ends": calendar(2026),
    "calendar_provisional": calendar(2026, 2027, status="provisional"),
    "calibration_ends": installations(calibrated_until=date(2026, 12, 1)),
    "key_ends": key(expires_us=NOW_US + 24 * HOUR_US),
    "disk_fills": kept(free_bytes=9 << 30),
    "backups_on_the_disk": kept(backups=BackupsKept(NOW_US, same_disk=True)),
    "journal_shorter_than_data": kept(journal_days=399),
    "no_limit": meters("whole", max_per_hour=None),
    "limit_too_high": meters("whole", max_per_hour=Decimal(100_000)),
    "no_digits": installations(digits=None),
    "no_total": meters("whole", total=False),
    "no_meter": lambda: facts_of(
        replace(
            (found := registry()),
            nodes={**found.nodes, "empty": Node("empty", NodeType.BUILDING, "空", "Empty")},
            space=(*found.space, SpaceEdge("site", "empty")),
        )
    ),
    "no_office_hours": more("office_hours"),
    "no_account": more("account"),
    "no_name": meters("whole", name_en=""),
    "factor_unverified": of(factors=tuple(replace(one, grade="S") for one in registry().factors)),
    "unused_point": of(points={**registry().points, SPARE.id: SPARE}),
    "key_unused": key(created_us=NOW_US - 9000 * HOUR_US),
}
_OF_GATEWAYS = {
    *("gateway_refused", "gateway_silent", "gateway_held", "gateway_gaps", "gateway_clock"),
    *("gateway_never_heard", "gateway_without_points", "point_silent", "quarantined"),
}
ALSO = {
    "gateway_revoked": _OF_GATEWAYS,
    "gateway_silent": {"point_silent"},
    "gateway_never_heard": {"point_silent", "gateway_silent", "quarantined"},
    "no_tariff": {"tariff_ends"},
    "no_area": {"unit_by_area"},
    "no_outdoor_temperature": {"out_of_range", "slower_than_step"},
    "no_calendar": {"calendar_ends"},
    "no_total": {"no_account", "unit_by_area"},
}
"""What else is not as it was: looked at no more, since the fault hides it."""


def told(facts: RepairFacts) -> dict[str, CheckState]:
    return {one.name: one.look(facts).state for one in CHECKS}


def test_where_all_is_well_every_check_looks_and_finds_nothing():
    expected = dict.fromkeys(BY_NAME, CheckState.FINE)
    assert told(facts_of(registry())) == expected


def test_a_gateway_whose_meters_all_are_read_by_people_is_not_waited_for():
    never = BROKEN["gateway_never_heard"]()
    points = {one.point for one in registry().installations}
    read = {point: replace(WELL, entered=1) for point in points}
    check = BY_NAME["gateway_never_heard"].look
    assert check(replace(never, arrivals=read)).state is CheckState.FINE
    for point in points:
        lacking = replace(never, arrivals={**read, point: WELL})
        assert check(lacking).state is CheckState.REPAIR, "a history that was loaded is no reading"
    assert check(replace(never, arrivals={})).state is CheckState.REPAIR
    flags = (0, int(Flag.ENTERED), int(Flag.ENTERED | Flag.OUT_OF_RANGE))
    rows = ReadingColumns.of([(1, n, 5.0, flag, 1, 1, 1, 1, 0) for n, flag in enumerate(flags)])
    assert arrivals_of(rows).entered == 2


def test_where_nothing_is_registered_nothing_is_checked():
    empty = replace(
        facts_of(Registry()), gateways=(), proposed={}, sums=(), parts={}, keys=(), keeping=None
    )
    assert set(told(empty).values()) == {CheckState.NOT_CHECKED}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_told_by_its_check_alone_with_a_text_and_a_next_step(name):
    facts = BROKEN[name]()
    states = told(facts)
    assert [one for one, state in states.items() if state is CheckState.REPAIR] == [name]
    silent = {one for one, state in states.items() if state is CheckState.NOT_CHECKED}
    assert silent <= ALSO.get(name, set())
    for repair in BY_NAME[name].look(facts).repairs:
        for language in ("en", "zh"):
            for said in (title(name, language), sentence(name, repair, language)):
                assert said
                assert "{" not in said
            assert next_step(name, repair, language)


def test_every_check_has_a_fault_that_it_finds():
    assert set(BROKEN) == set(BY_NAME)
    assert len(CHECKS) >= 30


def test_the_manual_names_every_check():
    told = Path("docs/repairs.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in told.splitlines() if line.startswith("| `")]
    assert rows[: len(CHECKS)] == [f"`{one.name}`" for one in CHECKS]


def test_letters_in_quarantine_are_told_of_once():
    apart = replace(LETTER, reason="future_time")
    waits = replace(gateway(), quarantined=3)
    facts = replace(facts_of(registry()), letters=(apart,), gateways=(waits,))
    assert BY_NAME["dead_letters"].look(facts).state is CheckState.FINE
    both = replace(facts, letters=(apart, LETTER))
    (found,) = BY_NAME["dead_letters"].look(both).repairs
    assert found.said["letters"] == LETTER.letters
    revoked = replace(facts, gateways=(replace(waits, revoked=True),))
    assert BY_NAME["dead_letters"].look(revoked).repairs


def test_without_a_process_that_takes_backups_there_are_none():
    facts = replace(facts_of(registry()), keeping=replace(KEPT, backups=None))
    assert BY_NAME["backups_lacking"].look(facts).repairs
    assert BY_NAME["backups_on_the_disk"].look(facts).state is CheckState.NOT_CHECKED


BY_HAND = {
    # Somebody has to go to a device, a cable or a server.
    *(
        "gateway_refused",
        "gateway_silent",
        "gateway_revoked",
        "gateway_held",
        "gateway_never_heard",
    ),
    *("gateway_without_points", "gateway_gaps", "point_silent", "no_time", "register_resets"),
    *("never_moves", "part_not_ready", "backups_lacking", "backups_on_the_disk", "disk_fills"),
    *("journal_shorter_than_data", "key_ends"),
    # Which of several facts is the wrong one only people know.
    "total_smaller_than_parts",
}
"""Checks without a button."""


def buttons(name: str) -> set[MendingKind]:
    found = BY_NAME[name].look(BROKEN[name]()).repairs
    return {one.mending.kind for one in found if one.mending is not None}


def test_most_checks_have_a_button_and_the_others_are_counted_here():
    with_button = {name for name in BROKEN if buttons(name)}
    # A clock is put right by a button where its repair is proposed.
    assert BY_HAND.isdisjoint(with_button)
    assert set(BROKEN) == with_button | BY_HAND | {"gateway_clock", "quarantined"}
    assert len(with_button) > len(BROKEN) / 2


ROWS = [name for name in BROKEN if MendingKind.ROW in buttons(name)]
SAID = {
    "area_m2": "1200",
    "persons": "80",
    "zone": ZONE,
    "name_zh": "名",
    "max_per_hour": "500",
    "calibrated_until": "2031-01-01",
    "digits": "7",
    "low": "-50",
    "account": "77",
    "meter": "lights",
    "gateway": GATEWAY,
    "point": "new",
    "unit": "MWh",
    "code": "new-meter",
    "dc_role": "it",
    "source": "the notice",
    "valid_to": "2028-01-01",
    "start": "07:30",
    "value": "0.55",
}
"""What a person fills in, where it is asked."""


BOOKED_AGAIN = {
    *("limit_too_low", "runs_backwards", "out_of_range", "slower_than_step"),
    *("unit_of_total", "unit_by_area"),
}


@pytest.mark.parametrize("name", [one for one in ROWS if one != "unused_point"])
def test_the_rows_of_a_button_are_taken_in_and_mend_what_was_found(name):
    facts = BROKEN[name]()
    found = BY_NAME[name].look(facts).repairs[0]
    assert found.mending is not None
    values = {one: SAID[one] for one in found.mending.asks if one in SAID}
    assert bool(values) == bool(found.mending.asks)
    rows = filled_in(found.mending, values)
    text = csv_text([tuple(rows[0]), *(tuple(row.values()) for row in rows)])
    before = facts.reach.registry
    taken = together(before, read_registry_texts({found.mending.file: text}, before))
    assert taken != before
    after = replace(facts, reach=Reach(taken, Scope(frozenset(taken.nodes), whole=True)))
    told_now = [(one.code, one.said) for one in BY_NAME[name].look(after).repairs]
    # What the ledger found stays until the days are computed again.
    assert (found.code, found.said) not in told_now or name in BOOKED_AGAIN


def test_a_register_of_no_meter_is_given_one_that_has_none():
    facts = BROKEN["no_register"]()
    known = facts.reach.registry
    spare = replace(known, points={**known.points, SPARE.id: SPARE})
    facts = replace(facts, reach=Reach(spare, facts.reach.scope))
    (found,) = BY_NAME["unused_point"].look(facts).repairs
    (row,) = filled_in(found.mending, {"meter": "whole"})  # type: ignore[arg-type]
    text = csv_text([tuple(row), tuple(row.values())])
    taken = together(spare, read_registry_texts({"points.csv": text}, spare))
    assert taken.meters_of_point(SPARE.id)


def test_what_is_not_asked_is_refused_and_so_is_saying_nothing():
    asked = Mending(MendingKind.ROW, "tree.csv", ({"code": "a", "area_m2": ""},), ("area_m2",))
    with pytest.raises(InvalidInput) as refused:
        filled_in(asked, {"code": "b"})
    assert refused.value.field == "code"
    with pytest.raises(InvalidInput) as empty:
        filled_in(asked, {"area_m2": " "})
    assert empty.value.field == "area_m2"
    assert filled_in(asked, {"area_m2": " 12 "}) == [{"code": "a", "area_m2": "12"}]


def test_of_a_point_that_served_before_only_the_row_that_holds_is_filled_in():
    turn, over = date(2026, 1, 1), date(2026, 11, 1)
    first, *rest = registry().installations
    before = replace(first, valid=Validity(None, turn), calibrated_until=turn)
    now = replace(first, valid=Validity(turn, None), calibrated_until=over)
    facts = of(installations=(before, now, *rest))()
    (found,) = BY_NAME["calibration_expired"].look(facts).repairs
    rows = filled_in(found.mending, {"calibrated_until": "2031-01-01"})  # type: ignore[arg-type]
    told = {row["valid_from"]: row["calibrated_until"] for row in rows}
    assert told == {"": "2026-01-01", "2026-01-01": "2031-01-01"}
