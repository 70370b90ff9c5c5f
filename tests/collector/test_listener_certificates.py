"""Gateways that show a certificate: whom it names, what it is worth, and how it is refused.

The authority is made by openssl, in a folder of the test; the listener and paho are real.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from collector.certificate import gateways_of
from greenoffice.receivers import listener_tls
from greenoffice.settings import MqttSettings
from metering.errors import ConfigurationError

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
WAIT_S = 15
OK, NOT_AUTHORIZED, BANNED = 0, 135, 138
CONFIGURATION = """
[ca]
default_ca = own
[own]
database = index
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
"""


class Authority:
    """A CA in a folder of its own."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir()
        self.folder = folder
        (folder / "ca.conf").write_text(CONFIGURATION)
        (folder / "index").touch()
        for counter in ("serial", "crlnumber"):
            (folder / counter).write_text("01\n")
        self.run(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
            f" -subj /CN={name} -keyout ca.key -out ca.pem"
        )

    def run(self, arguments: str, *more: str) -> None:
        subprocess.run(
            ["openssl", *arguments.split(), *more], cwd=self.folder, check=True, capture_output=True
        )

    def sign(self, name: str, subject: str, alternative: str = "", dates: str = "") -> None:
        """`name`.pem and `name`.key, of a subject and, where given, alternative names."""
        extension = ["-addext", f"subjectAltName={alternative}"] if alternative else []
        self.run(
            f"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key"
            f" -out {name}.csr -subj",
            subject,
            *extension,
        )
        self.run(f"ca -batch -notext -config ca.conf -in {name}.csr -out {name}.pem {dates}")

    def list_revoked(self, *names: str) -> None:
        for name in names:
            self.run(f"ca -config ca.conf -revoke {name}.pem")
        self.run("ca -config ca.conf -gencrl -out crl.new")
        (self.folder / "crl.new").replace(self.folder / "crl.pem")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("pki") / "ca")
    made.sign("server", "/CN=localhost", "IP:127.0.0.1")
    made.sign("g", r"/CN=s\/g")
    made.sign("h", "/CN=meter", "URI:greenoffice:s/h")
    made.sign("two", "/CN=concentrator", "DNS:s/g,DNS:s/h")
    made.sign("nobody", "/CN=factory")
    made.sign("unknown", r"/CN=s\/zz")
    made.sign("early", r"/CN=s\/g", dates="-startdate 20980101000000Z -enddate 20990101000000Z")
    made.sign("old", r"/CN=s\/g", dates="-startdate 20200101000000Z -enddate 20200102000000Z")
    made.sign("gone", r"/CN=s\/g")
    made.list_revoked("gone")
    return made


def settings(ca: Authority, **asked: Any) -> MqttSettings:
    of = ca.folder
    return MqttSettings(
        certificate=of / "server.pem", private_key=of / "server.key", client_ca=of / "ca.pem",
        **asked,
    )  # fmt: skip


def listening(start: Any, ca: Authority, *, enough: bool = False, **asked: Any) -> Any:
    return start(tls=listener_tls(settings(ca, **asked)), certificate_is_enough=enough)


