"""Energy of single periods out of the ledger's series, and what each is worth.

A period is priced by the series' own slots inside it, so a day is the sum of its quarter
hours' prices, not its energy at one price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

import numpy as np

from ledger import Cost, Emission, Energy, EnergyReader, cost, emission
from metering.book import SeriesKey
from metering.errors import Conflict
from metering.localtime import local_day
from metering.quality import Shares
from metering.quantity import ABSENT
from metering.registry import Registry
from metering.tariff import Tariff


class Step(StrEnum):
    """How finely energy is read."""

    NATIVE = "native"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, eq=False)
class Period:
    """Energy of one period."""

    start_us: int
    end_us: int
    amount: int | None
    """Book units; None where nothing is known."""
    shares: Shares
    """(4,) of expected time [1/10,000]."""
    provisional: bool


@dataclass(frozen=True)
class Worth:
    """Money, carbon and standard coal of a period."""

    cost: Cost
    kgco2: Emission
    kgce: Emission


def periods(energy: Energy) -> list[Period]:
    """The series one period at a time."""
    columns = zip(
        energy.start_us.tolist(),
        energy.end_us.tolist(),
        energy.values(),
        energy.shares,
        energy.provisional.tolist(),
        strict=True,
    )
    return [Period(*column) for column in columns]


def first_slots(energy: Energy, first: int, last: int) -> Energy:
    """The series' slots first..last, last not included."""
    return replace(
        energy,
        start_us=energy.start_us[first:last],
        end_us=energy.end_us[first:last],
        quantity=energy.quantity[first:last],
        shares=energy.shares[first:last],
        provisional=energy.provisional[first:last],
    )


def worth(native: Energy, registry: Registry) -> Worth:
    """What a series at its native step is worth."""
    tariff = Tariff.of(registry.tariff, native.key.institution, registry.calendar)
    return Worth(
        cost(native, tariff),
        emission(native, registry.factors, "kgco2"),
        emission(native, registry.factors, "kgce"),
    )


def worth_of_each(energy: Energy, native: Energy, registry: Registry) -> Iterator[Worth]:
    """Of every period of `energy`, by the native slots that begin in it."""
    edges = np.searchsorted(native.start_us, np.append(energy.start_us, energy.end_us[-1:]))
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield worth(first_slots(native, first, last), registry)


def whole(amount: Decimal | None, uncovered: int) -> Decimal | None:
    """A sum that covers all of the energy; None where some of it has no row."""
    return None if uncovered else amount


def series(
    reader: EnergyReader,
    key: SeriesKey,
    first: date,
    last: date,
    step: Step,
    *,
    silent: bool = False,
) -> Energy:
    """The series of exactly that key; Conflict where its code also names something else."""
    found = reader.energy(key.code, key.item, first, last, str(step), name_silent=silent)
    if found.key != key:
        raise Conflict(
            f"a {found.key.kind} has the same code as this {key.kind}",
            field=key.kind,
            value=key.code,
            fix="give one of them another code",
        )
    return found


def at(reader: EnergyReader, key: SeriesKey, time_us: int, zone: str, step: Step) -> Period | None:
    """The period that holds an instant; None where nothing is booked on its day."""
    day = local_day(time_us, zone)
    energy = series(reader, key, day, day, step)
    place = int(np.searchsorted(energy.start_us, time_us, side="right")) - 1
    if place < 0 or time_us >= int(energy.end_us[place]) or np.all(energy.quantity == ABSENT):
        return None
    return periods(energy)[place]
