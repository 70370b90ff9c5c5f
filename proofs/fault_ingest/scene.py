"""One platform with all ways in, on a small disk, its readings in a real InfluxDB where there is
one; and what gateways sent over each way."""

from __future__ import annotations

import base64
import contextlib
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from greenoffice.broker_config import BrokerPlan, found_plugin, installed_version, write_broker
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder, write_secret
from greenoffice.ports import usable_port
from metering.errors import ConfigurationError
from metering.localtime import iso, parse_instant
from proofs.fault_ingest.hurt import CONTROL
from proofs.fault_ingest.judge import KeptOfWay, WayVerdict, judged
from proofs.fault_ingest.messages import MadeMessage, NumberedMessage, WayWording
from proofs.fault_ingest.places import CIPHER, WayPlaces
from proofs.fault_ingest.senders import NumberSender
from proofs.fault_ingest.ways import WAYS
from proofs.outages.feed import FieldGateways
from proofs.outages.scene import PROCESSES, OutageScene
from proofs.recovery.scene import small_disk
from proofs.servers.influx import OwnServer, found
from proofs.servers.mosquitto import OwnMosquitto
from proofs.servers.relay import RefusingRelay, Reply
from proofs.steps import environment, wait_until
from proofs.world_folder import platform_folder
from storage.influx.setup import WantedBucket

SITE: Final = "s"
BROKER_MB: Final = 8
"""Of memory for the broker: it then holds 4,096 messages for a receiver that is away."""
BEYOND_QUEUE: Final = 4_400
_PACE_S: Final = 0.05
_PATIENCE_S: Final = 600.0
_ALL: Final = {"start": "2015-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
_SETTINGS: Final = """
[journal]
segment_mb = 1

[analytics]
interval_s = 600

[intake]
batch_messages = 20
"""


class StoreRelay(RefusingRelay):
    """Before InfluxDB: refuses, refuses what is large, is slow, or does something once a write was
    answered."""

    def __init__(self, upstream: str) -> None:
        self.largest: int | None = None
        """Of a write's body [bytes]; a larger one is refused with 413."""
        self.delay_s = 0.0
        self.afterwards: Callable[[], None] | None = None
        super().__init__(upstream)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply | None:
        """As `RefusingRelay`, with what is set."""
        if not path.startswith("/api/v2/write"):
            return super().answer(method, path, headers, body)
        time.sleep(self.delay_s)
        if self.largest is not None and len(body) > self.largest:
            self.refused += 1
            told = b'{"code": "request too large", "message": "body too large"}'
            return 413, {"Content-Type": "application/json"}, told
        reply = super().answer(method, path, headers, body)
        act, self.afterwards = self.afterwards, None
        if act is not None:
            act()
        return reply

    def calm(self) -> None:
        """Pass everything on again."""
        self.reply = self.largest = self.afterwards = None
        self.delay_s = 0.0


@dataclass
class WayFeed:
    """What is sent over one way."""

    name: str
    sender: NumberSender
    base_us: int
    """Time of the first reading."""
    messages: list[NumberedMessage] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pumping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def user(self) -> str:
        """Its gateway."""
        return f"{SITE}/{self.name}"

    @property
    def wording(self) -> WayWording:
        """How its messages are worded."""
        return WAYS[self.name].wording

    def make(self, make: MadeMessage | None = None, at_us: int | None = None) -> NumberedMessage:
        """The next message, not sent yet; a good one where nothing else is asked for."""
        make = make or self.wording.good
        with self._lock:
            seq = len(self.messages) + 1
            made = make(seq, self.base_us + seq * 1_000_000 if at_us is None else at_us)
            self.messages.append(made)
        return made

    def send(self, count: int, make: MadeMessage | None = None) -> list[NumberedMessage]:
        """Make so many, and send them."""
        made = [self.make(make) for _ in range(count)]
        for one in made:
            self.sender.put(one)
        return made

    def again(self, messages: Sequence[NumberedMessage]) -> None:
        """Send those of them again that are to be stored."""
        self.sender.again([one for one in messages if not one.refused])

    def pump(self) -> None:
        """Send one message after another until `rest`."""
        self._pumping.set()
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def rest(self) -> None:
        """Send no more, and wait until all is acknowledged."""
        self._pumping.clear()
        if self._thread is not None:
            self._thread.join()
        wait_until(
            f"{self.user} to be acknowledged", lambda: not self.sender.under_way, _PATIENCE_S, 0.05
        )

    def more(self, count: int = 5) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.sender.acknowledged()) + count
        wait_until(
            f"{self.user} to be acknowledged more",
            lambda: len(self.sender.acknowledged()) >= wanted,
            _PATIENCE_S,
            0.05,
        )

    def judged(self, kept: KeptOfWay, first: int = 0) -> WayVerdict:
        """What became of its messages, from the first of them or a later one on."""
        return judged(self.messages[first:], frozenset(self.sender.acknowledged()), kept)

    def _pump(self) -> None:
        while self._pumping.is_set():
            self.send(1)
            time.sleep(_PACE_S)


