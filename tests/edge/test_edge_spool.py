"""What an edge keeps, for how long, and what becomes of it when the room is short."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.asked import obeyed
from edge.spool import Spool, spool_state
from edge.values import EdgeReading
from metering.errors import ConfigurationError

NOW_US = 1_764_000_000_000_000
MINUTE_US = 60_000_000
ROOM = 10_000_000


def reading(n: int) -> EdgeReading:
    return EdgeReading("E1.import", "register", "kWh", NOW_US + n * MINUTE_US, float(n))


def filled(folder: Path, many: int, room: int = ROOM) -> Spool:
    spool = Spool(folder, room, NOW_US)
    for n in range(many):
        spool.put("E1", [reading(n)], NOW_US + n * MINUTE_US)
    return spool


def test_what_waits_outlives_the_process_and_sessions_grow(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as spool:
        first = spool.session
        spool.acknowledged([spool.waiting(1, ())[0].number])
    with Spool(tmp_path, ROOM, NOW_US - 10**13) as spool:  # the clock was lost meanwhile
        assert spool.session > first
        spool.put("E1", [reading(9)], NOW_US)
        told = [(one.session, one.seq) for one in spool.waiting(10, ())]
        assert told == [(first, 2), (first, 3), (spool.session, 1)]
        (one, *_) = spool.waiting(10, [spool.waiting(1, ())[0].number])
        assert json.loads(one.readings) == [
            {
                **{"point": "E1.import", "kind": "register", "unit": "kWh"},
                **{"time": (NOW_US + 2 * MINUTE_US) // 1000, "value": 2.0},
            }
        ]


def test_a_new_spool_begins_above_the_sessions_of_one_that_was_lost(tmp_path: Path) -> None:
    with Spool(tmp_path / "old", ROOM, NOW_US) as old:
        session = old.session
    with Spool(tmp_path / "new", ROOM, NOW_US + MINUTE_US) as new:
        assert new.session > session


def test_no_second_process_opens_it_and_other_files_are_refused(tmp_path: Path) -> None:
    with Spool(tmp_path, ROOM, NOW_US), pytest.raises(ConfigurationError, match="another edge"):
        Spool(tmp_path, ROOM, NOW_US)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/spool.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Spool(tmp_path / "odd", ROOM, NOW_US)
    with pytest.raises(ConfigurationError, match="no edge has run"):
        spool_state(tmp_path / "none")


@settings(max_examples=25)
@given(st.sets(st.integers(1, 30)), st.integers(5, 20))
def test_room_is_made_of_what_arrived_first_and_every_loss_is_counted(
    acknowledged: set[int], fitting: int
) -> None:
    """By a model: of what is acknowledged the oldest goes, then of what waits the oldest."""
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), 30) as spool:
        spool.acknowledged(acknowledged)
        size = spool._bytes // 30
        spool._max_bytes = size * fitting + size // 2
        lost = spool.put("E1", [reading(30)], NOW_US)
        order = [*sorted(acknowledged), *sorted(set(range(1, 31)) - acknowledged)]
        gone = order[: 31 - fitting]
        assert lost == len(set(gone) - acknowledged)
        waits = sorted({*range(1, 32)} - acknowledged - set(gone))
        assert [one.number for one in spool.waiting(100, ())] == waits
        state = spool_state(Path(folder))
        assert (state.waiting, state.told.get("lost", 0)) == (len(waits), lost)
        assert state.kept == len(acknowledged - set(gone))
        assert spool._bytes <= spool._max_bytes


def test_what_is_asked_for_waits_again_and_what_is_gone_is_said_so(tmp_path: Path) -> None:
    with filled(tmp_path, 6) as spool:
        spool.acknowledged(range(1, 7))

        def asked(**told: object) -> object:
            answer = obeyed(spool, json.dumps({"command": "resend", "id": 5, **told}).encode())
            assert answer is not None
            return json.loads(answer)["result"]

        assert asked(session=spool.session, seq=[2, 3]) == "sent"
        assert [one.seq for one in spool.waiting(10, ())] == [2, 3]
        start, until = "2025-11-24T16:03:59Z", "2025-11-24T16:05:00Z"
        assert asked(**{"from": start, "until": until}) == "sent"
        assert [one.seq for one in spool.waiting(10, ())] == [2, 3, 5]
        assert asked(session=spool.session, seq=[70, 80]) == "not_kept"
        assert asked(session=1, seq=[1, 2]) == "not_kept"


@pytest.fixture(scope="module")
def some_spool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spool]:
    with filled(tmp_path_factory.mktemp("spool"), 5) as spool:
        yield spool


WORDS = st.sampled_from(["command", "id", "seq", "session", "from", "until"])
ODD = st.recursive(
    st.none() | st.integers() | st.just("resend") | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner),
)
TOLD = st.fixed_dictionaries(
    {"command": st.just("resend"), "id": ODD},
    optional={"seq": ODD, "session": ODD, "from": ODD, "until": ODD},
)


@settings(max_examples=60)
@given(command=st.binary(max_size=60) | (ODD | TOLD).map(lambda told: json.dumps(told).encode()))
def test_whatever_comes_as_a_command_is_obeyed_or_passed_over(
    some_spool: Spool, command: bytes
) -> None:
    answer = obeyed(some_spool, command)
    assert answer is None or json.loads(answer)["event"] == "resend"


def test_how_a_meter_does_is_told_while_the_edge_runs(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as spool:
        spool.failed("E1", "no answer", NOW_US + MINUTE_US)
        spool.failed("E1", "no answer", NOW_US + 2 * MINUTE_US)
        spool.count("clock_jumps", 1)
        state = spool_state(tmp_path)
        (meter,) = state.meters
        assert (meter.read_us, meter.failures, meter.problem) == (NOW_US, 2, "no answer")
        assert (state.waiting, state.oldest_us) == (1, NOW_US)
        assert state.told == {"session": spool.session, "clock_jumps": 1}
        spool.put("E1", [reading(5)], NOW_US)
        assert spool_state(tmp_path).meters[0].failures == 0
