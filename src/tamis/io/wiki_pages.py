"""Pages of a MediaWiki dump: cut out of its bytes, and each parsed alone.

`<page>` stands nowhere but where a page begins, since text has its angle brackets escaped. So pages
are found without parsing what lies before them: a dump can be entered anywhere, a damaged page
costs itself, and no document type, and so no entity, can be declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tamis.codes import BadRecord
from tamis.io.bz2_blocks import Damage, Text

_OPEN, _CLOSE, _LAST = b"<page>", b"</page>", b"</mediawiki>"
_DEEPEST = 32  # elements in one another; the schema has 5


@dataclass
class Page:
    """What a dump says of a page, of the last of its revisions."""

    title: str | None = None
    namespace: int | None = None
    number: str | None = None
    redirect: str | None = None
    revision: int | None = None
    timestamp: str | None = None
    model: str | None = None
    hidden: bool = False
    text: str | None = None


@dataclass(frozen=True)
class Lost:
    """What could not be read; `head` is the beginning of the page that it was, if it was one."""

    bad: BadRecord
    at: str
    head: bytes = b""


@dataclass(frozen=True)
class Raw:
    """The bytes of a page that begins at byte `at` of the file; `<block>+<byte>` where it is bzip2.

    Where a page begins is the same wherever the file is cut, so it is what nameless pages are
    called by.
    """

    data: bytes
    at: str


@dataclass
class _Cutter:
    max_page: int
    buffer: bytearray = field(default_factory=bytearray)
    own: int | None = None  # how much of the buffer was asked for; None: all of it
    open: bool = False  # the buffer begins with a page
    at: str = "0"
    parts: list[tuple[int, Text]] = field(default_factory=list)  # texts, where they begin in it
    done: bool = False
    closed: bool = False  # the end of the dump was seen
    paged: bool = False  # a page began in it

    def take(self, text: Text) -> Iterator[Raw | Lost]:
        if not text.mine and self.own is None:
            self.own = len(self.buffer)
        self.parts.append((len(self.buffer), text))
        self.buffer += text.data
        yield from self._cut()

    def place(self, at: int) -> str:
        """What byte `at` of the buffer is in the file."""
        begin, text = next(part for part in reversed(self.parts) if part[0] <= at)
        if text.straight:
            return str(text.at + at - begin)
        return f"{text.at}+{at - begin}"

    def _cut(self) -> Iterator[Raw | Lost]:
        place = 0
        while not self.done:
            if not self.open:
                found = self.buffer.find(_OPEN, place)
                if found < 0:
                    self.closed |= self.buffer.find(_LAST, place) >= 0
                    place = max(place, len(self.buffer) - len(_LAST) + 1)
                    self.done = self.own is not None and place >= self.own
                    break
                if self.own is not None and found >= self.own:
                    self.done = True
                    break
                place, self.open, self.at = found, True, self.place(found)
                self.paged = True
            stop = self.buffer.find(_CLOSE, place)
            again = self.buffer.find(_OPEN, place + 1, stop if stop >= 0 else len(self.buffer))
            if again >= 0:
                bad = BadRecord("xml.syntax", "another page begins before the end of this one")
                yield Lost(bad, self.at, bytes(self.buffer[place : min(again, place + 2000)]))
                place, self.open = again, False
                continue
            length = (len(self.buffer) if stop < 0 else stop + len(_CLOSE)) - place
            if length > self.max_page:
                detail = f"the page has more than {self.max_page} bytes; set max_page to read it"
                head = bytes(self.buffer[place : place + 2000])
                yield Lost(BadRecord("xml.too_long", detail), self.at, head)
                place, self.open = place + 1, False  # on to the page after it
                continue
            if stop < 0:
                break
            stop += len(_CLOSE)
            yield Raw(bytes(self.buffer[place:stop]), self.at)
            place, self.open = stop, False
        self._forget(place)
        if self.own is not None:
            self.own = max(0, self.own - place)

    def _forget(self, place: int) -> None:
        """The buffer without its first `place` bytes."""
        del self.buffer[:place]
        moved = [(begin - place, text) for begin, text in self.parts]
        after = [begin for begin, _ in moved[1:]] + [len(self.buffer) + 1]
        self.parts = [part for part, end in zip(moved, after, strict=True) if end > 0]

    def broken(self, bad: BadRecord) -> Iterator[Lost]:
        """The text breaks off here; what comes next does not continue it."""
        if self.open:
            detail = f"the page breaks off: {bad.detail}"
            yield Lost(BadRecord(bad.code, detail), self.at, bytes(self.buffer[:2000]))
        self.buffer.clear()
        self.parts.clear()
        self.open = False
        self.done |= self.own is not None

    def ended(self, first: bool) -> bool:
        """Whether the end of the dump was seen, or the end of it, where it was cut apart."""
        tail = bytes(self.buffer).rstrip()
        apart = not first and not self.paged
        return self.closed or (apart and len(tail) < len(_LAST) and _LAST.endswith(tail))


def cut(
    texts: Iterable[Text | Damage], max_page: int, first: bool, dump: bool = True
) -> Iterator[Raw | Lost]:
    """The pages that begin in the text that was asked for, and what was lost of it.

    `first` says that this is the beginning of the file, `dump` that it begins as dumps do. Who has
    its last text says whether the dump is whole. A file without a byte has no pages and is whole.
    """
    cutter = _Cutter(max_page)
    last = some = False
    for text in texts:
        some = True
        last = text.mine
        if isinstance(text, Damage):
            yield from cutter.broken(text.bad)
            if text.mine:
                yield Lost(text.bad, str(text.at))
            cutter.closed = True  # what is lost may be the end
            cutter.done |= not text.mine
        else:
            yield from cutter.take(text)
        if cutter.done:
            return
    if cutter.open:
        yield from cutter.broken(BadRecord("file.truncated", "the file ends"))
    elif some and last and not cutter.ended(first):
        if dump:
            detail = "the dump ends without </mediawiki>; pages may be missing"
            yield Lost(BadRecord("file.truncated", detail), cutter.place(len(cutter.buffer)))
        else:
            detail = "it is no dump of MediaWiki, which begins with <mediawiki"
            yield Lost(BadRecord("file.corrupt", detail), "0")


_TEXTS = {
    ("page", "title"): "title",
    ("page", "ns"): "namespace",
    ("page", "id"): "number",
    ("page", "revision", "id"): "revision",
    ("page", "revision", "timestamp"): "timestamp",
    ("page", "revision", "model"): "model",
    ("page", "revision", "text"): "text",
}


def parsed(data: bytes) -> Page:
    """A page from the bytes of its element; `BadRecord` where it is not well-formed."""
    page = Page()
    path: list[str] = []
    pieces: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text, parser.buffer_size = True, 1 << 16

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        if len(path) > _DEEPEST:
            raise BadRecord("xml.syntax", f"elements are nested more than {_DEEPEST} deep")
        pieces.clear()
        if path == ["page", "redirect"]:
            page.redirect = attributes.get("title", "")
        elif path == ["page", "revision"]:
            page.text = page.revision = page.timestamp = page.model = None
        elif path == ["page", "revision", "text"]:
            page.hidden = "deleted" in attributes

    def end(name: str) -> None:
        attribute = _TEXTS.get(tuple(path))
        if attribute is not None:
            value = "".join(pieces)
            if attribute in ("namespace", "revision"):
                setattr(page, attribute, _number(value))
            else:
                setattr(page, attribute, value)
        pieces.clear()
        path.pop()

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = pieces.append
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadRecord("xml.syntax", str(error)) from None
    return page


def _number(value: str) -> int | None:
    value = value.strip()
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        return None
    return int(value)
