"""Work over many institutions in lots, and what a cluster does to it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from greenoffice import commands
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.rebuilding import rebuild_folder
from greenoffice.settings import SpreadSettings
from greenoffice.spreading import cluster
from greenoffice.spreading.cluster import connected, spread
from greenoffice.spreading.commands import close_many, look_folder
from greenoffice.spreading.lots import METERS_A_LOT, lots_of
from greenoffice.spreading.orders import CloseOrder, Order, own_version
from greenoffice.spreading.tasks import close_lot
from greenoffice.stores import open_stores
from metering.errors import ConfigurationError, InvalidInput, NotFound, Unavailable
from metering.localtime import parse_instant
from metering.registry import Meter, Node, NodeType, Registry
from metering.registry.apart import apart
from proofs.spread.world import MONTH, NOW, SpreadWorld
from proofs.world_folder import platform_folder
from storage import Stores

AT_US = 1_000
IN_THREADS: dict[str, Any] = {
    "n_workers": 2,
    "threads_per_worker": 1,
    "processes": False,
    "dashboard_address": "127.0.0.1:0",
    "protocol": "tcp",
}


def many(institutions: int, meters: int) -> Registry:
    """Institutions that share nothing, of so many meters each."""
    codes = [f"o{number:04}" for number in range(institutions)]
    nodes = {code: Node(code, NodeType.INSTITUTION) for code in codes}
    known = [Meter(f"{code}-{n}", code, "01000") for code in codes for n in range(meters)]
    return Registry(nodes=nodes, meters={meter.code: meter for meter in known})


@pytest.mark.parametrize("hands", [1, 2, 7, 500])
@pytest.mark.parametrize(("institutions", "meters"), [(1, 1), (40, 3), (300, 0), (5, 400)])
def test_each_institution_is_in_one_lot(institutions: int, meters: int, hands: int) -> None:
    registry = many(institutions, meters)
    first, lots = lots_of(registry, hands=hands)
    assert first == [("",)]
    told = [code for lot in lots for code in lot]
    assert told == sorted(registry.nodes)
    assert all(len(lot) == 1 or len(lot) * meters <= METERS_A_LOT for lot in lots)
    assert len(lots) >= min(institutions, 2 * hands)


def test_lots_of_some_hold_these_alone() -> None:
    assert lots_of(many(40, 3), {"o0003", "o0021"}) == ([], [("o0003",), ("o0021",)])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers, in threads of this process."""
    with LocalCluster(**IN_THREADS) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with connected(address, SpreadSettings()) as client:
        yield client


def orders(count: int) -> list[Order]:
    return [Order("/nowhere", (f"o{number}",), AT_US) for number in range(count)]


def named(order: Order) -> str:
    return order.institutions[0]


def refuses(order: Order) -> str:
    raise NotFound("no such institution", field="institution", value=named(order), fix="mend it")


def fails(order: Order) -> str:
    return str(1 // len(order.data[:0]))


def test_every_order_is_done_once_told(client: Client) -> None:
    assert sorted(spread(client, "test", named, orders(9))) == [f"o{n}" for n in range(9)]
    assert list(spread(client, "test", named, [])) == []


def test_what_a_worker_refuses_is_told_with_field_and_fix(client: Client) -> None:
    with pytest.raises(NotFound, match="no such institution") as told:
        list(spread(client, "test", refuses, orders(1)))
    assert (told.value.field, told.value.value, told.value.fix) == ("institution", "o0", "mend it")
    with pytest.raises(Unavailable, match="ZeroDivisionError") as told:
        list(spread(client, "test", fails, orders(1)))
    assert (told.value.field, told.value.value) == ("institution", "o0")


def test_a_worker_of_another_version_refuses() -> None:
    order = pickle.loads(pickle.dumps(orders(1)[0]))
    order.check()
    with pytest.raises(ConfigurationError, match="another version") as told:
        replace(order, version="0.0, rules 1").check()
    assert told.value.value == own_version()


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "cluster"])
def test_what_is_no_address_of_a_scheduler_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="not the address"), _connected(address):
        pass


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    nobody = f"tcp://127.0.0.1:{usable_port(0, {0})}"
    with pytest.raises(Unavailable, match="no Dask scheduler") as told, _connected(nobody):
        pass
    assert (told.value.field, told.value.value) == ("--scheduler", nobody)


def test_a_scheduler_without_workers_is_not_waited_for() -> None:
    with (
        LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
        ) as none,
        pytest.raises(Unavailable, match="no worker"),
        _connected(none.scheduler_address),
    ):
        pass


