"""Processes that share the work of one: what they are called, and which of them there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenoffice.folder import DataFolder
from metering.errors import ConfigurationError
from metering.shard import Shard, all_shards, read_name

if TYPE_CHECKING:
    from greenoffice.settings import Settings


_COUNTED = ("_total", "_count", "_sum", "_bucket")


def processes_of(settings: Settings) -> list[str]:
    """Names of the processes of a platform without its API, with those that share the work of
    one: beside the collector, which listens, those that take their shares of a broker; in place of
    the ledger those that book their shares of the institutions."""
    shared = all_shards(settings.broker.shards) if settings.broker.url else ()
    names = [shard.named("collector") for shard in shared if not shard.whole]
    ledgers = [shard.named("ledger") for shard in all_shards(settings.ledger.shards)]
    return ["collector", *names, "intake", *ledgers]


def require_shared(settings: Settings, shard: Shard) -> None:
    """ConfigurationError where the settings know no such share of the books: ledgers that count
    otherwise would leave institutions to one that there is not."""
    if shard.whole:
        return
    if not settings.database.url:
        raise ConfigurationError(
            "books in a file have one ledger",
            field="database.url",
            value="",
            fix="keep the books in PostgreSQL, or start `greenoffice ledger` without --shard",
        )
    if settings.ledger.shards != shard.count:
        raise ConfigurationError(
            "the settings share the books among another number of ledgers",
            field="ledger.shards",
            value=settings.ledger.shards,
            fix=f"set it to {shard.count}, or start each as --shard 1/{settings.ledger.shards}",
        )


def arguments_of(name: str, folder: DataFolder) -> list[str]:
    """Of the command that runs the process of that name."""
    process, shard = read_name(name)
    words = [process, str(folder.root)]
    return words if shard.whole else [*words, "--shard", str(shard)]


def joined(texts: Sequence[bytes]) -> bytes:
    """What several processes counted, in the Prometheus text format, as of one: totals added up,
    of all else the least."""
    if len(texts) == 1:
        return texts[0]
    lines: dict[str, float | None] = {}
    for line in (line for text in texts for line in text.decode().splitlines()):
        if line.startswith("#"):
            lines.setdefault(line, None)
            continue
        name, _, number = line.rpartition(" ")
        known, value = lines.get(name), float(number)
        counted = name.partition("{")[0].endswith(_COUNTED)
        lines[name] = value if known is None else known + value if counted else min(known, value)
    found = (line if value is None else f"{line} {value!r}" for line, value in lines.items())
    return "".join(f"{line}\n" for line in found).encode()
