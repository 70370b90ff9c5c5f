"""A gateway that publishes to a Mosquitto of its own, which is bridged to the platform."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from proofs.interop.programs.with_mosquitto import publish, tell

CONFIG = """\
listener {own} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 100000
max_inflight_messages 1000
queue_qos0_messages true
{user}
connection up
address {host}:{port}
remote_username {remote_user}
remote_password {password}
remote_clientid {client_id}
cleansession false
restart_timeout 1
notifications false
topic {topic} out 2
topic {commands} in 1
"""


def main(asked: dict[str, Any]) -> None:
    """Publish all that is asked for through the bridge."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-bridge-") as temporary:
        own = _free_port()
        config = Path(temporary) / "mosquitto.conf"
        user = "user root" if os.geteuid() == 0 else ""
        told = {name: asked[name] for name in ("host", "port", "password", "client_id")}
        told |= {name: asked[name] for name in ("topic", "commands")}
        config.write_text(
            CONFIG.format(own=own, folder=temporary, user=user, remote_user=asked["user"], **told)
        )
        broker = subprocess.Popen(["mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            _through(asked, own)
        finally:
            broker.terminate()
            broker.wait()


def _through(asked: dict[str, Any], own: int) -> None:
    local = ["-h", "127.0.0.1", "-p", str(own), "-V", "mqttv311"]
    while subprocess.run(["mosquitto_pub", *local, "-t", "up", "-n"], check=False).returncode:
        time.sleep(0.1)
    tell("subscribed")
    half = asked["count"] // 2
    publish(asked, local, asked["payloads"][:half])
    tell("half")
    publish(asked, local, asked["payloads"][half : half + asked["over"]])
    tell("again")
    sys.stdin.readline()
    publish(asked, local, asked["payloads"][half + asked["over"] :])
    tell("sent")
    sys.stdin.readline()  # the bridge goes on until all of it has arrived
    tell("done")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
