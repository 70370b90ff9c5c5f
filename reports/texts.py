"""Every word of a report, in English and Chinese: one table, looked up by key."""

from __future__ import annotations

from typing import Final

from metering.errors import InvalidInput

LANGUAGES: Final = ("zh-CN", "en")

TEXTS: Final[dict[str, tuple[str, str]]] = {
    # headings
    "title": ("Monthly energy report", "能源月报"),
    "consumption": ("Consumption", "能耗情况"),
    "by_item": ("By category and sub-item", "按分类与分项"),
    "by_place": ("By site and building", "按园区与建筑"),
    "daily_use": ("Electricity by day", "逐日用电量"),
    "sub_items": ("Electricity by sub-item", "用电分项构成"),
    "money": ("Cost by tariff period", "分时电价费用"),
    "carbon": ("Carbon and standard coal", "碳排放与标准煤"),
    "indicators": ("Indicators", "能耗指标"),
    "completeness": ("Completeness", "数据完整性"),
    "findings": ("Findings", "用能问题"),
    "quality": ("Data quality", "数据质量"),
    "provenance": ("Provenance", "数据来源"),
    "summary": ("Summary", "汇总"),
    "nodes": ("By node", "分节点"),
    "daily": ("Daily", "逐日"),
    "sub_items_of": ("Sub-items", "分项"),
    "costs": ("Costs", "费用明细"),
    "tariff": ("Tariff periods", "分时费用"),
    "ratios": ("Data centres", "数据中心"),
    # what stands in tables
    "institution": ("Institution", "机构"),
    "month": ("Month", "月份"),
    "node": ("Node", "节点"),
    "code": ("Code", "编码"),
    "item": ("Item", "项目"),
    "item_code": ("Item code", "项目编码"),
    "this_month": ("This month", "本月"),
    "last_month": ("Last month", "上月"),
    "last_year": ("Same month last year", "上年同月"),
    "change": ("Change", "变化"),
    "change_last_month": ("Change on last month", "环比"),
    "change_last_year": ("Change on last year", "同比"),
    "on_last_month": ("on last month", "环比"),
    "on_last_year": ("on last year", "同比"),
    "highest": ("highest", "最高"),
    "person": ("person", "人"),
    "factor": ("Factor", "因子"),
    "unit": ("Unit", "单位"),
    "energy": ("Energy", "能耗"),
    "cost": ("Cost", "费用"),
    "cost_low": ("Cost, at least", "费用下限"),
    "cost_high": ("Cost, at most", "费用上限"),
    "currency": ("Currency", "币种"),
    "unpriced_energy": ("Energy without a price", "无电价用量"),
    "difference": ("difference", "差额"),
    "difference_of": ("%s: difference", "%s：差额"),
    "coal": ("Standard coal", "标准煤"),
    "share": ("Share", "占比"),
    "mean_price": ("Mean price", "平均单价"),
    "period": ("Period", "时段"),
    "total": ("Total", "合计"),
    "area": ("Area", "面积"),
    "persons": ("Persons", "人数"),
    "measured": ("Measured", "实测"),
    "apportioned": ("Apportioned", "分摊"),
    "estimated": ("Estimated", "估算"),
    "missing": ("Missing", "缺失"),
    "silent_meters": ("Meters silent all month", "整月无数据的表计"),
    "none": ("none", "无"),
    "meter": ("Meter", "表计"),
    "finding": ("Finding", "问题"),
    "from": ("From", "开始"),
    "to": ("To", "结束"),
    "hours": ("Hours", "小时数"),
    "waste": ("Waste", "浪费量"),
    "waste_low": ("Waste, low", "浪费量下限"),
    "waste_high": ("Waste, high", "浪费量上限"),
    "confidence": ("Confidence", "置信度"),
    "cause": ("Likely cause", "可能原因"),
    "action": ("Action", "建议措施"),
    "state": ("State", "状态"),
    "event": ("Event", "事件"),
    "count": ("Count", "次数"),
    "minutes": ("Minutes", "分钟数"),
    "first_time": ("First time", "首次时间"),
    "day": ("Day", "日期"),
    "old_value": ("Before", "原值"),
    "new_value": ("After", "新值"),
    "revision": ("Revision", "账册版本"),
    "recorded": ("Recorded", "记录时间"),
    "datacentre": ("Data centre", "数据中心"),
    "ratio": ("Ratio", "比值项"),
    "above": ("Numerator", "分子电量"),
    "below": ("Denominator", "分母电量"),
    "cover": ("Cover", "时间覆盖率"),
    "it_category": ("IT category", "IT 计量类别"),
    "boundary": ("Boundary", "边界"),
    "quantity": ("Quantity", "量"),
    "value": ("Value", "数值"),
    "region": ("Region", "地区"),
    "valid_from": ("Valid from", "生效日期"),
    "valid_to": ("Valid to", "失效日期"),
    "source": ("Source", "来源"),
    "grade": ("Grade", "等级"),
    "price": ("Price", "单价"),
    "tariff_name": ("Tariff", "电价表"),
    "applies_to": ("For", "适用对象"),
    "months": ("Months", "月份范围"),
    "days": ("Days", "日类型"),
    "time_of_day": ("Time of day", "时间段"),
    "time_zone": ("Time zone", "时区"),
    "status": ("Status", "状态"),
    "as_of": ("As of", "截至"),
    "factor_set": ("Factor set", "因子版本"),
    "tariff_version": ("Tariff version", "电价版本"),
    "content_hash": ("Content hash (SHA-256)", "内容哈希 (SHA-256)"),
    "format": ("Format", "格式"),
    "factors_used": ("Factors used", "所用因子"),
    "prices_used": ("Prices used", "所用电价"),
    "events": ("Events on meters", "表计事件"),
    "restatements": ("Restated days", "更正的日数据"),
    "hash": ("hash", "哈希"),
    "page": ("page", "第"),
    "page_end": ("", "页"),
    # issues
    "issue": ("Issue", "期次"),
    "issue_number": ("Issue %d", "第 %d 期"),
    "issue_reason": ("Reason for this issue", "重新出具原因"),
    "issued": ("Issued", "出具时间"),
    "registry_version": ("Registry version", "台账版本"),
    "rows_registry_version": ("Registry version of the book rows", "账册数据的台账版本"),
    "rules_version": ("Version of the booking rules", "记账规则版本"),
    "changes": ("Differences to the last issue", "与上一期的差异"),
    "about": ("About", "涉及"),
    "which": ("Which", "所指"),
    "field": ("Field", "字段"),
    # states of the report
    "complete": ("complete", "完整"),
    "provisional": ("Provisional", "暂定"),
    "running": ("the month has not ended", "本月尚未结束"),
    "unsettled": ("its last days can still change", "月末数日仍可能变化"),
    "booking": ("readings are still being booked", "读数正在入账"),
    "incomplete": ("data incomplete", "数据不完整"),
    # why there is nothing
    "unpriced": ("without a price", "无电价"),
    "no_findings": ("No findings in this month.", "本月无用能问题。"),
    "no_events": ("No events on meters in this month.", "本月无表计事件。"),
    "no_restatements": ("No settled day of this month was restated.", "本月无更正的日数据。"),
    "no_prices": ("No tariff holds for this month.", "本月无适用电价。"),
    # notes
    "note_dash": (
        "– means unknown, which is not zero. Months are compared only where both are measured.",
        "“–”表示未知，不等于零。仅当两个月份均为实测时才作比较。",
    ),
    "note_partly": ("not every part is known", "部分未知"),
    "note_others": (
        "Sites and buildings that are not listed were measured throughout.",
        "未列出的园区和建筑均为全程实测。",
    ),
    "note_difference": (
        "A difference is what of a total is in none of its sub-items; where a sub-item has a price "
        "of its own, its money holds that, too.",
        "差额为总量中不属于任何分项的部分；分项另有电价时，其费用亦含由此产生的差别。",
    ),
    "note_bounds": (
        "Where a stretch between two readings spans several prices, its cost is split by time; "
        "beneath it stands what it costs at least and at most.",
        "两次读数之间跨越多个价格时，费用按时间分摊；其下为费用的下限与上限。",
    ),
    "note_currencies": (
        "Each currency has its own sum; currencies are never added.",
        "各币种分别合计，不相加。",
    ),
    "note_ratios": (
        "Ratios of energy over the time in which both sides are wholly known (cover), stated where "
        "that is at least 95 % of the month. IT energy is measured at the UPS output (category 1) "
        "or at the IT equipment (category 3). Utility over IT energy of less than twelve months is "
        "an interim PUE (ISO/IEC 30134-2).",
        "比值按双侧电量均完全已知的时间（时间覆盖率）计算，该时间不少于本月 95% 时给出。IT 用电计量"
        "于 UPS 输出端（类别 1）或 IT 设备端（类别 3）。不足十二个月的总用电与 IT 用电之比为中期 "
        "PUE（ISO/IEC 30134-2）。",
    ),
    "note_shares": (
        "Shares of expected time. A gap between two good registers counts as measured once the "
        "month holds it whole.",
        "按应有时间计算的占比。两个有效累计值之间的缺口若完全在本月内，按实测计。",
    ),
    "note_water": (
        "Water is counted neither as carbon nor as standard coal.",
        "水不折算碳排放和标准煤。",
    ),
    "note_rows": (
        "verified: seen in an official text; secondary: found in secondary texts; unverified: "
        "from memory, an example, or without a grade.",
        "已核实：见于官方文本；二手来源：见于二手文本；未核实：凭记忆、示例或未注明等级。",
    ),
    "note_unverified": (
        "This report uses rows that are unverified.",
        "本报告使用了未核实的因子或电价。",
    ),
    "note_cases": (
        "Figures of a finding are those of the whole case, also where it reaches beyond the month. "
        "Money and carbon of energy that two nested meters show stand once; a number such as 5/7 "
        "is that of case 7 as a part of case 5.",
        "问题的数值为整个事件的数值，即使其跨越本月。上下级表计同时显示的电量，费用与碳排只计一次；"
        "编号 5/7 表示第 7 号属于第 5 号。",
    ),
    "note_seal": (
        "This report is a rendering of its sealed content. Rendering the same content again gives "
        "the same bytes.",
        "本报告由封存内容生成；相同内容再次生成的文件逐字节一致。",
    ),
    "note_more": ("%d more in the XLSX file", "另有 %d 条见 XLSX 文件"),
    # grades
    "verified": ("verified", "已核实"),
    "secondary": ("secondary", "二手来源"),
    "unverified": ("unverified", "未核实"),
    # tariff periods
    "period.sharp": ("Sharp", "尖峰"),
    "period.peak": ("Peak", "高峰"),
    "period.flat": ("Flat", "平段"),
    "period.valley": ("Valley", "低谷"),
    "period.deep_valley": ("Deep valley", "深谷"),
    "days.all": ("all", "全部"),
    "days.working": ("working", "工作日"),
    "days.rest": ("rest", "休息日"),
    "days.holiday": ("statutory holidays", "法定节假日"),
    # ratios of a data centre
    "ratio.utility_per_it": ("Utility / IT energy", "总用电 / IT 用电"),
    "ratio.ups_efficiency": ("UPS output / input", "UPS 输出 / UPS 输入"),
    # findings
    "pattern.after_hours_plant": ("After-hours plant", "下班后设备运行"),
    "pattern.weekend_run": ("Weekend or holiday run", "周末或节假日运行"),
    "pattern.meter_stuck": ("Meter stuck", "表计读数停滞"),
    "pattern.meter_gap": ("Meter silent", "表计数据中断"),
    "cause.bms_override": ("Schedule overridden", "时间表被强制"),
    "cause.holiday_table_missing": ("Day off not in controls", "自控系统未设休息日"),
    "cause.register_frozen": ("Register stands still", "累计值不变"),
    "cause.communication_lost": ("Communication lost", "通讯中断"),
    "action.restore_schedule": ("Release the override, check the schedule", "解除强制，检查时间表"),
    "action.add_exception": ("Enter the day off in the controls", "在自控系统录入休息日"),
    "action.check_register": ("Read the meter on site", "现场抄表核对"),
    "action.check_communication": ("Check gateway and wiring", "检查网关与接线"),
    "state.open": ("open", "待处理"),
    "state.acknowledged": ("acknowledged", "已确认"),
    "state.resolved": ("resolved", "已解决"),
    "state.expected": ("expected", "属正常"),
    "state.closed": ("closed", "已关闭"),
    # register events
    "event.gap": ("No readings", "无读数"),
    "event.stuck": ("Register stood still", "读数停滞"),
    "event.reset": ("Register reset", "读数复位"),
    "event.spike": ("Spike rejected", "剔除异常尖峰"),
    "event.rollover": ("Register rolled over", "读数翻转"),
    "event.jump": ("Jump", "读数跳变"),
    # causes of restatements
    "restated.reading": ("late reading", "迟到读数"),
    "restated.correction": ("corrected reading", "更正读数"),
    "restated.registry": ("registry changed", "台账变更"),
    "restated.registry_version": (
        "registry changed (version {version})",
        "台账变更（第 {version} 版）",
    ),
    "restated.rollover": ("day closed", "日结"),
    "restated.rebuild": ("booked again from the journal", "按原始报文重新入账"),
    "restated.rules_version": (
        "other booking rules (version {old}, now {new})",
        "入账规则变更（第 {old} 版改为第 {new} 版）",
    ),
    # what an issue tells otherwise
    "about.report": ("Report", "月报"),
    "about.total": ("Total", "合计"),
    "about.line": ("Energy", "能耗"),
    "about.difference": ("Difference of sub-items", "分项差额"),
    "about.period": ("Tariff period", "电价时段"),
    "about.price": ("Price", "电价"),
    "about.factor": ("Factor", "因子"),
    "about.finding": ("Finding", "用能问题"),
    "about.event": ("Event on a meter", "表计事件"),
    "about.restatement": ("Restated day", "更正的日数据"),
    "about.ratio": ("Data centre", "数据中心"),
    "about.indicator": ("Indicator", "指标"),
    "about.place": ("Place", "节点"),
    "about.meter": ("Meter", "表计"),
    "what.changed": ("changed", "变更"),
    "what.added": ("added", "新增"),
    "what.gone": ("gone", "取消"),
    "why.absent": ("absent", "无数据"),
    "why.incomplete": ("not measured throughout", "非全程实测"),
    "truth.true": ("yes", "是"),
    "truth.false": ("no", "否"),
    "field.above": ("numerator", "分子电量"),
    "field.action": ("action", "建议措施"),
    "field.all_priced": ("all energy has a price", "全部有电价"),
    "field.amount": ("amount", "数量"),
    "field.apportioned": ("apportioned", "分摊"),
    "field.area_m2": ("area", "面积"),
    "field.below": ("denominator", "分母电量"),
    "field.book_unit": ("book unit", "记账单位"),
    "field.boundary": ("boundary", "边界"),
    "field.category": ("IT category", "IT 计量类别"),
    "field.cause": ("cause", "原因"),
    "field.change": ("change", "变化"),
    "field.confidence": ("confidence", "置信度"),
    "field.cost": ("cost", "费用"),
    "field.count": ("count", "次数"),
    "field.cover": ("cover", "时间覆盖率"),
    "field.currency": ("currency", "币种"),
    "field.daily": ("day", "日"),
    "field.depth": ("depth in the tree", "层级"),
    "field.end_us": ("end", "结束"),
    "field.estimated": ("estimated", "估算"),
    "field.first": ("first day", "首日"),
    "field.first_us": ("first time", "首次时间"),
    "field.grade": ("grade", "等级"),
    "field.high": ("at most", "上限"),
    "field.hours": ("hours", "小时数"),
    "field.item": ("item", "项目"),
    "field.kgce": ("standard coal", "标准煤"),
    "field.kgco2": ("CO₂", "碳排放"),
    "field.last": ("last day", "末日"),
    "field.last_month": ("last month", "上月"),
    "field.last_year": ("same month last year", "上年同月"),
    "field.low": ("at least", "下限"),
    "field.measured": ("measured", "实测"),
    "field.meter": ("meter", "表计"),
    "field.minutes": ("minutes", "分钟数"),
    "field.missing": ("missing", "缺失"),
    "field.money": ("money", "费用"),
    "field.name_en": ("English name", "英文名称"),
    "field.name_zh": ("Chinese name", "中文名称"),
    "field.new_amount": ("value after", "新值"),
    "field.node": ("node", "节点"),
    "field.old_amount": ("value before", "原值"),
    "field.open_reasons": ("why it is provisional", "暂定原因"),
    "field.pattern": ("pattern", "问题类型"),
    "field.period": ("period", "时段"),
    "field.persons": ("persons", "人数"),
    "field.price": ("price", "单价"),
    "field.provisional": ("provisional", "暂定"),
    "field.recorded_us": ("recorded", "记录时间"),
    "field.shares": ("share", "占比"),
    "field.silent": ("silent meters", "无数据表计"),
    "field.source": ("source", "来源"),
    "field.start_us": ("start", "开始"),
    "field.state": ("state", "状态"),
    "field.type": ("type", "类型"),
    "field.unit": ("unit", "单位"),
    "field.unpriced": ("without a price", "无电价用量"),
    "field.valid_to": ("valid to", "失效日期"),
    "field.value": ("value", "数值"),
    "field.waste": ("waste", "浪费量"),
    "field.waste_high": ("waste, high", "浪费量上限"),
    "field.waste_low": ("waste, low", "浪费量下限"),
    "field.why": ("why there is none", "无数值原因"),
    "field.zone": ("time zone", "时区"),
    # kinds of node
    "type.institution": ("institution", "机构"),
    "type.site": ("site", "园区"),
    "type.building": ("building", "建筑"),
    "type.datacentre": ("data centre", "数据中心"),
}


