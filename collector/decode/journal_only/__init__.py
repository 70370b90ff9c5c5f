"""What is counted, and kept in the journal until something asks for it."""

from collector.decode.decoder import Decoder
from collector.decode.journal_only.decoder import decode

JOURNAL_ONLY = Decoder(
    decode, topics=tuple(f"greenoffice/v1/+/+/{one}" for one in ("events", "commands", "errors"))
)
