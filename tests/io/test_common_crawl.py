"""Common Crawl's lists, archives and index, from a server of our own that looks like it."""

import gzip
import json

import pandas as pd
import pytest
from crawl_server import serving
from warc_files import archive, packed, page_of, response

import tamis
from tamis.io import patient

A, B = archive(5), archive(5, seed=1)
TEXT = packed(
    [("conversion", "http://example.org/1", b"Some text.", None, {"Content-Type": "text/plain"})]
)


def listing(*names):
    return gzip.compress("".join(f"{name}\n" for name in names).encode())


def crawl():
    """Two snapshots, a month of news, and the list of snapshots."""
    files = {"collinfo.json": json.dumps([
        {"id": name}
        for name in ("CC-MAIN-2024-10", "CC-MAIN-2024-18", "CC-MAIN-2024-26", "CC-MAIN-2009-2010")
    ]).encode()}  # fmt: skip
    for week, data in (("2024-10", A), ("2024-18", B)):
        home = f"crawl-data/CC-MAIN-{week}"
        names = [f"{home}/segments/1.1/warc/a-00000.warc.gz", f"{home}/segments/1.1/warc/b.warc.gz"]
        files[f"{home}/warc.paths.gz"] = listing(*names)
        files |= dict.fromkeys(names, data)
        wet = f"{home}/segments/1.1/wet/a-00000.warc.wet.gz"
        files |= {f"{home}/wet.paths.gz": listing(wet), wet: TEXT}
    news = "crawl-data/CC-NEWS/2023/12/CC-NEWS-20231201-00001.warc.gz"
    return files | {"crawl-data/CC-NEWS/2023/12/warc.paths.gz": listing(news), news: A}


def test_snapshots_to_files_to_pages():
    with serving(crawl()) as base:
        one = tamis.common_crawl("2024-10", base=base)
        assert [name.removeprefix(base) for name in one] == [
            f"crawl-data/CC-MAIN-2024-10/segments/1.1/warc/{n}.warc.gz" for n in ("a-00000", "b")
        ]
        both = tamis.common_crawl(
            "2024-10", "CC-MAIN-2024-20", base=base, index=f"{base}collinfo.json"
        )
        assert both[:2] == one and len(both) == 4
        assert tamis.common_crawl("2024-10", base=base, limit=1) == one[:1]
        pages = tamis.read_warc(both[1:3], block_size="4kB")
        assert pages.npartitions > 2
        found = pages.compute(scheduler="sync")
        assert found.html.tolist() == [
            page_of(n, seed=k).decode() for k in (0, 1) for n in range(5)
        ]
        assert found.path.str.startswith("http://127.0.0.1").all()

        texts = tamis.read_warc(tamis.common_crawl("2024-10", kind="wet", base=base))
        assert texts.compute(scheduler="sync").text.tolist() == ["Some text."]
        news = tamis.common_crawl("2023-12", news=True, base=base)
        assert len(tamis.read_warc(news).compute(scheduler="sync")) == 5


def test_a_mirror_in_a_folder(tmp_path):
    for name, data in crawl().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    names = tamis.common_crawl("2024-18", base=str(tmp_path))
    assert tamis.read_warc(names).compute(scheduler="sync").html.notna().sum() == 10


def test_what_is_wrong_is_said_at_the_call(tmp_path):
    files = crawl()
    for settings in (
        {"first": "2024"}, {"first": "2024-10", "last": "2024-02"}, {"first": 202410},
        {"first": "2024-10", "kind": "wat"}, {"first": "2024-10", "limit": 0},
        {"first": "2015-01", "news": True}, {"first": "2024-13", "news": True},
        {"first": "2024-10", "news": True, "kind": "wet"},
    ):  # fmt: skip
        with pytest.raises(tamis.TamisError):
            tamis.common_crawl(**settings)
    files["crawl-data/CC-MAIN-2020-10/warc.paths.gz"] = listing("../../etc/passwd")
    files["crawl-data/CC-MAIN-2020-11/warc.paths.gz"] = b"<html>sorry</html>"
    files["crawl-data/CC-MAIN-2020-12/warc.paths.gz"] = listing("a.gz")[:-5]
    files["crawl-data/CC-MAIN-2020-13/warc.paths.gz"] = listing("http://elsewhere.org/a.gz")
    files["list.json"] = b'[{"name": 3}]'
    with serving(files) as base:
        for week, said in (("09", "is there such a snapshot"), ("10", "no file of the crawl"),
                           ("11", "no list of files"), ("12", "ends early"),
                           ("13", "no file of the crawl")):  # fmt: skip
            with pytest.raises(tamis.TamisError, match=said):
                tamis.common_crawl(f"2020-{week}", base=base)
        with pytest.raises(tamis.TamisError, match="no list of snapshots"):
            tamis.common_crawl("2024-10", "2024-20", base=base, index=f"{base}list.json")
        with pytest.raises(tamis.TamisError, match="has no snapshot from 2021-01 to 2021-05"):
            tamis.common_crawl("2021-01", "2021-05", base=base, index=f"{base}collinfo.json")


