"""The registry as it is read: nodes, meters and points."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import paging
from api.answers.common import PageAnswer
from api.answers.registry import MeterAnswer, NodeAnswer, NodeMetersAnswer, PointAnswer
from api.auth import Reader
from api.paging import Cursor, Limit
from api.params import Code, example
from api.reach import Reach
from metering import items
from metering.registry import Meter, Node, NodeType, Point
from texts import word

router = APIRouter(prefix="/v1", tags=["registry"])

NODE_EXAMPLE = {
    "code": "office-a",
    "type": "building",
    "name_zh": "甲办公楼",
    "name_en": "Office building A",
    "zone": "Asia/Shanghai",
    "area_m2": "12500",
    "persons": 480,
    "institution": "bureau",
    "parents": ["campus"],
    "children": ["office-a-f1"],
    "reached": [{"valid_from": None, "valid_to": None}],
}
METER_EXAMPLE = {
    "code": "office-a-ac",
    "node": "office-a",
    "item": "01B00",
    "item_name_zh": "空调",
    "item_name_en": "Air conditioning",
    "unit": "kWh",
    "total": False,
    "step_min": 15,
    "dc_role": None,
    "name_zh": "",
    "name_en": "",
    "installations": [
        {
            "point": 12,
            "ratio": "40",
            "digits": 6,
            "register_unit": "kWh",
            "signed": False,
            "direction": "import",
            "accuracy_class": None,
            "calibrated_until": None,
            "valid_from": None,
            "valid_to": None,
        }
    ],
    "formulas": [],
}
POINT_EXAMPLE = {
    "id": 12,
    "gateway": "campus/gw-1",
    "name": "E1.import",
    "kind": "register",
    "unit": "kWh",
    "role": None,
    "node": None,
    "low": None,
    "high": None,
    "meters": ["office-a-ac"],
}


def node_json(reach: Reach, node: Node) -> NodeAnswer:
    """A node with its neighbours inside the scope."""
    registry, code = reach.registry, node.code
    return {
        "code": node.code,
        "type": str(node.type),
        "name_zh": node.name_zh,
        "name_en": node.name_en,
        "zone": registry.zone(node.code),
        "area_m2": None if node.area_m2 is None else str(node.area_m2),
        "persons": node.persons,
        "institution": reach.institution_of(code),
        "parents": [one for one in registry.parents(code) if reach.joined(one, code)],
        "children": [one for one in registry.children(code) if reach.joined(code, one)],
        "reached": [
            {"valid_from": _day(days.start), "valid_to": _day(days.end)}
            for days in reach.scope.days(code)
        ],
    }


def meter_json(reach: Reach, meter: Meter) -> MeterAnswer:
    """A meter with its installations and formulas."""
    return {
        "code": meter.code,
        "node": meter.node,
        "item": meter.item,
        "item_name_zh": word("item", meter.item, "zh"),
        "item_name_en": word("item", meter.item, "en"),
        "unit": meter.unit,
        "total": meter.total,
        "step_min": meter.step_min,
        "dc_role": meter.dc_role,
        "name_zh": meter.name_zh,
        "name_en": meter.name_en,
        "installations": [
            {
                "point": one.point,
                "ratio": str(one.ratio),
                "digits": one.digits,
                "register_unit": one.register_unit,
                "signed": one.signed,
                "direction": str(one.direction),
                "accuracy_class": one.accuracy_class or None,
                "calibrated_until": _day(one.calibrated_until),
                "valid_from": one.starts or _day(one.valid.start),
                "valid_to": one.ends or _day(one.valid.end),
            }
            for one in reach.registry.installations_of(meter.code)
            if one.point in reach.points
            and any(one.valid.overlaps(days) for days in reach.scope.days(meter.node))
        ],
        "formulas": [
            {
                "formula": one.formula or None,
                "members": list(one.members),
                "members_left_out": one.members_left_out,
                "valid_from": _day(one.valid.start),
                "valid_to": _day(one.valid.end),
            }
            for one in reach.formulas_of(meter)
        ],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def point_json(reach: Reach, point: Point) -> PointAnswer:
    """A point with the meters it serves."""
    return {
        "id": point.id,
        "gateway": point.gateway,
        "name": point.name,
        "kind": str(point.kind),
        "unit": point.unit,
        "role": point.role,
        "node": point.node,
        "low": point.low,
        "high": point.high,
        "meters": sorted({one.meter for one in reach.registry.meters_of_point(point.id)}),
    }


@router.get("/nodes", responses=example({"data": [NODE_EXAMPLE], "next": None}))
def nodes(
    request: Request,
    response: Response,
    caller: Reader,
    type: Annotated[NodeType | None, Query(description="Only nodes of this type")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[NodeAnswer]:
    """The space tree, as far as the key reaches, sorted by code."""
    reach = caller.reach
    inside = [
        reach.registry.nodes[c] for c in sorted(reach.scope.nodes & reach.registry.nodes.keys())
    ]
    wanted = [node for node in inside if type is None or node.type is type]
    page, following = paging.cut(wanted, lambda n: (n.code,), paging.decode(cursor, str), limit)
    return paging.answer(request, response, [node_json(reach, n) for n in page], following)


@router.get("/nodes/{code}", responses=example({**NODE_EXAMPLE, "meters": [METER_EXAMPLE]}))
def node(code: str, caller: Reader) -> NodeMetersAnswer:
    """One node with its neighbours and the meters that hang on it."""
    found = caller.reach.node(code)
    meters = caller.reach.registry.meters_at(code)
    return {
        **node_json(caller.reach, found),
        "meters": [meter_json(caller.reach, meter) for meter in meters],
    }


@router.get("/meters", responses=example({"data": [METER_EXAMPLE], "next": None}))
def meters(
    request: Request,
    response: Response,
    caller: Reader,
    node: Code = None,
    item: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[MeterAnswer]:
    """Meters, sorted by code; of one node's subtree or one item if asked."""
    reach = caller.reach
    under = None if node is None else reach.registry.subtree(reach.node(node).code)
    wider = None if item is None else items.check_item(item)
    wanted = [
        meter
        for meter in reach.meters.values()
        if (under is None or meter.node in under)
        and (wider is None or items.covers(wider, meter.item))
    ]
    page, following = paging.cut(wanted, lambda m: (m.code,), paging.decode(cursor, str), limit)
    return paging.answer(request, response, [meter_json(reach, m) for m in page], following)


@router.get("/points", responses=example({"data": [POINT_EXAMPLE], "next": None}))
def points(
    request: Request,
    response: Response,
    caller: Reader,
    gateway: Code = None,
    meter: Code = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> PageAnswer[PointAnswer]:
    """Points, sorted by id; of one gateway (`site/code`) or one meter if asked."""
    reach = caller.reach
    if gateway is not None:
        reach.gateway(gateway)
    serving = None
    if meter is not None:
        of_meter = reach.registry.installations_of(reach.meter(meter).code)
        serving = {one.point for one in of_meter}
    wanted = [
        point
        for point in reach.points.values()
        if (gateway is None or point.gateway == gateway)
        and (serving is None or point.id in serving)
    ]
    page, following = paging.cut(wanted, lambda p: (p.id,), paging.decode(cursor, int), limit)
    return paging.answer(request, response, [point_json(reach, p) for p in page], following)
