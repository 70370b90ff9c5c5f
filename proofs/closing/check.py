"""`make closing-check`: what was closed is told to the byte, and what came later is named."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from metering.book import BookRow, SeriesKey
from metering.errors import ConfigurationError
from metering.quantity import ABSENT
from proofs.closing.priced import ClosedWorld, judge_worth
from proofs.closing.scene import FIRST, LAST, METERS, MONTH, ClosingScene
from proofs.servers.postgres import OwnPostgres
from proofs.steps import finish, say

AFTER = LAST + timedelta(days=1)
PLACES = ("bureau", "hall", "annex")
FINE = (("bureau", "01000", "native"), ("hall", "01A00", "15min"), ("annex", "01B00", "hour"))
"""Money of each of these periods is worked out, which takes the longest."""
QUERY = (
    "SELECT sum(kwh), sum(cost), sum(cost_low), sum(cost_high), sum(kgco2), sum(kgce), sum(per_m2),"
    " mean(known), mean(measured) FROM {source}energy WHERE node = '{node}' AND item = '01000'"
    " AND time >= '{first}' AND time < '{after}' GROUP BY time({width}) TZ('Asia/Shanghai')"
)
Place = tuple[SeriesKey, date]
Rows = dict[Place, BookRow]


@dataclass
class ClosingOutcome:
    """What came of the worlds."""

    closings: int = 0
    asked: int = 0
    changed: list[str] = field(default_factory=list)
    """Answers that were others than when the period was closed."""
    restatements: int = 0
    unnamed: list[str] = field(default_factory=list)
    """Days that differ and are not listed, are listed and do not differ, or lack a cause."""
    revalued: int = 0
    """Figures that were listed as worth otherwise."""
    unexplained: list[str] = field(default_factory=list)
    """Figures that are worth otherwise and are not listed, or with another amount or reason."""
    deeds: Counter[str] = field(default_factory=Counter)
    on_postgres: int = 0
    """Worlds whose database was PostgreSQL."""
    idle: int = 0
    """Worlds in which nothing of what happened moved a present number: these prove nothing."""

    @property
    def passed(self) -> bool:
        """Whether every number stood, and every change is named."""
        wrong = [*self.changed, *self.unnamed, *self.unexplained]
        listed = min(self.closings, self.restatements, self.revalued)
        return not wrong and not self.idle and listed > 0

    def line(self) -> dict[str, Any]:
        """For the last line."""
        return {
            "closings": self.closings,
            "answers": self.asked,
            "changed": len(self.changed),
            "restatements": self.restatements,
            "revalued": self.revalued,
            "unnamed": len(self.unnamed) + len(self.unexplained),
            "idle": self.idle,
            "on_postgres": self.on_postgres,
            **{f"with_{name}": count for name, count in sorted(self.deeds.items())},
        }


def run_closing(worlds: int, seed: int, on_postgres: int = 1) -> None:
    """The worlds from a seed on, the last ones over PostgreSQL where it can be started; and the
    line."""
    outcome, began = ClosingOutcome(), time.process_time()
    not_tried: list[str] = []
    with _server(on_postgres, not_tried) as server:
        _run(range(seed, seed + worlds), worlds - on_postgres, server, outcome)
    told = {**outcome.line(), "seed": seed, "not_tried": not_tried}
    finish({**told, "cpu_s": round(time.process_time() - began, 1)}, outcome.passed)


@contextmanager
def _server(worlds: int, not_tried: list[str]) -> Iterator[OwnPostgres | None]:
    """A server for as long as it is used; None where no world wants one, or none can be started,
    which is added to what is not tried."""
    server = None
    try:
        server = OwnPostgres(sync=False) if worlds > 0 else None
    except ConfigurationError as refused:
        not_tried.append(f"postgres: {refused.message}")
    try:
        yield server
    finally:
        if server is not None:
            server.stop()


def _run(seeds: range, on_files: int, server: OwnPostgres | None, outcome: ClosingOutcome) -> None:
    """The first worlds over files, the others on the server where there is one."""
    for number, one in enumerate(seeds):
        before = len(_wrong(outcome))
        prove_closing(one, outcome, server=server if number >= on_files else None)
        wrong = _wrong(outcome)
        if len(wrong) > before:
            say(f"world {one}: {len(wrong) - before} wrong, such as {wrong[-1]}")


def _wrong(outcome: ClosingOutcome) -> list[str]:
    return [*outcome.changed, *outcome.unnamed, *outcome.unexplained]


def prove_closing(
    seed: int,
    outcome: ClosingOutcome,
    only: Sequence[str] = (),
    server: OwnPostgres | None = None,
) -> None:
    """One world, on a server where one is given: closed, then everything happens to it, and it is
    asked after each deed; `only` some of them where they are named."""
    outcome.on_postgres += server is not None
    with tempfile.TemporaryDirectory(prefix="greenoffice-closing-") as folder:
        scene = ClosingScene(seed, Path(folder), server)
        try:
            _prove(scene, outcome, seed, only)
        finally:
            scene.close()


def _prove(scene: ClosingScene, outcome: ClosingOutcome, seed: int, only: Sequence[str]) -> None:
    body = {"institution": "bureau", "period": MONTH, "reason": "as it is"}
    made = scene.client.post("/v1/closings", json=body, headers=_key(scene, "closer"))
    made.raise_for_status()
    name = made.json()["closing"]
    closed, present = _answers(scene, name), _answers(scene, "")
    rows, known = _rows(scene), scene.stores.registry.load()
    for what, deed in scene.deeds():
        if only and what not in only:
            continue
        scene.done(deed)
        outcome.deeds[what] += 1
        now = _answers(scene, name)
        outcome.asked += len(now)
        outcome.changed += [
            f"world {seed}, {what}: {path}" for path in closed if now[path] != closed[path]
        ]
    outcome.closings += 1
    outcome.idle += _answers(scene, "") == present
    path = f"/v1/closings/{name}?limit=5000"
    told = scene.client.get(path, headers=_key(scene, "reader")).json()
    differ = _judge_named(scene, told, rows, outcome, seed)
    judged = ClosedWorld(seed, name, known, scene.stores.registry.load(), scene.changed_us)
    outcome.revalued += len(told["figures"])
    outcome.unexplained += judge_worth(judged, told["figures"], differ, _worths(scene, rows, name))


def _key(scene: ClosingScene, name: str) -> dict[str, str]:
    return {"X-API-Key": scene.secrets[name]}


def _answers(scene: ClosingScene, name: str) -> dict[str, bytes]:
    """Every number of the month, by its address; as of a closing where one is named."""
    found = {}
    for path in _questions(name):
        answer = scene.client.get(path, headers=_key(scene, "reader"))
        found[path] = bytes([answer.status_code // 100]) + answer.content
        if answer.status_code != 200:
            raise AssertionError(f"{path}: {answer.text[:300]}")
    return found


def _questions(name: str) -> list[str]:
    days = f"start={FIRST}&end={AFTER}"
    as_of = f"&as_of={name}" if name else ""
    found = [
        f"/v1/energy?node={node}&item={item}&step={step}&{days}{as_of}"
        for node, item, step in (
            *FINE,
            *((node, item, "day") for node in PLACES for item in ("01000", "01A00", "01B00")),
            *((node, "01000", "month") for node in PLACES),
        )
    ]
    found += [f"/v1/energy?meter={code}&step=day&{days}{as_of}" for code in METERS]
    found += [f"/v1/energy/parts?node={node}&{days}{as_of}" for node in PLACES]
    database = f'"as_of_{name}"."autogen".' if name else ""
    found += [
        "/influx/query?epoch=ms&q="
        + QUERY.format(source=database, node=node, width=width, first=FIRST, after=AFTER)
        for node, width in (*((node, "1d") for node in PLACES), ("hall", "1h"))
    ]
    report = f"/v1/reports/bureau?month={MONTH}{as_of}"
    return [*found, f"{report}&format=json", f"{report}&format=csv&language=en"]


def _rows(scene: ClosingScene) -> Rows:
    books = scene.stores.books
    found = books.rows(books.series("bureau"), FIRST, LAST)
    return {(row.key, row.day): row for row in found}


def _told(row: BookRow) -> object:
    """What a row says of its day: energy and its quality, however it is divided for prices."""
    steps: dict[int, dict[int, int]] = {}
    for part in row.parts:
        own = steps.setdefault(part.step_min, {})
        for n, amount in enumerate(part.slots.tolist()):
            if amount != ABSENT:
                own[n] = own.get(n, 0) + amount
    return row.total, row.spill, row.day_shares.tolist(), steps


def _worths(scene: ClosingScene, rows: Rows, name: str) -> dict[tuple[str, str], tuple[Any, Any]]:
    """(place, item) -> the month as closed and as it stands, as /v1/energy tells it."""
    found = {}
    for code, item in sorted({(k.code, k.item) for k, _ in rows if k.kind == "node"}):
        path = f"/v1/energy?node={code}&item={item}&step=month&start={FIRST}&end={AFTER}"
        pair = [
            scene.client.get(asked, headers=_key(scene, "reader")).json()["data"][0]
            for asked in (f"{path}&as_of={name}", path)
        ]
        found[code, item] = (pair[0], pair[1])
    return found


def _judge_named(
    scene: ClosingScene, told: Any, before: Rows, outcome: ClosingOutcome, seed: int
) -> set[Place]:
    """What differs from the rows that were copied when it was closed, against what is listed."""
    after = _rows(scene)
    differ = {
        place
        for place in before.keys() | after.keys()
        if place not in before or place not in after or _told(before[place]) != _told(after[place])
    }
    listed = {(o["kind"], o["code"], o["item"], o["day"]): o for o in told["restatements"]}
    outcome.restatements += len(listed)
    wanted = {(k.kind, k.code, k.item, day.isoformat()): (k, day) for k, day in differ}
    outcome.unnamed += [f"world {seed}: {place}" for place in listed.keys() ^ wanted.keys()]
    for place in listed.keys() & wanted.keys():
        old, new = before.get(wanted[place]), after.get(wanted[place])
        one = listed[place]
        amounts = (_mwh(one["old"]), _mwh(one["new"]))
        right = amounts == (None if old is None else old.total, None if new is None else new.total)
        if not right or (old is not None and not one["causes"]):
            outcome.unnamed.append(f"world {seed}: {place}: {one}")
    return differ


def _mwh(text: str | None) -> int | None:
    return None if text is None else int(text.replace(".", ""))
