"""What the intake refused, on its way to the gateways: the process that has their connections reads
it where the intake tells of its health.
"""

from __future__ import annotations

import json
from pathlib import Path

from greenoffice.heartbeat import REFUSED, heard
from metering.intake import RefusalNotice
from metering.localtime import iso


class RefusalNews:
    """Notices that were not taken yet.

    file: where the intake tells of its health.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._run = ""
        self._number = 0

    def take(self) -> list[RefusalNotice]:
        """Those that are new, each once; none where the intake does not tell."""
        told = heard(self._file).get("intake", {}).get(REFUSED)
        if told is None:
            return []
        if told["run"] != self._run:
            self._run, self._number = told["run"], 0
        notices = [RefusalNotice(**one) for one in told["notices"]]
        fresh = [one for one in notices if one.number > self._number]
        self._number = max((one.number for one in fresh), default=self._number)
        return fresh


def payload_of(notice: RefusalNotice) -> bytes:
    """JSON for the gateway's topic of errors."""
    told = {
        "reason": notice.reason,
        "topic": notice.topic,
        "message": notice.message,
        "field": notice.field,
        "value": notice.value,
        "fix": notice.fix,
        "count": notice.count,
        "first": iso(notice.first_us),
        "last": iso(notice.last_us),
    }
    return json.dumps(told, ensure_ascii=False).encode()
