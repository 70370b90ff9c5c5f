"""What `greenoffice influx init` does: organization, bucket, retention, mapping, two tokens.

Every step looks first and does only what is lacking, so it may be run again. The tokens are
made anew each time, because a server shows a token once; those of an earlier run end then.
On a 1.x server, which has neither organizations nor tokens, it makes the database.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from metering.errors import ConfigurationError, NotAllowed
from storage.influx import queries
from storage.influx.address import InfluxAddress
from storage.influx.check import DAY_US, too_short
from storage.influx.client import InfluxClient, ServerAnswer

Json = Mapping[str, Any]
_USER = "greenoffice"


@dataclass(frozen=True)
class WantedBucket:
    """`retention_days` None keeps everything. `oldest_us` is the oldest reading known outside
    the server. `password` is that of the first user of a server nobody has set up yet."""

    now_us: int
    retention_days: int | None = None
    oldest_us: int | None = None
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Prepared:
    """What was made. Tokens are shown by the server this once; '' where there are none."""

    done: tuple[str, ...]
    write_token: str = field(default="", repr=False)
    read_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    """Only of a server that was set up here for the first time."""


def prepare(address: InfluxAddress, wanted: WantedBucket) -> Prepared:
    """Make everything the address names. The address's token has to be an administrator's,
    except on a server nobody has set up.

    Raises ConfigurationError on a retention shorter than the data, NotAllowed without an
    administrator's token, Unavailable where the server does not answer; then the bucket is as
    it was.
    """
    if wanted.retention_days is not None and wanted.retention_days < 1:
        raise ConfigurationError(
            "a bucket cannot keep less than a day here",
            field="retention_days",
            value=wanted.retention_days,
            fix="give a number of days, or none at all to keep everything",
        )
    client = InfluxClient(address)
    try:
        first = client.send("GET", "/api/v2/setup")
        if first.status == 404:
            return _prepare_database(client, wanted)
        admin = ""
        if _json(client, first).get("allowed"):
            admin = _onboard(client, wanted)
            client = InfluxClient(replace(address, token=admin))
        done = ["organization and first user"] if admin else []
        return replace(_prepare_bucket(client, wanted, done), admin_token=admin)
    finally:
        client.close()


def _prepare_bucket(client: InfluxClient, wanted: WantedBucket, done: list[str]) -> Prepared:
    org = _organization(client, done)
    bucket = _bucket(client, org, wanted, done)
    _mapping(client, org, bucket, done)
    write = _token(client, org, bucket, "write", done)
    read = _token(client, org, bucket, "read", done)
    return Prepared(tuple(done), write, read)


def _prepare_database(client: InfluxClient, wanted: WantedBucket) -> Prepared:
    name, days = client.address.bucket, wanted.retention_days
    duration = "INF" if days is None else f"{days}d"
    _refuse_too_short(client, wanted, stored=queries.bucket_exists(client))
    _run(client, f'CREATE DATABASE "{name}"')
    _run(
        client,
        f'ALTER RETENTION POLICY "autogen" ON "{name}" DURATION {duration}'
        f" SHARD DURATION {'1d' if days is not None and days < 7 else '7d'} DEFAULT",
    )
    return Prepared((f"database {name}", f"retention {duration}"))


def _onboard(client: InfluxClient, wanted: WantedBucket) -> str:
    """The first user of a new server, and that user's token."""
    address = client.address
    if not wanted.password:
        raise ConfigurationError(
            "nobody has set this server up yet, and its first user needs a password",
            field="password",
            fix="give one of at least 8 characters",
        )
    made = _call(
        client,
        "POST",
        "/api/v2/setup",
        {
            "username": _USER,
            "password": wanted.password,
            "org": address.org or _USER,
            "bucket": address.bucket,
        },
    )
    return str(made["auth"]["token"])


