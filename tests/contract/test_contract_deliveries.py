"""Laws of what an IntakeStore keeps of deliveries: how far gateways are, gaps and receipts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from metering.delivery import Arrived, Gap, Receipt, asked, by_hand, ended
from metering.errors import Conflict
from metering.intake import GatewayCounts, IntakeBatch
from storage import Stores

SEGMENT = 1 << 24 | 5
AT_US = 1_764_000_000_000_000
QUIET_US = 120_000_000
LATER_US = AT_US + QUIET_US
DAY = Receipt("s/a", 20_416, 1, 2, 300, new=5, late=1, first=(SEGMENT, 3), last=(SEGMENT, 9))


def take(stores: Stores, *arrived: Arrived, **more: object) -> None:
    place = stores.intake.checkpoint(1)
    batch = IntakeBatch(1, *place, SEGMENT, place[1] + 1, arrived=arrived, **more)  # type: ignore[arg-type]
    stores.intake.commit(batch)


def numbers(gateway: str, *given: int, **more: object) -> Arrived:
    own = {7: np.array(given, np.int64)}
    return Arrived(gateway, 1, AT_US, numbers=own, **more)  # type: ignore[arg-type]


def test_gaps_are_kept_split_and_closed(stores: Stores) -> None:
    take(stores, numbers("s/a", 1, 2, 3, 9), numbers("s/b", 1, 2, 4))
    assert stores.intake.open_gaps() == {"s/a": 1, "s/b": 1}
    take(stores, numbers("s/a", 6))
    found = stores.intake.gaps("s/a")
    assert [gap.numbers for gap in found] == [(7, 8), (4, 5)]
    assert [gap.id for gap in found] == sorted((gap.id for gap in found), reverse=True)
    take(stores, numbers("s/a", 4, 5))
    assert [gap.state for gap in stores.intake.gaps("s/a")] == ["open", "closed"]
    assert [gap.numbers for gap in stores.intake.gaps("s/a", state="closed")] == [(4, 5)]
    assert stores.intake.gaps("s/a", before_id=found[0].id, limit=1)[0].id == found[1].id
    assert stores.intake.gaps("s/nobody") == []


def test_how_far_gateways_are(stores: Stores) -> None:
    times = np.arange(3, dtype=np.int64) * 900_000_000 + AT_US
    take(stores, numbers("s/a", 1, 2), Arrived("s/b", 3, AT_US, times_us=times))
    found = stores.intake.delivery_states(None)
    assert sorted(found) == ["s/a", "s/b"]
    assert (found["s/a"].session, found["s/a"].seq, found["s/a"].steps) == (7, 2, (1,))
    assert found["s/b"].distances_us == (900_000_000, 900_000_000)
    assert found["s/b"].writer_no == 3
    assert list(stores.intake.delivery_states(frozenset({"s/b", "s/c"}))) == ["s/b"]


def test_receipts_add_up_and_are_made_again_by_a_rebuild(stores: Stores) -> None:
    before = replace(DAY, first=(SEGMENT - 1, 40), last=(SEGMENT - 1, 41))
    another = replace(DAY, day=DAY.day - 1)
    take(stores, numbers("s/a", 1, receipts=(DAY, another)))
    take(stores, numbers("s/a", 2, receipts=(before,)))
    latest, earlier = stores.intake.receipts("s/a")
    assert (latest.messages, latest.new, latest.late) == (4, 10, 2)
    assert (latest.first, latest.last) == ((SEGMENT - 1, 40), (SEGMENT, 9))
    assert earlier == another
    assert stores.intake.receipts("s/a", before=DAY.day) == [another]
    assert stores.intake.receipts("s/a", limit=1) == [latest]
    stores.intake.clear()
    assert stores.intake.receipts("s/a") == []
    take(stores, numbers("s/a", 1, 2, receipts=(DAY,)))
    assert stores.intake.receipts("s/a") == [DAY]


def test_a_rebuild_finds_no_gap_twice(stores: Stores) -> None:
    take(stores, numbers("s/a", 1, 2, 3, 5))
    (gap,) = stores.intake.gaps("s/a")
    stores.intake.settle(asked(gap, LATER_US), gap)
    known = stores.intake.gaps("s/a")
    stores.intake.clear()
    take(stores, numbers("s/a", 1, 2))
    take(stores, numbers("s/a", 3, 5))
    assert stores.intake.gaps("s/a") == known


def test_what_is_due(stores: Stores) -> None:
    take(stores, numbers("s/a", 1, 2, 3, 5))

    def due(now_us: int, writer_no: int = 1) -> list[Gap]:
        return stores.intake.due(now_us, QUIET_US, [writer_no, 99])

    assert due(LATER_US - 1) == []
    assert due(LATER_US, writer_no=3) == []
    (gap,) = due(LATER_US)
    told = asked(gap, LATER_US)
    assert stores.intake.settle(told, gap)
    assert not stores.intake.settle(ended(gap, "given_up", LATER_US), gap)
    assert due(told.next_us - 1) == []
    assert due(told.next_us) == [told]
    assert stores.intake.asked(LATER_US, [1]) == [told]
    assert stores.intake.asked(LATER_US, [2]) == []
    assert stores.intake.asked(LATER_US + 1, [1]) == []


@pytest.mark.parametrize("connected", [True, False, None])
def test_who_is_away_is_not_asked(stores: Stores, connected: bool | None) -> None:
    counts = GatewayCounts("s/a", connected=connected, connection_us=AT_US)
    take(stores, numbers("s/a", 1, 2, 4), counts=(counts,))
    found = stores.intake.due(LATER_US, QUIET_US, [1])
    assert len(found) == (connected is not False)


def test_what_a_person_wants_is_due_at_once_and_bounded(stores: Stores) -> None:
    take(stores, numbers("s/a", 1))
    wanted = by_hand("s/a", AT_US - 5_000, AT_US, "key 7", AT_US)
    first = stores.intake.want(wanted)
    assert first == replace(wanted, id=first.id)
    assert stores.intake.due(AT_US, QUIET_US, [1]) == [first]
    assert stores.intake.open_gaps() == {}
    for _ in range(63):
        stores.intake.want(wanted)
    with pytest.raises(Conflict, match="as many requests"):
        stores.intake.want(wanted)
    stores.intake.want(replace(wanted, gateway="s/b"))


def test_gaps_that_are_over_are_kept_up_to_a_number(stores: Stores) -> None:
    lost = np.array([3, 7, 11], np.int64)
    for session in range(70):
        came = np.setdiff1d(np.arange(15, dtype=np.int64), lost)
        take(stores, Arrived("s/a", 1, AT_US, numbers={session: came}))
        take(stores, Arrived("s/a", 1, AT_US, numbers={session: lost}))
    found = stores.intake.gaps("s/a", limit=1_000)
    assert [gap.state for gap in found] == ["closed"] * 200
    assert found[0].session == 69
