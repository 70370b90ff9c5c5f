"""Values of a MyEMS, out of the MySQL databases that it keeps.

    myems_system_db       tbl_points, tbl_meters: names and units
    myems_historical_db   tbl_energy_value ──▶ NAME            what a point's counter showed
                          tbl_analog_value ──▶ analog/NAME     what a point measured
    myems_energy_db       tbl_meter_hourly ──▶ hourly/METER    what MyEMS worked out of it

All its times are UTC. What it marked as bad has no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from greenoffice.history.sources.series import SourceRows, SourceSeries, distinct, us_of
from greenoffice.history.sources.trust import believing
from metering.errors import (
    ConfigurationError,
    GreenOfficeError,
    NotAllowed,
    NotFound,
    Unavailable,
)
from metering.reading import Kind
from metering.tables import known_unit

PAGE: Final = 50_000
_CONNECT_S, _ANSWER_S = 10, 600
_NO_ENTRY = (1044, 1045, 1142, 1698)
_NO_SUCH = (1049, 1146, 1054)
_POINTS = "SELECT id, name, units FROM myems_system_db.tbl_points"
_METERS = (
    "SELECT m.id, m.name, c.unit_of_measure FROM myems_system_db.tbl_meters m"
    " JOIN myems_system_db.tbl_energy_categories c ON c.id = m.energy_category_id"
)


@dataclass(frozen=True)
class MyEmsPlace:
    """Where its MySQL is."""

    host: str
    user: str
    password: str = field(default="", repr=False)
    port: int = 3306
    tls: bool = False
    """Whether it must speak TLS with a certificate that is checked."""
    authority: Path | None = None
    """Of that certificate, where it is none that the system knows; it asks for TLS."""


@dataclass(frozen=True)
class _ValueTable:
    """A table of values, and how its columns are called."""

    name: str
    called: str
    """What stands before the name of each series."""
    of: str
    time: str
    names: str
    """The statement that tells (id, name, unit) of what has values there."""
    kind: Kind | None = None
    bad: str = "0"


_TABLES: Final = (
    _ValueTable(
        "myems_historical_db.tbl_energy_value",
        "",
        "point_id",
        "utc_date_time",
        _POINTS,
        Kind.REGISTER,
        "coalesce(is_bad, 0)",
    ),
    _ValueTable(
        "myems_historical_db.tbl_analog_value",
        "analog/",
        "point_id",
        "utc_date_time",
        _POINTS,
        bad="coalesce(is_bad, 0)",
    ),
    _ValueTable(
        "myems_energy_db.tbl_meter_hourly",
        "hourly/",
        "meter_id",
        "start_datetime_utc",
        _METERS,
        Kind.INTERVAL,
    ),
)


class MyEmsSource:
    """The databases of one MyEMS, read alone; as `HistorySource`.

    ConfigurationError where the part of the installation that speaks with MySQL is not there.
    """

    def __init__(self, place: MyEmsPlace) -> None:
        self._place = place
        self._driver = _driver()
        self._places: dict[str, tuple[_ValueTable, int]] = {}
        self._con = self._connect()
        self._ask("SET SESSION TRANSACTION READ ONLY")

    @property
    def called(self) -> str:
        """Server and port."""
        return f"myems {self._place.host}:{self._place.port}"

    def series(self) -> list[SourceSeries]:
        """Every point and meter that has values."""
        return [one for table in _TABLES for one in self._of_table(table)]

    def rows(self, series: SourceSeries) -> Iterator[SourceRows]:
        """Its values by rising time, a page after the other."""
        table, no = self._places[series.name]
        after: tuple[object, int] = ("1000-01-01", 0)
        while True:
            page = self._ask(
                f"SELECT {table.time}, id, if({table.bad}, NULL, actual_value) FROM {table.name}"  # noqa: S608
                f" WHERE {table.of} = %s AND {table.time} >= %s AND ({table.time} > %s OR id > %s)"
                f" ORDER BY {table.time}, id LIMIT {PAGE}",
                (no, after[0], *after),
            )
            if not page:
                return
            times = np.array([_us(time) for time, _, _ in page], dtype=np.int64)
            yield SourceRows(times, [value for _, _, value in page])
            if len(page) < PAGE:
                return
            after = page[-1][0], page[-1][1]

    def close(self) -> None:
        """Let go of the server."""
        if self._con.open:
            self._con.close()

    def _of_table(self, table: _ValueTable) -> Iterator[SourceSeries]:
        counted = self._ask(
            f"SELECT {table.of}, count(*), min({table.time}), max({table.time})"  # noqa: S608
            f" FROM {table.name} GROUP BY {table.of} ORDER BY {table.of}"
        )
        known = {no: (name, unit) for no, name, unit in self._ask(table.names)}
        names = distinct([(known.get(no, ("", ""))[0], no) for no, *_ in counted])
        for name, (no, count, first, last) in zip(names, counted, strict=True):
            series = f"{table.called}{name}"
            self._places[series] = table, no
            yield SourceSeries(
                series,
                count=int(count),
                first_us=_us(first),
                last_us=_us(last),
                unit=known_unit(known.get(no, ("", ""))[1]),
                kind=table.kind,
                also=(name,),
            )

    def _connect(self) -> Any:
        place = self._place
        try:
            return self._driver.connect(
                host=place.host,
                port=place.port,
                user=place.user,
                password=place.password,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=_CONNECT_S,
                read_timeout=_ANSWER_S,
                ssl=believing(place.authority) if place.tls or place.authority else None,
            )
        except (self._driver.Error, OSError, ValueError) as error:
            raise self._refused(error) from None

    def _ask(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            with self._con.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        except (self._driver.Error, OSError) as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> GreenOfficeError:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        said = " ".join(str(error.args[-1] if error.args else error).split())[:300]
        if number in _NO_ENTRY:
            return NotAllowed(
                f"the server lets nobody in with that: {said}",
                field="user",
                value=self._place.user,
                fix="a user and password that may read the databases of MyEMS",
            )
        if number in _NO_SUCH:
            return NotFound(
                f"not the databases of MyEMS: {said}",
                field="host",
                value=self._place.host,
                fix="name the server on which are myems_system_db and myems_historical_db",
            )
        return Unavailable(
            f"the server does not answer: {said}",
            field="host",
            value=f"{self._place.host}:{self._place.port}",
            fix="see whether it runs, and give the command again: what is loaded stays",
        )


def _us(time: object) -> int:
    """A time that is none, which an old server may hold, is of 1970, which is refused."""
    return us_of(time) if isinstance(time, datetime) else 0


def _driver() -> Any:
    try:
        import pymysql
    except ImportError:
        raise ConfigurationError(
            "this installation cannot speak with MySQL",
            field="myems",
            fix="install it: pip install 'greenoffice[myems]'",
        ) from None
    return pymysql
