"""Read the XML dumps of Wikipedia, and of any wiki that MediaWiki runs."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import DataError, SettingError
from tamis.extras import absent, missing
from tamis.io.compression import EXTENSIONS, codec
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.jsonl import plan
from tamis.io.row_list import RowList
from tamis.io.schema import TEXT
from tamis.io.sizes import ratio, seconds, size
from tamis.io.wiki_index import IS_INDEX, look_up
from tamis.io.wiki_pages import Lost, Page, Raw, cut, parsed
from tamis.io.wiki_site import Site, site
from tamis.io.wiki_texts import Piece, texts
from tamis.media.sandbox import isolated

NAME = "read_wikipedia"
_DUMP = re.compile(r"\.xml(-p\d+p\d+)?(\.\w+)?$")
_PLAIN = "tamis.io.wikitext:plain"
_EXPANDED = 4.0  # text of a byte of bzip2: of enwiki 3.6, of bgwiki 6.6
_COLUMNS = {
    "id": TEXT, "text": TEXT, "title": TEXT, "url": TEXT, "language": TEXT,
    "namespace": pa.int64(), "redirect": TEXT, "revision": pa.int64(), "timestamp": TEXT,
}  # fmt: skip
FORMS = ("text", "wikitext")


def read_wikipedia(
    paths: Paths,
    *,
    namespaces: Sequence[int] | None = (0,),
    redirects: bool = False,
    form: str = "text",
    headings: bool = True,
    language: str | None = None,
    pages: Sequence[str | int] | None = None,
    index: str | os.PathLike[str] | None = None,
    block_size: int | str = "64MB",
    max_page: int | str = "16MB",
    max_ratio: float = 1000.0,
    timeout: float = 30.0,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read XML dumps of MediaWiki (`pages-articles`; .xml, .bz2, .gz, .zst, .xz) as a lazy frame.

    A row is a page: `id` (`enwiki:12`, wiki and page number), `text`, `title`, `url`, `language`
    (of the dump, or `language`), `namespace`, `redirect` (where it leads, else null), `revision`
    and `timestamp` of the last revision. Read are pages of `namespaces` (None: all) that are no
    redirects, unless `redirects`. `form="text"` is what `tamis.io.wikitext.plain` makes of them, in
    processes of their own, with at most `timeout` seconds for a page; `"wikitext"` is as it stands.
    Both need no network. `headings=False` leaves those of sections out.

    bzip2 is cut into partitions of about `block_size` of text at its blocks, multistream or not,
    and needs no index; other packed files are unpacked once for each of at most eight partitions.
    A page belongs to the partition in which it begins. One without a number is named by its byte,
    `<file>@<byte>` (of bzip2 `<file>@<byte of the block>+<byte in its text>`). `pages` names titles
    or numbers that alone are read, by the index of a multistream dump, `index` or the file of that
    name beside it.

    A page that is damaged, hidden, no wikitext or longer than `max_page` is a row with
    `dropped_by="read_wikipedia"` and the reason; so is a block of bzip2 that is damaged, and a dump
    that ends early. `errors="raise"` makes the first of them a `DataError`. Needs
    `tamis[documents]`.
    """
    check_errors(errors)
    if form not in FORMS:
        raise SettingError(f"form must be one of {', '.join(FORMS)}, found {form!r}")
    if form == "text" and absent(["mwparserfromhell"]):
        raise missing({NAME: {"mwparserfromhell": "documents"}})
    options = dict(storage_options or {})
    files = _dumps(paths, options)
    block = size("block_size", block_size)
    times = ratio(max_ratio)
    if pages is not None:
        work = _wanted(files, pages, index, language, options)
    else:
        work = [part for file in files for part in _cut(file, block, language, options)]
    types = quarantine_types(_COLUMNS, errors)
    return dask_frame(
        read_work,
        work,
        Types(tuple(types.items())),
        NAME,
        namespaces=_numbers(namespaces),
        redirects=bool(redirects),
        form=form,
        headings=bool(headings),
        max_page=size("max_page", max_page),
        max_ratio=times,
        timeout=seconds("timeout", timeout),
        raising=errors == "raise",
        storage_options=options,
    )