@pytest.mark.parametrize("missing", ["ca_file", "certificate", "private_key"])
def test_tls_needs_three_files(tmp_path: Path, missing: str) -> None:
    files = {name: tmp_path / name for name in ("ca_file", "certificate", "private_key")}
    for name, file in files.items():
        if name != missing:
            file.write_text("")
    with (
        pytest.raises(ConfigurationError) as told,
        connected("tls://127.0.0.1:1", SpreadSettings(**files)),
    ):
        pass
    assert told.value.field == f"spread.{missing}"


def _connected(address: str) -> Any:
    return connected(address, SpreadSettings())


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Six institutions in SQLite and DuckDB, booked from their journal."""
    world = SpreadWorld(6, seed=3)
    folder, _ = platform_folder(tmp_path_factory.mktemp("spread"), NOW, world.files())
    world.write(folder.journal, parse_instant(NOW), late=False)
    rebuild_folder(folder)
    return folder


def closed(stores: Stores, code: str) -> list[str]:
    found = stores.closings.closings(code)
    return [f"{one.period} {one.state} {one.closed.reason}" for one in found]


def test_books_in_sqlite_are_written_by_one_process(booked: DataFolder, address: str) -> None:
    with pytest.raises(ConfigurationError, match="one process") as told:
        rebuild_folder(booked, scheduler=address)
    assert told.value.field == "--scheduler"
    assert not booked.unfinished.exists()


def test_every_institution_is_closed_and_one_that_refuses_holds_up_no_other(
    booked: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """What lacks needs a reason; what is closed already is told, and not closed again."""
    assert close_many(booked.root, ["o00", "o03"], "2026-03", "") == 2
    refused = capsys.readouterr().err
    assert "o00 is not closed" in refused
    assert "o03 is not closed" in refused
    assert close_many(booked.root, ["o00"], MONTH, "a day of it lacks") == 0
    assert close_many(booked.root, [], MONTH, "as it is", every=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["o00", *(f"o{n:02}" for n in range(6))]
    with closing(open_stores(booked)) as stores:
        assert closed(stores, "o00") == [f"{MONTH} closed a day of it lacks"]
        assert closed(stores, "o05") == [f"{MONTH} closed as it is"]
        for code in ("o00", "o05"):
            traced = stores.access.entries(frozenset({code}), limit=100)
            assert sum(entry.action == "closing.close" for entry in traced) == 1


def test_an_order_that_is_done_again_tells_the_same(booked: DataFolder) -> None:
    """As where a worker died before it could tell, with the issues that it made."""
    order = CloseOrder(
        str(booked.root), ("o02",), parse_instant(NOW), period="2026-03", reason="as it is"
    )
    once, again = close_lot(order), close_lot(order)
    assert once == again
    (told,) = once
    assert told.new
    later = replace(order, at_us=order.at_us + 1)
    assert close_lot(later) == [replace(told, new=False, issues=())]


def test_institutions_are_named_or_all_are_meant(booked: DataFolder) -> None:
    for some, every in (([], False), (["o00"], True)):
        with pytest.raises(InvalidInput, match="either institutions are named"):
            close_many(booked.root, some, MONTH, "", every=every)
    with pytest.raises(NotFound, match="no such institution"):
        close_many(booked.root, ["o00-s"], MONTH, "")
    with pytest.raises(InvalidInput, match="not a period"):
        close_many(booked.root, ["o00"], "2026-13", "")


def test_a_look_at_every_site_records_what_it_finds(
    booked: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    told = look_folder(booked)
    assert (told["sites"], told["failed"]) == (6, 0)
    assert told["findings"]
    with closing(open_stores(booked)) as stores:
        cases = [c for n in range(6) for c in stores.findings.known(f"o{n:02}", 0)]
    assert len(cases) == told["findings"]
    with pytest.raises(SystemExit) as ended:
        commands.look(booked.root, "")
    assert ended.value.code == 0
    again = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again["findings"] == told["findings"]


def test_the_world_of_the_proof_ties_whom_it_says() -> None:
    """Who shares the hall, and who has the annex one after the other."""
    world = SpreadWorld(6, seed=1)
    assert ("o01", "o02") in apart(_registry(world))
    assert ("o04", "o05") in apart(_registry(world))


def _registry(world: SpreadWorld) -> Registry:
    from metering.registry.files import read_registry_texts

    return read_registry_texts(world.files(), Registry())
