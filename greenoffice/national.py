"""`greenoffice gateway national`: what gateways of the national protocol log in with."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from collector.national import NationalKey, NationalKeys, read_cipher
from greenoffice.folder import DataFolder
from greenoffice.national_secrets import keep_keys
from greenoffice.saying import say
from greenoffice.stores import open_stores
from greenoffice.tls import trusting
from metering.access import AuditEntry, by_command
from metering.errors import Conflict, InvalidInput, NotFound, Unavailable
from metering.gateway_life import require_let_in
from simulators import Identity, NationalGateway, TurnedAway

LONGEST = 64
_SECRET_BYTES = 8


def name_gateway(
    folder: DataFolder, user: str, building: str, number: str, secret_file: Path | None
) -> dict[str, str]:
    """Say what a registered gateway calls itself, and its secret: that of a file, else a new one.

    NotFound where the gateway is not registered; InvalidInput for a name or secret of no use;
    Conflict where another gateway has that name, or this one was revoked.
    """
    stores = open_stores(folder)
    registry = stores.registry.load()
    if user not in registry.gateways:
        raise NotFound("no such gateway", field="gateway", value=user, fix="register it first")
    require_let_in(stores.credentials, user)
    _require_word("building", building)
    _require_word("number", number)
    keys = NationalKeys(folder.national_keys)
    holder = keys.find(building, number)
    if holder is not None and holder.gateway != user:
        raise Conflict(
            f"{holder.gateway} calls itself so",
            field="building",
            value=f"{building} {number}",
            fix="give each gateway of a building a number of its own",
        )
    secret = folder.secret(secret_file) if secret_file else secrets.token_hex(_SECRET_BYTES)
    _require_word("secret-file", secret, shown="")
    site = user.partition("/")[0]
    key = NationalKey(building, number, user, secret, registry.zone(site))
    keep_keys(folder, keys.with_key(key))
    actor, now_us = str(by_command()), folder.clock().now_us()
    about = {"building": building, "number": number}
    entry = AuditEntry(
        now_us, actor, "gateway.national", user, registry.institution(site), detail=about
    )
    stores.access.audit(entry)
    return {"gateway": user, **about, "secret": secret}


def _require_word(field: str, value: str, *, shown: str | None = None) -> None:
    if not value.isprintable() or not 0 < len(value) <= LONGEST or value != value.strip():
        raise InvalidInput(
            "not what the protocol can carry",
            field=field,
            value=value if shown is None else shown,
            fix=f"1 to {LONGEST} printable characters without blanks around them",
        )


def try_gateway(folder: DataFolder, user: str, dialect: str, reports: int) -> dict[str, Any]:
    """Log in as the gateway to the platform of this folder, which runs, send a heartbeat and so
    many reports of a meter `try`, as a simulated gateway; its real connection, where it has one,
    gives way. What came of it.

    NotFound where it has no secret; InvalidInput for an unknown dialect; Unavailable where nothing
    listens.
    """
    key = next(
        (one for one in NationalKeys(folder.national_keys).all() if one.gateway == user), None
    )
    if key is None:
        raise NotFound(
            "it has no secret of the national protocol",
            field="gateway",
            value=user,
            fix="make one: greenoffice gateway national DATA SITE/GATEWAY",
        )
    if dialect not in ("A", "B"):
        raise InvalidInput("unknown dialect", field="dialect", value=dialect, fix="A or B")
    own = folder.settings().national
    cipher = read_cipher(folder.secret(own.key_file))
    aes = b"" if cipher is None else cipher.key + cipher.vector
    gateway = NationalGateway(Identity(dialect, key.building, key.number, key.secret, aes))
    tls = None if own.certificate is None else trusting(own.certificate)
    try:
        gateway.connect(own.host, own.port, tls)
        time = gateway.heartbeat()
        for count in range(reports):
            gateway.measure(time, {("try", "1"): str(count)})
        gateway.deliver()
        acknowledged = len(gateway.acknowledged)
        return {"gateway": user, "let_in": True, "time": time, "acknowledged": acknowledged}
    except TurnedAway:
        return {"gateway": user, "let_in": False, "time": None, "acknowledged": 0}
    except OSError as refused:
        raise Unavailable(
            f"the platform does not answer: {refused}",
            field="national.port",
            value=own.port,
            fix="set national.port, start the platform, and look at its log",
        ) from refused
    finally:
        gateway.disconnect()


def say_secret(made: dict[str, str]) -> None:
    """What is to be set at the gateway."""
    say(
        f"gateway {made['gateway']}  building {made['building']}  number {made['number']}  "
        f"secret {made['secret']}"
    )
