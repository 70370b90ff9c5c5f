"""The command line's part for gateways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from greenoffice.folder import DataFolder

gateway_app = typer.Typer(
    no_args_is_help=True,
    help="Gateways, on the host itself: whoever may write the folder may this.",
)

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
GatewayArgument = Annotated[str, typer.Argument(help="SITE/GATEWAY", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="as JSON")]


@gateway_app.command("add")
def add_gateway(
    data: DataArgument,
    gateway: GatewayArgument,
    name_zh: Annotated[str, typer.Option(help="its Chinese name")] = "",
    name_en: Annotated[str, typer.Option(help="its English name")] = "",
    topic: Annotated[str, typer.Option(help="filter of topics that the decoder reads")] = "",
    decoder: Annotated[str, typer.Option(help="reads them; see docs/gateways.md")] = "",
    as_json: JsonOption = False,
) -> None:
    """Register a gateway, or one that was revoked anew; its password is shown this once."""
    from greenoffice.gateways import add, say_password
    from metering.gateway_life import NewGateway

    site, _, code = gateway.partition("/")
    made = add(
        DataFolder(data.absolute()), NewGateway(site, code, name_zh, name_en, topic, decoder)
    )
    print(json.dumps(made)) if as_json else say_password(made)


@gateway_app.command("list")
def list_gateways(data: DataArgument, as_json: JsonOption = False) -> None:
    """All gateways, with whether they are connected and when they were heard last."""
    from greenoffice.gateways import list_states, say_list

    found = list_states(DataFolder(data.absolute()))
    if not as_json:
        say_list(found)
    for one in found if as_json else ():
        print(json.dumps(one, ensure_ascii=False))


@gateway_app.command("rotate")
def rotate_gateway(
    data: DataArgument,
    gateway: GatewayArgument,
    keep_old: Annotated[
        str, typer.Option(help="for how long the old password holds beside it, e.g. 24h")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Give a gateway a new password, shown this once; who came in by the old one is cut off."""
    from greenoffice.gateways import rotate, say_password

    made = rotate(DataFolder(data.absolute()), gateway, keep_old)
    print(json.dumps(made)) if as_json else say_password(made)


@gateway_app.command("revoke")
def revoke_gateway(
    data: DataArgument, gateway: GatewayArgument, as_json: JsonOption = False
) -> None:
    """Let a gateway in no more; what it sent stays."""
    from greenoffice.gateways import revoke
    from greenoffice.saying import say

    done = revoke(DataFolder(data.absolute()), gateway)
    print(json.dumps(done)) if as_json else say(f"revoked: {gateway}")


@gateway_app.command("status")
def tell_gateway(data: DataArgument, gateway: GatewayArgument, as_json: JsonOption = False) -> None:
    """How a gateway does, why it is silent, and what to do next."""
    from greenoffice.gateways import say_status, status

    found = status(DataFolder(data.absolute()), gateway)
    print(json.dumps(found, ensure_ascii=False)) if as_json else say_status(found)


@gateway_app.command("resend")
def resend(
    data: DataArgument,
    gateway: GatewayArgument,
    start: Annotated[str, typer.Option("--from", help="first instant, 2026-11-24T02:00:00Z")],
    until: Annotated[str, typer.Option("--until", help="the instant up to which, not with it")],
) -> None:
    """Ask a gateway, as soon as it is there, to send the readings of a time again."""
    from greenoffice.deliveries import resend as run

    print(json.dumps(run(DataFolder(data.absolute()), gateway, start, until)))


@gateway_app.command("clock")
def gateway_clock(
    data: DataArgument,
    gateway: GatewayArgument,
    mode: Annotated[str, typer.Option(help="what is done by itself: off, propose or repair")] = "",
    accept: Annotated[int, typer.Option(help="number of what is to be repaired")] = 0,
    dismiss: Annotated[int, typer.Option(help="number of what is not, or no more")] = 0,
    ahead_s: Annotated[
        float | None, typer.Option(help="repair it as so far ahead [s]; behind: negative")
    ] = None,
    start: Annotated[str, typer.Option("--from", help="since when it was wrong")] = "",
    until: Annotated[str, typer.Option("--until", help="when it was right again")] = "",
) -> None:
    """What is known of a gateway's clock, and what is decided of it; one line of JSON."""
    from greenoffice.clocks import ClockWish, decide

    wish = ClockWish(mode, accept, dismiss, ahead_s, start, until)
    print(json.dumps(decide(DataFolder(data.absolute()), gateway, wish), ensure_ascii=False))


@gateway_app.command("national")
def name_national_gateway(
    data: DataArgument,
    gateway: GatewayArgument,
    building: Annotated[str, typer.Option(help="building_id of its documents")],
    number: Annotated[str, typer.Option(help="gateway_id of its documents")] = "01",
    secret_file: Annotated[
        Path | None, typer.Option(help="holds its secret; without it one is made")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a registered gateway in by the national building-energy protocol."""
    from greenoffice.national import name_gateway, say_secret

    made = name_gateway(DataFolder(data.absolute()), gateway, building, number, secret_file)
    print(json.dumps(made)) if as_json else say_secret(made)


@gateway_app.command("try-national")
def try_national_gateway(
    data: DataArgument,
    gateway: GatewayArgument,
    dialect: Annotated[str, typer.Option(help="A or B")] = "A",
    reports: Annotated[
        int, typer.Option(min=0, max=1000, help="reports of a meter `try` to send too")
    ] = 0,
) -> None:
    """Log in as that gateway to the running platform, and send a heartbeat; one line of JSON."""
    from greenoffice.national import try_gateway

    print(json.dumps(try_gateway(DataFolder(data.absolute()), gateway, dialect, reports)))
