"""What a person entered stands against whatever the gateway delivers, earlier or later."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from metering.reading import ENTERED_ORDER, Flag
from metering.registry import Route

TIME = "2026-11-24T08:00:00Z"
ARRIVED_US = 1_795_508_102_000_000

sent = st.lists(
    st.tuples(
        st.sampled_from(["message", "message", "entered"]),
        st.integers(0, 3),
        st.sampled_from([None, (1, 7), (2**49, 1)]),
    ),
    min_size=1,
    max_size=6,
)


def body(value: float, order: tuple[int, int] | None = None) -> dict[str, Any]:
    numbers = {} if order is None else {"session": order[0], "seq": order[1]}
    return {**numbers, "readings": [{"point": "E1", "time": TIME, "value": value}]}


def standing(bench: Any) -> tuple[float, int]:
    found = bench.stored()
    return float(found.value[0]), int(found.flag[0])


def test_it_beats_what_came_before_and_what_comes_after(bench: Any) -> None:
    bench.push(body(5.0, (1, 1)))
    bench.drain()
    bench.push(body(7.0), kind="entered", client="o.chen")
    bench.drain()
    assert standing(bench) == (7.0, Flag.ENTERED)
    bench.push(body(5.0, (2**49, 9)))
    bench.push(body(6.0), arrived_us=ARRIVED_US * 2)
    bench.drain()
    assert standing(bench) == (7.0, Flag.ENTERED)
    assert int(bench.stored().order_hi[0]) > ENTERED_ORDER
    assert [record.kind for record in bench.journal.records[1]][:2] == ["message", "entered"]


def test_a_value_that_is_confirmed_is_booked_again(bench: Any) -> None:
    """The same number, but now it rests on a person: never measured."""
    bench.push(body(5.0))
    bench.drain()
    before = bench.marks.waiting()
    bench.push(body(5.0), kind="entered")
    bench.drain()
    assert standing(bench) == (5.0, Flag.ENTERED)
    assert bench.marks.waiting() == before + 1


def test_the_later_of_two_entries_stands(bench: Any) -> None:
    bench.push(body(5.0), kind="entered", arrived_us=ARRIVED_US + 1)
    bench.push(body(6.0), kind="entered", arrived_us=ARRIVED_US)
    bench.drain()
    assert standing(bench)[0] == 5.0


def test_a_number_of_the_gateway_does_not_count(bench: Any) -> None:
    """An entry that bears a session is an entry all the same."""
    bench.push(body(5.0, (1, 1)), kind="entered")
    bench.push(body(6.0, (1, 2)))
    bench.drain()
    assert standing(bench) == (5.0, Flag.ENTERED)


def test_it_is_read_in_our_own_words_however_the_gateway_speaks(bench: Any) -> None:
    other = Route("s/g", "greenoffice/v1/s/g/readings", "senml")
    bench.registry = replace(bench.registry, routes=(other,), version=2)
    bench.push(body(5.0), kind="entered")
    bench.drain()
    assert standing(bench) == (5.0, Flag.ENTERED)


def test_it_is_no_sign_of_life_of_the_gateway(bench: Any) -> None:
    bench.push(body(5.0), kind="entered")
    bench.drain()
    counts = bench.store.gateways()[0].counts
    assert (counts.readings, counts.last_arrival_us, counts.last_time_us) == (1, 0, 0)


def stated(id: str, value: float | None, **more: Any) -> dict[str, Any]:
    """The record of a statement, as the desk writes it."""
    told = {
        **{"id": id, "kind": "reading", "subject": "m", "first": "2026-11-24"},
        **{"after": "2026-11-25", "said": {"value": str(value)}, "of": ""},
    }
    readings = [{"point": "E1", "time": TIME, "value": value}]
    payload = json.dumps({"statement": told, "readings": readings}).encode()
    return {"payload": payload, "kind": "entered", "route": "greenoffice/entered", **more}


def test_a_statement_is_kept_with_who_stated_it(bench: Any) -> None:
    bench.push(**stated("a", 5.0, client="desk (k1)"))
    bench.push(**stated("a", 5.0, client="desk (k1)"))
    bench.push(**stated("b", 6.0, kind="message"))
    bench.drain()
    assert standing(bench) == (5.0, Flag.ENTERED)
    (one,) = bench.store.about("m")
    assert (one.id, one.entered_by, one.offset) == ("a", "desk (k1)", 0)
    assert bench.reasons() == []


def test_a_bill_is_of_no_gateway_and_counts_for_none(bench: Any) -> None:
    bill = stated("a", 5.0, gateway="")
    told = json.loads(bill["payload"])
    told["statement"] |= {"kind": "bill", "subject": "31-1"}
    bench.push(**{**bill, "payload": json.dumps({**told, "readings": []}).encode()})
    bench.drain()
    assert [one.kind for one in bench.store.about("31-1")] == ["bill"]
    assert bench.store.gateways() == []
    assert bench.reasons() == []


def test_what_is_taken_back_is_used_by_nobody_and_what_the_gateway_sends_does_not_return(
    bench: Any,
) -> None:
    taken = Flag.ENTERED | Flag.OUT_OF_RANGE | Flag.WITHDRAWN
    bench.push(**stated("a", 0.0))
    bench.drain()
    before = bench.marks.waiting()
    bench.push(**stated("b", None, arrived_us=ARRIVED_US))
    bench.drain()
    assert standing(bench) == (0.0, taken)
    assert bench.marks.waiting() == before + 1
    bench.push(body(5.0, (2**49, 9)))
    bench.drain()
    assert standing(bench) == (0.0, taken)
    bench.push(**stated("c", 7.0, arrived_us=ARRIVED_US + 1))
    bench.drain()
    assert standing(bench) == (7.0, Flag.ENTERED)


@given(messages=sent, cut=st.integers(0, 6))
def test_the_order_of_arrival_does_not_matter(
    make_bench: Callable[..., Any], messages: list[Any], cut: int
) -> None:
    def taken(order: list[int]) -> Any:
        bench = make_bench()
        for place, n in enumerate(order):
            kind, value, key = messages[n]
            bench.push(body(float(value), key), kind=kind, arrived_us=ARRIVED_US + n)
            if place == cut:
                bench.drain()
        bench.drain()
        found = bench.stored()
        return [column.tolist() for column in (found.value, found.flag, found.order_hi)]

    distinct = {key for kind, _, key in messages if kind == "message" and key}
    keyed = [m for m in messages if m[0] == "message" and m[2]]
    wanted = taken(list(range(len(messages))))
    if any(kind == "entered" for kind, *_ in messages):
        last = max(n for n, m in enumerate(messages) if m[0] == "entered")
        assert wanted[0] == [messages[last][1]]
        assert wanted[1] == [Flag.ENTERED]
    if len(distinct) == len(keyed):
        assert taken(list(reversed(range(len(messages))))) == wanted
