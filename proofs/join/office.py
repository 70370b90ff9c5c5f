"""The office that is connected: what a person would type, in either language."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CODE: Final = "bureau"
"""Of the institution; the first start makes the site and the first building from it."""
SITE: Final = "bureau-site"
BUILDINGS: Final = ("bureau-1", "bureau-2")
GATEWAY: Final = "gw-1"
RATIO: Final = Decimal(40)
"""Of the transformers of the first meter: 200 A on 5 A."""
WRONG_RATIO: Final = Decimal(400)
"""What somebody types by mistake in its place."""


@dataclass(frozen=True)
class JoinMeter:
    """A meter with the register that serves it."""

    code: str
    node: str
    item: str
    names: tuple[str, str]
    """In English and in Chinese."""
    unit: str
    mean: float
    """What its register moves on in an hour, over the year [unit/h]."""
    total: bool = False
    fed_by: str = ""
    ratio: Decimal = Decimal(1)
    step_min: str = "60"
    """As it is typed."""

    @property
    def point(self) -> str:
        """What the gateway calls its register."""
        return f"{self.code}.import"


METERS: Final = (
    JoinMeter("a-total", "bureau-1", "01000", ("A, total", "A楼总表"), "kWh", 2.4, True, "", RATIO),
    JoinMeter(
        "a-ac", "bureau-1", "01B00", ("A, cooling", "A楼空调"), "kWh", 31.0, False, "a-total"
    ),
    JoinMeter(
        "a-light", "bureau-1", "01A00", ("A, lighting", "A楼照明"), "kWh", 9.5, False, "a-total"
    ),
    JoinMeter("b-total", "bureau-2", "01000", ("B, total", "B楼总表"), "kWh", 44.0, True),
    JoinMeter(
        "b-ac", "bureau-2", "01B00", ("B, cooling", "B楼空调"), "kWh", 12.0, False, "b-total"
    ),
    JoinMeter(
        "b-water", "bureau-2", "02000", ("B, water", "B楼水表"), "m3", 0.6, True, step_min=""
    ),
)
"""The last is left at the step of 15 minutes though it is read by the hour: a repair names it."""


@dataclass(frozen=True)
class JoinOffice:
    """An institution, its language and its zone."""

    language: str
    locale: str
    """Of the browser."""
    zone: str
    name: str
    building: str
    second: str
    """Name of the second building."""
    by_workbook: bool
    """Whether the second building, the meters and the points come as a workbook; else typed."""

    def name_of(self, meter: JoinMeter) -> str:
        """What a person of that language calls it."""
        return meter.names[self.language == "zh-CN"]

    @property
    def name_column(self) -> str:
        """Where names of that language stand."""
        return "name_zh" if self.language == "zh-CN" else "name_en"


OFFICES: Final = (
    JoinOffice(
        "en", "en-GB", "Europe/Berlin", "Example bureau", "House A", "House B", by_workbook=False
    ),
    JoinOffice("zh-CN", "zh-CN", "Asia/Shanghai", "示例机关", "A楼", "B楼", by_workbook=True),
)
"""The first has a doubled hour each autumn and lacks one each spring; the second has neither."""
