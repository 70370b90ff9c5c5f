"""The command line: `greenoffice --help` teaches it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from greenoffice import (
    cli_dead_letters,
    cli_decode,
    cli_edge,
    cli_entries,
    cli_gateways,
    cli_history,
    cli_journal,
    cli_keys,
    cli_points,
    cli_servers,
    commands,
    saying,
)
from metering.errors import GreenOfficeError
from metering.shard import read_shard

app = typer.Typer(
    name="greenoffice",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Energy platform for public institutions: readings in, waste found, savings proven.",
    epilog="Begin with `greenoffice demo`, or `greenoffice init DATA` and `greenoffice up DATA`.",
)
registry_app = typer.Typer(no_args_is_help=True, help="Nodes, gateways, meters and points.")
app.add_typer(registry_app, name="registry")
export_app = typer.Typer(no_args_is_help=True, help="Files for whoever audits the books.")
app.add_typer(export_app, name="export")
app.add_typer(cli_journal.journal_app, name="journal")
app.add_typer(cli_keys.key_app, name="key")
app.add_typer(cli_gateways.gateway_app, name="gateway")
app.add_typer(cli_history.history_app, name="history")
app.add_typer(cli_edge.edge_app, name="edge")
app.add_typer(cli_points.points_app, name="points")
app.add_typer(cli_dead_letters.dead_letters_app, name="dead-letters")

HANDED_ON = frozenset(
    {
        "report",
        "bill",
        "settlements",
        "registry",
        "export",
        "grafana",
        "broker",
        "influx",
        "demo-campus",
    }
)
"""Commands that write files for others, or for servers of other users."""
DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
DataOption = Annotated[Path, typer.Option("--data", help="the data folder")]
SchedulerOption = Annotated[
    str,
    typer.Option("--scheduler", help="do it on this Dask cluster, tcp://HOST:8786 or tls://"),
]
ParentOption = Annotated[int, typer.Option("--parent", hidden=True)]
ShardOption = Annotated[str, typer.Option(help="a share of the work, such as 1/2")]


@app.command()
def init(
    data: DataArgument,
    http_port: Annotated[int, typer.Option(help="port of the page and the API")] = 8080,
    mqtt_port: Annotated[int, typer.Option(help="port gateways connect to")] = 1883,
    metrics_port: Annotated[int, typer.Option(help="port of the collector's /metrics")] = 9464,
    language: Annotated[str, typer.Option(help="zh-CN or en")] = "zh-CN",
) -> None:
    """Make a data folder with generated secrets."""
    commands.init(data, http_port, mqtt_port, metrics_port, language)


@app.command()
def up(data: DataArgument) -> None:
    """Run the platform on a data folder until Ctrl-C."""
    commands.up(data)


@app.command()
def demo(
    data: DataOption = Path(".demo"),
    seed: Annotated[int, typer.Option(help="the simulated world")] = 1,
    now: Annotated[
        str | None,
        typer.Option(
            help="instant the simulation takes for now, e.g. "
            "2026-11-24T10:00:00+08:00; default: the real one"
        ),
    ] = None,
    no_waste: Annotated[bool, typer.Option("--no-waste", help="a campus without waste")] = False,
    more_waste: Annotated[
        bool, typer.Option("--more-waste", help="kinds of waste beside the usual ones")
    ] = False,
    exit_when_ready: Annotated[
        bool, typer.Option("--exit-when-ready", help="stop once everything is found")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="end with one line of JSON")] = False,
    history: Annotated[
        str, typer.Option(help="full months before this one to fill, e.g. 14mo")
    ] = "2mo",
    grafana: Annotated[
        bool, typer.Option("--grafana", help="also start the grafana-server that is on PATH")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="begin with an empty folder")] = False,
    broker: Annotated[str, typer.Option(help="push through this broker, mqtt://HOST:PORT")] = "",
    influx: Annotated[str, typer.Option(help="keep readings there, http://HOST:8086")] = "",
    influx_bucket: Annotated[str, typer.Option(help="its bucket")] = "greenoffice",
    influx_org: Annotated[str, typer.Option(help="its organisation; none on a 1.x server")] = "",
    influx_token_file: Annotated[
        Path | None, typer.Option(help="file with its token; none on a 1.x server")
    ] = None,
    database: Annotated[
        str, typer.Option(help="keep books there, postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    ] = "",
) -> None:
    """Run the platform with a simulated campus: a history, then live readings."""
    from greenoffice.demo import DemoOptions, DemoServers, history_months, run_demo

    servers = DemoServers(broker, influx, influx_bucket, influx_org, influx_token_file, database)
    run_demo(
        DemoOptions(
            data=data,
            seed=seed,
            now=now,
            waste=not no_waste,
            more_waste=more_waste,
            exit_when_ready=exit_when_ready,
            as_json=as_json,
            fresh=fresh,
            servers=servers,
            months=history_months(history),
            grafana=grafana,
        )
    )


@app.command()
def rebuild(data: DataArgument, scheduler: SchedulerOption = "") -> None:
    """Book again from the journal; what differs is restated. The platform must be stopped."""
    commands.rebuild(data, scheduler)


@app.command()
def look(data: DataArgument, scheduler: SchedulerOption = "") -> None:
    """Look for waste at every site now. The platform must be stopped."""
    commands.look(data, scheduler)


@app.command()
def check(
    data: DataArgument,
    as_json: Annotated[bool, typer.Option("--json", help="a line of JSON for each check")] = False,
) -> None:
    """Say what is wrong with what is stored, and the fix; status 1 where numbers may be wrong."""
    from greenoffice.checking import check as check_stored

    raise typer.Exit(check_stored(data, as_json=as_json))


@app.command()
def upgrade(
    data: DataArgument,
    backup: Annotated[
        Path | None, typer.Option(help="a new folder for the backup; default: in DATA/backups")
    ] = None,
) -> None:
    """Back up a data folder of an earlier version, bring it up to date and check it."""
    commands.upgrade(data, backup)


@app.command()
def rebook(
    data: DataArgument,
    reason: Annotated[str, typer.Option(help="why; it goes into the audit log")],
    institution: Annotated[str | None, typer.Option(help="its code; default: all")] = None,
) -> None:
    """Book again what earlier rules booked, with a reason. The platform must be stopped."""
    commands.rebook(data, reason, institution)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="a new folder for the backup")],
    data: DataOption,
) -> None:
    """Back up a data folder, also while the platform runs."""
    commands.backup(target, data)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="the folder of a backup")],
    data: DataOption,
    database: Annotated[
        str, typer.Option(help="an empty PostgreSQL database, in place of the one in the settings")
    ] = "",
    keep_journal: Annotated[
        bool, typer.Option("--keep-journal", help="only database and readings are lost")
    ] = False,
) -> None:
    """Restore a backup; what came after it is read from a journal that outlived it."""
    commands.restore(source, data, database, keep_journal)


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX, Parquet, NEM12, XML, a ZIP or a folder of them")
    ],
    kind: Annotated[str, typer.Option(help="register, interval, mean, instant or state")],
    site: Annotated[str, typer.Option(help="code of the site whose gateway replays")],
    zone: Annotated[str, typer.Option(help="the site's time zone")] = "Asia/Shanghai",
    time: Annotated[str, typer.Option(help="column with the time; default: seen")] = "",
    value: Annotated[
        list[str] | None,
        typer.Option(help="column with values; may be repeated; default: all that are left"),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(help="unit of each value column, in order, or of all that the file has"),
    ] = None,
    id: Annotated[str, typer.Option(help="column that names the series; default: seen")] = "",
    interval: Annotated[int | None, typer.Option(help="length of an interval [minutes]")] = None,
    label: Annotated[str, typer.Option(help="times label the interval's start or end")] = "start",
    utc: Annotated[bool, typer.Option("--utc", help="the times are UTC")] = False,
    offset: Annotated[
        str | None, typer.Option(help="the times are of this fixed offset, e.g. +08:00")
    ] = None,
    where: Annotated[str | None, typer.Option(help="SQL condition on the rows to take")] = None,
    date: Annotated[
        str, typer.Option(help="order of dates where two are possible: ymd, dmy, mdy, epoch_s, ...")
    ] = "",
    decimal: Annotated[str, typer.Option(help="decimal sign where two are possible: . or ,")] = "",
    encoding: Annotated[str, typer.Option(help="where it cannot be seen: big5, cp1252, ...")] = "",
    separator: Annotated[str, typer.Option(help="between fields, where two are possible")] = "",
    register: Annotated[
        bool, typer.Option("--register", help="register unknown ids as points of a new site")
    ] = False,
    data: DataOption = Path(".demo"),
) -> None:
    """Push recorded tables over MQTT as a gateway would."""
    from greenoffice.replay.command import run_replay
    from greenoffice.replay.options import ReplayOptions, kind_of, value_columns

    options = ReplayOptions(
        file=file,
        time=time,
        values=value_columns(value or [], unit or []),
        unit=(unit or [""])[0],
        kind=kind_of(kind),
        site=site,
        zone=zone,
        id=id,
        interval_min=interval,
        label=label,
        utc=utc,
        offset=offset,
        where=where,
        date=date,
        decimal=decimal,
        encoding=encoding,
        separator=separator,
    )
    run_replay(options, data, register=register)


@app.command()
def report(
    institution: Annotated[str, typer.Argument(help="code of the institution")],
    month: Annotated[str, typer.Argument(help="e.g. 2026-10")],
    data: DataOption,
    format: Annotated[str, typer.Option(help="pdf, xlsx, csv or json")] = "pdf",
    language: Annotated[str, typer.Option(help="zh-CN or en")] = "zh-CN",
    output: Annotated[
        Path | None, typer.Option(help="file to write; default INSTITUTION-MONTH.FORMAT")
    ] = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="also of a month that is not complete")
    ] = False,
    issue: Annotated[
        int | None, typer.Option(help="number of the issue; default: the latest", min=1)
    ] = None,
    new_issue: Annotated[
        bool, typer.Option("--new-issue", help="make another issue from today's state")
    ] = False,
    reason: Annotated[str, typer.Option(help="why there is another issue")] = "",
    coal: Annotated[
        str, typer.Option(help="by what standard coal is told: equivalent or equal")
    ] = "equivalent",
    carbon: Annotated[
        str, typer.Option(help="by what carbon is told: location or market")
    ] = "location",
) -> None:
    """Write the month's energy report of an institution: an issue, kept from the first time on."""
    from greenoffice.reporting import ReportOptions, report

    report(
        ReportOptions(
            institution=institution,
            month=month,
            format=format,
            language=language,
            output=output,
            provisional=provisional,
            issue=issue,
            new_issue=new_issue,
            reason=reason,
            coal=coal,
            carbon=carbon,
        ),
        data,
    )


