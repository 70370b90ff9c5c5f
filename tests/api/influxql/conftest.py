"""Asking the shared world in InfluxQL."""

import pytest


@pytest.fixture
def ask(shared_world):
    """Series of one statement's answer, as [(tags, columns, rows)]; times in milliseconds."""

    def asked(query, key="bureau"):
        response = post(shared_world, query, key)
        assert response.status_code == 200, response.text
        found = response.json()["results"][0].get("series", [])
        return [(one.get("tags", {}), one["columns"], one["values"]) for one in found]

    return asked


@pytest.fixture
def refuse(shared_world):
    """The problem document of a statement that is refused."""

    def refused(query, key="bureau", status=400):
        response = post(shared_world, query, key)
        assert response.status_code == status, response.text
        return response.json()

    return refused


def post(world, query, key="bureau"):
    """As Grafana sends it."""
    return world.client.post(
        "/influx/query",
        params={"db": "greenoffice", "epoch": "ms"},
        data={"q": query},
        headers={"Authorization": f"Token {world.keys[key]}"},
    )


@pytest.fixture(scope="session")
def posted():
    return post
