"""Files that hold what the system sees, and remember what a loss of power would leave of them.

The files themselves lie in a folder of the machine and are what the product reads. For each the
disk knows its content as of the last sync and what was written since; for the folder, which names
were made, moved and removed since its last sync. A loss of power leaves of a file its synced
content and a random choice of the writes since, some of them cut at 512 bytes, and of the names
those up to a random one of the changes since, in their order, as a file system with a log of its
folders does. The memory that readers and writers of SQLite share (`-shm`) is no file: it is gone.

What is approximate: a folder that is made is there at once, and a lock ends with its process.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, Any

import apsw

from proofs.simulation.runtime import PROCESS, Killed, Process, is_dead

SECTOR = 512
SHM = "-shm"
_LOGS = ("-wal", "-journal")
VFS = "simulated-disk"

Change = tuple[str, str, "Inode | str | None"]
"""("link", name, inode), ("unlink", name, None) or ("move", from, to)."""


@dataclass(eq=False)
class Inode:
    """A file, whatever its name."""

    durable: bytearray = field(default_factory=bytearray)
    """As of its last sync."""
    writes: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Since then, in order: at an offset, or cut there (None)."""
    named: bool = False
    """Whether a sync of it made its name durable too."""

    def sync(self) -> None:
        """All of it is durable."""
        for offset, data in self.writes:
            put(self.durable, offset, data)
        self.writes.clear()


