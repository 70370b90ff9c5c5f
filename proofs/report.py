"""`python -m proofs report`: the month's report, rendered twice, added again, and told again later.

A demo of fourteen months gives last month a previous year. The report is rendered twice and
compared byte by byte; the cells of its workbook are added again and compared with the API. Months
later, after all that may happen to a month, its issue 1 is asked again, and issue 2 is made.
"""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from greenoffice.client import ApiClient
from greenoffice.demo.options import INSTITUTION
from greenoffice.folder import DataFolder
from greenoffice.reporting import issues_of
from greenoffice.stores import open_stores
from metering.localtime import local_day, next_month, parse_instant, previous_month
from proofs.parity import NOW
from proofs.report_cells import check_report
from proofs.report_later import ask, months_later, passed, resolve_a_finding
from proofs.steps import finish, say, started, wait_looked_at
from reports import LANGUAGES


def run_report_check(seed: int, history: str) -> None:
    """Both languages, then months later; exit status 1 where bytes or figures differ."""
    month = previous_month(local_day(parse_instant(NOW), "Asia/Shanghai"))
    with tempfile.TemporaryDirectory(prefix="greenoffice-report-") as temporary:
        folder = DataFolder(Path(temporary) / "data")
        options = ["--seed", str(seed), "--now", NOW, "--history", history]
        with started(["demo", "--data", str(folder.root), *options]) as demo:
            client = wait_looked_at(folder, demo)
            results = {language: _one(folder, month, language, client) for language in LANGUAGES}
            first = ask(folder, month)
            resolved = resolve_a_finding(client, month)
        later = months_later(folder, month, first)
    one_content = {result["content_hash"] for result in results.values()} == first.hashes
    told = {"seed": seed, "now": NOW, "one_content": one_content, "resolved": resolved, **later}
    finish(
        {**told, "languages": results},
        one_content and passed(later) and all(result["passed"] for result in results.values()),
    )


def _one(folder: DataFolder, month: date, language: str, client: ApiClient) -> dict[str, Any]:
    say(f"report in {language}")
    made = issues_of(folder, open_stores(folder)).get(INSTITUTION, f"{month:%Y-%m}").report

    def told(node: str, item: str) -> Any:
        answer = client.get(
            "/v1/energy",
            node=node,
            item=item,
            step="month",
            start=month.isoformat(),
            end=next_month(month).isoformat(),
        )
        return answer["data"][0]

    def figure(node: str, item: str) -> int | None:
        amount = told(node, item)["amount"]
        return None if amount is None else int(amount)

    def cost(node: str, item: str) -> Decimal | None:
        value = told(node, item)["cost"]["value"]
        return None if value is None else Decimal(value)

    checked = check_report(made, language, figure, cost)
    for difference in checked.differences[:20]:
        say(difference)
    found = checked.as_json()
    return {**found, "differences": len(checked.differences), "content_hash": made.content_hash}
