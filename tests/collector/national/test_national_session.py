"""The session over both dialects without a socket: who is let in, what is answered, and that no
bytes whatever make it raise or stand still."""

from __future__ import annotations

from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.mqtt import ReasonCode
from collector.national.cipher import Cipher
from collector.national.dialects import DIALECTS
from collector.national.frames import FrameReader, Manner
from collector.national.session import (
    MOST_PENDING,
    Beat,
    Broken,
    LoginAsked,
    LoginShown,
    NationalSession,
    Reported,
    md5_of,
)

CIPHER = Cipher(b"k" * 16, b"v" * 16)
MANNERS = {name: Manner(one, one.marks[0], one.length_order) for name, one in DIALECTS.items()}
TYPES = {"id_validate": 1, "heart_beat": 2, "data": 3}
NAMES = sorted(MANNERS)


def document(body: str, operation: str, inner: str = "", building: str = "330302D110") -> bytes:
    return (
        f"<root><common><building_id>{building}</building_id><gateway_id>01</gateway_id>"
        f"<type>{operation}</type></common><{body} operation='{operation}'>{inner}</{body}></root>"
    ).encode()


def framed(name: str, content: bytes, kind: int) -> bytes:
    if name == "A" or kind == 3:
        content = CIPHER.encrypt(content)
    return MANNERS[name].frame(content, kind)


def send(session: NationalSession, name: str, body: str, operation: str, inner: str = "") -> list:
    return session.receive(framed(name, document(body, operation, inner), TYPES[body]))


def answers(session: NationalSession, name: str) -> list[str]:
    reader = FrameReader((DIALECTS[name],), 1 << 16)
    reader.feed(session.take_output())
    found = []
    while (frame := reader.next()) is not None:
        secret = name == "A" or frame.number == 3
        found.append((CIPHER.decrypt(frame.payload) if secret else frame.payload).decode())
    return found


def begun() -> NationalSession:
    numbers = count(1)
    return NationalSession(tuple(DIALECTS.values()), CIPHER, lambda: f"{next(numbers):016d}")


def inside(name: str) -> NationalSession:
    session = begun()
    assert send(session, name, "id_validate", "request") == [LoginAsked("330302D110", "01")]
    session.offer("s3cret")
    (asked,) = answers(session, name)
    assert "<sequence>0000000000000001</sequence>" in asked
    md5 = md5_of(DIALECTS[name].md5_order, "0000000000000001", "s3cret")
    told = send(session, name, "id_validate", "md5", f"<md5>{md5.upper()}</md5>")
    assert told == [LoginShown(True)]
    session.let_in()
    assert "<result>pass</result>" in answers(session, name)[0]
    return session


