"""The command line's part for API keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from greenoffice.folder import DataFolder, write_secret

key_app = typer.Typer(
    no_args_is_help=True,
    help="API keys, on the host itself: whoever may write the folder may this.",
)

DataArgument = Annotated[Path, typer.Argument(help="the data folder", show_default=False)]
KeyArgument = Annotated[str, typer.Argument(help="the key's id", show_default=False)]
WhyOption = Annotated[str, typer.Option(help="why; it goes into the audit log")]


@key_app.command("list")
def list_keys(data: DataArgument) -> None:
    """All keys, ended ones too, a line of JSON each; never a secret."""
    from greenoffice.keys import list_keys as run

    for one in run(DataFolder(data.absolute())):
        print(json.dumps(one, ensure_ascii=False))


@key_app.command("add")
def add_key(
    data: DataArgument,
    name: Annotated[str, typer.Option(help="who uses it")],
    node: Annotated[str, typer.Option(help="root of what it reaches; empty: everything")] = "",
    role: Annotated[str, typer.Option(help="read, enter, operate, close or admin")] = "read",
    purpose: Annotated[str, typer.Option(help="what it is for")] = "",
    expires: Annotated[
        str,
        typer.Option(help="when it ends: 2027-01-01, or an instant with its offset; empty: never"),
    ] = "",
    secret_file: Annotated[
        Path | None,
        typer.Option(help="file for the secret, its owner's alone; it is not shown then"),
    ] = None,
) -> None:
    """Make a key; its secret is shown this once."""
    from greenoffice.keys import add_key as run

    made = run(DataFolder(data.absolute()), name, node, role, purpose, expires)
    if secret_file is not None:
        write_secret(secret_file, str(made.pop("secret")))
    print(json.dumps(made, ensure_ascii=False))


@key_app.command("revoke")
def revoke_key(data: DataArgument, id: KeyArgument, reason: WhyOption = "") -> None:
    """End a key at once."""
    from greenoffice.keys import revoke_key as run

    print(json.dumps(run(DataFolder(data.absolute()), id, reason), ensure_ascii=False))


@key_app.command("end")
def end_key(
    data: DataArgument,
    id: KeyArgument,
    expires: Annotated[
        str,
        typer.Option(
            help="2027-01-01, or an instant with its offset; empty takes its end back",
            show_default=False,
        ),
    ],
    reason: WhyOption = "",
) -> None:
    """Have a key end at a date: a person's, a program's, a screen's."""
    from greenoffice.keys import end_key as run

    print(json.dumps(run(DataFolder(data.absolute()), id, expires, reason), ensure_ascii=False))


@key_app.command("rotate")
def rotate_key(
    data: DataArgument,
    id: Annotated[
        str | None, typer.Argument(help="the key's id; without one that of secrets/admin.key")
    ] = None,
    reason: WhyOption = "",
) -> None:
    """Give a key a new secret; also the way back in when the administrator's key is lost."""
    from greenoffice.keys import rotate_key as run

    print(json.dumps(run(DataFolder(data.absolute()), id, reason), ensure_ascii=False))
