"""The page of bills in Chromium: lines and total as the API tells them, the audit, files, paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from metering.localtime import DAY_MIN, MINUTE_US, day_bounds
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)
from metering.registry.facts.accounts import Account
from metering.registry.facts.charges import Basis, Charge
from metering.registry.facts.power_factors import PowerFactorBand
from metering.registry.facts.tiers import Tier
from metering.tariff import TariffRow
from tests.api import conftest as seed
from tests.e2e.test_page import ARGS, CHROMIUM, WIDTHS, Site, served, sign_in

FIRST, AFTER = date(2026, 10, 1), date(2026, 11, 1)
MONTH = "2026-10"
NOON = 12 * 60
OFFICIAL = {"source": "Price notice 2026-3", "grade": "V"}
ACCOUNTS = (
    Account(
        **{"account": "3100-77", "meter": "grid", "plan": "two-part", "supplier": "Grid company"},
        **{"reactive": "grid-kvarh", "power_factor": "0.90", "capacity_kva": Decimal(630)},
        **{"customer_class": "general", "voltage": "10 kV", "demand": "sliding"},
    ),
    Account("2200-31", "tap", "water", supplier="Water company"),
)
CHARGES = (
    Charge("two-part", "demand", Basis.DEMAND, Decimal("38.4"), adjusted=True, **OFFICIAL),
    Charge("two-part", "funds", Basis.UNIT, Decimal("0.0273"), **OFFICIAL),
    Charge("two-part", "vat", Basis.VAT, Decimal(13), included=True),
)
TIERS = (
    Tier("water", 1, Decimal(0), Decimal("3.45"), period="month", **OFFICIAL),
    Tier("water", 2, Decimal(100), Decimal("4.83"), period="month", **OFFICIAL),
)
BANDS = (
    PowerFactorBand(
        *("0.90", "0.89", "0.70", Decimal("0.5"), Decimal("0.5")),
        source="Power-factor adjustment of 1983",
        grade="M",
    ),
)

NARROW_CELLS = """[...document.querySelectorAll('.stack.lines tbody td, .stack.findings tbody td')]
  .filter((one) => one.clientWidth < one.parentElement.clientWidth).length"""
"""On a phone a cell is a row of its own, as wide as the table."""

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")


def registry() -> Registry:
    """An office with an account of electricity in two parts and one of water in steps."""
    names = [
        *(("grid", "01000", "E1", "kWh"), ("grid-kvarh", "90000", "Q1", "kvarh")),
        ("tap", "02000", "W1", "m3"),
    ]
    prices = ((0, NOON, "valley", "0.42"), (NOON, DAY_MIN, "peak", "1.024"))
    return Registry(
        nodes={
            "o": Node("o", NodeType.INSTITUTION, "市机关", "A body", zone=seed.ZONE),
            "b": Node("b", NodeType.BUILDING, "办公楼", "A house"),
        },
        space=(SpaceEdge("o", "b"),),
        gateways={"b/g": Gateway("b", "g")},
        meters={
            code: Meter(
                code, "b", item, total=True, name_en=f"Meter {code}", name_zh=f"仪表 {code}"
            )
            for code, item, _, _ in names
        },
        points={
            n: Point(n, "b/g", name, Kind.REGISTER, unit)
            for n, (_, _, name, unit) in enumerate(names, 1)
        },
        installations=tuple(
            Installation(code, n, ratio=Decimal(40) if code != "tap" else Decimal(1))
            for n, (code, _, _, _) in enumerate(names, 1)
        ),
        tariff=tuple(
            TariffRow(
                *("t", "01000", frozenset(range(1, 13)), "all", start, end, period, Decimal(price)),
                **OFFICIAL,
            )
            for start, end, period, price in prices
        ),
        more={"account": ACCOUNTS, "charge": CHARGES, "tier": TIERS, "power_factor": BANDS},
    )


def world_of_bills() -> Any:
    """Its October, with a wrong bill of electricity that was entered."""
    start, end = day_bounds(FIRST, seed.ZONE)[0], day_bounds(AFTER, seed.ZONE)[0]
    times = np.arange(start, end + 1, 15 * MINUTE_US, dtype=np.int64)
    hour = np.arange(len(times)) / 4 % 24
    used = np.cumsum(np.where((hour > 8) & (hour < 18), 1.3, 0.4))
    values = {1: used, 2: used * 0.6, 3: used * 0.05}
    world = seed.booked_world(registry(), seed.NOW_US, {n: (times, of) for n, of in values.items()})
    (told,) = world.get("/v1/bill", account="3100-77", month=MONTH).json()["bills"]
    fields = ("name", "kind", "quantity", "unit", "price", "amount")
    lines = [{name: line[name] for name in fields} for line in told["lines"]]
    peak = next(one for one in lines if one["name"] == "energy.peak")
    peak["price"] = "1.104"
    peak["amount"] = f"{Decimal(peak['quantity']) * Decimal(peak['price']):.2f}"
    total = sum(Decimal(one["amount"]) for one in lines)
    answer = world.post(
        "/v1/bills",
        json={
            **{"account": "3100-77", "number": "2026-10-7", "start": "2026-10-01"},
            **{"end": "2026-11-01", "lines": lines, "total": str(total), "voltage": "10 kV"},
        },
    )
    assert answer.status_code == 202, answer.text
    return world


@pytest.fixture(scope="module")
def billed() -> Iterator[Site]:
    yield from served(seed, world_of_bills(), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bills")
    print(f"screenshots in {folder}")
    return folder


@pytest.fixture
def page(chromium: Browser, billed: Site) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1360, "height": 900}, locale="en-GB")
    context.set_default_timeout(20_000)
    opened = context.new_page()
    sign_in(opened, billed)
    yield opened
    context.close()


def bill_of(site: Site, **asked: str) -> Any:
    return site.world.get("/v1/bill", month=MONTH, **asked).json()["bills"]  # type: ignore[attr-defined]


def figures(page: Page, of: str) -> dict[str, str | None]:
    """Exact amounts of a bill on the page, by line."""
    found = page.locator(f"#bill-{of} data.figure[data-figure=billed]").all()
    return {str(one.get_attribute("data-name")): one.get_attribute("value") for one in found}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.sampled(2)
def test_bills_render_whole(
    chromium: Browser, billed: Site, pictures: Path, width: str, language: str
) -> None:
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = chromium.new_context(viewport=size, locale="zh-CN" if language == "zh" else "en-GB")
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    sign_in(page, billed)
    asked = {"account": "of=account/3100-77", "place": "of=node/b", "running": "month=2026-11"}
    for name, query in asked.items():
        page.goto(f"{billed.url}/bills?month={MONTH}&{query}".replace(f"{MONTH}&month=", ""))
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        page.screenshot(path=pictures / f"{name}-{width}-{language}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        if width == "phone":
            assert page.evaluate(NARROW_CELLS) == 0, name
        shown = page.locator("main").inner_text()
        assert bool(re.search(r"[一-鿿]", shown)) is (language == "zh"), name
    assert troubles == []
    context.close()


def test_lines_and_total_are_those_of_the_api(page: Page, billed: Site) -> None:
    page.goto(f"{billed.url}/bills?of=node/b&month={MONTH}")
    for told in bill_of(billed, node="b"):
        wanted = {line["name"]: line["amount"] for line in [*told["lines"], *told["within"]]}
        assert figures(page, told["account"]) == {**wanted, "total": told["total"]}
        assert set(wanted) >= {"energy.peak", "demand", "power_factor"} or "tier.2" in wanted
    page.goto(f"{billed.url}/bills?of=account/3100-77&month={MONTH}")
    (told,) = bill_of(billed, account="3100-77")
    arithmetic = page.locator(".factor")
    expect(arithmetic).to_contain_text(f"P / √(P² + Q²) = {told['power_factor']['value']}")
    expect(arithmetic).to_contain_text("standard 0.90, row 0.70–0.89")
    expect(arithmetic).to_contain_text("Power-factor adjustment of 1983 · unverified")
    expect(page.locator(".lines")).to_contain_text(["blocks of 15 minutes", "Value-added tax"])


def test_what_is_missing_is_said_on_lines_and_total(page: Page, billed: Site) -> None:
    page.goto(f"{billed.url}/bills?of=account/3100-77&month=2026-11")
    expect(page.locator(".lacks")).to_contain_text("no energy is known")
    expect(page.locator("tr.total")).to_contain_text("of what is known")
    expect(page.locator(".lines .pill.warn").first).to_have_text("incomplete")


def test_the_audit_of_the_suppliers_bill_stands_beside(page: Page, billed: Site) -> None:
    page.goto(f"{billed.url}/bills?of=account/3100-77&month={MONTH}")
    audit = page.locator(".audit")
    id = str(audit.get_attribute("id")).removeprefix("audit-")
    told = billed.world.get(f"/v1/bills/{id}/audit").json()  # type: ignore[attr-defined]
    assert "rate" in {one["check"] for one in told["findings"]}
    rows = audit.locator(".findings tbody tr")
    expect(rows).to_have_count(len(told["findings"]))
    for row, found in zip(rows.all(), told["findings"], strict=True):
        expect(row).to_contain_text(found["text"]["en"])
        expect(row).to_contain_text(found["said"])
        expect(row.locator("data.stake")).to_have_attribute("value", found["stake"])
    above = page.locator(".bill header a.pill.bad").first
    expect(above).to_have_text(audit.locator("header .pill").inner_text())
    expect(above).to_have_attribute("href", f"#audit-{id}")
    page.locator("details summary").click()
    expect(audit.locator(".untried li")).to_have_count(len(told["not_tried"]))
    page.goto(f"{billed.url}/bills?of=account/2200-31&month={MONTH}")
    expect(page.locator(".audit")).to_have_count(0)


def test_another_account_and_month_are_chosen_by_the_form(page: Page, billed: Site) -> None:
    page.goto(f"{billed.url}/bills")
    expect(page.locator("#month")).to_have_value(MONTH)
    page.select_option("#of", "account/3100-77")
    page.fill("#month", "2026-09")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".bill .facts").first).to_contain_text("2026-09-01 – 2026-09-30")


def test_the_page_gives_the_same_as_files(page: Page, billed: Site) -> None:
    page.goto(f"{billed.url}/bills?of=node/b&month={MONTH}")
    content = {}
    for name in ("XLSX", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        assert download.value.suggested_filename == f"bills-{MONTH}.{name.lower()}"
        content[name] = Path(download.value.path()).read_bytes()
    own = {"node": "b", "month": MONTH}
    for name, more in (("CSV", {"format": "csv"}), ("XLSX", {"language": "en"})):
        answer = billed.world.get("/v1/bill/file", **own, **more)  # type: ignore[attr-defined]
        assert answer.content == content[name]
    book = openpyxl.load_workbook(io.BytesIO(content["XLSX"]), data_only=True)
    assert book.sheetnames == ["2200-31", "3100-77"]
    for told in bill_of(billed, node="b"):
        amounts = {row[0].value: row[7].value for row in book[told["account"]].iter_rows()}
        assert amounts["Total"] == float(told["total"])


def test_on_paper_only_the_bill_is_left(page: Page, billed: Site, pictures: Path) -> None:
    page.goto(f"{billed.url}/bills?of=account/3100-77&month={MONTH}")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 760, "height": 1050})
    page.screenshot(path=pictures / "paper.png", full_page=True)
    for hidden in (".side", ".choose", "details"):
        expect(page.locator(hidden).first).to_be_hidden()
    expect(page.locator("tr.total")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
