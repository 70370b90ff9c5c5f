"""What payloads become, and why not: the decoders alone, without a data folder.

    payload or lines ──▶ family: named, by topic, by payload ──▶ decoder ──▶ one object a line

A line of a file is a JSON object: `payload`, how it is written (`encoding`: json, text, hex or
base64), and where known `topic`, `family`, `extra` (what is known of the device).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from collector.decode import DECODERS, Decoded, Incoming, MessageLimits, Problem, Refusal
from collector.decode.past import NO_PAST, GatewayPast
from collector.decode.recognise import accepted, named, recognised, unknown_family
from collector.intake import GatewayMemory
from collector.intake.decoding import failed
from metering.errors import InvalidInput, NotFound, quoted
from metering.localtime import iso, parse_instant, zone_of
from metering.remembered import Remembered

LONGEST_LINE = 4 << 20
"""Of a file [bytes]: four times what a message may have, for its hexadecimal digits and expected
readings."""
OF_EXTRA = {"vendor": "vendor", "device": "device", "key": "key", "fPort": "port"}
"""Options of decoders by what a line's `extra` calls them."""


@dataclass(frozen=True)
class DecodeOptions:
    """What is known beside the payload."""

    topic: str = ""
    family: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    at_us: int = 0
    """When it arrived [us UTC]."""


def options_of(
    topic: str, family: str, told: list[str], zone: str, at: str, now_us: int
) -> DecodeOptions:
    """The options as the command line gives them. Raises InvalidInput for an unknown family or
    zone, an instant that is none, and an option without `=`."""
    zone_of(zone)
    if family and named(family, DECODERS) is None:
        raise unknown_family(family, DECODERS)
    pairs = {}
    for one in told:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(
                "an option without a value", field="option", value=one, fix="name=value"
            )
        pairs[name.strip()] = value.strip()
    return DecodeOptions(topic, family, pairs, zone, parse_instant(at, "at") if at else now_us)


class _NothingKept:
    def remembered(self, gateway: str) -> list[Remembered]:  # noqa: ARG002
        return []


class Lines:
    """What was said in the lines of a file before one."""

    def __init__(self) -> None:
        self._memory = GatewayMemory(_NothingKept())
        self._line = 0

    def past(self) -> GatewayPast:
        """As the line finds it."""
        return self._memory.past("", 0, self._line)

    def note(self, found: Decoded) -> None:
        """What the line said, for those behind it."""
        self._memory.note("", 0, self._line, found.remembered)
        self._memory.committed()
        self._line += 1


def decoded(payload: bytes, about: DecodeOptions, before: Lines | None = None) -> dict[str, Any]:
    """What one payload becomes: `readings` and `family`, or `dead_letter`.

    Raises InvalidInput for options that the family does not take.
    """
    past = NO_PAST if before is None else before.past()
    incoming = Incoming(about.topic, payload, about.at_us, zone=about.zone, past=past)
    try:
        family = named(about.family, DECODERS) or recognised(incoming, DECODERS)
    except Refusal as refusal:
        return _letter(refusal.problem)
    reader = DECODERS[family].reader(about.options)
    try:
        found = reader(incoming, MessageLimits())
        if before is not None:
            before.note(found)
        return told_of(found, family)
    except Exception as error:  # as in intake: a decoder's own fault is a dead letter
        return _letter(failed(family, error, payload))


def told_of(found: Decoded, family: str) -> dict[str, Any]:
    """A message's readings as the command prints them; those refused beside them as `problems`.
    A `time` of null: the message gives none, and its arrival stands in."""
    if not found.index and found.problems:
        return {**_letter(found.problems[0]), "family": family}
    rows = zip(found.points, found.values, found.units, found.times, strict=True)
    readings = [
        {"name": name, "value": value, "unit": unit, "time": None if time is None else iso(time)}
        for name, value, unit, time in rows
    ]
    told: dict[str, Any] = {"readings": readings, "family": family}
    if found.problems:
        told["problems"] = [_letter(one) for one in found.problems]
    return told


def _letter(problem: Problem) -> dict[str, Any]:
    told = {
        "dead_letter": problem.reason,
        "message": problem.message,
        "field": problem.field,
        "value": problem.value,
        "fix": problem.fix,
    }
    return {**told, "name": problem.point} if problem.point else told


