"""What can be wrong between a broker and its client, as errors that name the fix."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from collector.broker.settings import ClientSettings
from metering.errors import ConfigurationError, GreenOfficeError, NotAllowed, Unavailable

TAKEN_OVER = 0x8E
_UNSUPPORTED_VERSION, _BAD_CLIENT_ID, _NOT_AUTHORIZED = 0x84, 0x85, (0x86, 0x87, 0x8A)
_CLOSED = "look at the broker's log: is it stopping, does another client use our client id?"


def unreachable(error: OSError, settings: ClientSettings) -> GreenOfficeError:
    """The broker could not be connected to."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConfigurationError(
            f"the broker's certificate is not trusted: {error.verify_message}",
            field="broker.ca_file",
            value=str(settings.ca_file or "of the system"),
            fix="name the CA that signed it, and connect by the name it was issued for",
        )
    if isinstance(error, ssl.SSLError):
        return _url(f"no TLS with the broker: {error}", settings, "is this its TLS port?")
    if isinstance(error, socket.gaierror):
        return _url("the broker's name is not known", settings, "mend the host name, or DNS")
    if isinstance(error, ConnectionRefusedError):
        return _url("nothing listens there", settings, "start the broker, or mend host and port")
    cause = "no answer in time" if isinstance(error, TimeoutError) else str(error)
    return _url(
        f"the broker is not reached: {cause}", settings, "look at the network and a firewall"
    )


def no_answer(settings: ClientSettings) -> GreenOfficeError:
    """The connection ended, or stayed silent, before CONNACK."""
    tls = "mqtt:// (no TLS)" if settings.url.startswith("mqtts") else "mqtts:// (TLS)"
    return _url(
        f"the broker does not answer CONNECT of MQTT {settings.version}",
        settings,
        f"is this an MQTT port, does it want {tls}, is broker.version right?",
    )


def refused(code: int, name: str, settings: ClientSettings) -> GreenOfficeError:
    """CONNACK said no."""
    if code in _NOT_AUTHORIZED:
        return NotAllowed(
            "the broker does not let this user in",
            field="broker.user",
            value=settings.user,
            fix="set broker.user and broker.password to what the broker's password file has",
        )
    if code == _UNSUPPORTED_VERSION:
        return ConfigurationError(
            "the broker does not speak this version of MQTT",
            field="broker.version",
            value=settings.version,
            fix="set 3.1.1" if settings.version == "5" else "set 5",
        )
    if code == _BAD_CLIENT_ID:
        return _client_id("the broker refuses this client id", settings, "set one it accepts")
    return _url(f"the broker refuses the connection: {name}", settings, _CLOSED)


def subscription_refused(
    codes: Sequence[tuple[str, int]], settings: ClientSettings
) -> GreenOfficeError | None:
    """SUBACK: None where every filter is granted at QoS 1. codes: (filter, code) each."""
    denied = [topic_filter for topic_filter, code in codes if code >= 0x80]
    if denied:
        return NotAllowed(
            "the broker refuses the subscription",
            field="broker.filters",
            value=", ".join(denied),
            fix=f"let user {settings.user} read and subscribe to it in the broker's ACL",
        )
    weak = [topic_filter for topic_filter, code in codes if code == 0]
    if weak:
        return ConfigurationError(
            "the broker grants QoS 0 alone, so it would not wait for an acknowledgement",
            field="broker.filters",
            value=", ".join(weak),
            fix="allow QoS 1 on the broker's listener (Mosquitto: max_qos)",
        )
    return None


def ended(code: int | None, name: str, settings: ClientSettings) -> GreenOfficeError:
    """An accepted connection ended. code: of the broker's DISCONNECT, None without one."""
    if code == TAKEN_OVER:
        return _client_id(
            "another client took the session over",
            settings,
            "give every receiver a client id of its own, and stop the other one",
        )
    said = "the broker closed the connection"
    return _url(said if code is None else f"{said}: {name}", settings, _CLOSED)


def _url(message: str, settings: ClientSettings, fix: str) -> Unavailable:
    return Unavailable(message, field="broker.url", value=settings.url, fix=fix)


def _client_id(message: str, settings: ClientSettings, fix: str) -> ConfigurationError:
    return ConfigurationError(message, field="broker.client_id", value=settings.client_id, fix=fix)
