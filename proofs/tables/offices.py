"""The matrix, as offices and older systems make tables: titles, sums and notes around them, merged
cells, units in headings, files that are called what they are not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from proofs.tables import written
from proofs.tables.case import BERLIN, FOUR, HOURS, Reading, TableCase, long_rows

ZERO = "2026-09-30T16:00:00Z"
ONE = "2026-09-30T17:00:00Z"
WIDE: list[list[Any]] = [
    ["时间", "A", "B"],
    ["2026-10-01 00:00", "1", "2"],
    ["2026-10-01 01:00", "3", "4"],
]
OF_WIDE: tuple[Reading, ...] = (
    ("A", ZERO, 1.0),
    ("B", ZERO, 2.0),
    ("A", ONE, 3.0),
    ("B", ONE, 4.0),
)


def cases_of_offices() -> list[TableCase]:
    """Every case of this part."""
    return [
        *_around(),
        *_headings(),
        *_units(),
        *_times(),
        *_values(),
        *_bytes(),
        *_sheets(),
        *_called_otherwise(),
    ]


def _csv(name: str, rows: written.Rows, **outcome: Any) -> TableCase:
    outcome = {"readings": OF_WIDE, "missing": 0, **outcome}
    return TableCase(name, "a.csv", written.delimited(rows), **outcome)


def _around() -> Iterator[TableCase]:
    """What stands above, below and beside the values."""
    total = ((4, "not a time"), (4, "not a time"))
    yield _csv("a row of totals", [*WIDE, ["合计", "4", "6"]], refused=total)
    counted = [["序号", *WIDE[0]], ["1", *WIDE[1]], ["2", *WIDE[2]]]
    yield _csv("a column that counts rows", counted)
    below = [*counted, ["", "合计", "4", "6"]]
    yield _csv("a row of totals under a count", below, refused=total)
    counts = [["时间", "序号"], ["2026-10-01 00:00", "7"]]
    yield _csv("a column called so that counts nothing", counts, readings=(("序号", ZERO, 7.0),))
    sums = [[*row, more] for row, more in zip(WIDE, ("合计", "3", "7"), strict=True)]
    with_sums = (*OF_WIDE, ("合计", ZERO, 3.0), ("合计", ONE, 7.0))
    yield _csv("a column of subtotals is a series", sums, readings=with_sums)
    long_total = [["时间", "电表", "读数"], ["2026-10-01 00:00", "A", "1"], ["小计", "", "1"]]
    yield _csv(
        "a subtotal in a long table",
        long_total,
        readings=OF_WIDE[:1],
        refused=((3, "no meter"),),
    )
    note = b"\xe5\xa4\x87\xe6\xb3\xa8\xef\xbc\x9a\xe5\xaf\xbc\xe5\x87\xba\r\n"  # a remark
    data = written.delimited(WIDE) + b"\r\n" + note
    yield TableCase("a remark at the end", "a.csv", data, OF_WIDE, 2)
    cut = written.delimited(WIDE) + b"2026-10-01 02:00\r\n"
    lost = ((4, "fields"), (4, "fields"))
    yield TableCase("a row that was cut at the end", "a.csv", cut, OF_WIDE, 0, lost)
    signed = [*WIDE, ["制表人：王", "审核：李", ""]]
    yield _csv("names at the end", signed, missing=1, refused=((4, "not a number"),))
    titles = [["某单位用电记录", "", ""], ["导出时间：", "2026-11-02 10:00", ""], *WIDE]
    yield _csv("titles in pairs", titles)
    comments = [["# exported by X", "", ""], ["# kWh", "", ""], *WIDE]
    yield _csv("comments above", comments)
    empty = [["", row[0], "", row[1], "", row[2], ""] for row in WIDE]
    yield _csv("empty columns between", empty)
    yield _csv("no headings", WIDE[1:], error="file")
    long_rows_alone = [["2026-10-01 00:00", "A", "5"], ["2026-10-01 01:00", "A", "6"]]
    yield _csv("no headings of a long table", long_rows_alone, error="file")


def _headings() -> Iterator[TableCase]:
    merged = [["时间", "1号楼", "", "2号楼", ""], ["", "总表", "空调", "总表", "空调"]]
    units = ["", "kWh", "kWh", "MWh", "m³"]
    row = ["2026-10-01 00:00", "1", "2", "3", "4"]
    names = ("1号楼 总表", "1号楼 空调", "2号楼 总表", "2号楼 空调")
    told = tuple((name, ZERO, float(n)) for n, name in enumerate(names, start=1))
    yield _csv(
        "three rows of headings",
        [*merged, units, row],
        readings=told,
        units=tuple(zip(names, ("kWh", "kWh", "MWh", "m3"), strict=True)),
    )

    def joined(_: Any, sheet: Any) -> None:
        sheet.merge_cells("B1:C1")
        sheet.merge_cells("D1:E1")
        sheet.merge_cells("A1:A2")

    book: list[list[Any]] = [[one or None for one in each] for each in merged]
    book.append([datetime(2026, 10, 1), 1, 2, 3, 4])
    data = written.workbook(book, change=joined)
    yield TableCase("workbook, merged headings", "a.xlsx", data, told, 0)
    same = [["时间", "A", "A"], *WIDE[1:]]
    yield _csv("two columns of one name", same, error="column")
    same_long = [["时间", "电表", "读数", "读数"], ["2026-10-01 00:00", "A", "1", "2"]]
    yield _csv("two columns of one name in a long table", same_long, error="column")
    apart = [["时间", "A(kWh)", "A(m3)"], *WIDE[1:2]]
    both = (("A(kWh)", ZERO, 1.0), ("A(m3)", ZERO, 2.0))
    yield _csv("one name in two units", apart, readings=both)
    called = [["时间", "总表(kWh)", "水表(m3)"], *WIDE[1:]]
    of_called = tuple(("总表" if meter == "A" else "水表", *rest) for meter, *rest in OF_WIDE)
    yield _csv("meters that are called as columns are", called, readings=of_called)
    two_times = [["开始时间", "结束时间", "A"], ["2026-10-01 00:00", "2026-10-01 01:00", "1"]]
    yield _csv("two columns of times", two_times, error="time")
    said = {"time": "开始时间", "values": ("A",)}
    yield _csv("one of two columns of times", two_times, readings=OF_WIDE[:1], said=said)


def _units() -> Iterator[TableCase]:
    """(in brackets or behind, our unit, what one of them is)."""
    for heading, name, unit, factor in (
        ("A(kWh)", "A", "kWh", 1),
        ("A（度）", "A", "kWh", 1),
        ("A[MWh]", "A", "MWh", 1),
        ("A(千瓦时)", "A", "kWh", 1),
        ("A(万kWh)", "A", "kWh", 10_000),
        ("A（万千瓦时）", "A", "kWh", 10_000),
        ("A(万度)", "A", "kWh", 10_000),
        ("A(吨)", "A", "t", 1),
        ("A(m³)", "A", "m3", 1),
        ("A(立方米)", "A", "m3", 1),
        ("A(万立方米)", "A", "m3", 10_000),
        ("A MWh", "A MWh", "MWh", 1),
        ("A_m3", "A_m3", "m3", 1),
        ("A/千瓦时", "A/千瓦时", "kWh", 1),
        ("Pump A", "Pump A", "", 1),
    ):
        rows = [["时间", heading], ["2026-10-01 00:00", "1.5"]]
        told = ((name, ZERO, 1.5 * factor),)
        yield _csv(f"unit in a heading: {heading}", rows, readings=told, units=((name, unit),))
    small = [["时间", "A(mwh)"], ["2026-10-01 00:00", "1"]]
    refused = ((2, "unknown unit"),)
    yield _csv("a unit that may be two", small, readings=(), refused=refused)
    told = (("A", ZERO, 1.0),)
    yield _csv("a unit that may be two, said", small, readings=told, said={"unit": "MWh"})
    beside = [["时间", "A"], ["2026-10-01 00:00", "1.2万kWh"], ["2026-10-01 01:00", "3 kWh"]]
    more = (("A", ZERO, 12_000.0), ("A", ONE, 3.0))
    yield _csv("ten thousands beside", beside, readings=more)
    bare = [["时间", "A"], ["2026-10-01 00:00", "1.2万"], ["2026-10-01 01:00", "3"]]
    yield _csv("ten thousands of nothing", bare, readings=more[1:], refused=refused)
    long = [["时间", "电表", "电量(万千瓦时)"], ["2026-10-01 00:00", "A", "0.5"]]
    yield _csv("ten thousands in a long table", long, readings=(("A", ZERO, 5000.0),))


def _times() -> Iterator[TableCase]:
    at = datetime(2026, 1, 5, 8)
    right = (("A", "2026-01-05T00:00:00Z", 1.0),)
    for text in (
        "2026-1-5 8:00",
        "20260105 0800",
        "20260105 08:00",
        "2026/1/5 上午8:00",
        "2026-01-05 8:00 AM",
        "2026-01-05 (周一) 08:00",
        "2026/1/5（一） 8:00",
        "2026年1月5日 星期一 8时",
        "Mon 2026-01-05 08:00",
        "2026-01-05 Mon 08:00",
        "Mon, 05 Jan 2026 08:00:00",
        "Monday, January 5, 2026 8:00 AM",
        "2026-01-05 08:00:00.000",
        '="2026-01-05 08:00"',
    ):
        data = f"时间\tA\n{text}\t1\n".encode()
        yield TableCase(f"time: {text}", "a.csv", data, right, 0)
    for text in (
        "2026-01-05 00:00-01:00",
        "2026-01-05 08:00~09:00",
        "2026-01-05 周二 08:00",
        "2026-01-05 02A:00",
        "2026-01-05 08:00 CEST",
        "2026-01",
    ):
        rows = [["时间", "A"], [text, "1"], [f"{at:%Y-%m-%d %H:%M}", "1"]]
        yield _csv(f"no time: {text}", rows, readings=right, refused=((2, "not a time"),))
    west = [["time", "A"], ["2026-01-05T00:00-01:00", "1"], ["2026-01-05 00:00:00-02", "2"]]
    told = (("A", "2026-01-05T01:00:00Z", 1.0), ("A", "2026-01-05T02:00:00Z", 2.0))
    yield _csv("times west of Greenwich", west, readings=told)
    american = [["time", "A"], ["10/05/2026 0:00", "1"], ["10/06/2026 0:00", "2"]]
    yield _csv("two readings all through", american, error="column", ambiguous=True)
    named = [american[0], *(["Mon " + american[1][0], "1"], ["Tue " + american[2][0], "2"])]
    days = (("A", "2026-10-04T16:00:00Z", 1.0), ("A", "2026-10-05T16:00:00Z", 2.0))
    yield _csv("the order told by weekdays", named, readings=days)
    yield _csv("rows that descend", [WIDE[0], WIDE[2], WIDE[1]])
    twice = [["time", "A"], *[["2026-10-01 00:00", one] for one in ("3", "3", "4")]]
    all_three = tuple(("A", ZERO, one) for one in (3.0, 3.0, 4.0))
    yield _csv("rows that repeat, with equal and other values", twice, readings=all_three)
    autumn = [["time", "A", "B"]]
    autumn += [[f"2026-10-25 {at}", f"{n}", ""] for n, at in enumerate(("01:00", "02:00", "02:00"))]
    hours = [datetime(2026, 10, 24, 23) + timedelta(hours=n) for n in range(3)]
    wide = tuple(("A", f"{one.isoformat()}Z", float(n)) for n, one in enumerate(hours))
    yield _csv("autumn in a wide table", autumn, readings=wide, missing=3, zone=BERLIN)


def _values() -> Iterator[TableCase]:
    """(text, what is refused of it)."""
    for text in ("(12.5)", "12.5-", "#DIV/0!", "#VALUE!", "#REF!", "#####", "TRUE", "'5", "1,5,5"):
        rows = [["time", "A", "B"], ["2026-10-01 00:00", text, "2"], WIDE[2]]
        refused = ((2, "not a number"),)
        yield _csv(f"no number: {text}", rows, readings=OF_WIDE[1:], refused=refused)
    for text in ("--", "#N/A", "无"):
        rows = [["time", "A", "B"], ["2026-10-01 00:00", text, "2"], WIDE[2]]
        yield _csv(f"no value: {text}", rows, readings=OF_WIDE[1:], missing=1)
    percent = [["time", "A"], ["2026-10-01 00:00", "12%"]]
    told = (("A", ZERO, 12.0),)
    yield _csv("percentages", percent, readings=told, units=(("A", "%"),))
    kwh = {"unit": "kWh"}
    yield _csv("percentages of kWh", percent, readings=(), refused=((2, "unit"),), said=kwh)
    exponent = [["time", "A"], ["2026-10-01 00:00", "1.5E+04"], ["2026-10-01 01:00", "2e3"]]
    yield _csv(
        "exponents of a spreadsheet", exponent, readings=(("A", ZERO, 15000.0), ("A", ONE, 2000.0))
    )
    wrapped = 'time,meter,value\n="2026-10-01 00:00",="001",="1234.5"\n'
    data = wrapped.encode()
    yield TableCase("texts that are written as formulas", "a.csv", data, FOUR[:1], 0)
    typed: list[list[Any]] = [["time", "A"], [HOURS[0], True], [HOURS[1], datetime(1900, 1, 5)]]
    both = ((2, "not a number"), (3, "not a number"))
    data = written.workbook(typed)
    yield TableCase("workbook, yes and a day for numbers", "a.xlsx", data, (), 0, both)
    infinite = written.parquet(
        "SELECT * FROM (VALUES (TIMESTAMP '2026-10-01', 'inf'::DOUBLE), "
        "(TIMESTAMP '2026-10-01 01:00', 'nan'::DOUBLE)) AS t(time, A)"
    )
    yield TableCase("Parquet, infinite", "a.parquet", infinite, (), 1, ((2, "not a number"),))


def _bytes() -> Iterator[TableCase]:
    plain = written.delimited(WIDE)
    mark = b"\xef\xbb\xbf"
    case = partial(TableCase, file="a.csv", readings=OF_WIDE, missing=0)
    yield case(name="two marks", data=mark + mark + plain)
    again = mark + plain + mark + plain
    refused = ((4, "not a number"), (4, "not a number"))
    yield case(
        name="a file behind another", data=again, readings=OF_WIDE + OF_WIDE, refused=refused
    )
    yield case(name="CR alone", data=written.delimited(WIDE, end="\r"))
    yield case(name="CR twice", data=written.delimited(WIDE, end="\r\r\n"))
    yield case(name="the end of CP/M", data=plain + b"\x1a", missing=2)
    zero = plain.replace(b"3,4", b"3,\x004")
    yield case(name="a character 0", data=zero, error="file")
    yield case(name="zeros at the end", data=plain + bytes(300), error="file")
    yield case(name="zeros alone", data=bytes(300), error="file")
    yield case(name="a letter alone", data=b"x", error="file")


def _book(*sheets: tuple[str, written.Rows], hidden: str = "") -> bytes:
    def fill(book: Any, first: Any) -> None:
        for name, rows in sheets:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(list(row))
            if name == hidden:
                sheet.sheet_state = "hidden"
        book.remove(first)

    return written.workbook([], change=fill)


def _sheets() -> Iterator[TableCase]:
    case = partial(TableCase, file="a.xlsx", readings=OF_WIDE, missing=0)
    both = _book(("一月", WIDE[:2]), ("二月", [WIDE[0], WIDE[2]]))
    yield case(name="workbook, two sheets", data=both)
    yield case(name="workbook, empty sheets", data=_book(("1", WIDE), ("2", []), ("3", [])))
    yield case(name="workbook, hidden", data=_book(("1", WIDE), ("2", WIDE), hidden="2"))
    cover = _book(("封面", [["台账"], ["2026年"]]), ("数据", WIDE))
    yield case(name="workbook, a cover", data=cover, error="file")
    pairs = _book(("说明", [["联系人", "王"], ["电话", "1"]]), ("数据", WIDE))
    yield case(name="workbook, a sheet of notes", data=pairs, error="file")

    def join(_: Any, sheet: Any) -> None:
        sheet.merge_cells("A2:A3")

    days: list[list[Any]] = [
        ["日期", "时刻", "A"],
        [datetime(2026, 10, 1), time(0), 1],
        [None, time(1), 3],
    ]
    data = written.workbook(days, change=join)
    first, refused = OF_WIDE[:1], ((3, "no time"),)
    yield case(name="workbook, merged days", data=data, readings=first, refused=refused)


def _called_otherwise() -> Iterator[TableCase]:
    """Files that are called a workbook, and files of other programs."""
    rows = long_rows()
    lines = "".join(
        f"<tr>{''.join(f'<td x:str align=right>&nbsp;{one}</td>' for one in row)}</tr>\n"
        for row in rows
    )
    page = f"<tr><th colspan='3'><b>电表<br>记录</b></th></tr>{lines}"
    head = '<html xmlns:o="office"><head><meta charset="gb2312"><style>td{a:b}</style></head>'
    web = f"{head}<body><p>1 &lt; 2</p><TABLE border=1>\n{page}</TABLE></body></html>"
    for encoding in ("utf-8", "gb18030"):
        for file in ("a.xls", "a.xlsx"):
            yield TableCase(f"{file}, a page in {encoding}", file, web.encode(encoding))
    spans = (
        "<table><tr><td rowspan=2>时间<td colspan=2>甲<td colspan='2'>乙</tr>"
        "<tr><td>总表<td>空调<td>总表<td>空调</tr>"
        "<tr><td>2026-10-01 00:00<td>1<td>2<td>3<td>4</tr></table>"
    )
    names = ("甲 总表", "甲 空调", "乙 总表", "乙 空调")
    told = tuple((name, ZERO, float(n)) for n, name in enumerate(names, start=1))
    yield TableCase("a page, merged headings", "a.xls", spans.encode(), told, 0)
    wide = spans.replace("rowspan=2", "rowspan=20000").encode()
    yield TableCase("a page, a cell over all of it", "a.xls", wide, error="file")
    data = b"<html><body>Please sign in</body></html>"
    yield TableCase("a page without a table", "a.xls", data, error="file")
    tabs = written.delimited(rows, "\t", "gb18030")
    for file in ("a.xls", "a.xlsx"):
        yield TableCase(f"{file}, tabs in truth", file, tabs)
    xml = b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
    yield TableCase("XML of 2003", "a.xls", xml + b"<Table/></Workbook>", error="file")
    others = {
        "an OpenDocument file": {"mimetype": b"x", "content.xml": b"<a/>"},
        "a Numbers file": {"Index/Document.iwa": b"x", "preview.jpg": b"x"},
        "a binary workbook": {"xl/workbook.bin": b"x", "[Content_Types].xml": b"<a/>"},
        "a text document": {"word/document.xml": b"<a/>", "[Content_Types].xml": b"<a/>"},
        "an archive of pictures": {"a.jpg": b"x"},
    }
    for name, parts in others.items():
        yield TableCase(name, "a.xlsx", written.packed(parts), error="file")
    for name, begin in {
        "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "a PNG": b"\x89PNG\r\n\x1a\n",
        "a JPEG": b"\xff\xd8\xff\xe0",
        "a RAR": b"Rar!\x1a\x07\x01\x00",
        "a 7z": b"7z\xbc\xaf\x27\x1c",
    }.items():
        yield TableCase(name, "a.csv", begin + bytes(500), error="file")
