"""Histories that are sent: kept for a day, one step at a time, each in a process.

put ──▶ uploads/HANDLE/ ──ask──▶ `greenoffice history step`, which tells how far it is
                                         │
                       told ◀────────────┘
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from os import getpid
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from greenoffice.folder import DataFolder
from greenoffice.history.state import UploadFolder
from metering.errors import Conflict, InvalidInput, NotFound
from metering.history_load import HistoryAsked, HistoryTold, unknown_upload

MOST_UPLOADS: Final = 32
"""That are kept at a time, of everybody."""
AT_ONCE: Final = 2
"""Steps that run at a time."""
_HANDLE: Final = re.compile(r"[A-Za-z0-9_-]{32}")
_PART: Final = 1 << 20
_KEPT_S: Final = 86_400


class HistoryUploads:
    """The uploads of a data folder. Whoever sent one is the only one who finds it."""

    def __init__(self, folder: DataFolder, most_bytes: int) -> None:
        self._folder, self._most_bytes = folder, most_bytes
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def put(self, name: str, content: BinaryIO, asked: HistoryAsked) -> str:
        """Keep a file of `asked.by`, and begin its first step; what it is found by from then on.
        InvalidInput for an empty file and one above the bound, Conflict where too many are kept or
        run."""
        with self._lock:
            self._need_room()
            self._remove_old()
            handle = secrets.token_urlsafe(24)
            upload = UploadFolder(self._folder.uploads / handle)
            upload.sent.mkdir(mode=0o700, parents=True)
            try:
                shown = _plain_name(name)
                self._copy(content, upload.sent / shown, shown)
            except BaseException:
                shutil.rmtree(upload.root)
                raise
            upload.tell(HistoryTold(handle, shown, asked, running=False))
            self._begin(upload, asked)
            return handle

    def ask(self, id: str, asked: HistoryAsked) -> None:
        """Begin a step. NotFound where whoever asks sent no such file, Conflict while a step of it
        runs, or too many of others, and once it is loaded."""
        with self._lock:
            upload = self._of(id, asked.by)
            told = self._told(upload)
            if told.running or told.loaded:
                raise Conflict(
                    "this file is being read or is loaded",
                    field="step",
                    value=str(asked.step),
                    fix="look at its page, or send the file again",
                )
            self._need_room()
            self._begin(upload, asked)

    def told(self, id: str, by: str) -> HistoryTold:
        """How far a file is. NotFound where whoever asks sent no such file."""
        with self._lock:
            return self._told(self._of(id, by))

    def all_of(self, by: str) -> list[HistoryTold]:
        """How far all files are that somebody sent, the newest act first."""
        with self._lock:
            return [self._told(one) for one in self._kept_of(by)]

    def _kept_of(self, by: str) -> list[UploadFolder]:
        if not self._folder.uploads.is_dir():
            return []
        dated = sorted(
            ((one.stat().st_mtime_ns, one.name) for one in self._folder.uploads.iterdir()),
            reverse=True,
        )
        found = []
        for _, name in dated:
            with suppress(NotFound, FileNotFoundError):  # of others, old, or half made at a crash
                found.append(self._of(name, by))
        return found

    def refused(self, id: str, by: str) -> bytes:
        """Rows that hold what was refused, CSV. NotFound where there are none."""
        with self._lock:
            upload = self._of(id, by)
        try:
            return upload.refused.read_bytes()
        except FileNotFoundError:
            raise unknown_upload(id) from None

    def _told(self, upload: UploadFolder) -> HistoryTold:
        # Looked at first: what a process told in its end is read after it.
        ended = upload.root.name not in self._running
        told = upload.told()
        return replace(told, running=False, died=True) if told.running and ended else told

    def _of(self, id: str, by: str) -> UploadFolder:
        upload = UploadFolder(self._folder.uploads / id)
        if not _HANDLE.fullmatch(id) or not upload.root.is_dir() or upload.asked().by != by:
            raise unknown_upload(id)
        if id not in self._running and _is_old(upload.root):
            raise unknown_upload(id)
        return upload

    def _need_room(self) -> None:
        if len(self._running) >= AT_ONCE:
            raise Conflict(
                f"{AT_ONCE} files are being read",
                field="file",
                fix="wait until one of them is done, and ask again",
            )

    def _begin(self, upload: UploadFolder, asked: HistoryAsked) -> None:
        handle = upload.root.name
        upload.ask(asked)
        before = upload.told()
        upload.tell(replace(before, asked=asked, running=True, done=0, count=0))
        started = threading.Event()
        # The kernel ends a child with the thread that started it, so one stays for as long.
        threading.Thread(
            target=self._run, args=(handle, started), name=f"history {handle[:6]}", daemon=True
        ).start()
        started.wait()

    def _run(self, handle: str, started: threading.Event) -> None:
        place, data = str(self._folder.uploads / handle), str(self._folder.root)
        command = [sys.executable, "-m", "greenoffice", "history", "step", place]
        try:
            process = subprocess.Popen(
                [*command, "--data", data, "--parent", str(getpid())], stdin=subprocess.DEVNULL
            )
            self._running[handle] = process
        except OSError:  # it is told as one that died
            return
        finally:
            started.set()
        process.wait()
        # The next step may have begun already: a process tells its end before it ends.
        if self._running.get(handle) is process:
            del self._running[handle]

    def _copy(self, content: BinaryIO, target: Path, name: str) -> None:
        size = 0
        with target.open("xb") as written:
            while part := content.read(_PART):
                size += len(part)
                if size > self._most_bytes:
                    break
                written.write(part)
        if not 0 < size <= self._most_bytes:
            raise InvalidInput(
                f"no file, or one above {self._most_bytes >> 20} MB",
                field="file",
                value=name,
                fix="choose a file, or load it with `greenoffice history load`",
            )

    def _remove_old(self) -> None:
        """Those of more than a day; Conflict where many are left."""
        kept = 0
        self._folder.uploads.mkdir(mode=0o700, exist_ok=True)
        for one in self._folder.uploads.iterdir():
            if one.name not in self._running and _is_old(one):
                shutil.rmtree(one, ignore_errors=True)
            else:
                kept += 1
        if kept >= MOST_UPLOADS:
            raise Conflict(
                f"{MOST_UPLOADS} files are kept already",
                field="file",
                fix="wait for a day, or load with `greenoffice history load`",
            )


def _is_old(upload: Path) -> bool:
    """Whether nothing was done with it for a day, as the file system counts."""
    return upload.stat().st_mtime < time.time() - _KEPT_S


def _plain_name(name: str) -> str:
    """The last part of a file's name, of characters that can be seen, not too long, not hidden."""
    last = PurePosixPath(name.replace("\\", "/")).name
    seen = "".join(one for one in last if one.isprintable()).lstrip(".~ ")
    path = PurePosixPath(seen or "table")
    return f"{path.stem[:40]}{path.suffix[:10]}"
