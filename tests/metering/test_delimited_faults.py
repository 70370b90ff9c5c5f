"""What is wrong with a text of separated fields is said in words of ours, with the row that begins
it and what to do."""

from __future__ import annotations

import pytest

from metering.errors import InvalidInput
from metering.tables import lines_of
from texts import said

LONG = "x" * 131_073


@pytest.mark.parametrize(
    ("rows", "line", "message", "chinese"),
    [
        (
            f"a,b\n1,2\n3,{LONG}\n",
            3,
            "a field of more than 131072 characters",
            "超过 131072 个字符",
        ),
        (f'a,b\n1,"2\n{LONG}\n', 2, "a field of more than 131072 characters", "超过 131072 个字符"),
        ('a,b\n1,"2\n3,4\n5,6\n', 2, "a quotation mark is not closed", "引号没有结束"),
        ('a,b\n"1"2,3\n', 2, "text behind a closing quotation mark", "结束引号之后还有文字"),
        (f'sep=,\na,b\n1,"{LONG}"\n', 3, "a field of more than", "超过 131072 个字符"),
    ],
)
def test_a_fault_is_named_with_its_row(rows: str, line: int, message: str, chinese: str) -> None:
    with pytest.raises(InvalidInput, match=f"not CSV: {message}") as refused:
        list(lines_of(rows, ","))
    assert (refused.value.field, refused.value.value) == ("line", line)
    assert said(refused.value.message, "zh").startswith("不是 CSV")
    assert chinese in said(refused.value.message, "zh")
    assert "quotation mark" in str(refused.value.fix)
