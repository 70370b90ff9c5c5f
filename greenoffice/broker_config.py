"""A Mosquitto set up as safely as its version can be: configuration, ACL and passwords.

::

    FOLDER/mosquitto.conf    each line with why it is there, and what the version cannot promise
    FOLDER/acl               one tree of topics for each gateway; the receiver reads them all
    FOLDER/passwords         Mosquitto's own hashes, of the receiver and of gateways
    FOLDER/data/             what the broker keeps
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Final

from collector import VERSION_TOPIC
from greenoffice.broker_passwords import (
    add_user,
    add_users,
    remove_users,
    require_writable,
    users_of,
)
from greenoffice.broker_promises import (
    AUTOSAVE_CHANGES,
    MosquittoVersion,
    Persistence,
    best_persistence,
    cannot_promise,
    read_version,
    require_spoken,
)
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.access import by_command
from metering.errors import ConfigurationError
from metering.registry import Registry

RECEIVER: Final = "receiver"
FILTERS: Final = ("greenoffice/v1/+/+/#",)
_PLUGIN: Final = "mosquitto_persist_sqlite.so"
_PREFIXES: Final = (Path("/usr"), Path("/usr/local"))
_PLUGIN_FOLDERS: Final = ("lib", "lib/*-linux-*", "lib64")
_LARGEST_PACKET: Final = (1 << 20) + 4096
"""The largest payload that is taken, with its topic and properties [bytes]."""
_INFLIGHT: Final = 4000
_MESSAGE_BYTES: Final = 1024
"""Of memory that a waiting message is reckoned to take at least [bytes]."""
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class BrokerPlaces:
    """Where the broker finds its files; paths as it sees them."""

    acl: str
    passwords: str
    kept: str


CONTAINER: Final = BrokerPlaces(
    "/mosquitto/config/acl", "/mosquitto/passwords/passwords", "/mosquitto/data/"
)
"""In the container of docker-compose.yml."""


@dataclass(frozen=True)
class BrokerPlan:
    """What the broker is, and how much of the machine it may take."""

    version: MosquittoVersion
    sqlite_plugin: str = ""
    """Path of Mosquitto's persist-sqlite; '' where it is not to be had."""
    certificate: str = ""
    private_key: str = ""
    container: bool = False
    memory_mb: int = 1024

    @property
    def kept(self) -> Persistence:
        """How what was acknowledged gets onto the disk."""
        return best_persistence(self.version) if self.sqlite_plugin else "autosave"


@dataclass(frozen=True)
class WrittenBroker:
    """What a folder of a broker was given."""

    folder: Path
    without_password: tuple[str, ...]
    """Registered gateways that the broker does not let in yet."""
    passwords: dict[str, str]
    """New ones, by gateway."""


def installed_version() -> MosquittoVersion:
    """Of the Mosquitto on this machine; ConfigurationError where there is none."""
    program = _program()
    said = ""
    if program is not None:
        ran = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
        said = re.sub(r"(?s)^.*?version", "version", ran.stdout, count=1)
    found = read_version(said)
    if found is None:
        raise ConfigurationError(
            "there is no Mosquitto on this machine",
            field="mosquitto_version",
            value="",
            fix="name the version that the broker will have",
        )
    return found


def named_version(text: str) -> MosquittoVersion:
    """A version as a person names it; '' is the installed one. ConfigurationError where it is none,
    or one that no safe configuration is known of."""
    found = read_version(text) if text else installed_version()
    if found is None:
        raise ConfigurationError(
            "no version of Mosquitto", field="mosquitto_version", value=text, fix="write 2.0.22"
        )
    require_spoken(found)
    return found


def _program() -> Path | None:
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    return None if program is None else Path(program).resolve()


def found_plugin() -> str:
    """Where this machine has Mosquitto's persist-sqlite, first beside the installed program, whose
    version that is; '' where it has not."""
    program = _program()
    own = () if program is None else program.parents[1:2]
    for prefix in (*own, *_PREFIXES):
        for folder in _PLUGIN_FOLDERS:
            for found in sorted(prefix.glob(f"{folder}/{_PLUGIN}")):
                return str(found)
    return ""


