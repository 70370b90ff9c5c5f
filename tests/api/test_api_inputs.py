"""What comes from outside and is no use: refused with field and fix, never an error of ours."""

from __future__ import annotations

import json

import pytest

from api.ranges import instant
from metering.errors import InvalidInput
from metering.wording import worded


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/v1/nodes", "PUT", {"GET", "HEAD"}),
        ("/v1/keys", "PATCH", {"GET", "HEAD", "POST"}),
        ("/v1/keys/x", "GET", {"DELETE"}),
        ("/v1/ingest", "HEAD", {"POST"}),
        ("/signin", "DELETE", {"GET", "HEAD", "POST"}),
    ],
)
def test_another_method_is_told_those_that_there_are(world, path, method, allowed):
    response = world.client.request(method, path, headers={"X-API-Key": world.keys["bureau"]})
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed
    if method != "HEAD":
        told = response.json()
        assert (told["status"], told["code"], told["field"]) == (
            405,
            "method_not_allowed",
            "method",
        )


def test_head_is_get_without_its_body(world):
    headers = {"X-API-Key": world.keys["bureau"]}
    for path in ("/v1/nodes", "/health", "/signin", "/v1/nodes/nowhere"):
        got = world.client.get(path, headers=headers)
        head = world.client.head(path, headers=headers)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1b[31mb", "line\nbreak"])
def test_a_name_is_one_line_without_control_characters(world, bad):
    body = {"name": bad, "node": "bureau", "role": "read"}
    refused = world.post("/v1/keys", json=body)
    assert refused.status_code == 422
    assert (refused.json()["field"], bool(refused.json()["fix"])) == ("name", True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/findings/f-after/acknowledge", {"note": "x\x00"}),
        ("/v1/findings/f-after/expect", {"note": "x\x07"}),
        ("/v1/baselines/office-a-total", {"reason": "x\x00", "from": "2026-10-01"}),
        ("/v1/reports/bureau/2026-10/issues", {"reason": "x\x00"}),
    ],
)
def test_notes_and_reasons_hold_no_control_characters(world, path, body):
    refused = world.post(path, json=body)
    assert refused.status_code == 422, refused.text
    assert refused.json()["field"] in ("note", "reason")


def test_a_note_may_have_lines(world):
    body = {"note": "first line\nsecond line\t."}
    assert world.post("/v1/findings/f-after/acknowledge", json=body).status_code == 200


@pytest.mark.parametrize("text", ["x\x00", "\ud800", "x" * 2001])
def test_what_is_no_wording_names_field_and_fix(text):
    with pytest.raises(InvalidInput) as caught:
        worded(text, "note")
    assert caught.value.field == "note"
    assert caught.value.fix
    json.dumps(str(caught.value)).encode()


def test_wording_is_trimmed():
    assert worded("  as it is \n", "note") == "as it is"
    assert worded("", "note") == ""
    with pytest.raises(InvalidInput):
        worded("two\nlines", "name", line=True)


def test_a_leap_second_is_the_start_of_the_next_one():
    assert instant("2016-12-31T23:59:60Z", "start", "UTC") == instant("2017-01-01", "start", "UTC")
    with pytest.raises(InvalidInput, match="outside 2000 to 2100"):
        instant("1999-12-31T23:59:59Z", "start", "UTC")
