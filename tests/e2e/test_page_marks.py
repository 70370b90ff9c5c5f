"""A plant that ran once in the night is on the page in the morning, and gone a day later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from greenoffice.looking import AnalyticsWork
from greenoffice.settings import AnalyticsSettings
from tests.api import conftest as seed
from tests.e2e.test_page import ARGS, CHROMIUM, WIDTHS, Site, served, sign_in

DAYS, MORNING_H = 100, 6
FIRST = seed.TODAY - seed.timedelta(days=DAYS)
MORNING_US = seed.day_bounds(seed.TODAY, seed.ZONE)[0] + (MORNING_H * 60 + 37) * 60_000_000

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield opened
        opened.close()


def registry() -> seed.Registry:
    return seed.Registry(
        nodes={
            "o": seed.Node("o", seed.NodeType.INSTITUTION, "市机关", "A body", zone=seed.ZONE),
            "s": seed.Node("s", seed.NodeType.SITE, "园区", "A site"),
            "b": seed.Node("b", seed.NodeType.BUILDING, "办公楼", "A house"),
        },
        space=(seed.SpaceEdge("o", "s"), seed.SpaceEdge("s", "b")),
        gateways={"s/g": seed.Gateway("s", "g")},
        meters={"m": seed.Meter("m", "b", "01000", step_min=60, total=True)},
        points={1: seed.Point(1, "s/g", "E1", seed.Kind.REGISTER, "kWh")},
        installations=(seed.Installation("m", 1),),
    )


@pytest.fixture(scope="module")
def night() -> Iterator[Site]:
    """An office whose plant ran from one to four this night; its books are the ledger's own, and
    the look for waste is the platform's own."""
    hour = np.arange(DAYS * 24 + MORNING_H)
    weekday = (FIRST.weekday() + hour // 24) % 7
    works = (weekday < 5) & (hour % 24 >= 8) & (hour % 24 < 18)
    use = np.where(works, 40.0, 10.0) * np.random.default_rng(1).normal(1, 0.02, hour.size)
    use[DAYS * 24 + 1 : DAYS * 24 + 4] += 13.0
    start_us = seed.day_bounds(FIRST, seed.ZONE)[0]
    times = start_us + np.arange(use.size + 1) * seed.HOUR_US
    values = np.concatenate([[500.0], 500 + np.cumsum(use)])
    world = seed.booked_world(registry(), MORNING_US, {1: (times, values)})
    look_for_waste(world, MORNING_US)
    yield from served(seed, world, None)


def look_for_waste(world: seed.World, now_us: int) -> None:
    platform = world.platform
    figures = seed.Figures(platform.books, platform.registry, lambda: now_us)
    parts = SimpleNamespace(
        settings=SimpleNamespace(analytics=AnalyticsSettings()),
        stores=platform,
        readings=platform.readings,
        registry=platform.registry,
        figures=figures,
        now_us=lambda: now_us,
    )
    AnalyticsWork(parts, SimpleNamespace(idle_us=2**62)).look_at(["s"], now_us)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "width", "said"),
    [
        ("en", "desktop", "01:00 to 04:00"),
        ("zh", "phone", "01:00至04:00"),
    ],
)
def test_what_ran_in_the_night_is_seen_in_the_morning(
    browser: Browser, night: Site, tmp_path: Path, language: str, width: str, said: str
) -> None:
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    locale = "zh-CN" if language == "zh" else "en-GB"
    context = browser.new_context(viewport=size, locale=locale)
    page = context.new_page()
    sign_in(page, night)
    for node in ("", "?node=b"):
        page.goto(f"{night.url}/{node}")
        expect(page.locator("#unusual")).to_contain_text(said)
    page.screenshot(path=tmp_path / "building.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    context.close()


def test_a_look_two_days_later_takes_it_from_the_page(night: Site) -> None:
    known = night.world.platform.findings
    later_us = seed.day_bounds(seed.TODAY + seed.timedelta(days=2), seed.ZONE)[0]
    assert len(known.day_marks(None, now_us=later_us - 1)) == 1
    assert known.day_marks(None, now_us=later_us) == []
