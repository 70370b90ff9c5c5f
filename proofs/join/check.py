"""An office is connected on the page, from an empty folder, in both languages."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from greenoffice.client import ApiClient, read_key
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from metering.localtime import local_day
from proofs.join import describing, using
from proofs.join.history import JoinHistory, join_history
from proofs.join.loading import load_history
from proofs.join.office import OFFICES, JoinOffice
from proofs.join.outcome import days_told_otherwise, stored_history
from proofs.join.person import JoinPerson, chromium, person
from proofs.steps import finish, run, say, started, wait_settled, wait_until


@dataclass
class JoinOutcome:
    """What became of a file of readings in one language."""

    rows: int
    stored: int
    missing: int
    refused: int

    @property
    def silently_lost(self) -> int:
        """Cells that are neither in the stores nor said to be missing or refused."""
        return self.rows - self.stored - self.missing - self.refused


def run_join(pictures: Path | None, days: int, seed: int, only: str = "") -> None:
    """Connect an office in each language whose name holds `only`, with so many days of history.

    One line of JSON; exit status 1 where something was lost, wrong or could not be tried.
    """
    began = time.monotonic()
    told = {}
    with chromium() as browser:
        for office in OFFICES:
            if only in office.language:
                with tempfile.TemporaryDirectory(prefix="greenoffice-join-") as root:
                    told[office.language] = joined(
                        browser, office, Path(root), pictures, days, seed
                    )
    result = summed(told, round(time.monotonic() - began, 1))
    finish(result, is_joined(result))


def summed(told: dict[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Counts of all languages together, with each language's own below."""
    counts = ("steps", "rows", "stored", "missing", "refused", "silently_lost")
    return {
        **{name: sum(one[name] for one in told.values()) for name in counts},
        "seconds": seconds,
        "languages": told,
        "not_tried": {
            f"{language}: {step}": why
            for language, one in told.items()
            for step, why in one["not_tried"].items()
        },
    }


def is_joined(result: dict[str, Any]) -> bool:
    """Whether everything was tried and came to what it should, and nothing was lost."""
    languages = result["languages"].values()
    return bool(languages) and all(
        one["stored"] > 0
        and one["silently_lost"] == 0
        and not (one["wrong"] or one["not_tried"] or one["stumbles"])
        for one in languages
    )


def joined(
    browser: Browser, office: JoinOffice, root: Path, pictures: Path | None, days: int, seed: int
) -> dict[str, Any]:
    """Connect one office in a folder that is empty; what came of it."""
    began = time.monotonic()
    with platform(root, office.language) as folder:
        today = local_day(folder.clock().now_us(), office.zone)
        history = join_history(office, today, days, seed)
        address = folder.settings().http.url
        with person(browser, office, address, pictures) as one:
            outcome = _steps(one, folder, history, today)
        return {
            "steps": len(one.steps),
            "seconds": round(time.monotonic() - began, 1),
            **asdict(outcome),
            "silently_lost": outcome.silently_lost,
            "took_s": one.steps,
            "wrong": one.wrong,
            "not_tried": one.not_tried,
            "stumbles": one.stumbles,
        }


@contextlib.contextmanager
def platform(root: Path, language: str) -> Iterator[DataFolder]:
    """A new data folder, with nothing in it, and the platform running on it."""
    ports: set[int] = set()
    for _ in range(3):
        ports.add(usable_port(0, ports | {0}))
    names = ("--http-port", "--mqtt-port", "--metrics-port")
    options = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    folder = DataFolder(root / "data")
    run("init", str(folder.root), *options, "--language", language)
    with started(["up", str(folder.root)]) as process:
        client = ApiClient.of_folder(folder)
        wait_until("the platform to answer", lambda: bool(client.health()), of=process)
        yield folder


def _steps(one: JoinPerson, folder: DataFolder, history: JoinHistory, today: date) -> JoinOutcome:
    client = ApiClient.of_folder(folder)
    outcome = JoinOutcome(history.rows, 0, history.missing, history.refused)
    password = ""
    with one.step("sign-in"):
        describing.sign_in(one, read_key(folder.admin_key))
    with one.step("first-start"):
        describing.first_start(one)
    with one.step("gateway"):
        password = describing.add_gateway(one)
    with one.step("places-and-meters"):
        if one.office.by_workbook:
            describing.upload_workbook(one)
        else:
            describing.type_places_and_meters(one)
    with one.step("history"):
        load_history(one, history)
    with one.step("history-stored"):
        wait_settled(folder)
        found = stored_history(client, history)
        outcome.stored = found.stored
        say(f"{one.office.language}: {found}")
        assert found.otherwise == 0, f"{found.otherwise} readings stand otherwise"
        one.open("/")
    with one.step("history-booked"):
        wrong = days_told_otherwise(client, history)
        assert not wrong, f"{len(wrong)} days: {wrong[:3]}"
        one.open("/?node=bureau-1")
    with one.step("live"):
        value = history.readings[using.TRUE_METER.code][-1][1] + Decimal("1.7")
        using.publish(folder.settings().mqtt.port, password, folder.clock().now_us(), value)
        using.see_live(one, value)
    before: Any = {}
    span = using.last_days(today, 28)
    with one.step("mistake"):
        before = using.make_mistake(one, client, span)
    with one.step("undone"):
        using.undo_mistake(one, client, span, before)
    with one.step("repair"):
        using.repair(one)
    return outcome
