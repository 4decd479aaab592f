"""Dumps of wikis: the standard library finds the same in them, however they are packed."""

import bz2
import gzip
import itertools
import random
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wiki_dump import HEAD, TAIL, in_pieces, multistream, page, xml

import tamis
from damage import damaged
from tamis.codes import CODES
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.io.byte_ranges import Ranges
from tamis.io.bz2_blocks import Text, blocks
from tamis.io.files import find_files
from tamis.io.wikipedia import read_wikipedia

NS = "{http://www.mediawiki.org/xml/export-0.11/}"


def read(path, **settings):
    lazy = read_wikipedia(path, form=settings.pop("form", "wikitext"), **settings)
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    assert frame.dtypes.equals(lazy.dtypes)
    return frame


def expected(data, all=False):
    """What ElementTree finds in a dump: id, title, text of the pages that are articles."""
    rows = []
    for element in ET.fromstring(data).iter(f"{NS}page"):
        get = lambda name, e=element: e.findtext("/".join(NS + n for n in name.split("/")))  # noqa: E731
        if all or (get("ns") == "0" and element.find(f"{NS}redirect") is None):
            rows.append((f"dewiki:{get('id')}", get("title"), get("revision/text") or ""))
    return rows


def told(frame):
    return list(frame[["id", "title", "text"]].itertuples(index=False, name=None))


def corpus(count, seed=0, words=60):
    rng = random.Random(seed)
    word = lambda: rng.choice(["Wasser", "и", "<ref>", "&amp;", "水", "[[x]]"]) + str(rng.random())  # noqa: E731
    texts = [" ".join(word() for _ in range(rng.randrange(1, words))) for _ in range(count)]
    pages = [
        page(n + 1, f"Titel {n}: é", text, ns=0 if n % 5 else 14,
             redirect="Ziel" if n % 7 == 3 else None)
        for n, text in enumerate(texts)
    ]  # fmt: skip
    return pages, [(n + 1, f"Titel {n}: é") for n in range(count)]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wiki")
    pages, titles = corpus(300, words=200)
    data = xml(pages)
    multi, index = multistream(pages, titles, each=20)
    name = "dewiki-20260101-pages-articles"
    files = {
        f"{name}.xml": data,
        f"{name}.xml.gz": gzip.compress(data),
        f"{name}1.xml-p1p300.bz2": bz2.compress(data, 1),
        f"{name}2.xml.bz2": in_pieces(data, 7001),
        f"{name}-multistream.xml.bz2": multi,
        f"{name}-multistream-index.txt.bz2": bz2.compress(index),
    }
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder, name, data


@pytest.mark.parametrize(
    "ending", [".xml", ".xml.gz", "1.xml-p1p300.bz2", "2.xml.bz2", "-multistream.xml.bz2"]
)
def test_every_packing_gives_the_same_pages(packed, ending):
    folder, name, data = packed
    path = folder / f"{name}{ending}"
    for size in ("64MB", "200kB", "37kB"):
        frame = read(path, block_size=size)
        assert told(frame) == expected(data)
        assert frame.dropped_by.isna().all()
    row = frame.iloc[0]
    assert row.url == "https://de.wikipedia.org/wiki/Titel_1:_%C3%A9" and row.language == "de"
    assert (row.namespace, row.revision, row.timestamp) == (0, 20, "2026-01-02T03:04:05Z")
    lazy = read_wikipedia(path, block_size="37kB")
    assert lazy.npartitions > (7 if ending.endswith(".gz") else 15)


def test_what_is_read(packed):
    folder, name, data = packed
    path = folder / f"{name}.xml"
    assert told(read(path, namespaces=None, redirects=True)) == expected(data, all=True)
    frame = read(path, namespaces=[14], redirects=True)
    assert (frame.namespace == 14).all() and (frame.redirect.dropna() == "Ziel").all()
    assert 0 < frame.redirect.notna().sum() < len(frame)
    assert (read(path, language="gsw").language == "gsw").all()
    with pytest.raises(DataError, match="no dump"):
        read(folder / f"{name}-multistream-index.txt.bz2")


def test_a_folder_of_dumps_leaves_indexes_out(tmp_path):
    pages, titles = corpus(20)
    for part, rows in enumerate((slice(0, 10), slice(10, 20))):
        data, index = multistream(pages[rows], titles[rows])
        stem = "dewiki-1-pages-articles-multistream"
        (tmp_path / f"{stem}{part}.xml-p{part}p9.bz2").write_bytes(data)
        (tmp_path / f"{stem}-index{part}.txt-p{part}p9.bz2").write_bytes(bz2.compress(index))
    (tmp_path / "other.tar.gz").write_bytes(b"no")
    assert told(read(tmp_path)) == expected(xml(pages))


