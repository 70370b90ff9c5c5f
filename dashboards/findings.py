"""The findings board: what wastes or measures wrongly, ranked by money, and how far to trust it."""

from __future__ import annotations

from dashboards.board import board, currency, nodes
from dashboards.panels import (
    BLUE,
    GREEN,
    GREY,
    IN_CURRENCY,
    KWH,
    ORANGE,
    RED,
    SHARE,
    TONNES,
    Json,
    bars,
    carpet,
    money_units,
    override,
    ranking,
    stat,
    table,
    target,
)
from dashboards.text import Text, suffix

OPEN = "\"state\" = 'open' AND \"under\" = '$node' AND $timeFilter"
ZONE = "tz('$zone')"
GATEWAYS = "\"under\" = '$node'"


def findings(language: str) -> Json:
    """The board in one language."""
    title = Text("Findings and data quality", "浪费诊断与数据质量").of(language)
    rows = [
        (4, _totals(language)),
        (12, [(24, _cases(language))]),
        (8, [(12, _timeline(language)), (6, _by_pattern(language)), (6, _counts(language))]),
        (13, [(10, _not_measured(language)), (14, _gateways(language))]),
    ]
    variables = [*nodes(language), currency(language)]
    found = board(f"greenoffice-findings-{suffix(language)}", title, language, rows, variables)
    return {**found, "time": {"from": "now-90d/d", "to": "now"}}


def _totals(language: str) -> list[tuple[int, Json]]:
    def total(field: str, scale: str = "") -> str:
        return f'SELECT sum("{field}"){scale} FROM "findings" WHERE {OPEN}'

    electric = f'SELECT sum("waste") FROM "findings" WHERE "category" = \'01000\' AND {OPEN}'
    missing = (
        'SELECT mean("missing") FROM "energy" WHERE "node" = \'$node\' AND '
        "\"item\" = '01000' AND $timeFilter"
    )
    silent = f'SELECT max("silent_minutes") FROM "gateways" WHERE {GATEWAYS}'
    return [
        (
            4,
            stat(
                Text("Open findings", "未处理问题").of(language),
                target(total("count")),
                unit="none",
                decimals=0,
                color=ORANGE,
            ),
        ),
        (
            4,
            stat(
                Text("Wasted electricity", "浪费电量").of(language),
                target(electric),
                unit=KWH,
                decimals=1,
                color=RED,
            ),
        ),
        (
            4,
            stat(
                Text("What it costs", "浪费金额").of(language),
                target(f"{total('cost')} AND {IN_CURRENCY}", "$currency"),
                unit="none",
                decimals=1,
                color=BLUE,
                overrides=money_units(),
            ),
        ),
        (
            4,
            stat(
                Text("CO2", "碳排放").of(language),
                target(total("kgco2", " / 1000")),
                unit=TONNES,
                decimals=1,
                color=GREY,
            ),
        ),
        (
            4,
            stat(
                Text("Missing this month", "本月缺失率").of(language),
                target(missing),
                range_from="now/M",
                unit=SHARE,
                decimals=2,
                thresholds=((None, GREEN), (0.02, ORANGE), (0.1, RED)),
            ),
        ),
        (
            4,
            stat(
                Text("Longest silence of a gateway", "网关最长静默").of(language),
                target(silent),
                unit="m",
                decimals=0,
                thresholds=((None, GREEN), (30, ORANGE), (120, RED)),
            ),
        ),
    ]


