"""Institutions whose meters push for two months; the messages lie in a journal.

Two share a hall, which is of none of them, and an annex passes from one to another. Plants run on
through nights, and registers stand still.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from collector import Record
from collector.journal import JournalWriter
from metering.localtime import HOUR_US, day_bounds, iso

ZONE = "Asia/Shanghai"
NOW = "2026-05-12T10:00:00+08:00"
FIRST, DAYS = date(2026, 3, 10), 60
TOLD_MONTH, MONTH = "2026-03", "2026-04"
LATE_DAYS = range(12, 40)
"""Days of which every third message comes after the books were made."""
METERS = {
    "total": ("01000", "yes"),
    "light": ("01A10", ""),
    "plant": ("01B00", ""),
    "lift": ("01C10", ""),
}
SHARED_BY, MOVES = (1, 2), (4, 5)
"""Institutions that share the hall, and that have the annex one after the other."""
MOVED = date(2026, 4, 10)


class SpreadWorld:
    """Its registry's files and its messages, as a seed has them."""

    def __init__(self, institutions: int, seed: int) -> None:
        self.codes = [f"o{number:02d}" for number in range(institutions)]
        self._seed = seed

    def files(self) -> dict[str, str]:
        """The registry in CSV."""
        tree = ["code,parent,type,share,zone,valid_from,valid_to"]
        gateways, meters = ["site,code"], ["code,node,item,total,step_min,max_per_hour"]
        points = ["gateway,point,kind,unit,meter"]
        for code in self.codes:
            tree += [f"{code},,institution,,{ZONE},,", f"{code}-s,{code},site,,,,"]
            tree.append(f"{code}-b,{code}-s,building,,,,")
            gateways.append(f"{code}-s,g")
            for name, (item, total) in METERS.items():
                meter = f"{code}-{name}"
                meters.append(f"{meter},{code}-b,{item},{total},60,900")
                points.append(f"{code}-s/g,{meter},register,kWh,{meter}")
        one, other = (self.codes[n] for n in SHARED_BY)
        tree += [f"hall,{one}-s,building,0.6,{ZONE},,", f"hall,{other}-s,building,0.4,{ZONE},,"]
        before, after = (self.codes[n] for n in MOVES)
        tree += [
            f"annex,{before}-s,building,,,,{MOVED}",
            f"annex,{after}-s,building,,,{MOVED},",
        ]
        for meter, gateway in self._others().items():
            place = meter.removesuffix("-total")
            meters.append(f"{meter},{place},01000,yes,60,900")
            points.append(f"{gateway},{meter},register,kWh,{meter}")
        tables = {"tree": tree, "gateways": gateways, "meters": meters, "points": points}
        return {f"{name}.csv": "\n".join(lines) + "\n" for name, lines in tables.items()}

    def _others(self) -> dict[str, str]:
        """The meters of hall and annex, and the gateways that push them."""
        places = {"hall-total": SHARED_BY[0], "annex-total": MOVES[0]}
        return {meter: f"{self.codes[number]}-s/g" for meter, number in places.items()}

    def write(self, journal: Path, now_us: int, *, late: bool) -> int:
        """Append messages to a journal: those that come in time, or those that come late; how
        many."""
        writer = JournalWriter(
            journal / "listener",
            1,
            now_us=lambda: now_us,
            segment_bytes=1 << 22,
            housekeep=False,
        )
        count = 0
        for gateway, day, body in self._messages():
            if (day in LATE_DAYS and day % 3 == 0) == late:
                topic = f"greenoffice/v1/{gateway}/readings"
                writer.append(
                    [Record("message", now_us, gateway, "c", "1", topic, body, count + 1)]
                )
                count += 1
        writer.close()
        return count

    def _messages(self) -> Iterator[tuple[str, int, bytes]]:
        """(gateway, day, payload): a day of one meter each, its registers on the hours [kWh]."""
        seq = 0
        for code in self.codes:
            names = [f"{code}-{name}" for name in METERS]
            names += [one for one, at in self._others().items() if at == f"{code}-s/g"]
            for meter in names:
                for day, values in enumerate(self._days(meter)):
                    found = [
                        {"point": meter, "time": iso(at), "value": value} for at, value in values
                    ]
                    body = {"session": 1, "seq": seq, "readings": found}
                    yield f"{code}-s/g", day, json.dumps(body).encode()
                    seq += 1

    def _days(self, meter: str) -> Iterator[list[tuple[int, float]]]:
        chance = random.Random(f"{self._seed} {meter}")  # noqa: S311 - a simulated world
        runs_on = meter.endswith("plant") and chance.random() < 0.7
        stands = meter.endswith("lift") and chance.random() < 0.5
        register = chance.randint(0, 5000) * 10
        for day in range(DAYS):
            start = day_bounds(FIRST + timedelta(days=day), ZONE)[0]
            rests = (FIRST + timedelta(days=day)).weekday() >= 5
            values = []
            for hour in range(24):
                values.append((start + hour * HOUR_US, register / 10))
                busy = 8 <= hour < 18 and not rests
                night = runs_on and 48 <= day < 54 and not rests
                if not (stands and day >= 50):
                    register += chance.randint(150, 200) if busy or night else chance.randint(8, 12)
            yield values
