"""What births say of the metrics that follow: name, alias, data type and unit.

    spBv1.0/G/NBIRTH/N      key G/N      of the node's own metrics
    spBv1.0/G/DBIRTH/N/D    key G/N/D    of the device's; it ends with the next NBIRTH and NDEATH

A message is read by the birth before it that its node's or device's death has not ended; where none
names an alias, by the next one behind it, unless a death lies between: until then the node keeps
its aliases. [Sparkplug 3.0, 6.4.5 and 6.4.7: aliases; 5.13: numbers of births and deaths]
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from collector.decode.past import GatewayPast, SaidOnce

_LOOKED_UP = 64
"""Births; one of 10,000 metrics takes some 5 MB."""


class Named(msgspec.Struct, array_like=True, frozen=True):
    """A metric as a birth names it."""

    name: str
    alias: int | None = None
    datatype: int = 0
    unit: str = ""


class Birth(msgspec.Struct, array_like=True, frozen=True):
    """A birth, as it is remembered."""

    metrics: list[Named]
    bd_seq: int | None = None
    """Of a node's."""


class Names:
    """The metrics of a birth, and of the next one behind the message, which only tells what an
    alias is that the other does not know: so what was read once is not read otherwise later."""

    def __init__(self, birth: bytes, behind: bytes) -> None:
        self.of_birth = bool(birth)
        """Whether a birth stands."""
        self._by_alias, self._by_name = _lookup(birth)
        self._behind, _ = _lookup(behind)

    def __call__(self, name: str, alias: int | None) -> Named | None:
        """None where no birth knows it."""
        if name:
            return self._by_name.get(name)
        if alias is None:
            return None
        return self._by_alias.get(alias) or self._behind.get(alias)


def standing(past: GatewayPast, node: str, device: str) -> SaidOnce | None:
    """The birth that a message of a node, or of a device of it (`G/N/D`), is read by; None where
    none came, or its end."""
    of_node = past.before(node)
    if not device:
        return of_node if of_node and of_node.value else None
    born = past.before(device)
    if born is None or not born.value:
        return None
    return born if of_node is None or of_node.place < born.place else None


def following(past: GatewayPast, node: str, device: str) -> SaidOnce | None:
    """The next birth behind a message, with no death between."""
    born = next(iter(past.after(device or node)), None)
    if born is None or not born.value:
        return None
    died = any(not one.value and one.place < born.place for one in past.after(node))
    return None if died else born


def names(past: GatewayPast, node: str, device: str) -> Names:
    """What a message's metrics are named by."""
    birth, behind = standing(past, node, device), following(past, node, device)
    if birth is None and behind is None:
        return NOBODY
    return Names(b"" if birth is None else birth.value, b"" if behind is None else behind.value)


def ends(past: GatewayPast, node: str, bd_seq: int | None) -> bool:
    """Whether a death ends what was before: that of an earlier birth may come late."""
    born = standing(past, node, "")
    of = None if born is None else _read(born.value).bd_seq
    return of is None or bd_seq is None or of == bd_seq


def told(birth: Birth) -> bytes:
    """The birth as it is remembered."""
    return msgspec.json.encode(birth)


def _read(value: bytes) -> Birth:
    return msgspec.json.decode(value, type=Birth)


@lru_cache(maxsize=_LOOKED_UP)
def _lookup(value: bytes) -> tuple[dict[int, Named], dict[str, Named]]:
    metrics = _read(value).metrics if value else []
    by_alias = {one.alias: one for one in metrics if one.alias is not None}
    return by_alias, {one.name: one for one in metrics}


NOBODY = Names(b"", b"")
"""No birth is known."""
