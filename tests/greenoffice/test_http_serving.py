"""How the API is served: whose word about addresses is believed, and TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn

from greenoffice.api_process import server_config
from greenoffice.client import ApiClient
from greenoffice.settings import HttpSettings, load_settings
from metering.errors import ConfigurationError


async def app(scope, receive, send):
    """Answers with the address and the scheme that it is told, as parts of a healthy platform."""
    if scope["type"] != "http":
        return
    text = f'{{"parts": {{"seen": {{"detail": ["{scope["client"][0]}", "{scope["scheme"]}"]}}}}}}'
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})


@contextmanager
def served(**settings: object) -> Iterator[HttpSettings]:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        http = HttpSettings(port=taken.getsockname()[1], **settings)
    server = uvicorn.Server(server_config(app, http, 1024))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield http
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    ("proxies", "seen"),
    [
        ((), "127.0.0.1"),
        (("10.0.0.0/8",), "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9"),
        (("127.0.0.0/8", "203.0.113.0/24"), "198.51.100.1"),
    ],
)
def test_only_a_named_proxy_tells_of_addresses(proxies: tuple[str, ...], seen: str) -> None:
    """The last address that no named proxy has: the ones before it anybody can write."""
    with served(trusted_proxies=proxies) as http:
        request = urllib.request.Request(
            http.url, headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert f'"{seen}"' in answer.read().decode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=office.example"
    made = [*command.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(made, check=True, capture_output=True)
    return chain, key


def test_with_a_certificate_the_port_speaks_tls(certificate: tuple[Path, Path]) -> None:
    """The command line trusts this certificate and no other."""
    chain, key = certificate
    with served(certificate=chain, private_key=key) as http:
        assert http.url.startswith("https://")
        trusting = ApiClient(http.url, "k", certificate=chain)
        assert trusting.health() == {"seen": ["127.0.0.1", "https"]}
        with pytest.raises(OSError, match=r"CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(http.url, timeout=30, context=ssl.create_default_context())


def test_a_certificate_of_no_use_is_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = certificate
    for wrong in ((tmp_path / "absent.pem", key), (key, key), (chain, tmp_path / "absent.pem")):
        http = HttpSettings(certificate=wrong[0], private_key=wrong[1])
        with pytest.raises(ConfigurationError) as refused:
            server_config(app, http, 1024)
        assert refused.value.field == "http.certificate"
        assert refused.value.fix


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    file = tmp_path / "greenoffice.toml"
    file.write_text('[http]\ntrusted_proxies = ["10.1.2.3", "fd00::/8"]\ndetails = "key"\n')
    assert [str(one) for one in load_settings(file).http.trusted_proxies] == [
        "10.1.2.3/32",
        "fd00::/8",
    ]
    for wrong in ('trusted_proxies = ["*"]', 'trusted_proxies = ["proxy"]', 'details = "none"'):
        file.write_text(f"[http]\n{wrong}\n")
        with pytest.raises(ConfigurationError) as refused:
            load_settings(file)
        assert str(refused.value.field).startswith("http.")
