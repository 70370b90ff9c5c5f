"""No text breaks it, and no statement reaches outside the key's scope."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FOREIGN = ("hall", "school", "yard", "gw-9", "Teaching")
SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
UNSUPPORTED = [
    "DROP MEASUREMENT energy",
    "SELECT * FROM energy",
    "SELECT sum(kwh) FROM energy; DELETE FROM energy",
    "SELECT sum(kwh) INTO x FROM energy WHERE time > 0",
    "SELECT sum(kwh) FROM (SELECT kwh FROM energy)",
    "SELECT sum(kwh) FROM energy",
    "SELECT sum(nothing) FROM energy WHERE time > now() - 1d",
    "SELECT sum(known) FROM energy WHERE time > now() - 1d",
    "SELECT holt_winters(mean(kwh), 10, 2) FROM energy WHERE time > now() - 1d GROUP BY time(1h)",
    "SELECT sum(power) FROM energy WHERE time > now() - 1d",
    "SELECT integral(kwh) FROM energy WHERE time > now() - 1d",
    "SELECT derivative(mean(kwh)) FROM energy WHERE time > now() - 1d",
    "SELECT moving_average(kwh, 1001) FROM energy WHERE time > now() - 1d",
    "SELECT top(kwh, 0) FROM energy WHERE time > now() - 1d",
    "SELECT percentile(kwh, 101) FROM energy WHERE time > now() - 1d",
    "SELECT max(kwh), min(kwh), node FROM energy WHERE time > now() - 1d",
    "SELECT kwh FROM energy WHERE time > now() - 1d GROUP BY time(1h)",
    "SELECT kwh, sum(kwh) FROM energy WHERE time > now() - 1d",
    "SELECT sum(kwh) FROM elsewhere WHERE time > now() - 1d",
    "SELECT sum(kwh) FROM energy WHERE nothing = 'x' AND time > now() - 1d",
    "SELECT sum(kwh) FROM energy WHERE kwh = '3' AND time > now() - 1d",
    "SELECT sum(kwh) FROM energy WHERE node > 3 AND time > now() - 1d",
    "SELECT sum(kwh) FROM energy WHERE time > now() - 1d OR node = 'dc'",
    "SELECT sum(kwh) FROM energy WHERE node =~ /(a+)+$/ AND time > now() - 1d",
    "SELECT mean(power) FROM energy WHERE time > now() - 1d GROUP BY time(1h) fill(0)",
    "SELECT mean(power) FROM energy WHERE time > now() - 1d GROUP BY time(1h) fill(previous)",
    "SELECT mean(power) FROM energy WHERE time > now() - 1d GROUP BY time(1ms)",
    "SELECT mean(power) FROM energy WHERE time > now() - 90d GROUP BY time(1s)",
    "SELECT mean(power) FROM energy WHERE time > now() - 1d tz('Nowhere')",
    "SELECT mean(power) FROM energy WHERE time > 'yesterday'",
    "SELECT cost FROM energy WHERE time > '2001-01-01'",
    "SELECT mean(utility) / 2 FROM datacentre WHERE time > 0 LIMIT 0",
    "SELECT 1 FROM energy WHERE time > 0",
    "SELECT under FROM energy WHERE time > now() - 1d",
    "SELECT sum(kwh) FROM energy WHERE time > now() - 1d GROUP BY under",
    "SELECT " + "(" * 900 + "kwh" + ")" * 900 + " + 1" * 30 + " FROM energy WHERE time > 0",
    "SHOW SERIES",
    "SHOW USERS",
    "",
    ";;",
]


@pytest.mark.parametrize("query", UNSUPPORTED)
def test_what_is_not_supported_says_what_is(refuse, query):
    problem = refuse(query)
    assert problem["status"] == 400
    assert problem["detail"] in problem["error"]
    assert problem["fix"]
    assert problem["field"] in ("q", "time", "zone")


def test_the_place_is_named(refuse):
    problem = refuse("SELECT sum(kwh) FROM energy WHER node = 'x'")
    assert "'WHER' at character 29" in problem["error"]
    assert "WHERE" in problem["fix"]


@SLOW
@given(st.text(max_size=200))
def test_random_text_is_refused_with_a_message(shared_world, posted, text):
    answer = posted(shared_world, text)
    assert answer.status_code == 400
    assert answer.json()["error"]


VOCABULARY = (
    "SELECT FROM WHERE GROUP BY fill null none ORDER LIMIT tz SHOW TAG VALUES WITH KEY IN FIELD "
    "KEYS MEASUREMENTS sum mean energy meters findings gateways readings datacentre kwh cost value "
    "waste count time now() - + * / ( ) , ; = =~ != >= < AND OR 'campus' 'hall' '01000' /^(hall)$/ "
    '/.*/ "node" "item" "under" 1d 15m 30d 0 1 \'Asia/Shanghai\' time(1h) time(1d)'
)
WORDS = st.sampled_from(VOCABULARY.split())


@SLOW
@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_random_words_never_break_it(shared_world, posted, text):
    answer = posted(shared_world, text)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code == 200:
        assert not [name for name in FOREIGN if name in answer.text]
    else:
        assert answer.json()["error"]


CODES = st.sampled_from(["campus", "office-a", "dc", "hall", "school", "yard", "bureau", "x"])
TAGS = st.sampled_from(["node", "under", "institution", "meter", "gateway", "node_en", "type"])
CONDITIONS = st.recursive(
    st.one_of(
        st.builds("\"{}\" = '{}'".format, TAGS, CODES),
        st.builds("\"{}\" != '{}'".format, TAGS, CODES),
        st.builds('"{}" =~ /^({}|{})$/'.format, TAGS, CODES, CODES),
        st.builds('"{}" =~ /{}.*/'.format, TAGS, CODES),
        st.builds('"{}" !~ /{}/'.format, TAGS, CODES),
    ),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner),
    max_leaves=4,
)
ASKED = st.sampled_from(
    [
        ("energy", "max(value)", "node, item"),
        ("meters", "max(value)", "meter, node_en"),
        ("findings", "count(count)", "id, node_en"),
        ("gateways", "last(points)", "gateway"),
        ("readings", "max(value)", "name, gateway, node_en"),
        ("datacentre", "mean(it)", "node"),
    ]
)


@SLOW
@given(ASKED, CONDITIONS, st.sampled_from(["bureau", "building"]))
def test_no_statement_reaches_outside(shared_world, posted, asked, condition, key):
    table, column, tags = asked
    where = f"WHERE {condition} AND time > now() - 2d"
    for query in (
        f"SELECT {column} FROM {table} {where} GROUP BY {tags}",
        f"SHOW TAG VALUES FROM {table} WITH KEY =~ /.*/ {where}",
    ):
        answer = posted(shared_world, query, key)
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200:
            assert not [name for name in FOREIGN if name in answer.text]
            if key == "building":
                assert "office-b" not in answer.text
                assert "campus" not in answer.text
        if answer.status_code == 400:
            assert "no such tag" in answer.json()["error"]


def test_sums_hold_the_own_institution_alone(ask):
    query = "SELECT sum(count) FROM findings WHERE time > 0"
    counts = {key: ask(query, key)[0][2][0][1] for key in ("bureau", "school", "whole")}
    assert counts == {"bureau": 3, "school": 1, "whole": 4}


def test_a_foreign_code_is_refused_and_logged(world, posted):
    for where in ("node = 'hall'", "node =~ /^(campus|hall)$/", "under = 'school'"):
        query = f"SELECT max(value) FROM energy WHERE {where} AND time > now() - 1d"
        answer = posted(world, query)
        assert answer.status_code == 404
        assert "in your scope" in answer.json()["error"]
    entries = world.get("/v1/audit").json()["data"]
    refused = [one["subject"] for one in entries if one["action"] == "refused"]
    assert refused == ["POST /influx/query"] * 3
