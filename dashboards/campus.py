"""The campus board: what is used, where, when, and what of it is known."""

from __future__ import annotations

from dashboards.board import board, choice, currency, nodes
from dashboards.datacentre import datacentre
from dashboards.panels import (
    BLUE,
    GREEN,
    GREY,
    IN_CURRENCY,
    KW,
    KWH,
    ORANGE,
    RED,
    SHARE,
    TONNES,
    Json,
    bars,
    carpet,
    donut,
    lines,
    money_units,
    override,
    ranking,
    stat,
    target,
)
from dashboards.text import Text, suffix

ELECTRICITY = "\"item\" = '01000'"
NODE = f"\"node\" = '$node' AND {ELECTRICITY} AND $timeFilter"
BELOW = f"\"under\" = '$node' AND {ELECTRICITY} AND $timeFilter"
ZONE = "tz('$zone')"
KNOWN_LIMITS = ((None, RED), (0.9, ORANGE), (0.98, GREEN))


def campus(language: str) -> Json:
    """The board in one language."""
    title = Text("Campus energy", "园区能耗").of(language)
    measure = choice(
        "measure",
        Text("Measure", "指标").of(language),
        [
            (Text("Energy kWh", "电量 kWh").of(language), "kwh"),
            (Text("Cost", "费用").of(language), "cost"),
            ("kgCO2", "kgco2"),
        ],
    )
    rows = [
        (4, _totals(language)),
        (9, [(16, _daily(language)), (8, _parts(language))]),
        (10, [(14, _carpet(language)), (10, _hours(language))]),
        (9, [(8, _ranking(language)), (16, _load(language))]),
        (9, datacentre(language)),
    ]
    return board(
        f"greenoffice-campus-{suffix(language)}",
        title,
        language,
        rows,
        [
            *nodes(language),
            measure,
            currency(language),
        ],
    )


def _sum(field: str, scale: str = "") -> str:
    return f'SELECT sum("{field}"){scale} FROM "energy" WHERE {NODE}'


def _totals(language: str) -> list[tuple[int, Json]]:
    month, day = "now/M", "now/d"
    known = 'SELECT mean("known") FROM "energy" WHERE ' + NODE
    return [
        (
            4,
            stat(
                Text("Today", "今日用电").of(language),
                target(_sum("kwh")),
                range_from=day,
                unit=KWH,
                decimals=1,
            ),
        ),
        (
            4,
            stat(
                Text("This month", "本月用电").of(language),
                target(_sum("kwh")),
                range_from=month,
                unit=KWH,
                decimals=1,
            ),
        ),
        (4, _cost(language, month)),
        (
            4,
            stat(
                Text("CO2 this month", "本月碳排放").of(language),
                target(_sum("kgco2", scale=" / 1000")),
                range_from=month,
                unit=TONNES,
                decimals=1,
                color=GREY,
            ),
        ),
        (
            4,
            stat(
                Text("Known of this month", "本月数据完整率").of(language),
                target(known),
                range_from=month,
                unit=SHARE,
                decimals=1,
                thresholds=KNOWN_LIMITS,
                description=Text(
                    "Share of expected time that is measured, apportioned or estimated",
                    "期望时间内有实测、分摊或估算数据的比例",
                ).of(language),
            ),
        ),
        (
            4,
            stat(
                Text("After-hours energy", "非办公时段用电").of(language),
                target(f'SELECT sum("kwh") FROM "energy" WHERE "hours" = \'after\' AND {NODE}'),
                unit=KWH,
                decimals=1,
                color=ORANGE,
                description=Text(
                    "Energy outside office hours of working days, in the range of the board",
                    "看板时间范围内，工作日办公时段以外的用电",
                ).of(language),
            ),
        ),
    ]


def _cost(language: str, month: str) -> Json:
    money = 'SELECT sum("{}") FROM "energy" WHERE ' + f"{NODE} AND {IN_CURRENCY}"
    return stat(
        Text("Cost this month", "本月电费").of(language),
        target(money.format("cost"), "$currency"),
        target(money.format("cost_low"), Text("at least", "最低").of(language)),
        target(money.format("cost_high"), Text("at most", "最高").of(language)),
        range_from=month,
        unit="none",
        decimals=1,
        color=BLUE,
        text_mode="value_and_name",
        size=20,
        overrides=money_units(),
        description=Text(
            "Energy read over a change of price is split by time: at least and at most it costs"
            " what all of it would at the cheapest and at the dearest of these prices",
            "跨电价时段读取的电量按时间分摊；最低、最高为这部分电量全部按其中最低价、最高价计算的金额",
        ).of(language),
    )


