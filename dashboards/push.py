"""Boards into a running Grafana over its API, where file provisioning is not at hand.

The client is `grafana-api-sdk`, import name `grafana_api`. The registry has another package
of nearly that name with the same import name, archived and of other methods: never that one.
Of this one only the plain call is used: its dashboard method fails on a Grafana that has
neither folder nor board yet, and reports every refusal as an exception without words.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dashboards.boards import LANGUAGES, boards
from dashboards.panels import Json
from metering.errors import Unavailable
from metering.extras import extra

FOLDER_UID = "greenoffice"
_EXISTS = ("already exists", "has been changed by someone else")
_FOLDERS = "/api/folders"
_BOARDS = "/api/dashboards/db"
_Post = Callable[[str, Json], Json]
"""Grafana's answer to a body at a path; no answer of Grafana's has a message that says so."""


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
    post = _grafana(grafana_url, token)
    made = post(_FOLDERS, {"uid": FOLDER_UID, "title": folder})
    if made.get("uid") != FOLDER_UID and not any(w in _said(made) for w in _EXISTS):
        raise _refused(grafana_url, made)
    return [_push(post, grafana_url, board, message) for board in boards(languages)]


def _push(post: _Post, grafana_url: str, board: Json, message: str) -> str:
    body = {"dashboard": board, "folderUid": FOLDER_UID, "message": message, "overwrite": True}
    answer = post(_BOARDS, body)
    if answer.get("status") != "success":
        raise _refused(grafana_url, answer)
    return str(board["uid"])


def _grafana(grafana_url: str, token: str) -> _Post:
    with extra("grafana"):
        from grafana_api.api import Api
        from grafana_api.model import APIModel, RequestsMethods
    api = Api(APIModel(host=grafana_url.rstrip("/"), token=token, retries=1))

    def post(path: str, body: Json) -> Json:
        try:
            found: Any = api.call_the_api(path, RequestsMethods.POST, json.dumps(body))
        except Exception as broken:  # the client lets every error of its transport through
            return {"message": f"{type(broken).__name__}: {broken}"}
        return found if isinstance(found, dict) else {"message": "this is no answer of a Grafana"}

    return post


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
