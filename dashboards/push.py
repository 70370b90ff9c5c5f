"""Boards into a running Grafana over its API, where file provisioning is not at hand.

The client is `grafana-api-sdk`, import name `grafana_api`. The registry has another package
of nearly that name with the same import name, archived and of other methods: never that one.
Of this one only the plain call is used: its dashboard method fails on a Grafana that has
neither folder nor board yet, and reports every refusal as an exception without words.
"""

from __future__ import annotations

import json
from typing import Any

from grafana_api.api import Api
from grafana_api.model import APIEndpoints, APIModel, RequestsMethods

from dashboards.boards import LANGUAGES, boards
from dashboards.panels import Json
from metering.errors import Unavailable

FOLDER_UID = "greenoffice"
_EXISTS = ("already exists", "has been changed by someone else")


def push_boards(
    grafana_url: str,
    token: str,
    *,
    folder: str = "Green Office",
    languages: tuple[str, ...] = LANGUAGES,
    message: str = "Green Office boards",
) -> list[str]:
    """Create or replace every board in the folder, made if need be; the uids of the boards.

    `token` is of a Grafana service account with the role Editor. The data source with the uid
    `greenoffice` must exist there. Raises Unavailable with Grafana's own words otherwise.
    """
    api = Api(APIModel(host=grafana_url.rstrip("/"), token=token, retries=1))
    made = _call(api, APIEndpoints.FOLDERS.value, {"uid": FOLDER_UID, "title": folder})
    if made.get("uid") != FOLDER_UID and not any(w in _said(made) for w in _EXISTS):
        raise _refused(grafana_url, made)
    return [_push(api, grafana_url, board, message) for board in boards(languages)]


def _push(api: Api, grafana_url: str, board: Json, message: str) -> str:
    body = {"dashboard": board, "folderUid": FOLDER_UID, "message": message, "overwrite": True}
    answer = _call(api, f"{APIEndpoints.DASHBOARDS.value}/db", body)
    if answer.get("status") != "success":
        raise _refused(grafana_url, answer)
    return str(board["uid"])


def _call(api: Api, path: str, body: Json) -> Json:
    """Grafana's answer; what is no answer of Grafana's has a message that says so."""
    try:
        found: Any = api.call_the_api(path, RequestsMethods.POST, json.dumps(body))
    except Exception as broken:  # the client lets every error of its transport through
        return {"message": f"{type(broken).__name__}: {broken}"}
    return found if isinstance(found, dict) else {"message": "this is no answer of a Grafana"}


def _said(answer: Json) -> str:
    return str(answer.get("message", answer))


def _refused(grafana_url: str, answer: Json) -> Unavailable:
    return Unavailable(
        f"Grafana did not take the boards: {_said(answer)}",
        field="grafana_url",
        value=grafana_url,
        fix="check its address, and that the token's role is Editor; boards that are provisioned"
        " by file cannot be pushed as well",
    )
