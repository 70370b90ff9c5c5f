"""Receipts, gaps and requests of a gateway over the API, and on the page."""

from __future__ import annotations

import numpy as np
import pytest

from metering.delivery import Arrived, ClockDelay, Receipt
from metering.intake import IntakeBatch
from metering.localtime import iso

HOME = "/v1/gateways/campus/gw-1"
SEGMENT = 1 << 24 | 7


@pytest.fixture
def delivered(world):
    """A world whose gateway brought something on five days, by two ways on the last, with gaps."""
    intake, now_us = world.platform.intake, world.platform.now_us()
    days = [(day, 1) for day in range(20_000, 20_005)] + [(20_004, 3)]
    receipts = [
        Receipt("campus/gw-1", day, writer, 2, 30, new=5, first=(SEGMENT, 1), last=(SEGMENT, 9))
        for day, writer in days
    ]
    came = Arrived(
        "campus/gw-1",
        1,
        now_us,
        numbers={4: np.array([1, 2, 3, 7, 8, 9, 11], np.int64)},
        delays=(ClockDelay(1, -90_000_000),),
        receipts=tuple(receipts),
    )
    place = intake.checkpoint(1)
    intake.commit(IntakeBatch(1, *place, *place, arrived=(came,)))
    return world


def pages(world, path):
    found, cursor = [], ""
    while cursor is not None:
        told = world.get(f"{path}limit=2{cursor and f'&cursor={cursor}'}").json()
        found.append(told["data"])
        cursor = told["next"]
    return found


def test_receipts_newest_first_page_by_page(delivered):
    found = pages(delivered, f"{HOME}/deliveries?")
    assert [len(page) for page in found] == [2, 2, 2]
    rows = [row for page in found for row in page]
    assert [(row["day"], row["writer"]) for row in rows[:3]] == [
        ("2024-10-08", 1),
        ("2024-10-08", 3),
        ("2024-10-07", 1),
    ]
    assert (rows[0]["messages"], rows[0]["bytes"], rows[0]["new"]) == (2, 30, 5)
    assert rows[0]["last"] == {"segment": SEGMENT, "offset": 9}


def test_gaps_and_what_people_ask_for(delivered):
    before = delivered.get("/v1/gateways").json()["data"][0]
    assert (before["open_gaps"], before["clock_offset_seconds"]) == (2, 90.0)
    now_us = delivered.platform.now_us()
    times = {"from": iso(now_us - 7_200_000_000), "until": iso(now_us)}
    wanted = delivered.client.post(
        f"{HOME}/resend", json=times, headers={"X-API-Key": delivered.keys["bureau"]}
    )
    assert wanted.status_code == 202
    rows = [row for page in pages(delivered, f"{HOME}/gaps?") for row in page]
    assert rows[0] == wanted.json()
    assert [(row["kind"], row["first_seq"], row["last_seq"]) for row in rows] == [
        ("hand", None, None),
        ("sequence", 10, 10),
        ("sequence", 4, 6),
    ]
    assert (rows[0]["from_time"], rows[0]["until_time"]) == (times["from"], times["until"])
    assert rows[0]["asked_by"]
    assert delivered.get(f"{HOME}/gaps?state=lost").json()["data"] == []
    assert delivered.get("/v1/gateways").json()["data"][0]["open_gaps"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": "2026-11-23T02:00:00Z", "until": "2026-11-23T02:00:00Z"}, "until"),
        ({"from": "yesterday", "until": "2026-11-23T02:00:00Z"}, "from"),
        ({"from": "2099-11-23T02:00:00Z", "until": "2099-11-23T03:00:00Z"}, "from"),
    ],
)
def test_a_time_that_cannot_be_asked_for_is_named(world, body, field):
    refused = world.client.post(
        f"{HOME}/resend", json=body, headers={"X-API-Key": world.keys["bureau"]}
    )
    assert refused.status_code == 422
    assert refused.json()["field"] == field


def test_who_may_only_read_asks_for_nothing(world):
    body = {"from": "2026-11-23T02:00:00Z", "until": "2026-11-23T03:00:00Z"}
    refused = world.client.post(
        f"{HOME}/resend", json=body, headers={"X-API-Key": world.keys["building"]}
    )
    assert refused.status_code in (403, 404)
    assert world.get(f"{HOME}/gaps").json()["data"] == []
