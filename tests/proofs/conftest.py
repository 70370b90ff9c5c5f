"""The API over the seeded world of tests/api, on a port of this machine."""

import importlib.util
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from storage import MemoryReadings, memory_stores


def _seeded():
    path = Path(__file__).parents[1] / "api" / "conftest.py"
    spec = importlib.util.spec_from_file_location("seeded_world", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.make_world(memory_stores(), MemoryReadings())


@contextmanager
def _serving(app):
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.02)
            if not thread.is_alive():
                raise RuntimeError("the API did not start")
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def api():
    """(address, key by name) of a running API."""
    world = _seeded()
    with _serving(world.client.app) as url:
        yield url, world.keys
