"""Replay: any table of people, what is refused of it, and what is registered."""

import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tables.local_times import local_to_utc
from greenoffice.replay.mending import ReplayMending
from greenoffice.replay.options import ReplayOptions, ValueColumn, kind_of, value_columns
from greenoffice.replay.publisher import Publisher, ReadingsEncoder, ReplayReport, replay
from greenoffice.replay.recording import (
    RecordedSeries,
    RecordedTable,
    recorded_tables,
    series_of,
)
from greenoffice.replay.registration import meter_code, registry_texts
from metering.errors import InvalidInput, NotFound
from metering.localtime import parse_instant, to_us
from metering.reading import Kind
from metering.registry.files import read_registry_texts
from metering.tables import AmbiguousFormat

EPOCH = datetime(1970, 1, 1)


def naive_us(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def test_repeated_hour_is_ambiguous_and_skipped_hour_impossible() -> None:
    texts = ["2017-03-12T01:45", "2017-03-12T02:15", "2017-11-05T01:15", "2017-11-05T02:00"]
    times = local_to_utc(np.array([naive_us(t) for t in texts]), "America/Los_Angeles")
    assert times.ambiguous.tolist() == [False, False, True, False]
    assert times.impossible.tolist() == [False, True, False, False]
    assert times.time_us[0] == parse_instant("2017-03-12T09:45:00Z")
    assert times.time_us[3] == parse_instant("2017-11-05T10:00:00Z")


@given(st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)))
def test_usable_times_convert_back(wall: datetime) -> None:
    zone = "Europe/Berlin"
    times = local_to_utc(np.array([(wall - EPOCH) // timedelta(microseconds=1)]), zone)
    back = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(times.time_us[0]))
    if times.usable[0]:
        assert back.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall


def test_fixed_offset_knows_no_ambiguity() -> None:
    times = local_to_utc(np.array([naive_us("2017-11-05T01:15")]), "-08:00")
    assert times.usable.all()
    assert times.time_us[0] == to_us(datetime(2017, 11, 5, 9, 15, tzinfo=UTC))


def recorded(tmp_path: Path, text: str, **changes: object) -> ReplayOptions:
    file = tmp_path / "table.csv"
    file.write_text(text)
    options: dict[str, object] = {
        "file": file,
        "time": "at",
        "id": "meter",
        "values": (ValueColumn("kwh", "kWh"),),
        "kind": Kind.INTERVAL,
        "interval_min": 60,
        "site": "s",
        "zone": "+08:00",
    }
    return ReplayOptions(**(options | changes))  # type: ignore[arg-type]


def seen(tmp_path: Path, name: str, data: bytes, **changes: object) -> ReplayOptions:
    """Of a file of which nothing is said but its kind."""
    (tmp_path / name).write_bytes(data)
    said = {"file": tmp_path / name, "time": "", "id": "", "values": ()}
    return recorded(tmp_path, "", **(said | changes))


def one_table(options: ReplayOptions) -> RecordedTable:
    (table,) = recorded_tables(options)
    return table


def readings(options: ReplayOptions) -> list[tuple[str, str, float]]:
    """(point, unit, value) of all messages, each table by time."""
    encoder = ReadingsEncoder(options, 1)
    return [
        (one["point"], one["unit"], one["value"])
        for table in recorded_tables(options)
        for places in table.by_time()
        for one in encoder.readings(table, places)
    ]


def test_null_and_label_end(tmp_path: Path) -> None:
    text = "at,meter,kwh\n2020-01-01 01:00,A,1.5\n2020-01-01 02:00,A,\n"
    history = one_table(recorded(tmp_path, text, label="end")).history
    assert history.time_us.tolist() == [parse_instant("2020-01-01T00:00:00+08:00")]
    assert history.missing == 1


def test_unknown_column_names_the_known_ones(tmp_path: Path) -> None:
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,A,1.5\n", time="when")
    with pytest.raises(InvalidInput, match="at, meter, kwh"):
        one_table(options)


def test_registered_series_read_back(tmp_path: Path) -> None:
    values = value_columns(["kwh", "level"], ["kWh", "kvarh"])
    options = recorded(tmp_path, "at,meter,kwh,level\n2020-01-01 01:00,A b,1.5,3\n", values=values)
    series = series_of(options)
    assert [(one.name, one.unit) for one in series] == [("A b.kwh", "kWh"), ("A b.level", "kvarh")]
    registry = read_registry_texts(registry_texts(options, series), None)
    assert meter_code("A b.kwh") in registry.meters
    assert registry.point_of("s/replay", "A b.level") is not None
    assert registry.zone("s") == "+08:00"


def test_a_series_that_goes_below_zero_is_registered_so(tmp_path: Path) -> None:
    rows = "at,meter,kwh\n2020-01-01 01:00,A,1.5\n2020-01-01 01:00,B,-2\n2020-01-01 02:00,B,1\n"
    options = recorded(tmp_path, rows)
    registry = read_registry_texts(registry_texts(options, series_of(options)), None)
    codes = {one: meter_code(one) for one in ("A", "B")}
    signed = {one: registry.installations_of(code)[0].signed for one, code in codes.items()}
    assert signed == {"A": False, "B": True}


def test_ids_in_other_letters_have_codes_of_their_own(tmp_path: Path) -> None:
    ids = ["一号楼", "二号楼", "东" * 60, "东" * 61]
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,一号楼,1.5\n")
    series = [RecordedSeries(one, "kWh", negative=False) for one in ids]
    registry = read_registry_texts(registry_texts(options, series), None)
    codes = {meter_code(one) for one in ids}
    assert len(codes) == len(ids)
    assert codes <= registry.meters.keys()


def test_two_ids_of_one_code_are_refused(tmp_path: Path) -> None:
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,A b,1.5\n")
    series = [RecordedSeries(one, "kWh", negative=False) for one in ("A b", "A_b")]
    with pytest.raises(InvalidInput, match="same code"):
        registry_texts(options, series)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"interval_min": None}, "interval"),
        ({"interval_min": 7}, "interval"),
        ({"label": "middle"}, "label"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"utc": True, "offset": "+08:00"}, "offset"),
        ({"values": (ValueColumn("kwh", "kilowatts"),)}, "unit"),
        ({"values": (), "unit": "kilowatts"}, "unit"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        recorded(tmp_path, "at,meter,kwh\n", **changes)
    assert refused.value.field == field


def test_units_go_with_columns_and_kinds_are_known() -> None:
    assert value_columns([], ["kWh"]) == ()
    assert [one.unit for one in value_columns(["a", "b"], [])] == ["", ""]
    with pytest.raises(InvalidInput, match="as many"):
        value_columns([], ["kWh", "m3"])
    with pytest.raises(InvalidInput, match="no such kind"):
        kind_of("meter")


def test_a_table_of_people_is_replayed_as_it_is(tmp_path: Path) -> None:
    """GBK, semicolons, decimal commas, a unit beside; the rest is refused with its place."""
    text = (
        "时间;电表;电量\n2026年10月1日 1时;001;1.234,5\n2026年10月1日 2时;001;0,002 MWh\n"
        "2026年10月1日 3时;001;无\n2026年10月1日 4时;001;x\n"
    )
    options = seen(tmp_path, "table.csv", text.encode("gbk"), label="end", unit="kWh")
    assert options.file.write_bytes(text.encode("gbk"))
    table = one_table(options)
    assert readings(options) == [("001", "kWh", 1234.5), ("001", "kWh", 2.0)]
    assert table.history.time_us[0] == parse_instant("2026-10-01T00:00:00+08:00")
    assert (table.history.missing, len(table.history.refused)) == (1, 1)
    mending = ReplayMending()
    mending.add(table)
    (mended,) = mending.write(options.file)
    assert mended.read_text("utf-8-sig").splitlines()[1].startswith("2026年10月1日 4时,001,x,")


WIDE = "time,A(kWh),B(m3)\n2026-10-01 00:00,1,2\n2026-10-01 01:00,3,\n"


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_nothing_needs_to_be_said_of_a_wide_table(tmp_path: Path) -> None:
    expected = [("A", "kWh", 1.0), ("B", "m3", 2.0), ("A", "kWh", 3.0)]
    assert readings(seen(tmp_path, "w.csv", WIDE.encode())) == expected
    rows = [["time", "A(kWh)", "B(m3)"], [datetime(2026, 10, 1), 1, 2]]
    rows.append([datetime(2026, 10, 1, 1), 3, None])
    assert readings(seen(tmp_path, "w.xlsx", workbook(("x", rows)))) == expected
    options = seen(tmp_path, "w.csv", WIDE.encode())
    assert [(one.name, one.unit) for one in series_of(options)] == [("A", "kWh"), ("B", "m3")]


def test_a_unit_that_nobody_says_is_asked_for(tmp_path: Path) -> None:
    plain = WIDE.replace("(kWh)", "")
    with pytest.raises(InvalidInput, match="no unit of A"):
        readings(seen(tmp_path, "w.csv", plain.encode()))
    told = readings(seen(tmp_path, "w.csv", plain.replace(",B(m3)", ",B").encode(), unit="kWh"))
    assert {unit for _, unit, _ in told} == {"kWh"}


def test_a_folder_and_an_archive_are_replayed_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "1.csv").write_text(WIDE)
    (folder / "2.csv").write_text(WIDE.replace("10-01", "10-02").replace(",3,", ",-3,x"))
    options = recorded(tmp_path, "", file=folder, time="", id="", values=())
    tables = list(recorded_tables(options))
    assert [table.table.file for table in tables] == ["1.csv", "2.csv"]
    assert [(one.name, one.negative) for one in series_of(options)] == [("A", True), ("B", False)]
    mending = ReplayMending()
    for table in tables:
        mending.add(table)
    (mended,) = mending.write(folder)
    assert mended == tmp_path / "f.refused.csv"
    archive = tmp_path / "z.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in folder.iterdir():
            target.write(file, file.name)
    zipped = recorded(tmp_path, "", file=archive, time="", id="", values=())
    assert readings(zipped) == readings(options)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NotFound, match="no file"):
        readings(recorded(tmp_path, "", file=empty))


