"""A bill's world in memory: files into the registry, readings into the ledger, a bill out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import accumulate

import numpy as np

from figures import Figures
from figures.bills import Bill, bill_of_account, bill_of_days
from ledger import Ledger
from metering.book import DirtyMark
from metering.localtime import MINUTE_US, day_bounds
from metering.ports import DirtyMarks
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from proofs.array_readings import columns_of
from proofs.bills.written import ACCOUNT, WrittenBill, WrittenMeter
from storage.memory import MemoryReadings
from storage.stores import memory_stores

ZONE = "Asia/Shanghai"
SETTLED_DAYS = 40


def told(written: WrittenBill) -> Bill:
    """The bill that the platform tells of it."""
    stores, readings = memory_stores(), MemoryReadings()
    now_us = 0

    def now() -> int:
        return now_us

    stores.registry.apply(read_registry_texts(written.files), actor="proof", now_us=1)
    registry = stores.registry.load()
    for one in written.meters:
        _push(readings, stores.marks, registry, one)
        last = one.first + timedelta(minutes=one.step_min * len(one.amounts), days=SETTLED_DAYS)
        now_us = max(now_us, day_bounds(last, ZONE)[0])
    ledger = Ledger(readings, stores.books, stores.marks, stores.registry.load, now)
    while ledger.step().marks or stores.marks.waiting():
        pass
    with Figures(stores.books, stores.registry.load, now).view() as view:
        if written.days is not None:
            return bill_of_days(view, ACCOUNT, *written.days, readings)
        return bill_of_account(view, ACCOUNT, written.month, readings)


def _push(
    readings: MemoryReadings, marks: DirtyMarks, registry: Registry, meter: WrittenMeter
) -> None:
    (installed,) = registry.installations_of(meter.code)
    start = day_bounds(meter.first, ZONE)[0]
    read = _curve(meter) if meter.kind == "register" else _intervals(meter)
    times = np.array([start + minute * MINUTE_US for minute in read], dtype=np.int64)
    values = np.array([float(value) for value in read.values()], dtype=np.float64)
    readings.upsert(columns_of(installed.point, times, values))
    mark = DirtyMark(installed.point, int(times[0]), int(times[-1]))
    marks.mark([mark], writer_no=1, ready=True)


def _is_read(meter: WrittenMeter, minute: int) -> bool:
    """Whether a reading comes at a minute since the first day, where it comes as often as any."""
    if meter.seldom is None or minute % meter.booked_min == 0:
        return True
    day = meter.first + timedelta(days=minute // 1440)
    return not meter.seldom[0] <= day < meter.seldom[1]


def _curve(meter: WrittenMeter) -> dict[int, Decimal]:
    """What its register says, by minute."""
    passed = accumulate((amount or Decimal(0) for amount in meter.amounts), initial=Decimal(1000))
    read = {place * meter.step_min: value for place, value in enumerate(passed)}
    return {minute: value for minute, value in read.items() if _is_read(meter, minute)}


def _intervals(meter: WrittenMeter) -> dict[int, Decimal]:
    """What it says of the interval that each minute begins."""
    found: dict[int, Decimal] = {}
    last = 0
    for place, amount in enumerate(meter.amounts):
        minute = place * meter.step_min
        if _is_read(meter, minute):
            last = minute
        if amount is not None:
            found[last] = found.get(last, Decimal(0)) + amount
    return found
