"""What a demo is: which world, which now; remembered in the data folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from metering.errors import Conflict, InvalidInput
from metering.localtime import day_bounds, iso, local_day, parse_instant, previous_month

ZONE = "Asia/Shanghai"
INSTITUTION = "bureau"
SITE = "campus"
HAND_GATEWAY = "hand"
HAND_POINT = "T1.temperature"
EDGE_GATEWAY = "edge"


@dataclass(frozen=True)
class DemoServers:
    """Servers to use instead of the embedded parts; '' or None: the embedded one."""

    broker: str = ""
    influx: str = ""
    influx_bucket: str = "greenoffice"
    influx_org: str = ""
    influx_token_file: Path | None = None
    database: str = ""

    def settings_text(self) -> str:
        """Sections of the settings file that name them."""
        sections = {
            "broker": {"url": self.broker},
            "influx": {
                "url": self.influx,
                "bucket": self.influx_bucket,
                "org": self.influx_org,
                "token_file": str(self.influx_token_file.absolute())
                if self.influx_token_file
                else "",
            },
            "database": {"url": self.database},
        }
        named = {name: values for name, values in sections.items() if values["url"]}
        return "".join(
            f"\n[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items() if v)
            for name, values in named.items()
        )


@dataclass(frozen=True)
class DemoOptions:
    """The command's options."""

    data: Path
    seed: int = 1
    now: str | None = None
    waste: bool = True
    more_waste: bool = False
    """Kinds of waste beside the usual ones."""
    exit_when_ready: bool = False
    as_json: bool = False
    fresh: bool = False
    servers: DemoServers = DemoServers()
    months: int = 2
    """Full months of history before the present one."""
    grafana: bool = False

    @property
    def says_nothing_of_the_world(self) -> bool:
        """Whether the options leave seed, now and waste as they are in the folder."""
        usual = self.waste and not self.more_waste
        return self.seed == DemoOptions.seed and self.now is None and usual


def history_months(text: str) -> int:
    """The months of `14mo`; InvalidInput unless it is 2 to 36."""
    number = text.removesuffix("mo")
    if text == number or not number.isdecimal() or not 2 <= int(number) <= 36:
        raise InvalidInput(
            "not a length of history", field="history", value=text, fix="2mo to 36mo, e.g. 14mo"
        )
    return int(number)


@dataclass(frozen=True)
class DemoWorld:
    """The simulated world of a data folder: fixed when the folder is made."""

    seed: int
    start_us: int
    """Midnight of the first day of the month before last, local."""
    now_us: int
    """Where history ends and live readings begin."""
    waste: bool
    billed: bool = False
    """Whether suppliers bill the campus; folders of before know no accounts, and go on without."""
    more_waste: bool = False

    @classmethod
    def of(cls, options: DemoOptions, real_now_us: int) -> DemoWorld:
        """The world that options ask for: it begins with the first of its full months, and its now
        is the one they name, else `real_now_us`. InvalidInput where that is no instant."""
        if options.more_waste and not options.waste:
            raise InvalidInput(
                "no waste and more of it", field="more-waste", value=True, fix="drop one of the two"
            )
        now_us = parse_instant(options.now, "now") if options.now else real_now_us
        first = local_day(now_us, ZONE)
        for _ in range(options.months):
            first = previous_month(first)
        start_us = day_bounds(first, ZONE)[0]
        more = options.more_waste
        return cls(options.seed, start_us, now_us, options.waste, billed=True, more_waste=more)

    @classmethod
    def read(cls, file: Path) -> DemoWorld:
        """The world that a file keeps."""
        return cls(**json.loads(file.read_text()))

    @property
    def _waste(self) -> str:
        if not self.waste:
            return "without"
        return "with more" if self.more_waste else "with"

    def write(self, file: Path) -> None:
        """Keep the world in a file, as JSON, for the next start and for the gateways' process."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self)) + "\n")

    def check_same(self, options: DemoOptions) -> None:
        """Conflict when the options ask for another world than the folder holds."""
        asked_now = parse_instant(options.now, "now") if options.now else self.now_us
        asked = (options.seed, asked_now, options.waste, options.more_waste)
        if asked != (self.seed, self.now_us, self.waste, self.more_waste):
            raise Conflict(
                f"the folder holds another demo (seed {self.seed}, now {iso(self.now_us)}, "
                f"{self._waste} waste)",
                field="data",
                value=str(options.data),
                fix="add --fresh to begin anew, name another --data folder, or drop the options",
            )
