"""Words of closed sets, such as types of places: ours, and what people write in Chinese.

yes    ◀── 是          building ◀── 建筑, 楼          register ◀── 累计读数
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from metering.tables.plain import plain

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "yes": ("是",),
    "no": ("否",),
    "province": ("省",),
    "city": ("市",),
    "institution": ("机构", "单位"),
    "site": ("园区", "院区"),
    "building": ("建筑", "楼"),
    "datacentre": ("数据中心", "机房"),
    "floor": ("楼层", "层"),
    "room": ("房间",),
    "utility": ("市电",),
    "ups_in": ("UPS 输入",),
    "ups_out": ("UPS 输出",),
    "it": ("IT 负载",),
    "cooling": ("制冷",),
    "register": ("累计读数", "累计值"),
    "interval": ("时段用量",),
    "mean": ("时段平均功率", "平均值"),
    "instant": ("瞬时值",),
    "state": ("状态",),
    "import": ("正向", "输入"),
    "export": ("反向", "输出"),
    "all": ("全部",),
    "working": ("工作日",),
    "rest": ("休息日",),
    "holiday": ("法定节假日",),
    "sharp": ("尖峰",),
    "peak": ("高峰",),
    "flat": ("平段",),
    "valley": ("低谷",),
    "deep_valley": ("深谷",),
    "block": ("整点时段",),
    "sliding": ("滑差",),
    "energy": ("电度电费",),
    "unit": ("按用量",),
    "demand": ("按需量",),
    "contract": ("按合同需量",),
    "capacity": ("按容量",),
    "month": ("月", "按月"),
    "vat": ("增值税",),
    "year": ("年",),
    "period": ("计费周期",),
    "thirtieth": ("三十分之一月",),
    "day": ("日",),
}
"""The one table of words: ours, and what else is understood in a column that takes ours. The first
is what a workbook of ours says."""


def known_word(text: str, words: Iterable[str]) -> str:
    """Which of some words of ours a text means; the text itself where it means none."""
    one, among = plain(text), tuple(words)
    if text in among:
        return text
    return next((ours for ours in among if one in WORDS.get(ours, ())), text)


def chinese_word(word: str) -> str:
    """A word of ours in Chinese; itself where nobody said."""
    return WORDS.get(word, (word,))[0]
