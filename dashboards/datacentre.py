"""The campus board's row of the data centre: power by role, honest ratios, rack inlet air."""

from __future__ import annotations

from dashboards.panels import KW, SHARE, Json, during, lines, stat, target
from texts import code_of, text

ZONE = "tz('$zone')"
RACK_INLET_C = (18.0, 27.0)
"""Recommended range: ASHRAE TC 9.9, classes A1 to A4."""


def datacentre(language: str) -> list[tuple[int, Json]]:
    """(width, panel) of the row; a board may place it anywhere."""
    meter = f"meter_{code_of(language)}"
    power = (
        'SELECT mean("power") FROM "meters" WHERE "role" != \'\' AND "under" = \'$node\' AND '
        f'$timeFilter GROUP BY time(15m), "{meter}" {ZONE}'
    )
    centre = f"node_{code_of(language)}"
    ratio = (
        'SELECT mean("{}") FROM "datacentre" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY "{centre}"'
    )
    refused = text("board.ratio_of_energies_over_the", language)
    racks = (
        'SELECT mean("value") FROM "readings" WHERE "role" = \'rack_inlet_temperature\' AND '
        '"under" = \'$node\' AND $timeFilter GROUP BY time(15m), "name"'
    )
    week = "7d"
    return [
        (
            10,
            lines(
                text("board.data_centre_by_role", language),
                [target(power, f"$tag_{meter}")],
                unit=KW,
                more=during(week),
            ),
        ),
        (
            3,
            stat(
                text("board.utility_it", language),
                target(ratio.format("utility_per_it"), f"$tag_{centre}"),
                text_mode="auto",
                range_from=week,
                unit="none",
                decimals=2,
                description=refused,
            ),
        ),
        (
            3,
            stat(
                text("board.ups_efficiency", language),
                target(ratio.format("ups_efficiency"), f"$tag_{centre}"),
                text_mode="auto",
                range_from=week,
                unit=SHARE,
                decimals=1,
                description=refused,
            ),
        ),
        (
            8,
            lines(
                text("board.rack_inlet_air", language),
                [target(racks, "$tag_name")],
                unit="celsius",
                soft=RACK_INLET_C,
                more=during(week),
            ),
        ),
    ]
