"""The command that shows what payloads become."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from greenoffice.clock import ShiftedClock


def decode(
    topic: Annotated[str, typer.Option(help="topic it was published to")] = "",
    family: Annotated[str, typer.Option(help="name of the decoder; default: recognised")] = "",
    option: Annotated[
        list[str] | None, typer.Option(help="what a route would tell it, name=value; repeatable")
    ] = None,
    zone: Annotated[str, typer.Option(help="the gateway's time zone")] = "UTC",
    at: Annotated[str, typer.Option(help="when it arrived; default: now")] = "",
    payload: Annotated[
        str | None, typer.Option(help="the payload as text; default: standard input")
    ] = None,
    hexadecimal: Annotated[
        str | None, typer.Option("--hex", help="the payload as hexadecimal digits")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="a file with one payload as a JSON object a line")
    ] = None,
) -> None:
    """Show what a payload becomes, and why not: one JSON object a line. Needs no data folder."""
    from greenoffice import decoding

    about = decoding.options_of(topic, family, option or [], zone, at, ShiftedClock().now_us())
    if jsonl is not None:
        with decoding.opened(jsonl) as file:
            for told in decoding.lines(file, about):
                _print(told)
    elif hexadecimal is not None:
        _print(decoding.decoded(decoding.of_hexadecimal(hexadecimal), about))
    elif payload is not None:
        _print(decoding.decoded(payload.encode("utf-8", "surrogateescape"), about))
    else:
        _print(decoding.decoded(sys.stdin.buffer.read(decoding.LONGEST_LINE), about))


def _print(told: dict[str, Any]) -> None:
    print(json.dumps(told, ensure_ascii=False))
