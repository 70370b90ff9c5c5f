"""Keys that end by themselves, and what is known of their use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metering.localtime import HOUR_US, iso
from tests.api.conftest import NOW_US


def at(world, now_us: int) -> None:
    """The platform's clock stands there."""
    world.client.app.state.platform = replace(world.platform, now_us=lambda: now_us)


def made(world, **more):
    answer = world.post(
        "/v1/keys", json={"name": "guest", "node": "campus", "role": "read", **more}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def known(world, id: str):
    return next(one for one in world.get("/v1/keys").json()["data"] if one["id"] == id)


def test_an_expired_key_is_refused_with_its_own_sentence(world) -> None:
    """From its day on, by the clock of the place that it is for."""
    key = made(world, expires="2026-11-26", purpose="audit")
    assert (key["expires"], key["purpose"]) == ("2026-11-25T16:00:00Z", "audit")
    headers = {"X-API-Key": key["secret"]}
    ends_us = NOW_US - (10 * 60 + 37) * 60_000_000 + 48 * HOUR_US
    assert iso(ends_us) == key["expires"]
    at(world, ends_us - 1)
    assert world.client.get("/v1/nodes", headers=headers).status_code == 200
    at(world, ends_us)
    for path in ("/v1/nodes", "/influx/query?q=SHOW MEASUREMENTS"):
        refused = world.client.get(path, headers=headers)
        assert refused.status_code == 401
        told = refused.json()
        assert (told["code"], told["detail"]) == ("key_expired", "this key has expired")
        assert (told["value"], bool(told["fix"])) == (key["expires"], True)


@pytest.mark.parametrize("expires", ["9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01"])
def test_an_end_beyond_the_calendar_is_refused_by_name(world, expires: str) -> None:
    answer = world.post(
        "/v1/keys", json={"name": "x", "node": "campus", "role": "read", "expires": expires}
    )
    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["value"]) == ("expires", expires)


def test_a_session_ends_with_its_key(world, signed) -> None:
    key = made(world, expires="2026-11-24T11:00:00+08:00")
    world.keys["guest"] = key["secret"]
    signed(world, "guest")
    assert world.client.get("/findings").status_code == 200
    at(world, NOW_US + HOUR_US)
    gone = world.client.get("/findings", follow_redirects=False)
    assert gone.headers["location"].startswith("/signin")
    form = world.client.get("/signin").text
    token = form.partition('name="token" value="')[2].partition('"')[0]
    again = world.client.post("/signin", data={"key": key["secret"], "token": token})
    assert again.status_code == 401
    assert "This key has expired" in again.text


def test_the_last_use_is_noted_to_the_hour(world) -> None:
    key = made(world)
    assert known(world, key["id"])["used"] is None
    headers = {"X-API-Key": key["secret"]}
    for later_us, noted_us in ((0, 0), (HOUR_US - 1, 0), (HOUR_US, HOUR_US)):
        at(world, NOW_US + later_us)
        assert world.client.get("/v1/nodes", headers=headers).status_code == 200
        assert known(world, key["id"])["used"] == iso(NOW_US + noted_us)


@pytest.mark.parametrize("wrong", ["2026-11-24", "2020-01-01T00:00:00Z", "soon", "2026-13-01"])
def test_an_end_that_is_none_to_come_is_refused(world, wrong: str) -> None:
    body = {"name": "guest", "node": "campus", "role": "read", "expires": wrong}
    refused = world.post("/v1/keys", json=body)
    assert refused.status_code == 422
    assert refused.json()["field"] == "expires"


def test_a_key_ends_at_a_date_by_the_clock_of_its_place_and_the_log_says_why(world) -> None:
    key = made(world)
    path = f"/v1/keys/{key['id']}/end"
    told = world.post(path, json={"expires": "2026-11-26", "reason": "the audit is over"})
    assert (told.status_code, told.json()["expires"]) == (200, "2026-11-25T16:00:00Z")
    back = world.post(path, json={"expires": ""})
    assert back.json()["expires"] is None
    (newest, first, *_) = world.get("/v1/audit").json()["data"]
    assert (newest["action"], first["action"]) == ("key.end", "key.end")
    assert (first["subject"], first["reason"]) == (key["id"], "the audit is over")
    for key_name, status in (("operator", 403), ("school", 404)):
        assert world.post(path, key_name, json={"expires": "2026-12-01"}).status_code == status
    past = world.post(path, json={"expires": "2026-11-01"})
    assert (past.status_code, past.json()["field"]) == (422, "expires")


def test_a_key_gets_another_secret_and_the_old_one_opens_nothing(world) -> None:
    key = made(world, expires="2026-12-01", purpose="audit")
    again = world.post(f"/v1/keys/{key['id']}/rotation", json={"reason": "it was in a mail"})
    assert again.status_code == 201, again.text
    same = ("name", "node", "role", "purpose", "expires")
    assert [again.json()[one] for one in same] == [key[one] for one in same]
    opened = [
        world.client.get("/v1/nodes", headers={"X-API-Key": one["secret"]}).status_code
        for one in (key, again.json())
    ]
    assert opened == [401, 200]
    assert world.post(f"/v1/keys/{key['id']}/rotation").status_code == 409
    (ended, created, *_) = world.get("/v1/audit").json()["data"]
    assert {ended["reason"], created["reason"]} == {"it was in a mail"}


def test_a_key_is_revoked_for_a_reason(world) -> None:
    key = made(world)
    gone = world.client.delete(
        f"/v1/keys/{key['id']}?reason=left", headers={"X-API-Key": world.keys["bureau"]}
    )
    assert gone.status_code == 200
    newest = world.get("/v1/audit").json()["data"][0]
    assert (newest["action"], newest["reason"]) == ("key.revoke", "left")
