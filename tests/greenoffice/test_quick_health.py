"""The check of health that containers ask again and again: what it loads, and that it says what the
whole command line says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from greenoffice.cli import app
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import tell
from greenoffice.quick_health import answered, tell_address
from greenoffice.saying import command_of

HEAVY = {"numpy", "sqlalchemy", "pydantic", "typer", "fastapi", "structlog", "babel", "asyncio"}
ASK = """
import json, sys
sys.argv = ["greenoffice", "health", *json.loads(sys.argv[1])]
from greenoffice.entry import main
try:
    main()
except SystemExit as left:
    loaded = sorted({name.split(".")[0] for name in sys.modules})
    print(json.dumps({"status": left.code, "loaded": loaded}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return init(tmp_path / "data", 1, 2, 3, "en")


def asked(*words: str, language: str = "C.UTF-8") -> tuple[int, str, set[str]]:
    """(exit status, standard error, packages that were loaded)."""
    ran = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(words)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"LC_ALL": language},
    )
    told = json.loads(ran.stdout)
    return told["status"], ran.stderr, set(told["loaded"])


def by_the_whole(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """What the whole command line answers."""
    with pytest.raises(SystemExit) as left:
        command_of(app)(["health", *words])
    return int(str(left.value.code)), capsys.readouterr().err


@contextmanager
def answering(folder: DataFolder, status: int, parts: dict[str, Any]) -> Iterator[None]:
    """Somebody who answers for the API of a folder, to who brings its key."""
    key = folder.admin_key.read_text().strip()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == f"Bearer {key}" and self.path == "/health"
            body = json.dumps({"parts": parts}).encode() if known else b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        tell_address(folder, "127.0.0.1", server.server_address[1], None)
        yield
    finally:
        server.shutdown()
        server.server_close()


def test_a_check_loads_none_of_the_large_libraries(folder: DataFolder) -> None:
    tell(folder.heartbeat("collector"), {"listener": {"ok": True, "error": ""}})
    for process in ("collector", "work"):
        _, _, loaded = asked(str(folder.root), process)
        assert not loaded & HEAVY
    with answering(folder, 200, {"http": {"ready": True, "detail": {}}}):
        status, said, loaded = asked(str(folder.root), "http")
    assert (status, said) == (0, "")
    assert not loaded & HEAVY


@pytest.mark.parametrize("ok", [True, False])
def test_it_says_what_the_whole_command_line_says(
    folder: DataFolder, capsys: pytest.CaptureFixture[str], ok: bool
) -> None:
    trouble = "the database does not answer (database = x) - look at it"
    told = {"ok": ok, "error": "" if ok else trouble}
    tell(folder.heartbeat("intake"), {"intake": told, "readings": {"ok": True, "error": ""}})
    tell(folder.heartbeat("ledger"), {"ledger": told, "analytics": {"ok": True, "error": ""}})
    for process in ("intake", "work", "collector", "backups"):
        status, said, _ = asked(str(folder.root), process)
        assert (status, said) == by_the_whole(capsys, str(folder.root), process)
    assert asked(str(folder.root), "work")[0] == (0 if ok else 1)


def test_the_api_alone_is_judged_by_its_own_part(folder: DataFolder) -> None:
    away = {"ready": False, "detail": {"error": "away"}}
    for ready, status in ((True, 0), (False, 1)):
        parts = {"http": {"ready": ready, "detail": {"error": "" if ready else "full"}}}
        with answering(folder, 503, {**parts, "intake": away}):
            assert answered([str(folder.root), "http"]) == status


def test_what_it_cannot_tell_is_left_to_the_whole_command_line(folder: DataFolder) -> None:
    root = str(folder.root)
    for words in ([], [root], [root, "api"], [root, "nothing"], [root, "--help"], [root, "a", "b"]):
        assert answered(words) is None
    assert answered([root, "http"]) is None  # nobody told where the API answers
    tell_address(folder, "127.0.0.1", 1, None)
    assert answered([root, "http"]) is None  # and there nobody does
    with answering(folder, 200, {}):
        assert answered([root, "http"]) is None


def test_it_speaks_the_language_of_the_terminal(folder: DataFolder) -> None:
    _, said, _ = asked(str(folder.root), "collector", language="zh_CN.UTF-8")
    assert said.startswith("collector: ")
    assert "does not run" not in said
