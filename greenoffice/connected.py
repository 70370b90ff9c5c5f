"""What the listener tells of gateways, in files of `run/` for whoever asks about one: who is
connected, who is held back or was turned away, and what was subscribed to in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import CERTIFICATES, HELD, SUBSCRIBED, TROUBLES, gone, heard
from metering.intake import GatewayConnection, GatewayTrouble, HeldGateway

CONNECTIONS_S = 2.0
"""How often it is told [s]."""
MANY = 500
"""Gateways up to which it is told so often; of ten times as many a tenth as often."""
STALE_US = 120_000_000
"""What was told is not believed for longer."""


class ConnectionsTold(msgspec.Struct, frozen=True):
    """What the file holds: when it was written [us], and the connections by user."""

    at_us: int
    gateways: dict[str, list[GatewayConnection]]


def tell_connections(
    folder: DataFolder, told: Mapping[str, Sequence[GatewayConnection]], at_us: int
) -> None:
    """Write them down; a full disk must not end the process that tells."""
    partial = folder.connections.with_suffix(".partial")
    content = {user: list(own) for user, own in told.items()}
    with suppress(OSError):
        partial.write_bytes(msgspec.json.encode(ConnectionsTold(at_us, content)))
        partial.replace(folder.connections)


def gateway_connections(folder: DataFolder) -> dict[str, list[GatewayConnection]]:
    """Those that are open, by user; none where the listener does not run, or has not told for
    long."""
    if gone(folder.heartbeat("collector")):
        return {}
    try:
        told = msgspec.json.decode(folder.connections.read_bytes(), type=ConnectionsTold)
    except (OSError, msgspec.DecodeError):
        return {}
    return told.gateways if ShiftedClock().now_us() - told.at_us < STALE_US else {}


def held_gateways(folder: DataFolder) -> dict[str, HeldGateway]:
    """The gateways that the listener holds back, by `site/code`."""
    told = _of_gateways(folder, HELD)
    return {gateway: HeldGateway(**held) for gateway, held in told.items()}


def gateway_troubles(folder: DataFolder) -> dict[str, GatewayTrouble]:
    """Those that the listener turned away or cut off in the last day, by the user they named."""
    told = _of_gateways(folder, TROUBLES)
    return {user: GatewayTrouble(**trouble) for user, trouble in told.items()}


def refused_certificates(folder: DataFolder) -> dict[str, GatewayTrouble]:
    """Those that ended a handshake in the last day, by the address they came from."""
    told = _of_gateways(folder, CERTIFICATES)
    return {address: GatewayTrouble(**trouble) for address, trouble in told.items()}


def gateway_filters(folder: DataFolder) -> dict[str, tuple[str, ...]]:
    """What gateways subscribed to where nothing is ever published, by `site/code`."""
    told = _of_gateways(folder, SUBSCRIBED)
    return {gateway: tuple(filters) for gateway, filters in told.items()}


def _of_gateways(folder: DataFolder, what: str) -> dict[str, Any]:
    """What the receivers that gateways connect to tell of them."""
    parts = heard(folder.heartbeat("collector"))
    told = [parts.get(name, {}).get(what, {}) for name in ("national", "listener")]
    return {gateway: one for part in told for gateway, one in part.items()}
