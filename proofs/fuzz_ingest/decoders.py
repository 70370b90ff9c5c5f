"""Mutated payloads against the decoders: readings or a refusal, within bounds, and twice alike."""

from __future__ import annotations

import signal
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from math import isfinite
from random import Random
from types import FrameType
from typing import Final

from collector.decode import DECODERS, Decode, Decoded, Incoming, MessageLimits
from proofs.fuzz_ingest.cases import GoldenCase, cases_of
from proofs.fuzz_ingest.mends import MENDS
from proofs.fuzz_ingest.mutate import mutated
from proofs.fuzz_ingest.row import FuzzRow

LIMITS: Final = MessageLimits()
STALL_S: Final = 5.0
"""Of processor time for one payload of at most 256 KiB; a decoder that takes longer hangs."""
MOST_MEMORY: Final = 64 << 20
"""At once, for one payload [bytes]."""
READINGS_MORE: Final = 100
"""A payload may have so many readings and problems, and one for each of its bytes besides."""
_TAKES_BACK: Final = "entered"
"""The decoder whose readings may be NaN: what a person takes back. It reads what the platform wrote
itself, of points that it knows."""
_OF_READ: Final = 0.9
"""The share of inputs made of cases that are read."""
_SHOWN: Final = 200


class Stalled(BaseException):
    """A decoder does not come to an end; no `except Exception` of its takes this."""


def nearly_right(decoder: str, seed: str) -> tuple[GoldenCase, Incoming]:
    """A case of a decoder and a message made of it, the same ones for a seed."""
    draw = Random(seed)  # noqa: S311 - which inputs are tried is no secret
    cases = cases_of(decoder)
    chosen = [one for one in cases if one.is_read] if draw.random() < _OF_READ else cases
    case = draw.choice(chosen or cases)
    payloads = [one.incoming.payload for one in cases]
    payload = mutated(case.incoming.payload, payloads, draw)
    mend = MENDS.get(decoder)
    if mend is not None and draw.random() < 0.7:
        payload = mend(payload)
    changed = replace(case.incoming, payload=payload)
    if draw.random() < 0.1:
        topics = [*(one.incoming.topic for one in cases), "", "a" * 1_000, "///", "a/\ud800/+/#"]
        changed = replace(changed, topic=draw.choice(topics))
    return case, changed


def fuzz_decoder(name: str, inputs: int, seed: str, *, measured: bool) -> FuzzRow:
    """So many payloads for a decoder.

    measured: also memory, and that each comes to an end in time, in the main thread alone.
    """
    row = FuzzRow()
    for number in range(inputs):
        at = f"{seed}/{name}/{number}"
        case, incoming = nearly_right(name, at)
        row.inputs += 1
        try:
            with _in_time() if measured else _as_long_as_it_takes():
                began = time.process_time()
                found = _reader(name, tuple(case.options.items()))(incoming, LIMITS)
                row.worst_s = max(row.worst_s, time.process_time() - began)
            again, peak = _again(name, case, incoming, measured=measured)
            wrong = broken(name, incoming, found) or unlike(found, again) or too_much(peak)
        except Stalled:
            row.stalls += 1
            wrong = "it does not come to an end"
        except Exception as failed:  # the very thing that is looked for
            wrong, found, peak = f"{type(failed).__name__}: {failed}"[:_SHOWN], Decoded(), 0
        else:
            row.worst_bytes = max(row.worst_bytes, peak)
            row.not_decoded += not found.index
        row.note(at, wrong)
    return row


@cache
def _reader(name: str, options: tuple[tuple[str, str], ...]) -> Decode:
    return DECODERS[name].reader(dict(options))


def _again(
    name: str, case: GoldenCase, incoming: Incoming, *, measured: bool
) -> tuple[Decoded, int]:
    """The same payload once more, by a decoder made anew, with the memory that it took at once
    [bytes]; and all else that a decoder is asked of it."""
    decoder = DECODERS[name]
    if decoder.suits is not None:
        decoder.suits(incoming)
    if decoder.plain is not None:
        decoder.plain(incoming.payload)
    read = decoder.reader(case.options)
    if not measured:
        return read(incoming, LIMITS), 0
    tracemalloc.start()
    try:
        found = read(incoming, LIMITS)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def broken(name: str, incoming: Incoming, found: Decoded) -> str:
    """Which law of decoders does not hold of what was found; '' where all do."""
    columns = (found.points, found.kinds, found.units, found.times, found.values)
    told = len(found.index) + len(found.problems) + len(found.described)
    newest = incoming.arrived_us + LIMITS.ahead_us
    laws = {
        "columns of one length": all(len(one) == len(found.index) for one in columns),
        "a place for each": len(set(found.index)) == len(found.index),
        "session with number": (found.session is None) == (found.seq is None),
        "finite values": name == _TAKES_BACK or all(map(isfinite, found.values)),
        "numbers": all(isinstance(one, float | int) for one in found.values),
        "times within bounds": all(
            one is None or LIMITS.oldest_us <= one <= newest for one in found.times
        ),
        "names of points": name == _TAKES_BACK or all(map(_is_name, found.points)),
        "no more than was sent": told <= len(incoming.payload) + READINGS_MORE,
        "no more than may be": len(found.index) <= LIMITS.readings,
        "reason and fix": all(one.reason and one.fix for one in found.problems),
        "short words": all(len(one.value) + len(one.message) < 2_000 for one in found.problems),
    }
    for problem in found.problems:
        (problem.message + problem.value + problem.point + problem.field).encode("utf-8")
    return next((law for law, holds in laws.items() if not holds), "")


def _is_name(point: str) -> bool:
    return 0 < len(point) <= 128 and point.isprintable()


def unlike(one: Decoded, other: Decoded) -> str:
    """Whether the same payload was read otherwise; NaN is like NaN."""
    return "" if repr(one) == repr(other) else "read otherwise the second time"


def too_much(peak: int) -> str:
    """Whether one payload took too much memory [bytes]."""
    return f"{peak} bytes of memory" if peak > MOST_MEMORY else ""


@contextmanager
def _in_time() -> Iterator[None]:
    """Stalled where what is within takes too long; by processor time, whatever else runs."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, STALL_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _as_long_as_it_takes() -> Iterator[None]:
    yield


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stalled
