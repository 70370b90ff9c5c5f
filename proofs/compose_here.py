"""What docker-compose.yml names, as it is on this machine: paths, host names and ports."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from greenoffice.ports import usable_port
from proofs.compose_file import ComposeService
from proofs.compose_servers import Local


@dataclass
class Here:
    """`checkout` stands for /app; everything else lies below `root`."""

    checkout: Path
    root: Path
    local: Local = field(default_factory=Local.beside)
    ports: dict[str, int] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    """In place of folders that the file mounts from the checkout."""

    def words(self, service: ComposeService, words: list[str]) -> list[str]:
        """A command of the service, as it is run here."""
        return [
            self._own_port(service, word)
            if re.fullmatch(r"\d{4}", word)
            else self._translated(service, word)
            for word in words
        ]

    def _own_port(self, service: ComposeService, stated: str) -> str:
        place = self.local.places.get(f"{service.name}:{stated}")
        return place.rpartition(":")[2] if place else str(self.port(stated))

    def environment(self, service: ComposeService) -> dict[str, str]:
        """The service's variables alone: none of ours from outside reaches it."""
        outside = {k: v for k, v in os.environ.items() if not k.startswith("GREENOFFICE_")}
        path = [str(self.root / "bin"), outside.get("PATH", ""), "/usr/sbin"]
        stated = service.environment | (self.local.environment if service.environment else {})
        own = {name: self._variable(service, name, text) for name, text in stated.items()}
        return (
            outside
            | {
                "PATH": os.pathsep.join(path),
                "PYTHONPATH": str(self.checkout),
                "HOME": str(self.root),
            }
            | own
        )

    def _variable(self, service: ComposeService, name: str, text: str) -> str:
        if name.endswith("PORT"):
            return str(self.port(text))
        return "127.0.0.1" if text == "0.0.0.0" else self._translated(service, text)  # noqa: S104

    def port(self, stated: str) -> int:
        """A free port in place of the one stated; the same one each time."""
        if stated not in self.ports:
            self.ports[stated] = usable_port(0, {0, *self.ports.values()})
        return self.ports[stated]

    def _translated(self, service: ComposeService, text: str) -> str:
        for stated, real in self.local.places.items():
            text = re.sub(rf"(?<=[/@]){re.escape(stated)}", real, text)
        mounts = {**service.volumes, "/app": "."}
        for mounted in sorted(mounts, key=len, reverse=True):
            if text == mounted or text.startswith(f"{mounted}/"):
                return str(self.place(mounts[mounted])) + text[len(mounted) :]
        return text

    def place(self, source: str) -> Path:
        """The folder that stands for a volume or a mounted folder."""
        if source in self.folders:
            return self.folders[source]
        return self.checkout / source if source.startswith(".") else self.volume(source)

    def volume(self, name: str) -> Path:
        """The folder of a named volume."""
        return self.root / "volumes" / name
