"""Steps the proofs share: a platform in a temporary folder, waiting, the last line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from greenoffice.client import ApiClient
from greenoffice.folder import DataFolder
from metering.errors import GreenOfficeError, Unavailable

COMMAND = [sys.executable, "-m", "greenoffice"]


def say(text: str) -> None:
    """Progress for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def finish(result: dict[str, Any], passed: bool) -> None:
    """The one line of JSON, and an exit status that tells."""
    print(json.dumps(result, sort_keys=True), flush=True)
    sys.exit(0 if passed else 1)


def run(*arguments: str, check: bool = True) -> str:
    """Run one command of ours to its end; its standard output."""
    done = subprocess.run([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if check and done.returncode != 0:
        raise Unavailable(
            f"a command failed: {done.stdout[-400:]}",
            field="greenoffice",
            value=" ".join(arguments),
            fix="mend what it says, then prove again",
        )
    return done.stdout


def last_json(output: str) -> dict[str, Any]:
    """The last line of an output, as JSON."""
    lines = output.strip().splitlines()
    parsed = json.loads(lines[-1]) if lines else {}
    return parsed if isinstance(parsed, dict) else {}


@contextlib.contextmanager
def started(arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours running beside; interrupted at the end, and waited for."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until(
    what: str, ready: Callable[[], bool], timeout_s: float, every_s: float = 0.5
) -> None:
    """Wait; errors of the platform count as not yet. Unavailable when time is up."""
    deadline = time.monotonic() + timeout_s
    last = "no answer yet"
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (GreenOfficeError, OSError, ValueError, KeyError) as failed:
            last = str(failed)
        time.sleep(every_s)
    raise Unavailable(
        f"gave up waiting for {what} after {timeout_s:.0f} s: {last}",
        field="timeout_s",
        value=timeout_s,
        fix="look in the platform's logs, or prove on a machine that is less busy",
    )


def wait_settled(folder: DataFolder, timeout_s: float) -> ApiClient:
    """Wait until everything journalled is read, booked and looked at; a client."""
    client = ApiClient.of_folder(folder)
    wait_until("the platform to settle", lambda: bool(settled(client)), timeout_s)
    return client


def settled(client: ApiClient) -> bool:
    """Whether intake and ledger have nothing left to do."""
    parts = client.health()
    return bool(parts["intake"]["waiting_messages"] == 0 and parts["ledger"]["waiting_marks"] == 0)


def alive(pid: int) -> bool:
    """Whether a process of that number runs; one that ended unreaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def data_folder_with_recordings() -> Path:
    """The folder of real data named by GREENOFFICE_DATA, default ../shared/data."""
    return Path(os.environ.get("GREENOFFICE_DATA", "../shared/data"))
