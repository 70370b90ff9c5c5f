"""What the platform says against what the simulator knows: the demo's line of JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from greenoffice.client import ApiClient
from greenoffice.demo.bills import KIND, bills_against_truth
from greenoffice.demo.options import SITE, ZONE
from greenoffice.demo.setting_up import DemoFolder
from greenoffice.demo.stored import count, missing, stored_times, within
from metering.localtime import HOUR_US, local_day, next_month, parse_instant
from simulators.labels import BY_NATURE, Label
from simulators.truth import published, read_hourly, read_labels, read_truth, summary

ENERGY_LIMIT_PERCENT = 0.01
HOUR_LIMIT_PERCENT = 0.1
MEMORY_LIMIT_MB = 1500
FALSE_FINDINGS_LIMIT = 2


@dataclass
class DemoSummary:
    """Figures by name, and which of them are not as they should be."""

    values: dict[str, Any] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """A sentence for each figure out of its bound; also counted into `problems`."""
        v = self.values
        rules = {
            "readings missing": v["missing"] == 0,
            "no duplicates published": v["duplicates_published"] > 0,
            "duplicates counted wrong": v["duplicates"] == v["duplicates_published"],
            "nothing bad published": v["bad_published"] > 0,
            "dead letters counted wrong": v["dead_letters"] == v["bad_published"],
            "no months compared": v["months_compared"] > 0,
            "monthly energy off": v["energy_error_percent"] <= ENERGY_LIMIT_PERCENT,
            "hourly energy off": v["hour_error_percent"] <= HOUR_LIMIT_PERCENT,
            "gap hours differ": v["gap_hours"] == v["gap_hours_injected"],
            "missing hours differ": v["missing_hours"] == v["missing_hours_injected"],
            "waste or faults not found": v["found"] == v["injected"],
            "too many false findings": v["false_findings"] <= FALSE_FINDINGS_LIMIT,
            "no bills entered": v["bills_entered"] > 0 or not v["billed"],
            "bills not entered": v["bills_entered"] == v["bills_sent"],
            "bills and books differ": v["bills_differ"] == 0,
            "another amount at stake": v["bills_at_stake"] == v["bills_at_stake_injected"],
            "audits object to right bills": v["bill_false_alarms"] == 0,
            "too much memory": v["peak_memory_mb"] <= MEMORY_LIMIT_MB,
        }
        broken = [name for name, holds in rules.items() if not holds]
        v["problems"] = len(broken)
        return broken


def summarise(demo: DemoFolder, client: ApiClient) -> DemoSummary:
    """Ask the API for everything and compare; takes some seconds."""
    values: dict[str, Any] = {"seed": demo.world.seed, "waste": demo.world.waste}
    values |= _delivery(demo, client)
    values |= _months(demo, client)
    values |= _hours(demo, client)
    values |= _findings(demo, client)
    values |= _bills(demo, client, values)
    before = local_day(demo.world.now_us, ZONE)
    answer = client.get("/v1/books/hash", before=before.isoformat())
    values |= {name: answer[name] for name in ("book_hash", "worth_hash")}
    return DemoSummary(values)


def _delivery(demo: DemoFolder, client: ApiClient) -> dict[str, int]:
    """Acknowledged according to the gateways' own files, against what the platform has."""
    files = summary(demo.folder.simulators)
    wanted = published(demo.folder.simulators)
    have = stored_times(client, wanted)
    codes = {f"{SITE}/{code}" for code, _ in wanted}
    gateways = [one for one in client.pages("/v1/gateways") if one["gateway"] in codes]
    return {
        "published": count(wanted),
        "stored": count(within(have, wanted)),
        "missing": missing(wanted, have),
        "duplicates_published": files.duplicates_published,
        "duplicates": sum(g["duplicates"] for g in gateways),
        "bad_published": files.bad_published,
        "dead_letters": sum(1 for _ in client.pages("/v1/dead-letters", limit=1000)),
    }


def _months(demo: DemoFolder, client: ApiClient) -> dict[str, Any]:
    """Monthly energy of every building against the truth."""
    worst, compared = 0.0, 0
    for node, months in read_truth(demo.folder.simulators)["months"].items():
        booked = {
            value["start"][:7]: value
            for value in _energy(client, "month", node=node, item="01000", **_span(demo))
        }
        for month, truth in months.items():
            compared += 1
            worst = max(worst, _error_percent(booked.get(month), truth))
    return {"months_compared": compared, "energy_error_percent": _rounded(worst)}


