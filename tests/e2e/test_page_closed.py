"""Closed periods on the page in Chromium: as closed or as it stands now, and it says which."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.test_api_closings import close, correct, reprice
from tests.e2e.test_page import (
    CHROMIUM,
    WIDTHS,
    Site,
    _seeding,
    browser,
    served,
    shots,
    sign_in,
)

__all__ = ["browser", "shots"]  # fixtures
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")
MONTH = "start=2026-10-01&end=2026-11-01"
WORDS = {
    "en": ("As it stands now", "As closed c1", "Readings and decisions are not kept", "by hand"),
    "zh": ("现在", "结账时 c1", "读数与判定不保留当时的状态", "by hand"),
}


@pytest.fixture(scope="module")
def closed() -> Iterator[Site]:
    """October was closed; then a day was read otherwise, and all prices were raised."""
    seed = _seeding()
    readings = seed.MemoryReadings()
    world = seed.make_world(seed.memory_stores(), readings)
    assert close(world).status_code == 201
    correct(world)
    reprice(world)
    yield from served(seed, world, readings)


def october(page: Page) -> dict[str, str]:
    """Exact values of the month's row in the table of months."""
    row = page.locator("#behind table.worths tr", has_text="2026-10").filter(
        has=page.locator('data[data-start="2026-10-01"]')
    )
    shown = row.locator("data.figure")
    return {
        shown.nth(n).get_attribute("data-figure"): shown.nth(n).get_attribute("value")
        for n in range(shown.count())
    }


def told(site: Site, as_of: str) -> dict[str, str]:
    """The same figures over the API."""
    path = f"/v1/energy?node=bureau&step=month&{MONTH}{as_of}"
    (one,) = json.loads(site.world.get(path).content)["data"]
    return {
        "energy": one["value"],
        "cost": one["cost"]["value"],
        "kgco2": one["kgco2"]["value"],
    }


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.sampled(2)
def test_a_closed_month_is_shown_as_closed_or_as_it_stands(
    browser: Browser, closed: Site, shots: Path, width: str, language: str
) -> None:
    now, then, not_kept, _ = WORDS[language]
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    locale = "zh-CN" if language == "zh" else "en-GB"
    context = browser.new_context(viewport=size, locale=locale)
    page = context.new_page()
    sign_in(page, closed)
    page.goto(f"{closed.url}/overview?node=bureau")
    page.locator("#behind summary").click()
    present, as_closed = told(closed, ""), told(closed, "&as_of=c1")
    assert present != as_closed
    assert present.items() <= october(page).items()
    expect(page.locator("#figures [aria-current]")).to_have_text(now)
    page.locator("#behind").screenshot(path=shots / f"months-now-{width}-{language}.png")
    page.get_by_role("link", name=then).click()
    page.locator("#behind summary").click()
    expect(page.locator("#figures [aria-current]")).to_have_text(then)
    assert as_closed.items() <= october(page).items()
    page.locator("#behind").screenshot(path=shots / f"months-closed-{width}-{language}.png")
    page.locator('a.way:has(data[data-as-of="c1"][data-figure="energy"])').click()
    expect(page.locator("#figure")).to_contain_text(not_kept)
    value = page.locator("#figure p.figure data").get_attribute("value")
    assert value == as_closed["energy"]
    page.screenshot(path=shots / f"lineage-closed-{width}-{language}.png", full_page=True)
    page.get_by_role("link", name=now).click()
    expect(page.locator("#figure")).not_to_contain_text(not_kept)
    value = page.locator("#figure p.figure data").get_attribute("value")
    assert value == present["energy"]
    page.goto(f"{closed.url}/closings")
    page.get_by_role("link", name="c1", exact=True).click()
    expect(page.locator("#revalued")).to_contain_text("0.98 → 1.98")
    page.screenshot(path=shots / f"closing-{width}-{language}.png", full_page=True)
    for path in (f"{closed.url}/overview?node=bureau&closed=1", page.url):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    assert bool(re.search(r"[一-鿿]", page.locator("main").inner_text())) is (language == "zh")
    context.close()
