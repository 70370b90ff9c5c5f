"""`python -m proofs.board_users`: people who look at boards, each of which asks all of its panels
again and again.

The plan comes as JSON on standard input, what came of it leaves as one line of JSON. They are a
process of their own, so that what they cost is not the platform's.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice
from urllib.parse import urlencode, urlsplit

import numpy as np

CONNECTIONS = 6
"""As many as a browser keeps to one server."""
PATIENCE_S = 60.0


@dataclass(frozen=True)
class UsersPlan:
    """So many people, each with a board."""

    url: str
    key: str
    boards: Sequence[Sequence[str]]
    """The queries of each board's panels."""
    users: int
    seconds: float
    """How long they look [s]."""
    refresh_s: float
    """From one time that all panels are asked to the next [s]."""


@dataclass
class BoardUser:
    """One person: all panels of a board, over a browser's connections."""

    plan: UsersPlan
    queries: Sequence[str]
    took_s: list[tuple[float, str]] = field(default_factory=list)
    """How long each answer took, and to what."""
    failed: list[str] = field(default_factory=list)
    _own: threading.local = field(default_factory=threading.local)

    def look(self, first_s: float) -> None:
        """Ask the panels at once, and again each `refresh_s`; people do not begin at one moment, so
        this waits first."""
        end_s = time.monotonic() + self.plan.seconds
        time.sleep(first_s)
        with ThreadPoolExecutor(CONNECTIONS) as browser:
            while (began_s := time.monotonic()) < end_s:
                list(browser.map(self._panel, self.queries))
                rest_s = self.plan.refresh_s - (time.monotonic() - began_s)
                time.sleep(max(0.0, min(rest_s, end_s - time.monotonic())))

    def _panel(self, query: str) -> None:
        began_s = time.monotonic()
        try:
            status, told = self._asked(query)
        except OSError as gone:
            self.failed.append(str(gone) or type(gone).__name__)
            self._own.line = None
            return
        if status != 200:
            self.failed.append(told[:200].decode("utf-8", "replace"))
        self.took_s.append((time.monotonic() - began_s, query))

    def _asked(self, query: str) -> tuple[int, bytes]:
        line = getattr(self._own, "line", None)
        if line is None:
            to = urlsplit(self.plan.url)
            line = http.client.HTTPConnection(to.hostname or "", to.port, timeout=PATIENCE_S)
            self._own.line = line
        form = urlencode({"q": query, "db": "greenoffice", "epoch": "ms"})
        headers = {
            "Authorization": f"Token {self.plan.key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        line.request("POST", "/influx/query", form, headers)
        answer = line.getresponse()
        return answer.status, answer.read()


def looked(plan: UsersPlan) -> dict[str, object]:
    """What people waited for a panel [s], and what failed."""
    users = [BoardUser(plan, queries) for queries in islice(cycle(plan.boards), plan.users)]
    threads = [
        threading.Thread(target=user.look, args=(place * plan.refresh_s / plan.users,))
        for place, user in enumerate(users)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [one for user in users for one in user.took_s]
    took = np.array([seconds for seconds, _ in answers])
    failed = [one for user in users for one in user.failed]
    return {
        "answers": len(took),
        "failed": len(failed),
        "first_failures": failed[:3],
        "cpu_s": round(time.process_time(), 2),
        **(
            {
                "p50_s": round(float(np.percentile(took, 50)), 3),
                "p95_s": round(float(np.percentile(took, 95)), 3),
                "worst_s": round(float(took.max()), 3),
                "slowest": _slowest(answers),
            }
            if len(took)
            else {}
        ),
    }


def _slowest(answers: Sequence[tuple[float, str]], count: int = 3) -> dict[str, float]:
    """The queries that take longest in the middle of their answers [s]."""
    by_query: dict[str, list[float]] = {}
    for seconds, query in answers:
        by_query.setdefault(query, []).append(seconds)
    middle = {query: float(np.median(times)) for query, times in by_query.items()}
    ordered = sorted(middle, key=lambda query: -middle[query])
    return {query: round(middle[query], 3) for query in ordered[:count]}


if __name__ == "__main__":
    print(json.dumps(looked(UsersPlan(**json.load(sys.stdin)))), flush=True)