METER = (
    "<sequence>5</sequence><time>20261124161500</time>"
    "<meter id='1'><function id='1'>3</function></meter>"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_acknowledged_once_it_is_durable(name: str) -> None:
    session = inside(name)
    (report,) = send(session, name, "data", "report", METER)
    assert (report.topic, report.payload) == (
        "national/v1/report/data",
        document("data", "report", METER),
    )
    assert answers(session, name) == []
    session.acknowledge([report.id])
    session.acknowledge([report.id])
    (told,) = answers(session, name)
    assert "<type>report_ack</type>" in told
    assert "<sequence>5</sequence><ack>OK</ack>" in told


@pytest.mark.parametrize("name", NAMES)
def test_a_heartbeat_is_told_the_time(name: str) -> None:
    session = inside(name)
    (beat,) = send(session, name, "heart_beat", "notify")
    assert isinstance(beat, Beat)
    session.tell_time(beat, "20261124161500")
    assert "<time>20261124161500</time>" in answers(session, name)[0]


@pytest.mark.parametrize("secret", ["other", None])
@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_secret_and_no_secret_look_alike(name: str, secret: str | None) -> None:
    session = begun()
    send(session, name, "id_validate", "request")
    session.offer(secret)
    md5 = md5_of(DIALECTS[name].md5_order, "0000000000000001", "s3cret")
    shown = send(session, name, "id_validate", "md5", f"<md5>{md5}</md5>")
    assert shown == [LoginShown(False)]
    session.turn_away()
    assert "<result>fail</result>" in answers(session, name)[-1]
    assert send(session, name, "data", "report", METER) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_md5_holds_for_one_sequence_alone(name: str) -> None:
    session = inside(name)
    (asked,) = send(session, name, "id_validate", "request")
    assert isinstance(asked, LoginAsked)
    session.offer("s3cret")
    old = md5_of(DIALECTS[name].md5_order, "0000000000000001", "s3cret")
    shown = send(session, name, "id_validate", "md5", f"<md5>{old}</md5>")
    assert shown == [LoginShown(False)]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_taken_before_the_log_in(name: str) -> None:
    (told,) = send(begun(), name, "data", "report", METER)
    assert isinstance(told, Broken)
    assert told.reason is ReasonCode.PROTOCOL_ERROR


@pytest.mark.parametrize("name", NAMES)
def test_a_report_of_another_building_ends_the_connection(name: str) -> None:
    session = inside(name)
    other = document("data", "report", METER, building="330302D111")
    (told,) = session.receive(framed(name, other, 3))
    assert (type(told), told.reason) == (Broken, ReasonCode.NOT_AUTHORIZED)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_read_is_stored_and_acknowledged(name: str) -> None:
    session = inside(name)
    (report,) = session.receive(framed(name, b"<!DOCTYPE x><root/>", 3))
    assert report.topic == "national/v1/unreadable/data"
    assert report.payload == b"<!DOCTYPE x><root/>"
    session.acknowledge([report.id])
    assert "<ack>OK</ack>" in answers(session, name)[0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("inner", "told"),
    [
        (b"<sequence>25</sequence><time>", "25"),
        (b"<sequence> r-7\n</sequence>\xff", "r-7"),
        (b"<sequence>a<b</sequence>", ""),
        (b"<sequence>" + b"9" * 65 + b"</sequence>", ""),
    ],
)
def test_the_sequence_of_what_cannot_be_read_is_acknowledged(
    name: str, inner: bytes, told: str
) -> None:
    """Else its gateway sends it for ever."""
    session = inside(name)
    (report,) = session.receive(framed(name, b"<root><data>" + inner, 3))
    session.acknowledge([report.id])
    assert f"<sequence>{told}</sequence>" in answers(session, name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_no_more_is_read_than_may_wait_for_the_disk(name: str) -> None:
    session = inside(name)
    many = framed(name, document("data", "report", METER), 3) * (MOST_PENDING + 5)
    told = session.receive(many)
    assert len(told) == MOST_PENDING
    assert session.full
    session.acknowledge([one.id for one in told])
    assert len(session.receive(b"")) == 5


def test_what_comes_after_the_end_is_not_kept() -> None:
    """The socket is read on for a moment, so that the last words arrive."""
    session = begun()
    session.abandon()
    assert session.receive(MANNERS["A"].marks.head) == []
    assert not session.midway


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_bytes_in_any_pieces_give_events(name: str, data: st.DataObject) -> None:
    """Of a gateway that is in and one that is not: whole frames, halves of some, and garbage."""
    session = inside(name) if data.draw(st.booleans()) else begun()
    whole = [
        framed(name, document("data", "report", METER), 3),
        framed(name, document("heart_beat", "notify"), 2),
        framed(name, b"<root><a>", 3),
        framed(name, b"", 3),
        MANNERS[name].frame(b"<root/>", 3),
    ]
    part = st.sampled_from(whole) | st.binary(max_size=30)
    stream = b"".join(data.draw(st.lists(part, max_size=6)))
    cuts = data.draw(st.lists(st.integers(0, max(1, len(stream))), max_size=6))
    places = [0, *sorted(cuts), len(stream)]
    for start, end in pairwise(places):
        for event in session.receive(stream[start:end]):
            assert isinstance(event, Reported | Beat | Broken | LoginAsked | LoginShown)
    session.take_output()
