"""What is counted, and kept in the journal until something asks for it."""

from collector.decode.decoder import Decoder
from collector.decode.journal_only.decoder import decode

JOURNAL_ONLY = Decoder(
    decode,
    topics=(
        "greenoffice/v1/+/+/commands",
        "greenoffice/v1/+/+/errors",
        "national/v1/+/kept",
    ),
)
