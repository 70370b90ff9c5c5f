"""What came of it: the stores, asked over /v1, against what the file of readings holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from greenoffice.client import ApiClient
from metering.localtime import iso, parse_instant
from proofs.join.history import JoinHistory, Shown
from proofs.join.office import METERS

_PAGE: Final = 1_000
DayEnergy = Mapping[date, Decimal | None]


@dataclass(frozen=True)
class StoredHistory:
    """How much of a file stands in the stores as it is in the file."""

    stored: int
    """Readings of the file that stand with their very value."""
    otherwise: int
    """Readings that stand with another value, or at a time that the file does not have."""


def stored_history(client: ApiClient, history: JoinHistory) -> StoredHistory:
    """Every reading of the time that a file covers, against the file."""
    points = {one["name"]: one["id"] for one in client.pages("/v1/points", limit=100)}
    stored = otherwise = 0
    for meter in METERS:
        wanted = {_us(one): one[1] for one in history.readings[meter.code]}
        span = {"start": iso(min(wanted)), "end": iso(max(wanted) + 1)}
        path = f"/v1/points/{points[meter.point]}/readings"
        for one in client.pages(path, **span, limit=_PAGE):
            is_same = wanted.get(parse_instant(one["time"])) == Decimal(str(one["value"]))
            stored += is_same
            otherwise += not is_same
    return StoredHistory(stored, otherwise)


def _us(shown: Shown) -> int:
    return round(shown[0].timestamp()) * 1_000_000


def energy_by_day(client: ApiClient, meter: str, first: date, last: date) -> DayEnergy:
    """What is told of a meter on each local day of [first, last] [unit]; None where nothing is."""
    end = last + timedelta(days=1)
    rows = client.get("/v1/energy", meter=meter, step="day", start=first, end=end)["data"]
    return {first + timedelta(days=n): _exact(one["value"]) for n, one in enumerate(rows)}


def _exact(said: str | None) -> Decimal | None:
    return None if said is None else Decimal(said)


def days_told_otherwise(client: ApiClient, history: JoinHistory) -> list[str]:
    """Days whose energy is not what the registers say, with both; [] where all are."""
    found = []
    for meter in METERS:
        wanted = history.days[meter.code]
        told = energy_by_day(client, meter.code, min(wanted), max(wanted))
        found += [
            f"{meter.code} {day}: {told.get(day)}, not {energy}"
            for day, energy in wanted.items()
            if told.get(day) != energy
        ]
    return found
