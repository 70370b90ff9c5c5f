"""The command line's checks of the whole platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

checks_app = typer.Typer(
    no_args_is_help=True, help="Checks of the whole platform; each ends with one line of JSON."
)


@checks_app.command("seeds")
def check_seeds(
    seeds: Annotated[int, typer.Option(help="how many unseen seeds")] = 5,
    first: Annotated[int, typer.Option(help="the first of them")] = 9001,
) -> None:
    """The demo over several seeds, with waste and without."""
    from greenoffice.checks.seeds import run_seeds

    run_seeds(first, seeds)


@checks_app.command("replay")
def check_replay() -> None:
    """Recorded real data over MQTT, against sums taken by other means."""
    from greenoffice.checks.replay import run_replay_check

    run_replay_check()


@checks_app.command("kill")
def check_kill(
    kills: Annotated[int, typer.Option(help="kills of each process")] = 3,
    seed: Annotated[int, typer.Option(help="the simulated world")] = 77,
) -> None:
    """kill -9 of each process while the demo fills: nothing acknowledged is lost."""
    from greenoffice.checks.kill import run_kill_check

    run_kill_check(kills, seed)


@checks_app.command("restore")
def check_restore(
    seed: Annotated[int, typer.Option(help="the simulated world")] = 77,
) -> None:
    """Backups taken at work give the same books again, on every back end."""
    from greenoffice.checks.restore import run_restore_check

    run_restore_check(seed)


@checks_app.command("compose")
def check_compose(
    file: Annotated[Path, typer.Option(help="the file to check")] = Path("docker-compose.yml"),
) -> None:
    """The commands of docker-compose.yml, together, on servers of this machine."""
    from greenoffice.checks.compose import run_compose_check

    run_compose_check(file)


@checks_app.command("report")
def check_report(
    seed: Annotated[int, typer.Option(help="the simulated world")] = 77,
) -> None:
    """The month's report twice, its cells added again, and compared with the API."""
    from greenoffice.checks.report import run_report_check

    run_report_check(seed)


@checks_app.command("boards")
def check_boards(
    seed: Annotated[int, typer.Option(help="the simulated world")] = 77,
) -> None:
    """Every panel of the Grafana boards over the demo's data: rows per panel."""
    from greenoffice.checks.boards import run_boards_check

    run_boards_check(seed)


@checks_app.command("parity")
def check_parity(
    seed: Annotated[int, typer.Option(help="the simulated world")] = 77,
) -> None:
    """The same world on embedded parts, a broker, and servers: equal to the last digit."""
    from greenoffice.checks.parity import run_parity

    run_parity(seed)


@checks_app.command("feed")
def check_feed(
    seed: Annotated[int, typer.Option(help="what the meters show")] = 1,
) -> None:
    """A shared platform pulls several institutions' feeds: its sums are the books'."""
    from greenoffice.checks.feed import run_feed_check

    run_feed_check(seed)
