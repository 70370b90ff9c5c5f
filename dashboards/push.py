"""Boards into a running Grafana over its API, where file provisioning is not at hand.

The client is `grafana-api-sdk`, import name `grafana_api`. The registry has another package
of nearly that name with the same import name, archived and of other methods: never that one.
"""

from __future__ import annotations

from grafana_api.dashboard import Dashboard
from grafana_api.model import APIModel

from dashboards.boards import LANGUAGES, boards
from metering.errors import GreenOfficeError, Unavailable

GENERAL = "General"
"""Grafana's folder of that name always exists."""


def push_boards(
    grafana_url: str,
    token: str,
    *,
    folder: str = GENERAL,
    languages: tuple[str, ...] = LANGUAGES,
    message: str = "Green Office boards",
) -> list[str]:
    """Create or replace every board in the folder; the uids of the boards.

    `token` is of a Grafana service account that may edit. The data source `greenoffice` must
    exist there. Raises Unavailable when Grafana does not take a board.
    """
    client = Dashboard(APIModel(host=grafana_url.rstrip("/"), token=token))
    pushed = []
    for board in boards(languages):
        try:
            client.create_or_update_dashboard(folder, board, message, overwrite=True)
        except GreenOfficeError:
            raise
        except Exception as refused:  # the client raises plain Exception for any answer
            raise Unavailable(
                f"Grafana did not take the board: {refused or 'see the log'}",
                field="grafana_url",
                value=grafana_url,
                fix="check its address, the token's role (Editor) and the folder's name",
            ) from refused
        pushed.append(str(board["uid"]))
    return pushed
