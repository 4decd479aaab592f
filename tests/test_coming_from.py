"""The page for those who come from other tools names only what is there."""

import re
from pathlib import Path

import tamis
from tamis.recipe import packaged_names
from tamis.registry import registered

PAGE = (Path(__file__).parents[1] / "docs/guide/coming-from.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| (.+) \|$", PAGE, re.MULTILINE)
HERE = " ".join(here for _, here in ROWS)
STEPS = re.compile(r"`([A-Z]\w+)(?:\(.*?\))?`")


def test_ops_are_there():
    named = re.findall(r"`((?:text|image|audio|video|interleaved|media|levels)\.\w+)`", PAGE)
    assert len(set(named)) > 100
    assert not [name for name in named if name not in registered()]


def test_names_of_python_are_there():
    named = set(re.findall(r"`@?(tamis(?:\.\w+)+)", HERE))
    assert len(named) > 25
    for name in named:
        found = tamis
        for part in name.split(".")[1:]:
            found = getattr(found, part)
    steps = set(STEPS.findall(HERE))
    assert len(steps) > 10
    assert not [name for name in steps if not hasattr(tamis, name)]


def test_recipes_are_there():
    named = {
        name
        for words in re.findall(
            r"[Tt]?h?e? ?recipes?(?: such as)? ((?:`[\w@-]+`(?:, | and )?)+)", HERE
        )
        for name in re.findall(r"`([\w@-]+)`", words)
    }
    assert {"curator-en", "gopher@datatrove", "redact-llm"} <= named
    assert not named - set(packaged_names())
