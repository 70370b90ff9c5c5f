"""The campus board's row of the data centre: power by role, honest ratios, rack inlet air."""

from __future__ import annotations

from dashboards.panels import KW, SHARE, Json, during, lines, stat, target
from dashboards.text import Text, suffix

ZONE = "tz('$zone')"
RACK_INLET_C = (18.0, 27.0)
"""Recommended range: ASHRAE TC 9.9, classes A1 to A4."""


def datacentre(language: str) -> list[tuple[int, Json]]:
    """(width, panel) of the row; a board may place it anywhere."""
    meter = f"meter_{suffix(language)}"
    power = (
        'SELECT mean("power") FROM "meters" WHERE "role" != \'\' AND "under" = \'$node\' AND '
        f'$timeFilter GROUP BY time(15m), "{meter}" {ZONE}'
    )
    centre = f"node_{suffix(language)}"
    ratio = (
        'SELECT mean("{}") FROM "datacentre" WHERE "under" = \'$node\' AND $timeFilter '
        f'GROUP BY "{centre}"'
    )
    refused = Text(
        "Ratio of energies over the last seven days; not stated below 95 % coverage",
        "近七日电能之比；数据完整率低于 95 % 时不给出",
    ).of(language)
    racks = (
        'SELECT mean("value") FROM "readings" WHERE "role" = \'rack_inlet_temperature\' AND '
        '"under" = \'$node\' AND $timeFilter GROUP BY time(15m), "name"'
    )
    week = "7d"
    return [
        (
            10,
            lines(
                Text("Data centre by role", "数据中心各环节功率").of(language),
                [target(power, f"$tag_{meter}")],
                unit=KW,
                more=during(week),
            ),
        ),
        (
            3,
            stat(
                Text("Utility / IT", "市电 / IT").of(language),
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
                Text("UPS efficiency", "UPS 效率").of(language),
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
                Text("Rack inlet air", "机柜进风温度").of(language),
                [target(racks, "$tag_name")],
                unit="celsius",
                soft=RACK_INLET_C,
                more=during(week),
            ),
        ),
    ]
