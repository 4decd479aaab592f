"""Links of the README and of the docs lead to files that are there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)


def links(page):
    """Where a page's links lead, of those that lead to files."""
    found = re.findall(r"\]\(([^)\s]+)\)", CODE.sub("``", page.read_text("utf-8")))
    return [link for link in found if not link.startswith(("http:", "https:", "mailto:", "#"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    for link in links(page):
        led = (page.parent / link.partition("#")[0]).resolve()
        assert led.exists(), link
        if page.is_relative_to(DOCS):  # the site has no other files
            assert led.is_relative_to(DOCS), link


def test_links_are_found():
    assert "docs/guide/steps.md" in links(ROOT / "README.md")


def test_every_page_is_in_the_contents():
    told = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]

    def pages(part):
        if isinstance(part, str):
            return [part]
        return [
            p for one in (part.values() if isinstance(part, dict) else part) for p in pages(one)
        ]

    there = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert sorted(pages(told)) == sorted(there)
