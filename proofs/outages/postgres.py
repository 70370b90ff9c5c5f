"""Cases of PostgreSQL: gone, hanging, not there yet, as it was yesterday, and restored."""

from __future__ import annotations

import secrets
import time
from typing import Final

from sqlalchemy import make_url

from proofs.outages.case import OutageCase, Seen, must
from proofs.outages.scene import OutageScene
from proofs.servers.hanging import freeze, kill, thaw
from proofs.steps import last_json, wait_until

_AWAY_S: Final = 8.0
_HANGS_S: Final = 25.0
"""Longer than a server is taken for one that works, and than an owner's lock lasts [s]."""


def _begun(scene: OutageScene) -> None:
    scene.open()
    scene.gateways.quickly(0.3)
    scene.gateways.slowly(0.8)
    scene.pushed_further()


def postgres_killed(scene: OutageScene) -> Seen:
    """kill -9 of all of PostgreSQL in the middle of writing, twice."""
    _begun(scene)
    for _ in range(2):
        kill(scene.servers.postgres)
        time.sleep(_AWAY_S)
        scene.pushed_further()
        wait_until("health", lambda: scene.health_status() == 503, 30, 0.2)
        scene.servers.postgres.start()
        scene.wait_ready()
    return {}


def postgres_frozen(scene: OutageScene) -> Seen:
    """PostgreSQL stands still, its connections open, and then goes on."""
    _begun(scene)
    began = time.monotonic()
    freeze(scene.servers.postgres)
    wait_until("health", lambda: scene.health_status() == 503, 40, 0.2)
    told_s = time.monotonic() - began
    scene.pushed_further()
    time.sleep(max(0.0, began + _HANGS_S - time.monotonic()))
    scene.pushed_further()
    thaw(scene.servers.postgres)
    scene.wait_ready()
    return {"told_after_s": round(told_s, 1)}


def postgres_as_of_yesterday(scene: OutageScene) -> Seen:
    """What PostgreSQL keeps is put back as it was earlier; the journal and InfluxDB are newer. Then
    `greenoffice rebuild`."""
    scene.open()
    scene.gateways.quickly(0.3)
    scene.settle()
    noted = scene.servers.note_postgres()
    scene.wait_ready()
    scene.gateways.quickly(0.6)
    scene.settle()
    scene.gateways.slowly(0.7)
    scene.servers.put_postgres_back(noted)
    scene.wait_ready()
    scene.pushed_further()
    scene.gateways.quickly(0.8)  # nothing comes while the work is stopped
    scene.settle()
    scene.end("work", "api")
    return _counted_again(scene)


def _counted_again(scene: OutageScene) -> Seen:
    """`greenoffice rebuild`: the books are right already, and the counters are with it."""
    told = last_json(scene.done("rebuild", str(scene.folder.root)))
    must(told["differing"] == 0, "the books were not right before", told)
    scene.open("work", "api")
    return {"command": "rebuild", "differing": told["differing"]}


def postgres_absent_at_start(scene: OutageScene) -> Seen:
    """Every process starts before PostgreSQL; known gateways are let in and acknowledged, all
    others wait, and none ends."""
    scene.start("collector")
    wait_until("the passwords to be kept", scene.folder.gateway_passwords.exists, 60, 0.1)
    scene.end("collector")
    scene.servers.postgres.halt()
    scene.start("collector", "work", "api")
    scene.gateways.quickly(0.5)
    wait_until("health", lambda: scene.health_status() == 503, 60, 0.2)
    wait_until("the work to say what it waits for", lambda: _names_database(scene), 60, 0.2)
    scene.look_for_the_dead()
    must(not scene.bystanders, "a process did not wait", scene.bystanders)
    scene.servers.postgres.start()
    scene.wait_ready()
    return {"acknowledged_meanwhile": sum(one.count for one in scene.gateways.gateways)}


def _names_database(scene: OutageScene) -> bool:
    return all("database" in scene.told(part, part)["error"] for part in ("intake", "ledger"))


def restore_with_password_file(scene: OutageScene) -> Seen:
    """The database is lost, and restored from a backup into a new one whose password is in a file,
    beside the journal that is left."""
    scene.open()
    scene.gateways.quickly(0.4)
    scene.settle()
    data = str(scene.folder.root)
    backup = f"{data}-backup-{secrets.token_hex(2)}"
    scene.done("backup", backup, "--data", data)
    scene.gateways.quickly(0.7)
    scene.settle()
    scene.end("work", "api")
    name = make_url(scene.database).database
    scene.servers.postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    scene.servers.postgres.execute(f'CREATE DATABASE "{name}"')
    must(
        scene.servers.postgres.password not in scene.folder.settings_file.read_text(),
        "the password stands in the settings",
    )
    scene.done("restore", backup, "--data", data, "--keep-journal")
    scene.open("work", "api")
    scene.settle()
    scene.end("work", "api")
    return _counted_again(scene)


CASES = (
    OutageCase("postgres-killed", postgres_killed),
    OutageCase("postgres-frozen", postgres_frozen),
    OutageCase("postgres-restored-from-yesterday", postgres_as_of_yesterday),
    OutageCase("postgres-absent-at-start", postgres_absent_at_start),
    OutageCase("restore-with-password-file", restore_with_password_file, password_file=True),
)
