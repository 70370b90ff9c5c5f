"""An office into which histories of other systems are loaded, and what is stored of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.folder import DataFolder
from greenoffice.history.options import HistoryOptions
from greenoffice.history.source_command import SourceOptions, run_from
from greenoffice.history.sources.series import HistorySource
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork, serving
from metering.registry.files import read_registry_texts

ZONE = "Europe/Berlin"
METERS = {
    "hall": "register,kWh",
    "lab": "register,kWh",
    "shop": "interval,kWh",
    "roof": "mean,C",
}
FILES = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,step_min\n"
    + "".join(f"{code},b,01000,60\n" for code, told in METERS.items() if "kWh" in told),
    "points.csv": "gateway,point,kind,unit,meter\n"
    + "".join(
        f"s/g,p.{code},{told},{code if 'kWh' in told else ''}\n" for code, told in METERS.items()
    ),
}


def office(root: Path) -> DataFolder:
    """A data folder with the meters."""
    made = commands.init(root, 18080, 11883, 19464, "en")
    open_stores(made).registry.apply(read_registry_texts(FILES), actor="test", now_us=1)
    return made


@contextmanager
def platform(folder: DataFolder) -> Iterator[None]:
    """The parts come to rest, and answer others while it lasts, as a running platform does."""
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        taking, booking = IntakeWork(parts), LedgerWork(parts)
        while taking() or booking():
            pass
        yield
        while taking() or booking():
            pass


def load(
    folder: DataFolder, source: Callable[[], HistorySource], mapping: str = "", **said: Any
) -> dict[str, int]:
    """What became of all values; the mapping is TOML."""
    file = None
    if mapping:
        file = folder.root / "mapping.toml"
        file.write_text(f"[points]\n{mapping}\n", "utf-8")
    options = SourceOptions(HistoryOptions(mapping=file, zone="UTC", **said))
    told = run_from(source, options, folder.root, as_json=True)
    assert told is not None
    counts = told.counts.as_dict()
    assert counts["read"] == sum(counts.values()) - counts["read"]
    return {name: count for name, count in counts.items() if count}


def stored(folder: DataFolder, meter: str) -> list[tuple[int, float]]:
    """(time [us UTC], value) of everything that is stored of a meter's point."""
    with platform(folder):
        pass
    with closing(Assembly.open(folder)) as parts:
        point = parts.registry().point_of("s/g", f"p.{meter}")
        assert point is not None
        rows = parts.readings.scan([point.id], 0, 2**62)
        return list(zip(rows.time_us.tolist(), rows.value.tolist(), strict=True))
