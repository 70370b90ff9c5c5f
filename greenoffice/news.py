"""News: who waits for something to do is woken when there may be something.

    collector, api ──JOURNAL──▶ intake ──MARKS──▶ ledger ──▶ analytics
    import, page   ──REGISTRY─▶ intake, ledger

Within a process an event is set. Between processes of one data folder, in containers too, a byte
goes through a named pipe in `run/`, which whoever does the duty makes. Between machines the
database tells (`storage.sql.news`). News says nothing but that a look is worth it, and may be lost:
whoever waits for it looks by itself now and then as well.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import structlog

from greenoffice.folder import DataFolder
from metering.ports import RegistryStore
from metering.registry import Registry

JOURNAL, REGISTRY, MARKS = b"j", b"r", b"m"
"""The journal was written, the registry has changed, days are to be booked again."""
_END = b"."
_log = structlog.get_logger()


@dataclass
class News:
    """What the loops of a process wait for."""

    intake: Event = field(default_factory=Event)
    registry: Event = field(default_factory=Event)
    """Set until the intake has looked at the registry."""
    ledger: Event = field(default_factory=Event)
    analytics: Event = field(default_factory=Event)
    comes: bool = True
    """Whether other processes can tell anything."""

    def hear(self, told: bytes) -> None:
        """Wake whom it concerns."""
        if REGISTRY in told:
            self.registry.set()
        if REGISTRY in told or JOURNAL in told:
            self.intake.set()
        if REGISTRY in told or MARKS in told:
            self.ledger.set()


def tell(folder: DataFolder, duty: str, what: bytes) -> None:
    """Tell who does a duty on the folder, on this machine, and all who share it; nobody may be
    there to hear."""
    _put(folder.news(duty), what)
    if duty == "ledger":
        for shared in folder.run.glob("ledger-*of*.news"):
            _put(shared, what)


def _put(place: Path, what: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody listens, or who does has more than enough to hear
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, what)
        finally:
            os.close(pipe)


@contextlib.contextmanager
def heard(folder: DataFolder, duties: Sequence[str]) -> Iterator[News]:
    """News for who does these duties, from now on. Who did them before hears nothing any more."""
    news = News()
    with contextlib.ExitStack() as stack:
        try:
            for duty in duties:
                stack.enter_context(_listening(folder.news(duty), news.hear))
        except OSError as refused:
            news.comes = False
            _log.warning("no news comes from other processes", error=str(refused))
        yield news


@contextlib.contextmanager
def _listening(path: Path, hear: Callable[[bytes], None]) -> Iterator[None]:
    """A pipe that is in its place when somebody reads it: who told before found nobody."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    os.mkfifo(made, 0o600)
    try:
        pipe = os.open(made, os.O_RDWR)  # so that it never ends, whoever leaves it
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise

    def listen() -> None:
        while _END not in (told := os.read(pipe, 4096)):
            hear(told)

    listening = threading.Thread(target=listen, name=path.stem, daemon=True)
    listening.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            if _same(path, pipe):
                path.unlink()
        os.write(pipe, _END)
        listening.join()
        os.close(pipe)


def _same(path: Path, pipe: int) -> bool:
    """Whether it is still ours: the next one may have put another into its place."""
    return os.path.samestat(path.stat(), os.fstat(pipe))


class TellingRegistry(RegistryStore):
    """A registry whose changes are told to who works on the same folder."""

    def __init__(self, kept: RegistryStore, folder: DataFolder) -> None:
        self._kept = kept
        self._folder = folder

    def load(self, version: int | None = None) -> Registry:
        return self._kept.load(version)

    def version(self) -> int:
        return self._kept.version()

    def apply(
        self,
        wanted: Registry,
        *,
        actor: str,
        now_us: int,
        reason: str = "",
        expected_version: int | None = None,
    ) -> dict[str, str]:
        made = self._kept.apply(
            wanted, actor=actor, now_us=now_us, reason=reason, expected_version=expected_version
        )
        for duty in ("intake", "ledger"):
            tell(self._folder, duty, REGISTRY)
        return made
