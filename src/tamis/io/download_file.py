"""Download one file: on from where it broke off, if it still is the same file.

A part lies beside a note of what the server said of the file. What follows is asked for with
`Range` and `If-Range`, so a server that has another file by now, or knows no ranges, sends all of
it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tamis.codes import BadRecord
from tamis.errors import WriteError
from tamis.io.download_http import Again, Answer, Client
from tamis.io.store import Store, writing

GAIN = 1 << 20  # bytes by which a try must bring a file further not to count as failed
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)$")
_UNMET = re.compile(r"bytes \*/(\d+)$")
_PACKED = (".gz", ".tgz", ".gzip")


class CannotWrite(Exception):
    """A file cannot be written here: no fault of the server's, and the end of it all."""

    def __init__(self, error: WriteError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Wanted:
    """A file to download: where from, its name in the folder, and a hash that it must have."""

    url: str
    store: Store
    name: str
    part: str
    note: str
    hash: tuple[str, str] | None = None  # kind, hex


@dataclass
class Saved(Answer):
    """What came of it; `size` and `sha256` of the whole file."""

    wanted: Wanted | None = None
    size: int = 0  # of the part
    best: int = 0
    gained: bool = False
    resumed: int = 0  # bytes that stood when it was last gone on with
    hashes: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)  # what the server said of the part
    sha256: str | None = None
    verified: str | None = None
    seconds: float = 0.0


class Saving(Client):
    """A client that puts files into a folder."""

    accept: ClassVar[str] = "*/*"

    async def fetch(self, wanted: Wanted) -> Saved:  # type: ignore[override]
        """Download a file; never raises for what a server does, `CannotWrite` for the disk."""
        answer, start = Saved(wanted=wanted), time.monotonic()
        try:
            await asyncio.to_thread(_take_up, answer)
            await self._fetch(wanted.url, answer)
            if answer.data is not None:  # whole; nothing may interrupt what follows
                await asyncio.to_thread(_place, answer)
        except WriteError as error:
            raise CannotWrite(error) from error
        answer.seconds = round(time.monotonic() - start, 3)
        return answer

    def _counts(self, answer: Answer) -> bool:
        assert isinstance(answer, Saved)
        return not answer.gained

    def _headers(self, answer: Answer) -> dict[str, str]:
        assert isinstance(answer, Saved)
        answer.gained = False
        validator = answer.seen.get("etag") or answer.seen.get("last_modified")
        if not answer.size or not validator:
            return {}
        return {"Range": f"bytes={answer.size}-", "If-Range": validator}

    async def _body(self, response: Any, answer: Answer) -> bytes:
        try:
            return await self._received(response, answer)
        except WriteError as error:  # which is an OSError, as those of the network are
            raise CannotWrite(error) from error

    async def _received(self, response: Any, answer: Answer) -> bytes:
        assert isinstance(answer, Saved) and answer.wanted is not None
        if response.status == 416 and answer.size:
            if self._whole_already(response, answer):
                return self._finish(answer, answer.size)
            _restart(answer)
            raise Again(BadRecord("fetch.failed", "the file is another now"))
        self._willing(response, (200, 206))
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity") and not _same_packing(packed, answer.wanted.name):
            raise BadRecord("fetch.failed", f"packed as {packed[:40]}, which was not asked for")
        answer.content_type = response.headers.get("Content-Type")
        total = self._begin(response, answer)
        if total is not None and total > self.manners.max_bytes:
            raise BadRecord("fetch.too_long", f"{total:,} bytes")
        await self._copy(response, answer)
        if total is not None and answer.size != total:
            short = answer.size < total
            if not short:
                _restart(answer)
            what = "it broke off" if short else "there is more than was announced"
            raise Again(BadRecord("fetch.failed", f"{what}: {answer.size:,} of {total:,} bytes"))
        return self._finish(answer, total)

    def _whole_already(self, response: Any, answer: Saved) -> bool:
        """Whether nothing is missing of the part: the server has no more, of the same file."""
        found = _UNMET.match(response.headers.get("Content-Range", ""))
        same = response.headers.get("ETag", answer.seen.get("etag")) == answer.seen.get("etag")
        sized = answer.seen.get("total") in (None, answer.size)
        return found is not None and int(found.group(1)) == answer.size and same and sized

    def _begin(self, response: Any, answer: Saved) -> int | None:
        """Note what the server says of the file, and take the part up or begin anew; its size."""
        assert answer.wanted is not None
        said = _validators(response.headers)
        if response.status == 206:
            found = _RANGE.match(response.headers.get("Content-Range", ""))
            total = None if found is None or found.group(3) == "*" else int(found.group(3))
            same = all(answer.seen.get(k) in (None, v) for k, v in said.items() if v is not None)
            known = answer.seen.get("total")
            fits = found is not None and int(found.group(1)) == answer.size
            if not fits or not same or (None not in (known, total) and known != total):
                _restart(answer)
                detail = "it sent another part than was asked for"
                raise Again(BadRecord("fetch.failed", detail))
            answer.resumed = answer.size
            return total
        _restart(answer)
        total = response.content_length
        answer.seen = {**said, "total": total, "url": answer.wanted.url}
        _note(answer)
        return total

    async def _copy(self, response: Any, answer: Saved) -> None:
        wanted = answer.wanted
        assert wanted is not None
        path = wanted.store.path(wanted.part)
        with writing(path):
            file = open(path, "ab")  # noqa: SIM115
        try:
            async for block in response.content.iter_any():
                with writing(path):
                    file.write(block)
                answer.size += len(block)
                if answer.size > answer.best + GAIN:
                    answer.best, answer.gained = answer.size, True
                for digest in answer.hashes.values():
                    digest.update(block)
                if answer.size > self.manners.max_bytes:
                    _restart(answer)
                    raise BadRecord("fetch.too_long", f"more than {self.manners.max_bytes:,} bytes")
        finally:
            with writing(path):
                file.close()

    def _finish(self, answer: Saved, total: int | None) -> bytes:
        """Check the whole file."""
        wanted = answer.wanted
        assert wanted is not None
        if not answer.size and total != 0:
            raise BadRecord("fetch.failed", "the answer is empty")
        if wanted.hash is not None:
            kind, expected = wanted.hash
            found = answer.hashes[kind].hexdigest()
            if found != expected:
                bad = BadRecord("fetch.hash", f"{kind} {found}, expected {expected}")
                again = answer.resumed > 0  # parts of two files, perhaps
                _restart(answer)
                answer.seen = {}
                raise Again(bad) if again else bad
        answer.sha256 = answer.hashes["sha256"].hexdigest()
        answer.verified = wanted.hash[0] if wanted.hash else "length" if total is not None else None
        return b""


