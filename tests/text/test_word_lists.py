"""Lists of words and of addresses, against regular expressions and plain loops."""

import gzip
import unicodedata
from urllib.parse import urlsplit

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import text
from tamis.errors import DataError, SettingError
from tamis.kernels.letters import UNSPACED

CHECK = settings(max_examples=400, deadline=None)
LETTERS = "ab Aé É-1中文ก\u0301İ🙂.\x00"
TEXTS = st.lists(st.none() | st.text(alphabet=LETTERS, max_size=25), max_size=6)
WORDS = st.lists(st.text(alphabet=LETTERS, min_size=1, max_size=5), min_size=1, max_size=8)


def lowered(value):
    """Character by character; what would take another number of bytes stays."""
    same = [(c, c.lower()) for c in value]
    return "".join(low if len(low.encode()) == len(c.encode()) else c for c, low in same)


def of_a_word(character):
    apart = any(a <= ord(character) <= b for a, b in UNSPACED)
    kind = unicodedata.category(character)[0]
    return kind in "LMN" and not (apart and kind in "LM")


def search(value, words, whole):
    """Longest entry at each place, from left to right, one character after another."""
    found, at = [], 0
    while at < len(value):
        fits = [w for w in words if value.startswith(w, at)]
        if whole:
            fits = [w for w in fits if not (glued(value, at) or glued(value, at + len(w)))]
        best = max(fits, key=len, default=None)
        if best is None:
            at += 1
        else:
            found.append(best)
            at += len(best)
    return found


def glued(value, at):
    return 0 < at < len(value) and of_a_word(value[at - 1]) and of_a_word(value[at])


@CHECK
@given(TEXTS, WORDS, st.booleans(), st.booleans())
def test_against_a_plain_search(texts, words, whole, fold):
    column = pd.Series(texts, dtype="str")
    how = {"words": tuple(words), "whole_words": whole, "ignore_case": fold}
    shape = lowered if fold else str
    names = {}
    for word in words:
        names.setdefault(shape(word), word)
    wanted = [
        None if t is None or not t.strip() else search(shape(t), list(names), whole) for t in texts
    ]
    counts = text.word_list_count(column, **how)
    firsts = text.word_list_first(column, **how)
    ratios = text.word_list_ratio(column, **how)
    for value, found, count, first, ratio in zip(
        texts, wanted, counts, firsts, ratios, strict=True
    ):
        if found is None:
            assert pd.isna(count) and pd.isna(first) and pd.isna(ratio)
            continue
        assert count == len(found)
        assert (None if pd.isna(first) else first) == (names[found[0]] if found else None)
        assert ratio == pytest.approx(sum(map(len, found)) / len(value))


def test_a_large_list_finds_each_of_its_entries():
    words = [f"w{k:x}" for k in range(30_000)] + [f"{k} and {k + 1}" for k in range(3000)]
    column = pd.Series([*words, *(f"({word})" for word in words), "none of them"], dtype="str")
    found = text.word_list_first(column, words=tuple(words))
    assert found.tolist()[:-1] == words * 2 and pd.isna(found.iloc[-1])
    assert text.word_list_count(column, words=tuple(words)).tolist() == [1] * (2 * len(words)) + [0]


def test_files(tmp_path):
    plain, packed = tmp_path / "one.txt", tmp_path / "two.txt.gz"
    plain.write_bytes(b"\xef\xbb\xbfalpha\r\n\r\n  beta gamma \n")
    packed.write_bytes(gzip.compress("Öl\n".encode()))
    files = (str(plain), str(packed))
    assert text.word_list_count("ALPHA, beta gamma; öl.", files=files) == 3
    assert text.word_list_first("das ÖL", files=files) == "Öl"
    plain.write_text("delta\n")  # a changed file is read anew
    assert text.word_list_count("alpha delta", files=files) == 1


@pytest.mark.parametrize("op", [text.word_list_count, text.url_listed])
def test_what_is_no_list(op, tmp_path):
    with pytest.raises(SettingError, match="give"):
        op("a")
    with pytest.raises(SettingError, match="no file 'nowhere'"):
        op("a", files=("nowhere",))
    for name, content, told in (
        ("x.txt", b"ok\n\xff\xfe\n", "not UTF-8 in line 2"),
        ("x.gz", b"no gzip", "cannot be read"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=told):
            op("a", files=(str(tmp_path / name),))


HOSTS = ["example.org", "a.example.org", "www.example.org", "example.org.", "EXAMPLE.org:8080",
         "user:pw@example.org", "myexample.org", "org", "10.0.0.1", "[2001:db8::1]:80"]  # fmt: skip
PATHS = ["", "/", "/forum", "/forum/", "/forum/x?y=1#z", "/forums", "/a/forum"]


@pytest.mark.parametrize("entry", ["example.org", "http://www.example.org/forum/", "org", ".org",
                                   "10.0.0.1", "a.example.org/a"])  # fmt: skip
def test_addresses(entry):
    bare = entry.removeprefix("http://").removeprefix("www.").strip("/").strip(".")
    host, _, path = bare.partition("/")
    for name in HOSTS:
        for rest in PATHS:
            url = f"https://{name}{rest}"
            parsed = urlsplit(url)
            given = (parsed.hostname or "").strip(".").removeprefix("www.")
            below = [p for p in parsed.path.split("/") if p]
            wanted = path.split("/") if path else []
            if wanted:
                # a path is meant for the host that it names and for one label more
                fits = host in (given, given.partition(".")[2]) and below[: len(wanted)] == wanted
            else:
                fits = given == host or given.endswith("." + host)
            assert text.url_listed(url, entries=(entry,)) == fits, url
            assert text.url_list_entry(url, entries=(entry,)) == (entry if fits else None)


def test_comments_and_odd_addresses():
    entries = ("# a comment", "example.org")
    found = text.url_listed(
        pd.Series(["//example.org/a", "example.org", "", None, "not a url", "://", "http:///x"]),
        entries=entries,
    )
    assert found.tolist()[:3] == [True, True, False] and pd.isna(found.iloc[3])
    assert found.tolist()[4:] == [False, False, False]
