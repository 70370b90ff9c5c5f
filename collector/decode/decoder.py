"""A decoder as the table holds it: how it reads, which topics are its own, what it can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal
from metering.errors import InvalidInput

Decode = Callable[[Incoming, MessageLimits], Decoded]


@dataclass(frozen=True)
class Decoder:
    """One family of payloads."""

    decode: Decode
    """How a message is read where the route gives no options."""
    topics: tuple[str, ...] = ()
    """Topic filters that it reads wherever no route says otherwise."""
    configured: Callable[[Mapping[str, str]], Decode] | None = None
    """Makes `decode` for a route's options; raises InvalidInput with field `options` for those
    it does not know. None: it has none."""

    def reader(self, options: Mapping[str, str]) -> Decode:
        """The decoder under these options, which returns what it would raise as `Refusal`.

        Raises InvalidInput for options it does not take.
        """
        if not options:
            decode = self.decode
        elif self.configured is None:
            raise InvalidInput(
                "this decoder takes no options",
                field="options",
                value=" ".join(options),
                fix="leave them empty, or name the decoder that takes them",
            )
        else:
            decode = self.configured(options)

        def read(incoming: Incoming, limits: MessageLimits) -> Decoded:
            try:
                return decode(incoming, limits)
            except Refusal as refusal:
                return Decoded.refused(refusal.problem)

        return read
