"""Clocks of gateways on SQL: stretches in which they were wrong, and what is done about them."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Engine, delete, func, insert, select, true, update

from metering.clock_repair import QUARANTINED, ClockMode, ClockRepair
from metering.ports import ClockKeeper
from storage.intake_rules import forgotten_clocks
from storage.sql.engine import Row, reading, upsert, writing
from storage.sql.schema import CLOCK_MODE, CLOCK_REPAIR, DEAD_LETTER

_REPAIR = CLOCK_REPAIR.c


class SqlClocks(ClockKeeper):
    """What an IntakeStore knows of the clocks of gateways."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def clock_repairs(self, gateway: str | None = None) -> list[ClockRepair]:
        chosen = (
            select(CLOCK_REPAIR)
            .where(true() if gateway is None else _REPAIR.gateway == gateway)
            .order_by(_REPAIR.gateway, _REPAIR.from_us, _REPAIR.id)
        )
        with reading(self._engine) as con:
            return [_repair(row) for row in con.execute(chosen)]

    def clock_modes(self) -> dict[str, ClockMode]:
        with reading(self._engine) as con:
            rows = con.execute(select(CLOCK_MODE))
            return {row.gateway: cast(ClockMode, row.mode) for row in rows}

    def quarantined(self) -> dict[str, int]:
        letter = DEAD_LETTER.c
        counted = (
            select(letter.gateway, func.count())
            .where(letter.state == "open", letter.reason.in_(sorted(QUARANTINED)))
            .group_by(letter.gateway)
        )
        with reading(self._engine) as con:
            return {row[0]: row[1] for row in con.execute(counted)}

    def keep_clock_repair(
        self, one: ClockRepair, known: ClockRepair | None = None
    ) -> ClockRepair | None:
        with writing(self._engine) as con:
            if known is None:
                made = insert(CLOCK_REPAIR).values(_row(one)).returning(_REPAIR.id)
                id = con.scalar(made)
            else:
                same = [_REPAIR[name] == value for name, value in vars(known).items()]
                done = con.execute(update(CLOCK_REPAIR).where(*same).values(_row(one)))
                if done.rowcount != 1:
                    return None
                id = known.id
            mine = select(CLOCK_REPAIR).where(_REPAIR.gateway == one.gateway)
            own = [_repair(row) for row in con.execute(mine)]
            if old := forgotten_clocks(own):
                con.execute(delete(CLOCK_REPAIR).where(_REPAIR.id.in_(old)))
            return next((each for each in own if each.id == id), None)

    def set_clock_mode(self, gateway: str, mode: ClockMode) -> None:
        with writing(self._engine) as con:
            upsert(con, CLOCK_MODE, [{"gateway": gateway, "mode": mode}], ["gateway"])


def _row(one: ClockRepair) -> Row:
    return {name: value for name, value in vars(one).items() if name != "id"}


def _repair(row: Any) -> ClockRepair:
    return ClockRepair(**row._mapping)
