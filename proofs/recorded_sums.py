"""Monthly sums of a recorded table, by nothing of ours: only the file and integers.

Run as a program of its own: `python -I recorded_sums.py '{"file": ..., ...}'`. Each value is
rounded to mWh per row (half to even) and summed per series and month; prints JSON.

    time      column with the recorded time
    id        column with the series
    value     column with the value
    scale     mWh of one unit of the value over one interval
    offset_min  what the months' clock is ahead of the recorded time, or
    zone      the zone in which a UTC column's months are counted
    where     rows to take
    values    by series, months of which each value is told too, with its time [us]
"""

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb


def main() -> None:
    """Sum a recorded table as the first argument says, JSON, by other means than the platform's;
    print one line of JSON."""
    task = json.loads(sys.argv[1])
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    cursor = connection.execute(
        f'SELECT "{task["id"]}", epoch_us("{task["time"]}"), "{task["value"]}" '  # noqa: S608
        f"FROM read_parquet(?) WHERE {task.get('where', 'true')}",
        [task["file"]],
    )
    month_of = _month_of(task)
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    told: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    asked = task.get("values", {})
    counts = {"rows": 0, "null_values": 0, "refused": 0, "counted": 0}
    while rows := cursor.fetchmany(100_000):
        for series, time_us, value in rows:
            counts["rows"] += 1
            if value is None:
                counts["null_values"] += 1
            elif time_us is None:
                counts["refused"] += 1
            else:
                counts["counted"] += 1
                month, amount = month_of(time_us), round(value * task["scale"])
                sums[series][month] += amount
                if month in asked.get(series, ()):
                    told[series][month].append((time_us, amount))
    print(json.dumps({**counts, "sums": sums, "values": told}))


def _month_of(task: dict[str, Any]) -> Callable[[int], str]:
    """Month of a time, remembered hour by hour: zones shift by whole quarter hours."""
    known: dict[int, str] = {}
    zone = ZoneInfo(task["zone"]) if "zone" in task else None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def month(time_us: int) -> str:
        quarter = time_us // 900_000_000
        if quarter not in known:
            moment = epoch + timedelta(seconds=quarter * 900)
            known[quarter] = (moment.astimezone(zone) if zone else moment).strftime("%Y-%m")
        return known[quarter]

    return month


if __name__ == "__main__":
    main()
