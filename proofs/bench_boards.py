"""`make bench-boards`: how long each panel takes, beside InfluxDB's fastest statement.

    a year of books ──▶ the API process ──▶ each panel, at its default range and over a year
                   └──▶ InfluxDB, the same energy ──▶ what of it InfluxQL can be asked

A panel with a range of its own is asked that range alone, as people see it. Times are of one
client over loopback, from the question to the last byte.
"""

from __future__ import annotations

import http.client
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from dashboards.boards import LANGUAGES, boards
from greenoffice.client import ApiClient, read_key
from greenoffice.clock import ShiftedClock
from metering.localtime import HOUR_US, day_bounds, local_day, month_start
from proofs.bench_campus import A_BUILDING, ZONE
from proofs.board_books import BoardBooks, board_books
from proofs.board_peers import PeerDatabase, PeerStatement, disagreement, peer_of
from proofs.board_rows import board_values, filled
from proofs.servers.influx import found
from proofs.steps import finish, say, started, wait_until

DAY_MS: Final = 24 * HOUR_US // 1000
REPEATS, ENOUGH_S = 5, 10.0
"""Answers after the first one; fewer where they take longer than that together."""
GOALS: Final = {
    "worst_ms": 100,
    "ratio_year_min": 20,
    "ratio_default_min": 3,
    "first_query_ms": 1000,
}
AT_LEAST: Final = ("ratio_year_min", "ratio_default_min")
ALONE: Final = 1_000
"""Meters up to which the goals of single panels hold."""


@dataclass(frozen=True)
class PanelAsked:
    """One query of a panel with its variables filled in."""

    name: str
    query: str
    span: tuple[int, int]
    """[ms]."""
    year: bool
    language: str


def run_bench_boards(meters: int, days: int, *, without_influx: bool) -> None:
    """One line of JSON; exit status 1 where a goal is missed, an answer failed, or differs."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-boards-") as folder, ExitStack() as stack:
        root = Path(folder)
        books = board_books(root, meters, days, ShiftedClock().now_us())
        peer = None
        if not without_influx and (found(1) or found(2)):
            (root / "influx").mkdir()
            peer = PeerDatabase(root / "influx", books)
            stack.callback(peer.stop)
        stack.enter_context(started(["api", str(books.folder.root)]))
        result = asked_boards(books, peer)
    finish({**result, "meters": meters, "days": days, "goals": GOALS}, not result["missed"])


def asked_boards(books: BoardBooks, peer: PeerDatabase | None) -> dict[str, Any]:
    """What each panel takes, of an API process that runs on the folder."""
    client = ApiClient.of_folder(books.folder)
    wait_until("the API", client.answers, every_s=0.1)
    ask = _asker(client.base_url, read_key(books.folder.admin_key))
    first_ms = _took(lambda: ask('SHOW TAG VALUES FROM "energy" WITH KEY = "choice_en"'))[0]
    panels, peers, apart, differing = dict[str, float](), {}, dict[str, str](), list[str]()
    buildings = -(-len(books.meters) // A_BUILDING)
    for one in panels_asked(books, client.base_url, read_key(books.folder.admin_key)):
        other = peer_of(one.query, one.span, buildings, one.language)
        asks: list[Callable[[], bytes]] = [partial(ask, one.query)]
        if peer is None or isinstance(other, str):
            apart[one.name] = other if isinstance(other, str) else "InfluxDB was not asked"
        else:
            asks.append(partial(peer.ask, other.text))
        try:
            took_ms, bodies = _took_often(asks)
        except AssertionError as failed:
            apart[one.name] = f"refused: {failed}"
            say(f"refused: {one.name}: {failed}")
            continue
        panels[one.name] = took_ms[0]
        say(f"{' beside '.join(f'{ms:8.1f}' for ms in took_ms)} ms  {one.name}")
        if isinstance(other, PeerStatement) and len(bodies) > 1:
            if problem := disagreement(bodies[0], bodies[1], other, one.span):
                differing.append(f"{one.name}: {problem}")
            peers[one.name] = _beside(one, other, *took_ms)
    result = _told(panels, peers, first_ms) | {
        "rows": _rows(books),
        "panels": panels,
        "peers": peers,
        "not_asked": apart,
        "differing": differing,
        "influxdb": None if peer is None else peer.version,
    }
    return result | {"missed": _missed(result, len(books.meters))}


def _beside(
    one: PanelAsked, other: PeerStatement, ours_ms: float, theirs_ms: float
) -> dict[str, Any]:
    return {
        "ms": theirs_ms,
        "ratio": round(theirs_ms / ours_ms, 1),
        "statement": other.text,
        "year": one.year,
        "days": round((one.span[1] - one.span[0]) / DAY_MS, 1),
    }


def _told(
    panels: dict[str, float], peers: dict[str, dict[str, Any]], first_ms: float
) -> dict[str, Any]:
    worst = max(panels, key=lambda name: panels[name])
    year = [one["ratio"] for one in peers.values() if one["year"]]
    default = [one["ratio"] for one in peers.values() if not one["year"] and one["days"] > 1]
    return {
        "median_ms": median(panels.values()),
        "worst_ms": panels[worst],
        "worst_panel": worst,
        "ratio_year_min": min(year, default=None),
        "ratio_default_min": min(default, default=None),
        "first_query_ms": first_ms,
    }


def _missed(result: dict[str, Any], meters: int) -> list[str]:
    """Goals that were not reached; answers that failed or differ."""
    found = ["differing"] if result["differing"] else []
    if meters <= ALONE:  # of more, what nobody can look at is refused
        found += [name for name, why in result["not_asked"].items() if why.startswith("refused")]
    for name, goal in GOALS.items():
        value = result[name]
        if value is None or (name == "worst_ms" and meters > ALONE):
            continue
        if value < goal if name in AT_LEAST else value > goal:
            found.append(name)
    return found


def _rows(books: BoardBooks) -> int:
    return len(books.meters) * 96 * ((books.last - books.first).days + 1)


def panels_asked(books: BoardBooks, url: str, key: str) -> Iterator[PanelAsked]:
    """Every query of every panel, each once, with every choice of the board's own variables."""
    done = set[str]()
    for language in LANGUAGES:
        for board in boards((language,)):
            for values in board_values(url, key, board):
                for panel in board["panels"]:
                    for target in panel["targets"]:
                        title = f"{board['uid']}: {panel['title']} {target['refId']}"
                        for name, span, year in _spans(panel, board, books):
                            query = filled(target["query"], {**values, **_within(span)}, "")
                            if query in done:
                                continue
                            done.add(query)
                            shown = f"{filled(title, values, '')} [{values.get('measure', '')}]"
                            yield PanelAsked(f"{shown} {name}", query, span, year, language)