def check_language(language: str) -> str:
    """The language itself, if a report can be had in it; InvalidInput otherwise."""
    if language not in LANGUAGES:
        raise InvalidInput(
            "no such language",
            field="language",
            value=language,
            fix=f"one of: {', '.join(LANGUAGES)}",
        )
    return language


def text(key: str, language: str) -> str:
    """The text of a key; KeyError where there is none, for all keys are our own."""
    return TEXTS[key][language.startswith("zh")]


def word(group: str, key: str, language: str) -> str:
    """The text of `group.key`; a key from outside without one reads as its own words."""
    found = TEXTS.get(f"{group}.{key}")
    return found[language.startswith("zh")] if found else key.replace("_", " ")


def restated(cause: str, language: str) -> str:
    """Why a day was restated, in words; a change of the registry with its version, such as
    `registry 12`. Several causes come with a comma between them."""
    return ", ".join(_restated(one, language) for one in cause.split(", "))


def _restated(cause: str, language: str) -> str:
    group, _, version = cause.partition(" ")
    if group == "rules" and " to " in version:
        old, new = version.split(" to ")
        return word("restated", "rules_version", language).format(old=old, new=new)
    if group == "registry" and version.isdigit():
        return word("restated", "registry_version", language).format(version=version)
    return word("restated", cause, language)


def table(language: str) -> dict[str, str]:
    """All texts of one language."""
    return {key: pair[language.startswith("zh")] for key, pair in TEXTS.items()}
