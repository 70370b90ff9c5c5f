"""Simulated meters on free loopback ports, and configurations that read them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulators import ModbusMeter, serve_meters


def now_us() -> int:
    return time.time_ns() // 1000


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _served(*meters: ModbusMeter) -> Iterator[int]:
    """Meters as devices 1 and on; gives their port."""
    port, stop = free_port(), threading.Event()
    devices = dict(enumerate(meters, 1))
    serving = threading.Thread(target=serve_meters, args=(devices, "127.0.0.1", port, now_us, stop))
    serving.start()
    try:
        while serving.is_alive():
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield port
    finally:
        stop.set()
        serving.join()


@pytest.fixture
def served() -> Callable[..., object]:
    return _served


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    """Writes a configuration: of (name, port, device) a meter each, read every second."""

    def write(
        *meters: tuple[str, int, int], gateway: str = "", more: str = "", password: str = "x"
    ) -> Path:
        (tmp_path / "edge.password").write_text(password + "\n")
        lines = [f'[gateway]\npassword_file = "edge.password"\n{gateway or DEFAULT}']
        for name, port, device in meters:
            lines.append(
                f'[[meters]]\nname = "{name}"\nprofile = "eastron-sdm630"\nhost = "127.0.0.1"\n'
                f"port = {port}\ndevice = {device}\ninterval_s = 1\ntimeout_s = 0.5\n{more}"
            )
        file = tmp_path / "edge.toml"
        file.write_text("\n".join(lines))
        return file

    return write


DEFAULT = 'name = "s/g"\nhost = "127.0.0.1"\n'
