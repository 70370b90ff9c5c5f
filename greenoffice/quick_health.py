"""`greenoffice health DATA PART`, as containers ask it again and again: it loads next to nothing.

Whoever asks otherwise, or where this cannot tell, is answered by the whole command line.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from metering.shard import read_name
from texts import of_terminal, said_error

PATIENCE_S = 15.0
"""How long the API may take to answer [s]."""
TOLD = {
    "collector": ("collector",),
    "intake": ("intake",),
    "ledger": ("ledger",),
    "backups": ("backups",),
    "work": ("intake", "ledger"),
}
"""Heartbeats of what may be asked for."""
HTTP_PART = "http"
"""What the API calls itself among the parts."""
Parts = dict[str, dict[str, Any]]


def answered(words: Sequence[str]) -> int | None:
    """The exit status: 0 where the part is well, 1 where it is not, which is said on standard
    error; None where the whole command line has to answer."""
    if len(words) != 2 or any(word.startswith("-") for word in words):
        return None
    folder = DataFolder(Path(words[0]).absolute())
    parts = _parts(folder, words[1])
    return None if parts is None else tell(parts)


def tell(parts: Parts) -> int:
    """Say on standard error what is not well, in the terminal's language; the exit status."""
    for name, told in parts.items():
        if told.get("error"):
            print(f"{name}: {said_error(told['error'], of_terminal(os.environ))}", file=sys.stderr)
    return 0 if all(told["ok"] for told in parts.values()) else 1


def heartbeats(folder: DataFolder, process: str) -> Parts:
    """What a process told last of its parts; `work` is two."""
    told = TOLD.get(process, (process,))
    return {name: part for one in told for name, part in heard(folder.heartbeat(one)).items()}


def _parts(folder: DataFolder, process: str) -> Parts | None:
    if process in TOLD or not read_name(process)[1].whole:
        return heartbeats(folder, process)
    return _of_api(folder) if process == HTTP_PART else None


def _of_api(folder: DataFolder) -> Parts | None:
    """The API alone, as it says; None where it cannot be asked so."""
    try:
        address = json.loads(folder.http_address.read_text(encoding="utf-8"))
        key = folder.admin_key.read_text(encoding="utf-8").strip()
        told = _asked(address["host"], address["port"], address["certificate"], key)
        part = json.loads(told.partition(b"\r\n\r\n")[2])["parts"][HTTP_PART]
        return {HTTP_PART: {"ok": part["ready"], **part["detail"]}}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _asked(host: str, port: int, certificate: str, key: str) -> bytes:
    """The answer of /health, head and body."""
    question = f"GET /health HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n"
    with socket.create_connection((host, port), PATIENCE_S) as plain:
        if not certificate:
            return _exchanged(plain, question)
        from greenoffice.tls import trusting

        with trusting(Path(certificate)).wrap_socket(plain) as encrypted:
            return _exchanged(encrypted, question)


def _exchanged(line: socket.socket, question: str) -> bytes:
    line.sendall(question.encode("ascii"))
    with line.makefile("rb") as answer:
        return answer.read()


def tell_address(folder: DataFolder, host: str, port: int, certificate: Path | None) -> None:
    """Write down where the API of this folder answers."""
    told = {"host": host, "port": port, "certificate": str(certificate or "")}
    partial = folder.http_address.with_suffix(".partial")
    try:
        partial.write_text(json.dumps(told), encoding="utf-8")
        partial.replace(folder.http_address)
    except OSError:  # a full disk: then the whole command line asks
        return
