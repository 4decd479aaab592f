"""What one member of an arXiv bundle holds: a TeX file, or an archive of those, as a text.

Nothing is unpacked to a disk: files are named and looked up in memory.
"""

from __future__ import annotations

import codecs
import io
import posixpath
import re
import tarfile
import zlib
from typing import Any

from tamis.codes import BadRecord
from tamis.io import latex, latex_text
from tamis.io.latex_text import warm_up as warm_up  # for the sandbox

_TEX = (".tex", ".ltx", ".latex", ".tx")
_MAIN = re.compile(r"\\document(?:class|style)\b")
_IS_TEX = re.compile(r"\\[a-zA-Z]{2,}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*(?:\{([^{}]{1,300})\}|([^\s{}\\]{1,300}))")
_ENCODED = re.compile(r"\\usepackage\s*\[([a-zA-Z0-9-]+)\]\s*\{inputenc\}")
_CALLED = {"ansinew": "cp1252", "applemac": "mac-roman", "latin9": "iso8859-15", "utf8x": "utf-8"}
_DEEPEST = 16  # files that include one another
_BLOCK = 512


def paper(data: bytes | memoryview, *, form: str, max_size: int) -> dict[str, Any]:
    """The text of a paper, its title, and how many TeX files it is of.

    `data` are gzip of a TeX file or of a tar archive, or either without it. Raises `BadRecord`:
    tex.none, tex.syntax, file.…, tar.… (an archive with links or with names that lead out of it is
    refused as a whole).
    """
    content = _unpacked(bytes(data), max_size)
    files = _members(content) if _is_tar(content) else {"paper.tex": _tex(content)}
    sources = {name: _decoded(raw) for name, raw in files.items() if name.lower().endswith(_TEX)}
    if not sources:  # some have no ending at all
        sources = {
            name: text
            for name, raw in files.items()
            if "." not in name.rpartition("/")[2] and _MAIN.search(text := _decoded(raw))
        }
    if not sources:
        endings = sorted({posixpath.splitext(name)[1].lower() or name for name in files})
        told = ", ".join(endings[:5]) or "nothing"
        raise BadRecord("tex.none", f"there is no TeX file among its {len(files)} ({told})")
    name = _main(sources)
    body = latex.uncommented(sources[name])
    if "auto-ignore" in sources[name][:2000] and len(body.strip()) < 200:
        raise BadRecord("tex.none", "the paper was withdrawn")
    whole = _joined(name, body, sources, files, max_size)
    title = latex.title(whole, max_size=max_size)
    text = latex.cleaned(whole, max_size=max_size)
    if form == "text":
        text = latex_text.plain(text)
        title = latex_text.plain(title) if title else None
    if not text.strip():
        raise BadRecord("tex.none", "there is no text in its TeX")
    return {"text": text.encode("utf-8", "replace"), "title": title or None, "files": len(sources)}


def _unpacked(data: bytes, most: int) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    out = b""
    while data.startswith(b"\x1f\x8b"):
        decoder = zlib.decompressobj(31)
        try:
            out += decoder.decompress(data, most + 1 - len(out))
        except zlib.error as error:
            raise BadRecord("file.corrupt", str(error)) from None
        if len(out) > most:
            raise BadRecord("file.bomb", f"it unpacks to more than {most} bytes; see max_size")
        if not decoder.eof:
            raise BadRecord("file.truncated", "the compressed data end early")
        data = decoder.unused_data
    return out


