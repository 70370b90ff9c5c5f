"""A person before a browser: what is done on the page, step by step, each with a picture."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError

from metering.errors import GreenOfficeError, Unavailable
from proofs.join.office import JoinOffice
from proofs.steps import say

CHROMIUM: Final = Path("/usr/bin/chromium")
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS: Final = 20_000.0
SETTLES_MS: Final = 300.0
"""Until charts have taken on the width of the window."""


class NotTried(Exception):
    """A step that cannot be done, and why."""


@dataclass
class JoinPerson:
    """Somebody who connects an office, and what they met with."""

    office: JoinOffice
    page: Page
    address: str
    pictures: Path | None
    steps: dict[str, float] = field(default_factory=dict)
    """What each step that was done took [s]."""
    wrong: dict[str, str] = field(default_factory=dict)
    """Steps that did not come to what they should, with what was wrong."""
    not_tried: dict[str, str] = field(default_factory=dict)
    stumbles: list[str] = field(default_factory=list)
    """Pages that were wider than the screen, and errors of their scripts."""

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Do a step; whatever goes wrong in it is noted, and the next one is tried."""
        began = time.monotonic()
        say(f"{self.office.language}: {name}")
        try:
            yield
            self.steps[name] = round(time.monotonic() - began, 1)
        except NotTried as reason:
            self.not_tried[name] = str(reason)
            say(f"{self.office.language}: {name}: not tried: {reason}")
        except (AssertionError, BrowserError, GreenOfficeError, OSError, LookupError) as failed:
            self.wrong[name] = _first_line(failed)
            say(f"{self.office.language}: {name}: {failed}")
        self.picture(name)

    def picture(self, name: str) -> None:
        """What the page looks like on a desk and on a phone; a page that is too wide is noted."""
        number = len(self.steps) + len(self.wrong) + len(self.not_tried)
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.page.wait_for_timeout(SETTLES_MS)
            wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if wide > 0:
                self.stumbles.append(f"{name}: {wide} px wider than {size['width']}")
            if self.pictures is not None:
                self.pictures.mkdir(parents=True, exist_ok=True)
                file = f"{self.office.language}-{number:02}-{name}-{size['width']}.png"
                self.page.screenshot(path=self.pictures / file, full_page=True)

    def open(self, path: str) -> None:
        """Go to a page. AssertionError where it is not one."""
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None, path
        assert answer.ok, f"{path} answers {answer.status}"

    def fill(self, **fields: str) -> None:
        """Type into fields by their names, `__` standing for the full stop; choose where there is
        a list."""
        for name, value in fields.items():
            one = self.page.locator(f'[name="{name.replace("__", ".")}"]')
            if one.evaluate("one => one.tagName") == "SELECT":
                one.select_option(value)
            else:
                one.fill(value)

    def press(self, where: str) -> None:
        """Press a button or a link, and wait for the page that follows. AssertionError with what
        the page says where it refuses."""
        self.page.locator(where).first.click()
        self.page.wait_for_load_state()
        if self.page.locator("[role=alert]").count():
            told = " | ".join(self.page.locator("[role=alert]").all_inner_texts())
            raise AssertionError(f"refused: {told}")

    def saved(self, name: str, reason: str = "", **fields: str) -> str:
        """Add something of a kind: fill the form, look at what it moves, save it. What the page
        shows then."""
        self.open(f"/setup/{name}/row")
        self.fill(**fields)
        return self.look_and_save(reason)

    def look_and_save(self, reason: str = "") -> str:
        """Look at what a filled form moves, and save it. What the preview said."""
        self.press("button[value=look]")
        told = self.page.locator("#setup-preview").inner_text()
        if reason:
            self.page.fill("#reason", reason)
        self.press("#setup-preview button[value=save]")
        return told


def _first_line(failed: Exception) -> str:
    return (str(failed) or type(failed).__name__).strip().splitlines()[0][:300]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of this machine. Unavailable where there is none."""
    if not CHROMIUM.exists():
        raise Unavailable(
            "no Chromium", field="path", value=str(CHROMIUM), fix="install it, then prove again"
        )
    with sync_playwright() as playwright:
        opened = _launched(playwright)
        try:
            yield opened
        finally:
            opened.close()


def _launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(_ARGUMENTS))


@contextlib.contextmanager
def person(
    browser: Browser, office: JoinOffice, address: str, pictures: Path | None
) -> Iterator[JoinPerson]:
    """Somebody with a browser of their language that remembers nothing."""
    context = browser.new_context(locale=office.locale, viewport=WIDE)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    try:
        one = JoinPerson(office, context.new_page(), address, pictures)

        def told(message: ConsoleMessage) -> None:
            if message.type == "error":
                one.stumbles.append(f"{message.location.get('url', '')}: {message.text}")

        one.page.on("console", told)
        one.page.on("pageerror", lambda error: one.stumbles.append(str(error)))
        yield one
    finally:
        context.close()
