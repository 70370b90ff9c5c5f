"""Replay: recorded times to UTC, what is refused, and what is registered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tables import local_to_utc
from greenoffice.replay.loaded import write_refused
from greenoffice.replay.options import ReplayOptions, ValueColumn, value_columns
from greenoffice.replay.registration import meter_code, registry_texts
from greenoffice.replay.table import RecordedTable
from metering.errors import InvalidInput
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


def test_null_and_label_end(tmp_path: Path) -> None:
    options = recorded(
        tmp_path, "at,meter,kwh\n2020-01-01 01:00,A,1.5\n2020-01-01 02:00,A,\n", label="end"
    )
    table = RecordedTable(options)
    (chunk,) = table.chunks()
    assert chunk.time_us.tolist() == [parse_instant("2020-01-01T00:00:00+08:00")]
    assert [one.history.missing for one in table.columns or []] == [1]


def test_unknown_column_names_the_known_ones(tmp_path: Path) -> None:
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,A,1.5\n", time="when")
    with pytest.raises(InvalidInput, match="at, meter, kwh"):
        RecordedTable(options)


def test_registered_series_read_back(tmp_path: Path) -> None:
    values = value_columns(["kwh", "level"], ["kWh", "kvarh"])
    options = recorded(tmp_path, "at,meter,kwh,level\n2020-01-01 01:00,A b,1.5,3\n", values=values)
    registry = read_registry_texts(registry_texts(options, ["A b"]), None)
    assert meter_code(options, "A b", values[0]) in registry.meters
    assert registry.point_of("s/replay", "A b.level") is not None
    assert registry.zone("s") == "+08:00"


def test_a_series_that_goes_below_zero_is_registered_so(tmp_path: Path) -> None:
    rows = "at,meter,kwh\n2020-01-01 01:00,A,1.5\n2020-01-01 01:00,B,-2\n2020-01-01 02:00,B,1\n"
    options = recorded(tmp_path, rows)
    table = RecordedTable(options)
    assert table.negative() == {("B", "kwh")}
    texts = registry_texts(options, table.identities(), table.negative())
    registry = read_registry_texts(texts, None)
    codes = {one: meter_code(options, one, options.values[0]) for one in ("A", "B")}
    signed = {one: registry.installations_of(code)[0].signed for one, code in codes.items()}
    assert signed == {"A": False, "B": True}


def test_ids_in_other_letters_have_codes_of_their_own(tmp_path: Path) -> None:
    ids = ["一号楼", "二号楼", "东" * 60, "东" * 61]
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,一号楼,1.5\n")
    registry = read_registry_texts(registry_texts(options, ids), None)
    codes = {meter_code(options, one, options.values[0]) for one in ids}
    assert len(codes) == len(ids)
    assert codes <= registry.meters.keys()


def test_two_ids_of_one_code_are_refused(tmp_path: Path) -> None:
    options = recorded(tmp_path, "at,meter,kwh\n2020-01-01 01:00,A b,1.5\n")
    with pytest.raises(InvalidInput, match="same code"):
        registry_texts(options, ["A b", "A_b"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"interval_min": None}, "interval"),
        ({"interval_min": 7}, "interval"),
        ({"label": "middle"}, "label"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"utc": True, "offset": "+08:00"}, "offset"),
        ({"values": (ValueColumn("kwh", "kilowatts"),)}, "unit"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        recorded(tmp_path, "at,meter,kwh\n", **changes)
    assert refused.value.field == field


def test_a_table_of_people_is_replayed_as_it_is(tmp_path: Path) -> None:
    """GBK, semicolons, decimal commas, a unit beside; the rest is refused with its place."""
    text = (
        "时间;电表;电量\n2026年10月1日 1时;001;1.234,5\n2026年10月1日 2时;001;0,002 MWh\n"
        "2026年10月1日 3时;001;无\n2026年10月1日 4时;001;x\n"
    )
    options = recorded(
        *(tmp_path, ""), time="时间", id="电表", values=(ValueColumn("电量", "kWh"),), label="end"
    )
    options.file.write_bytes(text.encode("gbk"))
    table = RecordedTable(options)
    (chunk,) = table.chunks()
    assert chunk.identity.tolist() == ["001", "001"]
    assert chunk.values["电量"].tolist() == [1234.5, 2.0]
    assert chunk.time_us[0] == parse_instant("2026-10-01T00:00:00+08:00")
    (column,) = table.columns or []
    assert (column.history.missing, len(column.history.refused)) == (1, 1)
    mended = write_refused([column], options.file)
    assert mended is not None
    assert mended.read_text("utf-8-sig").splitlines()[1].startswith("2026年10月1日 4时,001,x,")


def test_times_that_may_be_two_are_asked_for(tmp_path: Path) -> None:
    text = "at,meter,kwh\n10/01/2026,A,1.5\n"
    with pytest.raises(AmbiguousFormat, match="mdy"):
        RecordedTable(recorded(tmp_path, text))
    (chunk,) = RecordedTable(recorded(tmp_path, text, date="mdy")).chunks()
    assert chunk.time_us[0] == parse_instant("2026-10-01T00:00:00+08:00")


def test_a_condition_chooses_rows(tmp_path: Path) -> None:
    text = "at,meter,kwh,kind\n2026-10-01,A,1.5,0\n2026-10-01,B,2.5,1\n"
    table = RecordedTable(recorded(tmp_path, text, where="kind = 1"))
    assert table.identities() == ["B"]
    with pytest.raises(InvalidInput, match="condition"):
        RecordedTable(recorded(tmp_path, text, where="nothing = 1"))


def test_a_label_at_the_end_is_taken_off_the_instant(tmp_path: Path) -> None:
    """02:00 of 29 March 2026 does not exist in Berlin, and is no interval's end here either."""
    file = tmp_path / "a.parquet"
    rows = "SELECT TIMESTAMP '2026-03-29 03:00' AS at, 'A' AS meter, 1.0 AS kwh"
    duckdb.connect().execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
    options = recorded(tmp_path, "", file=file, zone="Europe/Berlin", label="end")
    (chunk,) = RecordedTable(options).chunks()
    assert chunk.times.usable.all()
    assert chunk.time_us[0] == parse_instant("2026-03-29T00:00:00Z")