def _refused(error: InvalidInput) -> dict[str, Any]:
    value, fix = quoted(error.value), error.fix or ""
    return _letter(Problem("bad_message", error.message, error.field or "", value, fix))


def lines(file: IO[bytes], about: DecodeOptions) -> Iterator[dict[str, Any]]:
    """What each line of a file becomes, read by what lines before it said; one that is no such line
    becomes a dead letter."""
    before = Lines()
    while line := file.readline(LONGEST_LINE + 1):
        if not line.strip():
            continue
        try:
            if len(line) > LONGEST_LINE:
                _skip_rest(file, line)
                raise _no_line("longer than 4 MiB", len(line))
            yield of_line(json.loads(line), about, before)
        except (ValueError, RecursionError):
            yield _refused(_no_line("not JSON", line[:80].decode("utf-8", "replace")))
        except InvalidInput as error:
            yield _refused(error)


def of_line(line: Any, about: DecodeOptions, before: Lines | None = None) -> dict[str, Any]:
    """What the message of one line becomes. Raises InvalidInput for a line that is none.

    A family that no decoder is known under is looked for as if none were named; of what `extra`
    says the decoder is told what it takes as options.
    """
    if not isinstance(line, dict):
        raise _no_line("not an object", line)
    payload = payload_of(line)
    topic, family = line.get("topic") or about.topic, line.get("family") or about.family
    if not isinstance(topic, str) or not isinstance(family, str):
        raise _no_line("topic and family are texts", [topic, family])
    try:
        name = named(family, DECODERS) or recognised(
            Incoming(topic, payload, about.at_us, zone=about.zone), DECODERS
        )
    except Refusal as refusal:
        return _letter(refusal.problem)
    known = {**about.options, **known_of(line.get("extra"))}
    told = DecodeOptions(topic, name, accepted(DECODERS[name], known), about.zone, about.at_us)
    return decoded(payload, told, before)


def payload_of(line: Mapping[str, Any]) -> bytes:
    """The bytes of a line's payload; hexadecimal digits that are not whole bytes stay a text.
    Raises InvalidInput where there is none."""
    payload, encoding = line.get("payload"), line.get("encoding", "text")
    if payload is None and "payload" not in line:
        raise _no_line("no payload", sorted(map(str, line))[:20])
    if not isinstance(payload, str):
        return json.dumps(payload).encode()
    try:
        if encoding == "hex":
            return bytes.fromhex(payload)
        if encoding == "base64":
            return base64.b64decode(payload, validate=True)
    except ValueError:
        pass
    return payload.encode("utf-8", "surrogatepass")


def known_of(extra: object) -> dict[str, str]:
    """What a line's `extra` says of the device, by the names of options.

    `args` is how wmbusmeters is told of a meter: its name, its driver, its address and its key
    [wmbusmeters(1)].
    """
    if not isinstance(extra, dict):
        return {}
    found = {
        option: str(extra[name])
        for name, option in OF_EXTRA.items()
        if isinstance(extra.get(name), str | int)
    }
    if "vendor" in found and "device" in found:
        found["device"] = f"{found['vendor']}/{found['device']}"
    args = extra.get("args")
    words = args.split() if isinstance(args, str) else []
    if len(words) >= 4 and words[3] != "NOKEY":
        found["key"] = words[3]
    return found


def _skip_rest(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(LONGEST_LINE)


def _no_line(message: str, value: object) -> InvalidInput:
    fix = '{"payload": "...", "encoding": "json"} in one line'
    return InvalidInput(message, field="line", value=value, fix=fix)


def opened(path: Path) -> IO[bytes]:
    """The file of lines. Raises NotFound where it cannot be read."""
    try:
        return path.open("rb")
    except OSError as error:
        raise NotFound(
            "the file cannot be read", field="jsonl", value=str(path), fix=str(error.strerror)
        ) from None


def of_hexadecimal(text: str) -> bytes:
    """The bytes of hexadecimal digits; InvalidInput for anything else."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InvalidInput(
            "not hexadecimal", field="hex", value=text, fix="two digits for each byte"
        ) from None
