"""docker-compose.yml as services."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from metering.errors import ConfigurationError

_DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
"""A variable of compose; its default stands for it."""


@dataclass(frozen=True)
class ComposeService:
    """What the file says of one service, as far as a check needs it."""

    name: str
    stated: dict[str, Any]
    environment: dict[str, str]

    @property
    def command(self) -> list[str]:
        """The words it starts with; none where its image's own do."""
        return [str(word) for word in self.stated.get("command", [])]

    @property
    def healthcheck(self) -> list[str]:
        """The words after CMD; empty where there is none."""
        return [str(word) for word in self.stated.get("healthcheck", {}).get("test", [])[1:]]

    @property
    def volumes(self) -> dict[str, str]:
        """Source by the path it is mounted at."""
        plain = [_DEFAULT.sub(r"\1", volume) for volume in self.stated.get("volumes", [])]
        parted = [volume.split(":") for volume in plain]
        return {part[1]: part[0] for part in parted}

    @property
    def ends(self) -> bool:
        """Whether it runs once, to its end."""
        return bool(self.stated.get("restart") == "no")


def read_compose(file: Path, *over: Path) -> dict[str, Any]:
    """The whole document, with the files over it laid on as compose does: lists are appended to,
    mappings filled up. ConfigurationError says where one is not YAML."""
    document = _document(file)
    for one in over:
        _lay(document["services"], _document(one)["services"])
    return document


def _lay(under: dict[str, Any], over: dict[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and name in under:
            under[name] = dict(under[name])  # anchors share one mapping
            _lay(under[name], value)
        elif isinstance(value, list) and name in ("ports", "volumes"):
            under[name] = [*under.get(name, ()), *value]
        else:
            under[name] = value


def _document(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as refused:
        raise ConfigurationError(
            f"the file cannot be read: {refused.strerror}",
            field="file",
            value=str(file),
            fix="run it where docker-compose.yml is, or name the file",
        ) from refused
    except yaml.YAMLError as refused:
        raise _unusable(file, f"the file is not YAML: {' '.join(str(refused).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise _unusable(file, "the file has no services")
    return document


def read_services(file: Path, *over: Path) -> dict[str, ComposeService]:
    """The services by name; ConfigurationError where the file does not state them."""
    return {
        name: ComposeService(name, stated, _environment(stated, file))
        for name, stated in read_compose(file, *over)["services"].items()
    }


def _environment(stated: dict[str, Any], file: Path) -> dict[str, str]:
    """The file of variables, and over it those stated with the service."""
    found: dict[str, str] = {}
    if "env_file" in stated:
        for line in (file.parent / stated["env_file"]).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found[name] = value
    for name, value in stated.get("environment", {}).items():
        if not isinstance(value, str):  # YAML makes true, 012 and 1.10 of what looks like them
            raise _unusable(file, f"the variable {name} is not a text")
        found[name] = value
    return found


def _unusable(file: Path, what: str) -> ConfigurationError:
    fix = "write services as mappings, and the values of variables in quotes"
    return ConfigurationError(what, field="file", value=str(file), fix=fix)
