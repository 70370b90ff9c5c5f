"""TLS of a port that others connect to, and of who connects to it on the same machine."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

from metering.errors import ConfigurationError

_log = structlog.get_logger()
_Seen = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class TlsFiles:
    """What a port shows, and whom it believes; all of them PEM."""

    section: str
    """Of the settings, for errors."""
    chain: Path
    key: Path | None
    client_ca: Path | None = None
    """CAs of the certificates of who connects; None asks for none."""
    client_crl: Path | None = None
    """Lists of what these CAs revoked, one of each that signed a certificate."""
    required: bool = False
    """Whether who shows no certificate is turned away."""


class RenewedTls:
    """What a port speaks, made anew where one of its files is another one than before.

    Files of no use are told in the log, and what was read before stands: who renews them may be
    between two of them. ConfigurationError names the setting where they are so at the start.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen = _seen(files)
        self._context = _context(files)

    def __call__(self) -> ssl.SSLContext:
        """For the next connection; those that are open stay as they are."""
        seen = _seen(self._files)
        if seen != self._seen:
            self._seen = seen
            try:
                self._context = _context(self._files)
                _log.info("certificates read again", port=self._files.section)
            except ConfigurationError as refused:
                _log.warning("renewed certificates are of no use", error=str(refused))
        return self._context


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(files.chain, files.key)
    except (OSError, ssl.SSLError) as refused:
        raise ConfigurationError(
            f"the certificate cannot be used: {refused}",
            field=f"{files.section}.certificate",
            value=str(files.chain),
            fix="name a PEM chain and its private_key, readable by the process",
        ) from refused
    if files.client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED if files.required else ssl.CERT_OPTIONAL
        _trust(context, files, "client_ca", files.client_ca)
        # a session taken up again would not be held against dates and revocations
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
    if files.client_crl is not None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        _trust(context, files, "client_crl", files.client_crl)
    return context


def _trust(context: ssl.SSLContext, files: TlsFiles, name: str, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as refused:
        raise ConfigurationError(
            f"certificates of clients cannot be checked by this file: {refused}",
            field=f"{files.section}.{name}",
            value=str(file),
            fix="name a PEM file that the process may read: CAs, or their revocation lists",
        ) from refused


def _seen(files: TlsFiles) -> _Seen:
    """By which a file that was replaced or written is told from the one before."""
    named = (files.chain, files.key, files.client_ca, files.client_crl)
    return tuple(None if file is None else _mark(file) for file in named)


def _mark(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


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