def _within(span: tuple[int, int]) -> dict[str, str]:
    return {"timeFilter": f"time >= {span[0]}ms and time <= {span[1]}ms"}


def _spans(
    panel: dict[str, Any], board: dict[str, Any], books: BoardBooks
) -> Iterator[tuple[str, tuple[int, int], bool]]:
    """(name, [ms], whether it is a year) of the ranges that a panel can be seen at."""
    now_ms = books.now_us // 1000
    own = panel.get("timeFrom")
    begin = own or board["time"]["from"]
    start = max(since_ms(begin, now_ms), _midnight_ms(books.first))
    yield begin, (start, now_ms), False
    if not own:
        yield "year", (_midnight_ms(books.first), now_ms), True


def since_ms(begin: str, now_ms: int) -> int:
    """When a range of Grafana begins: `now-30d/d` at a midnight, `7d` that long ago."""
    today = local_day(now_ms * 1000, ZONE)
    if begin in ("now/d", "now/M"):
        return _midnight_ms(today if begin == "now/d" else month_start(today))
    ago, _, rounded = begin.removeprefix("now-").partition("/")
    days = int(ago.removesuffix("d"))
    return _midnight_ms(today - timedelta(days=days)) if rounded else now_ms - days * DAY_MS


def _midnight_ms(day: date) -> int:
    return day_bounds(day, ZONE)[0] // 1000


def _asker(url: str, key: str) -> Callable[[str], bytes]:
    to = urlsplit(url)
    line = http.client.HTTPConnection(to.hostname or "", to.port, timeout=600)

    def ask(query: str) -> bytes:
        form = urlencode({"q": query, "db": "greenoffice", "epoch": "ms"})
        headers = {
            "Authorization": f"Token {key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        line.request("POST", "/influx/query", form, headers)
        answer = line.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:300].decode("utf-8", "replace")
        return body

    return ask


def _took(ask: Callable[[], bytes]) -> tuple[float, bytes]:
    begun = time.perf_counter()
    body = ask()
    return round(1000 * (time.perf_counter() - begun), 2), body


def _took_often(asks: Sequence[Callable[[], bytes]]) -> tuple[list[float], list[bytes]]:
    """The middle of some answers after a first one [ms], and the last of them. Questions are asked
    in turn, so that what else the machine does slows all of them."""
    firsts = [_took(ask) for ask in asks]
    spent_ms, took = sum(ms for ms, _ in firsts), [list[float]() for _ in asks]
    bodies = [body for _, body in firsts]
    while len(took[0]) < REPEATS and (not took[0] or spent_ms < ENOUGH_S * 1000):
        for n, ask in enumerate(asks):
            one_ms, bodies[n] = _took(ask)
            took[n].append(one_ms)
            spent_ms += one_ms
    return [median(own) for own in took], bodies
