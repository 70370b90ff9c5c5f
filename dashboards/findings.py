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
from texts import code_of, own, text

OPEN = "\"state\" = 'open' AND \"told\" = 'at_once' AND \"under\" = '$node' AND $timeFilter"
"""Cases on the list of what is to be done, as on the page."""
ZONE = "tz('$zone')"
GATEWAYS = "\"under\" = '$node'"


def findings(language: str) -> Json:
    """The board in one language."""
    title = text("board.findings_and_data_quality", language)
    rows = [
        (4, _totals(language)),
        (12, [(24, _cases(language))]),
        (8, [(12, _timeline(language)), (6, _by_pattern(language)), (6, _counts(language))]),
        (13, [(10, _not_measured(language)), (14, _gateways(language))]),
    ]
    variables = [*nodes(language), currency(language)]
    found = board(f"greenoffice-findings-{code_of(language)}", title, language, rows, variables)
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
                text("board.open_findings", language),
                target(total("count")),
                unit="none",
                decimals=0,
                color=ORANGE,
            ),
        ),
        (
            4,
            stat(
                text("board.wasted_electricity", language),
                target(electric),
                unit=KWH,
                decimals=1,
                color=RED,
            ),
        ),
        (
            4,
            stat(
                text("board.what_it_costs", language),
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
                text("board.co2", language),
                target(total("kgco2", " / 1000")),
                unit=TONNES,
                decimals=1,
                color=GREY,
            ),
        ),
        (
            4,
            stat(
                text("board.missing_this_month", language),
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
                text("board.longest_silence_of_a_gateway", language),
                target(silent),
                unit="m",
                decimals=0,
                thresholds=((None, GREEN), (30, ORANGE), (120, RED)),
            ),
        ),
    ]


def _cases(language: str) -> Json:
    end = code_of(language)
    names = {
        "place": "#",
        f"pattern_{end}": text("board.pattern", language),
        f"node_{end}": text("board.place", language),
        f"meter_{end}": text("board.meter", language),
        "waste": text("board.waste", language),
        "unit": text("board.unit", language),
        "cost": text("board.cost_2", language),
        "cost_a_year": text("board.cost_a_year", language),
        "currency": text("board.currency", language),
        "kgco2": "kgCO2",
        "confidence": text("board.confidence", language),
        f"sentence_{end}": text("board.what_was_seen", language),
        f"action_{end}": text("board.what_to_do", language),
    }
    columns = ", ".join(f'"{field}" AS "{name}"' for field, name in names.items())
    query = f'SELECT {columns} FROM "findings" WHERE {OPEN} ORDER BY time DESC LIMIT 200'
    return table(
        text("board.open_findings_costliest_first", language),
        query,
        sort_by=names["place"],
        rising=True,
        overrides=[
            override(names["place"], decimals=0, unit="none", custom__width=45),
            override("Time", displayName=text("board.since", language), custom__width=145),
            override(names["waste"], decimals=0, unit="none", custom__width=80),
            override(names["unit"], custom__width=55),
            override(names["cost"], decimals=0, unit="none", custom__width=80),
            override(names["cost_a_year"], decimals=0, unit="none", custom__width=95),
            override(names["currency"], custom__width=70),
            override("kgCO2", decimals=0, unit="none", custom__width=80),
            override(names["confidence"], decimals=0, unit=SHARE, custom__width=95),
            override(names[f"pattern_{end}"], custom__width=own(language, zh=140, en=170)),
            override(names[f"node_{end}"], custom__width=own(language, zh=110, en=135)),
            override(names[f"meter_{end}"], custom__width=own(language, zh=110, en=195)),
            override(names[f"sentence_{end}"], custom__minWidth=340),
            override(names[f"action_{end}"], custom__minWidth=300),
        ],
    )


def _timeline(language: str) -> Json:
    name = f"pattern_{code_of(language)}"
    query = (
        f'SELECT sum("count") FROM "findings" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY time(1d), "{name}" fill(null) {ZONE}'
    )
    return bars(
        text("board.findings_by_day_they_began", language),
        [target(query, f"$tag_{name}")],
        stacked=True,
        unit="none",
        decimals=0,
    )


def _by_pattern(language: str) -> Json:
    name = f"pattern_{code_of(language)}"
    query = f'SELECT sum("cost") FROM "findings" WHERE {OPEN} AND {IN_CURRENCY} GROUP BY "{name}"'
    return ranking(
        text("board.cost_by_pattern_currency", language),
        query,
        f"$tag_{name}",
        unit="none",
        decimals=0,
    )


def _counts(language: str) -> Json:
    name = f"pattern_{code_of(language)}"
    query = f'SELECT sum("count") FROM "findings" WHERE {OPEN} GROUP BY "{name}"'
    return ranking(
        text("board.number_by_pattern", language),
        query,
        f"$tag_{name}",
        unit="none",
        decimals=0,
    )


def _not_measured(language: str) -> Json:
    name = f"meter_{code_of(language)}"
    query = (
        'SELECT 1 - mean("measured") FROM "meters" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY time(6h), "{name}" {ZONE}'
    )
    title = text("board.share_not_measured_by_meter", language)
    description = text("board.missing_or_apportioned_between_two", language)
    return carpet(
        title,
        [target(query, f"$tag_{name}")],
        unit=SHARE,
        description=description,
        span=(0, 1),
        least=0.05,
        more={"timeFrom": "30d", "hideTimeOverride": False},
    )


def _gateways(language: str) -> Json:
    end = code_of(language)
    names = {
        f"gateway_{end}": text("board.gateway", language),
        "silent_minutes": text("board.silent", language),
        "points": text("board.points", language),
        "readings": text("board.readings", language),
        "duplicates": text("board.duplicates", language),
        "corrections": text("board.corrections", language),
        "dead_letters": text("board.refused", language),
        "skew_seconds": text("board.clock_skew", language),
    }
    columns = ", ".join(f'"{field}" AS "{name}"' for field, name in names.items())
    counts = ("points", "readings", "duplicates", "corrections", "dead_letters")
    return table(
        text("board.gateways_now", language),
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
