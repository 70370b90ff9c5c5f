"""Law: a text that people or gateways chose comes out of our CSV as it went in, and no field of it
begins as a formula does; numbers stay numbers."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metering.registry.files import read_registry_texts, write_registry
from metering.tables import as_meant, csv_text, harmless, lines_of

ATTACK = "=cmd|'/c calc'!A1"
BEGINS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text("'=+-@＝\t\r\n \"1.,x", max_size=8),
)


@given(TEXTS)
@example(ATTACK)
@example(f"'{ATTACK}")
@example("-5")
@example("'-5")
def test_what_is_made_harmless_is_undone(text: str) -> None:
    assert as_meant(harmless(text)) == text


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
@example([('="001"', ' ="001"'), ("\r", "\n=1")])
def test_rows_of_texts_come_back(rows: list[tuple[str, str]]) -> None:
    written = csv_text([("a", "b"), *rows])
    assert [tuple(fields) for _, fields in lines_of(written, ",")][1:] == rows


@given(TEXTS)
def test_no_field_begins_as_a_formula_does(text: str) -> None:
    [[field]] = csv.reader(io.StringIO(csv_text([(text,)]), newline=""))
    digits = field[1:].replace(".", "").replace(",", "").lower()
    assert not field.startswith(BEGINS) or not digits.strip("-+e0123456789١")


@pytest.mark.parametrize("number", ["-5", "+1.5", "-1,234.5", "-2e3", "-", "--"])
def test_numbers_stay_numbers(number: str) -> None:
    assert csv_text([(number,)]) == (f'"{number}"\n' if "," in number else f"{number}\n")


@pytest.mark.parametrize("calculation", ["-1+1", "-5|x", "+1-A1", "-e3", "-1e", "--1"])
def test_a_calculation_is_no_number(calculation: str) -> None:
    assert harmless(calculation) == f"'{calculation}"


def test_a_registry_is_written_harmless_and_reads_back() -> None:
    tree = (
        "code,parent,type,name_zh,name_en,zone\n"
        f"city,,institution,{ATTACK},'{ATTACK},Asia/Shanghai\n"
    )
    registry = read_registry_texts({"tree.csv": tree.replace(f"'{ATTACK}", f"''{ATTACK}")})
    assert registry.nodes["city"].name_zh == ATTACK
    assert registry.nodes["city"].name_en == f"'{ATTACK}"
    written = write_registry(registry)
    assert f",'{ATTACK},''{ATTACK}," in written["tree.csv"]
    assert read_registry_texts(written).nodes == registry.nodes
