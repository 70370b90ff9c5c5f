"""What columns and tables are called: ours, and what people call them in Chinese and English."""

from __future__ import annotations

import re
from typing import Final

from metering.tables.plain import plain
from metering.tables.unit_words import unit_in_heading

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
        *("meter id", "meter no", "meter number", "仪表", "表号", "表计", "电表", "水表"),
        *("电表编号", "仪表编号", "表计编号", "测点", "测点名称"),
    ),
    "value": (
        "reading",
        "readings",
        "数值",
        "示数",
        "读数",
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
    "share": ("占比", "分摊比例"),
    "topic": ("主题",),
    "decoder": ("解码器",),
    "options": ("解码选项",),
    "fed_by": ("上级仪表",),
    "dc_role": ("机房角色",),
    "max_per_hour": ("每小时上限",),
    "formula": ("公式", "计算公式"),
    "ratio": ("倍率", "变比"),
    "digits": ("读数位数",),
    "low": ("下限",),
    "high": ("上限",),
    "role": ("用途",),
    "first": ("起始读数",),
    "final": ("终止读数",),
    "signed": ("可减少",),
    "direction": ("方向",),
    "accuracy_class": ("准确度等级",),
    "calibrated_until": ("校准有效期至",),
    "tariff": ("价格名称",),
    "months": ("月份", "适用月份"),
    "days": ("适用日", "日期类型"),
    "start": ("开始时刻",),
    "end": ("结束时刻",),
    "period": ("时段",),
    "price": ("单价", "电价", "价格"),
    "currency": ("币种",),
    "source": ("来源", "依据"),
    "grade": ("可信度",),
    "institution": ("机构",),
    "quantity": ("因子种类",),
    "region": ("地区",),
    "status": ("状态",),
    "per_meter_year": ("每表每年提醒数",),
    "dear_a_year": ("年损失门槛",),
    "budgeted": ("预算", "预算量"),
    "budget_unit": ("预算单位",),
    "budget_each": ("预算周期",),
    "name": ("限值名称",),
    "account": ("户号", "用户编号"),
    "plan": ("计费方案",),
    "reading_day": ("抄表日",),
    "reactive": ("无功电表",),
    "reactive_export": ("反向无功电表",),
    "power_factor": ("考核功率因数",),
    "capacity_kva": ("变压器容量",),
    "contract_kw": ("合同需量",),
    "demand": ("需量计算方式",),
    "decimals": ("小数位数",),
    "multiplier": ("计费倍率",),
    "customer_class": ("用户类别",),
    "voltage": ("电压等级",),
    "supplier": ("供应商",),
    "charge": ("费用名称",),
    "basis": ("计费依据",),
    "ratios": ("分时系数",),
    "adjusted": ("参与力调",),
    "taxed": ("计税",),
    "included": ("已含在价内",),
    "over_from": ("超约起点",),
    "over_factor": ("超约倍数",),
    "relief_from": ("减免起点",),
    "relief_factor": ("减免系数",),
    "per": ("计价周期",),
    "standard": ("功率因数标准",),
    "percent": ("调整百分比",),
    "step": ("每百分之一增减",),
    "tier": ("阶梯", "档次"),
    "above": ("起始用量",),
    "example": ("示例",),
}
"""The one table of headings: our word, and what else is understood. The first that is Chinese is
what a workbook of ours says."""
TABLE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "tree.csv": ("组织", "建筑", "节点", "用能单位"),
    "gateways.csv": ("网关", "采集器"),
    "meters.csv": ("仪表", "表计", "计量器具"),
    "points.csv": ("测点", "点位"),
    "routes.csv": ("路由", "解码路由"),
    "formulas.csv": ("公式", "计算公式"),
    "tariff.csv": ("电价", "价格", "分时电价"),
    "calendar.csv": ("日历", "节假日"),
    "factors.csv": ("因子", "排放因子", "折算因子"),
    "accounts.csv": ("户号", "账户"),
    "alert_budgets.csv": ("提醒额度",),
    "budgets.csv": ("用能预算", "预算"),
    "charges.csv": ("费用", "电费项目"),
    "limits.csv": ("限值", "判定限值"),
    "office_hours.csv": ("办公时间", "上班时间"),
    "power_factors.csv": ("力调", "功率因数"),
    "tiers.csv": ("阶梯价", "阶梯"),
}
"""Tables of the registry, and what a file or a sheet of them may be called as well."""
EXPLAINED: Final = ("explanation", "说明")
"""Sheets of a workbook that say how the others are filled in; ours, and in Chinese."""
ROW_NUMBERS: Final = frozenset({"序号", "行号", "no", "no.", "nr", "nr.", "#", "index", "row"})
"""Headings of columns that count the rows."""
_OURS: Final = {other: ours for ours, others in HEADINGS.items() for other in others}
_TABLES: Final = {other: ours for ours, others in TABLE_NAMES.items() for other in others}
_UNIT = re.compile(r"(.+?)\s*[(\[]\s*([^()\[\]]{1,16})\s*[)\]]")


def known_heading(text: str) -> tuple[str, str]:
    """(our word for a heading, or itself where it has none; the unit in brackets after it as
    `unit_in_heading` tells it)."""
    one = plain(text)
    found = _UNIT.fullmatch(one)
    name, unit = (found[1], unit_in_heading(found[2])) if found else (one, "")
    small = re.sub(r"[\s_]+", " ", name.lower())
    ours = name.lower() if name.lower() in HEADINGS else _OURS.get(small)
    return (ours, unit) if ours is not None else bare_heading(text)


def bare_heading(text: str) -> tuple[str, str]:
    """(a heading without the unit in brackets after it, itself where there is none; that unit as
    `unit_in_heading` tells it), whatever word of ours it may be as well."""
    one = plain(text)
    found = _UNIT.fullmatch(one)
    unit = unit_in_heading(found[2]) if found else ""
    return (found[1], unit) if found and unit else (one, "")


def known_table(name: str) -> str:
    """The registry's table that a file or a sheet is called after, with or without an ending; the
    name itself with `.csv` where it is called otherwise."""
    stem = re.sub(r"\.(csv|txt|tsv|xlsx|xlsm|parquet)$", "", name, flags=re.IGNORECASE)
    return _TABLES.get(plain(stem), f"{stem}.csv")


def letter(place: int) -> str:
    """Letters of a column in a spreadsheet; 0 is A."""
    letters = ""
    while place >= 0:
        letters = chr(65 + place % 26) + letters
        place = place // 26 - 1
    return letters


def chinese_heading(column: str) -> str:
    """What a column is called in Chinese; itself where nobody said."""
    return next((one for one in HEADINGS.get(column, ()) if not one.isascii()), column)


def chinese_table(name: str) -> str:
    """What a table of the registry is called in Chinese; its own name where nobody said."""
    return TABLE_NAMES.get(name, (name.removesuffix(".csv"),))[0]
