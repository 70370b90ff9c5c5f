"""Processes that share the work of one: what they are called, and which of them there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenoffice.folder import DataFolder
from metering.shard import all_shards, read_name

if TYPE_CHECKING:
    from greenoffice.settings import Settings


def processes_of(settings: Settings) -> list[str]:
    """Names of the processes of a platform without its API, with those that share the work of
    one: beside the collector, which listens, those that take their shares of a broker."""
    shared = all_shards(settings.broker.shards) if settings.broker.url else ()
    names = [shard.named("collector") for shard in shared if not shard.whole]
    return ["collector", *names, "intake", "ledger"]


def arguments_of(name: str, folder: DataFolder) -> list[str]:
    """Of the command that runs the process of that name."""
    process, shard = read_name(name)
    words = [process, str(folder.root)]
    return words if shard.whole else [*words, "--shard", str(shard)]
