"""Which broker it is that messages come from, where it says so."""

from __future__ import annotations

import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from collector.broker.settings import ClientSettings, address_of, tls_context
from metering.errors import GreenOfficeError

TOPIC = "$SYS/broker/version"
_LONGEST = 200


def told_version(settings: ClientSettings, within_s: float = 5.0) -> str:
    """What the broker retains as its version, `mosquitto version 2.0.11`; '' where it does not
    answer, or keeps that from our user. Takes up to `within_s` [s].

    It is asked over a connection of its own: there are brokers that end one for a subscription
    they refuse, and that would be the one that messages come by.
    """
    try:
        return _told(settings, time.monotonic() + within_s, within_s)
    except (OSError, GreenOfficeError):  # the receiver says what is wrong
        return ""


def _told(settings: ClientSettings, until_s: float, within_s: float) -> str:
    told: list[str] = []
    address = address_of(settings.url)
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{settings.client_id}-asks",
        protocol=MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
    )
    client.connect_timeout = within_s
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password)
    tls = tls_context(settings, address)
    if tls is not None:
        client.tls_set_context(tls)
    client.on_connect = _ask
    client.on_message = lambda _client, _data, message: told.append(_text(bytes(message.payload)))
    client.connect(address.host, address.port)
    while not told and time.monotonic() < until_s:
        if client.loop(0.2) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    client.disconnect()
    return told[0] if told else ""


def _ask(client: paho.Client, *_: object) -> None:
    client.subscribe(TOPIC, 0)


def _text(payload: bytes) -> str:
    return payload[:_LONGEST].decode(errors="replace")
