"""What columns and tables are called: ours, and what people call them in Chinese and English."""

from __future__ import annotations

import re
from typing import Final

from metering.tables.plain import plain
from metering.tables.unit_words import known_unit

HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    # Of histories.
    "time": (
        "timestamp",
        "datetime",
        "时间",
        "日期时间",
        "采集时间",
        "抄表时间",
        "数据时间",
        "时标",
    ),
    "date": ("day", "日期", "抄表日期", "数据日期"),
    "clock": ("hour", "时刻", "小时", "点"),
    "meter": (
        *("meter id", "meter no", "meter number", "表号", "表计", "电表", "水表", "仪表"),
        *("电表编号", "仪表编号", "表计编号", "测点", "测点名称"),
    ),
    "value": (
        "reading",
        "readings",
        "示数",
        "读数",
        "数值",
        "值",
        "表底",
        "电量",
        "用电量",
        "用量",
    ),
    "unit": ("units", "单位", "计量单位"),
    # Of the registry.
    "code": ("编码", "代码", "编号"),
    "parent": ("上级", "上级编码", "父级"),
    "type": ("类型", "节点类型"),
    "zone": ("时区",),
    "name_zh": ("中文名", "中文名称", "名称"),
    "name_en": ("英文名", "英文名称"),
    "area_m2": ("面积", "建筑面积"),
    "persons": ("人数", "用能人数"),
    "site": ("站点", "园区"),
    "gateway": ("网关", "采集器"),
    "point": ("点位", "点名"),
    "kind": ("种类", "数据种类"),
    "node": ("节点", "所在节点", "位置"),
    "item": ("分项", "分项编码"),
    "total": ("总表", "是否总表"),
    "step_min": ("步长", "间隔"),
    "valid_from": ("生效日期", "起始日期"),
    "valid_to": ("失效日期", "结束日期"),
}
"""The one table of headings: our word, and what else is understood."""
TABLE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "tree.csv": ("组织", "建筑", "节点", "用能单位"),
    "gateways.csv": ("网关", "采集器"),
    "meters.csv": ("仪表", "表计", "计量器具"),
    "points.csv": ("测点", "点位"),
}
"""Tables of the registry, and what a file or a sheet of them may be called as well."""
_OURS: Final = {other: ours for ours, others in HEADINGS.items() for other in others}
_TABLES: Final = {other: ours for ours, others in TABLE_NAMES.items() for other in others}
_UNIT = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]{1,16})\s*[)\]]")


def known_heading(text: str) -> tuple[str, str]:
    """(our word for a heading, or itself where it has none; the unit in brackets after it, or ''
    where there is none that we know)."""
    one = plain(text)
    name, unit = one, ""
    if found := _UNIT.fullmatch(one):
        name, unit = found[1], found[2]
    small = re.sub(r"[\s_]+", " ", name.lower())
    ours = name.lower() if name.lower() in HEADINGS else _OURS.get(small)
    if ours is not None:
        return ours, known_unit(unit)
    return (name, known_unit(unit)) if known_unit(unit) else (one, "")


def known_table(name: str) -> str:
    """The registry's table that a file or a sheet is called after, with or without an ending; the
    name itself with `.csv` where it is called otherwise."""
    stem = re.sub(r"\.(csv|txt|tsv|xlsx|xlsm|parquet)$", "", name, flags=re.IGNORECASE)
    return _TABLES.get(plain(stem), f"{stem}.csv")
