"""Of a run whose recipe redacts somewhere nothing personal is shown, wherever it stood before."""

import json
import logging
import urllib.request
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from tamis import Edit, ExactDedup, Filter, FuzzyDedup, Pipeline, Score, report, text
from tamis.cli.duplicates import duplicates_command
from tamis.cli.finished import dropped_command
from tamis.gallery import Gallery
from tamis.report.covered import COVERED, cover

BODY = " ".join(f"word{k} is said to be longer than its neighbour" for k in range(30))
ROWS = [
    ("a/zq1@acme.org", f"{BODY} zq2@acme.org", "zq3@acme.org"),
    ("b", f"{BODY} zq2@acme.org", "zq3@acme.org"),  # the same
    ("c/zq4@acme.org", f"{BODY} zq5@acme.org", "nobody"),  # nearly so
    ("d", f"zq6@acme.org {BODY} and another word", "zq7@acme.org"),
    ("e", "zq8@acme.org", "short"),
    ("f", f"+1 212 555 2368 zq9@acme.org {'more ' * 40}", "ssn 219-09-9998"),
    ("h", "zq11@acme.org", "blocked"),
    ("g", "nothing to see here, only a few words of no kind at all", "zq10@acme.org"),
]


def _steps(redact):
    return Pipeline(
        [
            Filter("column:author", isin=["blocked"], invert=True),
            Filter(text.word_count, min=5),
            ExactDedup(),
            FuzzyDedup(threshold=0.7),
            Score(text.personal_count),
            redact,
            Filter(text.word_count, max=100, name="after"),
        ]
    )  # fmt: skip


@pytest.fixture(scope="module", params=["text.redact", "text.redact to another column"])
def run(request, tmp_path_factory):
    docs = pd.DataFrame(ROWS, columns=["id", "text", "author"])
    more = {"to": "clean"} if "another" in request.param else {}
    out = tmp_path_factory.mktemp("run") / "out"
    return _steps(Edit(text.redact, **more)).run(docs, out)


def _pages(out, **settings):
    """All pages of the gallery."""
    with Gallery(out, **settings) as gallery:
        told = [urllib.request.urlopen(gallery.url).read().decode()]
        for row in range(len(ROWS)):
            told.append(urllib.request.urlopen(f"{gallery.url}record/{row}").read().decode())
    return "\n".join(told)


def test_neither_figures_nor_report_nor_gallery(run):
    out = run.path
    figures = dict(run.figures)
    assert figures["rows"]["kept"] >= 2 and any(s["dropped"] for s in figures["steps"])
    told = json.dumps({k: v for k, v in figures.items() if k != "parts"})
    report.again(out)
    page = Path(out, "report.html").read_text("utf-8")
    shown = _pages(out)
    for place, value in (("run.json", told), ("report", page), ("gallery", shown)):
        for one in ("zq", "555 2368", "219-09-9998"):
            at = value.find(one)
            assert at < 0, (place, value[max(0, at - 300) : at + 100])
    certificates = [d["certificate"] for d in figures["deduplications"]]
    assert len(certificates) == 2 and "zq" not in json.dumps(certificates)
    assert COVERED in shown or "EMAIL_ADDRESS" in shown
    assert "EMAIL_ADDRESS" in shown


def test_what_is_asked_for_is_shown(run):
    assert "zq8@acme.org" in _pages(run.path, uncovered=True)
    told = CliRunner().invoke(dropped_command, [run.path])
    assert told.exit_code == 0 and "zq" not in told.output
    told = CliRunner().invoke(dropped_command, [run.path, "--uncovered"])
    assert "zq8@acme.org" in told.output


@pytest.mark.parametrize(
    "asked",
    [
        ["--by", "exact", "--most"], ["--by", "fuzzy", "--least"],
        ["--cluster", "c/zq4@acme.org"], [],
    ],
    ids=str,
)  # fmt: skip
def test_duplicates(run, asked):
    told = CliRunner().invoke(duplicates_command, [run.path, *asked])
    assert told.exit_code == 0 and "zq" not in told.output and "EMAIL_ADDRESS" in told.output
    told = CliRunner().invoke(duplicates_command, [run.path, *asked, "--uncovered"])
    assert told.exit_code == 0 and "zq" in told.output


def test_the_log(tmp_path, caplog):
    docs = pd.DataFrame(ROWS, columns=["id", "text", "author"])
    with caplog.at_level(logging.DEBUG):
        _steps(Edit(text.redact)).run(docs, tmp_path / "out")
    assert "zq" not in caplog.text


def test_a_recipe_that_redacts_nothing_shows_all(tmp_path):
    docs = pd.DataFrame(ROWS, columns=["id", "text", "author"])
    out = Pipeline([Filter(text.word_count, min=5)]).run(docs, tmp_path / "out").path
    assert "zq8@acme.org" in _pages(out)
    assert "zq8@acme.org" in Path(out, "report.html").read_text("utf-8")


def test_finders_that_are_gone():
    """Where the recipe's model cannot be loaded nothing is shown."""
    entry = {"edit": "text.redact", "finders": ["patterns", "presidio:gone.yaml"]}
    assert cover([{"entry": entry}])(["zq@acme.org"]) == [COVERED]
    assert cover([{"entry": {"edit": "text.redact_spans"}}])(["a zq@acme.org"]) == [
        "a <EMAIL_ADDRESS>"
    ]
    entry = {"edit": "text.redact", "entities": ["US_SSN"]}
    assert cover([{"entry": entry}])(["zq@acme.org 219-09-9998"]) == ["zq@acme.org <US_SSN>"]
