"""Laws of what an IntakeStore keeps of points that nobody registered."""

from __future__ import annotations

from metering.intake import IntakeBatch
from metering.joining import MOST_SEEN, Described, SeenPoint, Sighting, noted
from metering.reading import Kind
from storage import Stores

SEGMENT = 1 << 24 | 5
FIRST = Sighting(
    "s/a",
    "电表.1",
    10,
    20,
    ((5, 1.5, "kWh"), (6, 2.5, "")),
    (Kind.REGISTER,),
    Described("电表.1", "Main", "kWh", Kind.REGISTER, "energy", "t/x", ("a", "b")),
)
SECOND = Sighting("s/a", "电表.1", 30, 40, ((7, 2.0, "Wh"),))


def take(stores: Stores, *sightings: Sighting) -> None:
    place = stores.intake.checkpoint(1)
    stores.intake.commit(IntakeBatch(1, *place, SEGMENT, place[1] + 1, sightings=sightings))


def test_what_batches_bring_of_a_point_adds_up(stores: Stores) -> None:
    other = Sighting("s/b", "T1", 1, 1)
    take(stores, FIRST, other)
    once = noted(SeenPoint("s/a", FIRST.point), FIRST)
    assert stores.intake.seen_points("s/a") == [once]
    take(stores, SECOND)
    assert stores.intake.seen_points("s/a") == [noted(once, SECOND)]
    assert stores.intake.seen_points("s/b") == [noted(SeenPoint("s/b", "T1"), other)]
    assert stores.intake.seen_points("s/nobody") == []


def test_a_dismissal_stays_through_a_rebuild_and_is_taken_back(stores: Stores) -> None:
    take(stores, FIRST, Sighting("s/a", "T1", 1, 1))
    assert stores.intake.dismiss("s/a", ["T1", "nothing"], by="me", now_us=9) == ["T1"]
    take(stores, Sighting("s/a", "T1", 50, 60, ((1, 1.0, "C"),)))
    (one,) = [p for p in stores.intake.seen_points("s/a") if p.point == "T1"]
    assert (one.dismissed_us, one.dismissed_by, one.seen, one.last_us) == (9, "me", 1, 60)
    stores.intake.clear()
    assert stores.intake.seen_points("s/a") == [
        SeenPoint("s/a", "T1", dismissed_us=9, dismissed_by="me")
    ]
    assert stores.intake.dismiss("s/a", ["T1"], by="", now_us=0) == ["T1"]
    assert stores.intake.seen_points("s/a") == [SeenPoint("s/a", "T1")]
    assert stores.intake.dismiss("s/a", ["nothing"], by="me", now_us=9) == []


def test_of_a_gateway_so_many_points_are_kept(stores: Stores) -> None:
    take(stores, Sighting("s/a", "old", 1, 1), Sighting("s/a", "unwanted", 1, 1))
    stores.intake.dismiss("s/a", ["unwanted"], by="me", now_us=9)
    take(stores, *(Sighting("s/a", f"p{n:04}", 2, 2) for n in range(MOST_SEEN)))
    kept = [one.point for one in stores.intake.seen_points("s/a")]
    assert (len(kept), kept[0], kept[-1]) == (MOST_SEEN + 1, "p0000", "unwanted")
