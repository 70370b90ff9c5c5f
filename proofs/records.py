"""`python -m proofs records`: a year in fast motion, and everything told in it still stands.

A campus publishes a year over MQTT to a platform whose clock jumps from stop to stop. On the way
prices are edited, files with holes imported, readings sent late and put right again, cases
acknowledged, resolved and expected, baselines fitted anew, books rebuilt, half of the journal
expired, folders of earlier versions upgraded. What the platform told first is kept here and
compared with what it tells later.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from greenoffice.client import ApiClient
from greenoffice.demo.options import INSTITUTION
from metering.errors import GreenOfficeError
from metering.localtime import day_bounds, iso
from proofs.expiry import rebuilt_after_expiry
from proofs.records_acts import ExportedRegistry, replaced, without_columns, without_rows
from proofs.records_folders import open_all
from proofs.records_watch import Books, Cases, Reports
from proofs.records_world import Stop, Year
from proofs.steps import finish, last_json, run, say, wait_until
from simulators.campus import ZONE

PRICE: Final = ("tariff.csv", ",peak,1.10,", ",peak,2.05,")
FACTOR: Final = ("factors.csv", ",0.5306,", ",0.9999,")
TEXTS: Final = frozenset({"name_zh", "name_en", "area_m2", "persons"})
NONE: Final = (
    "changed",
    "renumbered",
    "vanished",
    "untraced_changes",
    "restatements_without_news",
    "rows_lost",
    "registry_rows_lost",
    "news_without_restatement",
    "undone_left",
    "taken_without_reason",
    "restated_by_rebuild",
    "folders_refused",
    "not_tried",
)
SOME: Final = (
    "reports",
    "cases",
    "cases_grown",
    "news",
    "registry_changes",
    "refused_without_reason",
    "folders_opened",
    "segments_expired",
)


@dataclass
class RecordsProof:
    """The year, and what is watched of it."""

    year: Year
    registry: ExportedRegistry
    cases: Cases
    reports: Reports
    books: Books
    grown: set[str] = field(default_factory=set)
    undone_left: int = 0
    restated_by_rebuild: int = 0
    not_tried: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, root: Path, seed: int) -> RecordsProof:
        """A year and its records in a new folder."""
        year = Year.make(root, seed)
        scratch = root / "files"
        scratch.mkdir()
        folder = year.folder
        return cls(year, ExportedRegistry(folder, scratch), Cases(), Reports(folder), Books(folder))

    def stop(self, stop: Stop, act: Callable[[RecordsProof, ApiClient], None] | None) -> None:
        """Look, do what is due, and look again."""
        with self.year.at(stop) as client:
            self._look(client)
            if stop.month is not None:
                self.reports.take(stop.month, 1)
            if act is not None:
                say(f"  {act.__name__.replace('_', ' ')}")
                act(self, client)
                self.year.rest(client)
                self._look(client)

    def _look(self, client: ApiClient) -> None:
        before = self.cases.grown
        self.reports.look()
        self.cases.look(client)
        self.books.look(client)
        now = self.cases.grown
        self.grown |= {number for number, hours in before.items() if now[number] > hours}


Act = Callable[[RecordsProof, ApiClient], None]


def run_records_check(seed: int) -> None:
    """The whole year; exit status 1 where anything that was told is told otherwise."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-records-") as temporary:
        root = Path(temporary)
        records = RecordsProof.make(root, seed)
        for stop, act in _planned(records.year.stops()):
            say(f"{stop.day}" + ("" if stop.month is None else f", report of {stop.month:%Y-%m}"))
            records.stop(stop, act)
            if act is a_rebuild_is_due:
                _rebuild(records)
        say("half of the journal expires, and the books are rebuilt")
        expired = rebuilt_after_expiry(records.year.folder)
        records.books.keep()
        opened, wrong = open_all(root)
        for line in (*records.registry.untraced[:9], *records.reports.changed[:9], *wrong):
            say(line)
        told = _told(records, expired, opened, wrong)
    finish({"seed": seed, **told}, passed(told))


def passed(told: dict[str, Any]) -> bool:
    """Nothing that must not happen did, and everything that was to be tried was."""
    return not any(told[name] for name in NONE) and all(told[name] for name in SOME)


def _planned(stops: list[Stop]) -> list[tuple[Stop, Act | None]]:
    """Each stop with what happens there: acts one a report, and somebody who looks after a case
    in the middle of its event."""
    acts = iter(ACTS)
    return [
        (stop, None if n == 0 else somebody_looks_after_a_case)
        if stop.month is None
        else (stop, next(acts, None))
        for n, stop in enumerate(stops)
    ]


def _told(
    records: RecordsProof, expired: dict[str, Any], opened: int, wrong: list[str]
) -> dict[str, Any]:
    without_news = records.books.without_news()
    for line in (*without_news[:9], *records.books.news_unlogged[:9]):
        say(line)
    return {
        "reports": len(records.reports.first),
        "reports_compared": records.reports.compared,
        "changed": len(records.reports.changed),
        "cases": len(records.cases.seen),
        "cases_grown": len(records.grown),
        "renumbered": len(records.cases.renumbered),
        "vanished": len(records.cases.vanished),
        "registry_changes": records.registry.changed,
        "untraced_changes": len(records.registry.untraced),
        "refused_without_reason": records.registry.refused,
        "taken_without_reason": records.registry.taken_without_reason,
        "registry_rows_lost": records.registry.rows_lost,
        "restatements": dict(sorted(records.books.causes().items())),
        "restatements_without_news": len(without_news),
        "news": records.books.news,
        "news_without_restatement": len(records.books.news_unlogged),
        "undone_left": records.undone_left,
        "rows": len(records.books.settled),
        "rows_lost": len(records.books.lost) + expired["rows_lost"],
        "segments_expired": expired["segments_expired"],
        "restated_by_rebuild": records.restated_by_rebuild + expired["restated"],
        "folders_opened": opened,
        "folders_refused": len(wrong),
        "not_tried": records.not_tried,
    }


