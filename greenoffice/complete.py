"""Whether the readings file holds what was taken in."""

from __future__ import annotations

from collector.intake import GatewayMemory, gateways_to_reread, lacking
from greenoffice.assembly import Assembly, decoding_by_clocks


def check_complete(assembly: Assembly) -> None:
    """Damaged where the readings file lacks what was taken in: it, or its write-ahead log, was
    lost or replaced by an older one."""
    if assembly.settings.influx.url:
        return
    from storage import DuckDBReadings
    from storage.duckdb_readings import damaged_readings

    file = assembly.owned
    assert isinstance(file, DuckDBReadings)
    file.check_length()
    reached, intake = file.reach(), assembly.stores.intake
    moved = frozenset(one.gateway for one in intake.clock_repairs() if one.pending)
    left_out = gateways_to_reread(intake) | moved
    how = decoding_by_clocks(assembly.settings, intake).remembering(GatewayMemory(intake))
    for writer in assembly.journal.writers():
        checkpoint = assembly.stores.intake.checkpoint(writer)
        found = lacking(
            (writer, reached.get(writer, (0, -1)), checkpoint),
            assembly.journal,
            file,
            how,
            assembly.registry(),
            left_out,
        )
        if found is not None:
            segment, offset = found
            raise damaged_readings(
                file.path,
                f"it lacks what was taken in from message {offset} of segment {segment} on",
            )
