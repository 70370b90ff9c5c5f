"""The comparison of `agree` on canned answers: it must be able to fail."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs.agree_compare import AskedFigure, Listed, NoAnswer, Question, compare

WAYS = ("page", "influx", "v1")
DAY = ("office", "01000", "2026-10-08", "2026-10-09")
ENERGY = AskedFigure("energy", *DAY)
COST = AskedFigure("cost", *DAY, currency="CNY")
EXACT = {ENERGY: Fraction("412.300200"), COST: Fraction("281.0412345")}


@pytest.fixture
def questions():
    return [Question(figure, exact, WAYS) for figure, exact in EXACT.items()]


@pytest.fixture
def told():
    """Everybody right: texts are exact, a double is the nearest one."""
    exact = {figure: Fraction(value) for figure, value in EXACT.items()}
    nearest = {figure: float(value) for figure, value in EXACT.items()}
    return {"page": dict(exact), "influx": nearest, "v1": dict(exact)}


def test_all_alike(questions, told):
    outcome = compare(questions, told)
    assert (outcome.figures, outcome.least_ways, outcome.comparisons) == (2, 4, 6)
    assert outcome.disagreeing == []
    assert outcome.by_kind == {"energy": 1, "cost": 1}


@pytest.mark.parametrize(
    ("way", "answer", "words"),
    [
        ("page", Fraction("412.300201"), "page 412.300201"),
        ("v1", Fraction("412.3002001"), "v1 412.3002001"),
        ("influx", 412.3002000000001, "influx 412.3002000000001"),
        ("v1", NoAnswer("this node has daily meters"), "v1 this node has daily meters"),
    ],
)
def test_one_digit_or_one_refusal_disagrees(questions, told, way, answer, words):
    told[way][ENERGY] = answer
    (line,) = compare(questions, told).disagreeing
    assert line == f"energy office/01000 2026-10-08..2026-10-09: 412.3002, but {words}"


def test_an_absent_answer_disagrees(questions, told):
    del told["page"][COST]
    (line,) = compare(questions, told).disagreeing
    assert "page absent" in line
    del told["v1"]
    assert len(compare(questions, told).disagreeing) == 2


def test_what_is_listed_with_its_reason_is_no_way(questions, told):
    told["page"][COST] = NoAnswer("no money here")
    listed = [Listed("page", "the page prints no money", kinds=("cost",))]
    outcome = compare(questions, told, listed)
    assert outcome.disagreeing == []
    assert outcome.listed == {"page: the page prints no money": 1}
    assert outcome.least_ways == 3
    assert not outcome.passed, "a figure needs four ways"
    told["page"][COST] = Fraction(1)
    assert compare(questions, told, listed).disagreeing, "a wrong answer is never excused"
    told["page"][ENERGY] = NoAnswer("nor energy")
    assert len(compare(questions, told, listed).disagreeing) == 2


def test_money_in_a_currency_of_its_own_disagrees(questions, told):
    told["influx"][AskedFigure("cost", *DAY, currency="EUR")] = 0.25
    (line,) = compare(questions, told).disagreeing
    assert "EUR: no money in this currency, but influx 0.25" in line
    told["influx"][AskedFigure("cost", *DAY, currency="EUR")] = 0.0
    assert compare(questions, told).disagreeing == []


def test_few_figures_do_not_pass():
    figures = [AskedFigure("energy", "office", "01000", f"{n}", "") for n in range(200)]
    questions = [Question(one, Fraction(1), WAYS) for one in figures]
    told = {way: dict.fromkeys(figures, Fraction(1)) for way in WAYS}
    assert compare(questions, told).passed
    assert not compare(questions[1:], told).passed
