"""One owner of the work: of the intake, and of the ledger with analytics, over all processes and
machines of a platform.

Where the books lie in PostgreSQL, whoever owns a duty holds a lock of its server
(`storage.sql.owning`); where they lie in the folder, a lock on a file in `run/`. A process that
finds its duties owned stands by: it tells so, and tries again until it owns them. What it works
with it opens only then.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

import structlog
from sqlalchemy import Connection

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import parts_of, quiet, stand_by_file, tell
from greenoffice.stores import database_url, parsed_address
from greenoffice.supervisor import exclusive
from metering.errors import ConfigurationError, Conflict, Damaged, Unavailable
from metering.shard import read_name
from storage.sql.owning import DUTIES, SessionLock, not_owner

LOOK_S = 1.0
"""How often a stand-by looks whether it may be an owner [s]."""
HOLD_S = 3.0
"""How often an owner looks whether it still is one, which the server also takes for a sign of its
life; at once where a write was refused [s]."""
_STOP_S = 0.1
"""How soon a claim ends when its process is asked to end [s]."""
WORKING = ("work", "intake", "ledger")
"""Commands that own duties to do them; all others keep them from being done for a while."""

log = structlog.get_logger()


class DutyLock(Protocol):
    """What makes one process the owner."""

    def take(self, duties: Sequence[str]) -> bool:
        """Own all of the duties, or none of them where another process has one."""
        ...

    def holder(self, duties: Sequence[str]) -> str:
        """`COMMAND HOST:PID` of who owns the first of them that is owned; '' where nobody does."""
        ...

    def check(self) -> None:
        """Unavailable where what was taken is not owned any more."""
        ...

    def guard(self, con: Connection) -> None:
        """The same, at the beginning of a transaction that writes."""
        ...

    def close(self) -> None:
        """Own nothing any more."""
        ...


class FileLock(DutyLock):
    """Duties of a data folder whose database lies in it, so that all processes are of one
    machine. The system gives the locks back when the process ends, however it does."""

    def __init__(self, run: Path, who: str) -> None:
        self._run, self._who = run, who
        self._held: dict[Path, IO[str]] = {}
        run.mkdir(mode=0o700, exist_ok=True)

    def take(self, duties: Sequence[str]) -> bool:
        taken: dict[Path, IO[str]] = {}
        for path in map(self._path, duties):
            file: IO[str] = path.open("a+", encoding="utf-8")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                for one in (file, *taken.values()):
                    one.close()
                return False
            taken[path] = file
        for file in taken.values():
            with suppress(OSError):  # a full disk: then it is not told who
                file.truncate(0)
                file.write(self._who)
                file.flush()
        self._held = taken
        return True

    def holder(self, duties: Sequence[str]) -> str:
        for path in map(self._path, duties):
            with suppress(OSError), path.open(encoding="utf-8") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    return file.read() or "another process"
        return ""

    def check(self) -> None:
        for path, file in self._held.items():
            try:
                same = os.path.samestat(path.stat(), os.fstat(file.fileno()))
            except OSError:
                same = False
            if not same:  # the folder `run/` was deleted: another process may lock a new file
                raise not_owner()

    def guard(self, con: Connection) -> None:  # noqa: ARG002 - the file alone tells
        self.check()

    def close(self) -> None:
        for file in self._held.values():
            file.close()
        self._held = {}

    def _path(self, duty: str) -> Path:
        return self._run / f"{duty}.lock"


def open_lock(
    folder: DataFolder, command: str, url: str = "", stop: threading.Event | None = None
) -> DutyLock:
    """The lock of a folder's duties, of the database that its settings name, or of `url`. Once
    `stop` is set no server is waited for any more.

    Unavailable where a server does not answer; ConfigurationError where it refuses.
    """
    address = url or database_url(folder)
    who = f"{command} {myself()}"
    if parsed_address(address).get_backend_name() == "sqlite":
        return FileLock(folder.run, who)
    return SessionLock(address, who, stop)


def myself() -> str:
    """`HOST:PID` of this process."""
    return f"{socket.gethostname()[:32]}:{os.getpid()}"


@dataclass
class Claim:
    """Duties that this process owns, from its beginning until `end` is set: when the process is
    asked to end, or the lock is lost."""

    lock: DutyLock
    stop: threading.Event
    end: threading.Event = field(default_factory=threading.Event)
    _lost: bool = False
    _doubted: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Unavailable where this process does not own its duties any more."""
        if self._lost:
            raise not_owner()
        with self._doubting():
            self.lock.check()

    def guard(self, con: Connection) -> None:
        """The same, at the beginning of a transaction that writes."""
        if self._lost:
            raise not_owner()
        with self._doubting():
            self.lock.guard(con)

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """Who is refused has it looked at once, so that the work does not go on in vain."""
        try:
            yield
        except Unavailable:
            self._doubted.set()
            raise

    def watch(self) -> None:
        """Look again and again, until the end."""
        looked = time.monotonic()
        while not self.stop.is_set() and not self.end.wait(_STOP_S):
            if time.monotonic() - looked < HOLD_S and not self._doubted.is_set():
                continue
            looked = time.monotonic()
            self._doubted.clear()
            try:
                self.lock.check()
            except Unavailable as lost:
                self._lost = True
                log.warning("this process does not own the work any more", error=str(lost))
                break
        self.end.set()


