"""Which family a message is of, where no route says so.

    named     the decoder's own name, or another that the family is known under
    topic     a topic that a family reads everywhere, the narrowest first
    payload   what `Decoder.suits`; of several nobody can tell

Intake never asks: there a route or a topic decides (`collector.routes`), and nothing is guessed.
It is for whoever looks at a message of which nothing is registered yet.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.decode.decoder import Decoder
from collector.decode.message import Incoming, Refusal, shown
from metering.errors import InvalidInput
from metering.topic_filter import matches, width


def named(family: str, decoders: Mapping[str, Decoder]) -> str | None:
    """The decoder of that name or alias, in whatever case, or whose name it begins with, as that of
    `shelly_gen2` is `shelly`; None where none is known under it."""
    wanted = family.strip().lower()
    if wanted in decoders:
        return wanted
    known = (name for name, one in decoders.items() if wanted in one.aliases)
    begun = (name for name in decoders if wanted.startswith(f"{name}_"))
    return next(known, None) or max(begun, key=len, default=None)


def recognised(incoming: Incoming, decoders: Mapping[str, Decoder]) -> str:
    """The decoder whose topic or payload it is. Raises Refusal: unknown_topic where there is none,
    ambiguous where there are several."""
    own = [
        (width(topic), name)
        for name, one in decoders.items()
        for topic in one.topics
        if matches(topic, incoming.topic)
    ]
    if own:
        return min(own)[1]
    suiting = [name for name, one in decoders.items() if one.suits and one.suits(incoming)]
    if len(suiting) == 1:
        return suiting[0]
    if suiting:
        raise Refusal(
            "ambiguous",
            f"{' and '.join(suiting)} could both read it",
            "topic",
            incoming.topic,
            "name the family, in a route or with --family",
        )
    raise Refusal(
        "unknown_topic",
        "neither its topic nor its payload is of a family that is known",
        "topic",
        incoming.topic,
        "name the family, in a route or with --family",
    )


def accepted(one: Decoder, told: Mapping[str, str]) -> dict[str, str]:
    """Those of the options, in their order, that the decoder takes."""
    taken: dict[str, str] = {}
    for name, value in told.items():
        try:
            one.reader({**taken, name: value})
        except InvalidInput:
            continue
        taken[name] = value
    return taken


def unknown_family(family: str, decoders: Mapping[str, Decoder]) -> InvalidInput:
    """What to say of a name that no decoder has."""
    return InvalidInput(
        "unknown family",
        field="family",
        value=shown(family),
        fix=f"one of {', '.join(sorted(decoders))}",
    )
