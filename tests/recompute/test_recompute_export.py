"""`greenoffice export journal` on a real data folder, and what `recompute` makes of its file."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from collector.journal import JournalWriter, Record
from collector.journal.segment import segment_files
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.clock import ShiftedClock
from greenoffice.evidence_files import EvidenceFiles
from greenoffice.exporting import export_journal
from greenoffice.folder import DataFolder
from greenoffice.recomputing import json_lines, recompute
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork
from metering.errors import Conflict, InvalidInput, NotFound
from metering.localtime import HOUR_US, day_bounds, iso, local_day
from metering.reading import ENTERED_ORDER
from metering.registry.files import read_registry_texts
from recompute import RecomputedBooks, read_file

ZONE = "Asia/Shanghai"
DAYS = 6
FILES = {
    "tree.csv": (
        "code,parent,type,zone\n"
        f"o,,institution,{ZONE}\ns,o,site,\nb,s,building,\n"
        f"other,,institution,{ZONE}\ns2,other,site,\nb2,s2,building,\n"
    ),
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total,step_min\nm,b,01000,yes,60\nguest,b2,01000,yes,60\n",
    "points.csv": (
        "gateway,point,kind,unit,meter,ratio\ns/g,E1,register,Wh,m,2\ns/g,E2,register,kWh,guest,\n"
    ),
    "tariff.csv": (
        "tariff,item,months,days,start,end,period,price,institution\n"
        "t,01000,1-12,all,00:00,24:00,flat,0.5,o\n"
        "u,01000,1-12,all,00:00,24:00,flat,0.7,other\n"
    ),
}


def first_day() -> date:
    return local_day(ShiftedClock().now_us(), ZONE) - timedelta(days=DAYS + 2)


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Some days of two institutions' meters behind one gateway, a segment for each day: one value
    is sent twice, one is corrected, one has no time."""
    folder = commands.init(tmp_path_factory.mktemp("worked") / "data", 18080, 11883, 19464, "en")
    stores = open_stores(folder)
    wanted = read_registry_texts(FILES, stores.registry.load())
    stores.registry.apply(wanted, actor="test", now_us=1)
    start = day_bounds(first_day(), ZONE)[0]
    times = [start + n * HOUR_US for n in range(24 * DAYS + 1)]
    days = [times[24 * n : 24 * n + 25] for n in range(DAYS)]
    sent = [[reading("E1", t, 3000.0 * n + n % 7) for n, t in numbered(times, day)] for day in days]
    sent[2] += [reading("E2", t, 4.0 * n) for n, t in numbered(times, days[2])]
    sent += [sent[1], [reading("E1", days[3][5], 3000.0 * 77)], [{"point": "E1", "value": 6e5}]]
    write(folder, sent)
    book(folder)
    return folder


def book(folder) -> None:
    parts = Assembly.open(folder)
    taking, booking = IntakeWork(parts), LedgerWork(parts)
    while taking() or booking():
        pass
    parts.close()


def numbered(times, day):
    return [(times.index(t), t) for t in day]


def reading(point, time_us, value):
    return {"point": point, "time": iso(time_us), "value": value}


TOPIC = "greenoffice/v1/s/g/readings"


def write(folder, sent) -> None:
    bodies = [
        json.dumps({"session": 1, "seq": seq, "readings": readings}).encode()
        for seq, readings in enumerate(sent)
    ]
    now = ShiftedClock().now_us()
    append(folder, [Record("message", now, "s/g", "c", "1", TOPIC, body, 1) for body in bodies])


def append(folder, records) -> None:
    """Each in a segment of its own."""
    writer = JournalWriter(
        folder.journal / "listener",
        1,
        now_us=ShiftedClock().now_us,
        segment_bytes=1,
        housekeep=False,
    )
    for record in records:
        writer.append([record])
    writer.close()


def span():
    return first_day().isoformat(), (first_day() + timedelta(days=DAYS)).isoformat()


def export(folder, file: Path, institution="o"):
    return export_journal(folder.root, institution, *span(), file)


def booked(folder, meter):
    books = open_stores(folder).books
    keys = [key for key in books.series("o") if key.code == meter]
    first = first_day()
    return {row.day: row.total for row in books.rows(keys, first, first + timedelta(days=DAYS))}


def computed(file):
    books = RecomputedBooks.of(read_file(file))
    found = {
        local_day(figure.start, ZONE): figure.amount
        for series in books.series()
        if series.kind == "meter"
        for figure in books.at(series, "day")
    }
    return {day: amount for day, amount in found.items() if amount is not None}


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_file_comes_to_the_books(worked, tmp_path):
    told = export(worked, tmp_path / "o.jsonl")
    assert told["stored"] == 0
    assert told["readings"] == 25 * (DAYS + 1) + 2
    ours = computed(tmp_path / "o.jsonl")
    assert len(ours) == DAYS
    totals = booked(worked, "m")
    assert ours == {day: totals[day] for day in ours}


