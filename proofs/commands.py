"""The command line of the proofs."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from greenoffice import garbage
from metering.errors import GreenOfficeError

app = typer.Typer(
    name="proofs",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Proofs of the whole platform; each ends with one line of JSON.",
)
Seed = Annotated[int, typer.Option(help="the simulated world")]


@app.command()
def seeds(
    seeds: Annotated[int, typer.Option(help="how many unseen seeds")] = 5,
    first: Annotated[int, typer.Option(help="the first of them")] = 9001,
) -> None:
    """The demo over several seeds, with waste and without."""
    from proofs.seeds import run_seeds

    run_seeds(first, seeds)


@app.command()
def replay() -> None:
    """Recorded real data over MQTT, against sums taken by other means."""
    from proofs.replay import run_replay_check

    run_replay_check()


@app.command()
def kill(
    kills: Annotated[int, typer.Option(help="kills of each process")] = 3,
    seed: Seed = 77,
) -> None:
    """kill -9 of each process while the demo fills: nothing acknowledged is lost."""
    from proofs.kill import run_kill_check

    run_kill_check(kills, seed)


@app.command()
def interop(
    only: Annotated[str, typer.Option(help="clients whose name holds this")] = "",
) -> None:
    """Gateways of other people's MQTT clients, over a restart of the listener."""
    from proofs.interop import run_interop

    run_interop(only)


@app.command("bench-gateways")
def bench_gateways(
    gateways: Annotated[int, typer.Option(help="that connect at once", min=21)] = 2_000,
    hard: Annotated[int, typer.Option(help="limit of handles; 0: the machine's")] = 0,
    seconds: Annotated[float, typer.Option(help="for which they publish")] = 10.0,
) -> None:
    """Thousands of gateways at once before one collector, of which some may not fit."""
    from proofs.gateways import run_bench_gateways

    run_bench_gateways(gateways, hard, seconds)


@app.command("decode-table")
def decode_table(
    listed: Annotated[bool, typer.Option("--list", help="print each wrong one, with why")] = False,
) -> None:
    """Recorded payloads of each family: what decoders make of them, beside what others made."""
    from proofs.decode_table import run_decode_table

    run_decode_table(listed=listed)


@app.command()
def tables(
    only: Annotated[str, typer.Option(help="files whose name holds this")] = "",
) -> None:
    """Tables as people have them: each comes to what was written down for it."""
    from proofs.tables.check import run_tables

    run_tables(only)


@app.command()
def join(
    pictures: Annotated[
        Path | None, typer.Option(help="folder for a picture of each step, at two widths")
    ] = None,
    days: Annotated[int, typer.Option(help="of history", min=30)] = 730,
    seed: Annotated[int, typer.Option(help="what the meters show, and what is wrong with it")] = 1,
    only: Annotated[str, typer.Option(help="languages whose name holds this")] = "",
) -> None:
    """An office connected on the page, from an empty folder, in both languages."""
    from proofs.join.check import run_join

    run_join(pictures, days, seed, only)


@app.command()
def shards(
    hours: Annotated[int, typer.Option(help="of readings of each gateway", min=24)] = 96,
    seed: Seed = 1,
) -> None:
    """Several collectors behind one broker, one killed: what one of them alone does."""
    from proofs.shards import run_shards_check

    run_shards_check(hours, seed)


@app.command()
def fault(
    only: Annotated[str, typer.Option(help="faults whose name has this")] = "",
) -> None:
    """Each fault done to a running platform: told, recovered from, nothing acknowledged lost."""
    from proofs.recovery.check import run_fault_check

    run_fault_check(only)


@app.command("fault-ingest")
def fault_ingest(
    only: Annotated[
        str, typer.Option(help="WAY/FAULT: those whose names hold these, either may be empty")
    ] = "",
) -> None:
    """Every way in under every fault: what was acknowledged is stored or a dead letter."""
    from proofs.fault_ingest.check import run_fault_ingest

    run_fault_ingest(only)


@app.command("fuzz-ingest")
def fuzz_ingest(
    inputs: Annotated[int, typer.Option(help="for each decoder; a tenth for each way in")] = 2_000,
    seed: Annotated[str, typer.Option(help="which inputs; empty: new ones")] = "",
    only: Annotated[str, typer.Option(help="only targets whose name holds this")] = "",
) -> None:
    """Mutated payloads, packets, frames and requests: no crash, no stall, nothing lost."""
    from proofs.fuzz_ingest.check import run_fuzz_ingest

    run_fuzz_ingest(inputs, seed or secrets.token_hex(4), only)


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(help="how many worlds")] = 1_000,
    seed: Annotated[int, typer.Option(help="the first of them")] = 1,
    trace: Annotated[bool, typer.Option(help="print what happens")] = False,
) -> None:
    """Socket to books in one process, under faults that a seed decides."""
    from proofs.simulation.check import run_simulate

    run_simulate(seeds, seed, trace)


