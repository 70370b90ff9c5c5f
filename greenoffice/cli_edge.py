"""The command line's part for an edge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from metering.errors import ConfigurationError


class _EdgeGroup(TyperGroup):
    """Takes a configuration where a command would stand: `edge FILE` is `edge --config FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and _names_a_file(args[0]):
            args = ["--config", *args]
        return super().parse_args(ctx, args)


def _names_a_file(word: str) -> bool:
    """Whether it is meant as a configuration; else it is a command, perhaps a mistyped one."""
    return word.endswith(".toml") or Path(word).is_file()


edge_app = typer.Typer(
    cls=_EdgeGroup,
    invoke_without_command=True,
    help="Reads meters over Modbus and pushes as a gateway: for an office that has none.",
)

ConfigArgument = Annotated[Path, typer.Argument(help="its configuration", show_default=False)]


@edge_app.callback()
def edge(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="run with this configuration")] = None,
) -> None:
    """Read the meters of a configuration, and push what they say, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    if config is None:
        raise ConfigurationError(
            "no configuration is named",
            field="--config",
            fix="name it: greenoffice edge FILE.toml; or make one with: greenoffice edge init FILE",
        )
    from greenoffice.edge_process import run_edge

    run_edge(config)


@edge_app.command("init")
def init_edge(
    config: Annotated[Path, typer.Argument(help="file to write", show_default=False)],
) -> None:
    """Write a commented configuration."""
    from greenoffice.edge_process import write_template
    from greenoffice.saying import say

    write_template(config)
    say(f"written: {config}")


@edge_app.command("check")
def check_meters_once(config: ConfigArgument) -> None:
    """Read every register of every meter once, and show what stands there."""
    from edge import read_config
    from greenoffice.edge_process import check_edge, check_lines

    found = check_edge(read_config(config))
    for line in check_lines(found):
        print(line)
    if any(one.register is None for one in found):
        raise typer.Exit(1)


@edge_app.command("status")
def tell_edge(config: ConfigArgument) -> None:
    """How much waits to be pushed, since when, what was lost, and when meters answered last."""
    from greenoffice.edge_process import edge_status

    print(json.dumps(edge_status(config), ensure_ascii=False))


@edge_app.command("simulate")
def simulate(
    port: Annotated[int, typer.Option(help="port of Modbus TCP")] = 5020,
    host: Annotated[str, typer.Option(help="address to listen at")] = "127.0.0.1",
    meters: Annotated[int, typer.Option(help="how many, device 1 and on", min=1, max=240)] = 2,
    fault: Annotated[
        str, typer.Option(help="none, silent, refusing, garbage or not_a_number")
    ] = "none",
) -> None:
    """Serve simulated meters (profile eastron-sdm630), to try an edge without any."""
    from greenoffice.edge_process import simulate_meters
    from simulators import MeterFault

    if fault not in list(MeterFault):
        raise ConfigurationError(
            "no such fault",
            field="--fault",
            value=fault,
            fix=f"one of: {', '.join(MeterFault)}",
        )
    simulate_meters(host, port, meters, MeterFault(fault))
