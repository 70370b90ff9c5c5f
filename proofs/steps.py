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
from greenoffice.demo.progress import DemoReadiness, look
from greenoffice.folder import DataFolder
from metering.errors import ConfigurationError, GreenOfficeError, Unavailable

COMMAND = [sys.executable, "-m", "greenoffice"]
HANGS_S = 1800.0
"""No proof races the machine: a state is waited for, and this ends only what hangs for good. Where
how long a thing takes is what a proof is about, it says so and gives a time of its own."""


def say(text: str) -> None:
    """Progress for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def check_stack(stack: str) -> None:
    """ConfigurationError for a word that names no stores to measure with."""
    if stack not in ("embedded", "servers"):
        raise ConfigurationError(
            "no such stack", field="stack", value=stack, fix="embedded or servers"
        )


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


@contextlib.contextmanager
def environment(**more: str) -> Iterator[None]:
    """Variables of this process, and of those that it starts."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in more.items() if value})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_until(
    what: str,
    ready: Callable[[], bool],
    timeout_s: float = HANGS_S,
    every_s: float = 0.5,
    of: subprocess.Popen[bytes] | None = None,
) -> None:
    """Wait for a state; errors of the platform count as not yet. Unavailable when time is up, or
    when the process that is to bring the state about has ended."""
    deadline = time.monotonic() + timeout_s
    last = "no answer yet"
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except (GreenOfficeError, OSError, ValueError, KeyError) as failed:
            last = str(failed)
        if of is not None and of.poll() is not None:
            raise Unavailable(
                f"gave up waiting for {what}: the process ended: {last}",
                field="exit status",
                value=of.poll(),
                fix="look in the platform's logs",
            )
        time.sleep(every_s)
    raise Unavailable(
        f"gave up waiting for {what} after {timeout_s:.0f} s: {last}",
        field="timeout_s",
        value=timeout_s,
        fix="look in the platform's logs, or prove on a machine that is less busy",
    )


def wait_settled(folder: DataFolder, timeout_s: float = HANGS_S) -> ApiClient:
    """Wait until everything journalled is read, booked and looked at; a client."""
    client = ApiClient.of_folder(folder)
    wait_until("the platform to settle", lambda: bool(settled(client)), timeout_s)
    return client


def wait_looked_at(folder: DataFolder, demo: subprocess.Popen[bytes]) -> ApiClient:
    """Wait until a demo's history is taken in, booked after that, and looked at after that."""
    readiness = DemoReadiness()

    def looked_at() -> bool:
        progress = look(folder, ApiClient.of_folder(folder))
        return readiness.reached(progress, folder.clock().now_us())

    wait_until("the demo to fill, book and look", looked_at, of=demo)
    return ApiClient.of_folder(folder)


def filled(folder: DataFolder, client: ApiClient) -> bool:
    """Whether a demo's history is published, taken in and booked. Health counts what waits at the
    intake before it counts what waits at the ledger, and marks are there before readings are."""
    progress = look(folder, client)
    return progress.intake_done and progress.waiting_marks == 0


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
