"""Read the source bundles of arXiv: archives of papers, LaTeX as text."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.extras import absent, missing
from tamis.io.byte_ranges import Ranges
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.row_list import RowList
from tamis.io.schema import TEXT
from tamis.io.sizes import seconds, size
from tamis.io.tar_members import Members, members
from tamis.kernels import tar
from tamis.media.sandbox import isolated

NAME = "read_arxiv"
FORMS = ("text", "latex")
_PAPER = "tamis.io.arxiv_paper:paper"
_COLUMNS = {
    "id": TEXT, "text": TEXT, "title": TEXT, "path": TEXT, "member": TEXT, "files": pa.int64(),
}  # fmt: skip
_NEW = re.compile(r"^\d{4}\.\d{4,5}(v\d+)?$")
_OLD = re.compile(r"^([a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?)(\d{7}(?:v\d+)?)$")


@dataclass(frozen=True)
class Piece:
    """The members of a bundle whose headers begin in these bytes."""

    file: File
    start: int
    stop: int | None


def read_arxiv(
    paths: Paths,
    *,
    form: str = "text",
    block_size: int | str = "64MB",
    max_size: int | str = "32MB",
    timeout: float = 60.0,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read arXiv's bundles of sources (`arXiv_src_2301_001.tar`) as a lazy frame, a row a paper.

    Columns are `id` (arXiv's: `2301.00001`, `hep-th/9901001`), `text`, `title`, `path` and `member`
    (where it was), `files` (TeX files in it). `form="latex"` is the paper's body as LaTeX: files
    put in where they are included, macros without arguments expanded, without comments, preamble
    and bibliography (`tamis.io.latex.cleaned`); `"text"` is the prose of that, formulas as LaTeX
    (`tamis.io.latex_text.plain`, which parses with pylatexenc).

    Papers are unpacked and read in processes of their own, never to a disk, in at most `timeout`
    seconds each. One without TeX (a PDF, a withdrawal), damaged, with links or names that lead out
    of its archive, or that unpacks or expands beyond `max_size`, is a row with
    `dropped_by="read_arxiv"` and the reason. Bundles are cut into partitions of about `block_size`
    of packed papers. `errors="raise"` makes the first such row a `DataError`. Needs
    `tamis[documents]`.
    """
    check_errors(errors)
    if form not in FORMS:
        raise SettingError(f"form must be one of {', '.join(FORMS)}, found {form!r}")
    if form == "text" and absent(["pylatexenc"]):
        raise missing({NAME: {"pylatexenc": "documents"}})
    options = dict(storage_options or {})
    block = size("block_size", block_size)
    work = []
    for file in find_files(paths, (".tar",), options):
        count = max(1, round(file.size / block))
        ends = [file.size * k // count for k in range(1, count)]
        spans = zip([0, *ends], [*ends, None], strict=True)
        work += [Work((Piece(file, start, stop),)) for start, stop in spans]
    types = quarantine_types(_COLUMNS, errors)
    return dask_frame(
        read_work,
        work,
        Types(tuple(types.items())),
        NAME,
        form=form,
        max_size=size("max_size", max_size),
        timeout=seconds("timeout", timeout),
        raising=errors == "raise",
        storage_options=options,
    )


def read_work(
    work: Work,
    *,
    types: Types,
    form: str,
    max_size: int,
    timeout: float,
    raising: bool,
    storage_options: dict[str, Any],
) -> pd.DataFrame:
    """The partition of these pieces."""
    rows = RowList(types, NAME, raising)
    for piece in work.pieces:
        found = _members(piece, max_size, storage_options)
        for known, place, result in _papers(found, form, max_size, timeout):
            if isinstance(result, BadRecord):
                rows.lost(place, result, known)
            else:
                text = bytes(result.pop("text")).decode("utf-8", "replace")
                rows.add({**known, **result, "text": text})
    return rows.frame()


Found = tuple[dict[str, Any], str, bytes | BadRecord]


def _members(piece: Piece, max_size: int, options: Mapping[str, Any]) -> Iterator[Found]:
    """The papers of a piece: what is known of each, its place, and its bytes or why not."""
    file, start = piece.file, piece.start
    stop = file.size + 1 if piece.stop is None else piece.stop
    name = file.name
    try:
        source = Ranges(file, options)
        found = members(source)
    except BadRecord as bad:
        if start == 0:
            yield {"id": name, "path": file.url}, name, bad
        return
    damages = [d for d in found.damages if start <= min(d.at, file.size) < stop]
    rows = np.flatnonzero((found.header >= start) & (found.header < stop))
    for row in rows.tolist():
        while damages and damages[0].before <= row:
            yield _damage(file, damages.pop(0))
        kind, raw = int(found.kind[row]), found.name(row)
        if kind == tar.FOLDER:
            continue
        known = {"id": paper_id(raw, f"{name}:{raw}"), "path": file.url, "member": raw}
        yield known, f"{name}, {raw}", _content(source, found, row, kind, max_size)
    for damage in damages:
        yield _damage(file, damage)


def _damage(file: File, damage: Any) -> Found:
    known = {"id": f"{file.name}@{damage.at}", "path": file.url}
    return known, f"{file.name}, byte {damage.at}", BadRecord(damage.code, damage.detail)


def _content(
    source: Ranges, found: Members, row: int, kind: int, max_size: int
) -> bytes | BadRecord:
    length, offset = int(found.size[row]), int(found.offset[row])
    if kind == tar.LINK:
        return BadRecord("tar.link", "the member is a link or a device")
    if kind == tar.SPARSE:
        return BadRecord("tar.sparse", "the member is stored with holes")
    if found.name(row).lower().endswith(".pdf"):
        return BadRecord("tex.none", "the paper is a PDF, without its source")
    if length > max_size:
        return BadRecord("text.too_long", f"the member has {length} bytes; see max_size")
    data = bytes(source.window(offset, length)[:length])
    if len(data) < length:
        return BadRecord("tar.truncated", "the archive ends within the member")
    return data


def paper_id(member: str, otherwise: str) -> str:
    """arXiv's id of a paper by the name of its member.

    >>> paper_id("2301/2301.00001.gz", ""), paper_id("9901/hep-th9901001.gz", "")
    ('2301.00001', 'hep-th/9901001')
    """
    stem = member.rpartition("/")[2]
    for ending in (".gz", ".tar", ".pdf", ".tex"):
        stem = stem.removesuffix(ending)
    if _NEW.match(stem):
        return stem
    old = _OLD.match(stem)
    return f"{old.group(1)}/{old.group(2)}" if old else otherwise


def _papers(
    found: Iterator[Found], form: str, max_size: int, timeout: float
) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """The papers in order, each with what it says or why it says nothing."""
    waiting: deque[Found] = deque()
    settings = {"form": form, "max_size": max_size}

    def asked() -> Iterator[tuple[bytes, dict[str, Any]]]:
        for known, place, content in found:
            if isinstance(content, BadRecord):
                waiting.append((known, place, content))
            else:
                waiting.append((known, place, b""))
                yield content, settings

    preload = ("pylatexenc.latexwalker", "pylatexenc.latex2text") if form == "text" else ()
    for result in isolated(_PAPER, asked(), timeout=timeout, preload=preload):
        while isinstance(waiting[0][2], BadRecord):
            yield waiting.popleft()
        known, place, _ = waiting.popleft()
        yield known, place, result
    yield from waiting
