"""The proof that an office is connected on the page, and that it notices what goes wrong."""

from __future__ import annotations

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from collector.tables import HistoryForm, read_history, read_tables
from proofs.join.check import JoinOutcome, is_joined, run_join, summed
from proofs.join.history import MISSING, join_history
from proofs.join.loading import check_counts
from proofs.join.office import METERS, OFFICES, RATIO
from proofs.join.person import CHROMIUM

END = date(2026, 11, 29)


@pytest.fixture(scope="module", params=OFFICES, ids=lambda one: one.language)
def written(request):
    return request.param, join_history(request.param, END, 40, 1)


def test_each_cell_of_the_file_is_one_thing(written):
    office, history = written
    assert history.rows == history.stored + history.missing + history.refused
    hours = (40 * 24 + 1) + (office.zone == "Europe/Berlin")
    assert history.rows == hours * len(METERS), "clocks are set back in October"
    assert min(history.missing, history.refused) > 0
    zone = ZoneInfo(office.zone)
    for meter in METERS:
        known = {moment for moment, _ in history.readings[meter.code]}
        assert len(known) == len(history.readings[meter.code])
        assert sum(one.astimezone(zone).hour == 0 for one in known) == 41


def test_the_energy_of_a_day_is_what_its_register_moved_on_by_the_ratio(written):
    _, history = written
    readings = dict(history.readings["a-total"])
    first, last = min(readings), max(readings)
    moved = readings[last] - readings[first]
    assert sum(history.days["a-total"].values()) == RATIO * moved
    assert len(history.days["a-total"]) == 40


def test_a_reader_of_tables_finds_what_the_file_is_said_to_hold(written):
    office, history = written
    (table,) = read_tables("h.xlsx", history.content)
    found = read_history(table, HistoryForm(zone=office.zone))
    names = {office.name_of(meter): meter.code for meter in METERS}
    series = [names[one[0]] for one in found.series]
    told = {code: {} for code in names.values()}
    for which, time_us, value in zip(found.which, found.time_us, found.value, strict=True):
        told[series[which]][int(time_us)] = float(value)
    for code, readings in history.readings.items():
        assert told[code] == {round(t.timestamp()) * 1_000_000: float(v) for t, v in readings}
    assert (found.cells, found.missing) == (history.rows, history.missing)
    assert len(found.refused) == history.refused
    assert not {one.cell.value for one in found.refused} & set(MISSING)


def told(**changed):
    outcome = {"steps": 11, "rows": 10, "stored": 7, "missing": 2, "refused": 1, "took_s": {}}
    return {**outcome, "silently_lost": 0, "wrong": {}, "not_tried": {}, "stumbles": [], **changed}


def test_a_run_in_which_all_is_well_passes():
    both = summed({"en": told(), "zh-CN": told()}, 1.0)
    assert (both["rows"], both["steps"], both["not_tried"]) == (20, 22, {})
    assert is_joined(both)


@pytest.mark.parametrize(
    "changed",
    [
        {"silently_lost": 1},
        {"silently_lost": -1},
        {"stored": 0},
        {"wrong": {"repair": "still listed"}},
        {"not_tried": {"history": "no page"}},
        {"stumbles": ["a page is too wide"]},
    ],
    ids=lambda one: next(iter(one)),
)
def test_one_language_in_which_something_is_wrong_fails(changed):
    result = summed({"en": told(), "zh-CN": told(**changed)}, 1.0)
    assert not is_joined(result)


def test_a_run_of_no_language_proves_nothing():
    assert not is_joined(summed({}, 1.0))


def test_what_is_not_in_the_stores_is_lost_silently():
    assert JoinOutcome(rows=10, stored=6, missing=2, refused=1).silently_lost == 1


def test_another_count_than_that_of_the_file_is_noticed(written):
    _, history = written
    counts = {"read": history.rows, "missing": history.missing, "refused": history.refused}
    check_counts({**counts, "stored": history.stored, "duplicates": 0}, history)
    with pytest.raises(AssertionError, match="is told, not"):
        check_counts({**counts, "stored": history.stored - 1}, history)


@pytest.mark.timeout(300)
@pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")
def test_a_month_is_connected_by_a_workbook(capsys):
    with pytest.raises(SystemExit) as ended:
        run_join(None, 30, 2, "zh-CN")
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    language = result["languages"]["zh-CN"]
    assert language["wrong"] == {}
    assert language["stumbles"] == []
    assert result["silently_lost"] == 0
    assert language["not_tried"].keys() <= {"history"}
    assert ended.value.code == int(bool(language["not_tried"]))
