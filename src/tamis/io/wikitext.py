"""Wikitext as plain text, parsed by mwparserfromhell.

Read are prose, headings, lists and the labels of links. Left out are templates, tables, references,
files, categories, links to other languages, comments, and what only the software reads. What an
article says by a template (a converted length, a word in another script) so leaves a gap; brackets
that hold nothing else are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_DROPPED = frozenset((
    "ref", "references", "table", "gallery", "timeline", "imagemap", "score", "graph", "mapframe",
    "maplink", "templatestyles", "style", "script", "noinclude", "indicator", "section", "hiero",
    "ce", "chem", "categorytree", "inputbox",
))  # fmt: skip
_BREAKS = frozenset((
    "br", "hr", "p", "div", "blockquote", "center", "poem", "ul", "ol", "dl", "li", "dt", "dd",
))  # fmt: skip
_MARKED = re.compile(r"'{2,5}")  # bold and italic, which are not parsed
_SWITCH = re.compile(r"__[^\W\d_]{2,}(?:_[^\W\d_]+)*__")  # __NOTOC__ in any language
_HOLLOW = re.compile(r"[ \t]?[(\[（][\s,;:.–—،、；&\-]*[)\]）]")
_SPACES = re.compile(r"[ \t\u00a0]{2,}")
_ENDS = re.compile(r"[ \t]+(?=\n)|(?<=\n)[ \t]+")
_BLANK = re.compile(r"\n{3,}")
_BEFORE = re.compile(r"(?<=\S)[ \t]+([,.;:!?])(?=\s|$)")
_FILE = re.compile(
    r"^[^:\[\]]+:[^\[\]]+\.(jpe?g|png|gif|svg|tiff?|webp|xcf|pdf|djvu|og[gvax]|opus|webm|mp[34]|wav|"
    r"flac|midi?|stl)\s*$",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"^(?:[a-z]{2,3}(?:-[a-z]{1,12}){0,2}|simple)$")
_CANONICAL = ("file", "image", "media", "category")
_HEADED = "\x1d"  # stands before a heading, with its level, until empty sections are gone


def plain(data: bytes | memoryview, *, headings: bool = True, dropped: Iterable[str] = ()) -> bytes:
    """The plain text of wikitext, both UTF-8.

    `dropped` are what files and categories are called in the wiki's language; English names hold
    everywhere, and so do the endings of files. Headings of sections without text go.

    >>> plain(b"'''Water''' is a [[chemical compound|compound]]{{cite}}.<ref>x</ref>")
    b'Water is a compound.'
    """
    import mwparserfromhell

    text = bytes(data).decode("utf-8", "replace").replace(_HEADED, " ").replace("\r\n", "\n")
    code = mwparserfromhell.parse(text, skip_style_tags=True)
    spaces = frozenset(name.casefold() for name in (*_CANONICAL, *dropped))
    out: list[str] = []
    _walk(code, out, spaces, mwparserfromhell.nodes)
    return tidy("".join(out), headings).encode()


def tidy(text: str, headings: bool) -> str:
    """What is left when markup is gone, without the gaps it leaves."""
    text = _SWITCH.sub(_switched, _MARKED.sub("", text))
    while (hollow := _HOLLOW.sub("", text)) != text:
        text = hollow
    text = _BEFORE.sub(r"\1", _SPACES.sub(" ", text))
    text = _sections(text, headings)
    return _BLANK.sub("\n\n", _ENDS.sub("", text)).strip()


def _switched(found: re.Match[str]) -> str:
    """Nothing for a switch, which is written in capitals; `__init__` is none."""
    return found.group() if found.group() != found.group().upper() else ""


def _sections(text: str, headings: bool) -> str:
    """The text with the headings of sections that have some, or without any."""
    first, *rest = text.split(_HEADED)
    kept = [first]
    waiting: list[tuple[int, str]] = []
    for part in rest:
        level, (title, _, body) = int(part[0]), part[1:].partition("\n")
        while waiting and waiting[-1][0] >= level:
            waiting.pop()
        waiting.append((level, title.strip()))
        if body.strip():
            if headings:
                kept += [f"\n\n{name}\n\n" for _, name in waiting if name]
            else:
                kept.append("\n\n")
            waiting.clear()
            kept.append(body)
    return "".join(kept)


def _walk(code: Any, out: list[str], spaces: frozenset[str], nodes: Any) -> None:
    for node in code.nodes:
        kind = type(node)
        if kind is nodes.Text:
            out.append(node.value)
        elif kind is nodes.Wikilink:
            _link(node, out, spaces, nodes)
        elif kind is nodes.Tag:
            _tag(node, out, spaces, nodes)
        elif kind is nodes.HTMLEntity:
            out.append(_character(node))
        elif kind is nodes.ExternalLink:
            if node.title is not None:
                _walk(node.title, out, spaces, nodes)
            elif not node.brackets:
                out.append(str(node.url))
        elif kind is nodes.Heading:
            title: list[str] = []
            _walk(node.title, title, spaces, nodes)
            name = " ".join("".join(title).split())
            out.append(f"\n{_HEADED}{min(node.level, 6)}{name}\n")
        elif kind is nodes.Argument and node.default is not None:
            _walk(node.default, out, spaces, nodes)


def _character(node: Any) -> str:
    try:
        found = node.normalize()
    except (ValueError, OverflowError, KeyError):
        return str(node)
    return " " if "\ud800" <= found <= "\udfff" or found in (_HEADED, "\0") else str(found)


def _link(node: Any, out: list[str], spaces: frozenset[str], nodes: Any) -> None:
    title = str(node.title).strip()
    if not title.startswith(":"):
        space, colon, _ = title.partition(":")
        if colon:
            known = space.strip().replace("_", " ")
            if known.casefold() in spaces or _LANGUAGE.match(known) or _FILE.match(title):
                return
    if node.text is not None:
        shown: list[str] = []
        _walk(node.text, shown, spaces, nodes)
        out.append("".join(shown) or _bare(title))
    else:
        out.append(title.removeprefix(":"))


def _bare(title: str) -> str:
    """What `[[Title (kind)|]]` shows."""
    title = title.removeprefix(":")
    return re.sub(r"\s*\([^()]*\)$", "", title.partition(":")[2] or title)


def _tag(node: Any, out: list[str], spaces: frozenset[str], nodes: Any) -> None:
    name = str(node.tag).strip().lower()
    if name in _DROPPED:
        return
    if name in _BREAKS:
        out.append("\n" if not node.wiki_markup else "")
    if node.contents is not None and not node.self_closing:
        if name == "nowiki":
            out.append(str(node.contents))
        else:
            _walk(node.contents, out, spaces, nodes)
        if name in _BREAKS and name != "br":
            out.append("\n")
