"""The demo crawl, read here without tamis, holds what its README says."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pytest
import zstandard

from tamis import datasets


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    found: list[bytes] = []
    for path in datasets.demo_files():
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        found += data.removesuffix(b"\n").split(b"\n")
    return found


@pytest.fixture(scope="module")
def pages(lines: list[bytes]) -> list[dict]:
    good = []
    for line in lines:
        try:
            good.append(json.loads(line))
        except ValueError:
            continue
    return good


def test_size(pages):
    assert 2_000_000 < sum(path.stat().st_size for path in datasets.demo_files()) < 4_000_000
    assert len(pages) > 1900


def test_five_lines_are_broken_and_one_is_blank(lines, pages):
    assert len(lines) - len(pages) == 6
    assert lines.count(b"") == 1


def test_languages(pages):
    counts = Counter(page["language"] for page in pages)
    assert {"en", "de", "fr", "es", "ja", "zh", "ru", "ko", "hi"} <= {
        k for k, v in counts.items() if v > 20
    }


def test_every_page_names_origin_and_licence(pages):
    assert all(page["url"].startswith("https://") for page in pages)
    assert all(page["source"] and page["license"] for page in pages)


def test_defects_are_there(pages):
    texts = [page["text"] for page in pages]
    assert any(text is None for text in texts) and "" in texts
    assert sum("Ã©" in text or "â€™" in text for text in texts if text) > 5  # mojibake
    assert sum("\ufffd" in text for text in texts if text) >= 2  # cut inside a character
    assert len(texts) - len(set(texts)) > 70  # exact copies
    assert any("privacy" in text.lower() for text in texts if text)


def test_schema_differs_between_files(pages):
    assert {"fetched" in page for page in pages} == {True, False}