@app.command()
def bill(
    data: DataArgument,
    code: Annotated[str, typer.Argument(help="an account, its meter, or a node above it")],
    month: Annotated[str, typer.Argument(help="e.g. 2026-10")],
    output: Annotated[
        Path | None, typer.Option(help="file to write; default: standard output")
    ] = None,
    format: Annotated[str, typer.Option(help="csv or xlsx")] = "csv",
    language: Annotated[str, typer.Option(help="of a workbook: zh-CN or en")] = "zh-CN",
) -> None:
    """Write the bills of a month as the supplier would, line by line, as CSV or a workbook."""
    from greenoffice.billing import bill as run

    run(data, code, month, output, format, language)


@app.command()
def close(
    data: DataArgument,
    institution: Annotated[
        list[str] | None, typer.Argument(help="codes of institutions", show_default=False)
    ] = None,
    *,
    period: Annotated[str, typer.Argument(help="e.g. 2026-10, 2026-Q4 or 2026")],
    reason: Annotated[str, typer.Option(help="why, where an item is not complete")] = "",
    every: Annotated[bool, typer.Option("--all", help="every institution")] = False,
    scheduler: SchedulerOption = "",
) -> None:
    """Say that a month, quarter or year of institutions holds."""
    from greenoffice.closing import close as run
    from greenoffice.spreading.commands import close_many

    if len(institution or ()) == 1 and not every and not scheduler:
        for one in institution or ():
            run(data, one, period, reason)
    elif close_many(data, institution or [], period, reason, every=every, scheduler=scheduler):
        raise typer.Exit(1)


