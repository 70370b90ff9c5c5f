"""The check of outages: what its gateways push, and what it calls doubled, short or missing."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3

from greenoffice.ports import usable_port
from metering.errors import InvalidInput
from proofs.outages.check import CASES, _chosen
from proofs.outages.feed import PacedGateway, messages_of
from proofs.outages.numbers import ToldNumbers, judged
from proofs.servers.mosquitto import OwnMosquitto
from proofs.servers.relay import RefusingRelay
from proofs.steps import wait_until

LETTER = ("s/g", b"{no json 1", -1)
CALM = ToldNumbers(
    "b",
    "w",
    {
        "s/g": {
            **{"messages": 9, "new": 30, "corrections": 2, "readings": 34},
            **{"duplicates": 1, "outdated": 0, "dead": 1},
        }
    },
    Counter({LETTER: 2}),
    Counter([("m", "meter_gap", "a", "b")]),
    {"s/g": 9},
)


def counted(**other: int) -> ToldNumbers:
    return replace(CALM, counts={"s/g": {**CALM.counts["s/g"], **other}})


@pytest.mark.parametrize(
    ("found", "judgement"),
    [
        (CALM, (True, 0, 0)),
        (replace(CALM, book_hash="c"), (False, 0, 0)),
        (replace(CALM, worth_hash="c"), (False, 0, 0)),
        (counted(messages=10), (True, 1, 0)),
        (counted(new=31, corrections=1), (True, 1, 1)),
        (counted(duplicates=0), (True, 0, 1)),
        (counted(corrections=1, outdated=1), (True, 0, 0)),
        (replace(CALM, counts={}), (True, 0, 77)),
        (replace(CALM, letters=Counter({LETTER: 3})), (True, 1, 0)),
        (replace(CALM, letters=Counter()), (True, 0, 2)),
        (replace(CALM, findings=Counter([("m", "meter_gap", "a", "c")])), (True, 1, 1)),
    ],
)
def test_every_number_above_or_below_the_undisturbed_one_is_told(
    found: ToldNumbers, judgement: tuple[bool, int, int]
) -> None:
    told = judged(found, CALM)
    assert (told["hash_equal"], told["doubled"], told["short"]) == judgement


def test_a_message_that_was_pushed_again_is_a_message_and_no_new_reading() -> None:
    again = {"records": {"s/g": 10}, "letters": Counter({LETTER: 3})}
    right = replace(counted(messages=10, readings=38, duplicates=4, outdated=1), **again)
    told = judged(right, CALM)
    assert (told["doubled"], told["short"], told["resent"]) == (0, 0, 1)
    wrong = replace(counted(messages=10, readings=38, new=34), **again)
    assert judged(wrong, CALM)["doubled"] == 4


def test_a_seed_decides_what_is_pushed() -> None:
    for code in ("g", "h"):
        pushed = messages_of(code, 1)
        assert pushed == messages_of(code, 1) != messages_of(code, 2)
        kinds: Counter[Any] = Counter()
        for number, message in enumerate(pushed):
            kinds["again"] += message == pushed[number - 1]
            kinds["corrects"] += message.corrects
            kinds["letters"] += len(message.letters)
            try:
                readings = json.loads(message.payload)["readings"]
            except ValueError:
                assert message.letters == (-1,)
                continue
            known = [one for one in readings if one["point"] != "E9"]
            assert sum(map(len, message.times_us.values())) == len(known)
            assert [readings[place]["point"] for place in message.letters] in ([], ["E9"])
        assert min(kinds[name] for name in ("again", "corrects", "letters")) > 5


def test_a_gateway_pushes_again_what_its_broker_did_not_acknowledge(tmp_path: Path) -> None:
    broker = OwnMosquitto(tmp_path / "broker")
    try:
        with PacedGateway("g", 1, broker.port) as gateway:
            gateway.allow(30)
            gateway.wait_for(30)
            broker.kill()
            gateway.allow(60)
            broker.start()
            gateway.wait_for(60)
            assert gateway.acknowledged() == gateway.messages[:60]
            gateway.push_again(10)
            wait_until("all to be acknowledged", gateway._at_rest, 60, 0.05)
            assert gateway.count == 60
    finally:
        broker.stop()


def test_a_relay_refuses_while_it_is_told_to() -> None:
    relay = RefusingRelay(f"http://127.0.0.1:{usable_port(0, {0})}")
    relay.reply = (503, {"X-Influxdb-Version": "1.6.4"}, b"busy")
    answer = urllib3.request("GET", f"{relay.url}/query", retries=False)
    assert (answer.status, answer.data, relay.refused) == (503, b"busy", 1)
    assert answer.headers["X-Influxdb-Version"] == "1.6.4"
    relay.reply = None
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"{relay.url}/query", retries=False)
    assert relay.refused == 1
    relay.close()


def test_cases_are_chosen_by_name() -> None:
    assert len(_chosen("", 1)) == len(CASES) + 1
    assert [case.name for case in _chosen("late-write, two-owners", 1)] == [
        "late-write",
        "two-owners",
    ]
    with pytest.raises(InvalidInput) as told:
        _chosen("late-writes", 1)
    assert told.value.field == "cases"
    assert "late-write" in str(told.value.fix)