def _hours(demo: DemoFolder, client: ApiClient) -> dict[str, Any]:
    """Every hour of every meter against the truth, and hours known only in part."""
    hours_us, truth = read_hourly(demo.folder.simulators)
    true_value = {
        meter: dict(zip(hours_us.tolist(), one, strict=True)) for meter, one in truth.items()
    }
    known = read_truth(demo.folder.simulators)
    worst = apportioned = absent = 0.0
    compared = intervals = 0
    last = int(hours_us[-1]) + HOUR_US
    for meter in client.pages("/v1/meters", limit=1000):
        code = meter["code"]
        floor = known["hour_floor"].get(code, np.inf)
        for value in _hourly(client, demo, meter=code, item=meter["item"]):
            start_us = parse_instant(value["start"])
            if start_us + HOUR_US > last or value["provisional"]:
                continue
            shares = value["shares"]
            apportioned += shares["apportioned"]
            absent += shares["missing"]
            intervals += 4 if value["amount"] is not None else 0
            right = true_value.get(code, {}).get(start_us)
            if right is not None and shares["measured"] == 1 and right >= floor:
                compared += 1
                worst = max(worst, _error_percent(value, right))
    return {
        "intervals": intervals,
        "hours_compared": compared,
        "hour_error_percent": _rounded(worst),
        "gap_hours": round(apportioned, 4),
        "gap_hours_injected": known["gap_hours"],
        "missing_hours": round(absent, 4),
        "missing_hours_injected": known["missing_hours"],
    }


def _findings(demo: DemoFolder, client: ApiClient) -> dict[str, Any]:
    """Cases matched with labels: same meter, same pattern, overlapping hours, one to one. Those
    that readings refuted are told no more, and what is so by nature is neither found nor wrong."""
    labels = list(read_labels(demo.folder.simulators))
    injected = Counter(label.pattern for label in labels)
    found: Counter[str] = Counter()
    wrong = 0
    digest = hashlib.sha256()
    listed = [one for one in client.pages("/v1/findings", limit=1000) if one["state"] != "closed"]
    for one in sorted(listed, key=lambda one: (one["meter"], one["pattern"], one["start"])):
        finding = client.get(f"/v1/findings/{one['id']}")
        digest.update(_lasting(finding))
        if (finding["meter"], finding["pattern"]) in BY_NATURE:
            continue
        match = next((label for label in labels if _same(label, finding)), None)
        if match is None:
            wrong += 1
        else:
            labels.remove(match)
            found[match.pattern] += 1
    return {
        "findings_hash": digest.hexdigest(),
        "injected": dict(injected),
        "found": {pattern: found[pattern] for pattern in injected},
        "false_findings": wrong,
    }


def _bills(demo: DemoFolder, client: ApiClient, so_far: dict[str, Any]) -> dict[str, Any]:
    """Bills of suppliers; a wrong one is one more thing that was injected, and is to be found."""
    told = {"billed": demo.world.billed, **bills_against_truth(demo.folder, client)}
    wrong, found = told.pop("bills_wrong"), told.pop("bills_found")
    if wrong:
        told["injected"] = {**so_far["injected"], KIND: wrong}
        told["found"] = {**so_far["found"], KIND: found}
    return told


def _lasting(finding: dict[str, Any]) -> bytes:
    """A case's latest evidence without what depends on when it was found, in which order, and on
    what people said of it."""
    found = ("id", "part_of", "found_at", "history")
    passing = (*found, "state", "state_by", "state_note", "state_at", "closed")
    kept = {name: value for name, value in finding.items() if name not in passing}
    return json.dumps(kept, sort_keys=True).encode()


def _same(label: Label, finding: dict[str, Any]) -> bool:
    hours = {parse_instant(hour["time"]) for hour in finding["evidence"]}
    return (
        label.meter == finding["meter"]
        and label.pattern == finding["pattern"]
        and not hours.isdisjoint(label.hours)
    )


def _span(demo: DemoFolder) -> dict[str, str]:
    """The demo's days, today excluded: local dates for the API."""
    first = local_day(demo.world.start_us, ZONE)
    return {"start": first.isoformat(), "end": local_day(demo.world.now_us, ZONE).isoformat()}


def _energy(client: ApiClient, step: str, **query: str) -> list[dict[str, Any]]:
    values = client.get("/v1/energy", step=step, **query)["data"]
    assert isinstance(values, list)
    return values


def _hourly(client: ApiClient, demo: DemoFolder, **query: str) -> Iterator[dict[str, Any]]:
    """A month at a time: what is longer is answered by a worker, which takes memory of its own."""
    start, end = (date.fromisoformat(day) for day in _span(demo).values())
    while start < end:
        until = min(next_month(start), end)
        yield from _energy(client, "hour", start=start.isoformat(), end=until.isoformat(), **query)
        start = until


def _error_percent(value: dict[str, Any] | None, truth: float) -> float:
    if value is None or value["value"] is None:
        return 100.0
    return abs(float(value["value"]) - truth) / truth * 100


def _rounded(percent: float) -> float:
    """Six digits are enough to read, and never round an error down to none."""
    return float(np.ceil(percent * 1e6) / 1e6)
