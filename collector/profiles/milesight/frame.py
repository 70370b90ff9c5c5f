"""A Milesight payload: channels one after another, each led by its ids.

     01   75    64        03   67    1b 01
    channel type value   channel type value        temperature 28.3 C, after a battery of 100 %

Newer models lead with one byte, a command, in place of the two.

Source: the manufacturer's payload descriptions (SensorDecoders), whose names of values these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from collector.decode.message import YEAR_2000_US
from collector.decode.quantity import Quantity
from collector.profiles.milesight.layout import (
    US,
    Channels,
    Found,
    Reader,
    UnknownCode,
    reader,
    timed,
)
from collector.profiles.profile import Octets, Profile, no_measurement, not_known

_PAIRED = 2
_SINGLE = 1
_MOBILE = 0x02
_HEAD = 86
_PAST = 0xED
"""The command after which the values of a moment of the past stand."""


def profile(*channels: Channels) -> Profile:
    """A model's profile by its channels, each led by two bytes; a later table goes before."""
    return _profile(_PAIRED, channels)


def commands(*channels: Channels) -> Profile:
    """The same for models whose values are led by one byte."""
    return _profile(_SINGLE, channels)


def _profile(width: int, channels: tuple[Channels, ...]) -> Profile:
    readers: dict[int, Reader] = {}
    for table in channels:
        for channel, what in table.items():
            readers[channel] = reader(what)

    def read(payload: bytes, port: int) -> Found:  # noqa: ARG001
        found = _read(payload, width, readers)
        if not found:
            raise no_measurement("what a device says about itself", payload)
        return _at_its_own_time(found)

    return read


def _over_a_mobile_network(payload: bytes) -> bool:
    """Whether a model's sister for mobile networks sent it, which sets a head of its own before the
    same channels: a 2, a number, the length of all that follows, versions and identities."""
    return (
        len(payload) > _HEAD
        and payload[0] == _MOBILE
        and int.from_bytes(payload[3:5], "big") == len(payload) - 5
    )


def _read(payload: bytes, width: int, readers: Mapping[int, Reader]) -> Found:
    octets = Octets(payload, "little")
    octets.at = _HEAD if width == _PAIRED and _over_a_mobile_network(payload) else 0
    found: Found = []
    past_us = None
    # No channel is 0: what stands there to the end fills a frame up.
    end = len(payload.rstrip(b"\0")) if width == _PAIRED else len(payload)
    seen: dict[int, int] = {}
    while octets.at < end:
        start = octets.at
        lead = int.from_bytes(octets.take(width), "big")
        if width == _SINGLE and lead == _PAST:
            octets.take(1)
            past_us = octets.unsigned(4) * US
            continue
        reads = readers.get(lead)
        try:
            if reads is None:
                raise UnknownCode
            values = _in_turn(reads(octets), seen.get(lead, 0))
            seen[lead] = seen.get(lead, 0) + 1
        except UnknownCode:
            found.append(not_known(payload, start, "a type of value"))
            break
        found += values if past_us is None else timed(values, past_us)
    return found


def _in_turn(values: Found, turn: int) -> Found:
    """What stands several times in a frame, numbered from 0 where its layout says so."""
    return [
        replace(one, name=one.name.replace("#", str(turn)))
        if isinstance(one, Quantity) and "#" in one.name
        else one
        for one in values
    ]


def _at_its_own_time(found: Found) -> Found:
    """A channel of its own tells the time of the counts beside it. A device whose clock was never
    set begins in 1970: then the message's time stands."""
    stamps = [one for one in found if isinstance(one, Quantity) and one.name == "timestamp"]
    if not stamps:
        return found
    others = [one for one in found if one not in stamps]
    time_us = int(stamps[-1].value) * US
    return timed(others, time_us) if time_us >= YEAR_2000_US else others
