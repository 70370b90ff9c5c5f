"""Commands for a platform on servers: its processes one by one, and what they need."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from greenoffice.folder import DataFolder
from greenoffice.quick_health import HTTP_PART, Parts, heartbeats, tell
from greenoffice.saying import language, say
from greenoffice.sharing import processes_of
from metering.errors import Unavailable
from texts import said_error

influx_app = typer.Typer(no_args_is_help=True, help="An InfluxDB for the readings.")
broker_app = typer.Typer(no_args_is_help=True, help="A Mosquitto for the gateways.")
grafana_app = typer.Typer(no_args_is_help=True, help="A Grafana for the boards.")

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
PasswordsOption = Annotated[
    Path, typer.Option("--mosquitto-passwords", help="Mosquitto's password file to add users to")
]


def work(data: DataArgument) -> None:
    """Intake, ledger and analytics in one process, without the API."""
    from greenoffice.work_process import run_work

    run_work(data)


def api(
    data: DataArgument, parent: Annotated[int, typer.Option("--parent", hidden=True)] = 0
) -> None:
    """The API and the page, without the work."""
    from greenoffice.api_process import run_api

    run_api(data, parent)


def worker(
    data: DataArgument, number: Annotated[int, typer.Argument(help="of the socket to serve")]
) -> None:
    """Answer what costs much for the API, over the socket of that number."""
    from greenoffice.worker_process import run_worker

    run_worker(data, number)


def watch(
    data: DataArgument,
    process: Annotated[str, typer.Argument(help="collector, work, intake, ledger or api")],
) -> None:
    """Run a process, and end it with status 70 when it shows no life any more."""
    from greenoffice.watching import watch as run

    sys.exit(run(data, process))


def backups(
    data: DataArgument,
    target: Annotated[Path, typer.Option("--to", help="the folder of the backups")] = Path(
        "/backups"
    ),
    keep: Annotated[int, typer.Option(help="how many are kept", min=1)] = 7,
    hours: Annotated[float, typer.Option(help="from one to the next [h]", min=0.01)] = 24.0,
    metrics_port: Annotated[int, typer.Option(help="port of its /metrics")] = 9466,
) -> None:
    """Back up again and again until terminated, and keep the newest ones."""
    from greenoffice.daily_backups import BackupPlan, run_backups

    run_backups(data, BackupPlan(target.absolute(), keep, hours), metrics_port)


def health(
    data: DataArgument,
    process: Annotated[
        str,
        typer.Argument(
            help="collector, work, intake, ledger or backups; http: the API alone; api: what it"
            " says of all parts; default: all parts, also where the API does not answer"
        ),
    ] = "",
) -> None:
    """Whether all parts do their work, or those of one process; exit status 1 if not."""
    folder = DataFolder(data.absolute())
    if not process:
        parts = _all_parts(folder)
    elif process in ("api", "http"):
        parts = _api_parts(folder, process == "http")
    else:
        parts = heartbeats(folder, process)
    sys.exit(tell(parts))


def _api_parts(folder: DataFolder, alone: bool) -> dict[str, dict[str, Any]]:
    """What the API says of itself, or of all parts."""
    from greenoffice.client import ApiClient

    parts = ApiClient.of_folder(folder).parts()
    return _asked({HTTP_PART: parts[HTTP_PART]} if alone else parts)


def _all_parts(folder: DataFolder) -> dict[str, dict[str, Any]]:
    """What the API says of all; where it does not answer, what the others told last."""
    from greenoffice.client import ApiClient

    try:
        return _asked(ApiClient.of_folder(folder).parts())
    except Unavailable as away:
        parts = {HTTP_PART: {"ok": False, "error": str(away)}}
        for one in processes_of(folder.settings()):
            _add(parts, heartbeats(folder, one))
        return parts


def _add(parts: Parts, told: Parts) -> None:
    """Of what several processes share, what is not well in any of them is told."""
    for name, part in told.items():
        known = parts.get(name)
        if known is None or known["ok"]:
            parts[name] = part


def _asked(parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {"ok": one["ready"], **one["detail"]} for name, one in parts.items()}


def demo_campus(data: DataArgument, passwords: PasswordsOption) -> None:
    """Register the simulated campus in a data folder and with its broker."""
    from greenoffice.broker_passwords import add_users, require_writable
    from greenoffice.demo.setting_up import register_campus

    require_writable(passwords)
    add_users(passwords, register_campus(DataFolder(data.absolute())))


@influx_app.command("init")
def influx_init(
    data: DataArgument,
    url: Annotated[str, typer.Option(help="http://HOST:8086; default: as in the settings")] = "",
    bucket: Annotated[str, typer.Option(help="its name; default: as in the settings")] = "",
    org: Annotated[str, typer.Option(help="the organisation; none on a 1.x server")] = "",
    retention_days: Annotated[
        int | None, typer.Option(help="how long readings are kept; default: for ever")
    ] = None,
    admin_token_file: Annotated[
        Path | None,
        typer.Option(help="file with an administrator's token; not for a server nobody set up"),
    ] = None,
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="only where bucket or token do not serve any more")
    ] = False,
) -> None:
    """Make the bucket, its retention and two tokens; ends tokens of an earlier run."""
    from greenoffice.influx_setup import InfluxOptions, influx_init, influx_lacks

    folder = DataFolder(data.absolute())
    if if_needed:
        lacks = influx_lacks(folder)
        if lacks is None:
            return
        say(f"the bucket is set up anew: {said_error(str(lacks), language())}")
        if any(folder.journal.glob("*/*.sqlite")):
            say(f"stop the platform, then fill it from the journal: greenoffice rebuild {data}")
    options = InfluxOptions(url, bucket, org, retention_days, admin_token_file)
    for line in influx_init(folder, options).done:
        say(line)
    say(f"tokens in {folder.secrets}; start the platform anew to use them")


@broker_app.command("user")
def broker_user(
    user: Annotated[str, typer.Argument(help="the user's name on the broker")],
    password_file: Annotated[Path, typer.Option(help="the password; made if not there yet")],
    passwords: PasswordsOption,
) -> None:
    """Let a user connect to Mosquitto; gateways are added by `registry import`."""
    from greenoffice.broker_passwords import add_user

    add_user(passwords, user, password_file)


@broker_app.command("config")
def broker_config(
    out: Annotated[Path, typer.Option(help="the folder to write")] = Path("broker"),
    data: Annotated[
        Path | None, typer.Option("--data", help="the data folder whose gateways it is for")
    ] = None,
    mosquitto_version: Annotated[
        str, typer.Option(help="version of the broker; default: the installed one")
    ] = "",
    sqlite_plugin: Annotated[
        str,
        typer.Option(
            help="where the broker has mosquitto_persist_sqlite.so; default: it is sought"
        ),
    ] = "",
    certificate: Annotated[
        str, typer.Option(help="PEM chain, as the broker sees it; with it the port speaks TLS")
    ] = "",
    private_key: Annotated[str, typer.Option(help="PEM key of the certificate")] = "",
    memory_mb: Annotated[int, typer.Option(help="memory it may take [MB]", min=64)] = 1024,
    new_passwords: Annotated[
        bool,
        typer.Option(
            "--new-passwords", help="make one for each gateway that the broker has none of"
        ),
    ] = False,
    container: Annotated[
        bool, typer.Option("--container", help="for the container of docker-compose.yml")
    ] = False,
) -> None:
    """Write the safest Mosquitto that its version can be; say what that cannot promise."""
    from greenoffice.broker_config import BrokerPlan, found_plugin, named_version, write_broker
    from greenoffice.broker_telling import tell_written

    plan = BrokerPlan(
        named_version(mosquitto_version),
        sqlite_plugin or ("" if mosquitto_version else found_plugin()),
        certificate,
        private_key,
        container,
        memory_mb,
    )
    folder = None if data is None else DataFolder(data.absolute())
    tell_written(plan, write_broker(plan, out, folder, new_passwords=new_passwords))


@grafana_app.command("provision")
def grafana_provision(
    target: Annotated[Path, typer.Argument(help="the folder to write")],
    data: Annotated[Path, typer.Option("--data", help="the data folder")],
    api_url: Annotated[str, typer.Option(help="where Grafana reaches the API")],
    unverified: Annotated[
        bool, typer.Option("--unverified", help="take any certificate of the API")
    ] = False,
) -> None:
    """Write data source, boards and keys for a Grafana to start on."""
    from greenoffice.grafana_setup import provision_grafana

    folder = DataFolder(data.absolute())
    print(provision_grafana(folder, target, api_url, verified=not unverified))


def add_to(app: typer.Typer) -> None:
    """Make these commands of the whole command line."""
    for command in (work, api, health, watch, backups):
        app.command()(command)
    app.command("demo-campus", hidden=True)(demo_campus)
    app.command(hidden=True)(worker)
    app.add_typer(influx_app, name="influx")
    app.add_typer(broker_app, name="broker")
    app.add_typer(grafana_app, name="grafana")
