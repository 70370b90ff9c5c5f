"""Run all gateways of the campus until told to stop.

The folder holds the world's seed and horizon (fixed when it is first used), the truth, the bills
of suppliers, one file of acknowledged records per gateway, and a progress file renewed each second.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from metering.errors import ConfigurationError
from simulators.acknowledged import AcknowledgedFile
from simulators.campus import ZONE, Campus, load_campus
from simulators.devices import Devices
from simulators.gateway import Broker, SimulatedGateway
from simulators.message import SECOND_US
from simulators.paper import write_bills
from simulators.plan import GatewayPlan
from simulators.truth import write_json, write_truth
from simulators.world import World

PROGRESS_S = 1.0
PROGRESS_FILE = "progress.json"


@dataclass(frozen=True)
class SimulatorSettings:
    """What to simulate and where to push."""

    folder: Path
    seed: int
    start_us: int
    """First instant of the history; ignored where the folder holds a world already."""
    now_us: int
    """End of the history; ignored where the folder holds a world already."""
    host: str
    port: int
    passwords: dict[str, str] = field(repr=False)
    """MQTT password by gateway code."""
    waste: bool = True
    more_waste: bool = False
    """Whether kinds of waste beside the usual ones are put in."""
    billed: bool = True
    """Whether suppliers send bills, for which a meter of reactive energy is read."""
    live_interval_s: int = 10
    """0: end after the history. Else seconds between live messages, a divisor of the step."""
    history_step_min: int = 15

    def __post_init__(self) -> None:
        step_s = self.history_step_min * 60
        if self.live_interval_s and step_s % self.live_interval_s:
            raise ConfigurationError(
                "live messages would miss the quarter hours",
                field="live_interval_s",
                value=self.live_interval_s,
                fix=f"a divisor of {step_s}, or 0 for no live messages",
            )


def run(settings: SimulatorSettings, now_us: Callable[[], int], stop: threading.Event) -> None:
    """Push the history, then live, from all gateways; return once stopped, or after the history
    where live_interval_s is 0. Raises ConfigurationError before anything is sent. An error of
    one gateway (its file cannot be written) sets `stop` and is raised once the others ended."""
    campus = load_campus() if settings.billed else load_campus().without_bills()
    devices = Devices(_world(settings, campus), campus)
    write_truth(settings.folder, devices, campus)
    if settings.billed:
        write_bills(settings.folder, devices, campus, wrong=settings.waste)
    plans = [
        GatewayPlan(devices, campus, code, step_min=settings.history_step_min)
        for code in campus.gateways
    ]
    with ExitStack() as files:
        gateways = [_gateway(settings, plan, files, now_us, stop) for plan in plans]
        _run_all(settings.folder, gateways)


def _gateway(
    settings: SimulatorSettings,
    plan: GatewayPlan,
    files: ExitStack,
    now_us: Callable[[], int],
    stop: threading.Event,
) -> SimulatedGateway:
    if plan.gateway not in settings.passwords:
        raise ConfigurationError(
            "no password for a gateway",
            field="passwords",
            value=plan.gateway,
            fix="give the password that was generated for it",
        )
    record = AcknowledgedFile(settings.folder / "gateways" / f"{plan.gateway}.csv")
    files.enter_context(record)
    broker = Broker(settings.host, settings.port, settings.passwords[plan.gateway])
    return SimulatedGateway(
        plan, record, broker, now_us, stop, settings.live_interval_s * SECOND_US
    )


def _run_all(folder: Path, gateways: list[SimulatedGateway]) -> None:
    """Run every gateway in a thread of its own; raise the first error of any of them."""
    with ThreadPoolExecutor(len(gateways), thread_name_prefix="gateway") as pool:
        running = [pool.submit(one.run) for one in gateways]
        while wait(running, PROGRESS_S, FIRST_EXCEPTION).not_done:
            write_json(folder / PROGRESS_FILE, progress(gateways))
            if any(one.done() and one.exception() for one in running):
                for gateway in gateways:
                    gateway.stop.set()
        write_json(folder / PROGRESS_FILE, progress(gateways))
        for one in running:
            one.result()


def progress(gateways: list[SimulatedGateway]) -> dict[str, object]:
    """How far the history has got, all gateways together and one by one."""
    states = {one.plan.gateway: one.state for one in gateways}
    return {
        "messages_planned": sum(s.planned for s in states.values()),
        "messages_acknowledged": sum(min(s.acknowledged, s.planned) for s in states.values()),
        "history_done": all(s.history_done for s in states.values()),
        "gateways": {code: asdict(state) for code, state in states.items()},
    }


def _world(settings: SimulatorSettings, campus: Campus) -> World:
    file = settings.folder / "simulation.json"
    more = settings.more_waste
    wanted: dict[str, int] = {"seed": settings.seed, "waste": settings.waste, "more_waste": more}
    wanted |= {"start_us": settings.start_us, "now_us": settings.now_us}
    if file.exists():
        stored = {"more_waste": False} | json.loads(file.read_text(encoding="utf-8"))
        for name in ("seed", "waste", "more_waste"):
            if stored[name] != wanted[name]:
                raise ConfigurationError(
                    f"the folder {settings.folder} holds another world",
                    field=name,
                    value=wanted[name],
                    fix=f"use {name} = {stored[name]}, or a new folder",
                )
        wanted = stored
    else:
        settings.folder.mkdir(parents=True, exist_ok=True)
        write_json(file, wanted)
    return World(
        wanted["seed"],
        wanted["start_us"],
        wanted["now_us"],
        ZONE,
        campus.calendar,
        waste=bool(wanted["waste"]),
        more=bool(wanted["more_waste"]),
    )