def test_rows_of_other_headings_are_mended_apart(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    for name, head in (("1", "A"), ("2", "A"), ("3", "B")):
        (folder / f"{name}.csv").write_text(f"time,{head}\n2026-10-01,{name}x\n")
    options = recorded(tmp_path, "", file=folder, time="", id="", values=(), unit="kWh")
    mending = ReplayMending()
    for table in recorded_tables(options):
        mending.add(table)
    first, second = mending.write(folder)
    told = [line.split(",")[1] for line in first.read_text("utf-8-sig").splitlines()]
    assert told == ["A", "1x", "2x"]
    assert second.read_text("utf-8-sig").splitlines()[0] == "time,B,reason"


def test_a_sheet_may_be_named(tmp_path: Path) -> None:
    rows = [["time", "A"], [datetime(2026, 10, 1), 1]]
    options = seen(tmp_path, "w.xlsx", workbook(("封面", [["台账"]]), ("x", rows)), unit="kWh")
    with pytest.raises(InvalidInput, match="封面"):
        readings(options)
    named = replace(options, file=tmp_path / "w.xlsx#x")
    assert readings(named) == [("A", "kWh", 1.0)]
    with pytest.raises(NotFound, match="封面, x"):
        readings(replace(options, file=tmp_path / "w.xlsx#y"))


def test_nem12_and_green_button_say_all_by_themselves(tmp_path: Path) -> None:
    days = ["300,20261001," + ",".join("1" for _ in range(48)) + ",A"]
    rows = ["100,NEM12,202610020000,MDP,RET", "200,NMI1,E1,1,E1,N1,S,kWh,30,", *days, "900"]
    told = readings(seen(tmp_path, "n.csv", "\n".join(rows).encode(), interval_min=30))
    assert told == [("NMI1", "kWh", 1.0)] * 48
    two = [*rows[:3], rows[1].replace("E1,N1", "B1,N1"), days[0], "900"]
    told = readings(seen(tmp_path, "n.csv", "\n".join(two).encode(), interval_min=30))
    assert {point for point, _, _ in told} == {"NMI1.E1", "NMI1.B1"}


def test_times_that_may_be_two_are_asked_for(tmp_path: Path) -> None:
    text = "at,meter,kwh\n10/01/2026,A,1.5\n"
    with pytest.raises(AmbiguousFormat, match="mdy"):
        one_table(recorded(tmp_path, text))
    history = one_table(recorded(tmp_path, text, date="mdy")).history
    assert history.time_us[0] == parse_instant("2026-10-01T00:00:00+08:00")


def test_a_condition_chooses_rows(tmp_path: Path) -> None:
    text = "readings of October\nat,meter,kwh,kind\n2026-10-01,A,1.5,0\n2026-10-01,B,2.5,1\n"
    options = recorded(tmp_path, text, where="kind = 1")
    assert [one.name for one in series_of(options)] == ["B"]
    typed = recorded(tmp_path, text, where='CAST("kwh" AS DOUBLE) < 2')
    assert [one.name for one in series_of(typed)] == ["A"]
    assert readings(recorded(tmp_path, text, where="kind = 7")) == []
    with pytest.raises(InvalidInput, match="condition"):
        one_table(recorded(tmp_path, text, where="nothing = 1"))


def test_a_label_at_the_end_is_taken_off_the_instant(tmp_path: Path) -> None:
    """02:00 of 29 March 2026 does not exist in Berlin, and is no interval's end here either."""
    file = tmp_path / "a.parquet"
    rows = "SELECT TIMESTAMP '2026-03-29 03:00' AS at, 'A' AS meter, 1.0 AS kwh"
    duckdb.connect().execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
    options = recorded(tmp_path, "", file=file, zone="Europe/Berlin", label="end")
    history = one_table(options).history
    assert history.time_us.tolist() == [parse_instant("2026-03-29T00:00:00Z")]


class _Kept(Publisher):
    """What would be sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def publish(self, topic: str, payload: bytes) -> None:
        assert topic == "greenoffice/v1/s/replay/readings"
        self.sent.append(payload)


def test_every_value_is_published_missing_or_refused(tmp_path: Path) -> None:
    rows = [f"2026-10-01 {n % 24:02}:00,M{n // 24},{n}" for n in range(24 * 50)]
    text = "\n".join(["at,meter,kwh", *rows, "2026-10-01 00:00,X,", "2026-10-01 00:00,X,x", ""])
    options = recorded(tmp_path, text, batch=7)
    kept, encoder, total = _Kept(), ReadingsEncoder(options, 3), ReplayReport()
    done: list[int] = []
    for table in recorded_tables(options):
        total.add(replay(table, options, kept, encoder, done.append))
    assert (total.values, total.null_values, total.refused) == (1202, 1, 1)
    assert total.values == total.null_values + total.refused + total.published
    messages = [msgspec.json.decode(one) for one in kept.sent]
    assert [one["seq"] for one in messages] == list(range(1, total.messages + 1))
    sent = [reading for one in messages for reading in one["readings"]]
    assert len(sent) == total.published == 1200
    assert [one["time"] for one in sent] == sorted(one["time"] for one in sent)
    assert {one["value"] for one in sent} == set(map(float, range(1200)))
    assert done[-1] == total.values
    assert "row 1203" in total.examples[0]
