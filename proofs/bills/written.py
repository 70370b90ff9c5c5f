"""Reads the bills that were worked out by hand. Knows nothing of how bills are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ACCOUNT = "3100-77"
ITEM = "01000"
REACTIVE = ("drawn", "fed")
_FILES = {
    "tariff": "tariff.csv",
    "calendar": "calendar.csv",
    "charges": "charges.csv",
    "tiers": "tiers.csv",
    "power_factors": "power_factors.csv",
}


@dataclass(frozen=True)
class WrittenLine:
    """name, quantity, price or percent, amount; None is not known."""

    name: str
    quantity: Decimal | None
    price: Decimal
    amount: Decimal | None
    days: tuple[date, date] | None = None
    """Where they are not all of the bill."""


@dataclass(frozen=True)
class WrittenMeter:
    """A meter with its load: what passes in each step from the first day on."""

    code: str
    item: str
    step_min: int
    first: date
    amounts: tuple[Decimal | None, ...]
    """kWh, kvarh or m3; None where no reading comes."""
    booked_min: int
    """Step of its books [min]; what it is read by may be finer."""
    kind: str = "interval"
    seldom: tuple[date, date] | None = None
    """Days on which it is read no more often than it is booked."""


@dataclass(frozen=True)
class WrittenBill:
    """A bill with all that it rests on."""

    name: str
    month: date
    files: Mapping[str, str]
    meters: tuple[WrittenMeter, ...]
    lines: tuple[WrittenLine, ...]
    within: tuple[WrittenLine, ...]
    total: Decimal
    complete: bool = True
    demand: Mapping[str, str] = field(default_factory=dict)
    power_factor: Mapping[str, str] = field(default_factory=dict)
    account: Mapping[str, str] = field(default_factory=dict)
    """Columns of the account's last row."""
    days: tuple[date, date] | None = None
    """Where they are none of the account's months."""


def written_bills() -> list[WrittenBill]:
    """All of them, in their order."""
    shared = _read("tariffs.yaml")
    return [_bill(one, shared) for one in _read("bills.yaml")]


def _read(name: str) -> Any:
    """Every value stays the text that stands there; BaseLoader makes nothing but texts."""
    return yaml.load((HERE / name).read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506


def _bill(one: Mapping[str, Any], shared: Mapping[str, Any]) -> WrittenBill:
    meters = tuple(
        _meter(code, load, str(one.get("item", ""))) for code, load in one["meters"].items()
    )
    rows = one.get("accounts") or [one.get("account", {})]
    files = _files(one["uses"], shared) | _registry(meters, rows, one["uses"])
    return WrittenBill(
        one["bill"],
        date.fromisoformat(f"{one['month']}-01"),
        files,
        meters,
        tuple(map(_line, one["lines"])),
        tuple(map(_line, one.get("within", ()))),
        Decimal(one["total"]),
        one.get("complete", "true") == "true",
        one.get("demand", {}),
        one.get("power_factor", {}),
        rows[-1],
        _span(one["days"]) if "days" in one else None,
    )


def _files(uses: Mapping[str, str], shared: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for kind, names in uses.items():
        pieces = "".join(shared[kind][name] for name in names.split())
        found[_FILES[kind]] = f"{shared[kind]['header']}\n{pieces}"
    return found


def _registry(
    meters: Sequence[WrittenMeter], rows: Sequence[Mapping[str, str]], uses: Mapping[str, str]
) -> dict[str, str]:
    """The places and meters of a bill, and its account."""
    points = [
        f"site/gw,{one.code},{one.kind},{_unit(one.item)},{one.code},{_way(one)}" for one in meters
    ]
    hung = [f"{one.code},house,{one.item},{one.booked_min},1000000" for one in meters]
    columns = sorted({name for row in rows for name in row})
    codes = {one.code for one in meters}
    fixed = {
        "account": ACCOUNT,
        "meter": "main",
        "plan": "p" if {"charges", "tiers"} & uses.keys() else "",
        "reactive": "drawn" if "drawn" in codes else "",
        "reactive_export": "fed" if "fed" in codes else "",
    }
    accounts = [
        ",".join([*fixed.values(), *(row.get(name, "") for name in columns)]) for row in rows
    ]
    return {
        "tree.csv": "code,parent,type,zone\nbody,,institution,Asia/Shanghai\n"
        "site,body,site,\nhouse,site,building,\n",
        "gateways.csv": "site,code\nsite,gw\n",
        "meters.csv": _csv("code,node,item,step_min,max_per_hour", hung),
        "points.csv": _csv("gateway,point,kind,unit,meter,direction", points),
        "accounts.csv": _csv(",".join([*fixed, *columns]), accounts),
    }


def _csv(header: str, rows: Sequence[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


def _unit(item: str) -> str:
    return {"01": "kWh", "90": "kvarh"}.get(item[:2], "m3")


def _way(meter: WrittenMeter) -> str:
    return "export" if meter.code == "fed" else "import"


def _line(text: str) -> WrittenLine:
    told, _, days = text.partition(" @ ")
    name, quantity, price, amount = told.split()
    return WrittenLine(
        name,
        None if quantity == "?" else Decimal(quantity),
        Decimal(price),
        None if amount == "?" else Decimal(amount),
        _span(days) if days else None,
    )


def _meter(code: str, load: Mapping[str, Any], item: str) -> WrittenMeter:
    if "m3" in load:
        ((days, amount),) = [row.split() for row in load["m3"]]
        first, after = map(date.fromisoformat, days.split("/"))
        return WrittenMeter(
            code, item or "02000", 1440, first, (Decimal(amount),) * (after - first).days, 1440
        )
    booked = int(load.get("step", 15))
    step = int(load.get("every", booked))
    rows = [row.split() for row in load["kvar" if code in REACTIVE else "kw"]]
    spans = [tuple(map(date.fromisoformat, days.split("/"))) for days, *_ in rows]
    first, after = min(one for one, _ in spans), max(one for _, one in spans)
    per_day = 1440 // step
    amounts: list[Decimal | None] = [None] * ((after - first).days * per_day)
    for (begins, ends), (_, hours, power) in zip(spans, rows, strict=True):
        start, end = (_minute(one) // step for one in hours.split("-"))
        passed = None if power == "none" else Decimal(power) * step / 60
        for day in range((begins - first).days, (ends - first).days):
            amounts[day * per_day + start : day * per_day + end] = [passed] * (end - start)
    return WrittenMeter(
        code,
        "90000" if code in REACTIVE else ITEM,
        step,
        first,
        tuple(amounts),
        booked,
        load.get("kind", "interval"),
        _span(load["seldom"]) if "seldom" in load else None,
    )


def _span(days: str) -> tuple[date, date]:
    first, after = map(date.fromisoformat, days.split("/"))
    return first, after


def _minute(text: str) -> int:
    if text == "24:00":
        return 1440
    at = datetime.strptime(text, "%H:%M")
    return int(timedelta(hours=at.hour, minutes=at.minute).total_seconds()) // 60
