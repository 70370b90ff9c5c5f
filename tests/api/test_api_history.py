"""Years of readings over the API: sent at once with all that is said, asked how far it is."""

from __future__ import annotations

import json
import time
from contextlib import closing

import pytest

from greenoffice.assembly import Assembly
from greenoffice.stores import open_stores
from greenoffice.taking_in import serving
from tests import history_office
from tests.api.test_page_history import HALL, LAB, Office, at, workbook

pytestmark = pytest.mark.timeout(300)
MAPPING = {
    "old counter": {"point": "s/g/p.hall", "unit": "kWh"},
    **{name: {"point": ""} for name in ("spare", "x", "y")},
}
SAID = {"file": "years.xlsx", "date": "dmy", "zone": "UTC", "mapping": json.dumps(MAPPING)}


class Program(Office):
    """An office before which a program stands with a key."""

    def ask(self, method, path, key="one", **more):
        return self.client.request(method, path, headers={"X-API-Key": self.keys[key]}, **more)

    def put(self, content, status=200, key="one", **said):
        params = {name: value for name, value in said.items() if value is not None}
        answer = self.ask("POST", "/v1/history", key, params=params, content=content)
        assert answer.status_code == status, answer.text
        return answer.json()

    def told(self, id):
        """How it is in the end."""
        while (found := self.ask("GET", f"/v1/history/{id}").json())["state"] == "running":
            time.sleep(0.2)
        return found


@pytest.fixture
def office(tmp_path):
    folder = history_office.office(tmp_path / "data")
    with closing(Assembly.open(folder)) as parts, serving(folder, parts):
        yield Program(folder, parts)


def test_a_file_is_tried_and_loaded_once_with_what_is_said_at_once(office):
    tried = office.told(office.put(workbook(), dry_run=True, **SAID)["id"])
    assert (tried["state"], tried["dry_run"]) == ("done", True)
    assert {name: n for name, n in tried["counts"].items() if n} == {
        **{"read": 26, "stored": 16, "missing": 1, "refused": 1, "unknown": 8}
    }
    assert not office.stored("hall")
    assert office.put(workbook(), 422, **SAID)["field"] == "reason"
    first = office.put(workbook(), reason="moved here", **SAID)
    assert (first["state"], first["dry_run"], first["file"]) == ("running", False, "years.xlsx")
    done = office.told(first["id"])
    assert done["counts"] == tried["counts"]
    assert office.stored("hall") == [(at(day), value) for day, value in HALL.items()]
    assert len(office.stored("lab")) == sum(isinstance(one, float) for one in LAB.values())
    refused = office.ask("GET", done["refused_rows"])
    assert "broken" in refused.text
    entry = office.platform.access.entries(None, limit=1)[0]
    assert (entry.action, entry.subject, entry.reason) == (
        *("history.load", "years.xlsx", "moved here"),
    )
    again = office.told(office.put(workbook(), reason="again", **SAID)["id"])
    assert (again["counts"]["stored"], again["counts"]["duplicates"]) == (0, 16)


def test_new_series_get_meters_and_the_answer_tells_them(office):
    lines = ["time,canteen (kWh)", *(f"2025-03-{day:02},{100 + day}" for day in range(1, 21))]
    content = "\n".join(lines)
    said = {"file": "new.csv", "zone": "UTC", "reason": "of the old system"}
    asked = office.told(office.put(content, **said)["id"])
    assert (asked["state"], asked["refusal"]["field"]) == ("refused", "series")
    asked = office.told(office.put(content, new=True, **said)["id"])
    assert (asked["state"], asked["refusal"]["field"]) == ("refused", "node")
    done = office.told(office.put(content, new=True, node="b", **said)["id"])
    assert (done["state"], done["counts"]["stored"]) == ("done", 20)
    assert any("canteen" in one for one in done["registered"])
    registry = open_stores(office.folder).registry.load()
    point = registry.point_of("s/history", "canteen")
    (served,) = registry.meters_of_point(point.id)
    assert registry.meters[served.meter].node == "b"
    again = office.told(office.put(content, new=True, node="b", **said)["id"])
    assert (again["counts"]["duplicates"], again["registered"]) == (20, [])


def test_what_two_readings_are_possible_of_is_asked(office):
    told = office.told(office.put("time,lab\n01/02/2025,1\n", reason="x", zone="UTC")["id"])
    assert (told["state"], told["refusal"]["asks"]) == ("refused", "date")


def test_it_is_found_by_the_key_that_sent_it_alone_and_by_administrators(office):
    id = office.put(b"time,lab\n2025-03-13,1\n", zone="UTC", reason="x")["id"]
    assert office.ask("GET", f"/v1/history/{id}", "two").status_code == 404
    assert office.ask("GET", f"/v1/history/{id}/refused", "two").status_code == 404
    assert office.ask("GET", f"/v1/history/{id}", "site").status_code == 403
    assert office.put(b"time,lab\n2025-03-13,1\n", 403, key="site", reason="x")
    assert office.ask("GET", f"/v1/history/{'x' * 32}").status_code == 404
    assert office.told(id)["counts"]["stored"] == 1


def test_what_is_sent_is_bounded(office):
    fits = {"zone": "UTC", "reason": "x"}
    assert office.put(b"", 422, **fits)["field"] == "file"
    assert office.put(b"x", 422, mapping="[]", **fits)["field"] == "mapping"
    assert office.put(b"x", 422, mapping='{"a": {"odd": 1}}', **fits)["field"] == "mapping"
    assert office.put(b"x", 422, date="ydm", **fits)["field"] == "date"
    many = json.dumps({str(n): {} for n in range(1_100)})
    assert office.put(b"x", 422, mapping=many, **fits)["field"] == "mapping"
    headers = {"X-API-Key": office.keys["one"]}
    headers["content-length"] = str(office.platform.max_history_bytes + 1)
    assert office.client.post("/v1/history", headers=headers).status_code == 413
    assert office.client.post("/v1/history", content=b"x").status_code == 401
    assert not office.folder.uploads.exists() or not list(office.folder.uploads.iterdir())
