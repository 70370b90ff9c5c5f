"""What was told once stays told: issues, their files, and what is refused."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest

from metering.book import RULES_VERSION, SeriesKey
from metering.errors import Conflict, InvalidInput, NotFound, Unavailable
from metering.finding import CaseState
from metering.localtime import parse_instant
from reports import FORMATS, LANGUAGES, Issues, from_json, render, to_json
from reports.details import Details
from reports.layout import layout
from reports.seal import sealed
from storage.memory import MemoryReports

FORMAT_2 = Path(__file__).parents[1] / "data/reports/month-2.json"
MONTH = "2026-10"
BODY = SeriesKey("bureau", "node", "bureau", "01000")


@pytest.fixture
def world(helpers, own):
    store = MemoryReports()

    def issues(by="someone") -> Issues:
        return Issues(own.source(), store, lambda: own.now_us, by)

    return SimpleNamespace(bureau=own, store=store, issues=issues, hour=helpers.HOUR_US)


def files(issued) -> dict[tuple[str, str], bytes]:
    return {(lang, name): issued.file(lang, name) for lang in LANGUAGES for name in FORMATS}


def disturb(world) -> None:
    """Months later: a finding is fixed, a price edited, a reading corrected, a name changed."""
    bureau = world.bureau
    bureau.now_us += 90 * 24 * world.hour
    fixed = CaseState.FIXED
    bureau.findings.set_state("1", fixed, by="me", note="", now_us=bureau.now_us)
    at = parse_instant("2026-10-16T00:00:00+08:00")
    bureau.push(1, [at], [float(bureau.readings.scan([1], at, at + 1).value[0]) - 10])
    bureau.book()
    known = bureau.registry
    price = replace(known.tariff[1], price=Decimal("2.05"))
    node = replace(known.nodes["office-b"], name_zh="新办公楼")
    bureau.registry = replace(
        known,
        version=known.version + 1,
        tariff=(known.tariff[0], price, *known.tariff[2:]),
        nodes={**known.nodes, "office-b": node},
    )


def test_the_first_complete_report_is_issue_1_and_comes_back_byte_for_byte(world):
    first = world.issues().get("bureau", MONTH)
    assert (first.new, first.report.issue, first.kept.made_by) == (True, 1, "someone")
    told = files(first)
    disturb(world)
    for again in (
        world.issues("other").get("bureau", MONTH),
        world.issues("other").get("bureau", MONTH, number=1),
        world.issues("other").get("bureau", MONTH, provisional=True),
    ):
        assert not again.new
        assert again.kept == first.kept
        assert again.report == first.report
        assert files(again) == told
    assert world.bureau.report().content_hash != first.report.content_hash


def test_a_file_is_kept_as_it_was_first_rendered_whatever_the_layout_becomes(world, monkeypatch):
    issued = world.issues().get("bureau", MONTH)
    told = issued.file("en", "csv")
    monkeypatch.setattr("reports.issues.render", lambda *_: b"another layout")
    again = world.issues().get("bureau", MONTH)
    assert again.file("en", "csv") == told
    assert again.file("zh-CN", "csv") == b"another layout"
    assert again.file("en", "json") == again.file("zh-CN", "json") == issued.kept.content


def test_its_pins_say_what_it_was_made_from(world):
    issued = world.issues().get("bureau", MONTH)
    report = issued.report
    assert issued.kept.pins == {
        "revision": report.revision,
        "rows_registry_version": 1,
        "registry_version": 1,
        "rules_version": RULES_VERSION,
        "factor_set": report.factor_set,
        "tariff_version": report.tariff_version,
        "findings": {"1": "open"},
    }
    sealed = from_json(issued.kept.content)
    assert (sealed.registry_version, sealed.rules_version, sealed.issue) == (1, RULES_VERSION, 1)
    facts = dict(Details(report, "en").provenance().rows)
    assert (facts["Issue"], facts["Registry version"]) == ("1", "1")
    assert facts["Version of the booking rules"] == str(RULES_VERSION)
    assert facts["Registry version of the book rows"] == "1"


def test_a_report_whose_rows_name_no_registry_is_sealed_as_before_they_did(world):
    report = world.issues().get("bureau", MONTH).report
    silent = sealed(replace(report, rows_registry_version=0))
    assert b"rows_registry_version" not in to_json(silent)
    assert from_json(to_json(silent)) == silent
    assert from_json(to_json(report)).rows_registry_version == 1


def test_a_provisional_report_is_told_and_never_kept(helpers):
    bureau = helpers.Bureau(now_us=parse_instant("2026-10-17T12:00:00+08:00"))
    store = MemoryReports()
    issues = Issues(bureau.source(), store, lambda: bureau.now_us, "x")
    issued = issues.get("bureau", MONTH, provisional=True)
    assert (issued.kept, issued.new, issued.report.issue) == (None, False, 0)
    assert issued.file("en", "csv") == render(bureau.report(provisional=True), "en", "csv")
    assert store.issues("bureau", MONTH) == []
    for refused in (
        lambda: issues.get("bureau", MONTH),
        lambda: issues.get("bureau", MONTH, number=1, provisional=True),
    ):
        with pytest.raises(InvalidInput, match="not complete"):
            refused()


def test_a_second_issue_has_a_reason_and_names_what_differs(world):
    first = world.issues().get("bureau", MONTH)
    told = files(first)
    disturb(world)
    second = world.issues("clerk").make("bureau", MONTH, "  price list\n came late ")
    report = second.report
    assert (report.issue, report.reason, report.issued_us) == (
        2,
        "price list came late",
        world.bureau.now_us,
    )
    assert (second.kept.made_by, second.kept.reason) == ("clerk", "price list came late")
    found = {(one.kind, one.node, one.item, one.field): one for one in report.changes}
    price = found["price", "", "01000", "price"]
    assert (price.old, price.new, price.unit) == ("1.10", "2.05", "CNY/kWh")
    assert price.subject == "t 1-12 08:00–19:00"
    state = found["finding", "a-ac", "01B00", "state"]
    assert (state.subject, state.old, state.new) == ("1", "open", "fixed")
    name = found["place", "office-b", "", "name_zh"]
    assert (name.old, name.new) == ("办公楼B", "新办公楼")
    day = found["line", "office-a", "01000", "daily.2026-10-15"]
    assert (Decimal(day.new) - Decimal(day.old), day.unit) == (-10, "kWh")
    assert ("line", "office-a", "01000", "amount") not in found
    assert found["line", "bureau", "01000", "money.CNY.amount"].unit == "CNY"
    assert found["restatement", "office-a", "01000", "new_amount"].what == "added"
    assert world.issues().get("bureau", MONTH).kept == second.kept
    assert files(world.issues().get("bureau", MONTH, number=1)) == told
    assert [one.number for one in world.issues().list("bureau", MONTH)] == [1, 2]


def test_every_format_says_its_issue_and_what_is_new_in_both_languages(world):
    world.issues().get("bureau", MONTH)
    disturb(world)
    second = world.issues().make("bureau", MONTH, "电价表迟到 late")
    for language, issue, about, news in (
        ("zh-CN", "期次", "电价", "与上一期的差异"),
        ("en", "Issue", "Price", "Differences to the last issue"),
    ):
        csv = second.file(language, "csv").decode("utf-8-sig")
        assert f"\r\n{issue},2\r\n" in csv
        assert "电价表迟到 late" in csv
        assert "2.05" in csv
        book = openpyxl.load_workbook(io.BytesIO(second.file(language, "xlsx")))
        cells = [[cell.value for cell in row] for row in book[news].iter_rows()]
        assert [issue, "2"] in [row[:2] for row in cells]
        assert any(row[0] == about and row[-2:] == ["1.10", "2.05"] for row in cells)
        assert second.file(language, "pdf").startswith(b"%PDF")
        page = layout(second.report, language)
        assert ["1.10 CNY/kWh", "2.05 CNY/kWh"] in [row[-2:] for row in page["news"]["rows"]]
        assert page["issue"] == ("第 2 期" if language == "zh-CN" else "Issue 2")
    assert b'"reason":"\xe7\x94\xb5' in second.file("en", "json")
    assert from_json(second.file("en", "json")) == second.report


def test_the_first_issue_has_no_section_of_differences(world):
    issued = world.issues().get("bureau", MONTH)
    assert layout(issued.report, "en")["news"] is None
    book = openpyxl.load_workbook(io.BytesIO(issued.file("en", "xlsx")))
    assert "Differences to the last issue" not in book.sheetnames


def test_an_issue_in_which_nothing_differs_is_refused(world):
    world.issues().get("bureau", MONTH)
    world.bureau.now_us += 90 * 24 * world.hour
    world.bureau.registry = replace(world.bureau.registry, version=99)
    with pytest.raises(Conflict, match="nothing differs from issue 1"):
        world.issues().make("bureau", MONTH, "to see")
    disturb(world)
    world.issues().make("bureau", MONTH, "late")
    with pytest.raises(Conflict, match="nothing differs from issue 2"):
        world.issues().make("bureau", MONTH, "again")
    assert len(world.store.issues("bureau", MONTH)) == 2


@pytest.mark.parametrize("reason", ["", " \n", "x" * 2001, "a\0b", "ก", "\x1b[2J"])
def test_a_reason_is_needed_and_must_be_printable(world, reason):
    world.issues().get("bureau", MONTH)
    disturb(world)
    with pytest.raises(InvalidInput) as refused:
        world.issues().make("bureau", MONTH, reason)
    assert refused.value.field == "reason"
    assert len(world.store.issues("bureau", MONTH)) == 1


def test_what_does_not_exist_is_said_so(world):
    with pytest.raises(NotFound) as none_yet:
        world.issues().make("bureau", MONTH, "late")
    assert (none_yet.value.field, none_yet.value.value) == ("issue", 1)
    with pytest.raises(NotFound):
        world.issues().get("bureau", MONTH, number=2)
    assert world.store.issues("bureau", MONTH) == []
    world.issues().get("bureau", MONTH)
    with pytest.raises(NotFound, match="issues 1 to 1"):
        world.issues().get("bureau", MONTH, number=2)
    for call in (world.issues().list, world.issues().get):
        with pytest.raises(NotFound):
            call("nobody", MONTH)
        with pytest.raises(InvalidInput):
            call("bureau", "2026-13")


def test_two_that_ask_first_at_once_get_the_same_issue(world):
    both = threading.Barrier(2)
    given = []

    class Slow(Issues):
        def _first(self, made):
            both.wait()
            return super()._first(made)

    def ask(by: str) -> None:
        given.append(
            Slow(world.bureau.source(), world.store, lambda: world.bureau.now_us, by).get(
                "bureau", MONTH
            )
        )

    threads = [threading.Thread(target=ask, args=(by,)) for by in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given[0].kept == given[1].kept
    assert sorted(one.new for one in given) == [False, True]


def test_of_two_new_issues_at_once_the_slower_is_told_so(world):
    world.issues().get("bureau", MONTH)
    disturb(world)

    class Late(MemoryReports):
        """Somebody makes issue 2 just before ours is added."""

        def issue(self, *asked, **bases):
            return world.store.issue(*asked, **bases)

        def add(self, issue):
            world.issues("faster").make("bureau", MONTH, "first")
            return world.store.add(issue)

    late = Issues(world.bureau.source(), Late(), lambda: world.bureau.now_us, "slower")
    with pytest.raises(Conflict, match="made meanwhile by faster"):
        late.make("bureau", MONTH, "second")


def test_damaged_bytes_are_never_told(world):
    issued = world.issues().get("bureau", MONTH)
    issued.file("en", "csv")
    files = world.store._files
    files.update({key: replace(file, data=file.data + b"x") for key, file in files.items()})
    with pytest.raises(Unavailable, match="damaged"):
        world.issues().get("bureau", MONTH).file("en", "csv")
    kept = world.store._issues
    content = issued.kept.content.replace(b'"persons":600', b'"persons":601')
    kept.update({key: replace(one, content=content) for key, one in kept.items()})
    with pytest.raises(Unavailable, match="damaged") as told:
        world.issues().get("bureau", MONTH)
    assert told.value.value == "bureau 2026-10 issue 1"


def test_a_report_sealed_in_format_2_is_read_shown_and_written_as_it_was():
    data = FORMAT_2.read_bytes()
    report = from_json(data)
    assert (report.format, report.issue, report.registry_version) == ("greenoffice-month/2", 0, 0)
    assert to_json(report) == data
    assert "Registry version" not in dict(Details(report, "en").provenance().rows)
    for language in LANGUAGES:
        for name in FORMATS:
            assert render(report, language, name)
    with pytest.raises(InvalidInput, match="seal is broken"):
        from_json(data.replace(b'"month":"2026-10"', b'"month":"2026-11"', 1))


def changes_of(world) -> list[tuple[str, bool]]:
    found = [one for _, one in world.bureau.books.restatements("bureau", limit=9_999)]
    return [(one.cause, one.given) for one in found if one.key.code == "office-a"]


def correct(world, by: float) -> None:
    """Another reading at midnight of the 16th: two days of October change."""
    at = parse_instant("2026-10-16T00:00:00+08:00")
    known = float(world.bureau.readings.scan([1], at, at + 1).value[0])
    world.bureau.push(1, [at], [known + by])
    world.bureau.book()


def test_an_issue_tells_its_days_and_what_changes_afterwards_is_restated(world):
    before = len(changes_of(world))
    correct(world, -10)
    changed = len(changes_of(world)) - before
    assert changed > 0
    correct(world, 10)
    assert len(changes_of(world)) == before
    correct(world, -10)
    first = world.issues().get("bureau", MONTH)
    assert {given for _, given in changes_of(world)[before:]} == {True}
    told = {(one.node, one.day) for one in first.report.restatements}
    correct(world, 10)
    second = world.issues().make("bureau", MONTH, "the reading was right")
    assert {given for _, given in changes_of(world)} == {True}
    assert len(changes_of(world)) == before + 2 * changed
    assert len(second.report.restatements) == 2 * len(first.report.restatements)
    assert {(one.node, one.day) for one in second.report.restatements} == told


def test_a_provisional_report_tells_nothing(world):
    correct(world, -10)
    unbooked(world, "2026-10-17")
    assert world.issues().get("bureau", MONTH).kept is None
    assert {given for _, given in changes_of(world)} == {False}


def unbooked(world, day: str) -> None:
    at = parse_instant(f"{day}T12:00:00+08:00")
    world.bureau.push(1, [at], [float(world.bureau.readings.scan([1], at, at + 1).value[0]) - 1])


def test_a_month_that_is_being_booked_is_provisional_and_says_why(world):
    unbooked(world, "2026-10-16")
    issued = world.issues().get("bureau", MONTH)
    assert (issued.kept, issued.report.open_reasons) == (None, ("booking",))
    assert "readings are still being booked" in Details(issued.report, "en").status()
    assert "读数正在入账" in Details(issued.report, "zh-CN").status()
    with pytest.raises(Conflict, match="still being booked"):
        world.issues().get("bureau", MONTH, number=1)
    world.bureau.book()
    kept = world.issues().get("bureau", MONTH).kept
    assert kept is not None
    unbooked(world, "2026-10-17")
    assert world.issues().get("bureau", MONTH).kept == kept
    with pytest.raises(Conflict, match="still being booked"):
        world.issues().make("bureau", MONTH, "a reading came late")


def test_readings_of_other_months_hold_no_issue_back(world):
    unbooked(world, "2026-09-16")
    assert world.issues().get("bureau", MONTH).kept is not None


def test_a_day_that_changes_before_it_is_told_is_drawn_again(world, monkeypatch):
    correct(world, -5)
    tell, times = world.bureau.books.tell, iter((-5, -5))

    def late(institution, rows):
        if (by := next(times, None)) is not None:
            correct(world, by)
        tell(institution, rows)

    monkeypatch.setattr(world.bureau.books, "tell", late)
    issued = world.issues().get("bureau", MONTH)
    assert issued.kept is not None
    assert {given for _, given in changes_of(world)} == {True}
    assert max(one.revision for one in issued.report.restatements) == world.bureau.books.revision(
        "bureau"
    )
    correct(world, -5)
    monkeypatch.setattr(world.bureau.books, "tell", lambda *_: tell("bureau", [stale_row(world)]))
    with pytest.raises(Conflict, match="still being booked"):
        world.issues().make("bureau", MONTH, "never at rest")


def stale_row(world):
    (row,) = world.bureau.books.rows([BODY], date(2026, 10, 16), date(2026, 10, 16))
    return replace(row, revision=row.revision - 1)