def write_broker(
    plan: BrokerPlan,
    out: Path,
    data: DataFolder | None = None,
    *,
    new_passwords: bool = False,
) -> WrittenBroker:
    """Write a folder for a broker to start on; what stands there is replaced, but for passwords,
    which are added to, less those of gateways that were revoked. data: whose gateways and settings;
    None: any gateway's, and no passwords but the receiver's. new_passwords: make one for each
    gateway that the broker has none of, in place of the one it has. In a container the passwords
    lie elsewhere, and none are written.

    ConfigurationError where a file cannot be written, and as `open_stores`.
    """
    folder = out.absolute()
    registry = Registry() if data is None else open_stores(data).registry.load()
    filters = FILTERS if data is None else data.settings().broker.filters
    receiver = RECEIVER if data is None else data.settings().broker.user or RECEIVER
    places = CONTAINER if plan.container else _places(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not plan.container:
        (folder / "data").mkdir(mode=0o700, exist_ok=True)
    _replace(folder / "acl", acl_of(registry, filters, receiver))
    _replace(folder / "mosquitto.conf", config_of(plan, places))
    if plan.container:
        return WrittenBroker(folder, (), {})
    return _let_in(folder, data, registry, receiver, new_passwords=new_passwords)


def _places(folder: Path) -> BrokerPlaces:
    return BrokerPlaces(str(folder / "acl"), str(folder / "passwords"), f"{folder / 'data'}/")


def _let_in(
    folder: Path, data: DataFolder | None, registry: Registry, receiver: str, *, new_passwords: bool
) -> WrittenBroker:
    file = folder / "passwords"
    require_writable(file)
    add_user(file, receiver, _receivers_password(folder, data))
    if data is None:
        return WrittenBroker(folder, tuple(sorted(set(registry.gateways) - users_of(file))), {})
    credentials = open_stores(data).credentials
    revoked = credentials.revoked_users()
    remove_users(file, revoked)
    lacking = sorted(set(registry.gateways) - users_of(file) - revoked)
    if not new_passwords:
        return WrittenBroker(folder, tuple(lacking), {})
    now_us = data.clock().now_us()
    made = {one: credentials.renew(one, actor=str(by_command()), now_us=now_us) for one in lacking}
    add_users(file, made)
    return WrittenBroker(folder, (), made)


def _receivers_password(folder: Path, data: DataFolder | None) -> Path:
    if data is None:
        return folder / "receiver.password"
    named = data.settings().broker.password_file
    return data.root / named if named else data.secrets / "broker.password"


def _replace(file: Path, text: str) -> None:
    """Whole or not at all: a broker that reads it meanwhile reads the one or the other."""
    partial = file.with_name(f"{file.name}.new")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o600)
    partial.replace(file)


ASKED = ("greenoffice/v1/+/+/commands", "spBv1.0/+/NCMD/+")
"""Topics on which the platform asks gateways for something."""


def acl_of(registry: Registry, filters: Iterable[str], receiver: str) -> str:
    """Who may do what: the receiver reads what it subscribes to and asks gateways; a gateway writes
    under its own name, and what its routes say, and reads what it is asked for.

    Each gateway is named: from 2.1 on no pattern holds of a user with a `/` in its name.
    """
    reads = [f"topic read {one}" for one in (*filters, VERSION_TOPIC)]
    told = ["# The platform reads what gateways send, and which version the broker is; it asks them"
            " to send again.",
            f"user {receiver}", *reads, *(f"topic write {one}" for one in ASKED), ""]  # fmt: skip
    lines = {one: _own_lines(one) for one in registry.gateways}
    for route in registry.routes:
        if route.gateway and not route.topic.startswith("greenoffice/v1/"):
            lines.setdefault(route.gateway, set()).update(_lines_of_route(route.topic))
    told += _comment(
        "A gateway writes under its own name, and where its routes say, alone: the platform"
        " believes the topic. It reads what it is asked for."
    )
    for gateway, own in sorted(lines.items()):
        told += [f"user {gateway}", *sorted(own), ""]
    told += _comment(
        "So do gateways registered later. A Mosquitto from 2.1 on does not let them: write this"
        " file again there."
    )
    told += ["pattern write greenoffice/v1/%u/#", "pattern read greenoffice/v1/%u/commands"]
    return "\n".join([*told, ""])


def _own_lines(gateway: str) -> set[str]:
    own = f"greenoffice/v1/{gateway}"
    return {f"topic write {own}/#", f"topic read {own}/commands"}


