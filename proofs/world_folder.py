"""A data folder of a proof's world: free ports, the clock at the world's now, its registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from metering.localtime import parse_instant
from proofs.steps import run


def platform_folder(
    root: Path, now: str, files: Mapping[str, str], more: str = ""
) -> tuple[DataFolder, dict[str, str]]:
    """The folder, and its gateways' passwords; `files` is the registry in CSV, by name, and `more`
    further settings."""
    ports: set[int] = set()
    for _ in range(3):
        ports.add(usable_port(0, ports | {0}))
    names = ("--http-port", "--mqtt-port", "--metrics-port")
    options = [part for name, port in zip(names, ports, strict=True) for part in (name, str(port))]
    data, source = root / "data", root / "registry"
    run("init", str(data), *options)
    folder = DataFolder(data)
    clock = ShiftedClock.showing(parse_instant(now))
    with folder.settings_file.open("a", encoding="utf-8") as settings:
        settings.write(f"\n[clock]\noffset_s = {clock.offset_us / 1e6:.6f}\n{more}")
    source.mkdir()
    for name, text in files.items():
        (source / name).write_text(text, encoding="utf-8")
    told = run("registry", "import", str(source), "--data", str(data))
    return folder, dict(re.findall(r"gateway (\S+)  password (\S+)", told))
