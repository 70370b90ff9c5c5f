"""File handles: as many as the system gives, and how many of them are for whom."""

from __future__ import annotations

import resource

RESERVE = 256
"""Kept for files, the database, handshakes and refusals."""
MOST = 1 << 20


def raise_handles() -> int:
    """Lift the soft limit to the hard one; how many handles this process may have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft
        return wanted
    return wanted if soft == resource.RLIM_INFINITY else soft


def for_connections(handles: int) -> int:
    """How many of the handles connections from outside may take; at least one."""
    return max(1, handles - RESERVE, handles // 4)


def for_refusals(handles: int) -> int:
    """How many more may take those that are told that there is no room; at least one."""
    return max(1, min(64, handles // 16))


def for_handshakes(handles: int) -> int:
    """How many more may take those that are at their TLS handshake; at least one."""
    return max(1, min(128, handles // 8))
