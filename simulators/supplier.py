"""What suppliers bill for the closed months of the history, and one bill that is wrong.

registers at the edges of prices ─▶ energy by period ─┐
          quarter by quarter     ─▶ most power        ├─▶ lines ─▶ total ─▶ PaperBill
contract                         ─────────────────────┘

It is worked out here from what registers show and what the contract says, apart from what the
platform makes of its books.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import numpy as np

from metering.localtime import MINUTE_US, day_bounds, days_between, from_us, zone_of
from metering.quantity import I64
from simulators.campus import Campus, SimPoint
from simulators.contract import PERIODS, Contract, FactorBand, PriceSpan, contracts
from simulators.devices import DECIMALS, Devices
from simulators.truth import whole_months

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
QUARTER_MIN = 15
MISREAD_KW = Decimal(100)
"""By how much the wrong bill's demand is too high: its first digit was misread."""
MISTAKE = "demand_above"
"""The platform's name of that."""


@dataclass(frozen=True)
class PaperLine:
    """A line; of a sum of money `quantity` is the sum and `price` the percent."""

    name: str
    kind: str
    quantity: Decimal
    unit: str
    price: Decimal
    amount: Decimal


@dataclass(frozen=True)
class PaperReading:
    """What a register showed at both ends, and what passed by it [unit of the meter]."""

    register: str
    start: Decimal
    end: Decimal
    consumption: Decimal


@dataclass(frozen=True)
class PaperBill:
    """A supplier's bill of the local days [first, after), as it stands on paper."""

    contract: Contract
    first: date
    after: date
    unit: str
    lines: tuple[PaperLine, ...]
    within: tuple[PaperLine, ...]
    """The tax that prices hold."""
    readings: tuple[PaperReading, ...]
    power_factor: Decimal | None = None
    demand_at: str = ""
    """Local minute at which the quarter hour of the most power began."""
    mistake: str = ""
    """What is wrong with it; '' for nothing."""
    stake: Decimal = ZERO
    """What its wrong line asks too much [currency]."""

    @property
    def number(self) -> str:
        """Of the document."""
        return f"{self.contract.account}-{self.first:%Y-%m}"

    @property
    def total(self) -> Decimal:
        """What is to be paid [currency]."""
        return sum((line.amount for line in self.lines), ZERO)


@dataclass(frozen=True)
class SentBill:
    """A bill that is sent, and what it should have come to."""

    bill: PaperBill
    right_total: Decimal


def sent_bills(devices: Devices, campus: Campus, *, wrong: bool) -> list[SentBill]:
    """Bills of every account for every month wholly inside the history, by account and time.

    With `wrong` the last bill that has a demand reads it too high.
    """
    found = [
        SentBill(bill, bill.total)
        for contract in contracts(campus)
        for bill in _bills(devices, campus, contract)
    ]
    demanded = [n for n, one in enumerate(found) if one.bill.contract.demand_price is not None]
    if wrong and demanded:
        place = demanded[-1]
        right = found[place].bill
        misread = bill_for(devices, campus, right.contract, right.first, right.after, MISREAD_KW)
        found[place] = SentBill(misread, right.total)
    return found


def _bills(devices: Devices, campus: Campus, contract: Contract) -> Iterable[PaperBill]:
    for first, _, after in whole_months(devices.world):
        yield bill_for(devices, campus, contract, first, after)


def bill_for(
    devices: Devices,
    campus: Campus,
    contract: Contract,
    first: date,
    after: date,
    misread_kw: Decimal = ZERO,
) -> PaperBill:
    """The bill of an account for the local days [first, after); of a demand that is read too high
    by `misread_kw` [kW]."""
    return _Reader(devices, campus, contract, first, after).bill(misread_kw)


