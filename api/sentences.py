"""What a finding says to a person, in Chinese and English: pattern, sentence, cause, action.

expected 12.0 kW for Tuesday 02:00 at 24 °C, measured 31.2 kW
"""

from __future__ import annotations

from metering.finding import Finding
from metering.items import category
from metering.localtime import from_us, zone_of

Texts = dict[str, tuple[str, str]]

PATTERNS: Texts = {
    "after_hours_plant": ("After-hours plant", "下班后设备运行"),
    "weekend_run": ("Weekend or holiday run", "周末或节假日运行"),
    "meter_stuck": ("Meter stuck", "表计读数停滞"),
    "meter_gap": ("Meter silent", "表计数据中断"),
}
CAUSES: Texts = {
    "bms_override": (
        "A schedule in the building controls is overridden or left on manual",
        "楼宇自控的时间表被强制或停留在手动位置",
    ),
    "holiday_table_missing": (
        "The controls do not know this day as a day off",
        "自控系统日历未将该日设为休息日",
    ),
    "register_frozen": (
        "The meter answers but its register stands still",
        "表计有应答但累计值不变",
    ),
    "communication_lost": (
        "The line between meter and gateway, or the gateway itself, was down",
        "表计与网关之间的线路或网关本身中断",
    ),
}
ACTIONS: Texts = {
    "restore_schedule": (
        "Release the override and check the time schedule of this plant",
        "解除强制并检查该设备的运行时间表",
    ),
    "add_exception": (
        "Enter the day off in the calendar of the controls",
        "在自控系统日历中录入该休息日",
    ),
    "check_register": (
        "Read the meter on site and compare it with the last value; replace it if it stands",
        "现场抄表并与最后读数比对，停走则更换",
    ),
    "check_communication": (
        "Check power and wiring of the gateway and the bus address of the meter",
        "检查网关电源、接线以及表计通讯地址",
    ),
}
CLOSED: Texts = {
    "refuted": (
        "Closed: readings that came late refute its evidence",
        "已关闭：迟到的读数推翻了证据",
    ),
}
REASONS: Texts = {
    "bad_json": ("Not JSON", "不是 JSON"),
    "bad_utf8": ("Not UTF-8 text", "不是 UTF-8 文本"),
    "bad_message": ("Not a message of the schema", "报文结构不符"),
    "unknown_topic": ("Unknown topic", "主题未知"),
    "foreign_topic": ("Topic of another gateway", "其他网关的主题"),
    "unknown_point": ("Unknown point", "测点未登记"),
    "bad_kind": ("Wrong kind", "类型不符"),
    "bad_unit": ("Wrong unit", "单位不符"),
    "bad_value": ("Not a value", "数值无效"),
    "bad_time": ("Not a time", "时间无效"),
    "old_time": ("Time before the year 2000", "时间早于 2000 年"),
    "future_time": ("Time in the future", "时间在未来"),
    "conflicting": ("Two values for one time", "同一时刻数值冲突"),
}
_FAULTS: Texts = {
    "meter_gap": ("no readings", "没有读数"),
    "meter_stuck": ("the register stood still", "累计值停滞不变"),
}
POWER = {"kWh": "kW", "m3": "m³/h", "MJ": "MJ/h"}
_DAYS = (
    ("Monday", "星期一"),
    ("Tuesday", "星期二"),
    ("Wednesday", "星期三"),
    ("Thursday", "星期四"),
    ("Friday", "星期五"),
    ("Saturday", "星期六"),
    ("Sunday", "星期日"),
)


def text(table: Texts, key: str, language: str) -> str:
    """The table's text in the language; a key without one reads as its own words."""
    if key in table:
        return table[key][1 if language.startswith("zh") else 0]
    return key.replace("_", " ")


def when(time_us: int, zone: str, language: str) -> str:
    """Weekday and time of day, as people say it."""
    local = from_us(time_us).astimezone(zone_of(zone))
    day = _DAYS[local.weekday()][1 if language.startswith("zh") else 0]
    return f"{day} {local:%H:%M}"


def sentence(finding: Finding, zone: str, language: str) -> str:
    """The case in one sentence with its own numbers; simpler where those are not known."""
    expected, measured, example_us = example_of(finding)
    if expected is None or measured is None:
        return _span(finding, zone, language)
    unit = POWER[category(finding.item).unit]
    moment = when(example_us, zone, language)
    degrees = finding.detail.get("temperature_c")
    if language.startswith("zh"):
        at = "" if degrees is None else f"、室外 {float(degrees):.0f} °C"
        return f"{moment}{at}应为 {expected:.1f} {unit}，实测 {measured:.1f} {unit}"
    at = "" if degrees is None else f" at {float(degrees):.0f} °C"
    return f"expected {expected:.1f} {unit} for {moment}{at}, measured {measured:.1f} {unit}"


def example_of(finding: Finding) -> tuple[float | None, float | None, int]:
    """(expected, measured [canonical unit per hour], start_us) of the hour that tells most."""
    detail = finding.detail
    if "expected_kw" in detail and "measured_kw" in detail:
        at = int(detail.get("example_us", finding.start_us))
        return float(detail["expected_kw"]), float(detail["measured_kw"]), at
    evidence = set(finding.hours_us)
    hours = [h for h in finding.hourly if h[0] in evidence and None not in h[1:]]
    if not hours or finding.waste_kwh <= 0:
        return None, None, finding.start_us
    worst = max(hours, key=lambda h: (h[2] or 0.0) - (h[1] or 0.0))
    return worst[1], worst[2], worst[0]


def _span(finding: Finding, zone: str, language: str) -> str:
    start = from_us(finding.start_us).astimezone(zone_of(zone))
    hours = len(finding.hours_us) or round((finding.end_us - finding.start_us) / 3.6e9)
    told = _FAULTS.get(finding.pattern, _FAULTS["meter_gap"])
    if language.startswith("zh"):
        return f"自 {start:%Y-%m-%d %H:%M} 起{told[1]}，共 {hours} 小时"
    return f"{told[0]} for {hours} h from {start:%Y-%m-%d %H:%M}"
