"""Statements as Grafana's query editor writes them, panel by panel, and as the grammar of InfluxQL
lets people write them by hand. It knows names and values that there are, and nothing of how our
side reads a statement."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proofs.influxql.asked import (
    DAY_S,
    HOUR_S,
    MOMENTS,
    SHARES,
    TABLES,
    AskedTable,
    Cut,
    PlainQuestion,
    ToolStatement,
)
from proofs.influxql.scene import CHANGE, FAR, FIRST, NEAR
from proofs.influxql.written import WrittenTable

OFTEN: Final = {"energy": 6, "meters": 5, "energy_hour": 3, "energy_day": 3, "readings": 3}
ONE_NUMBER: Final = ("mean", "median", "spread", "stddev", "count", "min", "max", "first", "last")
AFTER: Final = (
    *("difference()", "non_negative_difference()", "cumulative_sum()", "moving_average(10)"),
    *("moving_average(5)", "derivative(10s)", "derivative(1h)", "non_negative_derivative(1m)"),
    *("elapsed(10s)", "elapsed(1m)"),
)
OFFSETS: Final = ("", "", "", "", "4d", "-8h", "30m", "1h")
MATHS: Final = (" / 100", " * 2.5", " - 3", " * -1", " + 0.5", " % 7")


@dataclass
class StatementWriter:
    """Draws statements from a chance of its own."""

    chance: random.Random
    tables: dict[str, WrittenTable]
    now_s: int
    _zone: str = field(default="", init=False)

    def statements(self, count: int) -> list[ToolStatement]:
        """So many, half of them with a zone and a range over the clock change."""
        makers: list[Callable[[], ToolStatement]] = [
            *[self._panel] * 9,
            *[self._by_hand] * 4,
            *[self._table_panel] * 2,
            *[self._within] * 2,
            *[self._chosen] * 2,
            *[self._names] * 2,
            self._refusable,
        ]
        found: list[ToolStatement] = []
        zoned = 0
        for number in range(count):
            self._zone = self.chance.choice([FAR, NEAR]) if number % 2 else ""
            one = self.chance.choice(makers)()
            while self._zone and not one.zone:  # names and tables have no zone
                one = self.chance.choice(makers)()
            zoned += bool(one.zone)
            found.append(one)
        assert zoned * 2 >= count - 1
        return found

    # --- parts -------------------------------------------------------------------------------

    def _table(self, *, without: tuple[str, ...] = ()) -> AskedTable:
        known = [one for one in TABLES if one.name not in without and self.tables[one.name].points]
        weights = [OFTEN.get(one.name, 1) for one in known]
        return self.chance.choices(known, weights)[0]

    def _one_series(self, table: AskedTable) -> dict[str, str]:
        point = self.chance.choice(self.tables[table.name].points)
        return {tag: point.tags[tag] for tag in table.alone}

    def _range(self, table: AskedTable) -> tuple[int, int]:
        """Seconds; with a zone always over the change of the clocks."""
        if table.name == "gateways":
            return self.now_s - 3 * DAY_S, self.now_s + HOUR_S
        change = _local_midnight_s()
        if self._zone:
            start = change - self.chance.choice([DAY_S, 2 * DAY_S, 4 * DAY_S])
            end = change + self.chance.choice([2 * DAY_S, 4 * DAY_S, 8 * DAY_S])
        else:
            start = _first_s() + self.chance.randint(DAY_S, 7 * DAY_S)
            end = start + self.chance.choice([6 * HOUR_S, DAY_S, 3 * DAY_S, 8 * DAY_S])
        if table.wide:
            start, end = _first_s() - 20 * DAY_S, self.now_s - HOUR_S
        if self.chance.random() < 0.7:
            start, end = start - start % 900, end - end % 900
        return start, min(end, self.now_s - HOUR_S)

    def _times(self, first: int, last: int) -> tuple[str, int, int]:
        """As the backend, the browser and a person write a range; and the same in microseconds, of
        which the second is not included."""
        second = 1_000_000
        forms = (
            (f"time >= {first}000ms and time <= {last}000ms", first * second, last * second + 1),
            (f"time >= {first}s AND time < {last}s", first * second, last * second),
            (
                f"time > {first}000000000 AND time <= {last}000000000",
                first * second + 1,
                last * second + 1,
            ),
            (
                f'time >= {first // 60}m AND "time" < {last}s',
                first // 60 * 60 * second,
                last * second,
            ),
        )
        return self.chance.choice(forms)

    def _tag(self, name: str) -> str:
        return f'"{name}"::tag' if self.chance.random() < 0.6 else f'"{name}"'

    def _field(self, name: str) -> str:
        return f'"{name}"::field' if self.chance.random() < 0.6 else f'"{name}"'

    def _is(self, tags: dict[str, str]) -> list[str]:
        found = []
        for name, value in tags.items():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            pattern = "".join(f"\\{c}" if c in "./-[](){}+*?^$|\\" else c for c in value)
            form = self.chance.random()
            if form < 0.6:
                found.append(f"{self._tag(name)} = '{escaped}'")
            else:
                found.append(f"{self._tag(name)} =~ /^({pattern})$/")
        return found

    def _from(self, name: str) -> str:
        return self.chance.choice([f'"{name}"', f'"{name}"', f'"autogen"."{name}"', name])

    def _tz(self) -> str:
        return f" tz('{self._zone}')" if self._zone else ""

    def _select(self, column: str, part: str) -> str:
        inner = part[:-1].split("(", 1)
        return f"{inner[0]}({column}{', ' + inner[1] if inner[1] else ''})"

    # --- statements --------------------------------------------------------------------------

    def _panel(self) -> ToolStatement:
        """A time series of the editor: aggregates, transformations, mathematics, aliases."""
        table = self._table()
        tags = self._one_series(table)
        step, offset = self.chance.choice(table.steps), self.chance.choice(OFFSETS)
        turns = self._zone == NEAR and (seconds(step) > HOUR_S or bool(offset))
        columns, names, plain, words = [], list[str](), list[tuple[str, str]](), set[str]()
        for number in range(self.chance.choice([1, 1, 1, 2])):
            name = self.chance.choice([*table.added, *table.levels])
            sums = ["sum"] * (3 if name in table.added else 0)
            function = self.chance.choice([*ONE_NUMBER, "percentile", *sums])
            function = _unweighed(table, function, name)
            plain.append((function, name))
            column = f"{function}({self._field(name)}{', 95' if function == 'percentile' else ''})"
            words.add(function)
            if self.chance.random() < 0.25 and not turns and function != "stddev":
                after = self.chance.choice(AFTER)
                column, function = self._select(column, after), after.split("(")[0]
                words |= {function, "after"}
            if self.chance.random() < 0.2 and not turns:
                column += f" {self.chance.choice(MATHS)}"
            names.append(f"{function}_{number}" if function in names else function)
            if self.chance.random() < 0.3:
                column += f' AS "alias {number}"'
                names[-1] = f"alias {number}"
            columns.append(column)
        first, last = self._range(table)
        times, start_us, end_us = self._times(first, last)
        keys = [f"time({step}{', ' + offset if offset else ''})"]
        conditions, grouped = self._is(tags), list[str]()
        if self.chance.random() < 0.3:
            conditions, tags, grouped = self._only(table), {}, list(table.alone)
        grouped += [tag for tag in table.groups if self.chance.random() < 0.08]
        keys += [self._tag(tag) for tag in grouped]
        fill = self.chance.choice([" fill(null)", " fill(null)", " fill(none)", ""])
        where = f"({' AND '.join(conditions)}) AND " if len(conditions) > 1 else ""
        where = f"{conditions[0]} AND " if len(conditions) == 1 else where
        cut = self._cut()
        text = (
            f"SELECT {', '.join(columns)} FROM {self._from(table.name)} "
            f"WHERE {where}{times} GROUP BY {', '.join(keys)}{fill}"
        )
        plainly = PlainQuestion(
            tuple(plain),
            tuple(names),
            tuple(tags.items()),
            tuple(grouped),
            start_us,
            end_us,
            seconds(step),
            seconds(offset) if offset else 0,
            self._zone or "UTC",
            "none" if "none" in fill else "null",
        )
        return ToolStatement(
            text, table.name, self._zone, frozenset(words), plainly if turns else None, None, cut
        )

    def _only(self, table: AskedTable) -> list[str]:
        """What leaves out the series that are read by the hour, which are not told by the quarter
        of one."""
        if table.name in ("energy", "meters"):
            return [f"{self._tag('item')} != '02000'"]
        return []

    def _cut(self) -> Cut:
        return Cut(
            self.chance.random() < 0.2,
            self.chance.randint(1, 9) if self.chance.random() < 0.15 else None,
            self.chance.randint(1, 4) if self.chance.random() < 0.06 else 0,
            self.chance.randint(1, 3) if self.chance.random() < 0.06 else None,
        )

    def _by_hand(self) -> ToolStatement:
        """One number, or one of each value of a tag."""
        table = self._table()
        first, last = self._range(table)
        name = self.chance.choice([*table.added, *table.levels])
        function = self.chance.choice([*ONE_NUMBER, "percentile"])
        function = _unweighed(table, function, name)
        argument = f", {self.chance.choice([5, 50, 95, 99.5])}" if function == "percentile" else ""
        column = f"{function}({self._field(name)}{argument})"
        beside = ""
        if function in ("min", "max", "first", "last") and self.chance.random() < 0.3:
            beside = f", {self._tag(table.alone[0])}"
        if self.chance.random() < 0.5:
            conditions = [*self._is(self._one_series(table)), self._times(first, last)[0]]
            group = ""
        else:
            conditions = [*self._only(table), self._times(first, last)[0]]
            group = f" GROUP BY {', '.join(self._tag(tag) for tag in table.alone)}"
        if table.levels and self.chance.random() < 0.3 and table.name not in ("cases",):
            other = self.chance.choice(table.levels)
            sign = self.chance.choice([">", "<", ">=", "!=", "<>"])
            conditions.append(
                f"{self._field(other)} {sign} {self.chance.choice(['0.5', '1', '-2'])}"
            )
        self.chance.shuffle(conditions)
        text = (
            f"SELECT {column}{beside} FROM {self._from(table.name)} "
            f"WHERE {' AND '.join(conditions)}{group}"
        )
        return self._sent(text, table, {function})

    def _table_panel(self) -> ToolStatement:
        """Rows as they are."""
        table = self._table()
        first, last = self._range(table)
        last = min(last, first + 4 * DAY_S) if not table.wide else last
        names = self.chance.sample([*table.added, *table.levels], k=1)
        columns = [self._field(name) for name in names]
        words = {"rows"}
        if self.chance.random() < 0.3 and table.name not in ("findings", "cases"):
            after = self.chance.choice([one for one in AFTER if "elapsed" not in one])
            columns = [self._select(columns[0], after)]
            words = {after.split("(")[0]}
        elif self.chance.random() < 0.2:
            columns[0] += self.chance.choice(MATHS)
        else:
            columns += [self._tag(tag) for tag in table.alone]
            columns += [self._field(text) for text in table.texts]
        conditions = [*self._is(self._one_series(table)), self._times(first, last)[0]]
        cut = Cut(True, self.chance.randint(1, 20)) if self.chance.random() < 0.3 else Cut()
        text = (
            f"SELECT {', '.join(columns)} FROM {self._from(table.name)} "
            f"WHERE {' AND '.join(conditions)}"
        )
        return ToolStatement(text, table.name, self._zone, frozenset(words), cut=cut)

    def _chosen(self) -> ToolStatement:
        """Several rows of a series, or its different values; the area below it."""
        table = self._table(without=("findings", "cases", "restatements", "gateways", "indicators"))
        first, last = self._range(table)
        name = self.chance.choice([*table.levels, *table.added])
        forms = ["top({}, 3)", "bottom({}, 5)", "distinct({})", "count(distinct({}))"]
        if name == "power" or (table.name == "readings"):
            forms += ["integral({}, 1h)", "integral({})"] * 2
        form = self.chance.choice(forms)
        column = form.format(self._field(name))
        conditions = [*self._is(self._one_series(table)), self._times(first, last)[0]]
        known = [one for one in table.steps if self._zone != NEAR or seconds(one) <= HOUR_S]
        group = f" GROUP BY time({self.chance.choice(known)})" if known else ""
        group = group if self.chance.random() < 0.5 else ""
        text = (
            f"SELECT {column} FROM {self._from(table.name)} WHERE {' AND '.join(conditions)}{group}"
        )
        return self._sent(text, table, {form.split("(")[0]})

    def _within(self) -> ToolStatement:
        """A SELECT within a SELECT."""
        table = self._table(without=("gateways", "findings", "cases", "restatements"))
        name = self.chance.choice([*table.added, *table.levels])
        function = "sum" if name in table.added else _unweighed(table, "mean", name)
        first, last = self._range(table)
        known = [one for one in table.steps if self._zone != NEAR or seconds(one) <= HOUR_S]
        step = self.chance.choice(known or ["1d"])
        tags = ", ".join(self._tag(tag) for tag in table.alone)
        zone = self._tz() if known else ""
        times = self._times(first, last)[0]
        inner = (
            f'SELECT {function}({self._field(name)}) AS "x" FROM {self._from(table.name)} '
            f"WHERE {' AND '.join([*self._only(table), times])} "
            f"GROUP BY time({step}), {tags} fill(none){zone}"
        )
        outer = self.chance.choice(["max", "min", "mean", "count", "median", "spread"])
        if self.chance.random() < 0.6:
            group = f"GROUP BY {tags}"
            text = f'SELECT {outer}("x") FROM ({inner}) WHERE {times} {group}'
        else:
            group = f"GROUP BY time({known[-1] if known else '1d'}), {tags}"
            text = f'SELECT {outer}("x") FROM ({inner}) WHERE {times} {group}'
        within = (inner, outer, group)
        words = frozenset({function, outer, "within"})
        return ToolStatement(text, table.name, self._zone if zone else "", words, None, within)

    def _names(self) -> ToolStatement:
        """What variables and the editor ask for."""
        if self._zone:
            return self._panel()
        table = self._table()
        tag = self.chance.choice([*table.alone, *table.groups])
        if tag in MOMENTS:
            tag = table.alone[0]
        named = f'"{table.name}"'
        where = " AND ".join(
            self._is({tag: self.chance.choice(self.tables[table.name].values(tag))})
        )
        text = self.chance.choice(
            [
                f'SHOW TAG VALUES FROM {named} WITH KEY = "{tag}"',
                f'SHOW TAG VALUES FROM {named} WITH KEY = "{tag}" WHERE {where}',
                f'SHOW TAG VALUES FROM {named} WITH KEY IN ("{tag}", "zone") WHERE {where}',
                f"SHOW TAG VALUES FROM {named} WITH KEY =~ /^{tag}$/",
                f'SHOW TAG VALUES FROM /^{table.name}$/ WITH KEY = "{tag}"',
                f"SHOW TAG KEYS FROM {named}",
                f"SHOW TAG KEYS FROM {named} WHERE {where}",
                f"SHOW FIELD KEYS FROM {named}",
                f'SHOW FIELD KEYS FROM "autogen".{named}',
                f"SHOW MEASUREMENTS WITH MEASUREMENT =~ /(?i){table.name[:4].upper()}/ LIMIT 100",
                "SHOW MEASUREMENTS LIMIT 5 OFFSET 2",
                f"SHOW MEASUREMENTS WHERE {where}",
                'SHOW RETENTION POLICIES on "greenoffice"',
            ]
        )
        return ToolStatement(text, table.name, words=frozenset({"show"}))

    def _refusable(self) -> ToolStatement:
        """What our side answers with a reason, as its document lists it."""
        table = self._table(without=("gateways", "findings", "cases", "restatements", "readings"))
        first, last = self._range(table)
        name = table.added[0]
        times = self._times(first, last)[0]
        form = self.chance.choice(["fill", "nested", "several"])
        if form == "fill":
            conditions = " AND ".join([*self._is(self._one_series(table)), times])
            how = self.chance.choice(["0", "previous", "linear"])
            text = (
                f'SELECT sum("{name}") FROM "{table.name}" WHERE {conditions} '
                f"GROUP BY time({table.steps[-1]}) fill({how})"
            )
        elif form == "nested":
            text = f'SELECT sum("{name}") FROM "{table.name}" WHERE {times}'
        else:
            text = (
                f'SELECT holt_winters(mean("{name}"), 10, 2) FROM "{table.name}" WHERE {times} '
                f"GROUP BY time({table.steps[-1]})"
            )
        return self._sent(text, table, {form})

    def _sent(self, text: str, table: AskedTable, words: set[str]) -> ToolStatement:
        return ToolStatement(text, table.name, self._zone, frozenset(words))


def _unweighed(table: AskedTable, function: str, name: str) -> str:
    """A mean of shares weighs by time, of which a day of 25 hours and the running one are another
    length than the rest; InfluxDB cannot be asked for that."""
    return "max" if table.wide and function == "mean" and name in SHARES else function


def seconds(duration: str) -> int:
    """Of `1h`, `-8h` or `7d`."""
    units = {"m": 60, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
    return int(duration[:-1]) * units[duration[-1]]


def _first_s() -> int:
    return (FIRST.toordinal() - 719_163) * DAY_S + HOUR_S * 6


def _local_midnight_s() -> int:
    """About the midnight before the change."""
    return (CHANGE.toordinal() - 719_163) * DAY_S - 2 * HOUR_S
