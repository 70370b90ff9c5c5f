"""Every panel's query over the running API."""

import pytest

from dashboards import boards
from metering.errors import InvalidInput, Unavailable
from proofs.board_rows import check_boards, filled


@pytest.fixture(scope="module")
def found(api):
    url, keys = api
    return check_boards(url, keys["reader"])


def test_every_panel_of_every_board_shows_rows(found):
    assert [one for one in found if one.rows == 0] == []
    panels = {board["uid"]: len(board["panels"]) for board in boards()}
    for uid, count in panels.items():
        assert len({one.panel for one in found if one.board == uid}) >= count


def test_no_query_is_sent_with_a_variable_left(found):
    assert not [one.query for one in found if "$" in one.query]


def test_all_values_of_the_boards_own_variables_are_tried(found):
    queries = " ".join(one.query for one in found)
    for measure in ("kwh", "cost", "kgco2"):
        assert f'sum("{measure}")' in queries


def test_a_key_that_sees_nothing_of_it_fails_with_words(api):
    url, _ = api
    with pytest.raises(InvalidInput, match="key"):
        check_boards(url, "wrong")


def test_nobody_there(unused_port):
    with pytest.raises(Unavailable, match="no answer"):
        check_boards(f"http://127.0.0.1:{unused_port}", "key")


def test_an_undeclared_variable_is_an_error():
    assert filled("a $b ${c:text}", {"b": "1", "c": "2"}, "1d") == "a 1 2"
    with pytest.raises(InvalidInput, match="unknown variable"):
        filled("SELECT $nothing", {}, "1d")


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
