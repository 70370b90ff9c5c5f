"""Settings: a broken file names the field, the value and the fix."""

from pathlib import Path

import pytest

from greenoffice.settings import Settings, load_settings
from metering.errors import ConfigurationError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "greenoffice.toml"
    file.write_text(text)
    return file


def test_file_overrides_defaults_and_environment_overrides_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, "[mqtt]\nport = 1999\n[http]\nport = 8099\n")
    monkeypatch.setenv("GREENOFFICE_HTTP__PORT", "8100")
    settings = load_settings(file)
    assert (settings.mqtt.port, settings.http.port) == (1999, 8100)
    assert settings.journal.retention_days == Settings().journal.retention_days


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("[mqtt]\nport = 99999\n", "mqtt.port", "99999"),
        ("[mqtt]\nprt = 1883\n", "mqtt.prt", "1883"),
        ('language = "fr"\n', "language", "'fr'"),
        ("[journal]\nretention_days = 0\n", "journal.retention_days", "0"),
        ('[http]\nport = "many"\n', "http.port", "'many'"),
    ],
)
def test_unusable_setting_is_named(tmp_path: Path, text: str, field: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(written(tmp_path, text))
    assert refused.value.field == field
    assert refused.value.value == value
    assert refused.value.fix


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="line 2"):
        load_settings(written(tmp_path, "[mqtt]\nport = = 1\n"))


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="greenoffice init"):
        load_settings(tmp_path / "greenoffice.toml")
