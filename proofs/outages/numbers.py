"""What came of all messages, and how it differs from what comes of them where nothing happens."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector import JournalReader
from greenoffice.demo.stored import missing, stored_times
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.localtime import local_day, parse_instant
from proofs.outages.feed import NOW
from proofs.outages.scene import OutageScene
from storage import Stores

_NAMES: Final = ("messages", "readings", "new", "duplicates", "corrections", "outdated", "dead")


@dataclass(frozen=True)
class ToldNumbers:
    """All that is counted and booked."""

    book_hash: str
    worth_hash: str
    counts: Mapping[str, Mapping[str, int]]
    """Counters by gateway."""
    letters: Counter[tuple[str, bytes, int]]
    """How often each dead letter was seen: gateway, first bytes, place in the message."""
    findings: Counter[tuple[str, ...]]
    records: Mapping[str, int]
    """Messages in the journal by gateway."""


def numbers_of(scene: OutageScene) -> ToldNumbers:
    """Asked of a platform at rest: of the API, and of the stores themselves."""
    client = scene.client(60)
    day = local_day(parse_instant(NOW), "Asia/Shanghai")
    hashes = client.get("/v1/books/hash", before=day.isoformat())
    found = [one for one in client.pages("/v1/findings", limit=1000) if one["state"] != "closed"]
    names = ("meter", "pattern", "start", "end")
    stores = open_stores(scene.folder)
    with contextlib.closing(stores):
        return ToldNumbers(
            str(hashes["book_hash"]),
            str(hashes["worth_hash"]),
            _counts(stores),
            _letters(stores),
            Counter(tuple(str(one[name]) for name in names) for one in found),
            _records(scene.folder),
        )


def compared(scene: OutageScene, calm: ToldNumbers) -> dict[str, Any]:
    """How a platform at rest differs from an undisturbed one, and `missing`: readings and dead
    letters of acknowledged messages that are not there."""
    found, wanted = numbers_of(scene), scene.gateways.wanted()
    absent = missing(wanted, stored_times(scene.client(60), wanted))
    absent += len(scene.gateways.wanted_letters() - set(found.letters))
    return {"missing": absent} | judged(found, calm)


def judged(found: ToldNumbers, calm: ToldNumbers) -> dict[str, Any]:
    """`hash_equal`; `doubled` and `short`: counts above and below the undisturbed ones, named in
    `differences`; `resent`: messages that the journal has more often. Such a message counts as a
    message, and as readings that are known or outdated, and as nothing else."""
    resent = {name: found.records.get(name, 0) - calm.records[name] for name in calm.records}
    differences = Counter[str]()
    for gateway, counts in calm.counts.items():
        told = dict.fromkeys(_NAMES, 0) | dict(found.counts.get(gateway, {}))
        wanted = dict(counts) | {"messages": found.records.get(gateway, 0)}
        for names in _comparable(resent=resent[gateway] > 0):
            if difference := sum(told[name] - wanted[name] for name in names):
                differences[f"{gateway} {' or '.join(names)}"] = difference
    ours, theirs = found.letters, calm.letters
    if any(resent.values()):
        ours, theirs = Counter(set(ours)), Counter(set(theirs))
    differences.update(_differing("dead letters", ours, theirs))
    differences.update(_differing("findings", found.findings, calm.findings))
    same = (found.book_hash, found.worth_hash) == (calm.book_hash, calm.worth_hash)
    result: dict[str, Any] = {
        "hash_equal": same,
        "doubled": sum(count for count in differences.values() if count > 0),
        "short": -sum(count for count in differences.values() if count < 0),
        "resent": sum(resent.values()),
    }
    return result | ({"differences": dict(differences)} if differences else {})


def _comparable(*, resent: bool) -> tuple[tuple[str, ...], ...]:
    """Counters that have to be equal, those in one place in their sum. A correction that was
    stored by who was stopped before it had counted it is there when its batch is read again: what
    it corrects is then outdated, and it is new. What is pushed again is known or outdated."""
    if resent:
        return (("messages",), ("new",))
    return *((name,) for name in ("messages", "readings", "new", "duplicates", "dead")), (
        "corrections",
        "outdated",
    )


def _differing(what: str, ours: Counter[Any], theirs: Counter[Any]) -> Counter[str]:
    """How many there are too many, and too few."""
    found = Counter[str]()
    if above := (ours - theirs).total():
        found[f"{what} too many"] = above
    if below := (theirs - ours).total():
        found[f"{what} too few"] = -below
    return found


def _counts(stores: Stores) -> dict[str, dict[str, int]]:
    return {
        one.gateway: {name: getattr(one.counts, name) for name in _NAMES}
        for one in stores.intake.gateways()
    }


def _letters(stores: Stores) -> Counter[tuple[str, bytes, int]]:
    letters = stores.intake.dead_letters(None, limit=10_000)
    return Counter({(one.gateway, one.preview, one.index): one.seen for one in letters})


def _records(folder: DataFolder) -> dict[str, int]:
    found: Counter[str] = Counter()
    with contextlib.closing(JournalReader(folder.journal)) as journal:
        for writer in journal.writers():
            place = (0, 0)
            while read := journal.read(writer, *place, 1_000):
                found.update(record.gateway for *_, record in read if record.kind == "message")
                segment, offset, _ = read[-1]
                place = (segment, offset + 1)
    return dict(found)
