"""Whom a gateway's certificate names, and what that says of the user it claims to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from collector.mqtt import Connect
from metering.errors import shorten

URI = "greenoffice:"
"""Before a gateway's SITE/GATEWAY in a URI of the subject's alternative names: a common name has
64 characters at most (RFC 5280, A.1), and gateways may have 129."""


def gateways_of(certificate: Mapping[str, Any] | None) -> frozenset[str] | None:
    """The gateways that a verified certificate names, as `SITE/GATEWAY`: its common names, its
    alternative names of DNS, and those of URI behind `greenoffice:`; None where none was shown.

    certificate: as `ssl.SSLSocket.getpeercert` gives it.
    """
    if not certificate:
        return None
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    names = [value for kind, value in subject if kind == "commonName"]
    for kind, value in certificate.get("subjectAltName", ()):
        if kind == "DNS":
            names.append(value)
        elif kind == "URI" and value.startswith(URI):
            names.append(value.removeprefix(URI))
    return frozenset(name for name in names if "/" in name)


def identified(connect: Connect, gateways: frozenset[str] | None) -> tuple[Connect, str]:
    """The CONNECT, with the user its certificate names where it brings none itself; and why the
    certificate does not go with it, '' where it does or there is none (`gateways` None)."""
    if gateways is None:
        return connect, ""
    if not gateways:
        return connect, "its certificate names no gateway"
    if connect.user is None and len(gateways) == 1:
        return msgspec.structs.replace(connect, user=next(iter(gateways))), ""
    if connect.user is None:
        return connect, "its certificate names several gateways, and it does not say which it is"
    if connect.user not in gateways:
        return connect, f"its certificate is of {shorten(', '.join(sorted(gateways)))}"
    return connect, ""
