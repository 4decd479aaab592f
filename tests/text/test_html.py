"""Text of web pages, beside the extractors called plainly; and pages made to harm them."""

import sys
from pathlib import Path

import justext
import pandas as pd
import pytest
import trafilatura
from resiliparse.extract.html2text import extract_plain_text
from trafilatura.meta import reset_caches
from trafilatura.settings import use_config

import tamis
from tamis import Edit, Filter, Pipeline, text
from tamis.errors import MissingPackageError
from tamis.text.stop_words import NAMES, stop_words

ARCHIVE = Path(tamis.__file__).parent / "datasets" / "archive"
LISTS = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "ru": "Russian",
         "el": "Greek"}  # fmt: skip
OPS = {
    "resiliparse": text.extract_resiliparse,
    "trafilatura": text.extract_trafilatura,
    "justext": text.extract_justext,
}


@pytest.fixture(scope="module")
def pages():
    """A page of each kind, with its language as its address tells it."""
    found = tamis.read_warc(str(ARCHIVE)).compute(scheduler="sync").dropna(subset="html")
    found = found[
        found.url.str.contains("(?:en|de|ja|zh_CN|ko|ru).amd64/ch01s0[23]|faq/(?:in|g)ui")
    ]
    said = found.url.str.extract(r"manual/(\w\w)")[0]
    return found.assign(said=said.fillna("en"))


def of_prose(plain, language, least=0.32):
    """What NeMo Curator leaves of it: paragraphs of which a share are stop words."""
    kept = []
    for paragraph in (line.strip() for line in plain.split("\n")):
        words = paragraph.split()
        if not words:
            continue
        if language in LISTS:
            stop = {word.lower() for word in justext.get_stoplist(LISTS[language])}
            if len([word for word in words if word.lower() in stop]) / len(words) < least:
                continue
        kept.append(paragraph)
    return "\n\n".join(kept)


def by_resiliparse(html, language):
    return of_prose(extract_plain_text(html, main_content=True, alt_texts=False), language)


def by_trafilatura(html, language):
    config = use_config()
    for name, value in {
        "MIN_EXTRACTED_SIZE": 250, "MIN_EXTRACTED_COMM_SIZE": 1, "MIN_OUTPUT_SIZE": 1,
        "MIN_OUTPUT_COMM_SIZE": 1, "MIN_DUPLCHECK_SIZE": 100, "MAX_REPETITIONS": 2,
    }.items():  # fmt: skip
        config["DEFAULT"][name] = str(value)
    reset_caches()  # what it remembers of other pages
    return of_prose(trafilatura.extract(html, config=config, deduplicate=True) or "", language)


def by_justext(html, language):
    if language in LISTS:
        found = justext.justext(html.encode(), justext.get_stoplist(LISTS[language]))
    else:
        found = justext.justext(html.encode(), frozenset(), stopwords_low=0, stopwords_high=0)
    return "\n\n".join(part.text for part in found if not part.is_boilerplate)


@pytest.mark.parametrize("name", OPS)
def test_as_the_library_itself_does_it(pages, name):
    plainly = {"resiliparse": by_resiliparse, "trafilatura": by_trafilatura, "justext": by_justext}
    expected = [
        plainly[name](html, said) for html, said in zip(pages.html, pages.said, strict=True)
    ]
    assert OPS[name](pages.html).tolist() == expected
    assert sum(map(bool, expected)) >= len(expected) - 2
    navigation = pages.html.str.contains("accesskey")  # of the installation guide
    assert not pd.Series(expected)[navigation.tolist()].str.contains("Prev|Next").any()


def test_a_page_is_judged_alone(pages):
    """Trafilatura remembers what it saw, and would cut the fourth copy of a page."""
    html = pages.html.iloc[1]
    several = text.extract_trafilatura([html] * 5).tolist()
    assert len(set(several)) == 1 and len(several[0]) > 1000


def test_in_this_process_or_in_another(pages):
    few = pages.html.iloc[::9]
    for op in OPS.values():
        assert op(few, isolate=False).tolist() == op(few).tolist()


def test_language_named_or_found(pages):
    german = pages[pages.said == "de"].html.iloc[0]
    found = text.extract_resiliparse(german)
    assert len(found) > 500 and found == text.extract_resiliparse(german, language="de")
    assert text.extract_resiliparse(german, language="en") == ""
    assert len(text.extract_resiliparse(german, language="ja")) > len(found)  # nothing is counted
    every = text.extract_resiliparse(german, stopword_density=0)
    assert len(every) > len(found)
    with pytest.raises(tamis.TamisError, match="no code of a language"):
        text.extract_resiliparse(german, language="German")


