"""Text to tree: the grammar decides what may be said, `Reader` what it means."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, UnexpectedInput
from lark.exceptions import LarkError, VisitError

from api.influxql.language.reader import Reader
from api.influxql.language.tree import Statement
from metering.errors import GreenOfficeError, InvalidInput, shorten

MOST_CHARACTERS = 8_000
MOST_STATEMENTS = 40
SUPPORTED = (
    'SELECT mean("power") FROM "energy" WHERE "node" = \'CODE\' AND time >= now() - 7d '
    "GROUP BY time(1h), \"item\" fill(null) tz('Asia/Shanghai'); SHOW MEASUREMENTS | TAG KEYS | "
    "TAG VALUES | FIELD KEYS | RETENTION POLICIES | DATABASES"
)
_WORDS = {
    "$END": "the end",
    "NAME": "a name",
    "QUOTED": '"a name"',
    "STRING": "'a text'",
    "REGEX": "/a pattern/",
    "NUMBER": "a number",
    "DURATION": "a duration such as 1d",
    "COMMA": ",",
    "DOT": ".",
    "LPAR": "(",
    "RPAR": ")",
    "EQUAL": "=",
    "UNEQUAL": "!=",
    "LESS": "<",
    "GREATER": ">",
    "MATCH": "=~",
    "UNMATCH": "!~",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "PERCENT": "%",
    "CAST": "::tag or ::field",
    "SEMICOLON": ";",
}


def parse(text: str, now_us: int) -> list[Statement]:
    """The statements of a text; InvalidInput names the place it could not follow.

    `now()` is `now_us`.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(
            f"a query above {MOST_CHARACTERS} characters",
            field="q",
            value=f"{len(text)} characters",
            fix="choose fewer values, or .* for all",
        )
    if not text.strip(" \t\r\n;"):
        raise InvalidInput("no statement", field="q", value=text, fix=SUPPORTED)
    try:
        found: list[Statement] = Reader(now_us).transform(_tree(text.lstrip(" \t\r\n;")))
    except UnexpectedInput as refused:
        raise _unexpected(refused, text) from None
    except VisitError as wrapped:
        if isinstance(wrapped.orig_exc, GreenOfficeError):
            raise wrapped.orig_exc from None
        raise
    except (LarkError, RecursionError):
        raise InvalidInput("cannot read this", field="q", value=text, fix=SUPPORTED) from None
    if len(found) > MOST_STATEMENTS:
        raise InvalidInput(
            f"more than {MOST_STATEMENTS} statements at once",
            field="q",
            value=len(found),
            fix="send them in parts",
        )
    return found


def prepare() -> None:
    """Make what reads any text: it takes longer than most answers, and nobody has to wait for
    it."""
    _grammar()


@lru_cache(maxsize=32)
def _tree(text: str) -> Any:
    """The tree of a text, which is read to weigh it and again to answer it."""
    return _grammar().parse(text)


@cache
def _grammar() -> Lark:
    text = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", maybe_placeholders=False)


def _unexpected(refused: UnexpectedInput, text: str) -> InvalidInput:
    token: Token | str = getattr(refused, "token", "") or getattr(refused, "char", "")
    ended = isinstance(token, Token) and token.type == "$END"
    at = "the end" if ended else f"{shorten(str(token), 40)} at character {refused.column}"
    expected = getattr(refused, "accepts", None) or getattr(refused, "allowed", None) or ()
    words = sorted({_WORDS.get(str(one), str(one)) for one in expected})
    return InvalidInput(
        f"this is not InfluxQL that is supported here: did not expect {at}",
        field="q",
        value=shorten(text),
        fix=f"expected {', '.join(words[:12])}; supported: {SUPPORTED}",
    )
