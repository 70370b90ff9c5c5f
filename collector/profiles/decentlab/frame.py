"""A Decentlab payload: version, device, flags, and a group of words for each flag that is set.

    02   03d4     0003    3bf67fff3bf6  0c60
    2    device   flags   group 0       group 1

Source: the manufacturer's description of the format and its decoders (decentlab-decoders).
"""

from __future__ import annotations

from collector.decode.message import Problem
from collector.decode.quantity import Quantity
from collector.profiles.decentlab.layout import WordGroup
from collector.profiles.profile import Octets, Profile, no_measurement, not_known

_VERSION = 2
_FLAGS = 16


def profile(*groups: WordGroup) -> Profile:
    """A model's profile by its groups, in the order of their flags."""

    def read(payload: bytes, port: int) -> list[Quantity | Problem]:  # noqa: ARG001
        octets = Octets(payload)
        version = octets.unsigned(1)
        if version != _VERSION:
            return [not_known(payload, 0, "a type of value")]
        octets.take(2)
        flags = octets.unsigned(2)
        found: list[Quantity | Problem] = []
        for place in range(_FLAGS):
            if flags >> place & 1:
                if place >= len(groups):
                    return [*found, not_known(payload, octets.at, "a type of value")]
                found += _values(octets, groups[place])
        if not flags:
            raise no_measurement("what a device says about itself", payload)
        if len(octets):
            found.append(not_known(payload, octets.at, "a type of value"))
        return found

    return read


def _values(octets: Octets, group: WordGroup) -> list[Quantity | Problem]:
    words = [octets.unsigned(2) for _ in range(group.length)]
    return [value.of(words) for value in group.values]
