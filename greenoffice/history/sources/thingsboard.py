"""Telemetry of ThingsBoard in files, as its REST API answers.

GET /api/plugins/telemetry/DEVICE/.../values/timeseries?keys=energy&limit=100000...
{"energy": [{"ts": 1704067200000, "value": "5.2"}, ...]} ──▶ FILE/energy
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from greenoffice.history.sources.series import SourceRows, SourceSeries
from metering.errors import InvalidInput, NotFound

MOST_BYTES = 256 << 20
_FAR_MS = 2**43
"""A few hundred years around 1970; times of which are refused one by one, not here."""


class TelemetryValue(msgspec.Struct):
    """One value of a key."""

    ts: Annotated[int, Meta(ge=-_FAR_MS, le=_FAR_MS)]
    """[ms UTC]"""
    value: str | bool | int | float | None = None


class ThingsBoardSource:
    """Files of telemetry, one a device; as `HistorySource`."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = tuple(files)
        self._values: dict[str, list[TelemetryValue]] = {}

    @property
    def called(self) -> str:
        """The names of the files."""
        return f"thingsboard {' '.join(one.name for one in self._files)}"[:200]

    def series(self) -> list[SourceSeries]:
        """Every key of every file."""
        for file in self._files:
            for key, values in _read(file).items():
                name = f"{file.stem}/{key}"
                if name in self._values:
                    raise InvalidInput(
                        "two files are called alike",
                        field="file",
                        value=str(file),
                        fix="call each as its device is called",
                    )
                if values:
                    self._values[name] = sorted(values, key=lambda one: one.ts)
        return [
            SourceSeries(
                name,
                count=len(values),
                first_us=values[0].ts * 1000,
                last_us=values[-1].ts * 1000,
                also=tuple(name.partition("/")[::2]),
            )
            for name, values in self._values.items()
        ]

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        """Its values by rising time."""
        values = self._values[series.name]
        times = np.array([one.ts for one in values], dtype=np.int64) * 1000
        yield SourceRows(times, [one.value for one in values])

    def close(self) -> None:
        """Forget what was read."""
        self._values.clear()


def _read(file: Path) -> dict[str, list[TelemetryValue]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidInput(
                f"more than {MOST_BYTES >> 20} MiB",
                field="file",
                value=file.name,
                fix="ask for fewer keys or days a file",
            )
        return msgspec.json.decode(file.read_bytes(), type=dict[str, list[TelemetryValue]])
    except OSError as error:
        raise NotFound(
            f"unreadable: {error.strerror}", field="file", value=str(file), fix="check it"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"not telemetry of ThingsBoard: {str(error)[:100]}",
            field="file",
            value=str(file),
            fix="save what values/timeseries answers; CSV is read by greenoffice history load",
        ) from None