@dataclass
class WaysScene:
    """The running platform, its servers, and a feed for each way."""

    platform: OutageScene
    feeds: dict[str, WayFeed]
    disk: Path
    on_small_disk: bool
    control: Path
    broker: OwnMosquitto | None
    influx: OwnServer | None
    relay: StoreRelay | None
    bucket: Any = None
    _raw: dict[str, frozenset[int]] = field(default_factory=dict)
    """Numbers of the messages at a place of the journal."""

    @property
    def receivers(self) -> list[str]:
        """Processes that receive what the feeds send."""
        return sorted({WAYS[name].process for name in self.feeds})

    def arm(self, when: str, point: str, act: str) -> None:
        """Let the processes do this at that point, from now on."""
        self.control.with_suffix(".done").unlink(missing_ok=True)
        partial = self.control.with_suffix(".new")
        partial.write_text(f"{when} {point} {act}", encoding="utf-8")
        partial.replace(self.control)

    def wait_done(self) -> None:
        """Wait until it was done once; what never happens proves nothing."""
        done = self.control.with_suffix(".done")
        wait_until("a process to be hurt", done.exists, _PATIENCE_S, 0.05)

    def disarm(self) -> None:
        """Let them be."""
        self.control.unlink(missing_ok=True)

    def more(self, count: int = 5) -> None:
        """Wait until every way is acknowledged some more."""
        for one in self.feeds.values():
            one.more(count)

    def restart(self, *names: str) -> None:
        """Start processes that have ended, and wait until all is well."""
        self.platform.start(*names)
        self.platform.wait_ready()

    def damage_or_rest(self) -> bool:
        """Whether health names the command that repairs the journal; False once all is well and
        taken in."""
        found = [False]

        def told() -> bool:
            parts = self.platform.client().parts()
            errors = [str(part["detail"].get("error")) for part in parts.values()]
            found[0] = any("journal repair" in one for one in errors)
            rests = all(part["ready"] for part in parts.values())
            return found[0] or (rests and parts["intake"]["detail"]["waiting_messages"] == 0)

        wait_until("health", told, _PATIENCE_S, 0.2)
        return found[0]

    def settle(self) -> None:
        """Wait until everything journalled is taken in."""
        self.platform.wait_ready()
        client = self.platform.client()
        wait_until(
            "the intake",
            lambda: client.health()["intake"]["waiting_messages"] == 0,
            _PATIENCE_S,
            0.1,
        )

    def mend(self) -> None:
        """Whatever a fault left behind: every server and every process anew."""
        self.disarm()
        (self.disk / "ballast").unlink(missing_ok=True)
        if self.relay is not None:
            self.relay.calm()
        for server in (self.influx, self.broker):
            if server is not None:
                server.thaw()
                server.kill()
                server.start()
        self.platform.close()
        self.restart(*PROCESSES)

    def kept(self, way: str) -> KeptOfWay:
        """What the platform has of a way's gateway."""
        client, user, wording = self.platform.client(60), f"{SITE}/{way}", WAYS[way].wording
        points = [
            (one["name"], one["id"])
            for one in client.pages("/v1/points", limit=1000)
            if one["gateway"] == user
        ]

        def rows(names: frozenset[str]) -> list[tuple[int, int]]:
            return [
                (parse_instant(row["time"]), int(row["value"]))
                for name, id in points
                if name in names
                for row in client.pages(f"/v1/points/{id}/readings", limit=1000, **_ALL)
            ]

        letters = client.pages("/v1/dead-letters", limit=1000)
        raw = {one["raw"] for one in letters if one["gateway"] == user}
        for path in raw - self._raw.keys():
            payload = base64.b64decode(client.get(path)["base64"])
            self._raw[path] = frozenset(map(int, wording.number.findall(payload)))
        refused = frozenset[int]().union(*(self._raw[path] for path in raw))
        return KeptOfWay(rows(wording.untimed), rows(wording.timed), refused)


