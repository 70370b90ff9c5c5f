"""Which series of a table is which point: by a mapping, else by equal codes and names.

series      what its heading says, or the meter that its rows name; of a meter with several
            columns METER/HEADING
point       SITE/GATEWAY/POINT, or the code of the meter that the point serves
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector.tables import read_tables
from metering.errors import InvalidInput, NotFound
from metering.history_load import NewMeter
from metering.reading import Kind
from metering.registry import Point, Registry

MOST_BYTES = 4 << 20
_OF_NEW = {"node", "item", "unit", "kind"}
_HOW = "two columns, series and point: the heading, and SITE/GATEWAY/POINT or the code of a meter"


@dataclass(frozen=True)
class MappedSeries:
    """What a mapping says of a series."""

    point: str
    """'' leaves it out."""
    unit: str = ""
    """Of values whose unit the file does not say; '' is that in which the point sends."""
    new: NewMeter | None = None
    """What is said of one that is made for it where new ones are; then it names no point."""


@dataclass(frozen=True)
class SeriesTarget:
    """Where the readings of a series go."""

    point: Point
    unit: str


def series_names(series: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """What each series of a table is called, from (meter, heading)."""
    meters = [meter for meter, _ in series]
    return tuple(
        f"{meter}/{heading}" if meter and meters.count(meter) > 1 else meter or heading
        for meter, heading in series
    )


def read_mapping(file: Path) -> dict[str, MappedSeries]:
    """A mapping by series: a table with headings `series`, `point` and maybe `unit`, or TOML with
    `"SERIES" = "POINT"` or `"SERIES" = {point = "POINT", unit = "kWh"}` below `[points]`. What has
    no point may say `node`, `item`, `unit` and `kind` of a new one.

    Raises NotFound where there is no such file, InvalidInput where it is no mapping.
    """
    if file.suffix.lower() == ".toml":
        return _of_toml(file)
    table = read_tables(file)[0]
    lines = ([str(cell or "").strip() for cell in cells] for _, cells in table.lines())
    headings = [one.lower() for one in next(lines, [])]
    if not {"series", "point"} <= set(headings):
        raise _wrong(file, ", ".join(headings)[:100])
    found: dict[str, MappedSeries] = {}
    for cells in lines:
        row = dict(zip(headings, cells, strict=False))
        if row.get("series"):
            _add(found, row["series"], _mapped_row(row), file)
    return found


def _mapped_row(row: Mapping[str, str]) -> MappedSeries:
    """A row without a point is one that nobody filled in, or says what a new one is."""
    told = {name: row.get(name, "") for name in _OF_NEW}
    point = row.get("point", "")
    return MappedSeries(point, told["unit"], None if point else NewMeter(**told))


def _of_toml(file: Path) -> dict[str, MappedSeries]:
    try:
        with file.open("rb") as source:
            data = source.read(MOST_BYTES).decode("utf-8-sig")
        told = tomllib.loads(data).get("points")
    except OSError as error:
        raise NotFound(
            f"the mapping cannot be read: {error.strerror}",
            field="--mapping",
            value=str(file),
            fix="name a file that you may read",
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(file, str(error)[:100]) from None
    if not isinstance(told, dict):
        raise _wrong(file, "no table [points]")
    return {series: _mapped(one, file) for series, one in told.items()}


def _mapped(told: object, file: Path) -> MappedSeries:
    if isinstance(told, str):
        return MappedSeries(told)
    if isinstance(told, dict) and isinstance(told.get("point"), str):
        return MappedSeries(told["point"], str(told.get("unit", "")))
    if isinstance(told, dict) and told.keys() <= _OF_NEW and all(_are_texts(told)):
        return MappedSeries("", told.get("unit", ""), NewMeter(**told))
    raise _wrong(file, str(told)[:100])


def _are_texts(told: Mapping[str, object]) -> Iterator[bool]:
    return (isinstance(one, str) for one in told.values())


def _add(found: dict[str, MappedSeries], series: str, mapped: MappedSeries, file: Path) -> None:
    if found.setdefault(series, mapped) != mapped:
        raise InvalidInput(
            f"{file.name} maps one series twice",
            field="series",
            value=series,
            fix="leave one row of it",
        )


def _wrong(file: Path, value: str) -> InvalidInput:
    return InvalidInput(f"{file.name} is no mapping", field="--mapping", value=value, fix=_HOW)


class SeriesMapping:
    """Finds the point of a series in one registry.

    gateway: whose points alone are meant, '' all of them; kind: what they have to be.
    """

    def __init__(
        self,
        registry: Registry,
        mapped: Mapping[str, MappedSeries],
        gateway: str = "",
        kind: Kind | None = None,
    ) -> None:
        if gateway and gateway not in registry.gateways:
            raise NotFound(
                "no such gateway",
                field="--gateway",
                value=gateway,
                fix="SITE/GATEWAY as registered",
            )
        self._registry, self._mapped, self._kind = registry, mapped, kind
        self._points = {
            one.id: one for one in registry.points.values() if gateway in ("", one.gateway)
        }
        self._by_name = self._names()

    def target(self, series: str, unit: str) -> SeriesTarget | None:
        """Where a series goes whose file says this unit, or ''; None where nobody knows it.

        Raises InvalidInput where several points have its name, its mapping names none, or the
        point is of another kind than was said.
        """
        mapped = self._mapped.get(series)
        if self.leaves_out(series):
            return None
        if mapped is None or not mapped.point:
            points, how = self._called(series), "give it a row in --mapping"
            if not points:
                return None
        else:
            points, how = self._named(mapped.point), _HOW
        if len(points) != 1:
            raise InvalidInput(
                f"{len(points)} points fit the series {series!r}",
                field="point",
                value=mapped.point if mapped else " ".join(sorted(map(self._full, points)))[:200],
                fix=how,
            )
        point = self._points[next(iter(points))]
        if self._kind is not None and point.kind is not self._kind:
            raise InvalidInput(
                f"the series {series!r} goes to a point of another kind",
                field="--kind",
                value=self._kind,
                fix=f"{self._full(point.id)} is registered as {point.kind}",
            )
        return SeriesTarget(point, unit or (mapped.unit if mapped else ""))

    def leaves_out(self, series: str) -> bool:
        """Whether somebody said that a series goes nowhere."""
        mapped = self._mapped.get(series)
        return mapped is not None and not mapped.point and mapped.new is None

    @property
    def says_new(self) -> bool:
        """Whether something new is said of any series."""
        return any(one.new is not None for one in self._mapped.values())

    def makes(self, series: str, *, others: bool) -> NewMeter | None:
        """What is said of a new meter for a series; None where it has a point or is left out.
        `others`: those that nobody mapped to a point, and no point is called after, get one."""
        mapped = self._mapped.get(series)
        if mapped is not None and (mapped.point or mapped.new is None):
            return None
        if others and self._called(series):
            return None
        if mapped is not None:
            return mapped.new
        return NewMeter() if others else None

    def fitting(self, series: str) -> tuple[str, ...]:
        """SITE/GATEWAY/POINT of the points that are called as a series; several where it cannot be
        told which is meant."""
        return tuple(sorted(map(self._full, self._called(series))))

    def _called(self, series: str) -> set[int]:
        """Points that are called so; letter for letter, where one is."""
        found = self._by_name.get(_folded(series), set())
        exact = {id for id in found if self._points[id].name == series}
        return exact or found

    def _full(self, id: int) -> str:
        return f"{self._points[id].gateway}/{self._points[id].name}"

    def _named(self, told: str) -> set[int]:
        full = {id for id in self._points if self._full(id) == told}
        return full or self._serving(told)

    def _serving(self, meter: str) -> set[int]:
        own = {one.point for one in self._registry.installations_of(meter)}
        return own & self._points.keys()

    def _names(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for id, point in self._points.items():
            _call(found, {id}, [point.name, self._full(id)])
        for meter in self._registry.meters.values():
            if points := self._serving(meter.code):
                _call(found, points, [meter.code, meter.name_zh, meter.name_en])
        return found


def _call(found: dict[str, set[int]], points: set[int], names: Iterable[str]) -> None:
    for name in filter(None, names):
        found.setdefault(_folded(name), set()).update(points)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