@app.command()
def soak(minutes: Annotated[float, typer.Option(help="how long")] = 60.0) -> None:
    """A platform at work for long: memory, handles, threads and logs do not grow."""
    from proofs.soak import run_soak

    run_soak(minutes)


@app.command()
def restore(seed: Seed = 77) -> None:
    """Backups taken at work give the same books again, on every back end."""
    from proofs.restore import run_restore_check

    run_restore_check(seed)


@app.command()
def compose(
    file: Annotated[Path, typer.Option(help="the file to check")] = Path("docker-compose.yml"),
    seed: Annotated[int, typer.Option(help="of the order after the reboot")] = 26,
) -> None:
    """The commands of docker-compose.yml, together, on servers of this machine."""
    from proofs.compose import run_compose_check

    run_compose_check(file, seed)


@app.command()
def report(
    seed: Seed = 77,
    history: Annotated[str, typer.Option(help="full months to fill, e.g. 14mo")] = "14mo",
) -> None:
    """The month's report twice, its cells added again, compared with the API, and told again
    months later."""
    from proofs.report import run_report_check

    run_report_check(seed, history)


@app.command()
def boards(seed: Seed = 77) -> None:
    """Every panel of the Grafana boards over the demo's data: rows per panel."""
    from proofs.boards import run_boards_check

    run_boards_check(seed)


@app.command()
def influxql(
    statements: Annotated[int, typer.Option(help="how many", min=1)] = 520,
    seed: Annotated[int, typer.Option(help="which ones, and what meters show")] = 1,
    generation: Annotated[int, typer.Option(help="of InfluxDB: 1", min=1, max=1)] = 1,
) -> None:
    """Statements as Grafana's editor writes them, beside a real InfluxDB with the same rows."""
    from proofs.influxql import run_influxql_check

    run_influxql_check(statements, seed, generation)


@app.command()
def parity(seed: Seed = 77) -> None:
    """The same world on embedded parts, a broker, and servers: equal to the last digit."""
    from proofs.parity import run_parity

    run_parity(seed)


@app.command()
def feed(
    seed: Annotated[int, typer.Option(help="what the meters show")] = 1,
) -> None:
    """A shared platform pulls several institutions' feeds: its sums are the books'."""
    from proofs.feed import run_feed_check

    run_feed_check(seed)


@app.command()
def records(seed: Annotated[int, typer.Option(help="what happens on the campus")] = 7) -> None:
    """A year in fast motion: reports, cases, registry, restatements and books still stand."""
    from proofs.records import run_records_check

    run_records_check(seed)


@app.command()
def agree(
    seed: Annotated[int, typer.Option(help="what the meters show")] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="a new folder for the platform's data, to look at it after")
    ] = None,
) -> None:
    """Page, InfluxQL, API, report and feed against exact sums: told alike to the last digit."""
    from proofs.agree import run_agree_check

    run_agree_check(seed, keep)


@app.command()
def fuzz(
    seconds: Annotated[float, typer.Option(help="how long to go on")] = 120.0,
    seed: Annotated[int, typer.Option(help="the first sequence")] = 1,
) -> None:
    """Random registers, faults, orders and batches: equal books, and the laws they keep."""
    from proofs.fuzz import run_fuzz

    run_fuzz(seconds, seed)


@app.command()
def dated(
    worlds: Annotated[int, typer.Option(help="how many worlds")] = 500,
    seed: Annotated[int, typer.Option(help="the first of them")] = 1,
) -> None:
    """Registers that move, begin and end, told in any order: each day to what held on it."""
    from proofs.dated.check import run_dated

    run_dated(worlds, seed)


@app.command()
def closing(
    worlds: Annotated[int, typer.Option(help="how many worlds")] = 20,
    seed: Annotated[int, typer.Option(help="the first of them")] = 1,
    on_postgres: Annotated[
        int, typer.Option(help="how many of them, the last, over PostgreSQL")
    ] = 1,
) -> None:
    """Months that are closed before anything else happens: told to the byte ever after."""
    from proofs.closing.check import run_closing

    run_closing(worlds, seed, on_postgres)


@app.command()
def tree(
    trees: Annotated[int, typer.Option(help="how many trees")] = 200,
    seed: Annotated[int, typer.Option(help="the first of them")] = 1,
) -> None:
    """Shared places, told in any order: the parts are the whole, and each is read by its owner."""
    from proofs.tree.check import run_tree

    run_tree(trees, seed)


@app.command()
def faults(
    only: Annotated[str, typer.Option(help="only cases whose name holds this")] = "",
    seed: Annotated[int, typer.Option(help="how readings are cut into batches")] = 1,
    details: Annotated[bool, typer.Option("--details", help="tell of each case")] = False,
) -> None:
    """Every fault of meters and gateways, against plants whose energy is known."""
    from proofs.fault_matrix import run_fault_matrix

    run_fault_matrix(only, seed, details=details)