def test_others_readings_prices_and_places_are_not_in_it(worked, tmp_path):
    export(worked, tmp_path / "o.jsonl")
    text = (tmp_path / "o.jsonl").read_text(encoding="utf-8")
    assert "E2" not in text
    assert "other" not in text
    assert '"0.7"' not in text
    shared = [one for one in lines(tmp_path / "o.jsonl") if one.get("whole") is False]
    assert len(shared) == 1
    guest = export(worked, tmp_path / "other.jsonl", "other")
    assert (guest["messages"], guest["readings"]) == (1, 25)
    there = [one for one in lines(tmp_path / "other.jsonl") if one["kind"] == "message"]
    assert there[0]["sha256"] == shared[0]["sha256"]


def test_a_message_is_named_by_the_hash_of_its_payload(worked, tmp_path):
    export(worked, tmp_path / "o.jsonl")
    from collector import JournalReader

    journal = JournalReader(worked.journal)
    one = next(line for line in lines(tmp_path / "o.jsonl") if line["kind"] == "message")
    record = journal.record(one["segment"], one["offset"])
    journal.close()
    assert hashlib.sha256(record.payload).hexdigest() == one["sha256"]


def test_what_a_person_entered_is_in_the_file(worked, tmp_path):
    """In place of what the gateway sent, which the file still holds; the books rest on it."""
    shutil.copytree(worked.root, tmp_path / "data")
    folder = DataFolder(tmp_path / "data")
    at = day_bounds(first_day(), ZONE)[0] + 30 * HOUR_US
    body = json.dumps({"readings": [reading("E1", at, 3000.0 * 30 + 500)]}).encode()
    entered = Record("entered", ShiftedClock().now_us(), "s/g", "o.chen", "", TOPIC, body)
    before = booked(folder, "m")
    append(folder, [entered])
    book(folder)
    export(folder, tmp_path / "o.jsonl")
    own = [
        (one["order"][0], value)
        for one in lines(tmp_path / "o.jsonl")
        if one["kind"] == "message"
        for _, point, time, value, _ in one["readings"]
        if point == "E1" and time == iso(at)
    ]
    assert [value for order, value in own if order >= ENTERED_ORDER] == [90_500.0]
    assert len(own) > 1
    ours, totals = computed(tmp_path / "o.jsonl"), booked(folder, "m")
    assert ours == {day: totals[day] for day in ours}
    assert totals == before
    hours = RecomputedBooks.of(read_file(tmp_path / "o.jsonl"))
    (series,) = [one for one in hours.series() if one.kind == "meter"]
    (hour,) = [one for one in hours.at(series, "native") if one.start == at]
    assert hour.shares[0] == 0


def test_what_was_taken_back_is_in_the_file_and_so_is_its_evidence(worked, tmp_path):
    """Both implementations leave it out."""
    shutil.copytree(worked.root, tmp_path / "data")
    folder = DataFolder(tmp_path / "data")
    kept = EvidenceFiles(folder.evidence).put(b"%PDF-1.7 a slip")
    file = {"sha256": kept.sha256, "media": kept.media, "size": kept.size}
    at = day_bounds(first_day(), ZONE)[0] + 30 * HOUR_US
    told = {
        **{"id": "a", "kind": "reading", "subject": "m", "first": str(first_day())},
        **{"after": str(first_day() + timedelta(days=9)), "said": {"evidence": [file]}, "of": ""},
    }
    rows = [{"point": "E1", "time": iso(at), "value": None, "unit": "Wh"}]
    body = json.dumps({"statement": told, "readings": rows}).encode()
    route = "greenoffice/entered"
    append(folder, [Record("entered", ShiftedClock().now_us(), "s/g", "desk", "", route, body)])
    book(folder)
    export(folder, tmp_path / "o.jsonl")
    found = lines(tmp_path / "o.jsonl")
    (evidence,) = [one for one in found if one["kind"] == "evidence"]
    assert base64.b64decode(evidence["base64"]) == b"%PDF-1.7 a slip"
    (stated,) = [one["statement"] for one in found if "statement" in one]
    assert (stated["id"], stated["entered_by"]) == ("a", "desk")
    assert [r[3] for one in found if "statement" in one for r in one["readings"]] == [None]
    ours, totals = computed(tmp_path / "o.jsonl"), booked(folder, "m")
    assert ours == {day: totals[day] for day in ours}
    hours = RecomputedBooks.of(read_file(tmp_path / "o.jsonl"))
    (series,) = [one for one in hours.series() if one.kind == "meter"]
    (hour,) = [one for one in hours.at(series, "native") if one.start == at]
    assert hour.shares[0] == 0


