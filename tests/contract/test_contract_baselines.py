"""Laws of a BaselineStore."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from metering.baseline import (
    BaselineProgress,
    BaselineRequest,
    BaselineVersion,
    open_requests,
)
from metering.errors import Conflict
from storage import Stores

DAY = date(2026, 10, 1)


def version(number: int = 1, **more: object) -> BaselineVersion:
    base = BaselineVersion(
        institution="bureau",
        meter="m",
        number=number,
        made_us=2**52 + number,
        day=DAY + timedelta(days=number),
        first_day=date(2026, 9, 1),
        last_day=DAY,
        days=30,
        rung=1,
        error=0.1,
        settings="s",
        reason="first" if number == 1 else "空调换了 \N{SNOWMAN}",
        revision=2**40,
        left_out=7,
        inputs="i",
        model=bytes(range(256)) * number,
    )
    return replace(base, **{"id": "", **more})  # type: ignore[arg-type]


def request(**more: object) -> BaselineRequest:
    base = BaselineRequest("bureau", "m", DAY, "新租户", "someone (k-1)", 5)
    return replace(base, **more)  # type: ignore[arg-type]


def test_versions_come_back_whole_and_in_order(stores: Stores) -> None:
    kept = [version(), version(2, error=None, actor="x", asked=4), version(3)]
    for one in kept:
        stores.baselines.keep([one])
    other = version(meter="a", institution="school")
    stores.baselines.keep([other])
    assert stores.baselines.versions(["m", "a", "none"]) == [other, *kept]
    assert all(one.whole for one in stores.baselines.versions(["m"]))
    facts = stores.baselines.versions(["m"], models=False)
    assert facts == [replace(one, model=b"") for one in kept]
    assert [one.id for one in facts] == [one.id for one in kept]
    assert stores.baselines.versions([]) == []


def test_a_frozen_version_stays_and_none_is_skipped(stores: Stores) -> None:
    for wrong in (version(2), version(0)):
        with pytest.raises(Conflict, match="follows the one before"):
            stores.baselines.keep([wrong])
    stores.baselines.keep([version()])
    later = version(model=b"other", day=DAY + timedelta(days=9))
    for wrong in (later, version(3)):
        with pytest.raises(Conflict) as refused:
            stores.baselines.keep([version(meter="n"), wrong])
        assert refused.value.field == "version"
    assert stores.baselines.versions(["m", "n"]) == [version()]


def test_on_the_day_of_its_making_a_later_one_takes_its_place(stores: Stores) -> None:
    stores.baselines.keep([version()])
    again = version(model=b"more history", made_us=9)
    stores.baselines.keep([again])
    assert stores.baselines.versions(["m"]) == [again]
    stores.baselines.keep([version(2)])
    with pytest.raises(Conflict):
        stores.baselines.keep([again])
    assert stores.baselines.versions(["m"]) == [again, version(2)]


def test_requests_are_numbered_and_open_until_a_version_answers_the_latest(stores: Stores) -> None:
    first = stores.baselines.ask(request())
    other = stores.baselines.ask(request(meter="n"))
    second = stores.baselines.ask(request(reason="again", from_day=DAY + timedelta(days=1)))
    assert first.number < other.number < second.number
    assert stores.baselines.requests(["m"]) == [first, second]
    assert open_requests(stores.baselines.requests(["m", "n"]), []) == {"m": second, "n": other}
    half, whole = version(asked=first.number), version(2, asked=second.number)
    asked = stores.baselines.requests(["m"])
    assert open_requests(asked, [half]) == {"m": second}
    assert open_requests(asked, [half, whole]) == {}


def test_progress_is_what_was_noted_last(stores: Stores) -> None:
    stores.baselines.note([])
    stores.baselines.note([BaselineProgress("bureau", "m", 3, DAY)])
    told = [BaselineProgress("bureau", "a", 0, DAY), BaselineProgress("bureau", "m", 9, DAY)]
    stores.baselines.note(told)
    assert stores.baselines.progress(["m", "a", "x"]) == told
    assert told[1].ready(14) == DAY + timedelta(days=5)
    assert BaselineProgress("bureau", "m", 20, DAY).ready(14) == DAY


def test_a_version_tells_whether_it_is_whole() -> None:
    assert version().whole
    assert not replace(version(), model=b"x").whole
