"""Whether the model card says all that a card must, with nothing loaded and nothing left unescaped."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from ml.case import Card
from ml.evaluation import gates
from ml.evaluation.bands import Band, Whisker, along, forest
from ml.evaluation.bootstrap import draw
from ml.evaluation.card import Made, card
from ml.evaluation.comparison import Contender, compare
from ml.evaluation.gates import Limits, Measured
from ml.evaluation.html import table
from ml.evaluation.report import Judged, evaluate
from ml.flights.case import CASE
from ml.training.schema import Feature

MADE = Made(
    manifest={
        "data": {"train": "ab12", "validation": "cd34"},
        "code": "ef56",
        "parameters": {"seed": 7},
        "device": "cpu",
        "versions": {"xgboost": "3.2.0"},
        "periods": {"train": [201301, 201302], "validation": [201303]},
    },
    features=[
        Feature(name="carrier", kind="category", values=("UA", "<AA>")),
        Feature(name="hour", kind="number"),
    ],
    megabytes=0.5,
    milliseconds=0.19,
    variant="full",
)


@pytest.fixture(scope="module")
def judged() -> Judged:
    random = np.random.default_rng(1)
    said = random.beta(1, 8, 6000)
    labels = (random.random(6000) < said).astype(np.float64)
    resamples = draw(labels, None, 100)
    found = evaluate(
        labels,
        said,
        {"airport": random.choice(["EWR", "J&K", "LGA"], 6000)},
        threshold=0.2,
        costs=CASE.costs,
        resamples=resamples,
        periods=(201311, 201312),
    )
    figures = Measured(0.4, 0.8, 0.01, 0.7, -0.001, 0.5, 0.19, None, {"external": "none were given"})
    return Judged(
        evaluation=found,
        comparison=compare(labels, Contender(said, 0.2), Contender(said**1.1, 0.2), CASE.costs, resamples),
        external=found,
        gates=gates.judge(Limits(minimum_pr_auc=0.5, minimum_auc=0.7, minimum_external_auc=0.7), figures),
    )


def test_a_card_has_every_part_and_loads_nothing(judged: Judged) -> None:
    page = card(CASE, judged, MADE)
    for title in (
        "Intended use",
        "Gates",
        "Against the champion",
        "How good it is",
        "Calibration in figures",
        "Acting on it",
        "By airport",
        "On months never used",
        "Limits",
        "What it looks at",
        "How it was made",
        "Environmental cost",
    ):
        assert title in page, title
    assert CASE.card is not None
    assert CASE.card.owner in page
    assert "Not good enough to be registered" in page
    assert "SHA-256 ef56" in page
    assert "periods 201301 to 201302" in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_every_drawing_is_well_formed_and_named(judged: Judged) -> None:
    page = card(CASE, judged, MADE)
    drawings = [part.split("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    assert len(drawings) == 7
    for drawing in drawings:
        root = ElementTree.fromstring("<svg" + drawing)  # noqa: S314 – written a moment ago
        assert root.attrib["aria-label"]
    assert "nan" not in page.lower().replace("finance", "")


def test_what_a_case_says_is_escaped(judged: Judged) -> None:
    card_of_case = Card(intended="<b>all</b>", not_intended="x & y", limits=("a < b",), owner="<me>")
    page = card(replace(CASE, question="<script>alert(1)</script>", card=card_of_case), judged, MADE)
    assert "<script>" not in page
    assert "<b>all" not in page
    assert "J&amp;K" in page
    assert "&lt;AA&gt;" in page


def test_a_card_without_champion_gates_or_words_of_its_owner_is_still_one(judged: Judged) -> None:
    page = card(replace(CASE, card=None), Judged(evaluation=judged.evaluation), replace(MADE, manifest={}))
    assert "Not compared: no champion was given." in page
    assert "badge" not in page.split("</style>")[1]
    assert "Intended use" not in page


def test_cells_are_coloured_by_their_mark_alone() -> None:
    drawn = table(("a", "b"), [("good:kept", "12:30")])
    assert '<td class="good">kept</td>' in drawn
    assert "<td>12:30</td>" in drawn


@pytest.mark.parametrize("value", [0.0, 1e-9, 5e6])
def test_plots_of_one_value_have_axes(value: float) -> None:
    for drawing in (
        forest([Whisker("a", value, value, value, "told")], guides=(), described="d"),
        along([Band([1.0], [value], [value], [value])], x="x", y="y"),
    ):
        ElementTree.fromstring(drawing)  # noqa: S314 – written a moment ago
        assert "nan" not in drawing
