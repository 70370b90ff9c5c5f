"""`greenoffice demo`: set up, supervise, show progress, say where to look, go on live."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from greenoffice.client import ApiClient
from greenoffice.commands import platform_children
from greenoffice.demo.bills import BillEntry, bills_line
from greenoffice.demo.edge import edge_children
from greenoffice.demo.grafana import how_to, provision, running
from greenoffice.demo.instructions import Places, instructions
from greenoffice.demo.memory import MemoryWatch
from greenoffice.demo.options import DemoOptions
from greenoffice.demo.progress import DemoProgress, DemoReadiness, look
from greenoffice.demo.setting_up import DemoFolder, demo_folder
from greenoffice.demo.summary import summarise
from greenoffice.logs import set_up_logs
from greenoffice.saying import spoken
from greenoffice.signals import stop_event
from greenoffice.supervisor import ChildSpec, Supervisor
from metering.errors import Unavailable

READY_TIMEOUT_S = 1800


def run_demo(options: DemoOptions) -> None:
    """Run until Ctrl-C, or until ready with `exit_when_ready`; exit 1 if a figure is off."""
    began = time.monotonic()
    console = Console(stderr=options.as_json)
    memory = MemoryWatch()
    demo = demo_folder(options)
    set_up_logs("supervisor", demo.folder.clock())
    supervisor = Supervisor(
        demo.folder,
        [
            *platform_children(demo.folder),
            ChildSpec("simulators", ["simulators", str(demo.folder.root)]),
            *edge_children(demo.folder),
        ],
    )
    stop = stop_event()
    passed = True
    with _supervised(supervisor):
        ready = _wait(demo, supervisor, console, stop)
        seconds = time.monotonic() - began
        if ready:
            told = instructions(_places(demo)) + how_to(provision(demo.folder))
            told += bills_line(ApiClient.of_folder(demo.folder), _places(demo).page) + "\n"
            console.print(told, markup=False, highlight=False, soft_wrap=True)
        if ready and options.exit_when_ready:
            passed = _report(demo, seconds, memory, options, console)
        if ready and not options.exit_when_ready:
            _go_on(demo, supervisor, options, stop, console)
        console.print(spoken("stopping ..."))
    sys.exit(0 if passed else 1)


def _go_on(
    demo: DemoFolder,
    supervisor: Supervisor,
    options: DemoOptions,
    stop: threading.Event,
    console: Console,
) -> None:
    """Live, until told to stop; with a Grafana beside where one was asked for."""
    with contextlib.ExitStack() as beside:
        if options.grafana:
            url = beside.enter_context(running(demo.folder.root / "grafana", demo.folder))
            console.print(f"  Grafana   {url}", markup=False, highlight=False)
        while not stop.is_set():
            supervisor.tend()
            stop.wait(0.3)


@contextlib.contextmanager
def _supervised(supervisor: Supervisor) -> Iterator[None]:
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


def _wait(
    demo: DemoFolder, supervisor: Supervisor, console: Console, stop: threading.Event
) -> bool:
    """Until the history is sent, stored, booked and looked at; False when told to stop."""
    client = ApiClient.of_folder(demo.folder)
    deadline = time.monotonic() + READY_TIMEOUT_S
    readiness = DemoReadiness()
    bills = BillEntry(demo.folder, billed=demo.world.billed)
    with _display(console) as display:
        while not stop.is_set() and time.monotonic() < deadline:
            supervisor.tend()
            progress = look(demo.folder, client)
            ready = readiness.reached(progress, demo.folder.clock().now_us())
            told, entered = _enter(bills, progress)
            display.show(progress, [*supervisor.troubles(), *told])
            if ready and entered:
                return True
            stop.wait(0.5)
    return False


def _enter(bills: BillEntry, progress: DemoProgress) -> tuple[list[str], bool]:
    """(what was refused, whether all bills are taken in). They come once the history is read;
    while nobody answers, the next look goes on."""
    told: list[str] = []
    if progress.intake_done:
        with contextlib.suppress(Unavailable):
            told.extend(bills.go_on())
            return told, bills.taken_in()
    return told, False


class _Display:
    """Two bars: what the gateways have sent, and what the platform has still to do."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._sent = bars.add_task(spoken("gateways push their history"), total=None)
        self._rest: TaskID = bars.add_task(
            spoken("platform reads, books, looks for waste"), total=None
        )

    def show(self, now: DemoProgress, troubles: list[str]) -> None:
        self._bars.update(
            self._sent,
            total=now.planned or None,
            completed=now.acknowledged,
            note=spoken(
                f"{now.acknowledged}/{now.planned} messages" if now.planned else "starting"
            ),
        )
        waiting = (
            "starting"
            if now.waiting_messages < 0
            else f"{now.waiting_messages} messages, {now.waiting_marks} ranges to go"
        )
        self._bars.update(self._rest, note=spoken(waiting))
        for trouble in troubles:
            self._bars.console.print(spoken(trouble), style="red", markup=False)


@contextlib.contextmanager
def _display(console: Console) -> Iterator[_Display]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with _NotedProgress(*columns, console=console) as bars:
        yield _Display(bars)


class _NotedProgress(Progress):
    """A progress display whose tasks all carry a note."""

    def add_task(self, description: str, **options: object) -> TaskID:  # type: ignore[override]
        return super().add_task(description, note="", **options)  # type: ignore[arg-type]


def _places(demo: DemoFolder) -> Places:
    settings = demo.folder.settings()
    return Places(
        page=f"{settings.http.url}/",
        key_file=demo.folder.admin_key,
        mqtt_host=settings.mqtt.host,
        mqtt_port=settings.mqtt.port,
        hand_password=demo.hand_password,
    )


def _report(
    demo: DemoFolder, seconds: float, memory: MemoryWatch, options: DemoOptions, console: Console
) -> bool:
    console.print(spoken("comparing with the simulator's truth ..."))
    client = ApiClient.of_folder(demo.folder)
    summary = summarise(demo, client)
    summary.values |= {
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(memory.stop()),
        "page": _places(demo).page,
        "key_file": str(demo.folder.admin_key),
    }
    problems = summary.problems()
    for problem in problems:
        console.print(spoken(f"not as it should be: {problem}"), style="red")
    if options.as_json:
        print(json.dumps(summary.values, sort_keys=True), flush=True)
    else:
        console.print_json(data=summary.values)
    return not problems