def _lines_of_route(topic: str) -> set[str]:
    """An edge node of Sparkplug is asked for its births in its own group."""
    lines, (first, *rest) = {f"topic write {topic}"}, topic.split("/")
    if first == "spBv1.0" and rest:
        lines.add(f"topic read spBv1.0/{rest[0] if rest[0] != '#' else '+'}/NCMD/#")
    return lines


def config_of(plan: BrokerPlan, places: BrokerPlaces) -> str:
    """The text of mosquitto.conf."""
    told = _comment(f"A Mosquitto {plan.version} for the gateways of Green Office.")
    told += _comment("What it cannot promise:")
    for sentence in cannot_promise(plan.version, plan.kept):
        told += _comment(f"- {sentence}")
    for why, lines in (
        *_listeners(plan),
        ("Who it is, everybody has to say.", ["allow_anonymous false"]),
        (
            "One password for each gateway, one tree of topics for each.",
            [f"password_file {places.passwords}", f"acl_file {places.acl}"],
        ),
        *_persistence(plan, places),
        *_bounds(plan),
        (
            "What goes wrong is logged; each connection would fill the log.",
            ["log_dest stderr", "log_type error", "log_type warning", "log_type notice",
             "connection_messages false"],
        ),
    ):  # fmt: skip
        told += ["", *_comment(why), *lines]
    if not plan.container:
        told += ["", *_comment("The owner of these files; started by root it would not be.")]
        told.append(f"user {getpass.getuser()}")
    return "\n".join([*told, ""])


_Section = tuple[str, Sequence[str]]


def _listeners(plan: BrokerPlan) -> list[_Section]:
    most = "max_connections 10000"
    tls = [
        "listener 8883",
        most,
        f"certfile {plan.certificate}",
        f"keyfile {plan.private_key}",
        "tls_version tlsv1.2",
    ]
    plain = ["listener 1883" if plan.container else "listener 1883 127.0.0.1", most]
    why = "In the clear for this machine alone: a password that crosses a network so is none."
    if plan.container:
        why = "In the clear for the containers and this machine."
    found: list[_Section] = []
    if plan.container or not plan.certificate:
        found.append((why, plain))
    if plan.certificate:
        found.append(("For gateways of other machines.", tls))
    return found


def _persistence(plan: BrokerPlan, places: BrokerPlaces) -> list[_Section]:
    where = f"persistence_location {places.kept}"
    if plan.kept == "sqlite":
        why = (
            "What came in goes to the disk before anything more is read: by default the plugin"
            " gathers changes for 5 s, and does not wait for the disk."
        )
        lines = [where, f"plugin {plan.sqlite_plugin}", "plugin_opt_flush_period 0",
                 "plugin_opt_sync full"]  # fmt: skip
        return [(why, lines)]
    why = (
        f"Everything that waits is saved after {AUTOSAVE_CHANGES} changes; by default it would be"
        " once in half an hour. The whole file is written each time, so that fewer changes would"
        " stall it while much waits."
    )
    lines = ["persistence true", where, "autosave_on_changes true",
             f"autosave_interval {AUTOSAVE_CHANGES}"]  # fmt: skip
    return [(why, lines)]


def _bounds(plan: BrokerPlan) -> list[_Section]:
    memory = plan.memory_mb * _MIB
    waiting = memory // 2
    return [
        (
            "What waits for the platform while it is away, finite: no limit was seen to drop"
            " everything. Sessions of clients that never come again end.",
            [
                f"max_queued_messages {waiting // _MESSAGE_BYTES}",
                f"max_queued_bytes {waiting}",
                "persistent_client_expiration 60d",
            ],
        ),
        (
            "Twice what may wait: what finds no memory is dropped with the connection of who sent"
            " it, or of who was to get it.",
            [f"memory_limit {memory}"],
        ),
        (
            "As many under way to the platform as it asks for; 20 by default.",
            [f"max_inflight_messages {_INFLIGHT}"],
        ),
        (
            "A larger packet ends its connection. By the second limit alone it would be thrown away"
            " and acknowledged, so that this one never comes first.",
            [f"max_packet_size {_LARGEST_PACKET}", f"message_size_limit {_LARGEST_PACKET}"],
        ),
    ]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, 98, subsequent_indent="  ")]
