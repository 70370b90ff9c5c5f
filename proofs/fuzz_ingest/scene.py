"""A platform with all ways in: a gateway for each that goes wrong, and one that goes on well."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from collector import JournalReader
from collector.decode import DECODERS
from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.national import name_gateway
from greenoffice.ports import usable_port
from metering.errors import InvalidInput
from metering.localtime import MINUTE_US, iso
from metering.registry.routes import options_text
from proofs.fuzz_ingest.cases import GoldenCase, cases_of
from proofs.steps import started, wait_settled, wait_until
from proofs.world_folder import platform_folder
from simulators import Identity

SITE: Final = "s"
POINT, FUNCTION, TRUTH = "1.1", ("1", "1"), "T"
"""The point of a report of the national protocol, its meter and function, and the others' point."""
_BUILDING: Final = "330302D110"
_WRITERS: Final = ("listener", "http", "national")
_ALL: Final = {"start": "2015-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
_BROKE: Final = re.compile(r"Traceback \(most recent call last\)|Fatal error")


@dataclass(frozen=True)
class FuzzScene:
    """The running platform."""

    folder: DataFolder
    passwords: Mapping[str, str]
    """By gateway, `site/code`."""
    identities: Mapping[str, Identity]
    """By gateway, of those of the national protocol."""
    client: ApiClient
    processes: Mapping[str, int]
    """Numbers of the processes as they were when all was ready."""
    first_us: int
    """The time of good readings begins here, 30 days before the scene does [us]."""

    def port(self, way: str) -> int:
        """Where a way in listens."""
        settings = self.folder.settings()
        ports = {"mqtt": settings.mqtt.port, "http": settings.http.port}
        return ports.get(way, settings.national.port)

    def process(self, way: str) -> psutil.Process:
        """The process that a way in belongs to."""
        return psutil.Process(self.processes["api" if way == "http" else "collector"])

    def died(self) -> list[str]:
        """Processes that are others than at first."""
        now = _processes(self.folder)
        return [name for name, pid in self.processes.items() if now.get(name) != pid]

    def broke(self) -> list[str]:
        """Lines of the logs that tell of an error that nobody expected."""
        found = []
        for file in sorted(self.folder.root.glob("logs/*")):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if _BROKE.search(line):
                    found.append(f"{file.name}: {line[-300:]}")
        return found

    def journalled(self) -> set[bytes]:
        """Every payload that lies in the journal."""
        reader = JournalReader(self.folder.journal)
        with contextlib.closing(reader):
            return {one.record.payload for no in (1, 2, 127) for one in _records(reader, no)}

    def stored(self, gateway: str) -> set[int]:
        """Values of the good readings of a gateway, once all that was sent is taken in."""
        wait_settled(self.folder)
        ids = [
            one["id"]
            for one in self.client.pages("/v1/points", limit=1000)
            if one["gateway"] == gateway and one["name"] in (POINT, TRUTH)
        ]
        return {
            int(row["value"])
            for point in ids
            for row in self.client.pages(f"/v1/points/{point}/readings", limit=1000, **_ALL)
        }

    def letters(self, reason: str) -> list[dict[str, Any]]:
        """Dead letters of a reason."""
        wait_settled(self.folder)
        return list(self.client.pages("/v1/dead-letters", reason=reason, limit=1000))


def _records(reader: JournalReader, writer: int) -> Iterator[Any]:
    segment, offset = 0, 0
    while page := reader.read(writer, segment, offset, 1_000):
        yield from page
        segment, offset = page[-1].segment, page[-1].offset + 1


def _processes(folder: DataFolder) -> dict[str, int]:
    told: dict[str, int] = json.loads((folder.run / "processes.json").read_text(encoding="utf-8"))
    return told


@dataclass(frozen=True)
class RoutedCase:
    """A golden case under a topic that a route of the scene reads by its decoder."""

    decoder: str
    topic: str
    case: GoldenCase


def routed_cases() -> tuple[RoutedCase, ...]:
    """All golden cases whose options a route can carry, each under a topic of its own."""
    found = list[RoutedCase]()
    for decoder in DECODERS:
        for case in cases_of(decoder):
            try:
                options_text(case.options.items())
            except InvalidInput:
                continue
            found.append(RoutedCase(decoder, f"fuzz/{len(found)}/{case.incoming.topic}", case))
    return tuple(found)


@contextlib.contextmanager
def fuzz_scene(root: Path, ways: Sequence[str]) -> Iterator[FuzzScene]:
    """A platform that is ready, with two gateways for each way in: `WAY-bad` and `WAY-good`."""
    codes = [f"{way}-{which}" for way in ways for which in ("bad", "good")]
    national = f"\n[national]\nport = {usable_port(0, {0})}\nsilent_s = 30\n"
    now_us = ShiftedClock().now_us()
    folder, passwords = platform_folder(root, iso(now_us), _files(codes), national)
    first_us = (now_us // MINUTE_US - 30 * 1440) * MINUTE_US
    identities = {}
    for number, code in enumerate(codes):
        if code.startswith("national"):
            told = name_gateway(folder, f"{SITE}/{code}", _BUILDING, f"{number:02}", None)
            dialect = code.split("-")[1].upper()
            identities[told["gateway"]] = Identity(
                dialect, told["building"], told["number"], told["secret"]
            )
    with started(["up", str(folder.root)]):
        client = wait_settled(folder)
        wait_until("all processes", lambda: "collector" in _processes(folder))
        yield FuzzScene(folder, passwords, identities, client, _processes(folder), first_us)


def _files(codes: Sequence[str]) -> dict[str, str]:
    routes = io.StringIO()
    writer = csv.writer(routes)
    writer.writerow(("gateway", "topic", "decoder", "options"))
    for number, one in enumerate(routed_cases()):
        told = options_text(one.case.options.items())
        writer.writerow((f"{SITE}/mqtt-good", f"fuzz/{number}/#", one.decoder, told))
    return {
        "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\n"
        f"{SITE},o,site,\nb,{SITE},building,\n",
        "gateways.csv": "site,code\n" + "".join(f"{SITE},{code}\n" for code in codes),
        "points.csv": "gateway,point,kind,unit,role,node\n"
        + "".join(
            f"{SITE}/{code},{point},instant,C,room_temperature,b\n"
            for code in codes
            for point in (TRUTH, POINT)
        ),
        "routes.csv": routes.getvalue(),
    }
