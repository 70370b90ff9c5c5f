"""Cases of a broker before the platform, and of everything at once.

A broker that is killed has acknowledged what it did not keep; so in all of these the gateway behind
it pushes its last messages again in the end, as `docs/operations.md` says.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from proofs.outages.case import OutageCase, Seen
from proofs.outages.scene import OutageScene
from proofs.servers.hanging import kill
from proofs.steps import say, wait_until

_AWAY_S: Final = 6.0
_HANGS_S: Final = 25.0
_BETWEEN_S: Final = 1.5


def _begun(scene: OutageScene) -> None:
    scene.open()
    scene.gateways.quickly(0.3)
    scene.gateways.slowly(0.8)
    scene.pushed_further()


def broker_killed(scene: OutageScene) -> Seen:
    """kill -9 of Mosquitto, twice; the listener's gateway notices nothing."""
    _begun(scene)
    listener = scene.gateways.gateways[0]
    for _ in range(2):
        scene.servers.mosquitto.kill()
        listener.wait_for(listener.count + 3, 30)
        time.sleep(_AWAY_S)
        wait_until("health", lambda: not scene.told("collector", "broker")["ok"], 30, 0.2)
        scene.servers.mosquitto.start()
        scene.wait_ready()
        scene.pushed_further()
    return {}


def broker_frozen(scene: OutageScene) -> Seen:
    """Mosquitto stands still, its connections open, and then goes on."""
    _begun(scene)
    listener = scene.gateways.gateways[0]
    scene.servers.mosquitto.freeze()
    listener.wait_for(listener.count + 10, 30)
    time.sleep(_HANGS_S)
    scene.servers.mosquitto.thaw()
    scene.wait_ready()
    scene.pushed_further()
    return {}


def everything(seed: int) -> OutageCase:
    """The case in which all servers and processes go down and come up, in an order by the seed."""

    def everything_down(scene: OutageScene) -> Seen:
        """All servers and processes are killed and started, each in random order, twice."""
        chance = random.Random(seed)  # noqa: S311 - an order, no secret
        ground = scene.servers
        _begun(scene)
        scene.start("work-2")
        down: dict[str, Callable[[], None]] = {
            "postgres": lambda: kill(ground.postgres),
            "influx": ground.influx.kill,
            "mosquitto": ground.mosquitto.kill,
        }
        up: dict[str, Callable[[], None]] = {
            "postgres": ground.postgres.start,
            "influx": ground.influx.start,
            "mosquitto": ground.mosquitto.start,
        }
        for name in ("collector", "work", "work-2", "api"):
            down[name] = lambda name=name: scene.kill(name)  # type: ignore[misc]
            up[name] = lambda name=name: scene.start(name)  # type: ignore[misc]
        orders = []
        for _ in range(2):
            for acts in (down, up):
                order = sorted(acts)
                chance.shuffle(order)
                say(f"  {'down' if acts is down else 'up'}: {' '.join(order)}")
                for name in order:
                    acts[name]()
                    time.sleep(_BETWEEN_S * chance.random())
                orders.append(" ".join(order))
            scene.wait_ready()
            scene.pushed_further()
        return {"orders": orders}

    name = "everything-down-and-up-in-random-order"
    return OutageCase(name, everything_down, broker=True)


CASES = (
    OutageCase("broker-killed", broker_killed, broker=True),
    OutageCase("broker-frozen", broker_frozen, broker=True),
)
