"""Routes of the settings are checked as registered ones are, and named by their place."""

from pathlib import Path

import pytest

from greenoffice.routing import settings_routes
from greenoffice.settings import load_settings
from metering.errors import ConfigurationError
from metering.registry import Route

GOOD = """
[[routes]]
topic = "tele/+/SENSOR"
decoder = "native"

[[routes]]
topic = "tele/+/SENSOR"
decoder = "journal_only"
gateway = "campus/gw-a"
"""


def routes(tmp_path: Path, text: str) -> tuple[Route, ...]:
    file = tmp_path / "greenoffice.toml"
    file.write_text(text)
    return settings_routes(load_settings(file))


def test_routes_of_the_settings(tmp_path: Path) -> None:
    assert routes(tmp_path, "") == ()
    assert routes(tmp_path, GOOD) == (
        Route("", "tele/+/SENSOR", "native"),
        Route("campus/gw-a", "tele/+/SENSOR", "journal_only"),
    )


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('topic = "a/#/b"\ndecoder = "native"', "routes.2.topic"),
        ('topic = "a"\ndecoder = "nobody"', "routes.2.decoder"),
        ('topic = "a"\ndecoder = "native"\noptions = {a = "b"}', "routes.2.options"),
        ('topic = "a"\ndecoder = "native"\noptions = {"A b" = "b"}', "routes.2.options"),
        ('topic = "tele/+/SENSOR"\ndecoder = "native"', "routes.2.topic"),
        ('topic = "a"\ndecoder = "native"\nfilter = "b"', "routes.2.filter"),
        ('topic = "a"', "routes.2.decoder"),
    ],
)
def test_a_route_of_no_use_is_named_by_its_place(tmp_path: Path, more: str, field: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        routes(tmp_path, f"{GOOD}\n[[routes]]\n{more}\n")
    assert refused.value.field == field
    assert refused.value.fix
