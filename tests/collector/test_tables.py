"""Files of people: the matrix, laws of numbers and times, bounds, and rows to mend."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tables import HistoryForm, read_history, read_tables, refused_csv
from collector.tables.limits import MOST_COLUMNS
from collector.tables.local_times import local_to_utc, told_by_order
from metering.errors import InvalidInput, NotFound
from metering.tables import AmbiguousFormat, NumberForm, TimeForm, number_form, plain_number
from proofs.tables import cases, written
from proofs.tables.check import judged

FORM = HistoryForm(zone="Asia/Shanghai")


def test_every_file_of_the_matrix_is_read_as_written_down():
    assert {one.name: why for one in cases.all_cases() if (why := judged(one))} == {}


def test_names_of_the_matrix_are_one_each():
    names = [one.name for one in cases.all_cases()]
    assert sorted(names) == sorted(set(names))


@given(
    st.decimals(-(10**9), 10**9, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ",")])
)
def test_a_number_reads_back_in_its_form(value, signs):
    thousands, decimal = signs
    text = f"{value:,}".replace(",", "_").replace(".", decimal).replace("_", thousands)
    number, unit = NumberForm(decimal).read(text)
    assert (float(number), unit) == (float(value), "")


@given(st.lists(st.decimals(-(10**7), 10**7, places=3), min_size=1, max_size=6))
def test_a_column_is_read_as_it_was_written_or_asked_about(values):
    for decimal in (".", ","):
        texts = [str(one).replace(".", decimal) for one in values]
        try:
            form = number_form(texts, "kWh")
        except AmbiguousFormat:
            continue
        assert [float(form.read(one)[0]) for one in texts] == [float(one) for one in values]


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)))
def test_a_time_reads_back_in_every_form(wall):
    wall = wall.replace(second=0, microsecond=0)
    for form, text in (
        ("ymd", f"{wall.year}年{wall.month}月{wall.day}日 {wall.hour}时{wall.minute}分"),
        ("ymd", f"{wall:%Y%m%d%H%M%S}"),
        ("dmy", f"{wall:%d.%m.%Y %H:%M}"),
        ("dmy", f"{wall:%d/%m/%Y %I:%M %p}"),
        ("mdy", f"{wall:%m/%d/%Y} {'下午' if wall.hour > 11 else '上午'}{wall:%I:%M}"),
    ):
        assert TimeForm(form).read(text).wall == wall


@pytest.mark.parametrize("text", ["1,234", "12,34.5", "1 kWh", "", "-", "1e", "１，２３４"])
def test_what_may_be_two_numbers_is_no_plain_one(text):
    with pytest.raises(ValueError, match=r"^(?s:.*)$"):
        plain_number(text)


def test_refused_rows_are_mended_and_loaded_again():
    data = "时间,电表,读数\n2026-10-01 00:00,A,1\n2026-10-01 01:00,A,1.5.\n"
    (table,) = read_tables("a.csv", data.encode())
    history = read_history(table, FORM)
    assert [str(one) for one in history.refused] == [
        "a.csv, row 3, 读数 = '1.5.': not a number",
    ]
    again = refused_csv(table, history.heading_rows, history.refused).decode("utf-8-sig")
    assert again.splitlines() == [
        "时间,电表,读数,reason",
        "2026-10-01 01:00,A,1.5.,读数: not a number",
    ]
    (mended,) = read_tables("b.csv", again.replace("1.5.", "1.5").encode())
    assert read_history(mended, FORM).value.tolist() == [1.5]


@given(st.integers(2, 4), st.integers(0, 3), st.booleans())
def test_the_doubled_hour_is_told_by_the_order_of_rows(per_hour, series, newest_first):
    """Against the instants that made the wall times; the other series disturb nothing."""
    step = 3_600_000_000 // per_hour
    begin = local_to_utc(np.array([_us("2026-10-25T00:00")]), "Europe/Berlin").time_us[0]
    instants = begin + np.arange(6 * per_hour, dtype=np.int64) * step
    change = local_to_utc(np.array([_us("2026-10-25T03:00")]), "Europe/Berlin").time_us[0]
    walls = instants + np.where(instants < change - 3_600_000_000, 7_200_000_000, 3_600_000_000)
    if newest_first:
        instants, walls = instants[::-1], walls[::-1]
    which = np.tile(np.arange(series + 1), len(walls))
    walls, instants = np.repeat(walls, series + 1), np.repeat(instants, series + 1)
    told = told_by_order(which, walls, local_to_utc(walls, "Europe/Berlin"))
    assert told.usable.all()
    assert told.time_us.tolist() == instants.tolist()


def _us(text):
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def test_a_folder_is_all_its_tables(tmp_path: Path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_bytes(written.delimited(cases.long_rows()))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    assert [one.file for one in read_tables(tmp_path)] == ["a.csv", "b.csv"]
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(InvalidInput, match=r"old\.xls"):
        read_tables(tmp_path)
    with pytest.raises(NotFound):
        read_tables(tmp_path / "none.csv")


def test_a_table_is_bounded_in_width():
    (table,) = read_tables("a.csv", b",".join([b"x"] * (MOST_COLUMNS + 1)))
    with pytest.raises(InvalidInput, match="columns"):
        read_history(table, FORM)


def test_a_workbook_with_a_document_type_is_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'
    data = written.packed({"xl/workbook.xml": bomb, "[Content_Types].xml": b"<x/>"})
    with pytest.raises(InvalidInput, match="document type"):
        read_tables("a.xlsx", data)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"shape": "round"}, "shape"),
        ({"decimal": ";"}, "decimal"),
        ({"label": "end"}, "interval"),
        ({"label": "middle"}, "label"),
        ({"date": "ydm"}, "date"),
        ({"unit": "kilowatts"}, "unit"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
def test_what_is_said_of_a_history_is_checked(changes, field):
    with pytest.raises(InvalidInput) as refused:
        HistoryForm(**{"zone": "UTC", **changes})
    assert refused.value.field == field
