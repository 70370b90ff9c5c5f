"""Mutated input in short: decoders, a hostile meter; and that the judge sees what is wrong."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import replace

import pytest

from collector.decode import DECODERS, Decoded, Decoder, Incoming, MessageLimits, Problem
from metering.reading import Kind
from proofs.fuzz_ingest import decoders
from proofs.fuzz_ingest.cases import cases_of
from proofs.fuzz_ingest.decoders import broken, fuzz_decoder, nearly_right
from proofs.fuzz_ingest.modbus import fuzz_modbus
from proofs.fuzz_ingest.sockets import held, let_go

SEED = "ci" if os.environ.get("CI") else secrets.token_hex(4)
INCOMING = Incoming("t", b"{}", 1_790_000_000_000_000)


@pytest.mark.parametrize("name", DECODERS)
def test_a_mutated_payload_is_read_or_refused_within_bounds(name: str) -> None:
    row = fuzz_decoder(name, 60, SEED, measured=False)
    assert row.failures == []
    assert row.inputs == 60


def test_a_hostile_meter_holds_up_nothing_and_is_read_once_it_is_honest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = fuzz_modbus(8, SEED)
    assert row.failures == []
    assert row.ok
    assert [one for one in caplog.records if one.name.startswith("pymodbus")] == []


def test_inputs_are_those_of_their_seed_and_differ_from_the_cases() -> None:
    made = [nearly_right("native", f"x/{number}")[1].payload for number in range(50)]
    assert made == [nearly_right("native", f"x/{number}")[1].payload for number in range(50)]
    known = {one.incoming.payload for one in cases_of("native")}
    assert len(set(made) - known) > 30


ONE = Decoded([0], ["p"], [Kind.INSTANT], ["C"], [None], [1.0])


@pytest.mark.parametrize(
    ("found", "law"),
    [
        (ONE, ""),
        (replace(ONE, values=[float("nan")]), "finite values"),
        (replace(ONE, points=["a\nb"]), "names of points"),
        (replace(ONE, points=[]), "columns of one length"),
        (replace(ONE, times=[0]), "times within bounds"),
        (replace(ONE, times=[INCOMING.arrived_us + 3_600_000_000]), "times within bounds"),
        (replace(ONE, session=1), "session with number"),
        (Decoded(problems=[Problem("bad", "no", fix="")]), "reason and fix"),
        (Decoded(problems=[Problem("bad", "x" * 5_000, fix="f")]), "short words"),
        (Decoded(problems=[Problem("bad", "no", fix="f")] * 500), "no more than was sent"),
    ],
)
def test_the_judge_names_the_law_that_does_not_hold(found: Decoded, law: str) -> None:
    assert broken("native", INCOMING, found) == law


def _fails(incoming: Incoming, limits: MessageLimits) -> Decoded:
    raise ZeroDivisionError


def _differs(incoming: Incoming, limits: MessageLimits) -> Decoded:
    return replace(ONE, points=[secrets.token_hex(4)])


def _hangs(incoming: Incoming, limits: MessageLimits) -> Decoded:
    while True:
        pass


@pytest.mark.parametrize(
    ("decode", "told"),
    [(_fails, "ZeroDivisionError"), (_differs, "otherwise"), (_hangs, "come to an end")],
)
def test_a_decoder_that_fails_hangs_or_wavers_is_found(
    decode: object, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DECODERS, "status", Decoder(decode))
    monkeypatch.setattr(decoders, "STALL_S", 0.05)
    decoders._reader.cache_clear()
    row = fuzz_decoder("status", 1, "x", measured=True)
    decoders._reader.cache_clear()
    assert not row.ok
    assert told in row.failures[0]


def test_a_connection_that_nobody_ends_is_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        lines = [line for _ in range(2) if (line := held(port, b"begun")) is not None]
        ended, _ = server.accept()
        ended.close()
        assert let_go(lines, 0.3) == 1
