"""What a person does in an office that stands: a live reading, a mistake, a repair."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.client import ApiClient
from metering.localtime import iso
from proofs.join.office import GATEWAY, METERS, RATIO, SITE, WRONG_RATIO
from proofs.join.outcome import DayEnergy, energy_by_day
from proofs.join.person import JoinPerson
from proofs.steps import wait_until

TRUE_METER: Final = METERS[0]
SLOW_METER: Final = METERS[-1]
CHECK: Final = "slower_than_step"
LIVE_S: Final = 120.0
REASONS: Final = {
    "en": ("the plate says 2000/5", "the plate was misread", "it is read by the hour"),
    "zh-CN": ("铭牌写的是2000/5", "铭牌看错了", "每小时抄一次"),
}
"""Of the mistake, of undoing it, and of the repair."""


def publish(port: int, password: str, now_us: int, value: Decimal) -> None:
    """Send one reading as the gateway. Unavailable where it is not acknowledged."""
    user = f"{SITE}/{GATEWAY}"
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "join-gateway")
    client.username_pw_set(user, password)
    client.connect("127.0.0.1", port, keepalive=60)
    client.loop_start()
    reading = {"point": TRUE_METER.point, "time": iso(now_us), "value": float(value)}
    try:
        wait_until("the gateway to be let in", client.is_connected, LIVE_S, 0.1)
        topic, sent = f"greenoffice/v1/{user}/readings", json.dumps({"readings": [reading]})
        told = client.publish(topic, sent, qos=1)
        wait_until("the reading to be acknowledged", told.is_published, LIVE_S, 0.1)
    finally:
        client.disconnect()
        client.loop_stop()


def see_live(one: JoinPerson, value: Decimal) -> None:
    """Watch the page of latest readings until it shows what was sent."""
    one.open("/latest")
    row = one.page.locator("#latest tr", has_text=TRUE_METER.point)
    wait_until(
        "the page to show the live reading",
        lambda: str(value) in row.first.inner_text().replace(",", ""),
        LIVE_S,
    )


def make_mistake(one: JoinPerson, client: ApiClient, days: tuple[date, date]) -> DayEnergy:
    """Type a wrong ratio of the transformers; the energy that stood before."""
    before = energy_by_day(client, TRUE_METER.code, *days)
    _to_point(one)
    one.fill(p__0__ratio=str(WRONG_RATIO))
    told = one.look_and_save(REASONS[one.office.language][0])
    assert str(WRONG_RATIO) in told, told
    times = WRONG_RATIO / RATIO
    wrong = {day: None if energy is None else energy * times for day, energy in before.items()}
    _wait_for(client, days, wrong)
    one.open(f"/?node={TRUE_METER.node}")
    return before


def undo_mistake(
    one: JoinPerson, client: ApiClient, days: tuple[date, date], before: DayEnergy
) -> None:
    """Undo it where the change stands; the energy is again what it was, to the digit."""
    _to_point(one)
    one.press("#setup-past a[href*='undo=']")
    one.page.fill("#reason", REASONS[one.office.language][1])
    one.press("#setup-preview button[value=save]")
    _wait_for(client, days, before)
    one.open(f"/?node={TRUE_METER.node}")


def _to_point(one: JoinPerson) -> None:
    """Find the point of the first meter in the list and open it."""
    one.open("/setup/points")
    one.fill(q=TRUE_METER.point)
    one.press("#setup-list form button")
    one.press("#setup-list td a")


def _wait_for(client: ApiClient, days: tuple[date, date], energy: DayEnergy) -> None:
    wait_until(
        "the books to say what was changed",
        lambda: energy_by_day(client, TRUE_METER.code, *days) == energy,
        LIVE_S,
    )


def repair(one: JoinPerson) -> None:
    """Find the meter that is slower than its step among the repairs, and press its button."""
    one.open("/repairs")
    button = f"a[href*='check={CHECK}'][href*='code={SLOW_METER.code}']"
    assert one.page.locator(button).count(), f"{CHECK} of {SLOW_METER.code} is not listed"
    one.picture("repairs")
    one.press(button)
    one.page.fill("#reason", REASONS[one.office.language][2])
    one.press("form[action='/repairs/mend'] button.main")
    assert not one.page.locator(button).count(), f"{CHECK} of {SLOW_METER.code} is still listed"


def last_days(today: date, count: int) -> tuple[date, date]:
    """The first and the last of so many whole days before today."""
    return today - timedelta(days=count), today - timedelta(days=1)
