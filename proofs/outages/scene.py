"""The processes of a platform over one data folder, each started, killed and frozen by itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from greenoffice.client import ApiClient
from greenoffice.clock import ShiftedClock
from greenoffice.commands import init
from greenoffice.demo.progress import DemoProgress, DemoReadiness
from greenoffice.folder import DataFolder, write_secret
from greenoffice.heartbeat import heard
from greenoffice.owning import open_lock
from greenoffice.ports import usable_port
from greenoffice.stores import open_stores
from metering.access import Role
from metering.errors import Unavailable
from metering.localtime import parse_instant
from metering.registry.files import read_registry_texts
from proofs.outages.feed import NOW, OFFICE, FieldGateways, PacedGateway
from proofs.outages.ground import CommonGround
from proofs.servers.relay import Relay
from proofs.steps import COMMAND, alive, wait_until

SETTLE_S: Final = 180.0
PROCESSES: Final = ("collector", "work", "api")
_PORTS: Final = ("http", "mqtt", "metrics", "broker", "intake", "ledger")


@dataclass
class OutageScene:
    """A data folder, its processes by a name of the case's own, and the gateways."""

    folder: DataFolder
    gateways: FieldGateways
    ports: Mapping[str, int]
    ground: CommonGround | None = None
    """The servers; none where the stores are embedded."""
    relay: Relay | None = None
    """What stands before InfluxDB in this case."""
    database: str = ""
    """Address of the case's own database, with its password."""
    bystanders: list[str] = field(default_factory=list)
    """Processes that ended though nobody ended them."""
    runner: Sequence[str] = tuple(COMMAND)
    """What runs a process by its name."""
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def servers(self) -> CommonGround:
        """Of a case on servers."""
        assert self.ground is not None
        return self.ground

    def start(self, *names: str) -> None:
        """Start processes; `work-2` is another `work`."""
        for name in names:
            log = (self.folder.root / "logs" / f"{name}.out").open("ab")
            with log:
                self._running[name] = subprocess.Popen(
                    [*self.runner, name.partition("-")[0], str(self.folder.root)],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "LC_ALL": "C.UTF-8"},
                )

    def open(self, *names: str) -> None:
        """Start processes, all without names, and wait until every part is ready."""
        self.start(*(names or PROCESSES))
        self.wait_ready()

    def pid(self, name: str) -> int:
        """Number of a process."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """End a process by force, as kill -9 does."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def has_ended(self, name: str) -> bool:
        """Whether a process that was started runs no more."""
        return self._running[name].poll() is not None

    def freeze(self, name: str) -> None:
        """Let a process stand still."""
        self._running[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self._running[name].send_signal(signal.SIGCONT)

    def end(self, *names: str, timeout_s: float = 60.0) -> dict[str, tuple[int | None, float]]:
        """Ask processes to end, all at once; exit status of each, None where it had to be killed,
        and how long it took [s]."""
        asked = {name: self._running.pop(name) for name in names}
        began = time.monotonic()
        told: dict[str, tuple[int | None, float]] = {}
        for process in asked.values():
            process.send_signal(signal.SIGTERM)
        for name, process in asked.items():
            try:
                status: int | None = process.wait(max(0.1, began + timeout_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait() and None
            told[name] = status, round(time.monotonic() - began, 2)
        return told

    def close(self) -> None:
        """Kill all that is left; note who ended though nobody ended it."""
        self.look_for_the_dead()
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def look_for_the_dead(self) -> None:
        """Note every process that ended by itself."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.bystanders.append(f"{name} ended with {process.returncode}")
                del self._running[name]

    def owner(self) -> str:
        """The name of the process that owns the work; '' where none does."""
        with contextlib.closing(open_lock(self.folder, "proofs")) as lock:
            holder = lock.holder(["intake"])
        number = int(holder.rpartition(":")[2] or 0)
        return next((name for name, one in self._running.items() if one.pid == number), "")

    def wait_for_owner(self, other_than: str = "", timeout_s: float = 90.0) -> str:
        """Wait until a process owns the work, and its name; Unavailable when time is up."""
        found = [""]

        def owned() -> bool:
            found[0] = self.owner()
            return found[0] not in ("", other_than)

        wait_until("an owner of the work", owned, timeout_s, 0.2)
        return found[0]

    def told(self, process: str, part: str) -> dict[str, Any]:
        """What a process tells of one of its parts."""
        return heard(self.folder.heartbeat(process)).get(part, {"ok": False, "error": ""})

    def client(self, timeout_s: float = 20.0) -> ApiClient:
        """The API, by the key in the folder."""
        key = self.folder.admin_key.read_text().strip()
        return ApiClient(self.folder.settings().http.url, key, timeout_s)

    def health_status(self) -> int:
        """Status of `/health`; 0 where nobody answers."""
        url = f"{self.folder.settings().http.url}/health"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    def wait_ready(self, timeout_s: float = 120.0) -> None:
        """Wait until `/health` says that all is well; Unavailable, with what it says, when not."""
        last = [""]

        def ready() -> bool:
            parts = self.client().parts()
            last[0] = json.dumps({n: p["detail"] for n, p in parts.items() if not p["ready"]})
            return all(part["ready"] for part in parts.values())

        try:
            wait_until("health", ready, timeout_s, 0.2)
        except Unavailable as failed:
            told = f"{failed.message}: {last[0][:400]}"
            raise Unavailable(told, field="health", fix="look at the log of that part") from None

    def settle(self) -> None:
        """Wait until all is ready, taken in, booked, and looked at after that."""
        self.wait_ready()
        readiness, clock = DemoReadiness(), self.folder.clock()

        def settled() -> bool:
            parts = self.client().health()
            progress = DemoProgress(
                history_done=True,
                waiting_messages=parts["intake"]["waiting_messages"],
                waiting_marks=parts["ledger"]["waiting_marks"],
                ledger_idle_us=parts["ledger"].get("idle_us", 0),
                analysed_us=parts["analytics"].get("began_us", 0),
            )
            return readiness.reached(progress, clock.now_us())

        wait_until("the platform to settle", settled, SETTLE_S, 0.3)

    def command(self, *words: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
        """A command of ours, to its end."""
        return subprocess.run(
            [*COMMAND, *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )

    def done(self, *words: str) -> str:
        """The same of one that has to succeed; what it printed."""
        ran = self.command(*words)
        if ran.returncode:
            raise Unavailable(
                f"a command failed: {(ran.stdout + ran.stderr)[-400:]}",
                field="command",
                value=" ".join(words[:2]),
                fix="mend what it says",
            )
        return ran.stdout

    def pushed_further(self, count: int = 3) -> None:
        """Wait until each gateway is acknowledged some more; nobody died meanwhile."""
        self.gateways.more(count)
        self.look_for_the_dead()


@dataclass(frozen=True)
class SceneWish:
    """What a case asks of its scene."""

    seed: int
    relay: Callable[[str], Relay] | None = None
    """Made before InfluxDB of its address."""
    broker: bool = False
    """Whether the second gateway pushes through Mosquitto."""
    password_file: bool = False
    """Whether the database's password is in a file, and nowhere else."""
    ports: Sequence[str] = ()
    """Processes whose counters have a port of their own: `intake`, `ledger`."""


@contextlib.contextmanager
def embedded_scene(root: Path, seed: int) -> Iterator[OutageScene]:
    """On the stores of the folder alone, both gateways at the listener."""
    yield from _scene(root, SceneWish(seed), None)


@contextlib.contextmanager
def served_scene(root: Path, wish: SceneWish, ground: CommonGround) -> Iterator[OutageScene]:
    """On the servers."""
    yield from _scene(root, wish, ground)


def _scene(root: Path, wish: SceneWish, ground: CommonGround | None) -> Iterator[OutageScene]:
    ports = _free_ports()
    with contextlib.redirect_stdout(None):
        folder = init(root, ports["http"], ports["mqtt"], ports["metrics"], "en")
    relay, database = None, ""
    text = f"\n[clock]\noffset_s = {ShiftedClock.showing(parse_instant(NOW)).offset_us / 1e6:.6f}\n"
    text += "\n[analytics]\ninterval_s = 5\n\n[intake]\nbatch_messages = 20\n"
    if "intake" in wish.ports:
        text += f"metrics_port = {ports['intake']}\n"
    if "ledger" in wish.ports:
        text += f"\n[ledger]\nmetrics_port = {ports['ledger']}\n"
    if ground is not None:
        address = ground.bucket()
        relay = wish.relay(address.url) if wish.relay else None
        url = relay.url if relay else address.url
        text += f'\n[influx]\nurl = "{url}"\nbucket = "{address.bucket}"\n'
        if address.token:
            write_secret(folder.secrets / "influx.token", address.token)
            text += f'org = "{address.org}"\ntoken_file = "secrets/influx.token"\n'
        database = ground.postgres.database()
        text += _database(folder, ground, database, in_file=wish.password_file)
        if wish.broker:
            text += f'\n[broker]\nurl = "{ground.mosquitto.broker.url}"\n'
            text += f'client_id = "{folder.root.name}"\nmetrics_port = {ports["broker"]}\n'
    with folder.settings_file.open("a", encoding="utf-8") as settings:
        settings.write(text)
    passwords = _founded(folder, served=ground is not None)
    at = {"g": ports["mqtt"], "h": ports["mqtt"]}
    if wish.broker and ground is not None:
        at["h"] = ground.mosquitto.port
    gateways = tuple(
        PacedGateway(code, wish.seed, port, passwords[f"s/{code}"] if port == ports["mqtt"] else "")
        for code, port in at.items()
    )
    scene = OutageScene(folder, FieldGateways(gateways), ports, ground, relay, database)
    with contextlib.ExitStack() as stack:
        if relay is not None:
            stack.callback(relay.close)
        stack.callback(scene.close)
        for gateway in gateways:
            stack.enter_context(gateway)
        yield scene


def _database(folder: DataFolder, ground: CommonGround, url: str, *, in_file: bool) -> str:
    if not in_file:
        return f'\n[database]\nurl = "{url}"\n'
    write_secret(folder.secrets / "database.password", ground.postgres.password)
    bare = url.replace(f":{ground.postgres.password}@", "@")
    return f'\n[database]\nurl = "{bare}"\npassword_file = "secrets/database.password"\n'


def _founded(folder: DataFolder, *, served: bool) -> dict[str, str]:
    """Register the office; the gateways' passwords."""
    stores = open_stores(folder)
    if served:  # the key that `init` made is in the folder's own database
        key = stores.access.create_key("proof", "", Role.ADMIN, actor="proof", now_us=1)
        write_secret(folder.admin_key, key)
    wanted = read_registry_texts(OFFICE, stores.registry.load())
    passwords = stores.registry.apply(wanted, actor="proof", now_us=1)
    stores.close()
    return dict(passwords)


def _free_ports() -> dict[str, int]:
    taken: set[int] = {0}
    for _ in _PORTS:
        taken.add(usable_port(0, taken))
    return dict(zip(_PORTS, sorted(taken - {0}), strict=True))


def ended(pids: Sequence[int]) -> bool:
    """Whether none of these processes runs any more."""
    return not any(map(alive, pids))
