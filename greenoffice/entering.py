"""`greenoffice enter`, `enter-bill`, `entries`, `bills`, `audit-bill`, `withdraw`: what people say.

Tables of bills and readings: `greenoffice.entering_tables`.

The commands write a journal of their own, so that they work beside a running platform and without
one; what is written then is taken in when the platform starts.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import ValidationError

from api.caller import Caller
from api.ranges import local_month
from api.reach import Reach
from api.routes.entries import entry_json
from api.routes.supplier_bills import NewBill, audit_json, bill_json, new_supplier_bill
from api.usecases.entries import Entry, Told, enter, entries, withdraw
from api.usecases.supplier_bills import bill_of, enter_bill, supplier_bills, withdraw_bill
from collector import Record, RecordPlace
from greenoffice.api_process import desk_of, platform_of
from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.receipts import Receipts
from greenoffice.receivers import WRITERS, open_journal
from metering.access import Role, Scope, by_command
from metering.errors import InvalidInput, NotFound
from metering.localtime import month_start
from metering.statement import MOST_EVIDENCE_BYTES, StatementKind, StatementState

WRITER = "people"
MOST_LISTED = 1000


def number_of(text: str) -> Decimal:
    """An exact number; InvalidInput for anything else."""
    try:
        found = Decimal(text)
        if not found.is_finite() or abs(found) >= 10**15 or found.as_tuple().exponent < -9:  # type: ignore[operator]
            raise InvalidOperation
    except InvalidOperation:
        raise InvalidInput(
            "not a number", field="value", value=text, fix="digits with a point, such as 10234.52"
        ) from None
    return found


def enter_one(data: Path, entry: Entry, files: list[Path], key: str) -> None:
    """Write an entry into the journal, with its files of evidence; says it as JSON."""
    with caller_of(data) as caller:
        named = tuple(caller.platform.evidence.put(_read(file)).sha256 for file in files)
        _tell(enter(caller, replace(entry, evidence=named), key))


def list_entries(data: Path, meter: str | None) -> None:
    """The newest entries that are taken in, of a meter or of all, a line of JSON each."""
    with caller_of(data) as caller:
        for told in entries(caller, meter, None, MOST_LISTED):
            _tell(told)


def withdraw_one(data: Path, id: str, reason: str) -> None:
    """Take an entry or a bill back; says it as JSON."""
    with caller_of(data) as caller:
        found = caller.platform.desk.find(id)
        if found is not None and found.kind is StatementKind.BILL:
            _say(bill_json(withdraw_bill(caller, id, reason)))
        else:
            _tell(withdraw(caller, id, reason))


def enter_bill_file(data: Path, file: Path, files: list[Path], key: str) -> None:
    """Write a bill of a JSON file, as POST /v1/bills takes it, into the journal; says it."""
    try:
        body = NewBill.model_validate_json(_read(file, "FILE"))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise InvalidInput(
            f"not a bill: {first['msg']}",
            field=".".join(map(str, first["loc"])) or "FILE",
            value=first["input"],
            fix="the fields of POST /v1/bills, as docs/entries.md lists them",
        ) from None
    with caller_of(data) as caller:
        named = [caller.platform.evidence.put(_read(one)).sha256 for one in files]
        body.evidence = [*body.evidence, *named]
        _say(bill_json(enter_bill(caller, new_supplier_bill(body), key)))


def list_bills(data: Path, account: str | None) -> None:
    """The newest bills that are taken in, of an account or of all, a line of JSON each."""
    with caller_of(data) as caller:
        for told in supplier_bills(caller, account, None, MOST_LISTED):
            _say(bill_json(told))


def audit_bills(data: Path, id: str | None, month: str | None) -> None:
    """Hold a bill, or all that end in a month and stand, against registry and books; a line of JSON
    each. InvalidInput unless one of both is said."""
    if (id is None) == (month is None):
        raise InvalidInput(
            "exactly one of a bill and a month is needed",
            field="ID",
            value=id,
            fix="the id of a bill, or --all with --month 2026-10",
        )
    with caller_of(data) as caller:
        if id is not None:
            _say(audit_json(bill_of(caller, id)))
            return
        first = local_month(str(month), "month")
        for told in supplier_bills(caller, None, None, MOST_LISTED):
            last = told.statement.after - timedelta(days=1)
            if told.state is StatementState.STANDS and month_start(last) == first:
                _say(audit_json(told))


@contextlib.contextmanager
def caller_of(data: Path) -> Iterator[Caller]:
    """Whoever may write the data folder reaches all of it."""
    folder = DataFolder(data.absolute())
    with contextlib.closing(Assembly.beside(folder)) as assembly:
        journal = open_journal(folder, WRITER)
        try:

            def append(record: Record) -> RecordPlace:
                return journal.append([record])

            desk = desk_of(assembly, WRITER, append)
            receipts = Receipts(assembly.journal, WRITERS[WRITER], append)
            platform = platform_of(folder, assembly, receipts.take, desk)
            registry = platform.registry()
            reach = Reach(registry, Scope(frozenset(registry.nodes), whole=True))
            yield Caller(platform, by_command(), Role.ADMIN, "", reach)
        finally:
            journal.close()


def _read(file: Path, field: str = "--evidence") -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(MOST_EVIDENCE_BYTES + 1)
    except OSError as refused:
        raise NotFound(
            f"a file cannot be read: {refused.strerror}",
            field=field,
            value=str(file),
            fix="name a file that you may read",
        ) from refused


def _tell(told: Told) -> None:
    _say(entry_json(told))


def _say(answer: object) -> None:
    print(json.dumps(answer, ensure_ascii=False))
