"""Describing an office on the page: first start, places, gateway, meters and points."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from openpyxl import Workbook, load_workbook

from proofs.join.office import BUILDINGS, CODE, GATEWAY, METERS, SITE, JoinMeter
from proofs.join.person import JoinPerson

AREAS: Final = {BUILDINGS[0]: "8000", BUILDINGS[1]: "5000"}
"""Floor areas [m²]."""
_CHINESE: Final = {
    "tree": "组织",
    "meters": "仪表",
    "points": "测点",
    "code": "编码",
    "parent": "上级",
    "type": "类型",
    "name_zh": "中文名",
    "name_en": "英文名",
    "area_m2": "面积",
    "node": "节点",
    "item": "分项",
    "total": "总表",
    "step_min": "步长",
    "fed_by": "上级仪表",
    "gateway": "网关",
    "point": "点位",
    "kind": "种类",
    "unit": "单位",
    "meter": "仪表",
    "ratio": "倍率",
    "building": "建筑",
    "yes": "是",
    "no": "否",
    "register": "累计读数",
}
"""Sheets, headings and words as the workbook has them in Chinese."""


def sign_in(one: JoinPerson, key: str) -> None:
    """Sign in with the key that the platform wrote; an empty one asks for its office."""
    one.open("/setup")
    one.fill(key=key)
    one.press("form[action='/signin'] button")
    assert one.page.locator("form[action='/setup/first']").count(), "no first start"
    lang = one.page.locator("html").get_attribute("lang") or ""
    assert lang == one.office.language, f"the page speaks {lang}"


def first_start(one: JoinPerson) -> None:
    """Say what the office is, and take all samples: tariff, calendar, factors."""
    office = one.office
    one.fill(
        code=CODE,
        name=office.name,
        building=office.building,
        zone=office.zone,
        area_m2=AREAS[BUILDINGS[0]],
        language=office.language.partition("-")[0],
    )
    samples = one.page.locator("input[name=sample]")
    assert samples.count() >= 3, f"{samples.count()} samples"
    for place in range(samples.count()):
        samples.nth(place).check()
    one.press("form[action='/setup/first'] button.main")
    assert one.page.locator("#setup-next").count(), "nothing is said of what comes next"


def add_gateway(one: JoinPerson) -> str:
    """Register the gateway on the page; its password, shown once."""
    one.saved("gateways", **{"c__site": SITE, "c__code": GATEWAY})
    shown = one.page.locator("#setup-passwords td").all_inner_texts()
    assert shown[:1] == [f"{SITE}/{GATEWAY}"], shown
    return shown[1].strip()


def type_places_and_meters(one: JoinPerson) -> None:
    """Type the second building, the meters and the points, each in its form."""
    name = one.office.name_column
    one.saved(
        "tree",
        **{
            "c__code": BUILDINGS[1],
            "c__type": "building",
            f"c__{name}": one.office.second,
            "c__area_m2": AREAS[BUILDINGS[1]],
            "p__0__parent": SITE,
        },
    )
    for meter in METERS:
        one.saved("meters", **{f"c__{key}": said for key, said in _meter(one, meter).items()})
    for meter in METERS:
        point = _point(meter)
        once = ("gateway", "point", "kind", "unit")
        one.saved(
            "points",
            **{f"c__{key}": point[key] for key in once},
            **{f"p__0__{key}": said for key, said in point.items() if key not in once},
        )


def _meter(one: JoinPerson, meter: JoinMeter) -> dict[str, str]:
    said = {
        "code": meter.code,
        "node": meter.node,
        "item": meter.item,
        "total": "yes" if meter.total else "no",
        "step_min": meter.step_min,
        "fed_by": meter.fed_by,
        one.office.name_column: one.office.name_of(meter),
    }
    return {key: value for key, value in said.items() if value}


def _point(meter: JoinMeter) -> dict[str, str]:
    said = {
        "gateway": f"{SITE}/{GATEWAY}",
        "point": meter.point,
        "kind": "register",
        "unit": meter.unit,
        "meter": meter.code,
    }
    return said if meter.ratio == 1 else {**said, "ratio": str(meter.ratio)}


def upload_workbook(one: JoinPerson) -> None:
    """Fetch the workbook to fill in, fill it as a person does, and give it back."""
    one.open("/setup")
    one.press("a[href$='/setup/workbook']")
    with one.page.expect_download() as fetched:
        one.page.locator("a[href$='/setup/template']").click()
    filled = fill_in(one, Path(fetched.value.path()).read_bytes())
    one.page.set_input_files(
        "input[type=file]", {"name": "office.xlsx", "mimeType": "", "buffer": filled}
    )
    one.press("#setup-form button[value=look]")
    one.picture("workbook")
    one.press("#setup-preview button[value=save]")
    assert one.page.locator("#setup-kinds").count(), "the workbook was not taken in"


def fill_in(one: JoinPerson, template: bytes) -> bytes:
    """The workbook with the office's rows below its examples, which stay as they are."""
    book = load_workbook(io.BytesIO(template))
    tree = {
        "code": BUILDINGS[1],
        "parent": SITE,
        "type": "building",
        one.office.name_column: one.office.second,
        "area_m2": AREAS[BUILDINGS[1]],
    }
    words = _CHINESE if one.office.language == "zh-CN" else {}
    _add(book, words, "tree", [tree])
    _add(book, words, "meters", [_meter(one, meter) for meter in METERS])
    _add(book, words, "points", [_point(meter) for meter in METERS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _add(
    book: Workbook, words: Mapping[str, str], sheet: str, rows: Sequence[Mapping[str, str]]
) -> None:
    """Write rows below what stands in a sheet, each word as the language of the book says it."""
    cells = book[words.get(sheet, sheet)]
    places = {cells.cell(1, n + 1).value: n + 1 for n in range(cells.max_column)}
    last = max(row for row in range(1, cells.max_row + 1) if cells.cell(row, 1).value)
    for number, row in enumerate(rows, last + 1):
        for column, said in row.items():
            cells.cell(number, places[words.get(column, column)]).value = words.get(said, said)
