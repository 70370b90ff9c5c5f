"""docker-compose.yml and Dockerfile: what must hold of every service; the broker's walls, real."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from paho.mqtt import MQTTException, publish
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.broker_config import BrokerPlan, installed_version, write_broker
from greenoffice.broker_passwords import add_user, add_users, hashed
from greenoffice.broker_promises import SQLITE
from greenoffice.ports import usable_port
from metering.errors import ConfigurationError
from proofs.compose_file import ComposeService, read_compose, read_services
from proofs.compose_running import megabytes
from proofs.compose_servers import adapt_mosquitto, answers
from proofs.servers.mosquitto import mosquitto_program

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
SERVICES = read_services(FILE)
TLS = ROOT / "deploy" / "tls.yml"
WITH_TLS = read_services(FILE, TLS)
ONCE = {"secrets", "init"}
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def stated(service: ComposeService, name: str) -> list[str]:
    return list(service.stated.get(name, []))


def test_the_services_are_those_of_the_documents() -> None:
    assert set(SERVICES) == ONCE | {
        *("mosquitto", "influxdb", "postgres", "grafana", "prometheus"),
        *("collector", "work", "api", "backup", "simulators"),
    }
    profiles = {
        name: s.stated["profiles"] for name, s in SERVICES.items() if "profiles" in s.stated
    }
    assert profiles == {"simulators": ["demo"], "prometheus": ["monitoring"]}


@each_service
def test_images_are_pinned(service: ComposeService) -> None:
    tag = service.stated["image"].rpartition(":")[2]
    least = r"17\.\d+-\w+" if service.name == "postgres" else r"v?\d+\.\d+\.\d+(-\w+)?"
    assert re.fullmatch(least, tag)


@each_service
def test_ports_are_bound_to_loopback(service: ComposeService) -> None:
    for port in stated(service, "ports"):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@each_service
def test_nobody_runs_as_root_or_gains_rights(service: ComposeService) -> None:
    assert service.stated["user"].startswith("10001:")
    assert stated(service, "cap_drop") == ["ALL"]
    assert stated(service, "security_opt") == ["no-new-privileges:true"]
    assert "privileged" not in service.stated


@each_service
def test_logs_are_bounded(service: ComposeService) -> None:
    """By default Docker keeps every line, until the disk is full."""
    logging = service.stated["logging"]
    assert logging["driver"] == "json-file"
    assert re.fullmatch(r"\d+m", logging["options"]["max-size"])
    assert int(logging["options"]["max-file"]) > 1


@each_service
def test_memory_and_processes_are_bounded(service: ComposeService) -> None:
    assert megabytes(service.stated["mem_limit"]) >= 256
    assert service.stated["memswap_limit"] == service.stated["mem_limit"]
    assert 32 <= service.stated["pids_limit"] <= 1024


@each_service
def test_nothing_is_mounted_from_the_checkout(service: ComposeService) -> None:
    """Its files may be readable by their owner alone, and the containers are user 10001."""
    assert [v for v in stated(service, "volumes") if v.startswith((".", "/"))] == []


@pytest.mark.parametrize("name", ["collector", "work", "api"])
def test_what_may_hang_is_watched(name: str) -> None:
    """Docker restarts what ends, not what is unhealthy."""
    assert SERVICES[name].command == ["greenoffice", "watch", "/data", name]


@each_service
def test_what_keeps_running_says_how_it_is_and_comes_back(service: ComposeService) -> None:
    if service.name in ONCE:
        assert service.ends
    else:
        assert service.healthcheck
        assert service.stated["restart"] == "unless-stopped"


@each_service
def test_no_secret_stands_in_the_file(service: ComposeService) -> None:
    """A variable that is about a secret names a file, and the file lies in a volume."""
    for name, value in service.environment.items():
        if re.search("PASSWORD|TOKEN|SECRET|KEY", name):
            assert name.endswith("_FILE")
            assert value.startswith(("/", "secrets/"))
        assert not re.search(r"://[^/@]*:[^/@]*@", value)


@each_service
def test_the_first_service_alone_gives_volumes_their_owner(service: ComposeService) -> None:
    named = [v for v in stated(service, "volumes") if not v.startswith(".")]
    if service.name == "secrets":
        assert {v.partition(":")[0] for v in named} == set(read_compose(FILE)["volumes"])
    else:
        assert all("nocopy" in v.split(":")[-1].split(",") for v in named)


@each_service
def test_what_a_service_waits_for_is_there_and_fits(service: ComposeService) -> None:
    for name, wanted in service.stated.get("depends_on", {}).items():
        ends = wanted["condition"] == "service_completed_successfully"
        assert ends == SERVICES[name].ends


def test_the_image_is_pinned_hashed_and_not_roots() -> None:
    text = (ROOT / "Dockerfile").read_text()
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert images
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", image) for image in images)
    assert text.count("--require-hashes") == 2
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]


@pytest.mark.parametrize("tls", [False, True])
def test_docker_compose_reads_the_file_as_we_do(tls: bool) -> None:
    if shutil.which("docker-compose") is None:
        pytest.skip("no docker-compose on PATH")
    over = ["-f", str(TLS)] if tls else []
    command = ["docker-compose", "-f", str(FILE), *over, "--profile", "demo"]
    command += ["--profile", "monitoring", "config"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for service in (WITH_TLS if tls else SERVICES).values():
        told = ran.stdout.split(f"\n  {service.name}:\n")[1]
        for word in (*service.command, *service.healthcheck):
            assert re.search(rf"^ +- {re.escape(word)}$|'{re.escape(word)}'", told, re.MULTILINE)
        for name, value in service.environment.items():
            assert re.search(rf"{name}: '?\"?{re.escape(value)}", told)


def test_tls_is_for_whom_other_machines_reach() -> None:
    """Each new port speaks TLS with the one certificate, and nothing else changes."""
    opened = {}
    for name, service in WITH_TLS.items():
        new = [p for p in stated(service, "ports") if p not in stated(SERVICES[name], "ports")]
        opened |= {name: new} if new else {}
        if service.volumes != SERVICES[name].volumes:
            assert service.volumes["/certificates"] == "./deploy/certificates"
    assert opened == {"mosquitto": ["8883:8883"], "collector": ["8884:1883"], "api": ["8443:8080"]}
    for name, part in (("collector", "MQTT"), ("api", "HTTP")):
        for setting, file in (("CERTIFICATE", "server.pem"), ("PRIVATE_KEY", "server.key")):
            value = WITH_TLS[name].environment[f"GREENOFFICE_{part}__{setting}"]
            assert value == f"/certificates/{file}"
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"deploy/certificates", ".env"} <= set(ignored)


def test_the_image_is_readable_whatever_the_checkout_was(tmp_path: Path) -> None:
    """What the build does to a checkout of umask 077, done to one."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = lines.index("COPY . .")
    (command,) = [n.removeprefix("RUN ") for n in lines[copied : copied + 3] if "chmod" in n]
    for name in ("Makefile", "deploy/secrets.sh", "greenoffice/cli.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, file)
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    for path in tmp_path.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: [a", "not YAML"),
        ("services:\n\ta: 1\n", "not YAML"),
        ("", "no services"),
        ("services: [a]\n", "no services"),
        ("services: {a: {environment: {LOUD: yes}}}\n", "LOUD is not a text"),
    ],
)
def test_a_file_that_does_not_state_services_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_services(file)


