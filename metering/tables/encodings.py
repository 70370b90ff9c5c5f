"""Bytes of a text file as text: UTF-8, UTF-16 and GB18030 are told apart, others are said.

byte order mark      UTF-8 or UTF-16, as it says
zeros at every other place      UTF-16 without a mark
valid UTF-8                     UTF-8
valid GB18030 of characters that people write      GB18030, of which GBK and GB2312 are parts
anything else                   asked: Big5 and the code pages of Europe look alike
"""

from __future__ import annotations

import codecs
from typing import Final

from metering.errors import InvalidInput
from metering.tables.forms import AmbiguousFormat

ENCODINGS: Final = ("utf-8", "gb18030", "gbk", "utf-16-le", "utf-16-be", "big5", "cp1252")
"""What can be said; the first three and UTF-16 are found without."""
LIKELY = 0.9
"""Share of characters beyond ASCII that are of GB 2312 in a text that was written in it."""
_FIX = f"say it: encoding {', '.join(ENCODINGS)}; or save the file as UTF-8"


def decode(data: bytes, encoding: str = "", name: str = "") -> str:
    """The text of a file called `name`, without a byte order mark. Raises AmbiguousFormat where the
    bytes may be of several encodings, InvalidInput where they are not of the one that was said."""
    if encoding and encoding not in ENCODINGS:
        raise InvalidInput("unknown encoding", field="encoding", value=encoding, fix=_FIX)
    found = encoding or _marked(data) or _zeros(data)
    if found:
        try:
            return data.decode(found).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InvalidInput(
                f"not {found} in line {line}", field="encoding", value=name, fix=_FIX
            ) from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _chinese(data, name)


def _marked(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    return "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) else ""


def _zeros(data: bytes) -> str:
    """UTF-16 of a text with many ASCII characters has a zero at every other place."""
    begin = data[:4096]
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if (
        not max(even, odd)
        or max(even, odd) * 5 < len(begin) // 2
        or min(even, odd) > max(even, odd) // 20
    ):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _chinese(data: bytes, name: str) -> str:
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    beyond = [one for one in text if not one.isascii()]
    usual = sum(map(_usual, beyond))
    if not beyond or usual < LIKELY * len(beyond):
        raise AmbiguousFormat(
            "not UTF-8, and what else it is cannot be seen",
            asks="encoding",
            field="encoding",
            value=name,
            fix=_FIX,
        )
    return text


def _usual(character: str) -> bool:
    """Whether it is a character or a punctuation mark of GB 2312 as Chinese texts have them."""
    try:
        lead = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return lead in (0xA1, 0xA3) or 0xB0 <= lead <= 0xF7
