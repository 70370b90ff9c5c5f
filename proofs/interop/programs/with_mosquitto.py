"""A gateway of mosquitto_pub and mosquitto_sub, as a shell script would use them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_ANSWERS = ("sending PUBLISH", "received PUBACK", "received PUBCOMP")
"""What it says of a message that is done, by QoS."""
VERSIONS = {3: "mqttv31", 4: "mqttv311", 5: "mqttv5"}


def main(asked: dict[str, Any]) -> None:
    """Publish all that is asked for, each quality by a command of its own."""
    version = VERSIONS[asked["version"]]
    login = ["-h", asked["host"], "-p", str(asked["port"]), "-V", version]
    login += ["-u", asked["user"], "-P", asked["password"]]
    commands = ["-i", asked["client_id"] + "-s", "-t", asked["commands"], "-q", "1", "-E"]
    subprocess.run(["mosquitto_sub", *login, *commands], check=True)
    tell("subscribed")
    half = asked["count"] // 2
    publish(asked, login, asked["payloads"][:half])
    tell("half")
    tell("again")
    sys.stdin.readline()
    publish(asked, login, asked["payloads"][half:])
    tell("done")


def publish(asked: dict[str, Any], login: list[str], payloads: list[Any]) -> None:
    """Messages of one quality, and retained or not, line by line."""
    will = ["--will-topic", asked["will_topic"], "--will-payload", "gone", "--will-qos", "1"]
    for qos, retain in ((0, False), (1, False), (1, True), (2, False)):
        lines = [text for text, q, r in payloads if (q, r) == (qos, retain)]
        kept = ["-i", asked["client_id"], "-t", asked["topic"], "-q", str(qos), "-l", *will]
        if retain:
            kept.append("-r")
        _answered(["mosquitto_pub", *login, *kept], lines, qos)


def _answered(command: list[str], lines: list[str], qos: int) -> None:
    """Feed it the lines, and end its input once all are answered, as it says under `-d`: at the end
    of its input it leaves, though messages were not acknowledged yet."""
    with subprocess.Popen(
        ["stdbuf", "-oL", *command, "-d"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdin is not None
        assert ran.stdout is not None
        ran.stdin.write("".join(f"{line}\n" for line in lines))
        ran.stdin.flush()
        waiting = len(lines)
        while waiting and (said := ran.stdout.readline()):
            waiting -= _ANSWERS[qos] in said
        ran.stdin.close()
    if waiting or ran.returncode:
        raise subprocess.CalledProcessError(ran.returncode, command)


def tell(text: str) -> None:
    """Say what it has come to."""
    print(text, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
