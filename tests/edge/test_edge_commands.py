"""`greenoffice edge`: a configuration written, checked, and how its edge stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge import Spool, profile_names, read_config
from edge.values import EdgeReading
from greenoffice.cli import app
from metering.errors import ConfigurationError, Conflict
from simulators import ModbusMeter

NOW_US = 1_764_000_000_000_000


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["edge", *arguments], catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.stdout


def test_what_init_writes_can_be_used_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    run("init", str(file))
    (tmp_path / "edge.password").write_text("secret\n")
    config = read_config(file)
    assert (config.gateway.name, config.password) == ("campus/edge", "secret")
    assert config.spool == tmp_path / "edge-spool"
    assert all(name in file.read_text() for name in profile_names())
    whole = [line.removeprefix("# ") for line in file.read_text().splitlines()[3:]]
    file.write_text("\n".join(line for line in whole if "=" in line or line.startswith("[")))
    told = read_config(file)  # every line that is commented out is of use too
    assert [meter.line.serial for meter in told.meters] == ["", "/dev/ttyUSB0"]
    assert [one.name for one in told.meters[0].registers] == ["import", "power"]
    assert told.gateway.ca_file == tmp_path / "ca.pem"
    with pytest.raises(Conflict):
        run("init", str(file))


def test_check_shows_each_register_and_fails_where_a_meter_is_silent(
    served: Any, configured: Callable[..., Path]
) -> None:
    with served(ModbusMeter(NOW_US, 1234.5, 0.0)) as port:
        told = run("check", str(configured(("E1", port, 1))))
        assert "E1.import" in told
        assert "1234.5" in told
        turned = run("check", str(configured(("E1", port, 1), more='order = "little"\n')))
        assert "? other word order: 50" in turned
        absent = run("check", str(configured(("E1", port, 1), ("E2", port, 9))), status=1)
        assert "! refused registers" in absent


def test_status_tells_the_queue_and_each_meter(
    configured: Callable[..., Path], tmp_path: Path
) -> None:
    file = configured(("E1", 9, 1), ("E2", 9, 2))
    with pytest.raises(ConfigurationError, match="no edge has run"):
        run("status", str(file))
    with Spool(tmp_path / "edge-spool", 10**6, NOW_US) as spool:
        spool.put("E1", [EdgeReading("E1.import", "register", "kWh", NOW_US, 1.0)], NOW_US)
        told = json.loads(run("status", str(file)))
    assert (told["gateway"], told["waiting"], told["lost"], told["kept"]) == ("s/g", 1, 0, 0)
    assert told["oldest"].startswith("2025-11-24T16:00:00")
    first, second = told["meters"]
    assert (first["name"], first["failures"]) == ("E1", 0)
    assert first["read"].startswith("2025-11-24T16:00:00")
    assert second == {"name": "E2", "read": None, "tried": None, "failures": 0, "problem": ""}


def test_what_is_not_named_is_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="edge init"):
        run()
    with pytest.raises(ConfigurationError, match="garbage"):
        run("simulate", "--fault", "sleepy")


def test_a_configuration_may_stand_where_a_command_does(tmp_path: Path) -> None:
    named, other = tmp_path / "edge.toml", tmp_path / "edge"
    for file in (named, other):
        file.write_text("meters = 1")
        for arguments in ([str(file)], ["--config", str(file)]):
            with pytest.raises(ConfigurationError, match=f"{file.name} is not usable"):
                run(*arguments)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        run("absent.toml")
    done = CliRunner().invoke(app, ["edge", "simulat"])
    assert "No such command" in done.output