def test_the_broker_is_set_up_for_the_version_of_its_image() -> None:
    image = SERVICES["mosquitto"].stated["image"]
    script = (ROOT / "deploy" / "secrets.sh").read_text(encoding="utf-8")
    assert f"--mosquitto-version {image.rpartition(':')[2]} " in script


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_services(tmp_path / "docker-compose.yml")


# The broker, real


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The committed broker, with the receiver and one gateway; its port and password file."""
    try:
        program = mosquitto_program()
    except ConfigurationError:
        pytest.skip("no mosquitto on this machine")
    if installed_version() >= SQLITE:
        pytest.skip("docker-compose has a 2.0: from 2.1 on its pattern lets no gateway in")
    mounts = {"/mosquitto/config": tmp_path / "config"}
    for name in ("passwords", "data"):
        mounts[f"/mosquitto/{name}"] = tmp_path / name
        (tmp_path / name).mkdir()
    passwords = tmp_path / "passwords" / "passwords"
    add_user(passwords, "receiver", tmp_path / "receiver.password")
    add_users(passwords, {"house/gw": "right"})
    port = usable_port(0, {0})
    shutil.copytree(ROOT / "deploy" / "mosquitto", tmp_path / "config")
    write_broker(BrokerPlan(installed_version(), container=True), tmp_path / "config")
    adapt_mosquitto(tmp_path / "config", {1883: port}, mounts)
    process = subprocess.Popen(
        ["sh", "config/run.sh", "config/mosquitto.conf", str(passwords), str(tmp_path / "absent")],
        cwd=tmp_path,
        env=os.environ
        | {
            "PATH": f"{os.environ['PATH']}:{Path(program).parent}",
            "BROKER_LOOKS_A_PROBE": "1",
            "BROKER_SILENT_PROBES": "1",
        },
        stderr=subprocess.DEVNULL,
    )
    until(lambda: answers(f"127.0.0.1:{port}"))
    yield port, passwords
    process.terminate()
    process.wait(60)
    assert not answers(f"127.0.0.1:{port}")


def until(ready: Callable[[], bool], patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def send(port: int, topic: str, user: str, password: str) -> bool:
    """Whether the broker let the user in."""
    auth: publish.AuthParameter = {"username": user, "password": password}
    try:
        publish.single(topic, topic, qos=1, hostname="127.0.0.1", port=port, auth=auth)
    except MQTTException:
        return False
    return True


def test_the_broker_takes_our_hashes_and_no_other_password(broker: tuple[int, Path]) -> None:
    port, _ = broker
    assert send(port, "greenoffice/v1/house/gw/readings", "house/gw", "right")
    assert not send(port, "greenoffice/v1/house/gw/readings", "house/gw", "wrong")
    assert not send(port, "greenoffice/v1/house/gw/readings", "house/other", "right")


def test_a_gateway_writes_under_its_own_name_alone(
    broker: tuple[int, Path], tmp_path: Path
) -> None:
    port, _ = broker
    own = "greenoffice/v1/house/gw/readings"
    with receiving(port, (tmp_path / "receiver.password").read_text().strip()) as got:
        send(port, "greenoffice/v1/house/other/readings", "house/gw", "right")
        send(port, own, "house/gw", "right")
        until(lambda: own in got)
    assert got == [own]


def test_a_gateway_reads_nothing(broker: tuple[int, Path], tmp_path: Path) -> None:
    port, _ = broker
    own = "greenoffice/v1/house/gw/readings"
    with (
        receiving(port, (tmp_path / "receiver.password").read_text().strip()) as got,
        receiving(port, "right", "house/gw") as overheard,
    ):
        send(port, own, "house/gw", "right")
        until(lambda: own in got)
    assert overheard == []


@contextlib.contextmanager
def receiving(port: int, password: str, user: str = "receiver") -> Iterator[list[str]]:
    """Topics of what comes to the user, in order, from when it has subscribed."""
    got: list[str] = []
    subscribed = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    client.on_connect = lambda *_: client.subscribe("greenoffice/v1/#", 1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: got.append(message.topic)
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert subscribed.wait(20)
    yield got
    client.disconnect()
    client.loop_stop()


def test_the_broker_learns_new_passwords_while_it_runs(broker: tuple[int, Path]) -> None:
    port, passwords = broker
    topic = "greenoffice/v1/house/late/readings"
    assert not send(port, topic, "house/late", "new")
    add_users(passwords, {"house/late": "new"})
    until(lambda: send(port, topic, "house/late", "new"))
    assert send(port, "greenoffice/v1/house/gw/readings", "house/gw", "right")


def test_a_password_file_keeps_one_line_a_user_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    add_users(file, {"a/one": "x", "a/two": "y"})
    first = dict(line.split(":") for line in file.read_text().splitlines())
    add_users(file, {"a/two": "z"})
    second = dict(line.split(":") for line in file.read_text().splitlines())
    assert first.keys() == second.keys()
    assert first["a/one"] == second["a/one"]
    assert first["a/two"] != second["a/two"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_equal_passwords_have_different_hashes() -> None:
    assert hashed("same") != hashed("same")
    assert hashed("same").count("$") == 4


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="no mosquitto_pub on PATH")
@pytest.mark.long
def test_a_broker_that_hangs_is_ended(broker: tuple[int, Path]) -> None:
    """It accepts connections all the same, so who asks for the port alone sees nothing."""
    port, _ = broker
    script = ["sh", str(ROOT / "deploy" / "mosquitto" / "answers.sh"), str(port)]
    assert subprocess.run(script, check=False).returncode == 0
    (hanging,) = [p for p in psutil.process_iter() if listens(p, port)]
    time.sleep(5)  # it has been heard of once
    hanging.suspend()
    assert answers(f"127.0.0.1:{port}")
    assert subprocess.run(script, check=False).returncode != 0
    until(lambda: not answers(f"127.0.0.1:{port}"), 120)


def listens(process: psutil.Process, port: int) -> bool:
    with contextlib.suppress(psutil.Error):
        listening = [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]
        return process.name() == "mosquitto" and port in [c.laddr.port for c in listening]
    return False
