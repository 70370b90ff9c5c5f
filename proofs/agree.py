"""`python -m proofs agree`: the same question gets the same answer from every face.

A platform is fed a month and some days over MQTT. The rendered page, `/influx/query`, `/v1`, the
cells of CSV and XLSX and the feed are asked the same figures, and an oracle that shares no line
with the platform says what each must be, to the last digit.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from greenoffice.client import ApiClient, read_key
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.replay.publisher import BrokerAddress, Publisher
from metering.errors import InvalidInput
from proofs import agree_faces, agree_printed
from proofs.agree_compare import Answers, NoAnswer, compare
from proofs.agree_oracle import Oracle
from proofs.agree_questions import questions
from proofs.agree_world import GATEWAYS, MONTH, NOW, PLACES, Sent, messages, registry_files, sent
from proofs.steps import finish, say, started, wait_until
from proofs.world_folder import platform_folder

SHOWN = 30
"""Disagreements that are printed."""


def run_agree_check(seed: int, keep: Path | None) -> None:
    """The whole check; exit status 1 unless every figure is told alike, often enough."""
    if keep is not None and keep.exists():
        raise InvalidInput(
            "it is there already", field="--keep", value=str(keep), fix="name a new folder"
        )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="greenoffice-agree-") as temporary:
        say("a platform with three institutions")
        folder, passwords = platform_folder(Path(temporary), NOW, registry_files())
        found = sent(seed)
        with started(["up", str(folder.root)]):
            wait_until("the platform to start", lambda: _is_up(folder), every_s=0.1)
            client = _filled(folder, passwords, found)
            told = _asked(folder, client, Oracle.of(found))
        if keep is not None:
            shutil.copytree(folder.root, keep)
    say("comparing with the oracle")
    outcome = compare(questions(Oracle.of(found)), told)
    for line in outcome.disagreeing[:SHOWN]:
        say(line)
    seconds = round(time.monotonic() - began, 1)
    finish({**outcome.as_json(), "seed": seed, "seconds": seconds}, outcome.passed)


def _asked(folder: DataFolder, client: ApiClient, oracle: Oracle) -> dict[str, Answers]:
    """What every way says."""
    told: dict[str, Answers] = {}
    ways: dict[str, Callable[[], Answers]] = {
        "page": lambda: agree_printed.VisitorPage(folder).figures(),
        "influx": lambda: agree_faces.influx(client, oracle),
        "v1": lambda: agree_faces.v1(client, oracle),
        "v1 parts": lambda: agree_faces.v1_parts(client, oracle),
        "v1 rest": lambda: agree_faces.v1_rest(client, oracle),
        "feed": lambda: agree_faces.feed(client),
        "csv": lambda: _reported(folder, "csv"),
        "xlsx": lambda: _reported(folder, "xlsx"),
    }
    for way, ask in ways.items():
        told[way] = ask()
        say(f"{way} tells {len(told[way])} figures")
    return told


def _reported(folder: DataFolder, form: str) -> Answers:
    """Cells of the month's report of every institution."""
    rows = agree_printed.csv_rows if form == "csv" else agree_printed.xlsx_rows
    found: Answers = {}
    for place in PLACES:
        if place.type == "institution":
            told = agree_printed.of_report(rows(_report(folder, place.code, form)), place.code)
            found |= told | {f: one for f, one in found.items() if isinstance(one, NoAnswer)}
    return found


def _report(folder: DataFolder, institution: str, form: str) -> bytes:
    http = folder.settings().http
    request = urllib.request.Request(
        f"http://{http.host}:{http.port}/v1/reports/{institution}?month={MONTH:%Y-%m}"
        f"&format={form}&language=en",
        headers={"Authorization": f"Bearer {read_key(folder.admin_key)}"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return bytes(answer.read())


def _filled(folder: DataFolder, passwords: dict[str, str], found: list[Sent]) -> ApiClient:
    """Publish everything, and wait until all of it is stored, booked and looked at."""
    mqtt = folder.settings().mqtt
    say(f"publishing {sum(len(one.times_us) for one in found)} readings")
    for user in GATEWAYS.values():
        publisher = Publisher(BrokerAddress(mqtt.host, mqtt.port, user, passwords[user]))
        for message in messages(found, user):
            publisher.publish(f"greenoffice/v1/{user}/readings", json.dumps(message).encode())
        publisher.close()
    client = ApiClient.of_folder(folder)
    wanted = sum(len(one.times_us) for one in found)
    wait_until(
        f"{wanted} readings to be stored",
        lambda: bool(client.get("/v1/readings/count")["stored"] == wanted),
        every_s=0.2,
    )
    wait_until("the books to rest", lambda: _rests(client), every_s=0.2)
    return client


def _rests(client: ApiClient) -> bool:
    """Whether intake and ledger have nothing left to do, and the books hold all of it: marks
    are there before readings are, so none waiting means all are booked."""
    parts = client.health()
    return bool(parts["intake"]["waiting_messages"] == 0 and parts["ledger"]["waiting_marks"] == 0)


def _is_up(folder: DataFolder) -> bool:
    mqtt = folder.settings().mqtt
    listens = usable_port(mqtt.port, set(), mqtt.host) != mqtt.port
    return listens and bool(ApiClient.of_folder(folder).health())
