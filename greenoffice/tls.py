"""TLS of a port that others connect to, and of who connects to it on the same machine."""

from __future__ import annotations

import ssl
from pathlib import Path

from metering.errors import ConfigurationError


def tls_of(section: str, chain: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """What a port with that certificate speaks; None without one. ConfigurationError names the
    setting of the section where the files are of no use."""
    if chain is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as refused:
        raise ConfigurationError(
            f"the certificate cannot be used: {refused}",
            field=f"{section}.certificate",
            value=str(chain),
            fix="name a PEM chain and its private_key, readable by the process",
        ) from refused
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    """The platform's own certificate, under whatever name it is reached on this machine.
    ConfigurationError where it cannot be read."""
    try:
        context = ssl.create_default_context(cafile=certificate)
    except (OSError, ssl.SSLError) as refused:
        raise ConfigurationError(
            f"the certificate cannot be used: {refused}",
            field="http.certificate",
            value=str(certificate),
            fix="name a PEM chain and its private_key, readable by the process",
        ) from refused
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