def _organization(client: InfluxClient, done: list[str]) -> str:
    name = client.address.org or _USER
    answer = client.send("GET", "/api/v2/orgs", query={"org": name})
    found = [] if answer.status == 404 else _json(client, answer).get("orgs", [])
    if found:
        return str(found[0]["id"])
    done.append(f"organization {name}")
    return str(_call(client, "POST", "/api/v2/orgs", {"name": name})["id"])


def _bucket(client: InfluxClient, org: str, wanted: WantedBucket, done: list[str]) -> str:
    name, days = client.address.bucket, wanted.retention_days
    rules = [{"type": "expire", "everySeconds": (days or 0) * 86_400}]
    query = {"orgID": org, "name": name}
    answer = client.send("GET", "/api/v2/buckets", query=query)
    found = [] if answer.status == 404 else _json(client, answer).get("buckets", [])
    _refuse_too_short(client, wanted, stored=bool(found))
    done.append(f"bucket {name}, kept {f'{days} days' if days else 'for ever'}")
    if not found:
        body = {"orgID": org, "name": name, "retentionRules": rules}
        return str(_call(client, "POST", "/api/v2/buckets", body)["id"])
    bucket = str(found[0]["id"])
    _call(client, "PATCH", f"/api/v2/buckets/{bucket}", {"retentionRules": rules})
    return bucket


def _mapping(client: InfluxClient, org: str, bucket: str, done: list[str]) -> None:
    """The name under which InfluxQL finds the bucket; newer servers have it from the start."""
    name = client.address.bucket
    query = {"orgID": org, "db": name}
    found = _json(client, client.send("GET", "/api/v2/dbrps", query=query)).get("content") or []
    if any(one["bucketID"] == bucket and one["default"] for one in found):
        return
    body = {
        "orgID": org,
        "bucketID": bucket,
        "database": name,
        "retention_policy": "autogen",
        "default": True,
    }
    _call(client, "POST", "/api/v2/dbrps", body)
    done.append(f"mapping of database {name}")


def _token(client: InfluxClient, org: str, bucket: str, kind: str, done: list[str]) -> str:
    """A new token of this bucket alone; then those of the same purpose are ended."""
    purpose = f"greenoffice {client.address.bucket} {kind}"
    actions = ("read", "write") if kind == "write" else ("read",)
    resource = {"type": "buckets", "id": bucket, "orgID": org}
    body = {
        "orgID": org,
        "description": purpose,
        "permissions": [{"action": action, "resource": resource} for action in actions],
    }
    listed = _json(client, client.send("GET", "/api/v2/authorizations", query={"orgID": org}))
    made = _call(client, "POST", "/api/v2/authorizations", body)
    for old in listed.get("authorizations", ()):
        if old["description"] == purpose:
            client.send("DELETE", f"/api/v2/authorizations/{old['id']}")
    done.append(f"token to {kind}")
    return str(made["token"])


def _refuse_too_short(client: InfluxClient, wanted: WantedBucket, *, stored: bool) -> None:
    if wanted.retention_days is None:
        return
    known = [wanted.oldest_us, queries.oldest_us(client) if stored else None]
    oldest = min((time_us for time_us in known if time_us is not None), default=wanted.now_us)
    for problem in too_short(wanted.retention_days * DAY_US, oldest, wanted.now_us):
        raise problem


def _call(client: InfluxClient, method: str, path: str, body: Json) -> Json:
    headers = {"Content-Type": "application/json"}
    sent = json.dumps(body).encode()
    return _json(client, client.send(method, path, body=sent, headers=headers))


def _json(client: InfluxClient, answer: ServerAnswer) -> Json:
    if answer.status in (401, 403):
        raise NotAllowed(
            f"InfluxDB answered {answer.status}: {answer.reason[:300]}",
            field="influx token",
            fix="give the token of an administrator of this server for `greenoffice influx init`",
        )
    return client.decoded(answer)


def _run(client: InfluxClient, statement: str) -> None:
    if complaint := queries.command(client, statement):
        raise ConfigurationError(
            f"InfluxDB refused: {complaint[:300]}",
            field="influx bucket",
            value=client.address.bucket,
            fix="use a user who may create databases, or another name",
        )