def read_work(
    work: Work,
    *,
    types: Types,
    namespaces: tuple[int, ...] | None,
    redirects: bool,
    form: str,
    headings: bool,
    max_page: int,
    max_ratio: float,
    timeout: float,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    rows = RowList(types, NAME, raising)
    for piece in work.pieces:
        found = _pages(piece, max_page, max_ratio, storage_options)
        chosen = (
            (page, at)
            for page, at in found
            if isinstance(page, Lost) or _chosen(page, piece, namespaces, redirects)
        )
        for page, at, text in _texts(chosen, piece.site, form, headings, timeout):
            if isinstance(page, Lost):
                _lost(rows, piece, page)
                continue
            known = _known(page, piece, at)
            if isinstance(text, BadRecord):
                rows.lost(f"{piece.file.name}, page {page.title!r}", text, known)
            else:
                rows.add(known | {"text": text})
    return rows.frame()


def _pages(
    piece: Piece, max_page: int, max_ratio: float, options: Mapping[str, Any]
) -> Iterator[tuple[Page | Lost, str]]:
    found = texts(piece, max_ratio, options)
    pieces = cut(found, max_page, piece.start == 0, piece.site.dump)
    for raw in pieces:
        if isinstance(raw, Raw):
            try:
                yield parsed(raw.data), raw.at
            except BadRecord as bad:
                yield Lost(bad, raw.at, raw.data[:2000]), raw.at
        else:
            yield raw, raw.at


def _chosen(page: Page, piece: Piece, namespaces: Any, redirects: bool) -> bool:
    if piece.only is not None:
        return page.number in piece.only
    if page.redirect is not None and not redirects:
        return False
    return namespaces is None or page.namespace in namespaces


def _texts(
    pages: Iterator[tuple[Page | Lost, str]], wiki: Site, form: str, headings: bool, timeout: float
) -> Iterator[tuple[Page | Lost, str, str | BadRecord | None]]:
    """The pages in order, each with its text or why there is none."""
    waiting: deque[tuple[Page | Lost, str, Any]] = deque()
    settings = {"headings": headings, "dropped": list(wiki.dropped)}

    def asked() -> Iterator[tuple[bytes, dict[str, Any]]]:
        for page, at in pages:
            text = None if isinstance(page, Lost) else _text(page)
            waiting.append((page, at, text))
            if isinstance(text, str) and text and form == "text":
                yield text.encode(), settings

    results = isolated(_PLAIN, asked(), timeout=timeout, preload=("mwparserfromhell",))
    for result in results:
        while not _asked(waiting[0][2], form):
            yield waiting.popleft()
        page, at, _ = waiting.popleft()
        yield page, at, result if isinstance(result, BadRecord) else bytes(result).decode()
    yield from waiting


def _asked(text: Any, form: str) -> bool:
    return isinstance(text, str) and bool(text) and form == "text"


def _text(page: Page) -> str | BadRecord:
    if page.hidden:
        return BadRecord("wiki.no_text", "the text of the revision is hidden")
    if page.text is None:
        return BadRecord("wiki.no_text", "the page has no text")
    if page.model not in (None, "", "wikitext"):
        return BadRecord("wiki.no_text", f"the page is {page.model[:40]}, not wikitext")
    return page.text


def _known(page: Page, piece: Piece, at: str) -> dict[str, Any]:
    wiki = piece.site
    return {
        "id": f"{wiki.name}:{page.number}" if page.number else f"{piece.file.name}@{at}",
        "title": page.title,
        "url": wiki.url(page.title),
        "language": wiki.language,
        "namespace": page.namespace,
        "redirect": page.redirect,
        "revision": page.revision,
        "timestamp": page.timestamp,
    }


_TITLE = re.compile(rb"<title>([^<]{1,1000})</title>")


def _lost(rows: RowList, piece: Piece, lost: Lost) -> None:
    """A row for what could not be read, by what its beginning still says."""
    title = _TITLE.search(lost.head)
    where = f"{piece.file.name}, byte {lost.at}"
    known: dict[str, Any] = {"id": f"{piece.file.name}@{lost.at}"}
    if title:
        import html

        known["title"] = html.unescape(title.group(1).decode("utf-8", "replace"))
        where += f", page {known['title']!r}"
    rows.lost(where, lost.bad, known)


def _dumps(paths: Paths, options: Mapping[str, Any]) -> list[File]:
    files = find_files(paths, tuple({".xml": 0, **EXTENSIONS}), options)
    dumps = [file for file in files if not IS_INDEX.search(file.url)]
    if len(dumps) > 1:  # what a folder or pattern brings beside them
        dumps = [file for file in dumps if _DUMP.search(file.url.partition("::")[0])]
    if not dumps:
        raise DataError(f"{files[0].url} is no dump: its name has no .xml")
    return dumps


def _numbers(namespaces: Sequence[int] | None) -> tuple[int, ...] | None:
    if namespaces is None:
        return None
    found = (namespaces,) if isinstance(namespaces, int) else tuple(namespaces)
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in found):
        raise SettingError(f"namespaces are numbers, as the dump has them; found {namespaces!r}")
    return found


def _cut(file: File, block: int, language: str | None, options: Mapping[str, Any]) -> list[Work]:
    wiki = site(file, language, options)
    if codec(file.name) == "bz2":
        step = max(1, int(block / _EXPANDED))
        count = max(1, round(file.size / step))
        ends = [file.size * k // count for k in range(1, count)]
        spans = zip([0, *ends], [*ends, None], strict=True)
        return [Work((Piece(file, start, stop, wiki),)) for start, stop in spans]
    parts = plan([file], block, _EXPANDED, None)
    return [
        Work(tuple(Piece(p.file, p.start, p.stop, wiki) for p in part.pieces)) for part in parts
    ]


def _wanted(
    files: Sequence[File], pages: Sequence[str | int], index: Any, language: str | None,
    options: Mapping[str, Any],
) -> list[Work]:  # fmt: skip
    """A partition for each stream that holds some of the pages."""
    if isinstance(pages, str):
        raise SettingError(f"pages={pages!r} is one title; give a list")
    if index is not None and len(files) > 1:
        raise SettingError("index= is that of one dump; for several they are found by their names")
    work: list[Work] = []
    left = set(pages)
    for file in files:
        if codec(file.name) != "bz2":
            raise SettingError(f"pages= is for multistream dumps (.bz2), not {file.url}")
        wiki = site(file, language, options)
        found, lacking = look_up(file, index, pages, options)
        left &= lacking
        for offset, numbers in sorted(found.streams.items()):
            stop = found.ends[offset]
            piece = Piece(file, offset, stop or file.size, wiki, tuple(numbers))
            work.append(Work((piece,)))
    if left:
        named = ", ".join(repr(name) for name in sorted(left, key=str)[:5])
        raise DataError(f"the index has no page {named}")
    return work