def _rebuild(records: RecordsProof) -> None:
    told = last_json(run("rebuild", str(records.year.folder.root)))
    records.restated_by_rebuild += told["restated"]
    records.books.keep()


def somebody_looks_after_a_case(records: RecordsProof, client: ApiClient) -> None:
    """The newest open one is acknowledged while its event goes on."""
    standing = _cases(records, "open")
    if standing:
        client.post(f"/v1/findings/{standing[-1]}/acknowledge", {"note": "on my way"})


def a_reading_comes_late(_: RecordsProof, client: ApiClient) -> None:
    """In a month that was told."""
    _send(client, _half_lower(client, date(2025, 10, 16)))


def a_price_is_edited(records: RecordsProof, client: ApiClient) -> None:
    """Without a reason, then with one."""
    records.registry.edit_without_reason(replaced(*PRICE))
    records.registry.edit(client, replaced(*PRICE))


def files_have_holes(records: RecordsProof, client: ApiClient) -> None:
    """A meter is gone from its file, and texts from the tree."""
    records.registry.drop(client, without_rows("meters.csv", "canteen-ac,"))
    records.registry.drop(client, without_columns("tree.csv", TEXTS))
    records.registry.drop(client, without_rows("points.csv", "campus/gw-b"))


def a_reading_is_wrong_for_an_hour(records: RecordsProof, client: ApiClient) -> None:
    """Put right before anybody took it."""
    before = sum(records.books.causes().values())
    wrong = _half_lower(client, date(2025, 12, 9))
    _send(client, wrong)
    records.year.rest(client)
    _send(client, {**wrong, "value": wrong["was"]})
    records.year.rest(client)
    records.undone_left += sum(records.books.causes().values()) - before


def people_settle_cases(records: RecordsProof, client: ApiClient) -> None:
    """One is fixed, one expected."""
    standing = _cases(records, "open") + _cases(records, "acknowledged")
    for number, state in zip(standing, ("fix", "expect"), strict=False):
        client.post(f"/v1/findings/{number}/{state}", {"note": "时间表已改 (schedule)"})


def a_factor_is_edited(records: RecordsProof, client: ApiClient) -> None:
    """Of all years at once, with a reason."""
    records.registry.edit_without_reason(replaced(*FACTOR))
    records.registry.edit(client, replaced(*FACTOR))


def baselines_are_fitted_anew(records: RecordsProof, client: ApiClient) -> None:
    """For a reason that a person gives."""
    body = {"reason": "改造后 (after a retrofit)", "from": "2026-02-01"}
    try:
        client.post("/v1/baselines/office-a-ac", body)
    except GreenOfficeError as refused:
        records.not_tried.append(f"refit: {refused}")


def a_second_issue_is_made(records: RecordsProof, client: ApiClient) -> None:
    """Of the month whose reading came late."""
    client.post(f"/v1/reports/{INSTITUTION}/2025-10/issues", {"reason": "迟到读数 (late)"})
    records.reports.take(date(2025, 10, 1), 2)


def a_rebuild_is_due(_: RecordsProof, client: ApiClient) -> None:
    """After this stop; until then another reading comes late."""
    _send(client, _half_lower(client, date(2026, 1, 13)))


ACTS: Final[tuple[Act, ...]] = (
    files_have_holes,
    a_reading_comes_late,
    a_price_is_edited,
    a_reading_is_wrong_for_an_hour,
    people_settle_cases,
    a_factor_is_edited,
    baselines_are_fitted_anew,
    a_second_issue_is_made,
    a_rebuild_is_due,
    people_settle_cases,
    files_have_holes,
)


def _cases(records: RecordsProof, state: str) -> list[str]:
    found = (number for number, one in records.cases.seen.items() if one["state"] == state)
    return sorted(found, key=int)


def _half_lower(client: ApiClient, day: date) -> dict[str, Any]:
    """A register at a day's midnight as if it had stood half a slot lower."""
    point = client.get("/v1/points", meter="office-a-ac")["data"][0]
    midnight_us = day_bounds(day, ZONE)[0]
    span = {"start": iso(midnight_us - 7_200_000_000), "end": iso(midnight_us + 1)}
    before, last = client.get(f"/v1/points/{point['id']}/readings", **span)["data"][-2:]
    value = (before["value"] + last["value"]) / 2
    return {"point": point, "time": last["time"], "value": value, "was": last["value"], **span}


def _send(client: ApiClient, told: dict[str, Any]) -> None:
    """Push a reading, and wait until it is the one that is stored."""
    point = told["point"]
    reading = {"point": point["name"], "time": told["time"], "value": told["value"]}
    answer = client.post("/v1/ingest", {"readings": [reading]}, gateway=point["gateway"])
    assert not answer["refused"], answer
    span = {"start": told["start"], "end": told["end"]}
    place = f"/v1/points/{point['id']}/readings"
    wait_until(
        "the reading to be stored",
        lambda: bool(client.get(place, **span)["data"][-1]["value"] == told["value"]),
    )
