"""The folder that a Grafana starts on, and pushing over its API."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dashboards import LANGUAGES, environment, push_boards, write_provisioning
from metering.errors import InvalidInput, Unavailable

KEY = "go_0123456789ab_secret-of-the-key"
URL = "http://127.0.0.1:8080"


def test_the_key_stands_in_one_file_that_only_its_owner_reads(tmp_path):
    folder = write_provisioning(tmp_path / "grafana", URL, KEY)
    holding = [p for p in folder.rglob("*") if p.is_file() and KEY in p.read_text("utf-8")]
    assert [path.name for path in holding] == ["grafana.key"]
    assert holding[0].stat().st_mode & 0o777 == 0o600
    source = (folder / "datasources" / "greenoffice.yaml").read_text("utf-8")
    assert f'httpHeaderValue1: "Token $__file{{{folder / "grafana.key"}}}"' in source
    assert "url: http://127.0.0.1:8080/influx\n" in source
    assert "uid: greenoffice\n" in source


def test_without_a_key_it_is_taken_from_the_environment(tmp_path):
    folder = write_provisioning(tmp_path, URL + "/", "")
    source = (folder / "datasources" / "greenoffice.yaml").read_text("utf-8")
    assert '"Token $__env{GREENOFFICE_GRAFANA_KEY}"' in source
    assert not (folder / "grafana.key").exists()


def test_writing_again_replaces_the_key_and_keeps_it_secret(tmp_path):
    write_provisioning(tmp_path, URL, KEY)
    (tmp_path / "grafana.key").chmod(0o644)
    write_provisioning(tmp_path, URL, "another")
    assert (tmp_path / "grafana.key").read_text("utf-8") == "another"
    assert (tmp_path / "grafana.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("languages", [("en",), ("zh-CN",), LANGUAGES])
def test_boards_in_the_languages_asked_for(tmp_path, languages):
    folder = write_provisioning(tmp_path, URL, KEY, languages)
    found = [json.loads(path.read_text("utf-8")) for path in (folder / "boards").glob("*.json")]
    assert len(found) == 2 * len(languages)
    provider = (folder / "dashboards" / "greenoffice.yaml").read_text("utf-8")
    assert f'path: "{folder / "boards"}"' in provider


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "file:///x", 'http://a"\nurl: http://b'])
def test_an_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(InvalidInput, match="api_url"):
        write_provisioning(tmp_path, url, KEY)


def test_a_grafana_of_ones_own_listens_on_this_machine_alone(tmp_path):
    found = environment(tmp_path / "grafana", tmp_path / "data", 3001)
    assert found["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert found["GF_ANALYTICS_REPORTING_ENABLED"] == "false"
    assert found["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert found["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].endswith("greenoffice-campus-zh.json")


@pytest.fixture
def grafana():
    """An address that takes boards as Grafana's API does, and what it was sent."""
    taken, folders, refusal = [], set(), {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append((self.path, self.headers["Authorization"], body))
            if refusal:
                self.answer(403, refusal)
            elif self.path == "/api/folders" and body["uid"] in folders:
                text = "a folder with the same uid already exists in the current location"
                self.answer(409, {"message": text})
            elif self.path == "/api/folders":
                folders.add(body["uid"])
                self.answer(200, {"uid": body["uid"]})
            else:
                known = body["folderUid"] in folders
                self.answer(200 if known else 400, {"status": "success" if known else "error"})

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", taken, refusal
    server.shutdown()
    server.server_close()


def test_boards_are_pushed_into_their_folder_again_and_again(grafana):
    url, taken, _ = grafana
    for _ in range(2):
        uids = push_boards(url, "token", languages=("en",))
        assert uids == ["greenoffice-campus-en", "greenoffice-findings-en"]
    assert [path for path, _, _ in taken[:3]] == ["/api/folders"] + ["/api/dashboards/db"] * 2
    assert {header for _, header, _ in taken} == {"Bearer token"}
    assert all(body["overwrite"] for path, _, body in taken if path.endswith("/db"))
    assert [body["dashboard"]["uid"] for _, _, body in taken[1:3]] == uids


def test_a_refused_push_repeats_what_grafana_said(grafana):
    url, _, refusal = grafana
    refusal["message"] = "You'll need additional permissions"
    with pytest.raises(Unavailable, match=r"additional permissions.*Editor"):
        push_boards(url, "token", languages=("en",))


def test_a_push_to_nobody(grafana):
    with pytest.raises(Unavailable, match="did not take"):
        push_boards("http://127.0.0.1:9", "token", languages=("en",))
