"""The registry as a folder of CSV files, read whole or not at all, and written back.

    read_registry(folder, existing)        ┐
    read_registry_texts(texts, existing)   ┴─▶ Registry with what the files say
    write_registry(registry)                ─▶ {file name: text}; reading it gives it back

Every file may be left out; what a row refers to must stand in the files or be registered
already. Everything wrong is reported at once (InvalidFiles) and then nothing is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from metering.calendar import WorkCalendar
from metering.errors import InvalidFiles
from metering.registry.absent import with_absent
from metering.registry.checks import check_facts
from metering.registry.csv_rows import Problems, Row, read_table
from metering.registry.merge import installation_key, space_key, supply_key, united
from metering.registry.missing import with_ended
from metering.registry.model import Registry
from metering.registry.places import take_gateway, take_meter, take_node, take_point
from metering.registry.prices import take_calendar, take_factor, take_tariff
from metering.registry.tables import TABLES, Facts
from metering.registry.tariffs import check_tariffs
from metering.registry.write import write_registry
from metering.tariff_sets import with_sets

__all__ = ["TABLES", "read_registry", "read_registry_texts", "write_registry"]

T = TypeVar("T")

_TAKERS: dict[str, Callable[[Row, Facts], None]] = {
    "tree.csv": take_node,
    "gateways.csv": take_gateway,
    "meters.csv": take_meter,
    "points.csv": take_point,
    "tariff.csv": take_tariff,
    "calendar.csv": take_calendar,
    "factors.csv": take_factor,
}


def read_registry(
    folder: Path, existing: Registry | None = None, *, end_missing: date | None = None
) -> Registry:
    """What the CSV files of a folder say, as a registry of its own to be applied.

    Points known to `existing` keep their ids, and a column that a file leaves out keeps what
    stands. With `end_missing`, dated facts that are not in their file end on that day. Raises
    InvalidFiles with all problems.
    """
    problems, files = Problems(), {}
    if not folder.is_dir():
        problems.add(str(folder), 0, "", "", "no such folder", f"a folder with {', '.join(TABLES)}")
    else:
        for path in sorted(folder.glob("*.csv")):
            try:
                files[path.name] = path.read_bytes()
            except OSError as error:
                problems.add(path.name, 0, "", "", f"unreadable: {error.strerror}", "check it")
    return _read(files, existing or Registry(), problems, end_missing)


def read_registry_texts(
    texts: Mapping[str, str | bytes],
    existing: Registry | None = None,
    *,
    end_missing: date | None = None,
) -> Registry:
    """The same of files in memory, {name: content}."""
    return _read(texts, existing or Registry(), Problems(), end_missing)


def _read(
    files: Mapping[str, str | bytes],
    existing: Registry,
    problems: Problems,
    end_missing: date | None,
) -> Registry:
    for name in files:
        if name not in TABLES:
            problems.add(
                name, 0, "", "", "not a file of the registry", f"one of {', '.join(TABLES)}"
            )
    if not files and not problems.found:
        problems.add("", 0, "", "", "no files", f"at least one of {', '.join(TABLES)}")
    tables = {
        name: read_table(table, files[name], problems)
        for name, table in TABLES.items()
        if name in files
    }
    facts = _facts(with_absent(tables, existing), existing)
    wanted = _registry(facts)
    if end_missing is not None:
        wanted = with_ended(existing, wanted, files, end_missing)
    whole = _together(existing, wanted)
    check_facts(facts, whole, existing)
    check_tariffs(facts, whole)
    if problems.found:
        order = [*TABLES, *files]
        raise InvalidFiles(sorted(problems.found, key=lambda p: (_place(order, p.file), p.line)))
    return wanted


def _place(order: Sequence[str], file: str) -> int:
    return order.index(file) if file in order else -1


def _facts(tables: Mapping[str, Sequence[Row]], existing: Registry) -> Facts:
    known = {(p.gateway, p.name): p.id for p in existing.points.values()}
    facts = Facts(ids=known, last_id=max(known.values(), default=0))
    for name, rows in tables.items():
        for row in rows:
            _TAKERS[name](row, facts)
    return facts


def _registry(facts: Facts) -> Registry:
    """The files' facts as a registry, in the order of their rows."""
    return Registry(
        nodes={node.code: node for _, node in facts.nodes},
        space=_values(facts.space),
        gateways={gateway.user: gateway for _, gateway in facts.gateways},
        meters={meter.code: meter for _, meter in facts.meters},
        supply=_values(facts.supply),
        points={point.id: point for _, point in facts.points},
        installations=_values(facts.installations),
        tariff=_values(facts.tariff),
        factors=_values(facts.factors),
        calendar=WorkCalendar.of(_values(facts.calendar)),
    )


def _values(pairs: Iterable[tuple[Row, T]]) -> tuple[T, ...]:
    return tuple(value for _, value in pairs)


def _together(existing: Registry, wanted: Registry) -> Registry:
    """Old and new, the new in place of what has the same natural key."""
    return Registry(
        nodes=existing.nodes | wanted.nodes,
        space=united(existing.space, wanted.space, space_key),
        gateways=existing.gateways | wanted.gateways,
        meters=existing.meters | wanted.meters,
        supply=united(existing.supply, wanted.supply, supply_key),
        points=existing.points | wanted.points,
        installations=united(existing.installations, wanted.installations, installation_key),
        tariff=with_sets(existing.tariff, wanted.tariff),
    )
