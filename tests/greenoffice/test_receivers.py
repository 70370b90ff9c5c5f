"""The ways in of a data folder whose broker is shared, and what health makes of them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from collector import JournalReader
from collector.journal.segment import segment_number
from greenoffice.commands import init, platform_children
from greenoffice.folder import DataFolder
from greenoffice.health import platform_health
from greenoffice.heartbeat import heard, tell
from greenoffice.ports import usable_port
from greenoffice.receivers import WRITERS, WayIn, open_journal, ways_in, writer_no
from greenoffice.settings import MOST_COLLECTORS
from greenoffice.stores import open_stores
from metering.errors import ConfigurationError
from metering.shard import WHOLE, Shard, all_shards


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """Ports of /metrics are held until the process ends, and here are several in turn."""
    monkeypatch.setattr("greenoffice.receivers.serve_metrics", lambda *_, **__: None)
    taken: set[int] = {0}
    for _ in range(5):
        taken.add(usable_port(0, taken))
    http, mqtt, metrics, broker, nobody = sorted(taken - {0})
    made = init(tmp_path / "data", http, mqtt, metrics, "en")
    with made.settings_file.open("a") as file:
        file.write(f'\n[broker]\nurl = "mqtt://127.0.0.1:{nobody}"\nmetrics_port = {broker}\n')
    return made


def share(folder: DataFolder, count: int) -> None:
    text = folder.settings_file.read_text().replace("[broker]", f"[broker]\nshards = {count}")
    folder.settings_file.write_text(text)


def opened(folder: DataFolder, stack: ExitStack, shard: Shard = WHOLE) -> list[WayIn]:
    ways = ways_in(folder, 1000, shard)
    for way in ways:
        stack.callback(way.journal.close)
    return ways


def names(ways: list[WayIn]) -> list[str]:
    return [way.part for way in ways]


def test_a_shared_broker_is_left_to_those_who_share_it(folder: DataFolder) -> None:
    with ExitStack() as stack:
        assert names(opened(folder, stack)) == ["listener", "broker"]
    (folder.journal / "broker" / "left").touch()
    share(folder, 2)
    with ExitStack() as stack:
        (second,) = opened(folder, stack, Shard(2, 2))
        assert second.journal.folder == folder.journal / "broker-2of2"
        assert second.part == "broker"
        with pytest.raises(ConfigurationError) as refused:
            opened(folder, stack, Shard(2, 2))
        assert "another process writes" in str(refused.value)
        assert names(opened(folder, stack)) == ["listener"]


def test_receivers_of_another_number_go_on_until_they_have_left(folder: DataFolder) -> None:
    with ExitStack() as stack:
        opened(folder, stack)
    share(folder, 2)
    with ExitStack() as stack:
        former = opened(folder, stack)[1]
        assert (former.part, former.gone) == ("former-broker", False)
    for shard in all_shards(2):
        open_journal(folder, shard.named("broker")).close()
    (folder.journal / "broker-1of2" / "left").touch()
    share_no_more(folder)
    with ExitStack() as stack:
        found = names(opened(folder, stack))
        assert found == ["listener", "broker", "former-broker-2of2"]


def share_no_more(folder: DataFolder) -> None:
    folder.settings_file.write_text(folder.settings_file.read_text().replace("shards = 2\n", ""))


def test_who_receives_again_has_not_left(folder: DataFolder) -> None:
    with ExitStack() as stack:
        opened(folder, stack)
    (folder.journal / "broker" / "left").touch()
    with ExitStack() as stack:
        opened(folder, stack)
    share(folder, 2)
    with ExitStack() as stack:
        assert names(opened(folder, stack)) == ["listener", "former-broker"]


def test_another_number_than_the_settings_is_refused(folder: DataFolder) -> None:
    share(folder, 2)
    with pytest.raises(ConfigurationError) as refused:
        ways_in(folder, 1000, Shard(1, 3))
    assert (refused.value.field, refused.value.value) == ("broker.shards", 2)
    with folder.settings_file.open("a") as file:
        file.write('url = ""\n')
    text = "\n".join(x for x in folder.settings_file.read_text().splitlines() if "mqtt://" not in x)
    folder.settings_file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        ways_in(folder, 1000, Shard(1, 2))
    assert refused.value.field == "broker.url"


def test_no_two_journals_have_one_number() -> None:
    shared = [s.named("broker") for n in range(2, MOST_COLLECTORS + 1) for s in all_shards(n)]
    numbers = [writer_no(name) for name in [*WRITERS, *shared]]
    assert len(set(numbers)) == len(numbers)
    assert all(number > 0 for number in numbers)
    assert segment_number(max(numbers), 2**24 - 1) << 32 < 2**63, "a place is an order key"
    assert [writer_no(f"broker-{n}of3") for n in (1, 2, 3)] == [7, 8, 9], "as journals have"
    assert writer_no("damaged") == writer_no("listener-1of2") == 0


def test_up_starts_who_shares(folder: DataFolder) -> None:
    assert [c.name for c in platform_children(folder)] == ["collector", "intake", "ledger", "api"]
    share(folder, 2)
    found = {child.name: child.arguments for child in platform_children(folder)}
    root = str(folder.root)
    assert found["collector-2of2"] == ["collector", root, "--shard", "2/2"]
    assert [*found] == ["collector", "collector-1of2", "collector-2of2", "intake", "ledger", "api"]


def test_health_is_that_of_all_who_share(folder: DataFolder) -> None:
    share(folder, 2)
    stores, journal = open_stores(folder), JournalReader(folder.journal)
    well = {"ok": True, "connections": 1, "waiting_records": 2, "error": ""}
    for shard in all_shards(2):
        tell(folder.heartbeat(shard.named("collector")), {"broker": well})
    part = platform_health(folder, stores, journal)["broker"]
    assert part.ready
    assert (part.detail["connections"], part.detail["waiting_records"]) == (2, 4)
    away = {**well, "ok": False, "error": "the broker is away"}
    tell(folder.heartbeat("collector-2of2"), {"broker": away})
    part = platform_health(folder, stores, journal)["broker"]
    assert not part.ready
    assert part.detail["error"] == "collector-2of2: the broker is away"
    folder.heartbeat("collector-2of2").unlink()
    silent = heard(folder.heartbeat("collector-2of2"))
    assert not silent["collector"]["ok"], "one that does not run is missed"
    assert not platform_health(folder, stores, journal)["collector"].ready
    stores.close()
