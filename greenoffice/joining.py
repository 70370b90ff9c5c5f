"""`greenoffice points`: what gateways send and nobody registered, on the host itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.routes import check_route
from collector.tables import read_tables
from figures import complete_months
from greenoffice.folder import DataFolder
from greenoffice.saying import language
from greenoffice.stores import open_stores
from metering.access import AuditEntry, by_command
from metering.commissioning import CORRECTED, Proposed, approval, proposals, sure_ones
from metering.errors import InvalidInput, NotFound
from metering.gateway_life import require_registered
from metering.guessing import Guessed
from metering.localtime import iso
from metering.registry.files import read_registry_texts
from metering.registry.proposal import check_reason, propose
from metering.registry.rows import as_text
from metering.tables import known_heading
from texts import word


def proposed(folder: DataFolder, gateway: str, *, dismissed: bool) -> list[dict[str, object]]:
    """What is proposed of a gateway, or was dismissed, by name; NotFound for one that is not
    registered."""
    stores = open_stores(folder)
    registry = stores.registry.load()
    require_registered(registry, gateway)
    found = proposals(stores.intake.seen_points(gateway), registry, dismissed=dismissed)
    return [_told(one) for one in found]


def approve(
    folder: DataFolder,
    gateway: str,
    wanted: Sequence[Mapping[str, str]],
    *,
    sure: bool = False,
    reason: str = "",
) -> dict[str, object]:
    """Register points of a gateway as proposed, or as `wanted` corrects them; `sure`: those too
    of which kind and unit are sure. The names of those that were registered now, and before.
    Errors as `approval`, and those of an import."""
    stores, now_us = open_stores(folder), folder.clock().now_us()
    before = stores.registry.load()
    require_registered(before, gateway)
    seen = stores.intake.seen_points(gateway)
    named = {one.get("point", "") for one in wanted}
    rest = sure_ones(proposals(seen, before)) if sure else []
    more = [one for one in rest if one["point"] not in named]
    if sure and not wanted and not more:
        return {"approved": [], "already": []}
    found = approval(gateway, seen, before, [*wanted, *more])
    if found.files:
        read = read_registry_texts(found.files, before, check_route=check_route)
        complete = complete_months(stores.books, before, now_us)
        change = propose(before, read, complete, list(found.files))
        stores.registry.apply(
            read,
            actor=str(by_command()),
            now_us=now_us,
            reason=check_reason(change, reason),
            expected_version=before.version,
        )
    return {"approved": list(found.approved), "already": list(found.already)}


def dismiss(
    folder: DataFolder, gateway: str, points: Sequence[str], *, undo: bool
) -> dict[str, object]:
    """Propose points no more, or again; NotFound where none of them was heard of."""
    stores, now_us = open_stores(folder), folder.clock().now_us()
    require_registered(stores.registry.load(), gateway)
    by = "" if undo else str(by_command())
    done = stores.intake.dismiss(gateway, points, by=by, now_us=0 if undo else now_us)
    if not done:
        raise NotFound(
            "nothing came of a point of that name",
            field="point",
            value=", ".join(points),
            fix="list what was proposed: greenoffice points proposed DATA SITE/GATEWAY",
        )
    action = "points.undismiss" if undo else "points.dismiss"
    for point in done:
        stores.access.audit(AuditEntry(now_us, str(by_command()), action, f"{gateway} {point}"))
    return {"proposed" if undo else "dismissed": done}


def read_corrections(path: Path) -> list[dict[str, str]]:
    """Rows of a table: `point`, and any columns of points.csv that are not as proposed."""
    rows = [
        [as_text(one).strip() for one in cells]
        for table in read_tables(path)[:1]
        for _, cells in table.lines()
    ]
    heading = [known_heading(one)[0] for one in rows[0]] if rows else []
    if "point" not in heading or any(len(row) != len(heading) for row in rows):
        raise InvalidInput(
            "a row has more or fewer fields than the header, or none is called point",
            field="corrections",
            value=str(path),
            fix=f"a header of point and any of {', '.join(CORRECTED)}",
        )
    named = (dict(zip(heading, row, strict=True)) for row in rows[1:] if any(row))
    return [{name: text for name, text in row.items() if name != "gateway"} for row in named]


def _told(one: Proposed) -> dict[str, object]:
    seen, spoken = one.seen, language()
    found: dict[str, object] = {
        "point": seen.point,
        "name": seen.described.name if seen.described else "",
        "first_seen": iso(seen.first_us) if seen.first_us else None,
        "last_seen": iso(seen.last_us) if seen.last_us else None,
        "readings": seen.seen,
        "step_s": None if seen.step_us is None else seen.step_us / 1e6,
        "values": [
            {"time": iso(time), "value": value, "unit": unit} for time, value, unit in seen.latest
        ],
        "kind": _guess_told(one.guess.kind, spoken),
        "unit": _guess_told(one.guess.unit, spoken),
    }
    for group in ("quantity", "medium", "direction"):
        value = getattr(one.guess, group)
        found[group] = word(group, value, spoken) if value else None
    if seen.dismissed_us:
        found |= {"dismissed": iso(seen.dismissed_us), "dismissed_by": seen.dismissed_by}
    return found


def _guess_told(one: Guessed, spoken: str) -> dict[str, str]:
    return {
        "value": one.value,
        "sure": word("sureness", one.sure, spoken),
        "why": word("guess_reason", one.why, spoken),
    }