@app.command()
def reopen(
    data: DataArgument,
    closing: Annotated[str, typer.Argument(help="name of the closing, e.g. c7")],
    reason: Annotated[str, typer.Option(help="why it is to be reopened")] = "",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="confirm what somebody else asked for")
    ] = False,
) -> None:
    """Ask for a closed period to be reopened, or confirm it for somebody else."""
    from greenoffice.closing import reopen as run

    run(data, closing, reason, confirm)


@app.command()
def closings(
    data: DataArgument,
    institution: Annotated[str, typer.Argument(help="code of the institution")],
) -> None:
    """List the closed periods of an institution."""
    from greenoffice.closing import listed

    listed(data, institution)


@app.command()
def settle(
    data: DataArgument,
    institution: Annotated[str, typer.Argument(help="code of the institution")],
    period: Annotated[str, typer.Argument(help="e.g. 2026-10, 2026-Q4 or 2026")],
) -> None:
    """Look how well a period is known, keep what is found, and print it as CSV."""
    from greenoffice.closing import settle as run

    run(data, institution, period)


@app.command()
def settlements(
    data: DataArgument,
    institution: Annotated[str, typer.Argument(help="code of the institution")],
    output: Annotated[
        Path | None, typer.Option(help="file to write; default: standard output")
    ] = None,
) -> None:
    """Write the settlement runs of an institution as CSV."""
    from greenoffice.closing import settlements as run

    run(data, institution, output)