@app.command()
def bench(
    readings: Annotated[
        int, typer.Option(help="the most readings; also a tenth and a hundredth")
    ] = 10_000_000,
) -> None:
    """What a reading costs the ledger, among few and among many, and after a long rest."""
    from proofs.bench_ledger import run_bench

    run_bench(readings)


@app.command()
def mutants(
    package: Annotated[str, typer.Option(help="ledger, figures, collector/intake, ...")] = "ledger",
    count: Annotated[int, typer.Option(help="how many changes", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="which ones")] = 1,
    jobs: Annotated[int, typer.Option(help="how many at a time", min=1, max=16)] = 2,
) -> None:
    """Random one-line changes of a package: the share that its own tests notice."""
    from proofs.mutants import run_mutants

    run_mutants(package, count, seed, jobs)


@app.command()
def counters() -> None:
    """Real water counters and sub-meters: every decision explained, every sum closed."""
    from proofs.counters import run_counters

    run_counters()


@app.command()
def recompute(
    seed: Annotated[int, typer.Option(help="what the meters show, and what befalls them")] = 1,
) -> None:
    """An exported journal computed again by other code: the same books; alterations are found."""
    from proofs.recompute_check import run_recompute_check

    run_recompute_check(seed)


@app.command()
def bills(seed: Annotated[int, typer.Option(help="which mistakes are made")] = 1) -> None:
    """Suppliers' bills worked out by hand against the platform's, and wrong ones against audit."""
    from proofs.bills.check import run_bill_check

    run_bill_check(seed)


@app.command()
def hostile(
    only: Annotated[str, typer.Option(help="only attacks whose name holds this")] = "",
    before: Annotated[float, typer.Option(help="how long to measure before each [s]")] = 10.0,
) -> None:
    """Attacks from outside, while ten good gateways and three keys work: these hardly notice."""
    from proofs.hostile.check import run_hostile_check

    run_hostile_check(only, before)


@app.command("bench-books")
def bench_books(
    readings: Annotated[int, typer.Option(help="of the largest store")] = 35_000_000,
    meters: Annotated[int, typer.Option(help="of the largest registry")] = 10_000,
) -> None:
    """What a change costs in a large store, and what a large registry costs."""
    from proofs.bench_books import run_bench_books

    run_bench_books(readings, meters)


@app.command("bench-repairs")
def bench_repairs(
    meters: Annotated[int, typer.Option(min=100, help="of the larger registry")] = 1_000,
) -> None:
    """What the page of repairs costs, of few meters and of many."""
    from proofs.bench_repairs import run_bench_repairs

    run_bench_repairs(meters)


@app.command("bench-history")
def bench_history(
    values: Annotated[int, typer.Option(min=100_000, help="in the file")] = 2_000_000,
    form: Annotated[str, typer.Option("--format", help="csv, parquet or xlsx")] = "csv",
) -> None:
    """What years of readings cost from a file to the books, beside DuckDB."""
    from proofs.bench_history import FORMATS, run_bench_history

    if form not in FORMATS:
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="--format")
    run_bench_history(values, form)


@app.command("bench-feed")
def bench_feed(
    institutions: Annotated[int, typer.Option(help="how many", min=1)] = 10_000,
    days: Annotated[int, typer.Option(help="of books of each", min=1)] = 30,
    database: Annotated[
        str, typer.Option(help="URL of an empty database; default: one of its own")
    ] = "",
    stack: Annotated[
        str, typer.Option(help="embedded or servers: a SQLite file, or a PostgreSQL of its own")
    ] = "embedded",
) -> None:
    """What the feed of all institutions costs: entries, polls without news, one change."""
    from proofs.bench_feed import run_bench_feed

    run_bench_feed(institutions, days, database, stack)


@app.command("bench-users")
def bench_users(
    users: Annotated[int, typer.Option(help="how many look at a board", min=1)] = 20,
    seconds: Annotated[float, typer.Option(help="how long each time [s]")] = 40.0,
    refresh: Annotated[float, typer.Option(help="how often a board asks again [s]")] = 10.0,
    days: Annotated[int, typer.Option(help="of readings before", min=1)] = 3,
    rate: Annotated[float, typer.Option(help="readings a second meanwhile")] = 5_000.0,
) -> None:
    """How long people wait for their boards, while readings come in and while none do."""
    from proofs.bench_users import run_bench_users

    run_bench_users(users, seconds, refresh, days, rate)


