"""A bill's world in memory: files into the registry, readings into the ledger, a bill out."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from figures import Figures
from figures.bills import Bill, bill_of_account
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
        return bill_of_account(view, ACCOUNT, written.month, readings)


def _push(
    readings: MemoryReadings, marks: DirtyMarks, registry: Registry, meter: WrittenMeter
) -> None:
    (installed,) = registry.installations_of(meter.code)
    start, step = day_bounds(meter.first, ZONE)[0], meter.step_min * MINUTE_US
    known = [n for n, amount in enumerate(meter.amounts) if amount is not None]
    times = np.array([start + n * step for n in known], dtype=np.int64)
    values = np.array([float(meter.amounts[n] or 0) for n in known], dtype=np.float64)
    readings.upsert(columns_of(installed.point, times, values))
    mark = DirtyMark(installed.point, int(times[0]), int(times[-1]))
    marks.mark([mark], writer_no=1, ready=True)