def _cases(language: str) -> Json:
    end = suffix(language)
    names = {
        f"pattern_{end}": Text("Pattern", "类型").of(language),
        f"node_{end}": Text("Place", "位置").of(language),
        f"meter_{end}": Text("Meter", "表计").of(language),
        "waste": Text("Waste", "浪费量").of(language),
        "unit": Text("Unit", "单位").of(language),
        "cost": Text("Cost", "金额").of(language),
        "currency": Text("Currency", "币种").of(language),
        "kgco2": "kgCO2",
        "confidence": Text("Confidence", "置信度").of(language),
        f"sentence_{end}": Text("What was seen", "现象").of(language),
        f"action_{end}": Text("What to do", "建议").of(language),
    }
    columns = ", ".join(f'"{field}" AS "{name}"' for field, name in names.items())
    query = f'SELECT {columns} FROM "findings" WHERE {OPEN} ORDER BY time DESC LIMIT 200'
    return table(
        Text("Open findings, costliest first", "未处理问题（按金额排序）").of(language),
        query,
        sort_by=names["cost"],
        overrides=[
            override("Time", displayName=Text("Since", "开始").of(language), custom__width=145),
            override(names["waste"], decimals=0, unit="none", custom__width=80),
            override(names["unit"], custom__width=55),
            override(names["cost"], decimals=0, unit="none", custom__width=80),
            override(names["currency"], custom__width=70),
            override("kgCO2", decimals=0, unit="none", custom__width=80),
            override(names["confidence"], decimals=0, unit=SHARE, custom__width=95),
            override(names[f"pattern_{end}"], custom__width=140 if end == "zh" else 170),
            override(names[f"node_{end}"], custom__width=110 if end == "zh" else 135),
            override(names[f"meter_{end}"], custom__width=110 if end == "zh" else 195),
            override(names[f"sentence_{end}"], custom__minWidth=340),
            override(names[f"action_{end}"], custom__minWidth=300),
        ],
    )


def _timeline(language: str) -> Json:
    name = f"pattern_{suffix(language)}"
    query = (
        f'SELECT sum("count") FROM "findings" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY time(1d), "{name}" fill(null) {ZONE}'
    )
    return bars(
        Text("Findings by day they began", "问题时间线（按开始日期）").of(language),
        [target(query, f"$tag_{name}")],
        stacked=True,
        unit="none",
        decimals=0,
    )


def _by_pattern(language: str) -> Json:
    name = f"pattern_{suffix(language)}"
    query = f'SELECT sum("cost") FROM "findings" WHERE {OPEN} AND {IN_CURRENCY} GROUP BY "{name}"'
    return ranking(
        Text("Cost by pattern, $currency", "各类型金额 ($currency)").of(language),
        query,
        f"$tag_{name}",
        unit="none",
        decimals=0,
    )


def _counts(language: str) -> Json:
    name = f"pattern_{suffix(language)}"
    query = f'SELECT sum("count") FROM "findings" WHERE {OPEN} GROUP BY "{name}"'
    return ranking(
        Text("Number by pattern", "各类型数量").of(language),
        query,
        f"$tag_{name}",
        unit="none",
        decimals=0,
    )


def _not_measured(language: str) -> Json:
    name = f"meter_{suffix(language)}"
    query = (
        'SELECT 1 - mean("measured") FROM "meters" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY time(6h), "{name}" {ZONE}'
    )
    title = Text("Share not measured, by meter, each 6 hours", "各表计非实测比例（每 6 小时）")
    description = Text(
        "Missing, or apportioned between two good readings: then the total is known, its course"
        " is not. Empty: all is measured",
        "缺失，或在两次有效读数之间分摊（总量已知，过程未知）。空白：全部实测",
    )
    return carpet(
        title.of(language),
        [target(query, f"$tag_{name}")],
        unit=SHARE,
        description=description.of(language),
        span=(0, 1),
        least=0.05,
        more={"timeFrom": "30d", "hideTimeOverride": False},
    )


def _gateways(language: str) -> Json:
    end = suffix(language)
    names = {
        f"gateway_{end}": Text("Gateway", "网关").of(language),
        "silent_minutes": Text("Silent", "静默").of(language),
        "points": Text("Points", "测点").of(language),
        "readings": Text("Readings", "读数").of(language),
        "duplicates": Text("Duplicates", "重复").of(language),
        "corrections": Text("Corrections", "更正").of(language),
        "dead_letters": Text("Refused", "拒收").of(language),
        "skew_seconds": Text("Clock skew", "时钟偏差").of(language),
    }
    columns = ", ".join(f'"{field}" AS "{name}"' for field, name in names.items())
    counts = ("points", "readings", "duplicates", "corrections", "dead_letters")
    return table(
        Text("Gateways now", "网关现状").of(language),
        f'SELECT {columns} FROM "gateways" WHERE {GATEWAYS}',
        sort_by=names["dead_letters"],
        overrides=[
            override("Time", custom__hidden=True),
            *(
                override(names[field], decimals=0, unit="none", custom__width=92)
                for field in counts
            ),
            override(names["silent_minutes"], decimals=0, unit="m", custom__width=80),
            override(names["skew_seconds"], decimals=1, unit="s", custom__width=90),
        ],
    )