def test_pages_by_the_index(packed):
    folder, name, data = packed
    path = folder / f"{name}-multistream.xml.bz2"
    every = {row[0]: row for row in expected(data, all=True)}
    frame = read(path, pages=["Titel 3: é", 1, 300, "Titel 4: é"])
    assert told(frame) == [every[f"dewiki:{n}"] for n in (1, 4, 5, 300)]
    lazy = read_wikipedia(
        path, pages=[1, 2, 3, 250], index=folder / f"{name}-multistream-index.txt.bz2"
    )
    assert lazy.npartitions == 2
    for wanted, match in (
        ({"pages": ["Titel 3", 1]}, "the index has no page 'Titel 3'"),
        ({"pages": "Titel 3: é"}, "is one title"),
        ({"pages": [1], "index": folder / "none.txt"}, "pass index="),
    ):
        with pytest.raises((DataError, SettingError), match=match):
            read(path, **wanted)
    with pytest.raises(DataError, match="no index by its name"):
        read(folder / f"{name}2.xml.bz2", pages=[1])


@pytest.mark.parametrize("index", [b"12:1:a\n11:2:b\n", b"nonsense\n", b"1:2:" + b"x" * 40_000])
def test_an_index_that_makes_no_sense(packed, tmp_path, index):
    folder, name, _ = packed
    (tmp_path / "index.txt").write_bytes(index)
    with pytest.raises(DataError, match=r"index\.txt"):
        read(folder / f"{name}-multistream.xml.bz2", pages=[1], index=tmp_path / "index.txt")


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    texts=st.lists(
        _TEXT | st.sampled_from(["<page>", "</page>", "]]>", "&lt;page&gt;"]), max_size=6
    ),
    size=st.integers(1, 3000),
    block=st.integers(40, 4000),
    how=st.sampled_from(["plain", "multi", "pieces"]),
)
def test_any_text_at_any_cut(tmp_path, texts, size, block, how):
    pages = [page(n, f"T{n}", text) for n, text in enumerate(texts)]
    data = xml(pages)
    path = tmp_path / ("d.xml" if how == "plain" else "d.xml.bz2")
    path.write_bytes(
        data if how == "plain" else in_pieces(data, max(size, 50)) if how == "pieces"
        else multistream(pages, [(n, "") for n in range(len(pages))], 1 + size % 3)[0]
    )  # fmt: skip
    frame = read(path, block_size=max(block, len(data) // 20))
    assert told(frame) == expected(data) and frame.dropped_by.isna().all()


def test_blocks_wherever_the_file_is_entered(tmp_path):
    rng = np.random.default_rng(1)
    data = bytes(rng.integers(0, 60, 700_000, np.uint8))  # seven blocks
    raw = bz2.compress(data, 1)
    (tmp_path / "x.bz2").write_bytes(raw + bz2.compress(b"") + bz2.compress(b"end"))
    (file,) = find_files(tmp_path / "x.bz2", (".bz2",))
    size = file.size
    assert b"".join(t.data for t in blocks(Ranges(file), 0, None)) == data + b"end"
    for cuts in (2, 5, 13, 40):
        ends = [size * k // cuts for k in range(cuts + 1)]
        got = b""
        for start, stop in itertools.pairwise(ends):
            found = list(blocks(Ranges(file), start, stop))
            assert all(isinstance(t, Text) for t in found)
            got += b"".join(t.data for t in found if t.mine)
        assert got == data + b"end"


def codes(frame):
    return sorted(why.partition(":")[0] for why in frame.dropped_why.dropna())


def test_pages_that_cannot_be_read(tmp_path):
    pages = [
        page(1, "gut", "a"),
        page(2, "versteckt", "", hidden=True),
        page(3, "Skript", "x()", model="javascript"),
        page(4, "Einheit", "x").replace("<text", "&eacute;<text"),
        page(5, "offen", "x").replace("</page>", ""),
        page(6, "lang", "x" * 5000),
        page(7, "tief", "x").replace("<sha1>", "<a>" * 40).replace("</sha1>", "</a>" * 40),
        page(8, "kein Text", "").replace('<text bytes="0" xml:space="preserve"></text>', ""),
        page(9, "Bombe", "x").replace("<title>", "<!DOCTYPE a [<!ENTITY b 'c'>]><title>"),
        page(10, "Bytes", "ZZZ"),
        page(11, "zuletzt", "z"),
    ]
    (tmp_path / "x.xml").write_bytes(xml(pages).replace(b"ZZZ", b"\xff\xfe"))
    frame = read(tmp_path / "x.xml", max_page=4000)
    assert len(frame) == 11 and frame.id.is_unique
    good = frame[frame.dropped_by.isna()]
    assert told(good) == [("dewiki:1", "gut", "a"), ("dewiki:11", "zuletzt", "z")]
    assert frame.title.tolist()[1:10] == [
        "versteckt", "Skript", "Einheit", "offen", "lang", "tief", "kein Text", "Bombe", "Bytes"
    ]  # fmt: skip
    assert codes(frame) == sorted(["wiki.no_text"] * 3 + ["xml.syntax"] * 5 + ["xml.too_long"])
    with pytest.raises(DataError, match=r"wiki\.no_text: x\.xml, page 'versteckt'"):
        read(tmp_path / "x.xml", errors="raise")


def test_dumps_that_are_none(tmp_path):
    pages, _ = corpus(9)
    whole = xml(pages)
    for name, data, code in (
        ("short.xml", whole[: len(whole) // 2], "file.truncated"),
        ("short.xml.bz2", bz2.compress(whole)[:-400], "file.truncated"),
        ("page.xml", b"<html><body>no wiki</body></html>", "file.corrupt"),
        ("page.xml.gz", gzip.compress(b"<feed>no wiki</feed>"), "file.corrupt"),
        ("no.xml.bz2", b"no bzip2 at all", "file.corrupt"),
        ("behind.xml.bz2", bz2.compress(whole) + b"rubbish", "file.corrupt"),
        ("wide.xml", whole.decode().encode("utf-16"), "text.utf16"),
        ("bomb.xml.gz", gzip.compress(bytes(300_000_000), 1), "file.bomb"),
    ):
        (tmp_path / name).write_bytes(data)
        frame = read(tmp_path / name, max_ratio=20)
        assert code in codes(frame), name
        assert frame.id.is_unique
        if name.startswith("page"):
            assert "no dump of MediaWiki" in frame.dropped_why[0] and len(frame) == 1


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".zst"])
def test_a_file_without_a_byte_holds_nothing(tmp_path, ending):
    (tmp_path / f"a.xml{ending}").write_bytes(b"")
    assert len(read(tmp_path / f"a.xml{ending}")) == 0


@pytest.mark.parametrize("ending", [".xml", ".xml.gz", ".xml.bz2"])
def test_pages_are_called_by_their_own_byte(tmp_path, ending):
    """Pages without a number, and damaged ones, whatever the partitions."""
    pages, _ = corpus(60, words=60)
    for n in (3, 4, 5, 40, 41):
        pages[n] = pages[n].replace(f"<id>{n + 1}</id>", "", 1)
    for n in (7, 41, 55):
        pages[n] = pages[n].replace("<text", "&eacute;<text")
    pages[20] = pages[20].replace("</page>", "")
    data = xml(pages)
    pack = {".xml": bytes, ".xml.gz": gzip.compress, ".xml.bz2": lambda d: in_pieces(d, 5000)}
    for name in ("a", "b"):  # of one wiki: what stands at the same byte in both is two pages
        (tmp_path / f"{name}{ending}").write_bytes(pack[ending](data))
    seen = []
    for size in ("64MB", "9kB", "3111B", "700B"):
        both = read(tmp_path, namespaces=None, redirects=True, block_size=size)
        nameless = both[~both.id.str.startswith("dewiki:")]
        assert nameless.id.is_unique and len(both) == 120 and len(nameless) == 16
        seen.append((nameless.id.tolist(), nameless.dropped_why.dropna().tolist()))
    assert all(one == seen[0] for one in seen)
    if ending == ".xml.bz2":
        return
    begins = [found.start() for found in re.finditer(b"<page>", data)]
    own = [begins[n] for n in (3, 4, 5, 7, 20, 40, 41, 55)]
    assert seen[0][0] == [f"{name}{ending}@{byte}" for name in "ab" for byte in own]
    damaged = [begins[n] for n in (7, 20, 41, 55)]
    assert [int(re.search(r", byte (\d+),", why)[1]) for why in seen[0][1]] == damaged * 2


def test_a_damaged_block_costs_its_pages(tmp_path):
    pages, titles = corpus(60, words=300)
    data, _ = multistream(pages, titles, each=10)
    spoilt = bytearray(data)
    spoilt[len(data) // 2] ^= 4
    (tmp_path / "x.xml.bz2").write_bytes(spoilt)
    for size in ("64MB", "20kB"):
        frame = read(tmp_path / "x.xml.bz2", namespaces=None, redirects=True, block_size=size)
        good = frame[frame.dropped_by.isna()]
        every = expected(xml(pages), all=True)
        assert len(good) == 50 and set(told(good)) < set(every)
        assert codes(frame) == ["file.corrupt"]


def test_cut_anywhere_between_two_streams(tmp_path):
    """Also within the ten bytes of the next one's head, where no mark is left to be found."""
    pages, titles = corpus(12, seed=3)
    data, _ = multistream(pages, titles, 6)
    streams = [found.start() for found in re.finditer(b"BZh[1-9]1AY&SY", data)]
    second = streams[2]  # of six pages, after the head of the dump and six others
    for cut in range(second, second + 16):
        (tmp_path / "x.xml.bz2").write_bytes(data[:cut])
        for size in ("64MB", f"{cut + 500}B", f"{cut - 20}B", "700B"):
            every = {"namespaces": None, "redirects": True, "block_size": size}
            frame = read(tmp_path / "x.xml.bz2", **every)
            assert frame.dropped_by.isna().sum() == 6, (cut, size)
            told = set(codes(frame))
            assert told and told <= {"file.truncated", "file.corrupt"}, (cut, size)


@pytest.mark.parametrize("kind", [".xml", ".xml.bz2", ".xml.gz"])
def test_fuzz(tmp_path, kind):
    pages, titles = corpus(40, seed=3)
    whole = xml(pages)
    every = {row[0]: row for row in expected(whole, all=True)}
    data = {".xml": whole, ".xml.gz": gzip.compress(whole),
            ".xml.bz2": multistream(pages, titles, 5)[0]}[kind]  # fmt: skip
    rng = np.random.default_rng(5)
    for number in range(80):
        path = tmp_path / f"{number}{kind}"
        path.write_bytes(damaged(data, rng))
        frame = read(
            path, namespaces=None, redirects=True, block_size=int(rng.integers(900, 60_000))
        )
        good, bad = frame[frame.dropped_by.isna()], frame[frame.dropped_by.notna()]
        assert all(code in CODES for code in codes(frame))
        if kind == ".xml":  # without checksums a changed letter is a letter
            assert len(frame) >= 1
            continue
        ours = [(row[0].replace(path.name, "dewiki"), *row[1:]) for row in told(good)]
        whole = all(every.get(row[0]) == row for row in ours)
        if kind == ".xml.bz2":  # each of its blocks has a checksum, gzip has one at its end
            assert whole
        if len(good) < len(every) or not whole:
            assert len(bad), "pages are missing, and nothing says so"
        path.unlink()


def test_text_of_pages(tmp_path):
    pages = [
        page(1, "Wasser", "'''Wasser''' ist [[Stoff|ein Stoff]].<ref>x</ref>[[Datei:W.jpg|mini]]\n"
             "== Teil ==\nText{{Vorlage}}\n[[Kategorie:Chemie]]"),
        page(2, "leer", ""),
        page(3, "versteckt", "", hidden=True),
    ]  # fmt: skip
    (tmp_path / "x.xml").write_bytes(xml(pages))
    frame = read(tmp_path / "x.xml", form="text")
    assert frame.text.tolist() == ["Wasser ist ein Stoff.\n\nTeil\n\nText", "", pd.NA]
    bare = read(tmp_path / "x.xml", form="text", headings=False)
    assert bare.text[0] == "Wasser ist ein Stoff.\n\nText"
    slow = page(4, "lang", "[[a|b]] {{c}} ''d'' " * 20_000)
    (tmp_path / "y.xml").write_bytes(xml([pages[0], slow, pages[1]]))
    late = read(tmp_path / "y.xml", form="text", timeout=0.2)
    assert "sandbox.timeout" in codes(late) and len(late) == 3


def test_settings(tmp_path, monkeypatch):
    (tmp_path / "x.xml").write_bytes((HEAD + TAIL).encode())
    assert len(read(tmp_path / "x.xml")) == 0
    for wrong in (
        {"form": "html"},
        {"namespaces": ["Talk"]},
        {"timeout": 0},
        {"max_page": "x"},
    ):
        with pytest.raises(SettingError):
            read(tmp_path / "x.xml", **wrong)
    monkeypatch.setitem(__import__("sys").modules, "mwparserfromhell", None)
    with pytest.raises(
        MissingPackageError, match=r"mwparserfromhell: pip install 'tamis\[documents\]'"
    ):
        tamis.read_wikipedia(tmp_path / "x.xml")
