"""A PostgreSQL that hangs, goes on, or is killed with all its processes."""

from __future__ import annotations

import contextlib

import psutil

from proofs.servers.postgres import OwnPostgres


def freeze(server: OwnPostgres) -> None:
    """Every process of it stands still, its sockets stay open."""
    for first in _first(server):
        first.suspend()  # before the others are looked for: it starts no more
        for process in first.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # a worker that was ending
                process.suspend()


def thaw(server: OwnPostgres) -> None:
    """Let a server that hangs go on."""
    for first in _first(server):
        for process in (*first.children(recursive=True), first):
            with contextlib.suppress(psutil.NoSuchProcess):  # a worker that was ending
                process.resume()


def kill(server: OwnPostgres) -> None:
    """End every process of it at once, also of one that hangs."""
    for first in _first(server):
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    server.halt()


def _first(server: OwnPostgres) -> list[psutil.Process]:
    """The process that starts the others, where it runs."""
    name = str(server.folder / "data")
    found: dict[int, tuple[psutil.Process, int]] = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if name in words and "-k" in words and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = process, process.ppid()
    return [process for process, parent in found.values() if parent not in found]
