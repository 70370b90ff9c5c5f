"""The ways in that a data folder's settings ask for, each with a journal of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from collector import (
    BrokerClient,
    ClientSettings,
    CollectorMetrics,
    JournalWriter,
    Listener,
    ListenerSettings,
    Receiver,
)
from collector.national import (
    Crc,
    NationalKeys,
    NationalServer,
    ServerSettings,
    chosen,
    read_cipher,
)
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.gateway_passwords import KeptPasswords, passwords_of
from greenoffice.handles import for_connections, for_handshakes, for_refusals
from greenoffice.heartbeat import heard
from greenoffice.metrics_port import serve_metrics
from greenoffice.news import JOURNAL, tell
from greenoffice.patience import patiently
from greenoffice.settings import MqttSettings, NationalSettings, Settings
from greenoffice.tls import RenewedTls, TlsFiles
from metering.errors import ConfigurationError
from metering.shard import WHOLE, Shard, all_shards, read_name

WRITERS = {"listener": 1, "http": 2, "broker": 3, "people": 4, "history": 126, "national": 127}
"""Numbers of the journal's writers by the name of their folder."""
_FIRST_SHARED, _LAST_SHARED = 5, 123
"""Those of collectors that share a broker."""
_log = structlog.get_logger()


@dataclass(frozen=True)
class WayIn:
    """A receiver by its name, and the journal it writes."""

    name: str
    receiver: Receiver
    journal: JournalWriter
    passwords: KeptPasswords | None = None
    """Of who connects to it."""
    former: bool = False
    """Whether it takes no more than what its session on the broker has."""

    @property
    def part(self) -> str:
        """What health calls it."""
        return f"former-{self.name}" if self.former else read_name(self.name)[0]

    @property
    def gone(self) -> bool:
        """Whether it has left the broker; written down, so that it is not opened again."""
        if not self.former or not isinstance(self.receiver, BrokerClient):
            return False
        if self.receiver.left:
            with suppress(OSError):
                _left(self.journal.folder).touch()
        return self.receiver.left


def telling_writers() -> list[int]:
    """Numbers of all writers of ways in by which a gateway can be told something."""
    brokers = range(_FIRST_SHARED, _LAST_SHARED + 1)
    return [WRITERS["listener"], WRITERS["broker"], *brokers]


def writer_no(name: str) -> int:
    """The number of the journal's writer whose folder has that name; 0 where there is none."""
    process, shard = read_name(name)
    if process != "broker" or shard.whole:
        return WRITERS.get(name, 0)
    fewer = shard.count * (shard.count - 1) // 2 - 1  # journals of 2, 3 ... sharers
    return _FIRST_SHARED - 1 + fewer + shard.index


def ways_in(folder: DataFolder, handles: int, shard: Shard = WHOLE) -> list[WayIn]:
    """The ways in of a process that may have so many file handles. Of a shard the client of the
    broker alone, which keeps its share; else the listener, and the client of a broker that the
    settings name and no shards share, and those of numbers of shards before: what the broker has
    for them is taken before they leave.

    ConfigurationError where the settings know no such shard.
    """
    settings = folder.settings()
    if not shard.whole:
        _require_shared(settings, shard)
        return [_client(folder, settings, shard)]
    found = [_listener(folder, settings, handles)]
    if settings.national.port:
        found.append(_national(folder, settings, handles))
    if settings.broker.url:
        if settings.broker.shards == 1:
            found.append(_client(folder, settings))
        found += _former_clients(folder, settings, found)
    return found


def _require_shared(settings: Settings, shard: Shard) -> None:
    """Receivers that count otherwise would leave messages to one that there is not."""
    if not settings.broker.url:
        raise ConfigurationError(
            "there is no broker to share",
            field="broker.url",
            value="",
            fix="name the broker, or start `greenoffice collector` without --shard",
        )
    if settings.broker.shards != shard.count:
        raise ConfigurationError(
            "the settings share the broker among another number of collectors",
            field="broker.shards",
            value=settings.broker.shards,
            fix=f"set it to {shard.count}, or start each as --shard 1/{settings.broker.shards}",
        )


def open_journal(folder: DataFolder, name: str) -> JournalWriter:
    """The journal of one writer; waits for a predecessor that is still ending."""
    return patiently(lambda: _journal(folder, name))


def _journal(folder: DataFolder, name: str) -> JournalWriter:
    settings = folder.settings().journal
    return JournalWriter(
        folder.journal / name,
        writer_no(name),
        now_us=folder.clock().now_us,
        segment_bytes=settings.segment_mb << 20,
        retention_days=settings.retention_days,
        written=lambda: tell(folder, "intake", JOURNAL),
    )


