"""The bills of the demo's suppliers: entered as a person enters them, held against what is true.

simulators/bills/ ─▶ POST /v1/evidence, /v1/bills ─▶ journal ─▶ audit ─▶ what was found
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from greenoffice.client import ApiClient, read_key
from greenoffice.demo.options import INSTITUTION
from greenoffice.folder import DataFolder, write_secret
from greenoffice.saying import spoken
from metering.errors import GreenOfficeError, Unavailable
from simulators import EnteredPaper, read_bills

KIND = "wrong_bill"
"""What an injected mistake counts as."""
PAGE = 50
"""Bills of one answer at most."""


class BillEntry:
    """Enters the suppliers' bills with a key of its own, each once, also over restarts."""

    def __init__(self, folder: DataFolder, *, billed: bool) -> None:
        self._folder = folder
        self._tried: dict[str, str | None] = {}
        """Id of what was entered by number; None where it was refused."""
        self._all_tried = self._taken_in = not billed

    def go_on(self) -> Iterator[str]:
        """Enter what is not entered yet; yields a sentence for each that was refused.

        Unavailable where the platform does not answer: the next call goes on.
        """
        papers = None if self._all_tried else read_bills(self._folder.simulators)
        for paper in papers or []:
            number = str(paper.body["number"])
            if number not in self._tried:
                try:
                    self._tried[number] = _entered(self._client, paper)
                except Unavailable:
                    raise
                except GreenOfficeError as refused:
                    self._tried[number] = None
                    yield spoken(f"a supplier's bill was refused: {refused}")
        self._all_tried |= papers is not None

    def taken_in(self) -> bool:
        """Whether all was tried, and what was entered is read from the journal, which keeps the
        order. Unavailable where the platform does not answer."""
        if self._all_tried and not self._taken_in:
            ids = [id for id in self._tried.values() if id is not None]
            self._taken_in = not ids or self._client.get(f"/v1/bills/{ids[-1]}")["taken_in"]
        return self._taken_in

    @property
    def _client(self) -> ApiClient:
        http = self._folder.settings().http
        return ApiClient(http.url, _key(self._folder), certificate=http.certificate)


def bills_line(client: ApiClient, page: str) -> str:
    """Where the bills are shown, and what came of them; '' where none was entered."""
    told = [one for one in client.pages("/v1/bills", limit=PAGE) if one["state"] == "stands"]
    if not told:
        return ""
    wrong = [Decimal(one["audit"]["at_stake"]) for one in told]
    asked = sum(wrong, Decimal(0))
    count = sum(1 for one in wrong if one)
    return "\n" + spoken(
        f"  Bills     {page}bills   ({len(told)} entered, {count} wrong, at stake: {asked} CNY)"
    )


def bills_against_truth(folder: DataFolder, client: ApiClient) -> dict[str, Any]:
    """Counts of bills for the summary: those that suppliers sent, were entered, were wrong, were
    found; objections that nothing stands behind; and those that the books come to another total
    than their right one."""
    papers = read_bills(folder.simulators) or []
    ids = {
        one["number"]: one["id"]
        for one in client.pages("/v1/bills", limit=PAGE)
        if one["state"] == "stands"
    }
    audits = [
        (paper, client.get(f"/v1/bills/{ids[str(paper.body['number'])]}/audit"))
        for paper in papers
        if paper.body["number"] in ids
    ]
    found = [audit for paper, audit in audits if paper.mistake and paper.mistake in _checks(audit)]
    return {
        "bills_sent": len(papers),
        "bills_entered": len(audits),
        "bills_wrong": sum(1 for paper in papers if paper.mistake),
        "bills_found": len(found),
        "bills_at_stake": str(sum((Decimal(a["at_stake"]) for _, a in audits), Decimal("0.00"))),
        "bills_at_stake_injected": str(sum((p.stake for p in papers), Decimal("0.00"))),
        "bills_differ": sum(1 for paper, audit in audits if not _agree(paper, audit)),
        "bill_false_alarms": sum(
            1 for paper, audit in audits for check in _checks(audit) if check != paper.mistake
        ),
    }


def _agree(paper: EnteredPaper, audit: dict[str, Any]) -> bool:
    """Whether the books come to what the supplier should have written, to the cent; soon after the
    end of a month its last day may not be settled yet."""
    books = audit["books"]
    whole = bool(books) and set(books["lacks"]) <= {"running"}
    return whole and books["total"] == str(paper.right_total)


def _checks(audit: dict[str, Any]) -> list[str]:
    return [finding["check"] for finding in audit["findings"]]


def _entered(client: ApiClient, paper: EnteredPaper) -> str:
    """The id of a bill, entered with its paper as evidence."""
    file = client.post_file("/v1/evidence", paper.paper, "application/pdf")
    body = {**paper.body, "evidence": [file["sha256"]]}
    return str(client.post_once("/v1/bills", body, str(paper.body["number"]))["id"])


def _key(folder: DataFolder) -> str:
    """The key of whoever enters bills, made once."""
    file = folder.secrets / "bills.key"
    if not file.is_file():
        made = ApiClient.of_folder(folder).post(
            "/v1/keys", {"name": "Bills desk", "node": INSTITUTION, "role": "enter"}
        )
        write_secret(file, made["secret"])
    return read_key(file)
