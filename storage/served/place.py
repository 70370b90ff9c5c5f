"""Where the socket lies: in a folder, mode 0600, or where its path would be too long for the
system, in a short private folder that a link of the same name points to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LONGEST: Final = 100
"""Bytes of a path that every system takes: Linux has room for 107, others for 103."""
CONNECT_S: Final = 5.0
_PREFIX: Final = "greenoffice-"


@dataclass(frozen=True)
class SocketPlace:
    """A socket by its path in the file system."""

    path: Path

    def listening(self) -> socket.socket:
        """A socket that listens there and that its owner alone can connect to. What an earlier
        process left is removed: call it only as the one process that may serve there."""
        self.remove()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = self._short() if _is_long(self.path) else self.path
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.bind(str(target))
            target.chmod(0o600)  # before it listens nobody can connect
            made.listen(128)
            if target != self.path:
                self.path.symlink_to(target)
        except OSError:
            made.close()
            raise
        return made

    def connected(self, timeout_s: float) -> socket.socket:
        """A connection; OSError where nobody listens there."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout_s)
        deadline = time.monotonic() + min(timeout_s, CONNECT_S)
        try:
            while True:
                try:
                    made.connect(str(self._target()))
                    return made
                except BlockingIOError:  # many connect at once
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
        except OSError:
            made.close()
            raise

    def remove(self) -> None:
        """Take the socket away, and the private folder of a long path."""
        target = self._target()
        if target != self.path and target.parent.name.startswith(_PREFIX):
            shutil.rmtree(target.parent, ignore_errors=True)
        self.path.unlink(missing_ok=True)

    def _target(self) -> Path:
        with contextlib.suppress(OSError):
            return self.path.readlink()
        return self.path

    def _short(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=_PREFIX)) / self.path.name


def _is_long(path: Path) -> bool:
    return len(os.fsencode(path)) > LONGEST