@contextlib.contextmanager
def ingest_scene(root: Path, ways: Sequence[str]) -> Iterator[WaysScene]:
    """A platform that is ready, with a feed for each of these ways."""
    control = root / "hurt"
    with contextlib.ExitStack() as stack:
        stack.enter_context(environment(**{CONTROL: str(control)}))
        mounted = stack.enter_context(small_disk(root))
        disk = root / "disk"
        now_us = ShiftedClock().now_us()
        folder, passwords = platform_folder(disk, iso(now_us), _files(ways))
        influx, relay, bucket = _store(stack, root, folder)
        national = _national(folder)
        _append(folder, _SETTINGS)
        broker = None
        if "broker" in ways:
            broker, passwords = _broker(stack, root, folder)
        platform = OutageScene(
            folder,
            FieldGateways(()),
            {},
            runner=(sys.executable, "-m", "proofs.fault_ingest.hurt"),
        )
        scene = WaysScene(platform, {}, disk, mounted, control, broker, influx, relay, bucket)
        stack.callback(platform.close)
        platform.open()
        ports = {
            "mqtt": folder.settings().mqtt.port,
            "http": folder.settings().http.port,
            "broker": broker.port if broker else 0,
            "national": national,
        }
        for name in ways:
            sender = WAYS[name].sender(WayPlaces(folder, f"{SITE}/{name}", passwords, ports, disk))
            stack.callback(sender.close)
            scene.feeds[name] = WayFeed(name, sender, (now_us // 1_000_000 - 86_400) * 1_000_000)
        yield scene


def _files(ways: Sequence[str]) -> dict[str, str]:
    return {
        "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\n"
        f"{SITE},o,site,\nb,{SITE},building,\n",
        "gateways.csv": "site,code\n" + "".join(f"{SITE},{name}\n" for name in ways),
        "points.csv": "gateway,point,kind,unit,role,node\n"
        + "".join(
            f"{SITE}/{name},{point},instant,C,room_temperature,b\n"
            for name in ways
            for point in _points(WAYS[name].wording)
        ),
    }


def _points(wording: WayWording) -> list[str]:
    return sorted(wording.untimed | wording.timed | wording.idle)


def _national(folder: DataFolder) -> int:
    """Let gateways of the national protocol in, with AES; the port."""
    own = folder.settings()
    port = usable_port(0, {0, own.http.port, own.mqtt.port})
    write_secret(folder.secrets / "aes.key", "\n".join(CIPHER))
    _append(folder, f'\n[national]\nport = {port}\nkey_file = "secrets/aes.key"\n')
    return port


def _append(folder: DataFolder, text: str) -> None:
    with folder.settings_file.open("a", encoding="utf-8") as settings:
        settings.write(text)


def _store(
    stack: contextlib.ExitStack, root: Path, folder: DataFolder
) -> tuple[OwnServer | None, StoreRelay | None, Any]:
    """A real InfluxDB with a relay before it, where this machine has one."""
    generation = next((one for one in (2, 1) if found(one)), 0)
    if not generation:
        return None, None, None
    (root / "influx").mkdir()
    server = OwnServer(root / "influx", generation)
    stack.callback(server.stop)
    password = secrets.token_hex(16)
    address, _ = server.bucket("faults", WantedBucket(now_us=0, password=password))
    relay = StoreRelay(address.url)
    stack.callback(relay.close)
    text = f'\n[influx]\nurl = "{relay.url}"\nbucket = "{address.bucket}"\n'
    if address.token:
        write_secret(folder.secrets / "influx.token", address.token)
        text += f'org = "{address.org}"\ntoken_file = "secrets/influx.token"\n'
    _append(folder, text)
    return server, relay, address


def _broker(
    stack: contextlib.ExitStack, root: Path, folder: DataFolder
) -> tuple[OwnMosquitto, dict[str, str]]:
    """A Mosquitto as `greenoffice broker config` writes it, but for its port; the passwords, which
    are then those of the listener too."""
    passwords: dict[str, str] = {}

    def configure(place: Path, port: int) -> None:
        http = folder.settings().http.port
        _append(
            folder,
            f'\n[broker]\nurl = "mqtt://127.0.0.1:{port}"\nuser = "receiver"\n'
            'password_file = "secrets/broker.password"\n'
            f"metrics_port = {usable_port(0, {0, port, http})}\n",
        )
        plan = BrokerPlan(installed_version(), found_plugin(), memory_mb=BROKER_MB)
        passwords.update(write_broker(plan, place, folder, new_passwords=True).passwords)
        config = place / "mosquitto.conf"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("listener 1883", f"listener {port}"), encoding="utf-8")

    broker = OwnMosquitto(root / "broker", configure)
    stack.callback(broker.stop)
    stack.callback(broker.thaw)
    return broker, passwords


def servers_lacking() -> dict[str, str]:
    """Why servers of this machine are not there, by what needs them."""
    lacking = {}
    if not any(found(one) for one in (1, 2)):
        lacking["influx"] = "no influxd on PATH"
    try:
        installed_version()
    except ConfigurationError as absent:
        lacking["broker"] = str(absent.message)
    return lacking
