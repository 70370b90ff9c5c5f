"""Making a demo's data folder: settings on free ports, the campus registered, passwords kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import partial

from greenoffice.clock import ShiftedClock
from greenoffice.commands import SETTINGS_TEXT
from greenoffice.demo.edge import write_demo_edge
from greenoffice.demo.options import EDGE_GATEWAY, HAND_GATEWAY, SITE, DemoOptions, DemoWorld
from greenoffice.demo.registration import campus_texts
from greenoffice.folder import DataFolder, create_folder, write_secret
from greenoffice.ports import usable_port
from greenoffice.saying import say
from greenoffice.stores import create_admin_key, open_stores
from greenoffice.supervisor import exclusive
from greenoffice.upgrading import needs_upgrade, upgrade_folder
from metering.access import ActorKind, by_command
from metering.errors import Conflict
from metering.registry.files import read_registry_texts


@dataclass(frozen=True)
class DemoFolder:
    """A demo's data folder and its world."""

    folder: DataFolder
    world: DemoWorld

    @property
    def hand_password(self) -> str:
        """The password of the gateway that a person pushes readings as, by hand."""
        return (self.folder.secrets / "hand.password").read_text().strip()


def demo_folder(options: DemoOptions) -> DemoFolder:
    """The folder the options name: opened if it holds the demo asked for, else made."""
    folder = DataFolder(options.data.absolute())
    if options.fresh and folder.root.exists():
        _remove(folder)
    if folder.demo_world.is_file():
        world = DemoWorld.read(folder.demo_world)
        if not options.says_nothing_of_the_world:
            world.check_same(options)
        _upgraded(folder)
        return DemoFolder(folder, world)
    world = DemoWorld.of(options, ShiftedClock().now_us())
    _create(folder, world, options)
    return DemoFolder(folder, world)


def _upgraded(folder: DataFolder) -> None:
    """A demo of an earlier version goes on by itself, and says so."""
    if needs_upgrade(folder):
        say("the demo's folder is of an earlier version: upgrading", aside=True)
        upgrade_folder(folder, say=partial(say, aside=True))


def _remove(folder: DataFolder) -> None:
    if not folder.demo_world.is_file():
        raise Conflict(
            "not a demo's folder, so not deleted",
            field="data",
            value=str(folder.root),
            fix="name an empty folder, or delete it by hand",
        )
    with exclusive(folder):
        shutil.rmtree(folder.root)


def _create(folder: DataFolder, world: DemoWorld, options: DemoOptions) -> None:
    clock = ShiftedClock.showing(world.now_us) if options.now is not None else ShiftedClock()
    create_folder(folder.root, _settings(clock, options), create_admin_key)
    passwords = register_campus(folder, world, edge=True)
    write_demo_edge(folder, passwords[f"{SITE}/{EDGE_GATEWAY}"])


def register_campus(
    folder: DataFolder, world: DemoWorld | None = None, *, edge: bool = False
) -> dict[str, str]:
    """Register the campus in a data folder, whose demo it becomes; passwords by gateway."""
    now_us = folder.clock().now_us()
    stores = open_stores(folder)
    wanted = read_registry_texts(campus_texts(edge=edge), stores.registry.load())
    passwords = stores.registry.apply(
        wanted, actor=str(by_command("demo", ActorKind.SYSTEM)), now_us=now_us
    )
    by_code = {user.split("/")[1]: password for user, password in passwords.items()}
    write_secret(folder.secrets / "hand.password", by_code.pop(HAND_GATEWAY))
    by_code.pop(EDGE_GATEWAY, None)
    write_secret(folder.simulated_passwords, json.dumps(by_code))
    (world or DemoWorld.of(DemoOptions(folder.root), now_us)).write(folder.demo_world)
    return passwords


def _settings(clock: ShiftedClock, options: DemoOptions) -> str:
    http = usable_port(8080, set())
    mqtt = usable_port(1883, {http})
    metrics = usable_port(9464, {http, mqtt})
    text = SETTINGS_TEXT.format(
        language="zh-CN", http_port=http, mqtt_port=mqtt, metrics_port=metrics
    )
    text += "\n[analytics]\ninterval_s = 15\n"
    text += options.servers.settings_text()
    if clock.offset_us:
        text += f"\n[clock]\noffset_s = {clock.offset_us / 1e6:.6f}\n"
    return text
