"""The option `zone` of families whose times have no offset: the device's own clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from collector.decode.decoder import Decode
from collector.decode.message import Decoded, Incoming, MessageLimits
from metering.errors import InvalidInput
from metering.localtime import zone_of


def only(options: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raises InvalidInput, naming `options`, for one that is not among the known."""
    for name in options:
        if name not in known:
            raise InvalidInput(
                "unknown option", field="options", value=name, fix=f"one of {', '.join(known)}"
            )


def zoned(decode: Decode) -> Callable[[Mapping[str, str]], Decode]:
    """What makes the decoder read times without an offset in the zone that a route names
    (`zone=Asia/Shanghai`) and not in that of the site."""

    def configured(options: Mapping[str, str]) -> Decode:
        only(options, ("zone",))
        return in_zone(decode, options["zone"])

    return configured


def in_zone(decode: Decode, zone: str) -> Decode:
    """The decoder with another zone. Raises InvalidInput for an unknown one."""
    try:
        zone_of(zone)
    except InvalidInput as error:
        raise InvalidInput(error.message, field="options", value=zone, fix=error.fix) from None

    def read(incoming: Incoming, limits: MessageLimits) -> Decoded:
        return decode(replace(incoming, zone=zone), limits)

    return read
