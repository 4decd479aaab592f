"""What a dump says of its wiki, before the pages: names, addresses, namespaces."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from tamis.codes import BadRecord
from tamis.io.byte_ranges import Ranges
from tamis.io.bz2_blocks import Text, blocks
from tamis.io.compression import Stream, codec
from tamis.io.files import File, open_file

_HEAD = (
    256 << 10
)  # bytes in which it must stand: that of Wikidata, with hundreds of names, has 20 K
_SITE = re.compile(rb"<siteinfo>.*?</siteinfo>", re.DOTALL)
_LANGUAGE = re.compile(rb"<mediawiki\b[^>]*?\bxml:lang=[\"']([A-Za-z0-9-]{1,40})[\"']")
_NAMED = re.compile(r"^([a-z0-9_]+?)(wiki|wiktionary|wikibooks|wikinews|wikiquote|wikisource)-")
_KEPT = ";@$!*(),/~:"  # what MediaWiki leaves as it is in an address
_FILES, _MEDIA, _CATEGORY = "6", "-2", "14"


@dataclass(frozen=True)
class Site:
    """A wiki: its database name, language, the address of a page without its title."""

    name: str
    language: str | None
    address: str | None
    dropped: tuple[str, ...] = ()
    """What files, media and categories are called there."""
    dump: bool = True
    """Whether the head is that of a dump, or cannot be had."""

    def url(self, title: str | None) -> str | None:
        """The address of a page."""
        if self.address is None or not title:
            return None
        return self.address + urllib.parse.quote(title.replace(" ", "_"), safe=_KEPT)


def site(file: File, language: str | None, options: Mapping[str, Any]) -> Site:
    """What the head of a dump says; where it says nothing, what its name does."""
    head = _head(file, options)
    stem = file.name.rpartition("/")[2]
    named = _NAMED.match(stem)
    name = named.group(1) + named.group(2) if named else stem
    told = _LANGUAGE.search(head[:4096])
    found = language or (told.group(1).decode() if told else None)
    if found is None and named:
        found = named.group(1).replace("_", "-")
    match = _SITE.search(head)
    if match is None:
        dump = not head or b"<mediawiki" in head or b"<page>" in head
        return Site(name, found, None, dump=dump)
    try:
        texts, spaces = _parsed(match.group())
    except (expat.ExpatError, BadRecord):
        return Site(name, found, None)
    base = texts.get("base", "")
    address = base.rpartition("/")[0] + "/" if base.startswith(("http://", "https://")) else None
    dropped = tuple(spaces[key] for key in (_FILES, _MEDIA, _CATEGORY) if spaces.get(key))
    return Site(texts.get("dbname") or name, found, address, dropped)


def _parsed(data: bytes) -> tuple[dict[str, str], dict[str, str]]:
    texts: dict[str, str] = {}
    spaces: dict[str, str] = {}
    pieces: list[str] = []
    keys: list[str] = []
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: dict[str, str]) -> None:
        pieces.clear()
        keys.append(attributes.get("key", ""))
        if len(keys) > 32:
            raise BadRecord("xml.syntax", "nested too deep")

    def end(name: str) -> None:
        key = keys.pop()
        (spaces if name == "namespace" else texts)[key if name == "namespace" else name] = "".join(
            pieces
        ).strip()
        pieces.clear()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = pieces.append
    parser.Parse(data, True)
    return texts, spaces


def _head(file: File, options: Mapping[str, Any]) -> bytes:
    """The first text of a dump, as much as can be had; what is wrong is said when it is read."""
    packed = codec(file.name)
    try:
        if packed == "bz2":
            found = b""
            for text in blocks(Ranges(file, options), 0, 1):
                if not isinstance(text, Text):
                    break
                found += text.data
                if len(found) >= _HEAD or b"<page>" in found:
                    break
            return found
        stream = Stream(lambda: open_file(file, options), packed, 1e9)
    except (BadRecord, OSError):
        return b""
    head = b""
    try:
        while len(head) < _HEAD and (data := stream.read(_HEAD - len(head))):
            head += data
    except BadRecord:
        pass
    finally:
        stream.close()
    return head
