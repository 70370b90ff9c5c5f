"""A decoder as the table holds it: how it reads, which topics are its own, what it can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.decode.message import Decoded, Incoming, MessageLimits, Refusal
from metering.errors import InvalidInput
from metering.reading import Kind

Decode = Callable[[Incoming, MessageLimits], Decoded]


class PlainReading(Protocol):
    """A reading as the parser gives it."""

    @property
    def point(self) -> str:
        """The gateway's own name of the point."""
        ...

    @property
    def kind(self) -> Kind | None:
        """None where the sender leaves it out."""
        ...

    @property
    def unit(self) -> str | None:
        """None where the sender leaves it out."""
        ...

    @property
    def time(self) -> str | int | None:
        """RFC 3339 or epoch [ms]; None: the message's."""
        ...

    @property
    def value(self) -> float:
        """In the unit it was sent in; finite."""
        ...


class PlainMessage(Protocol):
    """A message as the parser gives it: right in form, its times and points not looked at yet."""

    @property
    def readings(self) -> Sequence[PlainReading]:
        """In the order of the message."""
        ...

    @property
    def time(self) -> str | int | None:
        """Of its readings that have none of their own."""
        ...

    @property
    def session(self) -> int | None:
        """Which start of the sender numbered it; None where it has no number."""
        ...

    @property
    def seq(self) -> int | None:
        """Which message of the session it is."""
        ...

    @property
    def sent(self) -> str | int | None:
        """The sender's clock."""
        ...


Plain = Callable[[bytes], PlainMessage | None]


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
    suits: Callable[[Incoming], bool] | None = None
    """Whether a message looks like this family's, for one whose family nobody named; None: only
    its topics or a route say so. It never raises."""
    aliases: tuple[str, ...] = ()
    """Other names under which the family is known."""
    remembers: bool = False
    """Whether it goes by earlier messages of the gateway (`Incoming.past`): what it returns as
    `Decoded.remembered` is kept for it."""
    plain: Plain | None = None
    """Reads a payload that is right in form in one go, and gives None for any other, so that many
    are read at once (`collector.intake.bulk`); the times and points of what it gives are those
    that `decode` without options would give. None: each message is decoded by itself."""

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