@app.command("bench-boards")
def bench_boards(
    meters: Annotated[int, typer.Option(help="of the campus", min=10)] = 1_000,
    days: Annotated[int, typer.Option(help="of books, the running one included", min=3)] = 365,
    without_influx: Annotated[
        bool, typer.Option("--without-influx", help="do not ask InfluxDB")
    ] = False,
) -> None:
    """How long each panel of the boards takes, beside InfluxDB's fastest statement."""
    from proofs.bench_boards import run_bench_boards

    run_bench_boards(meters, days, without_influx=without_influx)


@app.command("bench-analytics")
def bench_analytics(
    meters: Annotated[int, typer.Option(help="of one weather station", min=1)] = 400,
    linear: Annotated[int, typer.Option(help="that LinearRegression fits", min=1)] = 10,
    opendsm: Annotated[int, typer.Option(help="that OpenDSM fits", min=1)] = 5,
) -> None:
    """What a baseline and a year scored by it cost a meter, beside scikit-learn and OpenDSM."""
    from proofs.bench_analytics import run_bench_analytics

    run_bench_analytics(meters, min(linear, meters), min(opendsm, meters))


@app.command("bench-ingest")
def bench_ingest(
    stack: Annotated[str, typer.Option(help="embedded or servers")] = "embedded",
    scale: Annotated[float, typer.Option(help="times of the usual readings")] = 1.0,
    rate: Annotated[float, typer.Option(help="readings a second, for latency")] = 5_000.0,
    seconds: Annotated[float, typer.Option(help="how long latency is measured [s]")] = 20.0,
) -> None:
    """What a message costs from broker and listener to the readings, beside a bare drain."""
    from proofs.bench_ingest import run_bench_ingest

    run_bench_ingest(stack, scale, rate, seconds)


@app.command()
def idle(
    seconds: Annotated[float, typer.Option(help="how long each is watched [s]")] = 60.0,
    only: Annotated[str, typer.Option(help="embedded or servers; default: both")] = "",
    samples: Annotated[int, typer.Option(help="readings timed until they are booked")] = 20,
) -> None:
    """What a platform costs at rest and a reading: commits, processor time, checks of health."""
    from proofs.idle import run_idle

    run_idle(seconds, only, samples)


@app.command()
def servers(
    cases: Annotated[str, typer.Option(help="only these, with commas between them")] = "",
    influx: Annotated[
        int, typer.Option(help="generation of InfluxDB, 1 or 2; 0: both", min=0, max=2)
    ] = 0,
    seed: Annotated[int, typer.Option(help="what gateways push, and the order of outages")] = 1,
) -> None:
    """Servers and processes that die, hang, come back or are set back: the undisturbed numbers."""
    from proofs.outages.check import run_servers_check

    run_servers_check(cases, influx, seed)


@app.command()
def spread(
    institutions: Annotated[int, typer.Option(help="how many", min=6)] = 16,
    seed: Annotated[int, typer.Option(help="what the meters show")] = 1,
) -> None:
    """Rebuild, closings and look on a cluster whose workers are killed: equal to one process."""
    from proofs.spread.check import run_spread

    run_spread(institutions, seed)


@app.command()
def fleet(
    seed: Annotated[int, typer.Option(help="which meters, and what befalls them")] = 1,
    meters: Annotated[int, typer.Option(help="how many", min=1)] = 300,
    sort: Annotated[str, typer.Option(help="generated, undisturbed, harmless or lasting")] = (
        "generated"
    ),
) -> None:
    """Meters whose truth is known: what was made up, and how far generic scores come with it."""
    from proofs.detect.show import run_show

    run_show(seed, meters, sort)


@app.command()
def bench_detect(
    only: Annotated[
        str, typer.Option(help="fleets, recorded, office, media, harmless, lasting; all if empty")
    ] = "",
    peers: Annotated[str, typer.Option(help="all, none, or names between commas")] = "all",
    quick: Annotated[bool, typer.Option(help="few meters, to see that it works")] = False,
    seed: Annotated[int, typer.Option(help="the first fresh one, 1000 or above")] = 1000,
    seeds: Annotated[int, typer.Option(help="how many generated fleets", min=1)] = 3,
    meters: Annotated[int, typer.Option(help="of each generated fleet", min=1)] = 300,
    table: Annotated[
        Path | None, typer.Option(help="print what a run wrote there as tables, and run nothing")
    ] = None,
) -> None:
    """How much waste detectors find and how often nothing was wrong, ours beside others."""
    from proofs.detect.bench import BenchRun, run_bench, show_table

    if table is not None:
        show_table(table)
    else:
        run_bench(BenchRun.of(only, peers, quick, seed, seeds, meters))


def main() -> None:
    """Entry point; an error of the platform is one clear message, not a trace."""
    garbage.look_seldom()  # as the platform's own processes
    try:
        app()
    except GreenOfficeError as refused:
        print(f"proofs: {refused}", file=sys.stderr)
        sys.exit(2)
