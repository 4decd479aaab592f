"""Read web archives: WARC files of pages, WET files of their text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tamis.errors import DataError, SettingError
from tamis.extras import absent, missing
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT
from tamis.io.sizes import ratio, size
from tamis.io.warc_piece import Piece, read_work
from tamis.io.warc_rows import HTML, PLAIN, Wanted

SUFFIXES = tuple(stem + end for stem in (".warc", ".wet") for end in ("", ".gz"))
_EXPANDED = 4  # times that a packed archive of pages is as large unpacked
ABOUT = {
    "date": TEXT, "content_type": TEXT, "status": pa.int64(), "encoding": TEXT, "languages": TEXT,
    "record_id": TEXT, "path": TEXT, "offset": pa.int64(), "size": pa.int64(),
}  # fmt: skip


def read_warc(
    paths: Paths,
    *,
    content: str | None = None,
    content_types: Sequence[str] | None = None,
    status: Sequence[int] = (200,),
    block_size: int | str = "64MB",
    files_per_partition: int | None = None,
    max_size: int | str = "64MB",
    max_ratio: float = 200.0,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
) -> Any:
    """Read web archives (.warc, .wet, plain or .gz) as a lazy frame, a row a page.

    `content="html"` gives the pages of WARC files in a column `html`, decoded by the encoding that
    the bytes, the server or the page tell, else by a detector (`encoding` says which); "text" gives
    the texts of WET files in `text`. Without it the names tell: WET where they have `.wet`. The
    other columns: `id` (`<file>:<byte>`), `url`, `date`, `content_type`, `status`, `languages` (as
    the crawler found them), `record_id`, and `path`, `offset`, `size` of the record in its file.

    Records of type response, resource and conversion are rows; those that tell of a crawl (request,
    metadata, warcinfo, revisit) are passed over. Content of other than `content_types` (HTML and
    XHTML; plain text) is a row dropped as `warc.content`, an answer of another `status` one dropped
    as `warc.status` (`status=()` reads all); neither counts as unreadable. What cannot be read is a
    row with its reason, and costs no neighbour: reading goes on at the next record.

    Packed files are cut about every `block_size` of text, at members that hold a record, and so
    are plain ones; a file packed as one piece is one partition. A record or page of more than
    `max_size` bytes, or one that expands more than `max_ratio` times, is set aside, so that memory
    stays bounded. Needs `tamis[html]`.
    """
    check_errors(errors)
    need_html("read_warc")
    files = find_files(paths, SUFFIXES, storage_options)
    column = _column(files, content)
    wanted = Wanted(
        column, types_of(column, content_types), statuses_of(status), size("max_size", max_size)
    )
    columns = {"id": TEXT, "url": TEXT, column: TEXT, **ABOUT}
    return dask_frame(
        read_work,
        plan(files, size("block_size", block_size), files_per_partition),
        Types(tuple(quarantine_types(columns, errors).items())),
        "read_warc",
        wanted=wanted,
        max_ratio=ratio(max_ratio),
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def need_html(reader: str) -> None:
    """Say at the call which package is missing."""
    lacking = absent(["fastwarc", "resiliparse"])
    if lacking:
        raise missing({reader: dict.fromkeys(lacking, "html")})


def types_of(column: str, given: Sequence[str] | None) -> tuple[str, ...]:
    """The content types that are read."""
    if given is None:
        return HTML if column == "html" else PLAIN
    several = (given,) if isinstance(given, str) else tuple(given)
    if not several or not all(isinstance(one, str) and "/" in one for one in several):
        raise SettingError(f"content_types are names such as 'text/html', found {given!r}")
    return tuple(one.lower() for one in several)


def statuses_of(given: Sequence[int]) -> tuple[int, ...]:
    """The statuses of answers that are read; none: all."""
    several = (given,) if isinstance(given, int) else given
    several = tuple(several) if isinstance(several, Iterable) else (given,)
    if not all(isinstance(one, int) and 100 <= one <= 999 for one in several):
        raise SettingError(f"status are HTTP's numbers such as 200, found {given!r}")
    return several


def plan(files: Sequence[File], block: int, files_per_partition: int | None) -> list[Work]:
    """Which parts of which files each partition reads."""
    pieces: list[list[Piece]] = []
    sizes = []
    for file in files:
        times = _EXPANDED if file.name.lower().endswith(".gz") else 1
        step = max(1, block // times)
        count = max(1, -(-file.size // step)) if file.size > 1.5 * step else 1
        ends = [step * k for k in range(1, count)]
        pieces.append([Piece(file, a, b) for a, b in zip([0, *ends], [*ends, None], strict=True)])
        sizes.append(file.size * times + PER_FILE)
    work: list[Work] = []
    for group in pack(sizes, block, files_per_partition):
        if len(group) == 1:
            work.extend(Work((piece,)) for piece in pieces[group[0]])
        else:
            work.append(Work(tuple(piece for k in group for piece in pieces[k])))
    return work


def _column(files: Sequence[File], content: str | None) -> str:
    if content is not None:
        if content not in ("html", "text"):
            raise SettingError(f"content must be 'html' or 'text', found {content!r}")
        return content
    wet = [file for file in files if ".wet" in file.name.rpartition("/")[2].lower()]
    if wet and len(wet) < len(files):
        other = next(file for file in files if file not in wet)
        raise DataError(
            f"{wet[0].name} has texts and {other.name} pages: read them one after the other, or "
            "pass content="
        )
    return "text" if wet else "html"
