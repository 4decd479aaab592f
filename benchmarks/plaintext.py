"""Markup to plain text, simply: what a quick crawler would get, navigation and all."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

_UNSEEN = re.compile(r"<(script|style|head|template)\b.*?</\1\s*>|<!--.*?-->", re.I | re.S)
_PRE = re.compile(r"(<pre\b[^>]*>.*?</pre\s*>)", re.I | re.S)
_LIST_ITEM = re.compile(r"<li\b[^>]*>", re.I)
_PARAGRAPH = re.compile(
    r"</?(p|div|h[1-6]|ul|ol|dl|table|pre|blockquote|section|article|nav|header|footer|hr)\b[^>]*>",
    re.I,
)
_LINE = re.compile(r"<(br|tr|li|dt|dd)\b[^>]*>|</(tr|li|dt|dd)\s*>", re.I)
_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"[ \t\r\f\v]+")
_GAPS = re.compile(r" ?\n ?")
_MANY = re.compile(r"\n{3,}")


def from_html(page: str, *, bullet: str = "") -> str:
    """Tags out, entities resolved, block elements to lines; `<pre>` keeps its white space."""
    pieces = []
    for piece in _PRE.split(_UNSEEN.sub(" ", page)):
        if piece[:4].lower() == "<pre":
            pieces.append("\n\n" + html.unescape(_TAG.sub("", piece)).strip("\n") + "\n\n")
            continue
        piece = piece.replace("\n", " ")
        if bullet:
            piece = _LIST_ITEM.sub(f"\n{bullet} ", piece)
        piece = _LINE.sub("\n", _PARAGRAPH.sub("\n\n", piece))
        piece = _BLANKS.sub(" ", html.unescape(_TAG.sub("", piece)))
        pieces.append(_GAPS.sub("\n", piece))
    return _MANY.sub("\n\n", "".join(pieces)).strip()


def title_of(page: str) -> str:
    """The text of `<title>`."""
    found = re.search(r"<title>(.*?)</title>", page, re.I | re.S)
    return " ".join(html.unescape(found[1]).split()) if found else ""


_ROFF_REQUEST = re.compile(r"^[.'](\S+)\s*(.*)$")
_ROFF_FONT = re.compile(r"\\f(?:\[[^]]*\]|\(..|.)|\\s[-+]?\d|\\[&|^:/,]|\\%")
_ROFF_CHARS = {
    r"\-": "-", r"\(aq": "'", r"\(dq": '"', r"\(bu": "•", r"\(em": "—", r"\(en": "–",
    r"\(lq": "“", r"\(rq": "”", r"\(co": "©", r"\e": "\\", r"\ ": " ", r"\~": " ", r"\(ha": "^",
    r"\(ti": "~", r"\(oq": "‘", r"\(cq": "’", r"\(Fo": "«", r"\(Fc": "»",
    r"\*(lq": "“", r"\*(rq": "”",
}  # fmt: skip
_ROFF_CHAR = re.compile("|".join(re.escape(c) for c in _ROFF_CHARS))


def from_man(source: str) -> str:
    """A manual page's running text: section heads, paragraphs, table rows."""
    out: list[str] = []
    table = ""  # "format" inside the lines that say how a table is set, "rows" below them
    for line in source.splitlines():
        if line.startswith(('.\\"', "'\\\"")):
            continue
        if line.startswith((".TS", ".TE")):
            table = "format" if line.startswith(".TS") else ""
            continue
        if table:
            if table == "rows" and not line.startswith((".", "_", "=")):
                out.append(_roff(line))
            table = "rows" if table == "rows" or line.rstrip().endswith(".") else "format"
            continue
        request = _ROFF_REQUEST.match(line)
        if request:
            name, rest = request[1], request[2].strip()
            if name in {"SH", "SS", "Sh", "Ss"}:
                out += ["", _roff(rest).replace('"', ""), ""]
            elif name in {"PP", "P", "LP", "TP", "IP", "sp", "Pp", "HP"}:
                out.append("")
                if name == "IP" and rest:
                    out.append(_roff(rest.split('"')[1] if '"' in rest else rest.split()[0]))
            elif name in {"B", "I", "BR", "IR", "RB", "RI", "BI", "IB", "SM", "SB", "TH", "Nm"}:
                out.append(_roff(rest).replace('"', ""))
            continue
        if line.startswith("\t"):
            out.append(_roff(line))
        elif line and out and out[-1] and not out[-1].startswith("\t"):
            out[-1] += " " + _roff(line)
        else:
            out.append(_roff(line))
    return _MANY.sub("\n\n", "\n".join(out)).strip()


def _roff(text: str) -> str:
    return _ROFF_CHAR.sub(lambda m: _ROFF_CHARS[m[0]], _ROFF_FONT.sub("", text)).strip(" ")


_POD_CODE = re.compile(r"[A-Z]<<?\s?([^<>]*?)\s?>?>")


def from_pod(source: str) -> str:
    """Perl's documentation format: commands out, formatting codes to their content."""
    out = []
    for paragraph in re.split(r"\n\s*\n", source):
        if paragraph.startswith("="):
            paragraph = re.sub(
                r"^=(head\d|item|encoding|over|back|cut|pod|for|begin|end)\s*", "", paragraph
            )
        if not paragraph.startswith((" ", "\t")):
            paragraph = _POD_CODE.sub(r"\1", _POD_CODE.sub(r"\1", " ".join(paragraph.split())))
        if paragraph.strip():
            out.append(paragraph)
    return "\n\n".join(out)


def from_mallard(source: str, title_of_page: Callable[[str], str] = str) -> str:
    """A page of GNOME's help: title, summary, paragraphs, numbered steps, bulleted lists."""
    root = ET.fromstring(source)
    out: list[str] = []
    for child in root:
        _mallard(child, out, title_of_page)
    return "\n\n".join(block for block in out if block.strip())


def _mallard(node: ET.Element, out: list[str], title_of_page: Callable[[str], str]) -> None:
    tag = _local(node)
    if tag == "info":
        out += [_inline(d, title_of_page) for d in node if _local(d) == "desc"]
    elif tag in {"title", "p", "cite"}:
        out.append(_inline(node, title_of_page))
    elif tag in {"code", "screen"}:
        out.append("".join(node.itertext()).strip("\n"))
    elif tag in {"steps", "list", "terms"}:
        lines = []
        for number, item in enumerate((i for i in node if _local(i) == "item"), start=1):
            inner: list[str] = []
            for child in item:
                _mallard(child, inner, title_of_page)
            mark = f"{number}. " if tag == "steps" else "• "
            lines.append(mark + "\n".join(inner))
        out.append("\n".join(lines))
    elif tag == "tr":
        out.append(" ".join(filter(None, (_inline(cell, title_of_page) for cell in node))))
    elif tag != "media":
        for child in node:
            _mallard(child, out, title_of_page)


def _inline(node: ET.Element, title_of_page: Callable[[str], str]) -> str:
    text = node.text or ""
    for child in node:
        inner = _inline(child, title_of_page)
        if not inner and _local(child) == "link" and "xref" in child.attrib:
            inner = title_of_page(child.attrib["xref"])
        text += inner + (child.tail or "")
    return " ".join(text.split()) if _local(node) in {"p", "title", "desc", "td"} else text


def _local(node: ET.Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