def test_records_by_an_index(tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(A)
    known = tamis.read_warc(str(tmp_path)).compute(scheduler="sync")
    index = pd.DataFrame({
        "url": known.url, "filename": "crawl-data/a.warc.gz", "offset": known.offset,
        "length": known["size"], "fetch_status": 200,
    }).iloc[[3, 0, 4]]  # fmt: skip
    with serving({"crawl-data/a.warc.gz": A}) as base:
        found = tamis.read_warc_records(index, base=base)
        lazily = tamis.read_warc_records(tamis.from_pandas(index.assign(id=list("abc"))), base=base)
        lazily = lazily.compute(scheduler="sync")
    assert found.html.tolist() == known.html.iloc[[3, 0, 4]].tolist()
    assert found.record_id.tolist() == known.record_id.iloc[[3, 0, 4]].tolist()
    assert found.id.tolist() == [f"crawl-data/a.warc.gz:{n}" for n in index.offset]
    assert found.index.equals(index.index) and (found.fetch_status == 200).all()
    assert lazily.id.tolist() == list("abc") and lazily.html.tolist() == found.html.tolist()
    again = tamis.read_warc_records(
        known[["id", "path", "offset", "size"]], path="path", size="size"
    )
    assert again.html.tolist() == known.html.tolist() and again.id.tolist() == known.id.tolist()


def test_an_index_does_not_lead_out_of_the_archive(tmp_path):
    (tmp_path / "in").mkdir()
    for place in ("in/a.warc.gz", "b.warc.gz"):
        (tmp_path / place).write_bytes(A)
    names = ["a.warc.gz", "../b.warc.gz", str(tmp_path / "b.warc.gz"), "http://127.0.0.1:9/a"]
    size = tamis.read_warc(str(tmp_path / "b.warc.gz")).compute(scheduler="sync")["size"][0]
    index = pd.DataFrame({"filename": names, "offset": 0, "length": size})
    found = tamis.read_warc_records(index, base=str(tmp_path / "in"))
    codes = found.dropped_why.str.partition(":")[0].fillna("read").tolist()
    assert codes == ["read", "media.outside", "media.outside", "media.outside"]
    assert found.html.notna().tolist() == [True, False, False, False]


def test_records_that_cannot_be_had_say_why():
    rows = [
        ("a.warc.gz", 0, 300), ("a.warc.gz", 7, 500), ("a.warc.gz", len(A) - 20, 900),
        ("none.warc.gz", 0, 100), (None, 0, 100), ("404.warc", 0, None), ("a.warc.gz", 10**9, 5),
    ]  # fmt: skip
    index = pd.DataFrame(rows, columns=["filename", "offset", "length"]).astype(
        {"filename": "string", "length": "Int64"}
    )
    gone = packed([response(0, b"<p>gone</p>", status="404 Not Found")], gz=False)
    with serving({"a.warc.gz": A, "404.warc": gone}) as base:
        found = tamis.read_warc_records(index, base=base)
        codes = found.dropped_why.str.partition(":")[0].tolist()
        assert codes == ["file.truncated", "warc.header", "media.unreadable", "media.missing",
                         "media.null", "warc.status", "media.unreadable"]  # fmt: skip
        assert (found.dropped_by == "read_warc_records").all() and found.html.isna().all()
        with pytest.raises(tamis.TamisError, match=r"file\.truncated"):
            tamis.read_warc_records(index, base=base, errors="raise")
    with pytest.raises(tamis.TamisError, match="no column 'length'"):
        tamis.read_warc_records(index.drop(columns="length"))


def test_a_row_without_an_offset_is_not_the_first_record(tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(A)
    index = pd.DataFrame({"filename": "a.warc.gz", "offset": [0, None], "length": [None, 900]})
    found = tamis.read_warc_records(index.astype({"length": "Int64"}), base=str(tmp_path))
    assert found.html.notna().tolist() == [True, False] and pd.isna(found.dropped_why[0])
    assert found.dropped_why[1].startswith("media.null: ")


def test_a_server_that_breaks_off_or_does_not_say_how_large_a_file_is(monkeypatch):
    monkeypatch.setattr(patient, "PAUSES", (0.0, 0.0))
    files = {"short.warc.gz": archive(400, words=400), "silent.warc.gz": A, "good.warc.gz": B}
    with serving(files, short=["short.warc.gz"], silent=["silent.warc.gz"]) as base:
        names = [f"{base}{name}" for name in files]
        found = tamis.read_warc(names).compute(scheduler="sync")
    bad = found[found.dropped_by.notna()]
    assert found.html.notna().sum() >= 5 and bad.path.str.contains("short|silent").all()
    assert {name.rsplit("/", 1)[1] for name in bad.path} == {"short.warc.gz", "silent.warc.gz"}
    assert bad.dropped_why.str.startswith("file.unreadable: ").all()


def test_a_connection_that_breaks_once_costs_nothing(monkeypatch):
    monkeypatch.setattr(patient, "PAUSES", (0.0,))
    large = archive(300, words=300)
    with serving({"a.warc.gz": large}, short_once=["a.warc.gz"]) as base:
        found = tamis.read_warc(f"{base}a.warc.gz").compute(scheduler="sync")
    assert len(found) == 300 and found.dropped_by.isna().all()