@registry_app.command("import")
def import_registry(
    folder: Annotated[
        Path,
        typer.Argument(
            help="folder of CSV files or workbooks, one of them, or a building model: a file.ttl of"
            " Brick, a file.json of Haystack; docs/registry.md"
        ),
    ],
    data: DataOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only tell what would change")] = False,
    reason: Annotated[
        str, typer.Option(help="why; needed for a change that reaches into complete months")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask whether to go on")] = False,
    end_missing: Annotated[
        str, typer.Option(help="end what is registered and not in the files on this day")
    ] = "",
    mosquitto_passwords: Annotated[
        Path | None, typer.Option(help="add new gateways to this password file of a Mosquitto")
    ] = None,
    below: Annotated[
        str, typer.Option(help="registered place to which the places of a model belong")
    ] = "",
    gateway: Annotated[
        str, typer.Option(help="SITE/CODE of what sends points of a model that names no gateway")
    ] = "",
) -> None:
    """Import CSV files, workbooks or a building model: all of it or, with any error, nothing."""
    from greenoffice.building_models import ModelWishes
    from greenoffice.registering import ImportOptions, day_of
    from greenoffice.registering import import_registry as run

    end = day_of(end_missing) if end_missing else None
    model = ModelWishes(below, gateway)
    run(folder, data, ImportOptions(dry_run, reason, yes, mosquitto_passwords, end, model))


@registry_app.command("template")
def registry_template(
    target: Annotated[Path, typer.Argument(help="folder to write to, or a new file.xlsx")],
    language: Annotated[
        str, typer.Option(help="of headings and explanations: zh-CN or en")
    ] = "zh-CN",
) -> None:
    """Write a workbook to fill in: drop-downs, examples and explanations; `import` takes it."""
    from greenoffice.registering import write_template

    write_template(target, language)


@registry_app.command("export")
def export_registry(
    data: DataOption,
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="folder to write the CSV files to; a new file.xlsx with --xlsx",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option(help="as it stood at this version; default: the present one")
    ] = None,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="write one workbook instead")] = False,
    language: Annotated[str, typer.Option(help="of the workbook: zh-CN or en")] = "zh-CN",
    brick: Annotated[
        Path | None, typer.Option(help="a new file.ttl to write as a Brick model instead")
    ] = None,
    haystack: Annotated[
        Path | None, typer.Option(help="a new file.json to write as a Haystack model instead")
    ] = None,
) -> None:
    """Write the registry as CSV files, a workbook, or what a building model can say of it."""
    from greenoffice import building_models
    from greenoffice.registering import export_model, export_workbook, require_target
    from greenoffice.registering import export_registry as run

    if brick is not None:
        export_model(brick, data, building_models.BRICK, version)
    if haystack is not None:
        export_model(haystack, data, building_models.HAYSTACK, version)
    if brick is not None or haystack is not None:
        return
    target = require_target(folder)
    if xlsx:
        export_workbook(target, data, version, language)
    else:
        run(target, data, version)