def _most_national(handles: int) -> int:
    """Connections of national gateways; the listener has what is left."""
    return max(1, min(ServerSettings().max_connections, for_connections(handles) // 8))


def _most(handles: int, settings: Settings) -> int:
    own = for_connections(handles)
    if settings.national.port:
        own = max(1, own - _most_national(handles))
    return min(ListenerSettings().max_connections, own)


def _listener(folder: DataFolder, settings: Settings, handles: int) -> WayIn:
    journal = open_journal(folder, "listener")
    passwords = passwords_of(folder)
    listener = Listener(
        journal,
        passwords,
        ListenerSettings(
            host=settings.mqtt.host,
            port=settings.mqtt.port,
            max_connections=_most(handles, settings),
            max_refused=for_refusals(handles),
            max_handshakes=for_handshakes(handles),
            records_per_s=settings.mqtt.records_per_s,
            burst_records=settings.mqtt.burst_records,
            certificate_is_enough=settings.mqtt.certificate_is_enough,
        ),
        _metrics(settings.mqtt.metrics_host, settings.mqtt.metrics_port, "mqtt.metrics_port"),
        now_us=_now_us(folder),
        tls=listener_tls(settings.mqtt),
        sessions=folder.gateway_sessions,
    )
    passwords.start(listener.passwords_changed)
    return WayIn("listener", listener, journal, passwords)


def _national(folder: DataFolder, settings: Settings, handles: int) -> WayIn:
    own = settings.national
    dialects = chosen(
        own.dialect, own.markers, own.md5_order or None, Crc(own.crc_polynomial, own.crc_initial)
    )
    cipher = read_cipher(folder.secret(own.key_file))
    tls = None if own.certificate is None else RenewedTls(_national_files(own, own.certificate))
    metrics = CollectorMetrics(CollectorRegistry())
    if own.metrics_port:
        host = settings.mqtt.metrics_host
        serve_metrics(metrics.registry, host, own.metrics_port, field="national.metrics_port")
    journal = open_journal(folder, "national")
    passwords = passwords_of(folder)
    server = NationalServer(
        journal,
        passwords,
        NationalKeys(folder.national_keys),
        ServerSettings(
            host=own.host,
            port=own.port,
            max_connections=_most_national(handles),
            max_handshakes=for_handshakes(handles),
            silent_s=own.silent_s,
            records_per_s=settings.mqtt.records_per_s,
            burst_records=settings.mqtt.burst_records,
        ),
        metrics,
        dialects=dialects,
        cipher=cipher,
        now_us=_now_us(folder),
        tls=tls,
    )
    passwords.start(lambda _: None)  # the server asks by itself who may stay
    return WayIn("national", server, journal, passwords)


def _national_files(own: NationalSettings, chain: Path) -> TlsFiles:
    return TlsFiles("national", chain, own.private_key)


def listener_tls(mqtt: MqttSettings) -> RenewedTls | None:
    """What the listener speaks; None where it has no certificate. ConfigurationError where the
    settings of certificates cannot be used."""
    _require_before(mqtt.client_ca, "client_ca", mqtt.certificate, "certificate")
    _require_before(mqtt.client_crl, "client_crl", mqtt.client_ca, "client_ca")
    for name in ("client_certificate_required", "certificate_is_enough"):
        asked = True if getattr(mqtt, name) else None
        _require_before(asked, name, mqtt.client_ca, "client_ca")
    if mqtt.certificate is None:
        return None
    files = TlsFiles(
        "mqtt",
        mqtt.certificate,
        mqtt.private_key,
        mqtt.client_ca,
        mqtt.client_crl,
        mqtt.client_certificate_required,
    )
    return RenewedTls(files)


def _require_before(asked: object, name: str, needed: object, needed_name: str) -> None:
    if asked is not None and needed is None:
        raise ConfigurationError(
            "this setting does nothing without another one",
            field=f"mqtt.{name}",
            value=str(asked),
            fix=f"set mqtt.{needed_name} too",
        )


def _client(folder: DataFolder, settings: Settings, shard: Shard = WHOLE) -> WayIn:
    broker, name = settings.broker, shard.named("broker")
    journal = open_journal(folder, name)
    with suppress(OSError):
        _left(journal.folder).unlink(missing_ok=True)
    client = BrokerClient(
        journal,
        _client_settings(folder, settings, shard),
        _metrics(
            settings.mqtt.metrics_host,
            broker.metrics_port + shard.index - 1,
            "broker.metrics_port",
        ),
        now_us=_now_us(folder),
    )
    return WayIn(name, client, journal)


def _client_settings(folder: DataFolder, settings: Settings, shard: Shard) -> ClientSettings:
    broker = settings.broker
    return ClientSettings(
        url=broker.url,
        client_id=shard.named(broker.client_id),
        user=broker.user or None,
        password=folder.secret(broker.password_file) or None,
        ca_file=broker.ca_file,
        filters=broker.filters,
        version=broker.version,
        receive_maximum=broker.receive_maximum,
        shard=shard,
    )


def _former_clients(
    folder: DataFolder, settings: Settings, present: Sequence[WayIn]
) -> list[WayIn]:
    """Receivers of another number of shards, whose sessions the broker may still have. Each goes
    on as it was until all that are to be receive: what is published meanwhile comes to both."""
    own = [way.receiver for way in present if way.name == "broker"]
    shards = () if own else all_shards(settings.broker.shards)

    def replaced() -> bool:
        here = all(one.health().ok for one in own)
        told = (heard(folder.heartbeat(one.named("collector"))) for one in shards)
        return here and all(parts.get("broker", {}).get("ok", False) for parts in told)

    found = []
    for path in sorted(folder.journal.glob("broker*")):
        shard = read_name(path.name)[1]
        name = shard.named("broker")
        if path.name != name or shard.count == settings.broker.shards or _left(path).exists():
            continue
        try:
            journal = _journal(folder, name)
        except ConfigurationError as taken:  # it still runs elsewhere: another start of ours asks
            _log.warning("a former receiver is left alone", receiver=name, error=str(taken))
            continue
        client = BrokerClient(
            journal,
            _client_settings(folder, settings, shard),
            CollectorMetrics(CollectorRegistry()),
            now_us=_now_us(folder),
            leaves=replaced,
        )
        found.append(WayIn(name, client, journal, former=True))
    return found


def _left(journal: Path) -> Path:
    """There where the receiver of that journal has ended its session."""
    return journal / "left"


def _now_us(folder: DataFolder) -> Callable[[], int]:
    clock: ShiftedClock = folder.clock()
    return clock.now_us


def _metrics(host: str, port: int, field: str) -> CollectorMetrics:
    metrics = CollectorMetrics(CollectorRegistry())

    serve_metrics(metrics.registry, host, port, field=field)
    return metrics