class _Reader:
    """Reads the registers of one account for one bill, and writes its lines."""

    def __init__(
        self, devices: Devices, campus: Campus, contract: Contract, first: date, after: date
    ) -> None:
        self._devices, self._campus, self._contract = devices, campus, contract
        self._first, self._after = first, after
        self._zone = devices.world.zone
        self._start_us, self._end_us = (day_bounds(day, self._zone)[0] for day in (first, after))
        self._point = campus.point_of_meter(contract.meter)

    def bill(self, misread_kw: Decimal) -> PaperBill:
        contract, unit = self._contract, self._point.unit
        lines = [self._energy(period, unit) for period in self._periods()]
        active = sum((line.quantity for line in lines), ZERO)
        demand_at, readings = "", [self._reading("total", self._point)]
        if contract.demand_price is not None:
            kw, demand_at = self._demand()
            lines.append(_line("demand", "demand", kw + misread_kw, "kW", contract.demand_price))
        cos_phi = None
        if contract.factors:
            reactive = self._reading("reactive", self._campus.point_of_meter(contract.reactive))
            readings.append(reactive)
            cos_phi = power_factor(active, _rounded(reactive.consumption))
            base = sum((line.amount for line in lines), ZERO)
            lines.append(
                _share("power_factor", "power_factor", base, self._percent(cos_phi), self._currency)
            )
        total = sum((line.amount for line in lines), ZERO)
        return PaperBill(
            contract,
            self._first,
            self._after,
            unit,
            tuple(lines),
            () if contract.vat_percent is None else (self._tax(total, contract.vat_percent),),
            tuple(readings),
            cos_phi,
            demand_at,
            MISTAKE if misread_kw else "",
            _rounded(misread_kw * (contract.demand_price or 0)),
        )

    @property
    def _currency(self) -> str:
        return self._contract.currency

    def _periods(self) -> list[tuple[str, tuple[PriceSpan, ...]]]:
        """Periods of the day in the order of a bill, each with its spans."""
        own = self._contract.prices
        return [
            (name, spans)
            for name in PERIODS
            if (spans := tuple(one for one in own if one.period == name))
        ]

    def _energy(self, period: tuple[str, tuple[PriceSpan, ...]], unit: str) -> PaperLine:
        name, spans = period
        days = days_between(self._first, self._after)[:-1]
        midnights: I64 = np.array([day_bounds(d, self._zone)[0] for d in days], dtype=np.int64)
        passed = sum(
            (
                self._passed(
                    self._point,
                    midnights + one.start_min * MINUTE_US,
                    midnights + one.end_min * MINUTE_US,
                )
                for one in spans
            ),
            ZERO,
        )
        return _line(f"energy.{name}", "energy", passed, unit, spans[0].price)

    def _demand(self) -> tuple[Decimal, str]:
        """(most power of a quarter hour [kW], the local minute at which it began)."""
        quarter_us = QUARTER_MIN * MINUTE_US
        times: I64 = np.arange(self._start_us, self._end_us + 1, quarter_us, dtype=np.int64)
        steps = np.diff(self._steps(self._point, times)) % self._span(self._point)
        place = int(np.argmax(steps))
        kwh = self._amount(self._point, int(steps[place]))
        at = from_us(int(times[place])).astimezone(zone_of(self._zone))
        return kwh * 60 / QUARTER_MIN, f"{at:%Y-%m-%dT%H:%M}"

    def _reading(self, register: str, point: SimPoint) -> PaperReading:
        steps = self._steps(point, np.array([self._start_us, self._end_us], dtype=np.int64))
        start, end = (Decimal(int(one)).scaleb(-DECIMALS) for one in steps)
        passed = int(steps[1] - steps[0]) % self._span(point)
        return PaperReading(register, start, end, self._amount(point, passed))

    def _passed(self, point: SimPoint, starts_us: I64, ends_us: I64) -> Decimal:
        """What passed between pairs of instants, all together [unit of the meter]."""
        steps = self._steps(point, ends_us) - self._steps(point, starts_us)
        return self._amount(point, int(np.sum(steps % self._span(point))))

    def _steps(self, point: SimPoint, times_us: I64) -> I64:
        """What the register shows, in steps of its last digit."""
        steps: I64 = np.round(self._devices.shown(point, times_us) * 10**DECIMALS).astype(np.int64)
        return steps

    def _span(self, point: SimPoint) -> int:
        """Steps of the register's last digit until it rolls over."""
        return int(10 ** (point.digits + DECIMALS))

    def _amount(self, point: SimPoint, steps: int) -> Decimal:
        return Decimal(steps).scaleb(-DECIMALS) * Decimal(f"{point.ratio:g}")

    def _percent(self, cos_phi: Decimal) -> Decimal:
        return next(
            adjustment(row, cos_phi)
            for row in self._contract.factors
            if row.low <= cos_phi <= row.high
        )

    def _tax(self, gross: Decimal, percent: Decimal) -> PaperLine:
        """The part of a sum that is tax; its quantity is the rest."""
        net = _rounded(gross * 100 / (100 + percent))
        return PaperLine("vat", "vat", net, self._currency, percent, gross - net)


def adjustment(row: FactorBand, cos_phi: Decimal) -> Decimal:
    """By how many percent a bill rises at a power factor of the row."""
    return row.percent + row.step * ((row.high - cos_phi) / CENT)


def power_factor(active: Decimal, reactive: Decimal) -> Decimal:
    """cos phi of energies [kWh, kvarh], rounded to 0.01, halves up."""
    with localcontext() as exact:
        exact.prec = 60
        return _rounded(active / (active * active + reactive * reactive).sqrt())


def _line(name: str, kind: str, quantity: Decimal, unit: str, price: Decimal) -> PaperLine:
    billed = _rounded(quantity)
    return PaperLine(name, kind, billed, unit, price, _rounded(billed * price))


def _share(name: str, kind: str, base: Decimal, percent: Decimal, currency: str) -> PaperLine:
    return PaperLine(name, kind, base, currency, percent, _rounded(base * percent / 100))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
