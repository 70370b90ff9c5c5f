"""The faults: each befalls a scene over whose ways is sent, and is over when it returns."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from collector.journal.segment import segment_files
from metering.errors import Unavailable
from proofs.fault_ingest.edge import EdgeNumbers
from proofs.fault_ingest.messages import DAY_US, NumberedMessage
from proofs.fault_ingest.national import NationalNumbers
from proofs.fault_ingest.scene import BEYOND_QUEUE, WayFeed, WaysScene
from proofs.fault_ingest.senders import KEEP_ALIVE_S, MqttNumbers
from proofs.fault_ingest.ways import WAYS
from proofs.outages.feed import IN_DOUBT
from proofs.outages.scene import PROCESSES
from proofs.recovery.faults import flip_recent
from proofs.recovery.scene import fill_disk
from proofs.steps import last_json, wait_until

Seen = dict[str, Any]
Befalls = Callable[[WaysScene], Seen | None]
_DIES_S: Final = 60.0
_HOLD_S: Final = 4.0
_SOME: Final = 5
_REPAIRS: Final = 3
_OWN: Final = {"Content-Type": "application/json", "X-Influxdb-Version": "2.7.0"}
_CONFLICT_US: Final = 1200 * DAY_US
"""How far back the days lie in which the store has text where numbers belong."""


@dataclass(frozen=True)
class IngestFault:
    """A fault by its name."""

    name: str
    befalls: Befalls
    needs: str = ""
    """What has to be on this machine: `influx`, `disk`."""


def _random_kills(scene: WaysScene) -> None:
    chance = random.Random(1)  # noqa: S311 - moments, no secrets
    for name in (*scene.receivers, "work", *scene.receivers):
        time.sleep(chance.uniform(0.1, 1.0))
        scene.platform.kill(name)
        time.sleep(chance.uniform(0.1, 0.5))
        scene.platform.start(name)
    scene.platform.wait_ready()
    scene.more()


def _killed_receiving(when: str, point: str) -> Befalls:
    """kill -9 of each receiving process at a point of its journal."""

    def befalls(scene: WaysScene) -> None:
        for journal, process in _journals(scene).items():
            _killed_at(scene, when, f"{point}:{journal}", process)

    return befalls


def _journals(scene: WaysScene) -> dict[str, str]:
    """The process that writes each journal which the feeds come to; several may share one."""
    return {WAYS[name].journal: WAYS[name].process for name in scene.feeds}


def _killed_working(when: str, point: str) -> Befalls:
    """kill -9 of the process that takes in, at a point."""

    def befalls(scene: WaysScene) -> None:
        _killed_at(scene, when, point, "work")

    return befalls


def _killed_at(scene: WaysScene, when: str, point: str, process: str) -> None:
    scene.arm(when, point, "kill")
    wait_until(f"{process} to die", lambda: scene.platform.has_ended(process), _DIES_S, 0.05)
    scene.disarm()
    scene.restart(process)
    scene.more()


def _broker_down(ends: Callable[[Any], None], *, forgets: bool = False) -> Befalls:
    def befalls(scene: WaysScene) -> Seen:
        assert scene.broker is not None
        ends(scene.broker)
        if forgets:
            shutil.rmtree(scene.broker.folder / "data")
            (scene.broker.folder / "data").mkdir()
        time.sleep(1)
        scene.broker.start()
        scene.platform.wait_ready()
        scene.more()
        return _sent_again(scene)

    return befalls


def _sent_again(scene: WaysScene) -> Seen:
    """Send the last messages again, as a gateway behind a broker that was killed has to; how many
    there are that were lost before that."""
    for feed in scene.feeds.values():
        feed.rest()
    scene.settle()
    lost = 0
    for feed in scene.feeds.values():
        lost += len(feed.judged(scene.kept(feed.name)).missing)
        feed.again(feed.messages[-IN_DOUBT:])
    return {"missing_until_sent_again": lost}


def _session_lost(scene: WaysScene) -> None:
    for _ in range(3):
        for feed in scene.feeds.values():
            if isinstance(feed.sender, MqttNumbers):
                feed.send(_SOME)
                feed.sender.lose_session()
        scene.more()


def _taken_over(scene: WaysScene) -> Seen:
    before = _interruptions(scene)
    for _ in range(3):
        for feed in scene.feeds.values():
            if isinstance(feed.sender, MqttNumbers | NationalNumbers | EdgeNumbers):
                feed.send(_SOME)
                feed.sender.take_over()
        scene.more()
    return {"interruptions": _interruptions(scene) - before}


def _interruptions(scene: WaysScene) -> int:
    return sum(feed.sender.interruptions for feed in scene.feeds.values())


def _store_away(scene: WaysScene) -> None:
    assert scene.influx is not None
    scene.influx.kill()
    for feed in scene.feeds.values():
        count = BEYOND_QUEUE if feed.name == "broker" else BEYOND_QUEUE // 10
        feed.send(count, feed.wording.bare)
    for feed in scene.feeds.values():
        feed.rest()
    scene.influx.start()


def _store_refuses(status: int) -> Befalls:
    def befalls(scene: WaysScene) -> Seen:
        assert scene.relay is not None
        before = scene.relay.refused
        body = b'{"code": "refused", "message": "not now"}'
        scene.relay.reply = status, {**_OWN, "Retry-After": "1"}, body
        wait_until("a refusal", lambda: scene.relay.refused > before, _DIES_S, 0.05)  # type: ignore[union-attr]
        scene.more(30)
        scene.relay.calm()
        return {"refused": scene.relay.refused - before}

    return befalls


def _store_takes_little(scene: WaysScene) -> Seen:
    assert scene.relay is not None
    before = scene.relay.refused
    scene.relay.largest = 400
    for feed in scene.feeds.values():
        feed.send(100)
    wait_until("a refusal", lambda: scene.relay.refused > before, _DIES_S, 0.05)  # type: ignore[union-attr]
    for feed in scene.feeds.values():
        feed.rest()
    scene.settle()
    scene.relay.calm()
    return {"refused": scene.relay.refused - before}


def _store_slow(scene: WaysScene) -> None:
    assert scene.relay is not None
    scene.relay.delay_s = 1.5
    scene.more(50)
    scene.relay.calm()


def _store_killed_after_answer(scene: WaysScene) -> None:
    assert scene.relay is not None
    assert scene.influx is not None
    for _ in range(2):
        scene.relay.afterwards = scene.influx.kill
        wait_until("the kill", lambda: scene.relay.afterwards is None, _DIES_S, 0.05)  # type: ignore[union-attr]
        scene.more()
        scene.influx.start()
        scene.platform.wait_ready()


def _store_has_text(scene: WaysScene) -> None:
    """In a week of long ago the store has text where numbers belong: it refuses what comes."""
    address = scene.bucket
    then_us = next(iter(scene.feeds.values())).base_us - _CONFLICT_US
    answer = urllib3.request(
        "POST",
        f"{address.url}/api/v2/write?bucket={address.bucket}&org={address.org}&precision=us",
        headers={"Authorization": f"Token {address.token}"},
        body=f'reading,point=0 value="text" {then_us}'.encode(),
    )
    if answer.status != 204:
        raise Unavailable("no text was written", field="status", value=answer.status, fix="look")

    for feed in scene.feeds.values():

        def made(seq: int, _: int, feed: WayFeed = feed) -> NumberedMessage:
            found = feed.wording.bare(seq, then_us + seq * 1_000_000)
            return NumberedMessage(seq, found.payload, refused=True)

        feed.send(_SOME, made)
    scene.more(30)


def _disk_full(scene: WaysScene) -> Seen:
    ballast = scene.disk / "ballast"
    fill_disk(ballast)
    for feed in scene.feeds.values():
        feed.send(_SOME, feed.wording.refused)
    time.sleep(_HOLD_S)
    before = {name: len(feed.sender.acknowledged()) for name, feed in scene.feeds.items()}
    time.sleep(_HOLD_S)
    still = [n for n, feed in scene.feeds.items() if len(feed.sender.acknowledged()) == before[n]]
    ballast.unlink()
    scene.platform.wait_ready()
    scene.more()
    return {"refused_meanwhile": still}


def _disk_fails(point: str, act: str) -> Befalls:
    """The disk fails at a point for a while; at that of the journal, for each in turn."""

    def befalls(scene: WaysScene) -> None:
        points = [point]
        if point == "commit":
            points = [f"commit:{journal}" for journal in _journals(scene)]
        for one in points:
            scene.arm("before", one, act)
            for feed in scene.feeds.values():
                feed.send(_SOME, feed.wording.refused)
            scene.wait_done()
            time.sleep(_HOLD_S)
            scene.disarm()
            scene.platform.wait_ready()
            scene.more()

    return befalls


def _disk_blocked(scene: WaysScene) -> Seen:
    """The disk takes nothing and refuses nothing, for longer than gateways wait for a PINGRESP."""
    before = _interruptions(scene)
    for journal in _journals(scene):
        scene.arm("before", f"commit:{journal}", "hang")
        scene.wait_done()
        time.sleep(3 * KEEP_ALIVE_S)
        cut_off = _interruptions(scene) - before
        scene.disarm()
        if cut_off:
            raise Unavailable(
                "a gateway lost its connection", field="interruptions", value=cut_off, fix="keep it"
            )
    scene.more()
    return {"interruptions": 0}


def _torn_tail(scene: WaysScene) -> None:
    """A write of the journal was begun and cut off by a power cut."""
    for journal, process in _journals(scene).items():
        scene.platform.kill(process)
        folder = scene.platform.folder.journal / journal
        log = folder / f"{segment_files(folder)[-1]:08d}.sqlite-wal"
        with log.open("r+b") as file:
            last = file.read()[-3_000:]  # less than a frame of the log
            file.write(last)
        scene.restart(process)
        scene.more()


def _flipped_bit(scene: WaysScene) -> Seen:
    """A digit of records that were acknowledged and not read yet; repaired as health says, and all
    gateways of that journal send again what they sent then. What each repair told as lost, by way.
    """
    lost: dict[str, list[int]] = {name: [] for name in scene.feeds}
    for name, feed in scene.feeds.items():
        hurt = [one for one in scene.feeds.values() if _journal_of(one) == _journal_of(feed)]
        first = {one.name: max(len(one.messages) - IN_DOUBT, 0) for one in hurt}
        scene.platform.freeze("work")
        scene.more(40)
        folder = scene.platform.folder.journal / _journal_of(feed)
        files = sorted(folder.glob(f"{segment_files(folder)[-1]:08d}.sqlite*"))
        flip_recent(files, feed.wording.value)
        scene.platform.kill(WAYS[name].process)
        last = {one.name: len(one.messages) for one in hurt}
        scene.platform.thaw("work")
        scene.platform.start(WAYS[name].process)
        while scene.damage_or_rest():
            if len(lost[name]) == _REPAIRS:
                raise Unavailable(
                    "repairs mend nothing", field="lost", value=lost[name], fix="look"
                )
            lost[name].append(_repaired(scene))
        for one in hurt:
            one.again(one.messages[first[one.name] : last[one.name]])
    return {"lost_as_repairs_told": lost}


def _journal_of(feed: WayFeed) -> str:
    return WAYS[feed.name].journal


def _repaired(scene: WaysScene) -> int:
    """Do what health says; how many records were lost."""
    scene.platform.end(*PROCESSES)
    told = last_json(scene.platform.done("journal", "repair", str(scene.platform.folder.root)))
    scene.platform.start(*PROCESSES)
    return sum(fault["lost"] or 0 for fault in told.get("faults", []))


def _pushed(kind: str) -> Befalls:
    """Messages of one kind amid good ones."""

    def befalls(scene: WaysScene) -> None:
        for feed in scene.feeds.values():
            feed.send(_SOME, feed.wording.kinds[kind])
            feed.more(_SOME)

    return befalls


def _oversized(scene: WaysScene) -> Seen:
    """A message ten times as large as any may be; whether it was acknowledged."""
    taken = {
        n: feed.sender.push_alone(feed.make(feed.wording.large)) for n, feed in scene.feeds.items()
    }
    scene.more()
    return {"taken": taken}


def _edge_killed(when: str, point: str) -> Befalls:
    """kill -9 of the edge at a point of its spool."""

    def befalls(scene: WaysScene) -> None:
        for edge in _edges(scene):
            scene.arm(when, point, "kill")
            wait_until("the edge to die", edge.has_ended, _DIES_S, 0.05)
            scene.disarm()
            edge.restart()
            scene.more()

    return befalls


def _edges(scene: WaysScene) -> list[EdgeNumbers]:
    return [one.sender for one in scene.feeds.values() if isinstance(one.sender, EdgeNumbers)]


def _spool_fails(act: str) -> Befalls:
    """The disk of the edge fails for a while: what is read then is not kept, and is read again."""

    def befalls(scene: WaysScene) -> Seen:
        scene.arm("before", "keep:spool", act)
        scene.wait_done()
        time.sleep(_HOLD_S)
        scene.disarm()
        scene.more()
        return {"lost_by_the_edge": sum(edge.lost() for edge in _edges(scene))}

    return befalls


def _each(act: Callable[[WayFeed], None]) -> Befalls:
    def befalls(scene: WaysScene) -> None:
        for feed in scene.feeds.values():
            act(feed)

    return befalls


def _twice(feed: WayFeed) -> None:
    for one in feed.send(20):
        feed.sender.put(one)
        feed.sender.put(one)


def _replayed(feed: WayFeed) -> None:
    feed.more()
    feed.again(feed.messages[-100:])


def _out_of_order(feed: WayFeed) -> None:
    made = [feed.make() for _ in range(30)]
    random.Random(2).shuffle(made)  # noqa: S311 - an order, no secret
    for one in made:
        feed.sender.put(one)


def _corrected(feed: WayFeed) -> None:
    """The correction comes after what it corrects and, where messages tell their order, before."""
    for turned in (False, True) if feed.wording.untimed else (False,):
        at_us = feed.base_us + (len(feed.messages) + 1) * 1_000_000 + 500_000
        pair = [feed.make(feed.wording.bare, at_us) for _ in range(2)]
        for one in reversed(pair) if turned else pair:
            feed.sender.put(one)


_KINDS: Final = tuple(dict.fromkeys(kind for way in WAYS.values() for kind in way.wording.kinds))
_INFLUX: Final[Mapping[str, Befalls]] = {
    "store-away": _store_away,
    "store-503": _store_refuses(503),
    "store-429": _store_refuses(429),
    "store-401": _store_refuses(401),
    "store-413": _store_takes_little,
    "store-slow": _store_slow,
    "store-killed-after-204": _store_killed_after_answer,
    "store-type-conflict": _store_has_text,
}
FAULTS: Final = (
    *(IngestFault(name, _pushed(name)) for name in _KINDS),
    IngestFault("10-mb", _oversized),
    IngestFault("duplicates", _each(_twice)),
    IngestFault("replay", _each(_replayed)),
    IngestFault("out-of-order", _each(_out_of_order)),
    IngestFault("corrected", _each(_corrected)),
    IngestFault("kill-random", _random_kills),
    IngestFault("kill-before-commit", _killed_receiving("before", "commit")),
    IngestFault("kill-after-commit", _killed_receiving("after", "commit")),
    IngestFault("kill-before-acknowledgement", _killed_receiving("after", "append")),
    IngestFault("kill-before-post", _killed_working("before", "post")),
    IngestFault("kill-after-post", _killed_working("after", "post")),
    IngestFault("kill-before-checkpoint", _killed_working("before", "checkpoint")),
    IngestFault("kill-after-checkpoint", _killed_working("after", "take")),
    IngestFault("session-lost", _session_lost),
    IngestFault("taken-over", _taken_over),
    IngestFault("edge-killed-reading", _edge_killed("before", "keep:spool")),
    IngestFault("edge-killed-kept", _edge_killed("after", "keep:spool")),
    IngestFault("edge-killed-told", _edge_killed("before", "told:spool")),
    IngestFault("enospc-spool", _spool_fails("enospc")),
    IngestFault("eio-spool", _spool_fails("eio")),
    IngestFault("broker-killed", _broker_down(lambda one: one.kill())),
    IngestFault("broker-restarted", _broker_down(lambda one: one.stop())),
    IngestFault("broker-forgets", _broker_down(lambda one: one.kill(), forgets=True)),
    *(IngestFault(name, befalls, needs="influx") for name, befalls in _INFLUX.items()),
    IngestFault("disk-full", _disk_full, needs="disk"),
    *(
        IngestFault(f"{act}-{what}", _disk_fails(point, act))
        for act in ("enospc", "eio")
        for what, point in (
            ("journal", "commit"),
            ("checkpoint", "checkpoint"),
            ("dead-letters", "letter"),
        )
    ),
    IngestFault("disk-blocked", _disk_blocked),
    IngestFault("torn-tail", _torn_tail),
    IngestFault("flipped-bit", _flipped_bit),
)