@contextmanager
def _watched(lock: DutyLock, stop: threading.Event) -> Iterator[Claim]:
    claim = Claim(lock, stop)
    watching = threading.Thread(target=claim.watch, name="owner", daemon=True)
    watching.start()
    try:
        yield claim
    finally:
        claim.end.set()
        watching.join()


def own(
    folder: DataFolder, process: str, stop: threading.Event, work: Callable[[Claim], None]
) -> None:
    """Do a process's work whenever it owns its duties, until `stop`; stand by meanwhile.

    Each time it begins anew: `work` opens what it needs, and returns soon after the claim's end.
    Unavailable of a server is waited for. So is ConfigurationError once it has worked, since
    whoever changed the setting may change it back; before, it is let out.
    """
    waiting, worked = _Waiting(folder, process), False
    while not stop.is_set():
        try:
            with closing(open_lock(folder, process, stop=stop)) as lock:
                waiting.until_owner(lock, stop)
                if not stop.is_set():
                    log.info("this process owns the work", duties=waiting.duties)
                    with _watched(lock, stop) as claim:
                        work(claim)
                        worked = True
        except Damaged:
            raise
        except (Unavailable, ConfigurationError) as away:
            if not worked and isinstance(away, ConfigurationError):
                raise
            log.warning("waits to own the work", error=str(away))
            waiting.tell(ok=False, error=str(away))
            stop.wait(LOOK_S)
    waiting.over()


@dataclass
class _Waiting:
    """A process that does not own its duties, and tells so beside what the owner tells."""

    folder: DataFolder
    process: str

    @property
    def duties(self) -> tuple[str, ...]:
        return tuple(DUTIES) if self.process == "work" else (self.process,)

    def until_owner(self, lock: DutyLock, stop: threading.Event) -> None:
        while not lock.take(self.duties):
            holder = lock.holder(self.duties)
            command, _, where = holder.rpartition(" ")
            if read_name(command)[0] in WORKING or not holder:
                self.tell(ok=True)
            else:
                self.tell(ok=False, error=str(_at_work(command, where)))
            if stop.wait(LOOK_S):
                break
        self.over()

    def tell(self, *, ok: bool, error: str = "") -> None:
        for duty in self.duties:
            parts = {
                part: {"ok": ok, "stands_by": [myself()], "error": error} for part in parts_of(duty)
            }
            tell(self._file(duty), parts)

    def over(self) -> None:
        """Nothing is told of a stand-by that is none any more, nor of those that are long gone."""
        for duty in self.duties:
            with suppress(OSError):
                self._file(duty).unlink(missing_ok=True)
            for file in quiet(self.folder.heartbeat(duty)):
                with suppress(OSError):
                    file.unlink(missing_ok=True)

    def _file(self, duty: str) -> Path:
        return stand_by_file(self.folder.heartbeat(duty), myself())


def _at_work(command: str, where: str) -> Unavailable:
    return Unavailable(
        f"`greenoffice {command}` is at work on this data folder",
        field="owner",
        value=where,
        fix="wait until it is done: the work goes on by itself then",
    )


@contextmanager
def at_rest(
    folder: DataFolder, command: str, duties: Sequence[str] = tuple(DUTIES)
) -> Iterator[Claim]:
    """Hold the data folder, and the duties, while a command changes what belongs to them; who
    wants to own them meanwhile stands by.

    Conflict while a platform runs on the folder, or an owner anywhere on its database.
    """
    with exclusive(folder), _owned_by(command, open_lock(folder, command), duties) as claim:
        yield claim


@contextmanager
def database_at_rest(folder: DataFolder, command: str, url: str) -> Iterator[None]:
    """The same of a database that is not the folder's yet; a file has no owner elsewhere."""
    with ExitStack() as held:
        if parsed_address(url).get_backend_name() != "sqlite":
            held.enter_context(_owned_by(command, open_lock(folder, command, url), tuple(DUTIES)))
        yield


@contextmanager
def files_at_rest(folder: DataFolder, command: str) -> Iterator[None]:
    """The same of the folder's own files, wherever its books lie."""
    lock = FileLock(folder.run, f"{command} {myself()}")
    with exclusive(folder), _owned_by(command, lock, tuple(DUTIES)):
        yield


@contextmanager
def _owned_by(command: str, lock: DutyLock, duties: Sequence[str]) -> Iterator[Claim]:
    with closing(lock):
        if not lock.take(duties):
            raise Conflict(
                "the work on this database is owned by another process",
                field="owner",
                value=lock.holder(duties),
                fix=f"stop it, and all that stand by, then run `greenoffice {command}` again",
            )
        with _watched(lock, threading.Event()) as claim:
            yield claim
