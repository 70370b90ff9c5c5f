"""Lines of values with separators: a table with a header, or columns that a route names.

decoder   rows to quantities    columns   what each column is
"""

from collector.decode.csv_lines.decoder import configured, decode, suits
from collector.decode.decoder import Decoder

CSV_LINES = Decoder(decode, configured=configured, suits=suits, aliases=("csv",))
