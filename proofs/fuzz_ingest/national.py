"""Gateways of the national protocol that go wrong, before their log-in and after it."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Final

from proofs.fuzz_ingest.mutate import mutated
from proofs.fuzz_ingest.sockets import said
from simulators import Identity, NationalGateway, TurnedAway

_STEPS: Final = (("request", ""), ("md5", "<md5>0</md5>"), ("notify", ""), ("report", "<meter/>"))
_REPORT: Final = (
    "<sequence>1</sequence><parser>yes</parser><time>20261124081500</time>"
    '<meters><meter id="1" conn="conn"><function id="1" coding="01000" error="0">7.5</function>'
    "</meter></meters>"
)


def document(who: Identity, operation: str, inner: str) -> str:
    """One document, as a gateway writes it."""
    body = {"request": "id_validate", "md5": "id_validate", "notify": "heart_beat"}
    name = body.get(operation, "data")
    return (
        f"<root><common><building_id>{who.building}</building_id>"
        f"<gateway_id>{who.number}</gateway_id><type>{operation}</type></common>"
        f'<{name} operation="{operation}">{inner}</{name}></root>'
    )


def wrong(who: Identity, port: int, draw: Random) -> None:
    """One conversation, in half of all cases by a gateway that has logged in."""
    frames = [_frame(who, draw) for _ in range(draw.randrange(1, 6))]
    if draw.random() < 0.5:
        said(port, frames, draw)
        return
    gateway = NationalGateway(who, reversed_marks=draw.random() < 0.5)
    with contextlib.suppress(OSError, TurnedAway):
        gateway.connect("127.0.0.1", port)
        for one in frames:
            gateway.send_raw(one)
        gateway.heartbeat()
    gateway.disconnect()


def _frame(who: Identity, draw: Random) -> bytes:
    """A frame that is right around a document that is not, or the other way round."""
    maker = NationalGateway(who, reversed_marks=draw.random() < 0.2)
    operation, inner = draw.choice((*_STEPS, ("report", _REPORT), ("continuous", _REPORT)))
    text = document(who, operation, inner)
    kind = draw.choice((1, 2, 3, 3, 3, 5, 6, 0, 255))
    frames = [maker.frame(text, kind)]
    if draw.random() < 0.5:
        changed = mutated(text.encode(), frames, draw).decode("utf-8", "replace")
        return maker.frame(changed, kind)
    return mutated(frames[0], frames, draw)


def begun(who: Identity, draw: Random) -> bytes:
    """A log-in that stops in the middle."""
    frame = NationalGateway(who).frame(document(who, "request", ""), 1)
    return frame[: draw.randrange(len(frame))]
