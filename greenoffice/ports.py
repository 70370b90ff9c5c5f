"""Ports for a demo: the usual ones, or free ones where those are taken."""

from __future__ import annotations

import socket


def usable_port(preferred: int, taken: set[int], host: str = "127.0.0.1") -> int:
    """`preferred` if nothing listens there, else a free port; never one of `taken`."""
    if preferred not in taken and _is_free(preferred, host):
        return preferred
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _is_free(port: int, host: str) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
