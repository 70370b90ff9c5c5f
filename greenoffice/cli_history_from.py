"""The command line's part for histories of other systems: a command for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from greenoffice.history.source_command import SourceOptions

from_app = typer.Typer(
    no_args_is_help=True, help="Years of readings from another system, into registered points."
)
PASSWORD, TOKEN = "GREENOFFICE_SOURCE_PASSWORD", "GREENOFFICE_SOURCE_TOKEN"

DataOption = Annotated[Path, typer.Option("--data", help="the data folder", show_default=False)]
MappingOption = Annotated[
    Path | None, typer.Option(help="table or TOML: which series is which point")
]
GatewayOption = Annotated[str, typer.Option(help="SITE/GATEWAY whose points alone are meant")]
ListOption = Annotated[bool, typer.Option("--list", help="say what is in it, and load nothing")]
ProposeOption = Annotated[
    Path | None, typer.Option(help="write a mapping to fill in there, and load nothing")
]
CorrectOption = Annotated[
    bool, typer.Option("--correct", help="replace other values that stand at the same time")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="say what would be loaded")]
JsonOption = Annotated[bool, typer.Option("--json", help="as JSON")]
CaOption = Annotated[
    Path | None, typer.Option("--ca", help="PEM file of who signed the server's certificate")
]
PasswordOption = Annotated[
    Path | None,
    typer.Option(help="file with the password; else GREENOFFICE_SOURCE_PASSWORD holds it"),
]
MeasurementOption = Annotated[str, typer.Option(help="the only measurement that is read")]


@from_app.command("influxdb1")
def influxdb1(
    url: Annotated[str, typer.Argument(help="http://HOST:8086")],
    data: DataOption,
    database: Annotated[str, typer.Option(help="its name on the server")],
    retention: Annotated[str, typer.Option(help="retention policy; default: the default one")] = "",
    measurement: MeasurementOption = "",
    user: Annotated[str, typer.Option(help="who may read it; none where all may")] = "",
    password_file: PasswordOption = None,
    ca: CaOption = None,
    mapping: MappingOption = None,
    gateway: GatewayOption = "",
    listed: ListOption = False,
    propose: ProposeOption = None,
    correct: CorrectOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load numbers of a database of InfluxDB 1.x."""
    from greenoffice.history.source_command import run_from
    from greenoffice.history.sources.influx_http import InfluxPlace
    from greenoffice.history.sources.influx_source import InfluxSource
    from greenoffice.history.sources.trust import secret_of

    secret = secret_of(password_file, "--password-file", PASSWORD) if user else ""
    place = InfluxPlace(url, database, retention, user=user, password=secret, authority=ca)
    options = _options(mapping, gateway, listed, propose, correct, dry_run)
    run_from(lambda: InfluxSource("influxdb1", place, measurement), options, data, as_json=as_json)


@from_app.command("influxdb2")
def influxdb2(
    url: Annotated[str, typer.Argument(help="http://HOST:8086")],
    data: DataOption,
    bucket: Annotated[str, typer.Option(help="its name on the server")],
    token_file: Annotated[
        Path | None,
        typer.Option(help="file with a token to read; else GREENOFFICE_SOURCE_TOKEN holds it"),
    ] = None,
    measurement: MeasurementOption = "",
    ca: CaOption = None,
    mapping: MappingOption = None,
    gateway: GatewayOption = "",
    listed: ListOption = False,
    propose: ProposeOption = None,
    correct: CorrectOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load numbers of a bucket of InfluxDB 2.x."""
    from greenoffice.history.source_command import run_from
    from greenoffice.history.sources.influx_http import InfluxPlace
    from greenoffice.history.sources.influx_source import InfluxSource
    from greenoffice.history.sources.trust import secret_of

    token = secret_of(token_file, "--token-file", TOKEN)
    place = InfluxPlace(url, bucket, token=token, authority=ca)
    options = _options(mapping, gateway, listed, propose, correct, dry_run)
    run_from(lambda: InfluxSource("influxdb2", place, measurement), options, data, as_json=as_json)


@from_app.command("myems")
def myems(
    host: Annotated[str, typer.Argument(help="server of its MySQL")],
    data: DataOption,
    user: Annotated[str, typer.Option(help="who may read its databases")],
    password_file: PasswordOption = None,
    port: Annotated[int, typer.Option(help="port of the server")] = 3306,
    tls: Annotated[bool, typer.Option("--tls", help="speak TLS, and check certificates")] = False,
    ca: CaOption = None,
    mapping: MappingOption = None,
    gateway: GatewayOption = "",
    listed: ListOption = False,
    propose: ProposeOption = None,
    correct: CorrectOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load counters, measurements and hours of a MyEMS, from its MySQL."""
    from greenoffice.history.source_command import run_from
    from greenoffice.history.sources.myems import MyEmsPlace, MyEmsSource
    from greenoffice.history.sources.trust import secret_of

    secret = secret_of(password_file, "--password-file", PASSWORD)
    place = MyEmsPlace(host, user, secret, port, tls, ca)
    options = _options(mapping, gateway, listed, propose, correct, dry_run)
    run_from(lambda: MyEmsSource(place), options, data, as_json=as_json)


@from_app.command("home-assistant")
def home_assistant(
    file: Annotated[Path, typer.Argument(help="home-assistant_v2.db, or a copy of it")],
    data: DataOption,
    mapping: MappingOption = None,
    gateway: GatewayOption = "",
    listed: ListOption = False,
    propose: ProposeOption = None,
    correct: CorrectOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load the long-term statistics of a Home Assistant."""
    from greenoffice.history.source_command import run_from
    from greenoffice.history.sources.home_assistant import HomeAssistantSource

    options = _options(mapping, gateway, listed, propose, correct, dry_run)
    run_from(lambda: HomeAssistantSource(file), options, data, as_json=as_json)


@from_app.command("thingsboard")
def thingsboard(
    files: Annotated[list[Path], typer.Argument(help="what its API answers, a file a device")],
    data: DataOption,
    mapping: MappingOption = None,
    gateway: GatewayOption = "",
    listed: ListOption = False,
    propose: ProposeOption = None,
    correct: CorrectOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load telemetry of ThingsBoard, saved as JSON."""
    from greenoffice.history.source_command import run_from
    from greenoffice.history.sources.thingsboard import ThingsBoardSource

    options = _options(mapping, gateway, listed, propose, correct, dry_run)
    run_from(lambda: ThingsBoardSource(files), options, data, as_json=as_json)


def _options(
    mapping: Path | None,
    gateway: str,
    listed: bool,
    propose: Path | None,
    correct: bool,
    dry_run: bool,
) -> SourceOptions:
    """All times of these systems are UTC."""
    from greenoffice.history.options import HistoryOptions
    from greenoffice.history.source_command import SourceOptions

    load = HistoryOptions(
        mapping=mapping, gateway=gateway, zone="UTC", correct=correct, dry_run=dry_run
    )
    return SourceOptions(load, listed, propose)
