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
from texts import code_of, text

ELECTRICITY = "\"item\" = '01000'"
NODE = f"\"node\" = '$node' AND {ELECTRICITY} AND $timeFilter"
BELOW = f"\"under\" = '$node' AND {ELECTRICITY} AND $timeFilter"
ZONE = "tz('$zone')"
KNOWN_LIMITS = ((None, RED), (0.9, ORANGE), (0.98, GREEN))


def campus(language: str) -> Json:
    """The board in one language."""
    title = text("board.campus_energy", language)
    measure = choice(
        "measure",
        text("board.measure", language),
        [
            (text("board.energy_kwh", language), "kwh"),
            (text("board.cost", language), "cost"),
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
        f"greenoffice-campus-{code_of(language)}",
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
                text("board.today", language),
                target(_sum("kwh")),
                range_from=day,
                unit=KWH,
                decimals=1,
            ),
        ),
        (
            4,
            stat(
                text("board.this_month", language),
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
                text("board.co2_this_month", language),
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
                text("board.known_of_this_month", language),
                target(known),
                range_from=month,
                unit=SHARE,
                decimals=1,
                thresholds=KNOWN_LIMITS,
                description=text("board.share_of_expected_time_that", language),
            ),
        ),
        (
            4,
            stat(
                text("board.after_hours_energy", language),
                target(f'SELECT sum("kwh") FROM "energy" WHERE "hours" = \'after\' AND {NODE}'),
                unit=KWH,
                decimals=1,
                color=ORANGE,
                description=text("board.energy_outside_office_hours_of", language),
            ),
        ),
    ]


def _cost(language: str, month: str) -> Json:
    money = 'SELECT sum("{}") FROM "energy" WHERE ' + f"{NODE} AND {IN_CURRENCY}"
    return stat(
        text("board.cost_this_month", language),
        target(money.format("cost"), "$currency"),
        target(money.format("cost_low"), text("board.at_least", language)),
        target(money.format("cost_high"), text("board.at_most", language)),
        range_from=month,
        unit="none",
        decimals=1,
        color=BLUE,
        text_mode="value_and_name",
        size=20,
        overrides=money_units(),
        description=text("board.energy_read_over_a_change", language),
    )


def _daily(language: str) -> Json:
    title = text("board.measure_by_day_with_what", language)
    known = text("board.known", language)
    return bars(
        title,
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
    name = f"item_{code_of(language)}"
    query = (
        'SELECT sum("$measure") FROM "energy" WHERE "node" = \'$node\' AND '
        f"\"category\" = '01000' AND \"item_level\" = '1' AND {IN_CURRENCY} AND $timeFilter "
        f'GROUP BY "{name}"'
    )
    title = text("board.measure_by_sub_item", language)
    return donut(title, [target(query, f"$tag_{name}")])


def _carpet(language: str) -> Json:
    query = f'SELECT mean("power") FROM "energy" WHERE {NODE} GROUP BY time(1d), "hour" {ZONE}'
    title = text("board.load_by_day_and_hour", language)
    return carpet(title, [target(query, "$tag_hour")], unit=KW)


def _hours(language: str) -> Json:
    base = text("board.base_load", language)
    office = text("board.office", language)
    after = text("board.after_hours", language)
    total = 'SELECT sum("kwh") FROM "energy" WHERE "hours" = \'{}\' AND ' + NODE
    daily = f" GROUP BY time(1d) {ZONE}"
    return bars(
        text("board.office_hours_after_hours_base", language),
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
    name = f"node_{code_of(language)}"
    query = (
        f'SELECT sum("per_m2") FROM "energy" WHERE "type" = \'building\' AND {BELOW} '
        f'GROUP BY "{name}"'
    )
    return ranking(
        text("board.buildings_by_kwh_per_m", language),
        query,
        f"$tag_{name}",
        unit="suffix: kWh/m²",
        decimals=2,
    )


def _load(language: str) -> Json:
    name = f"node_{code_of(language)}"
    kinds = "(\"type\" = 'building' OR \"type\" = 'datacentre')"
    query = (
        f'SELECT mean("power") FROM "energy" WHERE {kinds} AND {BELOW} '
        f'GROUP BY time(15m), "{name}" {ZONE}'
    )
    own = {"timeFrom": "7d", "hideTimeOverride": False}
    return lines(
        text("board.load_by_place", language),
        [target(query, f"$tag_{name}")],
        unit=KW,
        more=own,
    )
