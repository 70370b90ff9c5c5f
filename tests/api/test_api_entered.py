"""What a person entered is shown as such, with who and when, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from metering.localtime import HOUR_US, iso
from metering.reading import ENTERED_ORDER, Flag, Kind, ReadingColumns
from metering.registry import Installation
from tests.api.conftest import Raw
from tests.api.test_api_lineage import NOW, START, every, lineage, main, office, register

PLACE = (16777217, 9)


@pytest.fixture(params=[Kind.REGISTER, Kind.INTERVAL])
def known(booked, request):
    """A day of quarter hours, of which a person entered that of 10:00."""
    times = every(900, 1)
    values = np.arange(len(times)) * 3.0
    point = register(kind=request.param)
    world = booked(office([main()], [point], [Installation("m", 1)]), NOW, {1: (times, values)})
    at, flag = START + 10 * HOUR_US, int(Flag.ENTERED)
    row = (1, at, 121.0, flag, ENTERED_ORDER, 0, *PLACE, 0)
    world.platform.readings.upsert(ReadingColumns.of([row]))
    world.journal.kept[PLACE] = Raw(NOW, "b/g", "readings", b"{}", kind="entered", client="o.chen")
    world.journal.kept[(16777217, 8)] = Raw(NOW, "b/g", "readings", b"{}", client="device")
    return world


def test_lineage_says_which_reading_a_person_entered(known):
    found = lineage(known, meter="m", time=iso(START + 10 * HOUR_US), step="hour")
    (source,) = found["meters"][0]["sources"]
    entered = [one for one in source["readings"] if one["entered"]]
    assert [one["value"] for one in entered] == [121.0]
    assert [one["used"] for one in entered] == [True]
    assert len(source["readings"]) > 3


def test_its_message_says_who_entered_it_and_when(known):
    found = known.get(f"/v1/messages/{PLACE[0]}/{PLACE[1]}").json()
    assert (found["kind"], found["entered_by"], found["arrived"]) == ("entered", "o.chen", iso(NOW))
    assert known.get("/v1/messages/16777217/8").json()["entered_by"] is None


@pytest.mark.parametrize(
    ("language", "entered", "by"),
    [("en", "; entered by a person", "Entered by"), ("zh", "；人工录入", "录入人")],
)
def test_the_pages_say_it_in_both_languages(known, signed, language, entered, by):
    signed(known)
    ask = {"headers": {"accept-language": language}}
    hour = iso(START + 10 * HOUR_US).replace("+", "%2B")
    page = known.client.get(f"/lineage?meter=m&step=hour&time={hour}", **ask).text
    assert page.count(entered) == 1
    message = known.client.get(f"/messages/{PLACE[0]}/{PLACE[1]}", **ask).text
    assert by in message
    assert "o.chen" in message
    other = known.client.get("/messages/16777217/8", **ask).text
    assert by not in other
