"""Read WebDataset archives: a row a sample, pointing into the archive, which is not unpacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tamis.errors import DataError, SettingError
from tamis.io.arrow_rows import chosen
from tamis.io.compression import EXTENSIONS
from tamis.io.extensions import TEXTS, checked
from tamis.io.files import File, Paths, find_files
from tamis.io.frames import Types, Work, check_errors, dask_frame, quarantine_types
from tamis.io.packing import PER_FILE, pack
from tamis.io.schema import TEXT
from tamis.io.sizes import size
from tamis.io.tar_layout import layout_of, look
from tamis.io.tar_piece import Piece, read_work

SUFFIXES = (".tar",)
_PACKED = (*(f".tar{end}" for end in EXTENSIONS), ".tgz", ".tbz2", ".txz", ".tzst")
_LONGEST = 10**9  # positions within a chunk are 32 bits


def read_webdataset(
    paths: Paths,
    *,
    media: str | Sequence[str] | None = None,
    text: Sequence[str] = TEXTS,
    members: bool = False,
    id: str | None = None,
    columns: Sequence[str] | None = None,
    as_json: Sequence[str] = (),
    block_size: int | str = "256MB",
    files_per_partition: int | None = None,
    storage_options: Mapping[str, Any] | None = None,
    errors: str = "quarantine",
    unknown: str = "quarantine",
    max_size: int | str = "64MB",
    sample_files: int = 8,
) -> Any:
    """Read tar archives of samples (WebDataset shards) as a lazy frame of pointers.

    A sample is the members whose paths agree up to the first dot of their last part (the key); what
    follows is the extension, in lower case. Members of a sample may stand anywhere in the archive.
    `path`, `offset`, `size` say which bytes are the medium, `ext` what it is: the first of `media`
    that the sample has, without `media` the first known image, video or audio extension. Members
    with extensions in `text` become text columns of that name. The keys of `json` members become
    columns as in `read_jsonl` (also `as_json`, `unknown`), named `json_<key>` where the name is
    taken. Every other member is a pointer: `<extension>_offset` and `<extension>_size`. No member
    is ever decoded, unpickled or run. `media=()` reads archives of text.

    `members=True` is for samples of any number of media, such as documents with their images: no
    medium is chosen, and the members that are neither text nor json stand in one column `members`,
    a list of structs `name` (the extension, such as `2.jpg`), `offset`, `size`, within the archive
    that `path` names (`tamis.interleaved.elements` makes rows of them).

    `id` is the column of ids, `"key"` the keys themselves; without it a column `id` of the json
    members is used, otherwise `<archive>:<key>`. Columns are found from the heads of `sample_files`
    archives spread over all of them.

    Headers are checked one by one. What is damaged, cut off, a link, there twice, without medium
    (`tar.…` in `tamis.codes.CODES`) is a row with `dropped_by="read_webdataset"`, and the archive
    and byte in `dropped_why`; `errors="raise"` makes the first of them a `DataError`. After damage
    reading goes on at the next header; samples that the damage has robbed of a member are told
    apart by what the others have. Text and json members are read up to `max_size`.

    A partition is about `block_size` of archives: small ones together, a large one in several
    pieces by samples. Compressed archives are refused: nothing can point into them.

    >>> import tamis
    >>> tamis.read_webdataset("shards/*.tar", media="jpg")  # doctest: +SKIP
    """
    check_errors(errors)
    if unknown not in ("quarantine", "ignore"):
        raise SettingError(f"unknown must be 'quarantine' or 'ignore', found {unknown!r}")
    kinds, texts = checked("media", media), checked("text", text) or ()
    if members:
        if kinds:
            raise SettingError("members=True chooses no medium; leave out media=")
        kinds = ()
    block = max(size("block_size", block_size), 1024)  # no sample is smaller
    longest = min(size("max_size", max_size), _LONGEST)
    files = find_files(paths, SUFFIXES, storage_options)
    for file in files:
        if file.name.lower().partition("::")[0].endswith(_PACKED):
            raise DataError(
                f"{file.name} is compressed, and nothing can point into it; unpack it to .tar, "
                "as with gunzip or zstd -d"
            )
    loose = (as_json,) if isinstance(as_json, str) else tuple(as_json)
    seen = look(files, kinds, texts, loose, sample_files, longest, storage_options)
    layout, known = layout_of(seen, kinds, texts, loose, id, unknown == "ignore", longest, members)
    named = None if id == "key" and "key" not in known else id
    names, key = chosen(known, named, columns)
    layout = layout.keeping(names, key, keys=id == "key" and named is None)
    types = {"id": TEXT, **{name: known[name] for name in names if name != key}}
    return dask_frame(
        read_work,
        plan(files, block, files_per_partition),
        Types(tuple(quarantine_types(types, errors).items())),
        "read_webdataset",
        layout=layout,
        raising=errors == "raise",
        storage_options=dict(storage_options or {}),
    )


def plan(files: Sequence[File], block: int, files_per_partition: int | None) -> list[Work]:
    """Which archives, or which parts of one, each partition reads."""
    work: list[Work] = []
    for run in pack([file.size + PER_FILE for file in files], block, files_per_partition):
        if len(run) > 1 or files_per_partition is not None:
            work.append(Work(tuple(Piece(files[k], 0, 1) for k in run)))
            continue
        file = files[run[0]]
        cuts = -(-file.size // block) if file.size > 1.5 * block else 1
        work.extend(Work((Piece(file, k, cuts),)) for k in range(cuts))
    return work
