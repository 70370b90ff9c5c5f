"""`python -m proofs influxql`: statements as tools write them, answered as InfluxDB does."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import urllib3

from api.caller import Caller
from api.influxql.engine.rows import ScopedView
from api.reach import Reach
from metering.access import Role, Scope, by_command
from proofs.influxql.asked import TABLES, ToolStatement
from proofs.influxql.better import TwoAnswers, better
from proofs.influxql.judge import Series, alike, series_of
from proofs.influxql.scene import DAY_US, InfluxScene
from proofs.influxql.statements import StatementWriter
from proofs.influxql.written import WrittenTable, written
from proofs.servers.influx import OwnServer, found
from proofs.steps import finish, say

LEAST: Final = 500
MOST_REFUSED: Final = 0.1
REFUSED: Final[Mapping[str, str]] = {
    "this fill is not supported": "fill",
    "these series must not be added": "nested",
    "this function is not supported": "forecast",
}
"""What our side refuses, by the beginning of the reason that it gives: all of the list in
docs/grafana.md that the statements ask for."""
_DATABASE: Final = "greenoffice"
_LINES_AT_ONCE: Final = 5_000
_SHOWN: Final = 10


@dataclass
class InfluxTally:
    """What came of the statements."""

    statements: int = 0
    zoned: int = 0
    equal: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    better: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """For the line of JSON."""
        return {
            "statements": self.statements,
            "with_tz": self.zoned,
            "equal": self.equal,
            "refused_by_us": sum(self.refused.values()),
            "refused_for": dict(self.refused),
            "better_by_us": sum(self.better.values()),
            "better_for": dict(self.better),
            "different": len(self.different),
        }

    @property
    def passed(self) -> bool:
        """Whether nothing is different, and little is refused."""
        few = sum(self.refused.values()) <= MOST_REFUSED * self.statements
        return not self.different and few and self.statements >= LEAST


def run_influxql_check(statements: int, seed: int, generation: int) -> None:
    """So many statements to both; exit status 1 where an answer is another one. What cannot be
    tried on this machine is told, and fails nothing."""
    if found(generation) is None:
        lacking = f"no influxd of generation {generation} on PATH"
        finish({"seed": seed, "statements": 0, "different": 0, "not_tried": [lacking]}, True)
    scene = InfluxScene(seed)
    tables = dict(_tables(scene))
    with tempfile.TemporaryDirectory(prefix="greenoffice-influxql-") as folder:
        server = OwnServer(Path(folder), generation)
        try:
            peer = InfluxPeer(server.own_url)
            peer.write(tables)
            say(f"{sum(len(one.points) for one in tables.values())} rows in InfluxDB")
            writer = StatementWriter(random.Random(seed), tables, scene.now_us // 1_000_000)
            tally = InfluxTally()
            for sent in writer.statements(statements):
                _judge(sent, scene, peer, tables, tally)
            version = server.version
        finally:
            server.stop()
    for one in tally.different[:_SHOWN]:
        say(one)
    finish({"seed": seed, "influxdb": version, **tally.told(), "not_tried": []}, tally.passed)


def _tables(scene: InfluxScene) -> Iterator[tuple[str, WrittenTable]]:
    """Rows from a day before the readings on, of wide steps from two months before."""
    nodes = frozenset(scene.registry.nodes)
    reach = Reach(scene.registry, Scope(nodes, whole=True))
    caller = Caller(scene.platform, by_command(), Role.READ, "", reach)
    with caller.view() as books:
        view = ScopedView(caller, books)
        for table in TABLES:
            days = 60 if table.wide else 1
            start_us = scene.start_us - days * DAY_US
            yield table.name, written(table.name, table.fields, view, start_us)


class InfluxPeer:
    """InfluxDB over its HTTP API of version 1."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(timeout=300.0)
        self._told("CREATE DATABASE greenoffice")

    def write(self, tables: Mapping[str, WrittenTable]) -> None:
        """All rows. ValueError where one is refused."""
        for table in tables.values():
            lines = list(table.lines())
            for first in range(0, len(lines), _LINES_AT_ONCE):
                body = "\n".join(lines[first : first + _LINES_AT_ONCE])
                address = f"{self._url}/write?db={_DATABASE}&precision=u"
                answer = self._http.request("POST", address, body=body.encode())
                if answer.status != 204:
                    raise ValueError(answer.data[:400])

    def ask(self, statement: str) -> Series:
        """Its series. ValueError with what it says where it refuses."""
        told = self._told(statement)
        error = told.get("error") or told["results"][0].get("error")
        if error:
            raise ValueError(error)
        return series_of(told["results"][0])

    def _told(self, statement: str) -> dict[str, Any]:
        address = f"{self._url}/query"
        answer = self._http.request("POST", address, fields=_asked(statement))
        found: dict[str, Any] = answer.json()
        return found


def _judge(
    sent: ToolStatement,
    scene: InfluxScene,
    peer: InfluxPeer,
    tables: dict[str, WrittenTable],
    tally: InfluxTally,
) -> None:
    text = sent.told()
    tally.statements += 1
    tally.zoned += bool(sent.zone)
    answer = scene.client.get("/influx/query", params=_asked(text))
    if answer.status_code != 200:
        error = answer.json()["error"]
        reason = next((name for said, name in REFUSED.items() if error.startswith(said)), "")
        if reason:
            tally.refused[reason] += 1
        else:
            tally.different.append(f"{text}\n    refused: {error}")
        return
    try:
        theirs = peer.ask(text)
    except ValueError as refused:
        tally.different.append(f"{text}\n    refused by InfluxDB: {refused}")
        return
    ours = series_of(answer.json()["results"][0])
    if alike(ours, theirs):
        tally.equal += 1
        return

    def ask_ours(statement: str) -> Series:
        told = scene.client.get("/influx/query", params=_asked(statement))
        return series_of(told.json()["results"][0])

    reason = better(TwoAnswers(sent, ours, theirs, peer.ask, ask_ours, tables))
    if reason:
        tally.better[reason] += 1
    else:
        tally.different.append(f"{text}\n{_apart(ours, theirs)}")


def _asked(statement: str) -> dict[str, str]:
    return {"q": statement, "db": _DATABASE, "epoch": "ms"}


def _apart(ours: Series, theirs: Series) -> str:
    """The first that differs, for people."""
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            return f"    {name}: only {'InfluxDB' if one is None else 'ours'} has it"
        if not alike({name: one}, {name: other}):
            left = [row for row in one[1] if row not in other[1]][:3]
            right = [row for row in other[1] if row not in one[1]][:3]
            return f"    {name} {one[0]} {other[0]}: ours {left}, InfluxDB {right}"
    return ""