def _take_up(answer: Saved) -> None:
    """Find what an earlier try has left of the file; hash it, to go on with."""
    wanted = answer.wanted
    assert wanted is not None
    _fresh(answer)
    path = wanted.store.path(wanted.part)
    try:
        note = json.loads(wanted.store.read(wanted.note))
        size = os.stat(path).st_size
    except (OSError, ValueError):
        _restart(answer)
        return
    usable = isinstance(note, dict) and note.get("url") == wanted.url
    if not usable or not (note.get("etag") or note.get("last_modified")) or not size:
        _restart(answer)
        return
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            for digest in answer.hashes.values():
                digest.update(block)
    answer.seen, answer.size, answer.best = note, size, size


def _fresh(answer: Saved) -> None:
    assert answer.wanted is not None
    kinds = {"sha256", *([answer.wanted.hash[0]] if answer.wanted.hash else [])}
    answer.hashes = {kind: hashlib.new(kind) for kind in sorted(kinds)}
    answer.size = answer.resumed = 0


def _restart(answer: Saved) -> None:
    wanted = answer.wanted
    assert wanted is not None
    with writing(wanted.store.path(wanted.part)), suppress(FileNotFoundError):
        os.remove(wanted.store.path(wanted.part))
    _fresh(answer)


def _note(answer: Saved) -> None:
    assert answer.wanted is not None
    wanted = answer.wanted
    wanted.store.put(wanted.note, json.dumps(answer.seen).encode(), sync=False, digest=False)


def _place(answer: Saved) -> None:
    wanted = answer.wanted
    assert wanted is not None
    path = wanted.store.path(wanted.part)
    with writing(path), open(path, "rb+") as file:
        os.fsync(file.fileno())
    done = {
        **answer.seen, "file": wanted.name, "bytes": answer.size, "sha256": answer.sha256,
        "verified": answer.verified, "hash": list(wanted.hash) if wanted.hash else None,
        "status": answer.status, "tries": answer.tries, "redirected_to": answer.url,
        "content_type": answer.content_type,
    }  # fmt: skip
    wanted.store.put(wanted.note, json.dumps(done).encode(), digest=False)
    wanted.store.move(wanted.part, wanted.name)
    wanted.store.settle(os.path.dirname(wanted.name))


def _validators(headers: Mapping[str, str]) -> dict[str, str | None]:
    """What tells this file from one that comes after it: a strong ETag, or a time of change."""
    tag = headers.get("ETag")
    strong = tag if tag and not tag.startswith("W/") else None
    return {"etag": strong, "last_modified": headers.get("Last-Modified")}


def _same_packing(packed: str, name: str) -> bool:
    """Servers call a .gz file packed by gzip, which it is: it is kept as it comes."""
    return packed in ("gzip", "x-gzip") and name.lower().endswith(_PACKED)