def test_lists_of_stop_words_are_there():
    assert min(len(stop_words(language)) for language in NAMES) > 5
    assert len(stop_words("de")) > 200
    assert stop_words("zh") is None and stop_words("xx") is None and stop_words(None) is None


def column(*pages):
    ids = [str(k) for k in range(len(pages))]
    return pd.DataFrame({"id": ids, "html": pd.Series(pages, dtype="string")})


def test_nothing_in_nothing_out():
    frame = column(None, "", "  ", "<p></p>", "<nav>Home</nav>")
    for op in OPS.values():
        found = Edit(op, to="text").explain(frame)
        assert found.text.isna().tolist() == [True, False, False, False, False]
        assert found.text.fillna("").eq("").all() and found.dropped_why.isna().all()


SAID = "<p>" + "It is what it is, and that is all that there is to be said of it. " * 4 + "</p>"
HOSTILE = {
    "deep": "<b>" * 50_000 + SAID,
    "entities": "<p>" + "&amp;&#x10FFFF;&nosuch;" * 20_000,
    "laughs": '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(9))
    + "]><p>&a9;</p>",
    "external": '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>&a; is what it is</p>',
    "tables": "<table><tr><td>" * 5000 + SAID,
    "zeros": "\0<p>\0it is what it is\0</p>" * 100,
    "angles": "<" * 200_000,
    "comments": "<!--" * 50_000,
    "script": "<script>" + "x" * 500_000,
    "formatting": "<a><b><i><u>" * 3000 + SAID,
    "declaration": '<?xml version="1.0" encoding="utf-16"?>' + SAID * 5,
    "surrogates": "&#xD800;&#xDFFF;" + SAID * 5,
}


@pytest.mark.parametrize("name", OPS)
def test_pages_made_to_harm_harm_nobody(name):
    good = "<html><body>" + SAID * 5
    expected = OPS[name](good)
    assert "It is what it is" in expected
    frame = column(*(page for each in HOSTILE.values() for page in (each, good)))
    found = Edit(OPS[name], to="text").explain(frame)
    assert found.text.tolist()[1::2] == [expected] * len(HOSTILE)
    for page in found.itertuples():
        assert isinstance(page.text, str) or page.dropped_why.startswith(("html.", "sandbox."))
        assert not isinstance(page.text, str) or "root:" not in page.text


SLOW = "<p " + " ".join(f"a{n}=1" for n in range(60_000)) + ">x</p>"  # takes a minute


def test_what_takes_too_long_is_dropped_with_the_reason():
    step = Edit(text.extract_resiliparse, to="text", timeout=1.0, name="extract")
    found = step.explain(column(None, SLOW))
    assert found.dropped_by.isna().tolist() == [True, False] and found.text.isna().all()
    assert found.dropped_by[1] == "extract"
    assert found.dropped_why[1] == "sandbox.timeout: it took longer than 1 s"


def test_what_is_too_long_is_dropped_with_the_reason(tmp_path):
    frame = column(SAID * 5, SLOW, "x" * 500_001, None, SAID * 4)
    shorter = Edit(text.extract_resiliparse, to="text", max_size=400_000)
    found = shorter.explain(frame)
    assert found.text.notna().tolist() == [True, False, False, False, True]
    assert found.dropped_why.notna().tolist() == [False, True, True, False, False]
    assert found.dropped_why[2].startswith("html.too_long: it has 500001 bytes")

    pipeline = Pipeline([shorter, Filter(text.word_count, min=1)])
    report = pipeline.run(tamis.from_pandas(frame, npartitions=2), str(tmp_path / "out"))
    assert report.kept().compute().id.tolist() == ["0", "4"]
    dropped = report.dropped().compute().set_index("id").dropped_why
    assert dropped.str.partition(":")[0].to_dict() == {
        "1": "html.too_long", "2": "html.too_long", "3": "text.null",
    }  # fmt: skip
    lazily = pipeline(tamis.from_pandas(frame, npartitions=2)).compute()
    assert lazily.id.tolist() == ["0", "4"]


def test_rows_that_are_not_asked_for_are_left_alone():
    frame = column("x" * 2_000_000, SAID * 5).assign(kind=["other", "page"])
    step = Edit(text.extract_resiliparse, to="text", max_size=9999, where={"kind": "page"})
    found = step.explain(frame)
    assert found.dropped_why.isna().all() and found.text.isna().tolist() == [True, False]


def test_a_missing_package_is_told_before_anything_runs(monkeypatch, tmp_path):
    for module in ("justext", "fastwarc"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=r"needs justext: pip install 'tamis\[html\]'"):
        Pipeline([Edit(text.extract_justext, to="text")]).run(column(SAID), tmp_path / "out")
    with pytest.raises(MissingPackageError, match=r"^read_warc needs fastwarc: pip install"):
        tamis.read_warc(str(ARCHIVE))
