"""Counters and the details of health are for whom the settings name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api import create_app
from api.metrics import Metrics


def client(world, details: str, address: str) -> TestClient:
    platform = replace(world.platform, details=details)
    return TestClient(create_app(platform), client=(address, 50_000))


def seen(client: TestClient, key: str | None) -> tuple[bool, int]:
    headers = {"X-API-Key": key} if key else {}
    health = client.get("/health", headers=headers)
    assert health.status_code == 200
    assert health.json()["status"] == "ready"
    detail = health.json()["parts"]["intake"]["detail"]
    return bool(detail), client.get("/metrics", headers=headers).status_code


@pytest.mark.parametrize(
    ("details", "address", "key", "expected"),
    [
        ("local", "127.0.0.1", None, (True, 200)),
        ("local", "::1", None, (True, 200)),
        ("local", "::ffff:127.0.0.9", None, (True, 200)),
        ("local", "10.0.0.7", None, (False, 401)),
        ("local", "10.0.0.7", "bureau", (False, 403)),
        ("local", "10.0.0.7", "whole", (True, 200)),
        ("local", "localhost", None, (False, 401)),
        ("key", "127.0.0.1", None, (False, 401)),
        ("key", "127.0.0.1", "whole", (True, 200)),
        ("open", "10.0.0.7", None, (True, 200)),
    ],
)
def test_who_sees_them(shared_world, details, address, key, expected) -> None:
    secret = shared_world.keys[key] if key else None
    assert seen(client(shared_world, details, address), secret) == expected


def test_a_wrong_key_sees_none(shared_world) -> None:
    assert seen(client(shared_world, "key", "127.0.0.1"), "go_000000000000_x") == (False, 401)


def test_clients_choose_no_label(world) -> None:
    metrics: Metrics = world.client.app.state.metrics
    world.client.get("/health")
    before = set(_labels(metrics))
    for n in range(20):
        world.client.request(f"BREW{n}", "/health")
        world.client.get(f"/v1/nothing-{n}")
        world.client.get(f"/static/{n}")
    assert len(set(_labels(metrics)) - before) <= 4
    assert not [labels for labels in _labels(metrics) if "BREW" in str(labels)]


def _labels(metrics: Metrics):
    for family in metrics.requests.collect():
        for sample in family.samples:
            yield tuple(sorted(sample.labels.items()))
