"""What a person enters in a gateway, so that it comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi.responses import HTMLResponse

from api.page.visit import Visit

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound


def new_passwords(visit: Visit, passwords: Mapping[str, str], stem: str) -> HTMLResponse:
    """The page that shows passwords of new gateways this once, each with all that is to be entered
    beside it; `stem` is of the list that it leads back to."""
    return visit.render(
        "setup_passwords.html",
        passwords=[
            (user, password, lines(visit, user, password)) for user, password in passwords.items()
        ],
        reach=door_warnings(visit),
        stem=stem,
    )


def lines(visit: Visit, user: str, password: str) -> str:
    """What a person enters in the gateway, or in its MQTT client, a line for each."""
    door = visit.caller.platform.door
    hidden = password or visit.text("shown once when it was made; a lost one is renewed")
    told = (
        ("host", _host(visit)),
        ("port", str(door.port)),
        ("tls", "on" if door.tls else "off"),
        ("user", user),
        ("password", hidden),
        ("topic", f"greenoffice/v1/{user}/readings"),
        ("qos", "1"),
    )
    return "\n".join(f"{name:<9} {value}" for name, value in told)


def _host(visit: Visit) -> str:
    """The address of the port; the one of this page where the port listens on every address."""
    host = visit.caller.platform.door.host
    return (visit.request.url.hostname or host) if host in EVERYWHERE else host


def door_warnings(visit: Visit) -> list[str]:
    """What else a person must know to come in by that port."""
    door, _ = visit.caller.platform.door, visit.text
    told = []
    if door.host in LOOPBACK:
        told.append(
            _("The port listens on this machine alone: set mqtt.host, as docs/gateways.md says.")
        )
    if door.broker:
        told.append(
            _("Or through the broker %(url)s, with the same user and topic.") % {"url": door.broker}
        )
    return told