def _is_tar(data: bytes) -> bool:
    if len(data) < _BLOCK or not data[:_BLOCK].strip(b"\0"):
        return False
    if data[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(data[:_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _members(data: bytes) -> dict[str, bytes]:
    """The files of an archive by their names; `BadRecord` for one that is damaged or hostile."""
    files: dict[str, bytes] = {}
    try:
        archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:")  # noqa: SIM115
        while (member := archive.next()) is not None:
            name = posixpath.normpath(member.name)
            if name.startswith(("/", "../")) or name == ".." or "\0" in name:
                raise BadRecord("tar.name", f"the name {member.name[:100]!r} leads out of it")
            if member.issym() or member.islnk() or member.isdev():
                raise BadRecord("tar.link", f"{member.name[:100]!r} is a link or a device")
            if member.issparse():
                raise BadRecord("tar.sparse", f"{member.name[:100]!r} is stored with holes")
            if member.isfile():
                start = member.offset_data
                if start + member.size > len(data):
                    raise BadRecord("tar.truncated", f"{member.name[:100]!r} ends early")
                files[name] = data[start : start + member.size]
        rest = data[archive.offset :]
    except BadRecord:
        raise
    except (tarfile.TarError, ValueError, OverflowError, EOFError, OSError, KeyError) as error:
        raise BadRecord("tar.header", " ".join(str(error).split())[:200]) from None
    if rest[: 2 * _BLOCK].strip(b"\0"):  # where `tarfile` stops without a word
        raise BadRecord("tar.header", f"a member's header is damaged; {len(rest)} bytes are lost")
    return files


def _tex(data: bytes) -> bytes:
    """A file that should be TeX; `BadRecord` for what else papers come as."""
    head = data[:1024].lstrip().lower()
    for mark, kind in (
        (b"%pdf", "a PDF"), (b"%!ps", "PostScript"), (b"<!doctype html", "a web page"),
        (b"<html", "a web page"), (b"pk\x03\x04", "an office document"),
    ):  # fmt: skip
        if head.startswith(mark):
            raise BadRecord("tex.none", f"the paper is {kind}, without its source")
    if not data.strip():
        raise BadRecord("tex.none", "there is nothing in it")
    text = data[: 1 << 16].decode("latin-1")
    if not _IS_TEX.search(text) and "auto-ignore" not in text:
        raise BadRecord("tex.none", "it holds no macro of TeX")
    return data


def _decoded(raw: bytes) -> str:
    """TeX as text: UTF-8, else what it says that it is, else Latin-1, which is always possible."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        pass
    said = _ENCODED.search(raw[: 1 << 16].decode("latin-1"))
    name = said.group(1).lower() if said else "latin-1"
    try:
        text = codecs.decode(raw, _CALLED.get(name, name), "replace")
    except (LookupError, UnicodeDecodeError, TypeError, ValueError):
        text = raw.decode("latin-1")
    if not isinstance(text, str):
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _main(sources: dict[str, str]) -> str:
    """The file that is the paper: a document that no other includes, the longest of those."""
    included = {
        posixpath.splitext(posixpath.basename(a or b))[0]
        for text in sources.values()
        for a, b in _INPUT.findall(text)
    }
    documents = [name for name, text in sources.items() if _MAIN.search(latex.uncommented(text))]
    candidates = documents or list(sources)
    alone = [n for n in candidates if posixpath.splitext(posixpath.basename(n))[0] not in included]
    return min(alone or candidates, key=lambda name: (-len(sources[name]), name))


def _joined(
    name: str, body: str, sources: dict[str, str], files: dict[str, bytes], max_size: int
) -> str:
    """A file with those that it includes in their places."""
    folder = posixpath.dirname(name)
    size = len(body)

    def filled(text: str, depth: int) -> str:
        nonlocal size

        def included(found: re.Match[str]) -> str:
            nonlocal size
            wanted = posixpath.normpath(posixpath.join(folder, (found.group(1) or found.group(2))))
            for candidate in (f"{wanted}.tex", wanted):
                if candidate in sources or candidate in files:
                    inner = sources.get(candidate)
                    if inner is None:
                        inner = _decoded(files[candidate])
                    inner = latex.uncommented(inner)
                    size += len(inner)
                    if depth >= _DEEPEST or size > max_size:
                        raise BadRecord("file.bomb", "its files include one another without end")
                    return filled(inner, depth + 1)
            return found.group()

        return _INPUT.sub(included, text)

    return filled(body, 0)
