"""Every cell of any table is counted once: read is the sum of what became of them.

Tables are drawn with every kind of defect; what each cell must come to is told here by rules of its
own, cell by cell, and compared with what the load says and with what is stored.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.history.command import run_load
from greenoffice.history.options import HistoryOptions
from tests import history_office

pytestmark = pytest.mark.timeout(600)

GOOD, MISSING, BAD = ("1.5", "12", "0.25", "7.125", "1000.5"), ("", "-", "N/A", "无"), ("x", "1..2")
TIMES = [f"{datetime(2025, 3, 1) + timedelta(hours=n):%Y-%m-%d %H:%M}" for n in range(12)]
NO_TIMES = ("", "never", "2099-01-01 00:00")
METERS = ("hall", "lab", "shop", "nobody")
Row = tuple[str, tuple[str, ...], bool]
"""(time, cells, whether a separator is too many)."""

ROWS = st.lists(
    st.tuples(
        st.sampled_from([*TIMES, *NO_TIMES]),
        st.tuples(*[st.sampled_from([*GOOD, *GOOD, *MISSING, *BAD])] * len(METERS)),
        st.sampled_from([False] * 9 + [True]),
    ),
    min_size=1,
    max_size=40,
)


@dataclass
class Sums:
    stored: int = 0
    duplicates: int = 0
    differing: int = 0
    unknown: int = 0
    missing: int = 0
    refused: int = 0


def expected(rows: list[Row], stands: dict[tuple[str, str], float]) -> Sums:
    """What each cell comes to beside what stands; what is stored stands from then on."""
    found = Sums()
    before: dict[tuple[str, str], float] = {}
    for time, cells, broken in rows:
        for meter, text in zip(METERS, cells, strict=True):
            if text in MISSING and not broken:
                found.missing += 1
            elif broken or text in BAD or time in ("", "never"):
                found.refused += 1
            elif meter == "nobody":
                found.unknown += 1
            else:
                _one(found, (meter, time), float(text), before, stands)
    return found


def _one(
    found: Sums,
    at: tuple[str, str],
    value: float,
    before: dict[tuple[str, str], float],
    stands: dict[tuple[str, str], float],
) -> None:
    """Of two values of one time the first of the file is looked at."""
    if at in before:
        found.duplicates += before[at] == value
        found.differing += before[at] != value
        return
    before[at] = value
    if at[1] == NO_TIMES[-1]:
        found.refused += 1
    elif at in stands:
        found.duplicates += stands[at] == value
        found.differing += stands[at] != value
    else:
        found.stored += 1
        stands[at] = value


def written(file: Path, rows: list[Row]) -> Path:
    lines = [",".join(["time", *METERS])]
    for time, cells, broken in rows:
        lines.append(",".join([time, *cells, *(["1", "2"] if broken else [])]))
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    return history_office.office(tmp_path_factory.mktemp("counts") / "data")


STANDS: dict[tuple[str, str], float] = {}
"""What was loaded by examples before: the office stays."""


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, again=st.booleans())
def test_read_is_the_sum_of_what_became_of_each_cell(
    office: DataFolder, rows: list[Row], again: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        file = written(Path(place) / "a.csv", rows)
        said = HistoryOptions(files=(file,), zone="UTC", date="ymd", decimal=".", separator=",")
        for _ in range(1 + again):
            wanted = expected(rows, STANDS)
            (told,) = run_load(said, office.root, as_json=True)
            counts = told.counts.as_dict()
            assert counts["read"] == len(rows) * len(METERS)
            assert counts["read"] == sum(counts.values()) - counts["read"]
            assert {name: counts[name] for name in vars(wanted)} == vars(wanted)


def test_what_was_counted_as_stored_is_stored(office: DataFolder) -> None:
    with history_office.platform(office):
        pass
    with closing(Assembly.open(office)) as parts:
        registry = parts.registry()
        found = {}
        for meter in METERS[:-1]:
            point = registry.point_of("s/g", f"p.{meter}")
            assert point is not None
            rows = parts.readings.scan([point.id], 0, 2**62)
            for at, value in zip(rows.time_us.tolist(), rows.value.tolist(), strict=True):
                shown = datetime.fromtimestamp(at / 1e6, UTC)
                found[meter, f"{shown:%Y-%m-%d %H:%M}"] = value
    assert found == STANDS
