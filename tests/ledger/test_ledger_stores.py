"""The ledger on the real stores books what it books in memory, and goes on after a restart."""

from __future__ import annotations

import numpy as np

from ledger.worker import Ledger
from storage import DuckDBReadings, open_engine, sql_stores


def test_duckdb_and_sqlite_book_the_same(helpers, tmp_path):
    meters = [helpers.meter("t", total=True), helpers.meter("a", "01A00", step_min=60)]
    registry = helpers.campus(meters, digits=4)
    memory = helpers.World(registry, helpers.later(4))
    real = helpers.World(registry, helpers.later(4))
    engine = open_engine(f"sqlite:///{tmp_path / 'books.db'}")
    stores = sql_stores(engine)
    real.readings = DuckDBReadings(tmp_path / "readings.duckdb")
    real.marks, real.books = stores.marks, stores.books
    rng = np.random.default_rng(7)
    times = helpers.quarters(3 * 96 + 1)
    values = (9_000 + np.cumsum(rng.integers(0, 14, len(times)))) % 10_000
    values[150:170] = values[150]
    kept = np.ones(len(times), dtype=bool)
    kept[40:70] = False
    for world in (memory, real):
        for part in np.array_split(np.flatnonzero(kept), 4):
            ledger = Ledger(
                world.readings,
                world.books,
                world.marks,
                lambda: registry,
                lambda: helpers.later(4),
            )
            world.push(1, times[part], values[part].astype(float))
            world.push(2, times[part][::4], part[::4] * 2.0)
            ledger.step()
    helpers.same(memory, real)
    assert real.books.revision("o") == memory.books.revision("o")
    assert len(real.rows("node", "o")) == 4
    real.readings.close()
    engine.dispose()
