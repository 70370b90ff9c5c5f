"""The records check notices what it is there for: each of its watchers is given a broken world."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from greenoffice.folder import DataFolder
from metering.localtime import local_day
from proofs.records import NONE, SOME, passed
from proofs.records_acts import (
    REASON,
    ExportedRegistry,
    replaced,
    without_columns,
    without_rows,
)
from proofs.records_watch import Books, Cases, Reports
from proofs.records_world import END, START, Year
from proofs.report_later import ToldIssue
from simulators.campus import ZONE

TARIFF = "tariff,price\nday,1.10\nnight,0.32\n"


class Client:
    """An API that tells what it is given."""

    def __init__(self, **told: Any) -> None:
        self.told = told

    def pages(self, path: str, **query: object) -> list[Any]:
        assert path == "/v1/findings"
        return list(self.told["cases"])

    def get(self, path: str, **query: object) -> Any:
        return self.told[path.removeprefix("/v1/")]


def case(number: int, hours: tuple[int, int] = (1, 5), **other: str) -> dict[str, Any]:
    first, last = hours
    span = {"start": f"2026-01-0{first}T00:00:00Z", "end": f"2026-01-0{last}T00:00:00Z"}
    one = {"meter": "m", "pattern": "weekend_run", "closed": "", "evidence_hours": last - first}
    return {"id": str(number), **one, **span, **other}


def looked(*looks: list[dict[str, Any]]) -> Cases:
    cases = Cases()
    for listed in looks:
        cases.look(Client(cases=listed))  # type: ignore[arg-type]
    return cases


def test_a_case_that_grows_is_neither_gone_nor_another() -> None:
    cases = looked([case(1)], [case(1, (1, 7))])
    assert (cases.vanished, cases.renumbered, cases.grown) == (set(), set(), {"1": 6})


def test_a_case_that_is_not_listed_any_more_has_vanished() -> None:
    assert looked([case(1), case(2, meter="n")], [case(2, meter="n")]).vanished == {"1"}


def test_the_same_hours_under_another_number_are_renumbered() -> None:
    assert looked([case(1)], [case(1), case(2, (4, 6))]).renumbered == {"1"}


def test_a_number_that_means_another_meter_is_renumbered() -> None:
    assert looked([case(1)], [case(1, meter="n")]).renumbered == {"1"}


def test_what_comes_after_a_case_or_after_its_refutation_is_another() -> None:
    assert not looked([case(1)], [case(1), case(2, (5, 6))]).renumbered
    assert not looked([case(1, closed="refuted")], [case(2)]).renumbered


class Still(ExportedRegistry):
    """A registry that is a dictionary, and takes what it is told to take."""

    def __init__(self, files: dict[str, str], *, refuses: bool = True) -> None:
        super().__init__(DataFolder(Path()), Path())
        self.files, self.refuses = files, refuses

    def export(self) -> dict[str, str]:
        return dict(self.files)

    def _import(self, files: dict[str, str], reason: str) -> None:
        if self.refuses and not reason:
            from metering.errors import Unavailable

            raise Unavailable("refused")
        self.files |= files


def log(*changes: dict[str, Any], reason: str = REASON) -> Client:
    entry = {"reason": reason, "actor": "a", "at": "t", "detail": {"changes": list(changes)}}
    return Client(audit={"data": [entry]})


EDIT = replaced("tariff.csv", "1.10", "2.05")
TRACED = {"old": {"price": "1.10"}, "new": {"price": "2.05"}}


def test_an_edit_that_stands_in_the_log_is_traced() -> None:
    registry = Still({"tariff.csv": TARIFF})
    registry.edit(log(TRACED), EDIT)  # type: ignore[arg-type]
    assert (registry.untraced, registry.changed) == ([], 2)


@pytest.mark.parametrize(
    "client",
    [log(), log({"old": None, "new": {"price": "2.05"}}), log(TRACED, reason="")],
    ids=["no change", "no old row", "no reason"],
)
def test_an_edit_that_the_log_does_not_hold_is_untraced(client: Client) -> None:
    registry = Still({"tariff.csv": TARIFF})
    registry.edit(client, EDIT)  # type: ignore[arg-type]
    assert registry.untraced


def test_an_edit_without_a_reason_is_refused_or_counted() -> None:
    strict = Still({"tariff.csv": TARIFF})
    strict.edit_without_reason(EDIT)
    loose = Still({"tariff.csv": TARIFF}, refuses=False)
    loose.edit_without_reason(EDIT)
    assert (strict.refused, strict.taken_without_reason) == (1, 0)
    assert (loose.refused, loose.taken_without_reason) == (0, 1)


@pytest.mark.parametrize(
    "change",
    [without_rows("tariff.csv", "night"), without_columns("tariff.csv", frozenset({"price"}))],
)
def test_rows_and_cells_that_an_import_forgets_are_lost(change: Any) -> None:
    registry = Still({"tariff.csv": TARIFF})
    registry.drop(log(), change)  # type: ignore[arg-type]
    assert registry.rows_lost


def test_a_settled_day_that_is_gone_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kept:
        def __init__(self) -> None:
            self.rows: list[Any] = []

        def digest_rows(self) -> list[Any]:
            return self.rows

    class Row:
        key, day = "k", date(2026, 1, 1)

    kept, books = Kept(), Books(DataFolder(Path()))
    monkeypatch.setattr(books, "_books", lambda: kept)
    kept.rows = [Row]
    books.keep()
    assert not books.lost
    kept.rows = []
    books.keep()
    assert len(books.lost) == 1


def test_a_report_that_is_told_otherwise_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter("aab")
    monkeypatch.setattr(
        "proofs.records_watch.ask", lambda *_: ToldIssue(frozenset({next(told)}), {}, 0)
    )
    reports = Reports(DataFolder(Path()))
    reports.take(date(2026, 1, 1), 1)
    reports.look()
    assert reports.changed == []
    reports.look()
    assert reports.changed == ["2026-01 issue 1"]


def test_it_passes_only_where_nothing_is_wrong_and_all_was_tried() -> None:
    sound = dict.fromkeys(NONE, 0) | dict.fromkeys(SOME, 1)
    assert passed(sound)
    assert not any(passed(sound | {name: 1}) for name in NONE)
    assert not any(passed(sound | {name: 0}) for name in SOME)


def test_the_year_has_a_report_a_month_and_stops_within_events(tmp_path: Path) -> None:
    year = Year.make(tmp_path, 7)
    stops = year.stops()
    assert [one.month for one in stops if one.month] == [
        date(2025 + (n // 12), n % 12 + 1, 1) for n in range(9, 21)
    ]
    assert all(a.at_us < b.at_us for a, b in itertools.pairwise(stops))
    waste = [one.days(ZONE) for one in year.world.labels if one.is_waste]
    assert waste
    assert sum(any(a < local_day(s.at_us, ZONE) <= b for a, b in waste) for s in stops) >= 2
    assert START < stops[0].day < END