def test_two_ratios_of_one_day_are_in_the_file(worked, tmp_path):
    """Told after the readings were booked, by the command's own files."""
    shutil.copytree(worked.root, tmp_path / "data")
    folder, day = DataFolder(tmp_path / "data"), first_day() + timedelta(days=2)
    edges = ["", *(f"{day}T{one}+08:00" for one in ("10:07:00", "15:22:00")), ""]
    head = "gateway,point,kind,unit,meter,ratio,valid_from,valid_to\n"
    rows = [f"s/g,E1,register,Wh,m,{n + 2},{edges[n]},{edges[n + 1]}\n" for n in range(3)]
    registry = open_stores(folder).registry
    wanted = read_registry_texts({"points.csv": head + "".join(rows)}, registry.load())
    registry.apply(wanted, actor="test", now_us=2)
    before = booked(folder, "m")
    book(folder)
    export(folder, tmp_path / "o.jsonl")
    told = [one for one in lines(tmp_path / "o.jsonl") if one["kind"] == "installation"]
    assert [(one["ratio"], one["valid_from"]) for one in told] == [
        ("2", None),
        ("3", day.isoformat()),
        ("4", day.isoformat()),
    ]
    ours, totals = computed(tmp_path / "o.jsonl"), booked(folder, "m")
    assert ours == {day: totals[day] for day in ours}
    assert totals[day + timedelta(1)] == 2 * before[day + timedelta(1)]
    hours = 2 * (10 + 7 / 60) + 3 * 5.25 + 4 * (24 - 15 - 22 / 60)
    assert totals[day] == pytest.approx(hours * 3e6, 1e-3)


def test_what_the_journal_holds_no_more_comes_as_it_was_kept(worked, tmp_path):
    shutil.copytree(worked.root, tmp_path / "data")
    folder = DataFolder(tmp_path / "data")
    journal = folder.journal / "listener"
    for n in segment_files(journal)[:2]:
        for file in journal.glob(f"{n:08d}.*"):
            file.unlink()
    told = export(folder, tmp_path / "o.jsonl")
    assert told["stored"]
    ours, totals = computed(tmp_path / "o.jsonl"), booked(folder, "m")
    assert len(ours) == DAYS
    assert ours == {day: totals[day] for day in ours}


def test_a_file_that_is_there_is_not_overwritten(worked, tmp_path):
    (tmp_path / "o.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict) as refused:
        export(worked, tmp_path / "o.jsonl")
    assert refused.value.field == "FILE"
    assert (tmp_path / "o.jsonl").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("institution", "first", "after", "file", "error", "field"),
    [
        ("nobody", "2026-01-01", "2026-02-01", "o.jsonl", NotFound, "--institution"),
        ("b", "2026-01-01", "2026-02-01", "o.jsonl", NotFound, "--institution"),
        ("o", "January", "2026-02-01", "o.jsonl", InvalidInput, "--from"),
        ("o", "0001-01-01", "2026-02-01", "o.jsonl", InvalidInput, "--from"),
        ("o", "2026-01-01", "9999-12-31", "o.jsonl", InvalidInput, "--to"),
        ("o", "2026-01-01", "2026-01-01", "o.jsonl", InvalidInput, "--to"),
        ("o", "2026-01-01", "2026-02-01", "none/o.jsonl", NotFound, "FILE"),
    ],
)
def test_what_cannot_be_exported_is_named(
    worked, tmp_path, institution, first, after, file, error, field
):
    with pytest.raises(error) as refused:
        export_journal(worked.root, institution, first, after, tmp_path / file)
    assert refused.value.field == field
    assert refused.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_no_file(worked, tmp_path, monkeypatch):
    monkeypatch.setattr("greenoffice.exporting.fact_lines", lambda *_: iter([{"kind": object()}]))
    with pytest.raises(TypeError):
        export(worked, tmp_path / "o.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_every_line_of_json_is_a_decision_or_a_figure(worked, tmp_path, capsys):
    export(worked, tmp_path / "o.jsonl")
    recompute(tmp_path / "o.jsonl", as_json=True)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed[-1]["meters"] == 1
    assert printed[-1]["days_left_out"] == []
    steps = {one["step"] for one in printed[:-1] if "step" in one}
    assert steps == {"native", "hour", "day", "month"}
    one = next(line for line in printed if line.get("step") == "day")
    assert one["cost"]["by_currency"][0]["currency"] == "CNY"
    assert (
        len(list(json_lines(RecomputedBooks.of(read_file(tmp_path / "o.jsonl")))))
        == len(printed) - 1
    )


def test_a_table_for_people(worked, tmp_path, capsys):
    export(worked, tmp_path / "o.jsonl")
    recompute(tmp_path / "o.jsonl", as_json=False)
    assert "m 01000" in capsys.readouterr().out
