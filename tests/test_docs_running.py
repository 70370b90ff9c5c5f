"""What docs/operations.md says of settings, folders, ports and metrics is what the code has."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.settings import Settings
from proofs.compose_file import read_compose

ROOT = Path(__file__).parents[1]
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
COMPOSE = read_compose(ROOT / "docker-compose.yml")
SPAN = re.compile(r"`([^`\n]+)`")


def table(header: str) -> list[list[str]]:
    """Cells of the table under a header line, row by row."""
    rows = OPERATIONS.split(f"\n{header}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def settings(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its default."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from settings(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, field.default


def shown(value: Any) -> str:
    """A default as the table and TOML write it; '' for none."""
    if isinstance(value, bool):
        return str(value).lower()
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values if v is not None)


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    documented: dict[str, str] = {}
    for names, default, _ in table("| Setting | Default | Meaning |"):
        keys, values = SPAN.findall(names), SPAN.findall(default)
        values = values or [""] * len(keys)
        documented |= dict(zip(keys, values, strict=True))
    assert documented == {name: shown(default) for name, default in settings()}


def test_the_environment_names_settings_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    (name, value), *_ = re.findall(r"`(GREENOFFICE_\w+__\w+)=(\d+)`", OPERATIONS)
    monkeypatch.setenv(name, value)
    assert Settings().mqtt.port == int(value)


def test_the_data_folder_holds_what_the_table_says(tmp_path: Path) -> None:
    rows = table("| Path | Holds |")
    documented = {name.rstrip("/") for row in rows for name in SPAN.findall(row[0])}
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    made = {path.name for path in folder.root.iterdir() if "-" not in path.name}
    assert made <= documented
    of_the_code = {
        str(value.relative_to(folder.root))
        for name in dir(DataFolder)
        if isinstance(getattr(DataFolder, name), property)
        and isinstance(value := getattr(folder, name), Path)
    }
    inside = {name for name in of_the_code if "/" in name}
    assert documented - {"backups"} == of_the_code - inside
    secret = folder.secrets.stat().st_mode & 0o777, folder.admin_key.stat().st_mode & 0o777
    assert secret == (0o700, 0o600)


def test_the_ports_of_docker_compose_are_those_of_the_table() -> None:
    documented = {row[0] for row in table("| Port, on 127.0.0.1 alone | |")}
    published = [
        port.split(":")
        for service in COMPOSE["services"].values()
        for port in service.get("ports", [])
    ]
    assert documented == {host for _, host, _ in published}
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    tls = read_compose(ROOT / "deploy/tls.yml")["services"].values()
    opened = {port.split(":")[0] for service in tls for port in service.get("ports", [])}
    assert {row[0] for row in table("| Port, on all addresses | |")} == opened


def test_the_volumes_of_docker_compose_are_those_of_the_table() -> None:
    rows = table("| Volume | Holds |")
    assert {name for row in rows for name in SPAN.findall(row[0])} == COMPOSE["volumes"].keys()


def test_services_of_docker_compose_that_are_named_exist() -> None:
    lines = re.findall(r"^docker-compose (?:--\w+ \w+ )?(\w+) (.*)", OPERATIONS, re.MULTILINE)
    assert len(lines) > 4
    for verb, rest in lines:
        words = [word for word in rest.split() if re.fullmatch(r"[a-z]+", word)]
        wanted = words if verb == "stop" else words[:1] if verb in ("exec", "run") else []
        assert set(wanted) <= COMPOSE["services"].keys(), rest


def exposed() -> Iterator[str]:
    """Names that processes expose: of counters with _total behind."""
    for package in ("collector", "api", "greenoffice"):
        for module in (ROOT / package).rglob("*.py"):
            for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                    continue
                first = call.args[0] if call.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    prefix = "greenoffice_" if call.func.id == "_gauge" else ""
                    end = "_total" if call.func.id in ("Counter", "CounterMetricFamily") else ""
                    yield f"{prefix}{first.value}{end}"


def test_metrics_worth_an_alarm_are_exposed_by_these_names() -> None:
    documented = {SPAN.findall(row[0])[0] for row in table("| Metric | When |")}
    assert len(documented) > 5
    assert documented <= set(exposed())


def test_extras_are_those_of_the_wheel_and_its_version_is_ours() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    documented = {SPAN.findall(row[0])[0] for row in table("| Extra | For |")}
    assert documented == project["optional-dependencies"].keys()
    wheels = re.findall(r"greenoffice-([\d.]+)-py3-none-any\.whl\[([\w,]+)\]", OPERATIONS)
    assert wheels
    for version, extras in wheels:
        assert version == project["version"]
        assert set(extras.split(",")) <= documented
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    least = project["requires-python"].removeprefix(">=")
    assert f"Python {least} or later" in readme
    assert f"Python {least} 及以上" in (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")


def test_what_the_tests_start_is_named_where_it_is_said_to_be_installed() -> None:
    parts = re.findall(r'^parts="(.+)"', (ROOT / "tools/system-parts.sh").read_text(), re.MULTILINE)
    names = {
        "chromium": "Chromium",
        "fonts-noto-cjk": "a Chinese font",
        "mosquitto-clients": "Mosquitto",
        "mosquitto": "Mosquitto",
        "influxdb": "InfluxDB",
        "postgresql": "PostgreSQL",
        "mariadb-server": "MariaDB",
        "docker-compose": "docker-compose",
        "prometheus": "Prometheus",
    }
    assert names.keys() == set(parts[0].split())
    for readme, font in (("README.md", "a Chinese font"), ("README.zh-CN.md", "中文字体")):
        said = (ROOT / readme).read_text(encoding="utf-8").partition("make check\n")[2]
        for name in names.values():
            assert name.replace("a Chinese font", font) in said, (readme, name)


def test_a_connection_limit_that_is_said_is_kept() -> None:
    from storage.sql.engine import _OPTIONS

    (said,) = re.findall(r"Each process keeps up to (\d+) connections", OPERATIONS)
    options = _OPTIONS["postgresql"]
    assert int(said) == options["pool_size"] + options["max_overflow"]


def test_the_version_of_booking_rules_is_where_it_is_said_to_be() -> None:
    from metering import book

    said = re.search(r"`RULES_VERSION` in `([\w/.]+)`, today\s+(\d+)", OPERATIONS)
    assert said
    assert (ROOT / said[1]).samefile(Path(book.__file__))
    assert int(said[2]) == book.RULES_VERSION
