"""The command that shows what payloads become: families found, lines borne, nothing raised."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from collector.decode import DECODERS, Decoder, Incoming, Refusal
from collector.decode.recognise import accepted, named, recognised
from greenoffice import decoding
from greenoffice.cli import app
from metering.errors import InvalidInput
from tests.sparkplug_payloads import born, by_alias, payload, real

ABOUT = decoding.DecodeOptions(at_us=1_795_508_102_000_000)
NATIVE = '{"readings": [{"point": "E1", "value": 3, "unit": "kWh", "time": 1795508100000}]}'
READ = {
    "readings": [{"name": "E1", "value": 3.0, "unit": "kWh", "time": "2026-11-24T08:15:00Z"}],
    "family": "native",
}


def said(*arguments: str, given: str = "") -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["decode", "--at", "2026-11-24T08:15:02Z", *arguments], given)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_payload_is_told_however_it_is_given(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    lines = [
        {"payload": NATIVE, "encoding": "json"},
        {"payload": NATIVE.encode().hex(" "), "encoding": "hex"},
        {"payload": json.loads(NATIVE), "family": "never-heard-of"},
    ]
    file.write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")
    topic = ["--topic", "greenoffice/v1/s/g/readings"]
    assert said(*topic, given=NATIVE) == [READ]
    assert said("--payload", NATIVE) == [READ]
    assert said("--hex", NATIVE.encode().hex(), "--family", "NATIVE") == [READ]
    assert said("--jsonl", str(file)) == [READ] * 3


def test_what_is_refused_says_why() -> None:
    (told,) = said("--payload", "{}")
    assert told["dead_letter"] == "unknown_topic"
    (told,) = said("--payload", '{"readings": 1}', "--family", "native")
    assert (told["dead_letter"], told["field"], told["family"]) == (
        "bad_message",
        "readings",
        "native",
    )
    (told,) = said("--payload", NATIVE.replace("}]", '}, {"point": "E2"}]'), "--family", "native")
    assert told["readings"] == READ["readings"]
    assert told["problems"][0]["dead_letter"] == "bad_value"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--family", "nobody"], "family"),
        (["--zone", "Mars"], "zone"),
        (["--at", "noon"], "at"),
        (["--option", "unit"], "option"),
        (["--hex", "xyz"], "hex"),
        (["--family", "native", "--option", "unit=kWh", "--payload", NATIVE], "options"),
        (["--jsonl", "no-such-file"], "jsonl"),
    ],
)
def test_what_was_asked_wrongly_is_named(arguments: list[str], field: str) -> None:
    done = CliRunner().invoke(app, ["decode", *arguments])
    assert getattr(done.exception, "field", None) == field


def test_lines_that_are_none_are_dead_letters_among_the_others() -> None:
    good = json.dumps({"payload": NATIVE}).encode()
    bad = [b"{", b"[]", b"{}", b'{"payload": "", "topic": 3}', b"\xff", b"[" * 100_000]
    too_long = b'"' + b"x" * (3 * decoding.LONGEST_LINE) + b'"'
    file = io.BytesIO(b"\n".join([*bad, too_long, good]))
    told = list(decoding.lines(file, ABOUT))
    assert [one.get("dead_letter") for one in told] == ["bad_message"] * 7 + [None]
    assert told[-1] == READ


@given(st.binary(max_size=200))
def test_any_file_gives_objects(content: bytes) -> None:
    for told in decoding.lines(io.BytesIO(content), ABOUT):
        assert "readings" in told or told["dead_letter"]


def test_of_two_families_that_suit_neither_is_taken() -> None:
    suiting = Decoder(DECODERS["status"].decode, suits=lambda incoming: True)
    incoming = Incoming("", b"{}", ABOUT.at_us)
    assert recognised(incoming, {"one": suiting}) == "one"
    with pytest.raises(Refusal) as refused:
        recognised(incoming, {"one": suiting, "two": suiting})
    assert refused.value.problem.reason == "ambiguous"
    assert "one and two" in refused.value.problem.message


@pytest.mark.parametrize(
    ("family", "decoder"),
    [("Shelly_Gen2", "shelly"), ("csv", "csv_lines"), ("shellyfish", None), ("", None)],
)
def test_a_family_is_known_by_other_names(family: str, decoder: str | None) -> None:
    assert named(family, DECODERS) == decoder


def test_of_what_is_known_a_decoder_is_told_what_it_takes() -> None:
    def configured(options: Any) -> Any:
        if set(options) - {"key"}:
            raise InvalidInput("unknown", field="options")
        return DECODERS["status"].decode

    known = decoding.known_of({"args": "Flat izar 00112233 AABB", "vendor": "x", "fPort": 2})
    assert known == {"vendor": "x", "port": "2", "key": "AABB"}
    told = accepted(Decoder(DECODERS["status"].decode, configured=configured), known)
    assert told == {"key": "AABB"}
    assert decoding.known_of({"args": "Flat izar 00112233 NOKEY"}) == {}


def test_a_decoders_own_fault_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(DECODERS, "native", Decoder(broken))
    told = decoding.decoded(b"{}", decoding.DecodeOptions(family="native"))
    assert told["dead_letter"] == "decoder_failed"


def test_a_line_is_read_by_what_lines_before_it_said() -> None:
    def line(kind: str, metric: bytes) -> bytes:
        told = {"topic": f"spBv1.0/G/{kind}/N", "payload": payload(metric).hex(), "encoding": "hex"}
        return json.dumps(told).encode() + b"\n"

    data = line("NDATA", by_alias(7, real(13, 2.5)))
    birth = line("NBIRTH", born("power", 7, 10, unit="kW"))
    file = io.BytesIO(data + birth + b"no line\n" + data)
    first, _, _, last = decoding.lines(file, decoding.DecodeOptions(at_us=1))
    assert first["dead_letter"] == "unknown_alias"
    assert [(one["name"], one["unit"]) for one in last["readings"]] == [("G/N.power", "kW")]
