"""Points that nobody registered, in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from metering.joining import SeenPoint, Sighting, forgotten, noted


class MemorySeenPoints:
    """What an IntakeStore knows of points that nobody registered."""

    def __init__(self, lock: threading.RLock) -> None:
        self._seen_lock = lock
        self._seen_points: dict[str, dict[str, SeenPoint]] = {}

    def seen_points(self, gateway: str) -> list[SeenPoint]:
        """As the port says."""
        with self._seen_lock:
            return [one for _, one in sorted(self._seen_points.get(gateway, {}).items())]

    def dismiss(self, gateway: str, points: Sequence[str], *, by: str, now_us: int) -> list[str]:
        """As the port says."""
        with self._seen_lock:
            own = self._seen_points.get(gateway, {})
            found = sorted(own.keys() & set(points))
            for name in found:
                own[name] = replace(own[name], dismissed_us=now_us, dismissed_by=by)
            self._forget(gateway)
            return found

    def _note_sightings(self, sightings: Sequence[Sighting]) -> None:
        """What a batch brought."""
        for one in sightings:
            own = self._seen_points.setdefault(one.gateway, {})
            known = own.get(one.point, SeenPoint(one.gateway, one.point))
            own[one.point] = noted(known, one)
        for gateway in sorted({one.gateway for one in sightings}):
            self._forget(gateway)

    def _forget(self, gateway: str) -> None:
        own = self._seen_points.get(gateway, {})
        for name in forgotten(own.values()):
            del own[name]

    def _empty_seen_points(self) -> None:
        for own in self._seen_points.values():
            kept = [one.emptied() for one in own.values() if one.dismissed_us]
            own.clear()
            own.update({one.point: one for one in kept})
