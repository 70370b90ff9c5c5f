"""Names of fields: which say whose a value is, which when it was, and what the others promise."""

from __future__ import annotations

import re

from metering.reading import Kind

DEVICES = (
    *(
        "sn",
        "deviceid",
        "devid",
        "dev_id",
        "device_id",
        "deviceno",
        "meterid",
        "meter_id",
        "meterno",
    ),
    *("meter", "meteraddr", "addr", "address", "devicecode", "devcode", "devno", "imei", "device"),
    *("dev", "metercode", "devicesn", "gatewayid", "gateway"),
)
"""Lower-cased names of whose the values are, the nearest first."""
TIMES = (
    *("time", "datatime", "data_time", "collecttime", "collect_time", "readtime", "read_time"),
    *("timestamp", "ts", "tp", "datetime", "date_time", "uploadtime", "sendtime", "t"),
)
"""Lower-cased names of when it was."""
CODES = ("id", "code", "name", "key", "tag", "point", "param", "field", "identifier")
"""Lower-cased names of a table's column with the field code."""
VALUES = ("val", "value", "v", "data")
"""Lower-cased names of a table's column with the value."""
UNITS = ("unit", "u")
"""Lower-cased names of a table's column with the unit."""

_PROMISED = (
    (re.compile(r"u[abc]?|u(ab|bc|ca)|ul?n?avg|v[abc]"), "V", None),
    (re.compile(r"i[abcn0]?|iavg"), "A", None),
    (re.compile(r"f|fr|freq|hz"), "Hz", None),
    (re.compile(r"(pf|cos)[abc]?"), "1", None),
    (re.compile(r"(ep|epi|epe|wp|kwh)[a-z]?|[+-]?ep[ie][jfpg]"), "kWh", Kind.REGISTER),
    (re.compile(r"(eq|eql|eqc|wq|kvarh)"), "kvarh", Kind.REGISTER),
)
_HEADS = frozenset(
    {"cmd", "msgid", "messageid", "seq", "version", "ver", "type", "result", "rssi", "csq", "qos"}
    | {"mid", "msg_id", "signal", "total", "count", "code", "id", "mac", "iccid", "imsi"}
)
"""Lower-cased names of what belongs to the message and not to a device."""


def promised(name: str) -> tuple[str | None, Kind | None]:
    """Unit and kind of a field code such as `Ua` or `EPI`; None of each where makers differ, as
    they do for power (W or kW)."""
    code = name.strip().lower().replace("_", "")
    found = ((unit, kind) for pattern, unit, kind in _PROMISED if pattern.fullmatch(code))
    return next(found, (None, None))


def is_head(name: str) -> bool:
    """Whether a field is the message's own."""
    return name.lower() in _HEADS or name.lower() in DEVICES or name.lower() in TIMES
