"""What would keep the store from working, found without changing anything in it."""

from __future__ import annotations

import re
from typing import Final

from metering.errors import ConfigurationError, GreenOfficeError, Unavailable
from storage.influx import queries
from storage.influx.address import InfluxAddress
from storage.influx.client import InfluxClient

SERVER: Final = "influx url"
"""The field of errors that are the server's own, whatever it was asked."""
DAY_US: Final = 86_400_000_000
_UNITS_US = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}


def check(
    address: InfluxAddress, *, now_us: int, oldest_us: int | None = None
) -> list[GreenOfficeError]:
    """Everything that is wrong: the server, the bucket, each permission, the retention.

    `oldest_us` is the time of the oldest reading that has to be kept, where it is known.
    Empty when readings can be stored and read. Takes a few requests.
    """
    client = InfluxClient(address)
    problems: list[GreenOfficeError] = []
    try:
        for probe in (queries.probe, _may_write):
            try:
                probe(client)
            except Unavailable as error:
                problems.append(error)
                if error.field == SERVER:  # away or in trouble: asked again it is as slow again
                    break
        if not problems and oldest_us is not None:
            problems += too_short(retention_us(client), oldest_us, now_us)
    except GreenOfficeError as error:
        problems.append(error)
    finally:
        client.close()
    return _distinct(problems)


def too_short(kept_us: int | None, oldest_us: int, now_us: int) -> list[ConfigurationError]:
    """Whether a retention (None: for ever) would drop data that is there."""
    if kept_us is None or oldest_us >= now_us - kept_us:
        return []
    needed = -(-(now_us - oldest_us) // DAY_US)
    return [
        ConfigurationError(
            f"the bucket's retention is shorter than the data, which begins {needed} days ago",
            field="retention_days",
            value=kept_us / DAY_US,
            fix=f"give at least {needed + 1} days, or none at all to keep everything",
        )
    ]


def retention_us(client: InfluxClient) -> int | None:
    """How long the bucket keeps a reading [us]; None: for ever."""
    answer = client.send("GET", "/api/v2/buckets", query={"name": client.address.bucket})
    if answer.status != 404:
        buckets = client.decoded(answer).get("buckets") or [{}]
        seconds = [rule["everySeconds"] for rule in buckets[0].get("retentionRules", ())]
        return min((s * 1_000_000 for s in seconds if s), default=None)
    told = client.ask(f'SHOW RETENTION POLICIES ON "{client.address.bucket}"')
    found = re.search(rb"^,,[^,]*,([\dhms]+),.*,true$", told, re.MULTILINE)
    return _duration_us(found[1].decode()) if found else None


def _may_write(client: InfluxClient) -> None:
    """A body without lines: permissions are judged, and nothing is stored."""
    answer = client.write(b"")
    if not answer.ok:
        raise client.error(answer)


def _duration_us(text: str) -> int | None:
    """From the server's `240h0m0s`; its `0s` means for ever."""
    parts = re.findall(r"(\d+)([hms])", text)
    return sum(int(number) * _UNITS_US[unit] for number, unit in parts) or None


def _distinct(problems: list[GreenOfficeError]) -> list[GreenOfficeError]:
    """An unreachable server is one problem, not one per question."""
    return list({str(problem): problem for problem in problems}.values())
