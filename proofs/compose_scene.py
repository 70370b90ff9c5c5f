"""The office of the check of docker-compose.yml: its services, its broker, its gateway."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt import MQTTException, publish

from greenoffice.client import ApiClient, read_key
from proofs.compose_running import START_S, Running
from proofs.compose_servers import adapt_mosquitto, answers
from proofs.servers.mosquitto import mosquitto_program, mosquitto_version
from proofs.steps import wait_until

KEPT = ("collector", "work", "api", "backup")
TLS = Path("deploy/tls.yml")


@dataclass
class ComposeScene:
    """`certificate` is that of broker, listener and API where they speak TLS."""

    file: Path
    running: Running
    password: str = ""
    certificate: Path | None = None

    def lay_out(self) -> None:
        """What the service `secrets` does; then the broker's paths and ports are this machine's."""
        here, service = self.running.here, self.running.services["mosquitto"]
        self.running.to_the_end("secrets")
        mounts = {mounted: here.place(source) for mounted, source in service.volumes.items()}
        ports = {
            int(name.partition(":")[2]): int(place.rpartition(":")[2])
            for name, place in here.local.places.items()
            if name.startswith("mosquitto:")
        }
        adapt_mosquitto(here.volume("broker-config"), ports, mounts)

    def start_broker(self) -> None:
        """The broker, until it answers."""
        local = self.running.here.local
        local.versions["mosquitto"] = mosquitto_version(mosquitto_program())
        self.running.start("mosquitto")
        wait_until("Mosquitto", lambda: answers(local.places["mosquitto:1883"]), START_S)

    def client(self) -> ApiClient:
        """The API, with the administrator's key."""
        here = self.running.here
        key = read_key(here.volume("data") / "secrets" / "admin.key")
        scheme = "http" if self.certificate is None else "https"
        url = f"{scheme}://127.0.0.1:{here.port('8080')}"
        return ApiClient(url, key, certificate=self.certificate)

    def stored(self) -> int:
        """How many readings the platform has."""
        return int(self.client().get("/v1/readings/count")["stored"])

    def publish(self, payload: Mapping[str, Any], port: int | None = None) -> bool:
        """Whether a message of house/gw was taken: by the broker, or at that port."""
        name = "mosquitto:1883" if self.certificate is None else "mosquitto:8883"
        broker = int(self.running.here.local.places[name].rpartition(":")[2])
        tls: publish.TLSParameter | None = None
        if self.certificate is not None:
            tls = {"ca_certs": str(self.certificate)}
        try:
            publish.single(
                "greenoffice/v1/house/gw/readings",
                json.dumps(payload),
                qos=1,
                hostname="127.0.0.1",
                port=port or broker,
                auth={"username": "house/gw", "password": self.password},
                tls=tls,
            )
        except (MQTTException, OSError):
            return False
        return True
