"""The matrix: files, and what each must come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from proofs.tables import written
from proofs.tables.case import (
    BERLIN,
    DAY,
    FOUR,
    HOURS,
    Number,
    TableCase,
    Time,
    iso_minutes,
    long_rows,
    point,
)
from proofs.tables.offices import cases_of_offices


def all_cases() -> list[TableCase]:
    """Every case of the matrix."""
    return [
        *_encodings(),
        *_separators(),
        *_numbers(),
        *_times(),
        *_asked(),
        *_headings(),
        *_shapes(),
        *_workbooks(),
        *_containers(),
        *_nothing(),
        *_defects(),
        *_units(),
        *_clock_changes(),
        *_nem12(),
        *_green_button(),
        *cases_of_offices(),
    ]


def _encodings() -> Iterator[TableCase]:
    chinese = long_rows(heading=("时间", "电表", "读数"))
    marks = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    for encoding in ("utf-8", "gb18030", "gbk", "utf-16-le", "utf-16-be"):
        for end in ("\r\n", "\n"):
            data = written.delimited(chinese, encoding=encoding, end=end)
            yield TableCase(f"{encoding}{'' if end == chr(10) else ' crlf'}", "a.csv", data)
    for encoding, mark in marks.items():
        data = written.delimited(chinese, encoding=encoding, mark=mark)
        yield TableCase(f"{encoding} with a mark", "a.csv", data)
    traditional = long_rows(heading=("時間", "電表", "讀數"))
    data = written.delimited(traditional, encoding="big5")
    columns = {"time": "時間", "meter": "電表", "values": ("讀數",)}
    yield TableCase("big5 as said", "a.csv", data, encoding="big5", said=columns)
    yield TableCase("big5 unsaid", "a.csv", data, error="encoding", ambiguous=True, said=columns)
    german = written.delimited(
        long_rows(heading=("time", "meter", "Zähler Süd")), encoding="cp1252"
    )
    said = {"values": ("Zähler Süd",)}
    yield TableCase("cp1252 unsaid", "a.csv", german, error="encoding", ambiguous=True, said=said)
    yield TableCase("cp1252 as said", "a.csv", german, encoding="cp1252", said=said)
    yield TableCase("said wrongly", "a.csv", german, error="encoding", encoding="utf-8", said=said)
    yield TableCase(
        "bytes of nothing", "a.csv", bytes(range(256)) * 4, error="encoding", ambiguous=True
    )


def _separators() -> Iterator[TableCase]:
    def comma(value: float) -> str:
        return f"{value:g}".replace(".", ",")

    for word, separator in (("comma", ","), ("semicolon", ";"), ("tab", "\t")):
        for sign, number in (("point", point), ("comma", comma)):
            data = written.delimited(long_rows(number), separator)
            yield TableCase(f"{word}, decimal {sign}", "a.csv", data)
    for separator in (";", "\t"):
        data = f"sep={separator}\r\n".encode() + written.delimited(long_rows(comma), separator)
        yield TableCase(f"sep={separator!r} line", "a.csv", data)
    title = [["October, first day"], *long_rows(comma)]
    yield TableCase("a title before", "a.csv", written.delimited(title, ";"))
    both = b"time;meter,value;x\n2026-10-01 00:00;A,1;2\n2026-10-01 01:00;B,2;2\n"
    yield TableCase("two separators", "a.csv", both, error="separator", ambiguous=True)


def _numbers() -> Iterator[TableCase]:
    forms: dict[str, Number] = {
        "thousands by commas": lambda value: f"{value:,}",
        "thousands by points": lambda value: f"{value:,}".translate(str.maketrans(",.", ".,")),
        "thousands by blanks": lambda value: f"{value:,}".replace(",", " "),
        "thousands by narrow blanks": lambda value: f"{value:,}".replace(",", "\u202f"),
        "thousands by apostrophes": lambda value: f"{value:,}".replace(",", "'"),
        "exponents": lambda value: f"{value:e}",
        "full width": lambda value: f"{value:g}".translate(_WIDE),
        "full width with thousands": lambda value: f"{value:,}".translate(_WIDE),
        "a minus of typographers": lambda value: f"{value:g}".replace("-", "−"),
        "a plus": lambda value: f"{value:+g}",
        "blanks around": lambda value: f"  {value:g}\u3000",
        "no zero before": lambda value: f"{value:g}".replace("0.", "."),
        "long": lambda value: f"{value:.9f}",
    }
    for name, number in forms.items():
        yield TableCase(name, "a.csv", written.delimited(long_rows(number)))
    data = written.delimited(long_rows(lambda value: f"{value:g} kWh"))
    yield TableCase("a unit beside", "a.csv", data)
    data = written.delimited(long_rows(lambda value: f"{value:g}千瓦时"))
    yield TableCase("a Chinese unit beside", "a.csv", data, said={"unit": "kWh"})


_WIDE = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


def _times() -> Iterator[TableCase]:
    def serial(time: datetime) -> str:
        return f"{(time - datetime(1899, 12, 30)) / timedelta(days=1):.8f}"

    def serial_1904(time: datetime) -> str:
        return f"{(time - datetime(1904, 1, 1)) / timedelta(days=1):.8f}"

    def epoch(time: datetime) -> int:
        return int((time - timedelta(hours=8) - datetime(1970, 1, 1)).total_seconds())

    forms: dict[str, Time] = {
        "iso with seconds": lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
        "iso with T": lambda t: f"{t:%Y-%m-%dT%H:%M}",
        "iso with an offset": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}+08:00",
        "iso in UTC": lambda t: f"{t - timedelta(hours=8):%Y-%m-%dT%H:%M:%S}.000Z",
        "slashes": lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:{t:%M}",
        "Chinese": lambda t: f"{t.year}年{t.month}月{t.day}日 {t.hour}时",
        "Chinese to the minute": lambda t: f"{t.year}年{t.month}月{t.day}日{t.hour}时00分",
        "Chinese with a weekday": lambda t: f"{t.year}年{t.month}月{t.day}日 星期四 {t:%H:%M}",
        "Chinese halves of the day": lambda t: f"{t:%Y/%m/%d} 上午{t.hour or 12}:00",
        "full width": lambda t: f"{t:%Y-%m-%d %H:%M}".translate(_WIDE).replace(":", "："),
        "points": lambda t: f"{t:%d.%m.%Y %H:%M}",
        "AM": lambda t: f"{t:%Y-%m-%d} {t.hour or 12}:00 AM",
        "a month's name": lambda t: f"{t.day} Oct {t.year} {t:%H:%M}",
        "a month's name before": lambda t: f"October {t.day}, {t.year} {t:%H:%M}",
        "one piece": lambda t: f"{t:%Y%m%d%H%M%S}",
        "two pieces": lambda t: f"{t:%Y%m%d %H%M}",
        "days of a spreadsheet": serial,
        "seconds since 1970": lambda t: f"{epoch(t)}",
        "milliseconds since 1970": lambda t: f"{epoch(t)}000",
        "microseconds since 1970": lambda t: f"{epoch(t)}000000",
    }
    for name, time in forms.items():
        yield TableCase(f"time: {name}", "a.csv", written.delimited(long_rows(time=time), "\t"))
    data = written.delimited(long_rows(time=serial_1904))
    said = {"date": "serial_1904"}
    yield TableCase("time: days of an old spreadsheet", "a.csv", data, said=said)
    ends = long_rows(time=lambda t: f"{t:%Y-%m-%d} {t.hour + 1:02}:00")
    said_end = {"label": "end", "interval_min": 60}
    yield TableCase("labels at the end", "a.csv", written.delimited(ends), said=said_end)
    last = [["time", "meter", "value"], ["2026-10-01 24:00", "A", "5"]]
    once = (("A", "2026-10-01T15:00:00Z", 5.0),)
    data = written.delimited(last)
    yield TableCase("24:00 at the end", "a.csv", data, once, 0, said=said_end)


def _asked() -> Iterator[TableCase]:
    american = written.delimited(long_rows(time=lambda t: f"{t:%m/%d/%Y %H:%M}"))
    yield TableCase("10/01/2026", "a.csv", american, error="column", ambiguous=True)
    yield TableCase("10/01/2026, said mdy", "a.csv", american, said={"date": "mdy"})
    british = written.delimited(long_rows(time=lambda t: f"{t:%d/%m/%Y %H:%M}"))
    yield TableCase("01/10/2026, said dmy", "a.csv", british, said={"date": "dmy"})
    days = [
        ["time", "meter", "value"],
        *([f"{day:02}/10/2026", "A", f"{day}"] for day in (1, 12, 13, 31)),
    ]
    told = tuple(
        ("A", f"2026-{9 if day == 1 else 10:02}-{30 if day == 1 else day - 1:02}T16:00:00Z", day)
        for day in (1, 12, 13, 31)
    )
    yield TableCase("told by another row", "a.csv", written.delimited(days), told, 0)
    short = written.delimited(long_rows(time=lambda t: f"{t:%y-%m-%d %H:%M}"))
    yield TableCase("26-10-01", "a.csv", short, error="column", ambiguous=True)
    both = [
        ["time", "meter", "value"],
        ["13/01/2026", "A", "1"],
        ["01/13/2026", "A", "2"],
    ]
    yield TableCase("two orders", "a.csv", written.delimited(both), error="column", ambiguous=True)
    hours = written.delimited(long_rows(time=lambda t: f"{t:%Y%m%d%H}"))
    yield TableCase("2026100100", "a.csv", hours, error="column", ambiguous=True)
    groups = [["time", "meter", "value"], ["2026-10-01 00:00", "A", "1,234"]]
    data = written.delimited(groups)
    yield TableCase("1,234", "a.csv", data, error="column", ambiguous=True)
    for sign, value in ((".", 1234.0), (",", 1.234)):
        right = (("A", "2026-09-30T16:00:00Z", value),)
        yield TableCase(f"1,234, decimal {sign}", "a.csv", data, right, 0, said={"decimal": sign})
    more = written.delimited([*groups, ["2026-10-01 01:00", "A", "1,5"]])
    by_other = (("A", "2026-09-30T16:00:00Z", 1.234), ("A", "2026-09-30T17:00:00Z", 1.5))
    yield TableCase("1,234 told by another row", "a.csv", more, by_other, 0)
    twice = [["时间", "表号", "仪表", "读数"], ["2026-10-01", "1", "2", "3"]]
    data = written.delimited(twice)
    yield TableCase("two meters", "a.csv", data, error="meter", ambiguous=True)


def _headings() -> Iterator[TableCase]:
    for heading in (
        ("时间", "表号", "示数"),
        ("采集时间", "仪表编号", "读数(kWh)"),
        ("数据时间", "测点", "电量（千瓦时）"),
        ("Timestamp", "Meter ID", "Reading"),
        ("datetime", "meter_no", "Value [kWh]"),
        ("TIME", "METER", "VALUE"),
    ):
        yield TableCase("/".join(heading), "a.csv", written.delimited(long_rows(heading=heading)))
    odd = written.delimited(long_rows(heading=("wann", "wer", "wieviel")))
    said = {"time": "wann", "meter": "wer", "values": ("wieviel",)}
    yield TableCase("headings as said", "a.csv", odd, said=said)
    wrong = {"time": "when"}
    yield TableCase("a heading that is not there", "a.csv", odd, error="column", said=wrong)
    apart = [["日期", "时刻", "表号", "值"]]
    apart += [[*row[0].split(" "), *row[1:]] for row in long_rows()[1:]]
    yield TableCase("day and clock apart", "a.csv", written.delimited(apart))
    titled = [["一号楼抄表记录", "", ""], ["", "", ""], *long_rows()]
    yield TableCase("a title over the headings", "a.csv", written.delimited(titled))
    yield TableCase("nothing at all", "a.csv", b"", error="file")
    yield TableCase("headings alone", "a.csv", b"time,meter,value\n", (), 0)


def _wide_rows() -> list[list[Any]]:
    return [
        ["time", "001", "1E5"],
        [iso_minutes(HOURS[0]), "1234.5", "-3"],
        [iso_minutes(HOURS[1]), "0.25", ""],
    ]


def _shapes() -> Iterator[TableCase]:
    wide = _wide_rows()
    yield TableCase("wide", "a.csv", written.delimited(wide))
    units = [wide[0], ["", "kWh", "kWh"], *wide[1:]]
    yield TableCase("wide with a row of units", "a.csv", written.delimited(units))
    merged = [["时间", "001", "", "1E5", ""], ["", "峰", "谷", "峰", "谷"]]
    merged += [[iso_minutes(HOURS[0]), "1", "2", "3", "4"]]
    right = tuple(
        (name, "2026-09-30T16:00:00Z", float(n))
        for n, name in enumerate(("001 峰", "001 谷", "1E5 峰", "1E5 谷"), start=1)
    )
    yield TableCase("two rows of headings", "a.csv", written.delimited(merged), right, 0)
    times = [["meter", *map(iso_minutes, HOURS)], ["001", "1234.5", "0.25"], ["1E5", "-3", ""]]
    yield TableCase("a column a time", "a.csv", written.delimited(times))
    days = [["日期", "电表", "0:00", "1:00"]]
    days += [["2026-10-01", "001", "1234.5", "0.25"], ["2026-10-01", "1E5", "-3", ""]]
    yield TableCase("a row a day", "a.csv", written.delimited(days))
    for name, first in (("0 to 23", 0), ("1 to 24", 1)):
        head = ["date", "meter", *(str(n) for n in range(first, first + 24))]
        rows = [head, ["2026-10-01", "001", "1234.5", "0.25", *[""] * 22]]
        rows += [["2026-10-01", "1E5", "-3", *[""] * 23]]
        yield TableCase(f"hours {name}", "a.csv", written.delimited(rows), missing=45)
    head = ["日期", *(f"{n}时" for n in range(24))]
    rows = [head, ["2026年10月1日", *(str(n) for n in range(24))]]
    instants = (DAY + timedelta(hours=n - 8) for n in range(24))
    told = tuple(("", f"{one.isoformat()}Z", float(n)) for n, one in enumerate(instants))
    yield TableCase("days by Chinese hours", "a.csv", written.delimited(rows), told, 0)


def _workbooks() -> Iterator[TableCase]:
    rows: list[list[Any]] = [
        ["时间", "电表", "读数"],
        [HOURS[0], "001", 1234.5],
        [HOURS[1], "001", 0.25],
        [HOURS[0], "1E5", -3],
        [HOURS[1], "1E5", None],
    ]
    for shown in ("yyyy-mm-dd hh:mm", "m/d/yy h:mm", 'yyyy"年"m"月"d"日" h"时"', "dd.mm.yyyy"):
        yield TableCase(f"workbook, {shown}", "a.xlsx", written.workbook(rows, shown))
    texts = [[*row] for row in long_rows()]
    yield TableCase("workbook of texts", "a.xlsx", written.workbook(texts))

    def old(book: Any, _: Any) -> None:
        book.epoch = datetime(1904, 1, 1)

    yield TableCase("workbook of 1904", "a.xlsx", written.workbook(rows, "yyyy-mm-dd hh:mm", old))

    def hidden(book: Any, _: Any) -> None:
        other = book.create_sheet("旧")
        other.append(["时间", "电表", "读数"])
        other.append([HOURS[0], "no", 9])
        other.sheet_state = "hidden"

    yield TableCase("workbook, a hidden sheet", "a.xlsx", written.workbook(rows, change=hidden))

    def padded(_: Any, sheet: Any) -> None:
        for cell in (sheet["B2"], sheet["B3"]):
            cell.value, cell.number_format = 1, "000"

    yield TableCase("workbook, zeros shown", "a.xlsx", written.workbook(rows, change=padded))

    def merged(_: Any, sheet: Any) -> None:
        sheet.insert_rows(1)
        sheet["A1"] = "十月抄表"
        sheet.merge_cells("A1:C1")

    yield TableCase("workbook, a merged title", "a.xlsx", written.workbook(rows, change=merged))
    broken = [[*row] for row in rows]
    broken[4][2] = "#N/A"
    yield TableCase("workbook, #N/A", "a.xlsx", written.workbook(broken))
    broken[4][2] = "#REF!"
    data = written.workbook(broken)
    yield TableCase("workbook, #REF!", "a.xlsx", data, missing=0, refused=((5, "not a number"),))
    data = written.worked_out(long_rows(), {(1, 2): ("=617.25*2", 1234.5)})
    yield TableCase("workbook, formulas worked out", "a.xlsx", data)
    never = [[*row] for row in rows]
    never[4][2] = "=1+1"
    data = written.workbook(never)
    refused = ((5, "not a number"),)
    yield TableCase(
        "workbook, formulas never worked out", "a.xlsx", data, missing=0, refused=refused
    )
    days = [
        [one.replace(hour=0) if isinstance(one, datetime) else one for one in row] for row in rows
    ]
    data = written.workbook([days[0], days[1], days[3]])
    yield TableCase("workbook, days", "a.xlsx", data, (FOUR[0], FOUR[2]), 0)
    whole = written.workbook(rows)
    yield TableCase("workbook, cut", "a.xlsx", whole[: len(whole) // 2], error="file")
    password = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    yield TableCase("workbook with a password", "a.xlsx", password, error="file")


def _containers() -> Iterator[TableCase]:
    rows = long_rows()
    plain = written.delimited(rows)
    yield TableCase("gzip", "a.csv.gz", written.squeezed(plain))
    yield TableCase("zip", "a.zip", written.packed({"a.csv": plain}))
    yield TableCase(
        "zip of a workbook", "a.zip", written.packed({"x/a.xlsx": written.workbook(rows)})
    )
    halves = [written.delimited([rows[0], *part]) for part in (rows[1:3], rows[3:])]
    data = written.packed({"一月.csv": halves[0], "二月.csv": halves[1], "__MACOSX/._a.csv": b"x"})
    yield TableCase("zip of two", "a.zip", data)
    select = (
        "SELECT * FROM (VALUES (TIMESTAMP '2026-10-01 00:00', '001', 1234.5::DOUBLE), "
        "(TIMESTAMP '2026-10-01 01:00', '001', 0.25), (TIMESTAMP '2026-10-01 00:00', '1E5', -3), "
        "(TIMESTAMP '2026-10-01 01:00', '1E5', NULL)) AS t(time, meter, value)"
    )
    yield TableCase("Parquet", "a.parquet", written.parquet(select))
    aware = select.replace("TIMESTAMP '", "TIMESTAMPTZ '").replace(":00'", ":00+08'")
    yield TableCase("Parquet with instants", "a.parquet", written.parquet(aware))
    bomb = written.packed({"a.csv": b"0" * (17 << 20)})
    yield TableCase("an archive that grows", "a.zip", bomb, error="file")
    yield TableCase("packed that grows", "a.gz", written.squeezed(b"0" * (17 << 20)), error="file")
    inner = written.packed({"b.zip": written.packed({"a.csv": plain})})
    yield TableCase("archive in archive", "a.zip", inner, error="file")
    legacy = written.packed({"a.xls": b"x"})
    yield TableCase("an old workbook in an archive", "a.zip", legacy, error="file")


def _nothing() -> Iterator[TableCase]:
    for word in ("-", "—", "——", "N/A", "#N/A", "无", "null", "NULL", "None", "NaN", "/", "无数据"):
        yield TableCase(f"nothing: {word}", "a.csv", written.delimited(long_rows(nothing=word)))


def _defects() -> Iterator[TableCase]:
    rows = long_rows()

    def case(name: str, row: list[str], why: str) -> TableCase:
        data = written.delimited([*rows, row])
        return TableCase(f"defect: {name}", "a.csv", data, refused=((6, why),))

    at = "2026-10-01 02:00"
    yield case("a word for a number", [at, "001", "abc"], "not a number")
    yield case("two points", [at, "001", "1.2.3"], "not a number")
    yield case("a comma too early", [at, "001", "12,34.5"], "not a number")
    yield case("infinite", [at, "001", "1e999"], "not a number")
    yield case("a question mark", [at, "001", "12?"], "not a number")
    yield case("a day that is none", ["2026-02-30 00:00", "001", "1"], "not a time")
    yield case("a time that is none", ["2026-10-01 25:00", "001", "1"], "not a time")
    yield case("a year that is none", ["0226-10-01 00:00", "001", "1"], "not a time")
    yield case("no time", ["", "001", "1"], "no time")
    yield case("no meter", [at, "", "1"], "no meter")
    yield case("a sum below", ["合计", "001", "1231.75"], "not a time")
    yield case("a field too many", [at, "001", "1", "5"], "fields")
    yield case("a field too few", [at, "001"], "fields")
    unclosed = b'time,meter,value\n2026-10-01 00:00,"A,1\n'
    yield TableCase("defect: a quotation mark", "a.csv", unclosed, error="line")
    blank = written.delimited([*rows[:3], ["", "", ""], *rows[3:]])
    yield TableCase("blank rows", "a.csv", blank)
    mended = [[*rows[0], "reason"], *([*row, "value: not a number"] for row in rows[1:])]
    yield TableCase("a mended file of refused rows", "a.csv", written.delimited(mended))


def _units() -> Iterator[TableCase]:
    rows = [[*row, "unit" if n == 0 else "MWh"] for n, row in enumerate(long_rows())]
    more = tuple((meter, at, value * 1000) for meter, at, value in FOUR)
    said = {"unit": "kWh"}
    yield TableCase("a column of units", "a.csv", written.delimited(rows), more, said=said)
    rows[1][3] = "度"
    mixed = (FOUR[0], *more[1:])
    yield TableCase("two units", "a.csv", written.delimited(rows), mixed, said=said)
    rows[1][3] = "m3"
    refused = ((2, "unit"),)
    yield TableCase(
        "a unit that does not fit",
        "a.csv",
        written.delimited(rows),
        more[1:],
        1,
        refused,
        said=said,
    )
    rows[1][3] = "xyz"
    yield TableCase(
        "a unit of nobody", "a.csv", written.delimited(rows), more[1:], 1, refused, said=said
    )


def _clock_changes() -> Iterator[TableCase]:
    """Berlin, 2026: 29 March has no 02:00, 25 October has two."""
    autumn = ["01:00", "02:00", "02:00", "03:00"]
    rows = [["time", "meter", "value"]]
    rows += [[f"2026-10-25 {at}", "A", str(n)] for n, at in enumerate(autumn)]
    hours = [datetime(2026, 10, 24, 23) + timedelta(hours=n) for n in range(4)]
    right = tuple(("A", f"{at.isoformat()}Z", float(n)) for n, at in enumerate(hours))
    data = written.delimited(rows)
    yield TableCase("autumn by the order of rows", "a.csv", data, right, 0, zone=BERLIN)
    data = written.delimited([rows[0], *reversed(rows[1:])])
    yield TableCase("autumn, newest first", "a.csv", data, right, 0, zone=BERLIN)
    mixed = [rows[0], rows[1], rows[4], rows[2], rows[3]]
    refused = ((4, "twice"), (5, "twice"))
    data = written.delimited(mixed)
    yield TableCase(
        "autumn, rows mixed", "a.csv", data, (right[0], right[3]), 0, refused, zone=BERLIN
    )
    once = [rows[0], rows[1], rows[2], rows[4]]
    yield TableCase(
        "autumn, one of the two",
        "a.csv",
        written.delimited(once),
        (right[0], right[3]),
        0,
        ((3, "twice"),),
        zone=BERLIN,
    )
    aware = [rows[0]] + [
        [f"2026-10-25 {at}{off}", "A", str(n)]
        for n, (at, off) in enumerate(zip(autumn, ("+02", "+02", "+01", "+01"), strict=True))
    ]
    yield TableCase("autumn with offsets", "a.csv", written.delimited(aware), right, 0, zone=BERLIN)
    fixed = written.delimited(rows[:2] + rows[4:])
    told = (("A", "2026-10-25T00:00:00Z", 0.0), ("A", "2026-10-25T02:00:00Z", 3.0))
    yield TableCase("an offset for all", "a.csv", fixed, told, 0, zone="+01:00")
    spring = [rows[0], ["2026-03-29 01:00", "A", "1"], ["2026-03-29 02:00", "A", "2"]]
    spring += [["2026-03-29 03:00", "A", "3"]]
    data = written.delimited(spring)
    both = (("A", "2026-03-29T00:00:00Z", 1.0), ("A", "2026-03-29T01:00:00Z", 3.0))
    yield TableCase("spring", "a.csv", data, both, 0, ((3, "does not exist"),), zone=BERLIN)
    ends = {"label": "end", "interval_min": 60}
    earlier = (("A", "2026-03-28T23:00:00Z", 1.0), ("A", "2026-03-29T00:00:00Z", 3.0))
    yield TableCase(
        "spring, labels at the end",
        "a.csv",
        data,
        earlier,
        0,
        ((3, "does not exist"),),
        said=ends,
        zone=BERLIN,
    )
    days = written.delimited([rows[0], ["2026-10-26", "A", "24"]])
    whole = (("A", "2026-10-24T22:00:00Z", 24.0),)
    yield TableCase(
        "the end of a day of 25 hours",
        "a.csv",
        days,
        whole,
        0,
        said={"label": "end", "interval_min": 1440},
        zone=BERLIN,
    )


def _nem12() -> Iterator[TableCase]:
    """Half hours of 1 October 2026 of one channel; times are UTC+10."""
    head = [["100", "NEM12", "202610020000", "MDP", "RET"]]
    channel = ["200", "NMI0000001", "E1", "1", "E1", "N1", "SER1", "KWH", "30", ""]
    values = [f"{n / 10:g}" for n in range(48)]
    start = datetime(2026, 9, 30, 14)
    instants = [f"{(start + timedelta(minutes=30 * n)).isoformat()}Z" for n in range(48)]
    right = tuple(("NMI0000001", at, n / 10) for n, at in enumerate(instants))

    def case(name: str, days: list[list[str]], **outcome: Any) -> TableCase:
        rows = [*head, channel, *days, ["900"]]
        return TableCase(f"NEM12: {name}", "a.csv", written.delimited(rows), **outcome)

    day = ["300", "20261001", *values]
    yield case(
        "actual", [[*day, "A", "", "", "", ""]], readings=right, missing=0, quality=("A",) * 48
    )
    nothing = ["300", "20261001", *values, "N"]
    yield case("no value", [nothing], readings=(), missing=48)
    parts = [[*day, "V"], ["400", "1", "20", "A"], ["400", "21", "47", "S14", "32"]]
    told = ("A",) * 20 + ("S",) * 27
    yield case(
        *("parts of a day", parts),
        readings=right[:47],
        missing=0,
        refused=((3, "quality"),),
        quality=told,
    )
    none = [*parts, ["400", "48", "48", "N"]]
    yield case("a part of none", none, readings=right[:47], missing=1, quality=told)
    yield case("too few", [[*day[:-1], "A"]], readings=(), missing=0, refused=((3, "48 values"),))
    rest = ["500", "O", "S1", "20261001000000", "123.4"]
    yield case(
        "a register's reading",
        [[*day, "E52"], rest],
        readings=right,
        missing=0,
        quality=("E",) * 48,
    )
    cut = written.delimited([*head, channel, [*day, "A"]])
    yield TableCase("NEM12: cut", "a.csv", cut, error="file")
    other = written.delimited([*head, [*channel[:7], "MWH", *channel[8:]], [*day, "A"], ["900"]])
    more = tuple((meter, at, value * 1000) for meter, at, value in right)
    said = {"unit": "kWh"}
    yield TableCase("NEM12: MWh", "a.csv", other, more, 0, said=said, quality=("A",) * 48)


def _green_button() -> Iterator[TableCase]:
    """Two hours of one meter, in watt-hours and tenths of them."""
    meter = "RetailCustomer/1/UsagePoint/01/MeterReading/01"
    hours = (1790784000, 1790787600)
    right = (
        (meter, "2026-09-30T16:00:00Z", 1.2345),
        (meter, "2026-09-30T17:00:00Z", 0.25),
    )
    said = {"unit": "kWh"}

    def feed(power: int, values: tuple[str, str], uom: int = 72, before: str = "") -> bytes:
        readings = "".join(
            f"<IntervalReading><timePeriod><duration>3600</duration><start>{at}</start>"
            f"</timePeriod><value>{value}</value></IntervalReading>"
            for at, value in zip(hours, values, strict=True)
        )
        entries = (
            f'<entry><link rel="self" href="{meter}"/><link rel="related" href="ReadingType/7"/>'
            "<content><MeterReading/></content></entry>"
            f'<entry><link rel="self" href="{meter}/IntervalBlock/1"/>'
            f'<link rel="up" href="{meter}/IntervalBlock"/><content><IntervalBlock>{readings}'
            "</IntervalBlock></content></entry>"
            '<entry><link rel="self" href="ReadingType/7"/><content><ReadingType>'
            f"<powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>{uom}</uom>"
            "</ReadingType></content></entry>"
        )
        xml = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
        return f'<?xml version="1.0"?>{before}{xml}'.encode()

    tenths = feed(-1, ("12345", "2500"))
    yield TableCase("Green Button", "a.xml", feed(0, ("1234.5", "250")), right, 0, said=said)
    yield TableCase("Green Button, a power of ten", "a.xml", tenths, right, 0, said=said)
    data = feed(0, ("1234.5", "many"))
    refused = ((3, "not a number"),)
    yield TableCase("Green Button, a word", "a.xml", data, right[:1], 0, refused, said=said)
    none = feed(0, ("1", "2"), uom=119)
    units = ((2, "unknown unit"), (3, "unknown unit"))
    yield TableCase("Green Button, cubic feet", "a.xml", none, (), 0, units, said=said)
    typed = feed(0, ("1", "2"), before='<!DOCTYPE feed [<!ENTITY a "b">]>')
    yield TableCase("Green Button, a document type", "a.xml", typed, error="file")
    yield TableCase("other XML", "a.xml", b"<a><b/></a>", error="file")