@export_app.command("journal")
def export_journal(
    file: Annotated[Path, typer.Argument(help="a new file; see docs/recompute.md")],
    data: DataOption,
    institution: Annotated[str, typer.Option(help="code of the institution")],
    first: Annotated[str, typer.Option("--from", help="first local day, e.g. 2026-10-01")],
    after: Annotated[str, typer.Option("--to", help="local day behind the last one")],
) -> None:
    """Write readings and registered facts from which anyone can compute the books again."""
    from greenoffice.exporting import export_journal as run
    from greenoffice.exporting import tell

    tell(run(data, institution, first, after, file))


@app.command()
def recompute(
    file: Annotated[Path, typer.Argument(help="a file of `greenoffice export journal`")],
    as_json: Annotated[
        bool,
        typer.Option("--json", help="every interval, hour, day and month, a line of JSON each"),
    ] = False,
    coal: Annotated[
        str, typer.Option(help="by what standard coal is told: equivalent or equal")
    ] = "equivalent",
    carbon: Annotated[
        str, typer.Option(help="by what carbon is told: location or market")
    ] = "location",
) -> None:
    """Compute the books of an exported journal again, by a second implementation of the rules."""
    from greenoffice.recomputing import recompute as run

    run(file, as_json=as_json, coal=coal, carbon=carbon)


@app.command(hidden=True)
def collector(data: DataArgument, shard: ShardOption = "", parent: ParentOption = 0) -> None:
    """The collector process; started by the supervisor."""
    from greenoffice.collector_process import run_collector

    run_collector(data, parent, read_shard(shard))


@app.command(hidden=True)
def intake(data: DataArgument, parent: ParentOption = 0) -> None:
    """The intake process, which owns the readings; started by the supervisor."""
    from greenoffice.work_process import run_intake

    run_intake(data, parent)


@app.command(hidden=True)
def ledger(data: DataArgument, shard: ShardOption = "", parent: ParentOption = 0) -> None:
    """The ledger process, with analytics; started by the supervisor."""
    from greenoffice.work_process import run_ledger

    run_ledger(data, parent, read_shard(shard))


@app.command(hidden=True)
def simulators(data: DataArgument, parent: ParentOption = 0) -> None:
    """The simulated gateways; started by the demo."""
    from greenoffice.simulators_process import run_simulators

    run_simulators(data, parent)


@app.command("demo-edge", hidden=True)
def demo_edge(data: DataArgument, parent: ParentOption = 0) -> None:
    """The edge of a demo with its simulated meter; started by the demo."""
    from greenoffice.demo.edge import run_demo_edge

    run_demo_edge(data, parent)


app.command()(cli_decode.decode)
cli_entries.add_to(app)
cli_servers.add_to(app)


def main() -> None:
    """Entry point; an error of the platform is one clear message, not a trace. What is written is
    for its owner alone, but for what is made to be handed on."""
    if not sys.argv[1:2] or sys.argv[1] not in HANDED_ON:
        os.umask(0o077)
    try:
        saying.command_of(app)(prog_name="greenoffice")
    except GreenOfficeError as refused:
        print(f"greenoffice: {saying.complaint(refused)}", file=sys.stderr)
        sys.exit(exit_code(refused))


def exit_code(refused: GreenOfficeError) -> int:
    """78 tells the supervisor that starting again would not help."""
    from greenoffice.supervisor import UNUSABLE_EXIT
    from metering.errors import ConfigurationError, Damaged

    return UNUSABLE_EXIT if isinstance(refused, ConfigurationError | Damaged) else 2
