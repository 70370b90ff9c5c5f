"""`python -m proofs spread`: rebuild, closing and look on a cluster, equal to one process.

The same journal lies in two folders, each with stores of its own. In one everything is done by one
process; in the other by a scheduler and two workers on loopback, one of which is killed in the
middle of each command.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from greenoffice.folder import DataFolder, write_secret
from greenoffice.stores import open_stores
from greenoffice.unfinished import REBUILD
from metering.errors import ConfigurationError
from metering.localtime import parse_instant
from metering.registry import NodeType
from proofs.servers.influx import OwnServer, found
from proofs.servers.postgres import OwnPostgres
from proofs.spread.blocks import spread_hashes
from proofs.spread.cluster import Killer, OwnCluster
from proofs.spread.world import MONTH, NOW, TOLD_MONTH, SpreadWorld
from proofs.station import meter_hashes, station_years
from proofs.steps import COMMAND, finish, last_json, run, say
from proofs.world_folder import platform_folder
from storage import Stores
from storage.influx.setup import WantedBucket

WORKERS = 2
METERS = 60
"""That are fitted and scored block by block."""
TOLD = ("records", "readings", "rows", "differing", "restated", "kept_before_journal")
"""What a rebuild tells that does not depend on when it was done."""


@dataclass
class SpreadOutcome:
    """What came of it."""

    institutions: int = 0
    killed: int = 0
    tasks: int = 0
    twice: int = 0
    """Orders that a worker was killed at and another one did."""
    different: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> bool:
        """Whether nothing differs, there was something to compare, and workers died at work."""
        wanted = ("restated", "closings", "findings", "versions", "meters")
        compared = all(self.compared[name] for name in wanted)
        return not self.different and compared and self.killed == self.twice == 3

    def compare(self, what: str, one: Any, other: Any) -> None:
        """Note what differs."""
        if one != other:
            self.different.append(what)
            say(f"{what} differs: {str(one)[:400]} / {str(other)[:400]}")


def run_spread(institutions: int, seed: int) -> None:
    """The line; exit status 1 where anything differs, or no worker was killed at its work."""
    outcome, not_tried = SpreadOutcome(institutions), list[str]()
    try:
        with tempfile.TemporaryDirectory(prefix="greenoffice-spread-") as root:
            _prove(Path(root), SpreadWorld(institutions, seed), outcome, not_tried)
    except ConfigurationError as absent:
        not_tried.append(absent.message)
    line = {
        "institutions": outcome.institutions,
        "workers_killed": outcome.killed,
        "tasks": outcome.tasks,
        "tasks_run_twice": outcome.twice,
        "different": len(outcome.different),
        "compared": dict(sorted(outcome.compared.items())),
        "seed": seed,
        "not_tried": not_tried,
    }
    finish(line, outcome.passed)


def _prove(root: Path, world: SpreadWorld, outcome: SpreadOutcome, not_tried: list[str]) -> None:
    with _folders(root, world, not_tried) as (alone, spread, cluster):
        say("books of what came in time, a month of them told, in one process each")
        for folder in (alone, spread):
            run("rebuild", str(folder.root))
            run("close", str(folder.root), "--all", TOLD_MONTH, "--reason", "as it is")
            world.write(folder.journal, _now_us(), late=True)
        say("a rebuild with what came late")
        told = [_alone("rebuild", alone), _spread("rebuild", spread, cluster, outcome)]
        one, other = (last_json(text) for text in told)
        outcome.compare("told of the rebuild", *({k: t.get(k) for k in TOLD} for t in (one, other)))
        outcome.compared["restated"] = int(one.get("restated", 0))
        say("closings of a month")
        words = ("--all", MONTH, "--reason", "as it is")
        _alone("close", alone, *words)
        _spread("close", spread, cluster, outcome, *words)
        say("a look for waste")
        _alone("look", alone)
        _spread("look", spread, cluster, outcome)
        _compare(alone, spread, outcome)
        say("blocks of meters, fitted and scored")
        cluster.fill(WORKERS)
        block = station_years(METERS, seed=1)
        here, there = meter_hashes(block), spread_hashes(cluster.client, block)
        outcome.compare("meters of blocks", here, there)
        outcome.compared["meters"] = len(there)


def _now_us() -> int:
    return parse_instant(NOW)


def _alone(command: str, folder: DataFolder, *words: str) -> str:
    return run(command, str(folder.root), *words)


def _spread(
    command: str, folder: DataFolder, cluster: OwnCluster, outcome: SpreadOutcome, *words: str
) -> str:
    """The command on the cluster, a worker of which is killed at it."""
    cluster.fill(WORKERS)
    with contextlib.closing(open_stores(folder, finishing=REBUILD)) as stores:
        killer = Killer(cluster, command, lambda body: _stands(stores, body))
        killer.start()
        done = subprocess.run(
            [*COMMAND, command, str(folder.root), *words, "--scheduler", cluster.address],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        killer.over.set()
        killer.join()
    if done.returncode:
        outcome.different.append(f"{command} ended with {done.returncode}")
    begun = cluster.begun()
    own = {key: count for key, count in begun.items() if key.startswith(f"greenoffice-{command}-")}
    outcome.killed += bool(killer.hit)
    outcome.tasks += len(own)
    outcome.twice += own.get(killer.hit, 0) > 1
    return done.stdout


def _stands(stores: Stores, body: str) -> object:
    """What the commands write for an institution, in numbers."""
    registry = stores.registry.load()
    meters = [
        one.code for one in registry.meters.values() if registry.institution(one.node) == body
    ]
    return (
        stores.books.revision(body),
        stores.reports.issue(body, MONTH) is not None,
        len(stores.closings.closings(body)),
        len(stores.baselines.versions(meters, models=False)),
    )


def _compare(alone: DataFolder, spread: DataFolder, outcome: SpreadOutcome) -> None:
    """Everything that is told, institution by institution."""
    with (
        contextlib.closing(open_stores(alone)) as one,
        contextlib.closing(open_stores(spread)) as other,
    ):
        registry = one.registry.load()
        nodes = registry.nodes.values()
        bodies = [node.code for node in nodes if node.type is NodeType.INSTITUTION]
        for body in ("", *sorted(bodies)):
            for what, of in (
                ("books", _books),
                ("restatements", _restatements),
                ("closings", _closings),
                ("findings", _findings),
                ("traces", _traces),
            ):
                outcome.compare(f"{what} of {body!r}", of(one, body), of(other, body))
            outcome.compared["closings"] += len(_closings(one, body))
            outcome.compared["findings"] += len(_findings(one, body))
        codes = sorted(registry.meters)
        outcome.compare("baselines", _versions(one, codes), _versions(other, codes))
        outcome.compared["versions"] = len(_versions(one, codes))
        outcome.compare("marks", one.marks.waiting(), other.marks.waiting())


def _books(stores: Stores, body: str) -> Any:
    return stores.books.hashes(institution=body)


def _restatements(stores: Stores, body: str) -> Any:
    found = stores.books.restatements(body, limit=10**6)
    return sorted((str(r.key), r.day, r.old_total, r.new_total, r.cause) for _, r in found)


def _closings(stores: Stores, body: str) -> list[Any]:
    """Without their numbers, which are given as they come, and without instants."""
    told = ("period", "state", "registry_version", "rules_version", "factor_set", "tariff_version")
    found = stores.closings.closings(body)
    return [
        (*(getattr(one, name) for name in told), one.lacking, dict(one.issues), one.closed.reason)
        for one in found
    ]


def _findings(stores: Stores, body: str) -> list[str]:
    """The evidence of every case, without what says when it was found."""
    known = [
        replace(case.evidence, revision=0, found_us=0) for case in stores.findings.known(body, 0)
    ]
    return sorted(map(str, known))


def _traces(stores: Stores, body: str) -> Any:
    return sorted(
        (entry.action, entry.subject.rpartition(" c")[0] or entry.subject, entry.reason)
        for entry in stores.access.entries(frozenset({body}), limit=1000)
    )


def _versions(stores: Stores, codes: list[str]) -> list[Any]:
    found = stores.baselines.versions(codes)
    return [(v.meter, v.number, v.first_day, v.last_day, v.inputs, v.model) for v in found]


@contextlib.contextmanager
def _folders(
    root: Path, world: SpreadWorld, not_tried: list[str]
) -> Iterator[tuple[DataFolder, DataFolder, OwnCluster]]:
    """Two folders of the world with stores of their own, and a cluster."""
    with contextlib.ExitStack() as ends:
        postgres = OwnPostgres(sync=False)
        ends.callback(postgres.stop)
        influx = None
        if generation := next((g for g in (2, 1) if found(g)), None):
            (root / "influx").mkdir()
            influx = OwnServer(root / "influx", generation)
            ends.callback(influx.stop)
        else:
            not_tried.append("readings in InfluxDB: no influxd on PATH")
        made = []
        for name in ("alone", "spread"):
            (root / name).mkdir()
            more = f'\n[database]\nurl = "{postgres.database()}"\n'
            if influx is not None:
                wanted = WantedBucket(now_us=_now_us(), password=secrets.token_hex(16))
                address, _ = influx.bucket(name, wanted)
                more += f'\n[influx]\nurl = "{address.url}"\nbucket = "{address.bucket}"\n'
                if address.token:
                    write_secret(root / f"{name}.token", address.token)
                    more += f'org = "{address.org}"\ntoken_file = "{root / name}.token"\n'
            folder, _ = platform_folder(root / name, NOW, world.files(), more)
            world.write(folder.journal, _now_us(), late=False)
            made.append(folder)
        cluster = OwnCluster(root)
        ends.callback(cluster.stop)
        yield made[0], made[1], cluster
