"""The page in Chromium: signing in, every section in both languages and two widths, live parts."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECTIONS = {
    "home": "/",
    "overview": "/overview",
    "home-of-building": "/?node=office-a",
    "building": "/overview?node=office-a",
    "findings": "/findings",
    "finding": "/findings/f-after",
    "fault": "/findings/f-stuck",
    "datacentre": "/datacentre",
    "latest": "/latest",
    "gateways": "/gateways",
    "dead-letters": "/dead-letters",
    "dead-letter": "/dead-letters/1",
    "message": "/messages/16777217/5",
    "lineage-hour": "/lineage?code=office-a&item=01000&time=2026-11-24T01:15:00Z",
    "lineage-day": "/lineage?meter=office-a-total&time=2026-11-22T02:00:00Z&step=day",
    "lineage-month": "/lineage?code=bureau&item=01000&time=2026-11-02T02:00:00Z&step=month",
    "lineage-week": "/lineage?code=office-a&item=01000&start=2026-11-17&end=2026-11-24&rest=1",
    "lineage-role": "/lineage?code=dc&item=01000&start=2026-11-17&end=2026-11-24&role=it",
}
WIDTHS = {"desktop": (1360, 900), "phone": (390, 844)}

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed")


def _seeding() -> ModuleType:
    path = Path(__file__).parent.parent / "api" / "conftest.py"
    spec = importlib.util.spec_from_file_location("page_seed", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["page_seed"] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Site:
    """A served, seeded platform."""

    url: str
    seed: ModuleType
    world: object
    readings: object

    @property
    def key(self) -> str:
        return self.world.keys["bureau"]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    seed = _seeding()
    readings = seed.MemoryReadings()
    world = seed.make_world(seed.memory_stores(), readings)
    yield from served(seed, world, readings)


@pytest.fixture(scope="module")
def spiked() -> Iterator[Site]:
    """A register behind a transformer that left its course for three readings and was silent for
    five hours; its books are the ledger's own."""
    seed = _seeding()
    known = seed.Registry(
        nodes={
            "o": seed.Node("o", seed.NodeType.INSTITUTION, "市机关", "A body", zone=seed.ZONE),
            "b": seed.Node("b", seed.NodeType.BUILDING, "办公楼", "A house"),
        },
        space=(seed.SpaceEdge("o", "b"),),
        gateways={"b/g": seed.Gateway("b", "g")},
        meters={"m": seed.Meter("m", "b", "01000", total=True)},
        points={1: seed.Point(1, "b/g", "E1", seed.Kind.REGISTER, "kWh")},
        installations=(seed.Installation("m", 1, ratio=seed.Decimal(40)),),
    )
    start = seed.day_bounds(seed.TODAY - seed.timedelta(days=8), seed.ZONE)[0]
    times = start + seed.np.arange(8 * 96 + 1) * 900_000_000
    values = seed.np.arange(len(times)) * 0.25 + 500
    values[24:27] += 90_000
    kept = seed.np.ones(len(times), dtype=bool)
    kept[40:60] = False
    world = seed.booked_world(known, seed.NOW_US, {1: (times[kept], values[kept])})
    yield from served(seed, world, None)


