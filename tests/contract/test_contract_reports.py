"""Laws of a ReportStore."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from metering.errors import Conflict
from metering.factor import Bases, Carbon, Coal
from metering.report_issue import ReportFile, ReportIssue
from storage import Stores


def issue(number: int = 1, **more: object) -> ReportIssue:
    base = ReportIssue(
        institution="bureau",
        month="2026-10",
        number=number,
        content='{"name":"机关","zero":"\\u0000"}\n'.encode() + bytes(range(256)),
        content_hash="80" * 32,
        pins={"revision": 2**60, "registry_version": 4, "findings": {"f-1": "open"}},
        made_us=2**52 + 1,
        made_by="someone (k-1)",
    )
    return replace(base, **more)  # type: ignore[arg-type]


def second() -> ReportIssue:
    told = {"kind": "line", "node": "bureau", "old": "1.5", "new": None, "why": "电价"}
    return issue(2, reason="价格更正", differences=(told, {**told, "old": None}))


def test_an_issue_comes_back_whole(stores: Stores) -> None:
    for one in (issue(), second()):
        assert stores.reports.add(one) == one
        assert stores.reports.issue("bureau", "2026-10", one.number) == one


def test_each_pair_of_bases_has_numbers_of_its_own(stores: Stores) -> None:
    equal, both = Bases(Coal.EQUAL), Bases(Coal.EQUAL, Carbon.MARKET)
    other = issue(bases=equal, content=b"other")
    reports = stores.reports
    for one in (issue(bases=both), other, issue()):
        assert reports.add(one) == one
    with pytest.raises(Conflict, match="follows") as refused:
        reports.add(issue(2, bases=Bases(carbon=Carbon.MARKET)))
    assert "bureau 2026-10 carbon=market" in refused.value.fix
    assert reports.add(issue(2, bases=equal)) == issue(2, bases=equal)
    assert reports.issue("bureau", "2026-10") == issue()
    assert reports.issue("bureau", "2026-10", 2) is None
    assert reports.issue("bureau", "2026-10", 1, equal) == other
    assert reports.issue("bureau", "2026-10", bases=equal) == issue(2, bases=equal)
    told = [(one.bases, one.number) for one in reports.issues("bureau", "2026-10")]
    assert told == [(Bases(), 1), (equal, 1), (equal, 2), (both, 1)]
    file = ReportFile.of(b"other")
    reports.keep_file(other, "en", "pdf", file)
    assert reports.file(other, "en", "pdf") == file
    assert reports.file(issue(), "en", "pdf") is None


def test_without_a_number_the_latest_is_meant(stores: Stores) -> None:
    assert stores.reports.issue("bureau", "2026-10") is None
    for one in (issue(), second()):
        stores.reports.add(one)
        assert stores.reports.issue("bureau", "2026-10") == one
    assert stores.reports.issues("bureau", "2026-10") == [issue(), second()]
    assert stores.reports.issue("bureau", "2026-10", 3) is None


def test_months_and_institutions_have_issues_of_their_own(stores: Stores) -> None:
    others = (issue(month="2026-11"), issue(institution="school"))
    for one in (issue(), *others):
        stores.reports.add(one)
    assert stores.reports.issues("bureau", "2026-10") == [issue()]
    for one in others:
        assert stores.reports.issues(one.institution, one.month) == [one]


def test_what_is_kept_once_stays_whatever_comes_later(stores: Stores) -> None:
    stores.reports.add(issue())
    later = issue(content=b"other", content_hash="x", made_by="late")
    assert stores.reports.add(later) == issue()
    assert stores.reports.issues("bureau", "2026-10") == [issue()]


def test_an_issue_follows_the_one_before(stores: Stores) -> None:
    with pytest.raises(Conflict, match="follows") as refused:
        stores.reports.add(second())
    assert (refused.value.field, refused.value.value) == ("issue", 2)
    assert stores.reports.issues("bureau", "2026-10") == []
    stores.reports.add(issue())
    with pytest.raises(Conflict):
        stores.reports.add(issue(3))


def test_of_two_at_once_one_wins_and_both_are_given_it(stores: Stores) -> None:
    given: list[ReportIssue] = []
    start = threading.Barrier(4)

    def make(name: str) -> None:
        start.wait()
        given.append(stores.reports.add(issue(made_by=name, content=name.encode())))

    threads = [threading.Thread(target=make, args=(f"maker {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 4
    assert stores.reports.issues("bureau", "2026-10") == [given[0]]
    assert given.count(given[0]) == 4


def test_the_first_file_of_a_language_and_format_stays(stores: Stores) -> None:
    stores.reports.add(issue())
    stores.reports.add(second())
    first, later = ReportFile.of(b"%PDF\0\xff"), ReportFile.of(b"another layout")
    assert stores.reports.file(issue(), "en", "pdf") is None
    assert stores.reports.keep_file(issue(), "en", "pdf", first) == first
    assert stores.reports.keep_file(issue(), "en", "pdf", later) == first
    assert stores.reports.file(issue(), "en", "pdf") == first
    for other in ((issue(), "zh-CN", "pdf"), (issue(), "en", "csv"), (second(), "en", "pdf")):
        assert stores.reports.file(*other) is None


def test_a_file_needs_its_issue(stores: Stores) -> None:
    with pytest.raises(Conflict, match="no such issue"):
        stores.reports.keep_file(issue(), "en", "pdf", ReportFile.of(b"x"))


def test_a_file_tells_whether_it_is_whole() -> None:
    assert ReportFile.of(b"x").whole
    assert not replace(ReportFile.of(b"x"), data=b"y").whole
