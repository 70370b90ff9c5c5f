"""Files of people as tables, and tables as readings.

file, folder, archive, bytes ──read_tables──▶ FileTable ──read_history──▶ History of readings
                                                  │                          what was missing
                                                  ├──▶ sheets of the registry       and refused
                                                  └─read_records──▶ rows of bills and readings
"""

from collector.tables.chosen import chosen_rows
from collector.tables.containers import each_table, files_of, named_sheet, read_tables
from collector.tables.history import read_history
from collector.tables.loaded import LoadedHistory, by_series
from collector.tables.options import HistoryForm
from collector.tables.records import MOST_RECORDS, read_records
from collector.tables.refused import RefusedCell, refused_csv
from collector.tables.table import Cell, FileTable, RawLine

__all__ = [
    "MOST_RECORDS",
    "Cell",
    "FileTable",
    "HistoryForm",
    "LoadedHistory",
    "RawLine",
    "RefusedCell",
    "by_series",
    "chosen_rows",
    "each_table",
    "files_of",
    "named_sheet",
    "read_history",
    "read_records",
    "read_tables",
    "refused_csv",
]