def served(seed: ModuleType, world: object, readings: object) -> Iterator[Site]:
    """A world behind a real server, for as long as it is used."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.client.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", seed, world, readings)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1360, "height": 900}, locale="en-GB")
    made.set_default_timeout(20_000)
    yield made
    made.close()


def sign_in(page: Page, site: Site) -> None:
    """Through the form, as a person does."""
    page.goto(f"{site.url}/signin")
    page.fill("#key", site.key)
    page.click("button.main")
    page.wait_for_selector(".frame")


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go; the folder's name stands in the test's output."""
    folder = tmp_path_factory.mktemp("page")
    print(f"screenshots in {folder}")
    return folder


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.sampled(2)
def test_every_section_renders_whole(
    browser: Browser, site: Site, shots: Path, width: str, language: str
) -> None:
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    locale = "zh-CN" if language == "zh" else "en-GB"
    context = browser.new_context(viewport=size, locale=locale)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.goto(f"{site.url}/signin")
    page.screenshot(path=shots / f"signin-{width}-{language}.png")
    sign_in(page, site)
    for name, path in SECTIONS.items():
        page.goto(site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        for chart in page.locator("[data-chart]").all():
            chart.scroll_into_view_if_needed()
        expect(page.locator("[data-chart]:not(:has(.main-svg))")).to_have_count(0, timeout=20_000)
        page.wait_for_timeout(300)
        page.screenshot(path=shots / f"{name}-{width}-{language}.png", full_page=True)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{name} is {overflow} px too wide at {width}"
        assert page.locator("html").get_attribute("lang") == locale.replace("-GB", "")
        shown = page.locator("main").inner_text()
        assert bool(re.search(r"[一-鿿]", shown)) is (language == "zh"), name
    assert troubles == []
    context.close()


def test_narrowest_phone_has_no_sideways_scroll(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    page = context.new_page()
    sign_in(page, site)
    for path in SECTIONS.values():
        page.goto(site.url + path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
    context.close()


def test_a_wrong_key_is_refused_with_a_sentence(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    page.goto(f"{site.url}/signin")
    page.fill("#key", "not-a-key")
    page.click("button.main")
    expect(page.get_by_role("alert")).to_contain_text("not known")


def test_a_new_reading_and_a_refusal_appear_by_themselves(
    context: BrowserContext, site: Site
) -> None:
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/gateways")
    expect(page.locator("#live-readings li").first).to_be_visible()
    seed, world = site.seed, site.world
    submission = seed.Submission("campus/gw-1", "topic", b"{}", "k", seed.NOW_US)
    receipt = world.journal.add(submission)
    segment, offset = receipt.segment, receipt.offset
    row = (1, seed.NOW_US, 123_456.5, 0, seed.NOW_US, 0, segment, offset, 0)
    site.readings.upsert(seed.ReadingColumns.of([row]))
    letter = seed.letter("campus/gw-1", 0, "unknown_point", "E77.import")
    place = (*world.platform.intake.checkpoint(2), segment, offset + 1)
    batch = seed.IntakeBatch(2, *place, dead_letters=(letter,), at_us=seed.NOW_US)
    world.platform.intake.commit(batch)
    expect(page.locator("#live-readings")).to_contain_text("123,456.5 kWh")
    expect(page.locator("#live-refused")).to_contain_text("E77.import")


def test_acknowledging_a_finding_by_its_form(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/findings/f-weekend")
    page.fill("#note", "facility team informed")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".head .pill")).to_have_text("acknowledged")
    stored = site.world.platform.findings.get("f-weekend")
    assert (str(stored.state), stored.state_note) == ("acknowledged", "facility team informed")


@pytest.fixture(scope="module")
def lived() -> Iterator[Site]:
    """Cases of which much was said."""
    seed = _seeding()
    world = seed.make_world(seed.memory_stores(), seed.MemoryReadings())
    say = {
        1: [("assign", {"assignee": "陈工 (HVAC)"}), ("comment", {"comment": "阀门已订货 " * 9})],
        2: [("expect", {"note": "a course on every Monday"})],
    }
    for number, deeds in say.items():
        for act, body in deeds:
            world.post(f"/v1/findings/{number}/{act}", json=body)
    world.post("/v1/findings/1/snooze", json={"until": "2026-12-01"})
    yield from served(seed, world, None)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.sampled(2)
def test_the_life_of_a_case_in_both_languages_and_widths(
    browser: Browser, lived: Site, shots: Path, width: str, language: str
) -> None:
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, locale="zh-CN" if language == "zh" else "en-GB")
    page = context.new_page()
    sign_in(page, lived)
    for name, path in (
        *(("case", "/findings/1"), ("learned", "/learned"), ("patterns", "/patterns")),
        ("put-off", "/findings?state=snoozed"),
    ):
        page.goto(f"{lived.url}{path}")
        page.screenshot(path=shots / f"life-{name}-{width}-{language}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    said = "已推迟" if language == "zh" else "put off"
    expect(page.locator(".filters [aria-current]").first).to_have_text(said)
    expect(page.locator(".case")).to_contain_text("陈工 (HVAC)")
    context.close()


def test_a_case_is_put_off_and_fixed_by_its_forms(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/findings/f-after")
    page.fill("#until", "2026-12-01")
    page.get_by_role("button", name="Put off", exact=True).click()
    expect(page.locator(".head")).to_contain_text("put off until 2026-12-01")
    page.get_by_role("button", name="No longer put off").click()
    expect(page.locator(".head")).not_to_contain_text("put off")
    page.fill("#assignee", "Chen")
    page.get_by_role("button", name="Assign").click()
    expect(page.locator("#life li").first).to_contain_text("open → assigned: Chen")
    page.fill("#note", "valve replaced")
    page.get_by_role("button", name="Fixed").click()
    expect(page.locator("#saving")).to_contain_text("2026-12-09")
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator("#life li").first).to_contain_text("fixed → open")


def test_an_evidence_hour_leads_down_to_the_raw_message(
    context: BrowserContext, site: Site
) -> None:
    page = context.new_page()
    sign_in(page, site)
    seed = site.seed
    hour = seed.NOW_US // seed.HOUR_US * seed.HOUR_US - 5 * seed.HOUR_US
    page.goto(f"{site.url}/lineage?meter=office-a-total&time={hour}")
    page.locator("main a[href^='/messages/']").first.click()
    payload = json.loads(page.locator("pre").inner_text())
    assert payload["readings"][0]["point"] == "E1.import"


def test_a_number_leads_to_what_it_rests_on(
    context: BrowserContext, spiked: Site, shots: Path
) -> None:
    """From the table of days to the spike, its reading struck through, its reason and its
    message."""
    page = context.new_page()
    sign_in(page, spiked)
    page.goto(f"{spiked.url}/overview")
    page.get_by_text("Figures behind the charts").click()
    page.locator("#figures a.way[href*='start=2026-11-16&end=2026-11-17']").first.click()
    expect(page.locator("#figure data.figure").first).to_have_attribute("value", "960.000000")
    expect(page.locator(".reckoned").first).to_contain_text("(524 − 500) × 40 = 960 kWh")
    decisions = page.locator(".decisions li")
    expect(decisions.first).to_contain_text("Spike rejected")
    expect(decisions.first).to_contain_text("3 readings left out")
    expect(decisions.first).to_contain_text("booked over it: 40 kWh")
    assert page.locator("tr.out").count() == 3
    expect(page.locator("tr.out").first).to_contain_text("spike")
    page.locator("#finer summary").click()
    page.locator("#finer a.way").nth(5).click()
    expect(page.locator("#figure data.figure").first).to_have_attribute("value", "40.000000")
    page.get_by_role("link", name="the month").click()
    expect(page.locator("#figure data.figure").first).to_have_attribute("value", "7680.000000")
    assert page.locator("#finer tbody tr, #finer tr:has(td)").count() == 8


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.sampled(2)
def test_decisions_are_told_in_both_languages_and_widths(
    browser: Browser, spiked: Site, shots: Path, width: str, language: str
) -> None:
    size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
    context = browser.new_context(viewport=size, locale="zh-CN" if language == "zh" else "en-GB")
    page = context.new_page()
    sign_in(page, spiked)
    page.goto(f"{spiked.url}/lineage?code=b&item=01000&start=2026-11-16&end=2026-11-17")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false })")
    page.screenshot(path=shots / f"decisions-{width}-{language}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    said = "剔除异常尖峰" if language == "zh" else "Spike rejected"
    expect(page.locator(".decisions li").first).to_contain_text(said)
    context.close()


def test_exact_figures_stand_behind_the_charts(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    sign_in(page, site)
    page.goto(f"{site.url}/overview?node=office-a")
    page.get_by_text("Figures behind the charts").click()
    figure = "data.figure[data-figure=energy][data-start='2026-11-23'][data-end='2026-11-24']"
    shown = page.locator(f"#figures {figure}").first
    expect(shown).to_be_visible()
    path = "/v1/energy?node=office-a&step=day&start=2026-11-23&end=2026-11-24"
    value = site.world.get(path).json()["data"][0]["value"]
    assert shown.get_attribute("value") == value


def test_signing_out_ends_the_session(context: BrowserContext, site: Site) -> None:
    page = context.new_page()
    sign_in(page, site)
    before = context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#key")).to_be_visible()
    context.add_cookies([c for c in before if c["name"] == "greenoffice_session"])
    page.goto(f"{site.url}/findings")
    expect(page.locator("#key")).to_be_visible()
