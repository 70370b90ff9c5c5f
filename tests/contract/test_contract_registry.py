"""Laws of RegistryStore and Credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import Conflict, InvalidInput, NotFound, TooManyTries
from metering.factor import Factor
from metering.reading import Kind
from metering.registry import (
    Direction,
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    NodeType,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.differences import changes
from metering.registry.facts import FACTS
from metering.registry.kind import FactKind
from metering.registry.merge import ordered
from metering.tariff import TariffRow
from metering.tariff_sets import set_key
from metering.tries import FailedTries
from storage import Stores
from storage.registry_rules import CHANGES_KEPT
from tests.registry_examples import registered

CUT = date(2026, 3, 1)


def tariff_row(
    start_min: int,
    end_min: int,
    price: str,
    name: str = "tou",
    days: str = "all",
    **named: str,
) -> TariffRow:
    return TariffRow(
        tariff=name,
        item="01000",
        months=frozenset({1, 12, 7}),
        days=days,
        start_min=start_min,
        end_min=end_min,
        period="peak",
        price=Decimal(price),
        valid=Validity(CUT),
        source="invoice",
        grade="V",
        institution=named.get("institution", ""),
        node=named.get("node", ""),
        meter=named.get("meter", ""),
    )


def campus() -> Registry:
    """One of everything, with limits and without."""
    nodes = [
        Node("office", NodeType.INSTITUTION, "机关", "Office"),
        Node("site", NodeType.SITE, zone="Asia/Shanghai"),
        Node("tower", NodeType.BUILDING, area_m2=Decimal("1234.50"), persons=80),
    ]
    meters = [
        Meter("E0", "tower", "01000", total=True, max_per_hour=Decimal("99.9"), name_zh="总表"),
        Meter("E1", "tower", "01B00", step_min=60, dc_role="it", valid=Validity(CUT, None)),
        Meter("V", "tower", "01000"),
    ]
    points = [
        Point(70, "site/gw", "E0.import", Kind.REGISTER, "kWh"),
        Point(71, "site/gw", "T", Kind.INSTANT, "C", "outdoor_temperature", "site", -40.0, 60.0),
    ]
    return Registry(
        nodes={node.code: node for node in nodes},
        space=(
            SpaceEdge("office", "site"),
            SpaceEdge("site", "tower", "0.3", Validity(None, CUT)),
            SpaceEdge("site", "tower", "0.35", Validity(CUT, None)),
        ),
        gateways={"site/gw": Gateway("site", "gw", "网关", "Gateway")},
        routes=(
            Route("site/gw", "tele/+/SENSOR", "native", valid=Validity(None, CUT)),
            Route("site/gw", "tele/+/SENSOR", "csv", "separator=,", Validity(CUT, None)),
            Route("site/gw", "plant/#", "csv"),
        ),
        meters={meter.code: meter for meter in meters},
        supply=(SupplyEdge("E0", "E1", Validity(None, CUT)),),
        formulas=(
            MeterFormula("V", "E0 - 0.5 * E1", Validity(None, CUT)),
            MeterFormula("V", "E0", Validity(CUT)),
        ),
        points={point.id: point for point in points},
        installations=(
            Installation("E0", 70, Decimal("40.0"), 6, "MWh", Validity(None, CUT)),
            Installation(
                *("E0", 70, Decimal("40.0"), 6, "MWh", Validity(CUT, CUT + timedelta(days=2))),
                starts=f"{CUT}T10:00:00+08:00",
                ends=f"{CUT}T10:00:00+08:00/{CUT + timedelta(days=1)}T10:00:00+08:00",
                first=Decimal("12.50"),
                final=Decimal("4711.999"),
                signed=True,
                direction=Direction.EXPORT,
            ),
        ),
        tariff=(tariff_row(480, 720, "1.2345"), tariff_row(0, 480, "0.30")),
        factors=(Factor("01000", "kgco2", Decimal("0.5366"), "CN", Validity(CUT), "notice", "V"),),
        calendar=WorkCalendar.of(
            [
                CalendarDay(date(2026, 10, 1), DayKind.HOLIDAY, "国庆节"),
                CalendarDay(date(2026, 10, 5), DayKind.REST, "国庆节"),
            ]
        ),
    )


def apply(stores: Stores, wanted: Registry) -> dict[str, str]:
    return stores.registry.apply(wanted, actor="importer", now_us=9)


def renumbered(registry: Registry, ids: dict[int, int]) -> Registry:
    return replace(
        registry,
        points={ids[p.id]: replace(p, id=ids[p.id]) for p in registry.points.values()},
        installations=tuple(replace(i, point=ids[i.point]) for i in registry.installations),
    )


def test_nothing_is_registered_at_first(stores: Stores) -> None:
    assert stores.registry.load() == Registry()
    assert stores.registry.version() == 0


def test_everything_comes_back_whole(stores: Stores) -> None:
    apply(stores, campus())
    found = stores.registry.load()
    assert found == replace(ordered(renumbered(campus(), {70: 1, 71: 2})), version=1)
    assert list(found.nodes) == ["office", "site", "tower"]
    assert str(found.factors[0].value) == "0.5366"
    assert [row.start_min for row in found.tariff] == [480, 0]


def test_applying_twice_changes_nothing(stores: Stores) -> None:
    apply(stores, campus())
    before = stores.registry.load()
    assert apply(stores, campus()) == {}
    assert stores.registry.load() == before
    assert stores.registry.version() == before.version == 1
    assert len(stores.access.entries(None)) == 1


def test_the_order_of_arrival_does_not_show(stores: Stores) -> None:
    apply(stores, campus())
    first = stores.registry.load()
    shuffled = replace(
        campus(),
        nodes=dict(reversed(campus().nodes.items())),
        space=campus().space[::-1],
        meters=dict(reversed(campus().meters.items())),
    )
    apply(stores, shuffled)
    assert stores.registry.load() == first
    assert list(stores.registry.load().nodes) == list(first.nodes)


def test_what_has_the_same_key_is_replaced_and_the_rest_stays(stores: Stores) -> None:
    apply(stores, campus())
    moved = replace(campus().nodes["tower"], persons=90)
    closed = SpaceEdge("office", "site", valid=Validity(None, CUT))
    apply(stores, Registry(nodes={"tower": moved}, space=(closed,)))
    found = stores.registry.load()
    assert found.version == 2
    assert found.nodes == campus().nodes | {"tower": moved}
    assert set(found.space) == {closed, *campus().space[1:]}
    assert found.meters == campus().meters


def test_a_changed_route_leaves_its_trace_for_its_institution(stores: Stores) -> None:
    apply(stores, campus())
    apply(stores, Registry(routes=(Route("site/gw", "plant/#", "status"),)))
    assert [r.decoder for r in stores.registry.load().routes] == ["status", "native", "csv"]
    assert [r.decoder for r in stores.registry.load(1).routes] == ["csv", "native", "csv"]
    entry = stores.access.entries(None)[0]
    assert entry.institution == "office"
    (change,) = entry.detail["changes"]
    assert (change["kind"], change["key"]) == ("route", "site/gw plant/#")
    assert (change["old"]["decoder"], change["new"]["decoder"]) == ("csv", "status")


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.name)
def test_facts_of_a_file_are_kept_by_version_and_traced(
    stores: Stores, kind: FactKind[Any]
) -> None:
    wanted = registered(kind.table.name)
    apply(stores, registered())
    apply(stores, wanted)
    assert kind.of(stores.registry.load()) == kind.of(wanted)
    assert kind.of(stores.registry.load(1)) == ()
    last = max(kind.of(wanted), key=lambda fact: fact.valid.first)
    ended = replace(last, valid=replace(last.valid, end=date(2030, 1, 1)))
    apply(stores, Registry(more={kind.name: (ended,)}))
    found = kind.of(stores.registry.load())
    assert (set(found), len(found)) == ({*kind.of(wanted), ended} - {last}, len(kind.of(wanted)))
    assert kind.of(stores.registry.load(2)) == kind.of(wanted)
    entry = stores.access.entries(None)[0]
    (change,) = entry.detail["changes"]
    assert (change["kind"], change["new"]["valid_to"]) == (kind.name, "2030-01-01")
    assert entry.institution in ("i", "")


def test_points_keep_their_id(stores: Stores) -> None:
    apply(stores, campus())
    more = replace(
        campus(),
        points={
            1: Point(1, "site/gw", "new", Kind.STATE, "1"),
            2: replace(campus().points[70], id=2, high=1e9),
            3: replace(campus().points[71], id=3),
        },
        installations=(Installation("E1", 2),),
    )
    apply(stores, more)
    found = stores.registry.load()
    assert {p.name: p.id for p in found.points.values()} == {"E0.import": 1, "T": 2, "new": 3}
    assert found.points[1].high == 1e9
    assert {(i.meter, i.point) for i in found.installations} == {("E0", 1), ("E1", 1)}


def test_a_tariff_is_replaced_as_a_whole(stores: Stores) -> None:
    apply(stores, campus())
    apply(stores, Registry(tariff=(tariff_row(0, 1440, "0.9", "flat"),)))
    apply(stores, Registry(tariff=(tariff_row(420, 700, "2"),)))
    rows = {(row.tariff, row.start_min, row.price) for row in stores.registry.load().tariff}
    assert rows == {("flat", 0, Decimal("0.9")), ("tou", 420, Decimal(2))}


def twins(*starts: str) -> Registry:
    """A point that serves a meter anew from each of these times on the same day."""
    rows = (
        Installation("E0", 70, Decimal(n), valid=Validity(CUT), starts=f"{CUT}T{one}:00+08:00")
        for n, one in enumerate(starts, start=1)
    )
    return Registry(points=campus().points, installations=tuple(rows))


def test_installations_of_one_day_are_replaced_as_a_whole(stores: Stores) -> None:
    apply(stores, campus())
    kept = stores.registry.load().installations[0]
    for starts in (["10:07"], ["15:22", "10:07"], ["10:07", "15:25"], ["15:25"]):
        apply(stores, twins(*starts))
        first, *found = stores.registry.load().installations
        assert first == kept
        assert [one.starts[11:16] for one in found] == sorted(starts)
        apply(stores, twins(*starts[::-1]))
        assert [one.starts for one in stores.registry.load().installations[1:]] == [
            one.starts for one in found
        ]
    stood = [stores.registry.load(n).installations for n in range(2, stores.registry.version() + 1)]
    assert {len(one) for one in stood} == {2, 3}


def test_a_corrected_instant_is_logged_as_a_change(stores: Stores) -> None:
    apply(stores, campus())
    apply(stores, twins("10:07", "15:22"))
    apply(stores, twins("10:07", "15:25"))
    (change,) = stores.access.entries(None)[0].detail["changes"]
    key = f"E0 site/gw E0.import from {CUT} #1"
    assert (change["kind"], change["key"], change["change"]) == ("installation", key, "changed")
    assert change["old"]["valid_from"] == f"{CUT}T15:22:00+08:00"
    assert change["new"]["valid_from"] == f"{CUT}T15:25:00+08:00"


def test_tariffs_of_one_name_are_kept_apart_by_what_they_name(stores: Stores) -> None:
    things = [{}, {"institution": "office"}, {"node": "tower"}, {"node": "site"}, {"meter": "E1"}]
    rows = [tariff_row(0, 1440, f"0.{place}1", **named) for place, named in enumerate(things)]
    holiday = tariff_row(600, 840, "0.05", days="holiday", meter="E1")
    apply(stores, replace(campus(), tariff=(*rows, holiday)))
    found = stores.registry.load()
    assert found.tariff == tuple(sorted((*rows, holiday), key=set_key))
    cheaper = tariff_row(0, 1440, "0.01", node="tower")
    apply(stores, Registry(tariff=(cheaper,)))
    left = {row for row in rows if row.node != "tower"}
    assert set(stores.registry.load().tariff) == {*left, holiday, cheaper}


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("institution", "nobody", Registry(tariff=(tariff_row(0, 1, "1", institution="nobody"),))),
        ("node", "nowhere", Registry(tariff=(tariff_row(0, 1440, "1", node="nowhere"),))),
        ("meter", "M9", Registry(tariff=(tariff_row(0, 1440, "1", meter="M9"),))),
        ("child", "nowhere", Registry(space=(SpaceEdge("office", "nowhere"),))),
        ("site", "nowhere", Registry(gateways={"x": Gateway("nowhere", "x")})),
        ("node", "nowhere", Registry(meters={"M": Meter("M", "nowhere", "01000")})),
        ("fed", "M9", Registry(supply=(SupplyEdge("E0", "M9"),))),
        ("gateway", "a/b", Registry(points={5: Point(5, "a/b", "x", Kind.STATE, "1")})),
        ("point", 5, Registry(installations=(Installation("E0", 5),))),
    ],
)
def test_a_dangling_reference_is_refused_and_nothing_is_applied(
    stores: Stores, field: str, value: object, wanted: Registry
) -> None:
    apply(stores, campus())
    before = stores.registry.load()
    extra = {"annex": Node("annex", NodeType.BUILDING)}
    with pytest.raises(InvalidInput) as refused:
        apply(stores, replace(wanted, nodes=extra))
    assert (refused.value.field, refused.value.value) == (field, value)
    assert stores.registry.load() == before


def test_an_import_leaves_a_trace_where_it_belongs(stores: Stores) -> None:
    apply(stores, campus())
    (entry,) = stores.access.entries(frozenset({"office"}))
    assert (entry.actor, entry.action, entry.at_us) == ("importer", "registry.apply", 9)
    assert entry.detail["counts"]["meter"] == {"added": 3}
    assert entry.detail["total"] == len(entry.detail["changes"])


def test_the_log_holds_old_row_new_row_who_when_and_why(stores: Stores) -> None:
    apply(stores, campus())
    dearer = replace(campus().tariff[0], price=Decimal("2.05"))
    stores.registry.apply(
        Registry(tariff=(dearer, campus().tariff[1])), actor="editor", now_us=11, reason="new bill"
    )
    entry = stores.access.entries(None)[0]
    assert (entry.actor, entry.at_us, entry.reason) == ("editor", 11, "new bill")
    (change,) = entry.detail["changes"]
    assert (change["kind"], change["change"]) == ("tariff", "changed")
    assert (change["old"]["price"], change["new"]["price"]) == ("1.2345", "2.05")
    assert {k: v for k, v in change["old"].items() if k != "price"} == {
        k: v for k, v in change["new"].items() if k != "price"
    }


def test_the_log_holds_a_thousand_changes_and_counts_the_rest(stores: Stores) -> None:
    nodes = {f"n{n}": Node(f"n{n}", NodeType.CITY) for n in range(CHANGES_KEPT + 7)}
    apply(stores, Registry(nodes=nodes))
    (entry,) = stores.access.entries(None)
    assert len(entry.detail["changes"]) == CHANGES_KEPT == 1000
    assert entry.detail["total"] == entry.detail["counts"]["node"]["added"] == CHANGES_KEPT + 7


def test_a_change_made_for_another_version_is_refused(stores: Stores) -> None:
    apply(stores, campus())
    with pytest.raises(Conflict) as refused:
        stores.registry.apply(
            Registry(nodes={"x": Node("x", NodeType.CITY)}),
            actor="a",
            now_us=1,
            expected_version=0,
        )
    assert (refused.value.field, refused.value.value) == ("version", 1)
    assert "x" not in stores.registry.load().nodes
    assert len(stores.access.entries(None)) == 1


def edited() -> list[Registry]:
    """Imports one after another: a name, an end, a price, a price taken back, a tariff shortened,
    a ratio, a limit and a kind of day."""
    flat = tariff_row(0, 1440, "0.9", "flat")
    return [
        campus(),
        Registry(nodes={"tower": replace(campus().nodes["tower"], name_en="Tower")}),
        Registry(space=(SpaceEdge("office", "site", valid=Validity(None, CUT)),)),
        Registry(tariff=(replace(campus().tariff[0], price=Decimal(2)), campus().tariff[1])),
        Registry(tariff=campus().tariff),
        Registry(tariff=(flat, campus().tariff[1])),
        replace(campus(), installations=(replace(campus().installations[0], digits=8),)),
        twins("10:07", "15:22"),
        twins("10:08", "15:22", "18:00"),
        Registry(gateways={"site/gw": Gateway("site", "gw", "新网关")}),
        Registry(calendar=WorkCalendar.of([CalendarDay(date(2026, 10, 5), DayKind.WORKING)])),
    ]


def test_the_registry_is_read_as_it_stood_at_any_version(stores: Stores) -> None:
    stood = {0: stores.registry.load()}
    for wanted in edited():
        apply(stores, wanted)
        present = stores.registry.load()
        stood[present.version] = present
    assert len(stood) >= len(edited())
    assert {version: stores.registry.load(version) for version in stood} == stood
    assert stores.registry.load() == stood[max(stood)]


@pytest.mark.parametrize("version", [-1, 3])
def test_a_version_that_never_was_is_not_found(stores: Stores, version: int) -> None:
    apply(stores, campus())
    apply(stores, edited()[1])
    with pytest.raises(NotFound) as refused:
        stores.registry.load(version)
    assert (refused.value.field, refused.value.value) == ("version", version)
    assert refused.value.fix == "a version from 0 to 2"


def test_the_changes_of_an_import_follow_from_its_versions(stores: Stores) -> None:
    for wanted in edited():
        apply(stores, wanted)
    for entry in stores.access.entries(None):
        version = int(entry.subject.removeprefix("version "))
        found = changes(stores.registry.load(version - 1), stores.registry.load(version))
        assert [one.as_json() for one in found] == entry.detail["changes"]


def test_a_gateway_with_older_rows_keeps_its_password(stores: Stores) -> None:
    told = apply(stores, campus())["site/gw"]
    for name in ("一", "二"):
        assert apply(stores, Registry(gateways={"site/gw": Gateway("site", "gw", name)})) == {}
    assert stores.credentials.verify("site/gw", told.encode(), 0)
    renewed = stores.credentials.renew("site/gw", actor="engineer", now_us=11)
    assert stores.credentials.verify("site/gw", renewed.encode(), 0)


def test_passwords_are_told_once_and_hold(stores: Stores) -> None:
    told = apply(stores, campus())
    assert list(told) == ["site/gw"]
    assert apply(stores, campus()) == {}
    for _ in range(2):
        assert stores.credentials.verify("site/gw", told["site/gw"].encode(), 0)
        assert not stores.credentials.verify("site/gw", b"guess", 0)
    assert not stores.credentials.verify("site/other", told["site/gw"].encode(), 0)
    assert not stores.credentials.verify("site/gw", b"", 0)


def test_guesses_are_counted_by_user_and_who_is_known_needs_no_try(stores: Stores) -> None:
    told = apply(stores, campus())["site/gw"].encode()
    tries = FailedTries(lambda: 0.0, allowed=2).at("address")
    assert stores.credentials.verify("site/gw", told, 0, tries)
    for guess in (b"one", b"two"):
        assert not stores.credentials.verify("site/gw", guess, 0, tries)
        assert not stores.credentials.verify("site/none", guess, 0, tries)
    for user in ("site/gw", "site/none"):
        with pytest.raises(TooManyTries):
            stores.credentials.verify(user, b"three", 0, tries)
    assert stores.credentials.verify("site/gw", told, 0, tries)


def test_who_keeps_a_copy_of_the_hashes_learns_of_each_change(stores: Stores) -> None:
    """Also where the clock of who renews a password is behind that of the one before."""
    kept = stores.credentials
    states = [kept.state()]
    assert kept.all_stored() == {}
    assert kept.stored("site/gw") is None
    apply(stores, campus())
    states.append(kept.state())
    first = kept.all_stored()
    assert first == {"site/gw": kept.stored("site/gw")}
    for now_us in (50, 20, 30):
        kept.renew("site/gw", actor="engineer", now_us=now_us)
        states.append(kept.state())
        assert kept.all_stored() == {"site/gw": kept.stored("site/gw")} != first
    more = Gateway("site", "more", "")
    apply(stores, Registry(gateways={"site/more": more}))
    states.append(kept.state())
    assert kept.all_stored().keys() == {"site/gw", "site/more"}
    kept.renew("site/gw", actor="engineer", now_us=1)  # the other one was set last
    states.append(kept.state())
    assert len(set(states)) == len(states)
    assert kept.state() == states[-1]


def test_a_renewed_password_lets_the_old_one_in_for_a_while(stores: Stores) -> None:
    kept, old = stores.credentials, apply(stores, campus())["site/gw"].encode()
    new = kept.renew("site/gw", actor="engineer", now_us=11, keep_old_us=100).encode()
    assert [kept.verify("site/gw", old, now_us) for now_us in (110, 111)] == [True, False]
    assert [kept.verify("site/gw", new, now_us) for now_us in (110, 111)] == [True, True]
    assert not kept.verify("site/gw", b"guess", 110)
    (entry, *_) = stores.access.entries(frozenset({"office"}))
    assert entry.detail == {"old_holds_until_us": 111}


def test_a_revoked_gateway_is_let_in_by_nothing_until_it_has_a_new_password(stores: Stores) -> None:
    kept, old = stores.credentials, apply(stores, campus())["site/gw"].encode()
    states = [kept.state()]
    assert not kept.revoked("site/gw")
    kept.revoke("site/gw", actor="engineer", now_us=11)
    assert kept.revoked("site/gw")
    assert not kept.knows("site/gw")
    states.append(kept.state())
    assert kept.revoked("site/gw")
    assert not kept.verify("site/gw", old, 12)
    assert not kept.verify("site/gw", b"revoked", 12)
    assert apply(stores, campus()) == {}
    entry = stores.access.entries(frozenset({"office"}))[0]
    assert (entry.action, entry.subject) == ("gateway.revoke", "site/gw")
    new = kept.renew("site/gw", actor="engineer", now_us=13, keep_old_us=100).encode()
    states.append(kept.state())
    assert not kept.revoked("site/gw")
    assert kept.verify("site/gw", new, 14)
    assert not kept.verify("site/gw", old, 14)
    assert len(set(states)) == len(states)
    with pytest.raises(NotFound):
        kept.revoke("site/none", actor="engineer", now_us=11)


def test_a_renewed_password_replaces_the_old_one(stores: Stores) -> None:
    old = apply(stores, campus())["site/gw"]
    assert stores.credentials.verify("site/gw", old.encode(), 0)
    new = stores.credentials.renew("site/gw", actor="engineer", now_us=11)
    assert not stores.credentials.verify("site/gw", old.encode(), 0)
    assert stores.credentials.verify("site/gw", new.encode(), 0)
    entry = stores.access.entries(frozenset({"office"}))[0]
    assert (entry.action, entry.subject) == ("gateway.password", "site/gw")
    assert new not in repr(stores.access.entries(None))
    with pytest.raises(NotFound):
        stores.credentials.renew("site/none", actor="engineer", now_us=11)
