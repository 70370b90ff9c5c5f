"""Processes that share the books: what they count together, and that all of them hear news."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.news import MARKS, heard, tell
from greenoffice.sharing import joined, processes_of, require_shared
from metering.errors import ConfigurationError
from metering.shard import WHOLE, Shard, all_shards


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 1, 2, 3, "en")


def counted(rows: int, *, ok: bool) -> bytes:
    counters = CollectorRegistry()
    Counter("rows", "Rows", registry=counters).inc(rows)
    Gauge("ok", "Well", ["loop"], registry=counters).labels("ledger").set(ok)
    return generate_latest(counters)


def samples(text: bytes) -> dict[str, float]:
    families = text_string_to_metric_families(text.decode())
    return {s.name: s.value for family in families for s in family.samples}


def test_counters_add_up_and_one_that_fails_is_seen() -> None:
    both = joined([counted(3, ok=True), counted(4, ok=False)])
    found = samples(both)
    assert (found["rows_total"], found["ok"]) == (7, 0)
    assert both.count(b"# TYPE rows_total counter") == 1
    assert joined([counted(3, ok=True)]).splitlines()[2] == b"rows_total 3.0"


def test_all_who_share_the_books_hear_of_marks(folder: DataFolder) -> None:
    with ExitStack() as stack:
        names = [shard.named("ledger") for shard in all_shards(2)]
        news = [stack.enter_context(heard(folder, [name])) for name in names]
        tell(folder, "ledger", MARKS)
        assert all(one.ledger.wait(20) for one in news)
        assert not any(one.intake.is_set() for one in news)


def test_processes_are_those_of_the_settings(folder: DataFolder) -> None:
    with folder.settings_file.open("a") as file:
        file.write("\n[ledger]\nshards = 2\n")
    settings = folder.settings()
    assert processes_of(settings) == ["collector", "intake", "ledger-1of2", "ledger-2of2"]
    require_shared(settings, WHOLE)
    with pytest.raises(ConfigurationError) as refused:
        require_shared(settings, Shard(1, 2))
    assert refused.value.field == "database.url"
