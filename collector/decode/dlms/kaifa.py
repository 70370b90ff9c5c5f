"""Lists of Kaifa meters, which have no OBIS codes: what stands where goes by their length.

After the description of the customer interface of Kaifa MA105, MA304 and their kin: power each
2.5 s, names, powers, currents and voltages each 10 s, clock and totals each hour.
"""

from __future__ import annotations

from collections.abc import Iterator

from collector.decode.dlms.axdr import Data
from collector.decode.dlms.objects import CosemValue

_W, _VAR, _WH, _VARH, _A, _V = 27, 29, 30, 32, 33, 35
_POWERS = ((1, 7, 0, _W), (2, 7, 0, _W), (3, 7, 0, _VAR), (4, 7, 0, _VAR))
_TOTALS = ((1, 8, 0, _WH), (2, 8, 0, _WH), (3, 8, 0, _VARH), (4, 8, 0, _VARH))
_ONE_PHASE = ((31, 7, -3, _A), (32, 7, -1, _V))
_PHASES = (
    *((31, 7, -3, _A), (51, 7, -3, _A), (71, 7, -3, _A)),
    *((32, 7, -1, _V), (52, 7, -1, _V), (72, 7, -1, _V)),
)
_NAMES, _CLOCK = 3, 1
_LISTS = {
    1: (0, _POWERS[:1], ()),
    9: (_NAMES, (*_POWERS, *_ONE_PHASE), ()),
    13: (_NAMES, (*_POWERS, *_PHASES), ()),
    14: (_NAMES, (*_POWERS, *_ONE_PHASE), _TOTALS),
    18: (_NAMES, (*_POWERS, *_PHASES), _TOTALS),
}
"""By length: how many names begin it, the momentary values, and the totals behind the clock."""


def kaifa_values(data: Data) -> Iterator[CosemValue]:
    """The values of a list; none where it has another length."""
    if not isinstance(data, list) or len(data) not in _LISTS:
        return
    names, momentary, totals = _LISTS[len(data)]
    behind = names + len(momentary)
    parts = [*zip(momentary, data[names:behind], strict=True)]
    if totals:
        yield CosemValue(bytes((0, 0, 1, 0, 0, 255)), data[behind])
        parts += zip(totals, data[behind + _CLOCK :], strict=True)
    for (c, d, scaler, unit), value in parts:
        yield CosemValue(bytes((1, 0, c, d, 0, 255)), value, scaler, unit)