def put(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write into a content, or cut it off there (None)."""
    if data is None:
        del content[offset:]
    else:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


class Disk:
    """All files under a folder.

    faults: counts what befell the files, by kind.
    """

    def __init__(self, root: Path, random: Random, faults: Counter[str]) -> None:
        self.root = root
        self.random = random
        self.faults = faults
        self.full = False
        self.fuse: int | None = None
        """So many writes more until `on_fuse`; None for never."""
        self.on_fuse: Callable[[], None] = lambda: None
        self.descriptors: dict[int, str] = {}
        self.locked: dict[str, Process | None] = {}
        self.flipped: set[str] = set()
        """Files of which bits were turned over, by their first names."""
        self._names: dict[str, Inode] = {}
        self._durable_names: dict[str, Inode] = {}
        self._changes: list[Change] = []

    # -- what the system does

    def inode(self, name: str) -> Inode:
        """The file of a name, made where there is none."""
        if name not in self._names:
            self._names[name] = Inode()
            self._changes.append(("link", name, self._names[name]))
        return self._names[name]

    def burn(self) -> bool:
        """Whether this write is still done: not where the process is gone, or goes with it."""
        if is_dead():
            return False
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                self.on_fuse()
                return not is_dead()
        return True

    def sync(self, name: str, inode: Inode) -> None:
        """A file's content is durable; with the first sync of one of its logs SQLite syncs the
        folder too."""
        inode.sync()
        if name.endswith(_LOGS) and not inode.named:
            inode.named = True
            self.sync_folder()

    def sync_folder(self) -> None:
        """All names are durable as they are."""
        self._durable_names = dict(self._names)
        self._changes.clear()

    def moved(self, name: str, target: str) -> None:
        """A file has another name."""
        self._names[target] = self._names.pop(name)
        self._changes.append(("move", name, target))

    def gone(self, name: str) -> None:
        """A name is no more."""
        if self._names.pop(name, None) is not None:
            self._changes.append(("unlink", name, None))

    def has_room(self, name: str, end: int) -> bool:
        """Whether a file may grow to so many bytes."""
        if not self.full:
            return True
        try:
            return end <= Path(name).stat().st_size
        except OSError:
            return False

    # -- what befalls it

    def lose_power(self) -> None:
        """Leave of all files what is durable, and what of the rest got there by chance. No process
        may have one open."""
        names = dict(self._durable_names)
        for change in self._changes[: self.random.randint(0, len(self._changes))]:
            _apply(names, change)
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                path.unlink()
        for name, inode in names.items():
            inode.durable = self._survived(inode)
            inode.writes.clear()
            Path(name).write_bytes(inode.durable)
        self._names, self._durable_names = names, dict(names)
        self._changes.clear()
        self.locked.clear()

    def flip_bits(self, only: Callable[[str], bool]) -> str | None:
        """Turn some bits of a file over, on the disk and as the system sees it; its name."""
        names = [n for n in sorted(self._names) if only(n) and Path(n).stat().st_size]
        if not names:
            return None
        name = self.random.choice(names)
        content, inode = bytearray(Path(name).read_bytes()), self._names[name]
        durable = inode.durable
        for _ in range(self.random.choice((1, 1, 3, 20))):
            place, mask = self.random.randrange(len(content)), 1 << self.random.randrange(8)
            content[place] ^= mask
            if place < len(durable):
                durable[place] ^= mask
        with Path(name).open("r+b") as file:
            file.write(content)
        self.faults["bit_flip"] += 1
        self.flipped.add(Path(name).name)
        return name

    def _survived(self, inode: Inode) -> bytearray:
        """The durable content, and of the writes since none, all, the first ones or any."""
        if not inode.writes:
            return inode.durable
        content = bytearray(inode.durable)
        kept = self._kept(len(inode.writes))
        self.faults["lost_write"] += len(kept) - sum(kept)
        for (offset, data), stays in zip(inode.writes, kept, strict=True):
            if stays:
                put(content, offset, None if data is None else self._torn(offset, data))
        return content

    def _kept(self, count: int) -> list[bool]:
        way = self.random.choice(("none", "all", "first", "any", "any"))
        if way == "none":
            return [False] * count
        if way == "all":
            return [True] * count
        if way == "first":
            until = self.random.randint(0, count)
            return [n < until for n in range(count)]
        return [self.random.random() < 0.5 for _ in range(count)]

    def _torn(self, offset: int, data: bytes) -> bytes:
        cuts = range(SECTOR - offset % SECTOR, len(data), SECTOR)
        if not cuts or self.random.random() > 0.5:
            return data
        self.faults["torn"] += 1
        return data[: self.random.choice(cuts)]


def _apply(names: dict[str, Inode], change: Change) -> None:
    kind, name, what = change
    if kind == "link":
        assert isinstance(what, Inode)
        names[name] = what
    elif kind == "unlink":
        names.pop(name, None)
    elif name in names:
        assert isinstance(what, str)
        names[what] = names.pop(name)


_disk: list[Disk] = []
"""The disk that is simulated now: SQLite knows its file systems by name, for the whole process."""


def disk() -> Disk:
    """The disk that is simulated now."""
    return _disk[-1]


def mount(one: Disk) -> None:
    """Simulate this disk from now on."""
    _disk.append(one)
    _FileSystem.known()


def unmount() -> None:
    """Simulate it no more."""
    _disk.pop()


class _FileSystem(apsw.VFS):
    """SQLite's own, with an eye on whatever it writes."""

    _known: _FileSystem | None = None

    def __init__(self) -> None:
        super().__init__(VFS, "")

    @classmethod
    def known(cls) -> None:
        """Make it known to SQLite, once."""
        cls._known = cls._known or cls()

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        path = None if name is None else name if isinstance(name, str) else name.filename()
        if path is None or not path.startswith(str(disk().root)):
            return super().xOpen(name, flags)
        return _File(path, name, flags)

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        if disk().burn():
            super().xDelete(name, False)
            disk().gone(name)
            if sync_folder:
                disk().sync_folder()


class _File(apsw.VFSFile):
    def __init__(self, path: str, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._path = path
        self._inode = disk().inode(path)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if disk().burn():
            if not disk().has_room(self._path, offset + len(data)):
                disk().faults["disk_full"] += 1
                raise apsw.FullError("database or disk is full")
            super().xWrite(data, offset)
            self._inode.writes.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        if disk().burn():
            super().xTruncate(size)
            self._inode.writes.append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: ARG002, N802
        if disk().burn():
            disk().sync(self._path, self._inode)


class SimulatedPath(type(Path())):  # type: ignore[misc]
    """A path of the disk; others that are made of it are of it too."""

    def open(self, mode: str = "r", *arguments: Any, **options: Any) -> IO[Any]:
        """As pathlib's; what it writes is not seen before its sync."""
        file: IO[Any] = super().open(mode, *arguments, **options)
        if mode != "r":
            disk().inode(str(self))
            disk().descriptors[file.fileno()] = str(self)
        return file

    def replace(self, target: Any) -> SimulatedPath:
        """As pathlib's."""
        if disk().burn():
            super().replace(target)
            disk().moved(str(self), str(target))
        return SimulatedPath(target)

    def rename(self, target: Any) -> SimulatedPath:
        """As pathlib's."""
        if str(self).endswith(SHM):
            super().rename(target)
            return SimulatedPath(target)
        return self.replace(target)

    def unlink(self, missing_ok: bool = False) -> None:
        """As pathlib's."""
        if disk().burn():
            super().unlink(missing_ok=missing_ok)
            disk().gone(str(self))


class Os:
    """What the product uses of `os` for its files."""

    O_RDONLY, O_WRONLY, O_CREAT = os.O_RDONLY, os.O_WRONLY, os.O_CREAT

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        """A descriptor of a folder or a file."""
        if flags & os.O_CREAT and not path.exists():
            if is_dead():
                raise Killed
            disk().inode(str(path))
        descriptor = os.open(path, flags, mode)
        disk().descriptors[descriptor] = str(path)
        return descriptor

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write into a file, without a sync."""
        name = disk().descriptors[descriptor]
        if disk().burn():
            if not disk().has_room(name, offset + len(data)):
                disk().faults["disk_full"] += 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
            os.pwrite(descriptor, data, offset)
            disk().inode(name).writes.append((offset, bytes(data)))
        return len(data)

    def fsync(self, descriptor: int) -> None:
        """Make a file or the names of a folder durable."""
        name = disk().descriptors[descriptor]
        if not disk().burn():
            return
        if Path(name).is_dir():
            disk().sync_folder()
        else:
            inode = disk().inode(name)
            inode.durable[:] = Path(name).read_bytes()
            inode.writes.clear()
            disk().sync(name, inode)

    def close(self, descriptor: int) -> None:
        """As os.close."""
        disk().descriptors.pop(descriptor, None)
        os.close(descriptor)


class Fcntl:
    """What the product uses of `fcntl`: a lock that ends with the file or the process."""

    LOCK_EX, LOCK_NB = 2, 4

    def flock(self, file: IO[str], _how: int) -> None:
        """BlockingIOError where another process that lives has it."""
        me, path = PROCESS.get(), disk().descriptors[file.fileno()]
        owner = disk().locked.get(path)
        if owner is not None and owner.alive and owner is not me:
            raise BlockingIOError
        disk().locked[path] = me
