"""What the demo prints once it is ready: where to look, and a reading to send by hand."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from greenoffice.demo.options import HAND_GATEWAY, HAND_POINT, SITE
from greenoffice.saying import spoken

TOPIC = f"greenoffice/v1/{SITE}/{HAND_GATEWAY}/readings"
PAYLOAD = f'{{"readings":[{{"point":"{HAND_POINT}","unit":"C","value":26.4}}]}}'


@dataclass(frozen=True)
class Places:
    """Where the demo can be reached."""

    page: str
    key_file: Path
    mqtt_host: str
    mqtt_port: int
    hand_password: str


def instructions(places: Places) -> str:
    """Plain text, ready to be copied from."""
    return spoken(f"""
  Page      {places.page}
  Key       {places.key_file.read_text().strip()}   (kept in {places.key_file})

  Send a reading; it shows on the page within seconds:

{mosquitto_line(places)}

  or with Python:

{python_line(places)}

  Change the point's name to see a refusal. Ctrl-C stops everything; the next
  `make demo` goes on with the same data.
""")


def mosquitto_line(places: Places) -> str:
    """One shell command that publishes a reading."""
    return " ".join(
        [
            "mosquitto_pub",
            "-h",
            places.mqtt_host,
            "-p",
            str(places.mqtt_port),
            "-q",
            "1",
            "-u",
            f"{SITE}/{HAND_GATEWAY}",
            "-P",
            places.hand_password,
            "-t",
            TOPIC,
            "-m",
            shlex.quote(PAYLOAD),
        ]
    )


def python_line(places: Places) -> str:
    """The same with paho-mqtt."""
    code = (
        "import paho.mqtt.publish as p; "
        f"p.single({TOPIC!r}, {PAYLOAD!r}, qos=1, hostname={places.mqtt_host!r}, "
        f"port={places.mqtt_port}, auth={{'username': '{SITE}/{HAND_GATEWAY}', "
        f"'password': {places.hand_password!r}}})"
    )
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
