"""Suppliers' bills: by hand, and against what the platform makes of the same registers."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenoffice.registry_files import read_registry
from metering.errors import ConfigurationError
from metering.localtime import HOUR_US, MINUTE_US, day_bounds, parse_instant
from metering.quantity import I64
from metering.reading import F64
from simulators import CAMPUS_FOLDER, Campus
from simulators.campus import ZONE, SimPoint
from simulators.contract import Contract, FactorBand, contracts
from simulators.devices import Devices
from simulators.paper import BILLS, pdf, read_bills, write_bills
from simulators.supplier import MISTAKE, adjustment, bill_for, power_factor, sent_bills
from simulators.world import World
from tests.api import conftest as seed

FIRST, AFTER = date(2026, 11, 1), date(2026, 12, 1)
START_US = day_bounds(FIRST, ZONE)[0]
PEAK_US = parse_instant("2026-11-10T10:30:00+08:00")


@pytest.fixture(scope="module")
def electricity(campus: Campus) -> Contract:
    return next(one for one in contracts(campus) if one.demand_price is not None)


class Steady:
    """Registers that go on evenly, one of them with a leap of 5 within a quarter of an hour."""

    def __init__(self) -> None:
        self.world = self
        self.zone = ZONE

    def shown(self, point: SimPoint, times_us: I64) -> F64:
        """1 kWh and 0.55 kvarh an hour, before the ratio of 20; the active one rolls over."""
        hours = (times_us - START_US) / HOUR_US
        if point.meter.endswith("reactive"):
            return np.round(700_000 + 0.55 * hours, 4)
        leap = 5.0 * (times_us >= PEAK_US + 15 * MINUTE_US)
        return np.round(999_900 + hours + leap, 4) % 10**point.digits


def test_a_bill_worked_out_by_hand(campus: Campus, electricity: Contract) -> None:
    """30 days of 20 kWh an hour: 1.5 sharp, 6.5 peak, 9 flat and 7 valley hours a day. The leap of
    100 kWh from 10:30 on is sharp, and 420 kW with the 5 kWh of its quarter. P is 14,500 kWh and Q
    7,920 kvarh, so cos phi 0.88: a step of 0.5 below 0.89, 1.0 %. Tax: 27,160.92 / 1.13."""
    bill = bill_for(Steady(), campus, electricity, FIRST, AFTER)  # type: ignore[arg-type]
    assert [(one.name, str(one.quantity), str(one.amount)) for one in bill.lines] == [
        ("energy.sharp", "1000.00", "1350.00"),
        ("energy.peak", "3900.00", "4290.00"),
        ("energy.flat", "5400.00", "3780.00"),
        ("energy.valley", "4200.00", "1344.00"),
        ("demand", "420.00", "16128.00"),
        ("power_factor", "26892.00", "268.92"),
    ]
    assert (str(bill.total), str(bill.power_factor)) == ("27160.92", "0.88")
    assert [(str(one.quantity), str(one.amount)) for one in bill.within] == [
        ("24036.21", "3124.71")
    ]
    assert bill.demand_at == "2026-11-10T10:30"
    assert [(one.register, one.start, one.end, one.consumption) for one in bill.readings] == [
        ("total", Decimal("999900"), Decimal("625"), Decimal("14500")),
        ("reactive", Decimal("700000"), Decimal("700396"), Decimal("7920")),
    ]
    misread = bill_for(Steady(), campus, electricity, FIRST, AFTER, Decimal(100))  # type: ignore[arg-type]
    assert (misread.mistake, str(misread.stake)) == (MISTAKE, "3840.00")
    assert misread.total - bill.total == Decimal("3878.40")  # the adjustment takes 1 % more


@pytest.mark.parametrize(
    ("active", "reactive", "cos_phi"),
    [("3", "4", "0.60"), ("1", "0", "1.00"), ("0", "1", "0.00"), ("171", "140", "0.77")],
)
def test_the_power_factor_is_rounded_half_up(active: str, reactive: str, cos_phi: str) -> None:
    """171 / sqrt(171² + 140²) = 0.77375."""
    assert str(power_factor(Decimal(active), Decimal(reactive))) == cos_phi


def test_a_band_rises_by_its_step_below_its_upper_end() -> None:
    band = FactorBand(Decimal("0.70"), Decimal("0.89"), Decimal("0.5"), Decimal("0.5"))
    assert adjustment(band, Decimal("0.89")) == Decimal("0.5")
    assert adjustment(band, Decimal("0.70")) == Decimal("10")


def test_what_a_supplier_cannot_bill_is_refused(campus: Campus, tmp_path: Path) -> None:
    for name in ("accounts", "tariff", "power_factors"):
        (tmp_path / f"{name}.csv").write_text((CAMPUS_FOLDER / f"{name}.csv").read_text())
    text = (CAMPUS_FOLDER / "charges.csv").read_text()
    (tmp_path / "charges.csv").write_text(text.replace("demand,demand", "rent,month"))
    with pytest.raises(ConfigurationError, match="cannot bill"):
        contracts(campus, tmp_path)


@pytest.fixture(scope="module")
def two_months(campus: Campus) -> Devices:
    """September and October, and some days."""
    start_us, now_us = (day_bounds(day, ZONE)[0] for day in (date(2026, 9, 1), date(2026, 11, 4)))
    return Devices(World(3, start_us, now_us, ZONE, campus.calendar), campus)


@pytest.fixture(scope="module")
def billed(campus: Campus, two_months: Devices) -> Any:
    """A platform that knows the campus and read the registers which suppliers bill."""
    registry = read_registry(CAMPUS_FOLDER)[0]
    world = two_months.world
    quarters = np.arange(world.start_us, world.now_us + 1, 15 * MINUTE_US, dtype=np.int64)
    meters = {code for one in contracts(campus) for code in (one.meter, one.reactive) if code}
    points = {point.name: n for n, point in registry.points.items() if "gw-a" in point.gateway}
    readings = {}
    for code in meters:
        point = campus.point_of_meter(code)
        shown = two_months.shown(point, quarters)
        heard = np.isfinite(shown)
        readings[points[point.name]] = (quarters[heard], shown[heard])
    return seed.booked_world(registry, world.now_us, readings)


def test_the_books_come_to_the_same_line_by_line(
    campus: Campus, two_months: Devices, billed: Any
) -> None:
    sent = sent_bills(two_months, campus, wrong=False)
    assert [one.bill.number[-7:] for one in sent] == ["2026-09", "2026-10"] * 2
    for one in sent:
        bill = one.bill
        account, month = bill.contract.account, f"{bill.first:%Y-%m}"
        (told,) = billed.get("/v1/bill", account=account, month=month).json()["bills"]
        assert told["complete"], told["lacks"]
        for own, others in ((bill.lines, told["lines"]), (bill.within, told["within"])):
            assert [
                (line.name, str(line.quantity), line.price, str(line.amount)) for line in own
            ] == [
                (line["name"], line["quantity"], Decimal(line["price"]), line["amount"])
                for line in others
            ]
        assert told["total"] == str(bill.total) == str(one.right_total)


def test_entered_the_wrong_bill_alone_is_objected_to(
    campus: Campus, two_months: Devices, billed: Any, tmp_path: Path
) -> None:
    write_bills(tmp_path, two_months, campus, wrong=True)
    papers = read_bills(tmp_path) or []
    found = {}
    for paper in papers:
        answer = billed.post("/v1/bills", json=paper.body)
        assert answer.status_code == 202, answer.text
        audit = billed.get(f"/v1/bills/{answer.json()['id']}/audit").json()
        found[paper.body["number"]] = [(one["check"], one["stake"]) for one in audit["findings"]]
        assert audit["books"]["total"] == str(paper.right_total)
        for check in ("demand_above", "demand_moment", "power_factor", "voltage", "consumption"):
            assert check in audit["made"] or paper.body["unit"] != "kWh", check
    wrong = [paper for paper in papers if paper.mistake]
    assert [paper.body["number"] for paper in wrong] == ["1100-4571-2026-10"]
    assert found == {
        paper.body["number"]: [(MISTAKE, "3840.00")] if paper.mistake else [] for paper in papers
    }


def test_bills_are_not_there_before_they_are_written(tmp_path: Path) -> None:
    assert read_bills(tmp_path) is None


def test_the_papers_are_pdf_files(campus: Campus, two_months: Devices, tmp_path: Path) -> None:
    write_bills(tmp_path, two_months, campus, wrong=True)
    files = sorted((tmp_path / BILLS).glob("*.pdf"))
    assert len(files) == 4
    for file in files:
        text = file.read_bytes().decode("ascii")
        assert text.startswith("%PDF-")
        assert file.stem in text
    content = pdf(["(one) \\ two", "三 three"])
    places = [int(one) for one in re.findall(rb"(\d{10}) 00000 n", content)]
    for number, place in enumerate(places, 1):
        assert content[place:].startswith(f"{number} 0 obj".encode())
    (length,) = re.findall(rb"/Length (\d+)", content)
    stream = content.split(b"\nstream\n")[1].split(b"\nendstream")[0]
    assert len(stream) == int(length)
    assert rb"(\(one\) \\ two) Tj" in stream
    assert b"(three) Tj" in stream


def test_a_campus_without_bills_is_the_one_of_before(campus: Campus) -> None:
    before = campus.without_bills()
    gone = {point.key for point in campus.points} - {point.key for point in before.points}
    assert gone == {"gw-a/E1.reactive"}
    assert set(campus.meters) - set(before.meters) == {"office-a-reactive"}
