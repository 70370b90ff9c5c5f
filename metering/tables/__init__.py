"""Files of people as cells, and cells as values, never by a guess where two readings are possible.

    bytes ──decode──▶ text ──delimited──▶ (row, cells) ──form of a whole column──▶ values

Nothing here knows a meter. Workbooks, archives and the shapes of histories: `collector.tables`.
"""

from metering.tables.delimited import TextForm, lines_of, separator_of
from metering.tables.encodings import decode
from metering.tables.figures import (
    NumberForm,
    number_form,
    plain_number,
    plain_numbers,
    transformer_ratio,
)
from metering.tables.forms import AmbiguousFormat
from metering.tables.harmless import as_meant, csv_text, harmless
from metering.tables.headings import (
    EXPLAINED,
    ROW_NUMBERS,
    bare_heading,
    chinese_heading,
    chinese_table,
    known_heading,
    known_table,
    letter,
)
from metering.tables.plain import TwoReadings, is_missing, plain
from metering.tables.stamps import Stamp, TimeForm, clock_of, plain_day, plain_month, time_form
from metering.tables.unit_words import known_unit, scaled_unit, unit_in_heading
from metering.tables.words import chinese_word, known_word

__all__ = [
    "EXPLAINED",
    "ROW_NUMBERS",
    "AmbiguousFormat",
    "NumberForm",
    "Stamp",
    "TextForm",
    "TimeForm",
    "TwoReadings",
    "as_meant",
    "bare_heading",
    "chinese_heading",
    "chinese_table",
    "chinese_word",
    "clock_of",
    "csv_text",
    "decode",
    "harmless",
    "is_missing",
    "known_heading",
    "known_table",
    "known_unit",
    "known_word",
    "letter",
    "lines_of",
    "number_form",
    "plain",
    "plain_day",
    "plain_month",
    "plain_number",
    "plain_numbers",
    "scaled_unit",
    "separator_of",
    "time_form",
    "transformer_ratio",
    "unit_in_heading",
]