def told(
    server: Any,
    ca: Authority,
    name: str = "",
    user: str | None = "s/g",
    password: str | None = "right",
    folder: Path | None = None,
) -> int | None:
    """What a client with that certificate is told; None where it did not get through TLS."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="c", protocol=paho.MQTTv5)
    if user is not None:
        client.username_pw_set(user, password)
    own = [str((folder or ca.folder) / f"{name}.{end}") for end in ("pem", "key")] if name else []
    client.tls_set(str(ca.folder / "ca.pem"), *own)
    codes: list[int] = []
    over, stored = threading.Event(), threading.Event()

    def connected(_c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        codes.append(reason.value)
        if reason.value == OK:
            client.publish("t", user or "", qos=1)
        else:
            over.set()

    client.on_connect = connected
    client.on_publish = lambda *_: (stored.set(), over.set())
    client.on_disconnect = lambda *_: over.set()
    try:
        client.connect("127.0.0.1", server.port)
    except OSError:
        return None
    client.loop_start()
    assert over.wait(WAIT_S)
    client.disconnect()
    client.loop_stop()
    assert not codes or stored.is_set() == (codes[0] == OK)
    return codes[0] if codes else None


def trouble(server: Any, user: str = "s/g") -> tuple[str, str] | None:
    found = server.listener.health().troubles.get(user)
    return found and (found.reason, found.detail)


def test_a_certificate_names_its_gateway_and_no_other(start: Any, ca: Authority) -> None:
    server = listening(start, ca)
    assert told(server, ca, "g") == OK
    assert told(server, ca, "h", "s/h", "other") == OK
    assert told(server, ca, "two") == OK
    assert told(server, ca) == OK  # none is needed
    assert told(server, ca, "g", password="wrong") == 134
    assert told(server, ca, "g", password=None) == NOT_AUTHORIZED  # it is not enough
    assert told(server, ca, "h") == NOT_AUTHORIZED
    assert trouble(server) == ("not_authorized", "its certificate is of 's/h'")
    assert told(server, ca, "nobody") == NOT_AUTHORIZED
    assert trouble(server) == ("not_authorized", "its certificate names no gateway")


def test_with_a_certificate_the_password_may_be_left_out(start: Any, ca: Authority) -> None:
    server = listening(start, ca, enough=True)
    assert told(server, ca, "g", password=None) == OK
    assert told(server, ca, "h", user=None) == OK
    assert {record.gateway for record in server.records("message")} == {"s/g", "s/h"}
    assert told(server, ca, password=None) == NOT_AUTHORIZED
    assert told(server, ca, "two", user=None) == NOT_AUTHORIZED  # which of them?
    assert told(server, ca, "h", password=None) == NOT_AUTHORIZED
    assert told(server, ca, "g", password="wrong") == 134
    assert told(server, ca, "unknown", "s/zz", None) == 134  # nobody registered it


def test_a_certificate_lets_in_while_its_gateway_is_not_revoked(start: Any, ca: Authority) -> None:
    server = listening(start, ca, enough=True)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="open", protocol=paho.MQTTv5)
    client.tls_set(*(str(ca.folder / name) for name in ("ca.pem", "g.pem", "g.key")))
    there, over = threading.Event(), threading.Event()
    client.on_connect = lambda *_: there.set()
    client.on_disconnect = lambda *_: over.set()
    client.connect("127.0.0.1", server.port)
    client.loop_start()
    try:
        assert there.wait(WAIT_S)
        server.passwords.known["s/g"] = b"renewed"
        server.listener.passwords_changed(frozenset({"s/g"}))
        assert told(server, ca, "g", password=None) == OK
        assert not over.is_set()
        server.passwords.known["s/g"] = None
        server.listener.passwords_changed(frozenset({"s/g"}))
        assert over.wait(WAIT_S)
    finally:
        client.loop_stop()
    assert told(server, ca, "g", password=None) == BANNED


def test_what_is_refused_in_the_handshake_is_told_of_who_came_from_there(
    start: Any, ca: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", "stranger")
    stranger.sign("g", r"/CN=s\/g")
    server = listening(
        start, ca, client_crl=ca.folder / "crl.pem", client_certificate_required=True
    )
    assert told(server, ca, "old") is None
    assert trouble(server) is None  # nobody knows whose that was
    assert server.listener.health().certificates["127.0.0.1"].times == 1
    assert told(server, ca, "g") == OK
    for name, folder, kind, cause in (
        ("old", None, "expired", "certificate has expired"),
        ("early", None, "not_yet_valid", "certificate is not yet valid"),
        ("gone", None, "revoked", "certificate revoked"),
        ("", None, "none_shown", "no certificate was shown"),
        ("g", stranger.folder, "unknown_authority", "unable to get local issuer certificate"),
    ):
        before = server.metric("greenoffice_mqtt_connects_refused_total", reason="certificate")
        assert told(server, ca, name, folder=folder) is None, cause
        after = server.metric("greenoffice_mqtt_connects_refused_total", reason="certificate")
        assert after == before + 1
        assert trouble(server) == ("not_authorized", f"in the TLS handshake: {cause}")
        (refused,) = server.listener.health().certificates.values()
        assert (refused.address, refused.reason, refused.detail) == ("127.0.0.1", kind, cause)
    assert told(server, ca, "h", "s/h", "other") == OK
    assert told(server, ca, "old") is None
    assert trouble(server, "s/h") is None  # two come from there: it may have been either


def test_a_list_of_revocations_of_another_authority_refuses_everybody(
    start: Any, ca: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", "stranger")
    stranger.list_revoked()
    server = listening(start, ca, client_crl=stranger.folder / "crl.pem")
    for times in (1, 2):
        assert told(server, ca, "g") is None
        (refused,) = server.listener.health().certificates.values()
        assert (refused.reason, refused.times) == ("revocations_unusable", times)


def test_renewed_files_hold_from_the_next_connection_on(start: Any, tmp_path: Path) -> None:
    ca = Authority(tmp_path / "ca")
    ca.sign("server", "/CN=localhost", "IP:127.0.0.1")
    ca.sign("g", r"/CN=s\/g")
    ca.list_revoked()
    server = listening(start, ca, client_crl=ca.folder / "crl.pem")
    assert told(server, ca, "g") == OK
    ca.list_revoked("g")
    assert told(server, ca, "g") is None
    (ca.folder / "server.pem").write_text("half written")
    assert told(server, ca) == OK  # what was read before stands
    ca.sign("other", "/CN=localhost", "DNS:elsewhere.example")
    for end in ("key", "pem"):
        (ca.folder / f"other.{end}").replace(ca.folder / f"server.{end}")
    assert told(server, ca) is None  # paho finds another name than it asked for


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"client_ca": Path("x")}, "mqtt.client_ca"),
        ({"certificate": Path("x"), "client_crl": Path("x")}, "mqtt.client_crl"),
        ({"certificate_is_enough": True}, "mqtt.certificate_is_enough"),
        ({"client_certificate_required": True}, "mqtt.client_certificate_required"),
    ],
)
def test_settings_that_need_another_are_refused(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        listener_tls(MqttSettings(**asked))
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["client_ca", "client_crl"])
def test_files_of_no_use_are_named(ca: Authority, tmp_path: Path, name: str) -> None:
    asked: Callable[..., MqttSettings] = lambda **more: settings(ca).model_copy(update=more)  # noqa: E731
    for file in (tmp_path / "absent", ca.folder / "ca.conf"):
        with pytest.raises(ConfigurationError) as refused:
            listener_tls(asked(**{name: file}))
        assert (refused.value.field, refused.value.value) == (f"mqtt.{name}", str(file))


def test_no_certificate_is_not_one_without_a_name() -> None:
    assert gateways_of(None) is None
    assert gateways_of({}) is None
    assert gateways_of({"subject": ((("countryName", "CN"),),)}) == frozenset()
