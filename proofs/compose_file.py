"""docker-compose.yml as services. Reads the part of YAML that our file keeps to: mappings and
lists by indentation, lists in brackets with quoted texts, anchors, aliases, and merges."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metering.errors import ConfigurationError

Line = tuple[int, str]


@dataclass(frozen=True)
class Service:
    """What the file says of one service, as far as a check needs it."""

    name: str
    stated: dict[str, Any]
    environment: dict[str, str]

    @property
    def ours(self) -> bool:
        return "build" in self.stated

    @property
    def command(self) -> list[str]:
        return [str(word) for word in self.stated.get("command", [])]

    @property
    def healthcheck(self) -> list[str]:
        """The words after CMD; empty where there is none."""
        return [str(word) for word in self.stated.get("healthcheck", {}).get("test", [])[1:]]

    @property
    def volumes(self) -> dict[str, str]:
        """Source by the path it is mounted at."""
        parted = [volume.split(":") for volume in self.stated.get("volumes", [])]
        return {part[1]: part[0] for part in parted}

    @property
    def ends(self) -> bool:
        """Whether it runs once, to its end."""
        return bool(self.stated.get("restart") == "no")


def read_services(file: Path) -> dict[str, Service]:
    """The services by name; ConfigurationError names a line that is not understood."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as refused:
        raise ConfigurationError(
            f"the file cannot be read: {refused.strerror}",
            field="file",
            value=str(file),
            fix="run it where docker-compose.yml is, or name the file",
        ) from refused
    services = parse(text)["services"]
    return {
        name: Service(name, stated, _environment(stated, file.parent))
        for name, stated in services.items()
    }


def _environment(stated: dict[str, Any], folder: Path) -> dict[str, str]:
    """The file of variables, and over it those stated with the service."""
    found: dict[str, str] = {}
    if "env_file" in stated:
        for line in (folder / stated["env_file"]).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found[name] = value
    found |= stated.get("environment", {})
    return found


def parse(text: str) -> dict[str, Any]:
    """The document as dicts, lists and texts."""
    lines = [
        (len(line) - len(line.lstrip()), line.strip())
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    document = _Reader(lines).block(0)
    if not isinstance(document, dict):
        raise _not_understood(lines[0][1] if lines else "")
    return document


class _Reader:
    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._at = 0
        self._anchors: dict[str, Any] = {}

    def block(self, indent: int) -> Any:
        """Everything at this indentation, from the present line on."""
        if self._lines[self._at][1].startswith("- "):
            return self._list(indent)
        found: dict[str, Any] = {}
        while self._at < len(self._lines) and self._lines[self._at][0] == indent:
            match = re.fullmatch(r"([\w<.-]+):(?: +(.*))?", self._lines[self._at][1])
            if match is None:
                raise _not_understood(self._lines[self._at][1])
            self._at += 1
            key, value = match[1], self._value(match[2] or "", indent)
            if key == "<<":
                merged = value if isinstance(value, list) else [value]
                found = {name: own for one in reversed(merged) for name, own in one.items()} | found
            else:
                found[key] = value
        return found

    def _list(self, indent: int) -> list[Any]:
        found = []
        while self._at < len(self._lines) and self._lines[self._at][0] == indent:
            found.append(self._value(self._lines[self._at][1].removeprefix("- "), indent))
            self._at += 1
        return found

    def _value(self, text: str, indent: int) -> Any:
        if text.startswith("&"):
            self._anchors[text[1:]] = self._nested(indent)
            return self._anchors[text[1:]]
        if not text:
            return self._nested(indent)
        return self._scalar(text)

    def _nested(self, indent: int) -> Any:
        if self._at < len(self._lines) and self._lines[self._at][0] > indent:
            return self.block(self._lines[self._at][0])
        return None

    def _scalar(self, text: str) -> Any:
        if text.startswith("*"):
            return self._anchors[text[1:]]
        if text.startswith("[*"):
            return [self._anchors[name.strip()[1:]] for name in text[1:-1].split(",")]
        if text[0] in '["':
            try:
                return json.loads(text)
            except ValueError:
                raise _not_understood(text) from None
        if text[0] in "{|>'!":
            raise _not_understood(text)
        return text


def _not_understood(line: str) -> ConfigurationError:
    return ConfigurationError(
        "a line of the compose file is not understood",
        field="file",
        value=line,
        fix="write mappings line by line, and texts in brackets in double quotes",
    )