def _daily(language: str) -> Json:
    title = Text("${measure:text} by day, with what is known", "每日${measure:text}与数据完整率")
    known = Text("known", "完整率").of(language)
    return bars(
        title.of(language),
        [
            target(
                f'SELECT sum("$measure") FROM "energy" WHERE {NODE} AND {IN_CURRENCY} '
                f"GROUP BY time(1d) {ZONE}",
                "${measure:text}",
            ),
            target(
                f'SELECT mean("known") FROM "energy" WHERE {NODE} GROUP BY time(1d) {ZONE}', known
            ),
        ],
        overrides=[
            override(
                known,
                unit=SHARE,
                min=0,
                max=1,
                color={"mode": "fixed", "fixedColor": ORANGE},
                custom__drawStyle="line",
                custom__lineWidth=2,
                custom__fillOpacity=0,
                custom__axisPlacement="right",
                custom__showPoints="always",
                custom__pointSize=5,
            )
        ],
    )


def _parts(language: str) -> Json:
    name = f"item_{suffix(language)}"
    query = (
        'SELECT sum("$measure") FROM "energy" WHERE "node" = \'$node\' AND '
        f"\"category\" = '01000' AND \"item_level\" = '1' AND {IN_CURRENCY} AND $timeFilter "
        f'GROUP BY "{name}"'
    )
    title = Text("${measure:text} by sub-item", "分项${measure:text}")
    return donut(title.of(language), [target(query, f"$tag_{name}")])


def _carpet(language: str) -> Json:
    query = f'SELECT mean("power") FROM "energy" WHERE {NODE} GROUP BY time(1d), "hour" {ZONE}'
    title = Text("Load by day and hour", "负荷：日期 × 小时")
    return carpet(title.of(language), [target(query, "$tag_hour")], unit=KW)


def _hours(language: str) -> Json:
    base = Text("base load", "基础负荷").of(language)
    office = Text("office", "办公时段").of(language)
    after = Text("after hours", "非办公时段").of(language)
    total = 'SELECT sum("kwh") FROM "energy" WHERE "hours" = \'{}\' AND ' + NODE
    daily = f" GROUP BY time(1d) {ZONE}"
    return bars(
        Text("Office hours, after hours, base load", "办公时段、非办公时段与基础负荷").of(language),
        [
            target(total.format("office") + daily, office),
            target(total.format("after") + daily, after),
            target(f'SELECT min("power") FROM "energy" WHERE {NODE}{daily}', base),
        ],
        stacked=True,
        unit=KWH,
        overrides=[
            override(office, color={"mode": "fixed", "fixedColor": GREEN}),
            override(after, color={"mode": "fixed", "fixedColor": ORANGE}),
            override(
                base,
                unit=KW,
                color={"mode": "fixed", "fixedColor": BLUE},
                custom__drawStyle="line",
                custom__lineWidth=2,
                custom__fillOpacity=0,
                custom__stacking={"mode": "none", "group": "B"},
                custom__axisPlacement="right",
            ),
        ],
    )


def _ranking(language: str) -> Json:
    name = f"node_{suffix(language)}"
    query = (
        f'SELECT sum("per_m2") FROM "energy" WHERE "type" = \'building\' AND {BELOW} '
        f'GROUP BY "{name}"'
    )
    return ranking(
        Text("Buildings by kWh per m²", "建筑单位面积用电排名 (kWh/m²)").of(language),
        query,
        f"$tag_{name}",
        unit="suffix: kWh/m²",
        decimals=2,
    )


def _load(language: str) -> Json:
    name = f"node_{suffix(language)}"
    kinds = "(\"type\" = 'building' OR \"type\" = 'datacentre')"
    query = (
        f'SELECT mean("power") FROM "energy" WHERE {kinds} AND {BELOW} '
        f'GROUP BY time(15m), "{name}" {ZONE}'
    )
    own = {"timeFrom": "7d", "hideTimeOverride": False}
    return lines(
        Text("Load by place", "各建筑负荷").of(language),
        [target(query, f"$tag_{name}")],
        unit=KW,
        more=own,
    )
