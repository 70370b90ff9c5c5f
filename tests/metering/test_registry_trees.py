"""The trees of the registry: every node has one way up, and walls hold."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.access import ApiKey, Role, Scope
from metering.errors import NotFound
from metering.reading import Kind
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

DAY = date(2026, 11, 24)
MAYBE_DAY = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 3, 1)))
VALIDITY = st.builds(Validity, MAYBE_DAY, MAYBE_DAY).filter(
    lambda v: v.start is None or v.end is None or v.start < v.end
)


@st.composite
def trees(draw):
    """A registry whose node n hangs on an earlier one, or on none."""
    count = draw(st.integers(1, 12))
    parents = [
        draw(st.one_of(st.none(), st.integers(0, n - 1))) if n else None for n in range(count)
    ]
    types = [draw(st.sampled_from(NodeType)) for _ in range(count)]
    zones = [
        draw(st.sampled_from([None, None, "Asia/Shanghai", "Asia/Urumqi"])) for _ in range(count)
    ]
    nodes = {f"n{n}": Node(f"n{n}", types[n], zone=zones[n]) for n in range(count)}
    edges = [SpaceEdge(f"n{p}", f"n{n}") for n, p in enumerate(parents) if p is not None]
    return Registry(nodes=nodes, space=tuple(edges))


def way_up(registry, node):
    chain = []
    while parents := registry.parents(node):
        node = parents[0]
        chain.append(node)
    return chain


@given(trees())
def test_subtree_holds_exactly_the_nodes_whose_way_up_meets_it(registry):
    for root in registry.nodes:
        below = {n for n in registry.nodes if root == n or root in way_up(registry, n)}
        assert registry.subtree(root) == below


@given(trees())
def test_ancestors_are_the_way_up_nearest_first(registry):
    for node in registry.nodes:
        assert registry.ancestors(node) == way_up(registry, node)


@given(trees())
def test_the_institution_is_the_nearest_at_or_above(registry):
    for node in registry.nodes:
        line = [node, *way_up(registry, node)]
        bodies = [n for n in line if registry.nodes[n].type is NodeType.INSTITUTION]
        assert registry.institution(node) == (bodies[0] if bodies else "")


@given(trees())
def test_a_zone_comes_from_itself_else_from_above(registry):
    for node in registry.nodes:
        zones = [registry.nodes[n].zone for n in [node, *way_up(registry, node)]]
        named = [zone for zone in zones if zone]
        if named:
            assert registry.zone(node) == named[0]
        elif not any(registry.nodes[n].zone for n in registry.subtree(node)):
            assert registry.zone(node) == "UTC"


@given(trees())
def test_a_scope_reaches_its_subtree_and_nothing_else(registry):
    for root in registry.nodes:
        scope = Scope.of(ApiKey("k", "key", root, Role.READ), registry)
        assert not scope.whole
        for node in registry.nodes:
            if node in registry.subtree(root):
                assert scope.check(node) == node
            else:
                with pytest.raises(NotFound):
                    scope.check(node)


def test_a_key_of_a_vanished_node_reaches_nothing():
    registry = Registry(nodes={"a": Node("a", NodeType.SITE)})
    assert Scope.of(ApiKey("k", "key", "gone", Role.ADMIN), registry).nodes == frozenset()
    assert Scope.of(ApiKey("k", "key", "", Role.READ), registry).whole


@given(VALIDITY, VALIDITY)
def test_two_validities_overlap_where_a_day_holds_in_both(one, other):
    days = [date(2025, 12, 31) + timedelta(days=n) for n in range(62)]
    shared = any(one.holds(day) and other.holds(day) for day in days)
    assert one.overlaps(other) == other.overlaps(one) == shared


def test_dated_edges_move_a_node():
    moved = date(2026, 7, 1)
    nodes = {code: Node(code, NodeType.BUILDING) for code in ("old", "new", "room")}
    registry = Registry(
        nodes=nodes,
        space=(
            SpaceEdge("old", "room", valid=Validity(None, moved)),
            SpaceEdge("new", "room", valid=Validity(moved, None)),
        ),
    )
    assert registry.parents("room", moved - timedelta(days=1)) == ["old"]
    assert registry.parents("room", moved) == ["new"]
    assert registry.parents("room") == ["old", "new"]
    assert registry.children("old", moved) == []
    assert registry.subtree("old") == {"old", "room"}


def test_a_building_shared_by_two_appears_once_in_each():
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in ("a", "b")}
    nodes["house"] = Node("house", NodeType.BUILDING)
    registry = Registry(
        nodes=nodes,
        space=(
            SpaceEdge("a", "house", valid=Validity(None, DAY)),
            SpaceEdge("a", "house", valid=Validity(DAY, None)),
            SpaceEdge("b", "house"),
        ),
    )
    assert registry.children("a") == ["house"]
    assert registry.ancestors("house") == ["a", "b"]


def test_a_circle_ends_the_walk():
    nodes = {code: Node(code, NodeType.SITE) for code in ("a", "b")}
    registry = Registry(nodes=nodes, space=(SpaceEdge("a", "b"), SpaceEdge("b", "a")))
    assert registry.subtree("a") == {"a", "b"}
    assert registry.ancestors("a") == ["b"]


def test_lookups_by_natural_key():
    gateway = Gateway("site", "gw")
    point = Point(7, gateway.user, "E1", Kind.REGISTER, "kWh", role="outdoor_temperature", node="a")
    registry = Registry(
        nodes={"a": Node("a", NodeType.SITE)},
        gateways={gateway.user: gateway},
        meters={m: Meter(m, "a", "01000") for m in ("main", "sub")},
        supply=(SupplyEdge("main", "sub"),),
        points={7: point},
        installations=(Installation("main", 7),),
    )
    assert registry.point_of("site/gw", "E1") is point
    assert registry.point_of("site/gw", "E2") is None
    assert [m.code for m in registry.meters_at("a")] == ["main", "sub"]
    assert registry.feeders("sub") == ["main"]
    assert registry.feeders("main") == []
    assert [i.meter for i in registry.meters_of_point(7)] == ["main"]
    assert [i.point for i in registry.installations_of("main")] == [7]
    assert registry.points_of_role("outdoor_temperature", frozenset("a")) == [point]
    assert registry.points_of_role("outdoor_temperature", frozenset("b")) == []
    with pytest.raises(NotFound, match="nowhere"):
        registry.node("nowhere")


@pytest.mark.parametrize(
    ("zh", "en", "language", "shown"),
    [
        ("办公楼", "Office", "zh-CN", "办公楼"),
        ("办公楼", "Office", "en", "Office"),
        ("", "Office", "zh-CN", "Office"),
        ("办公楼", "", "en", "办公楼"),
        ("", "", "en", "a"),
    ],
)
def test_a_name_falls_back_rather_than_vanish(zh, en, language, shown):
    assert Node("a", NodeType.SITE, zh, en).name(language) == shown
