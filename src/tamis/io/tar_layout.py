"""Which columns the samples of archives have, found in the heads of some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.errors import ColumnError, DataError
from tamis.io.byte_ranges import Ranges
from tamis.io.extensions import preferred
from tamis.io.files import File
from tamis.io.json_line import Layout
from tamis.io.json_schema import columns_of
from tamis.io.lines import Chunk
from tamis.io.schema import TEXT, reconcile
from tamis.io.tar_members import members
from tamis.io.tar_samples import Samples, samples
from tamis.io.tar_text import json_chunk
from tamis.kernels.tar_names import MOST_EXTENSIONS, MOST_MEMBERS

MEMBERS = "members"
MEMBER = pa.struct([("name", TEXT), ("offset", pa.int64()), ("size", pa.int64())])
POINTER = {"path": TEXT, "offset": pa.int64(), "size": pa.int64(), "ext": TEXT}
_HEAD = 1000  # members of an archive that are looked at
_LINES = 8 << 20  # bytes of json members of one archive


@dataclass
class Seen:
    """What the heads of the archives showed."""

    extensions: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # media beside the chosen one
    media: bool = False
    json: dict[str, pa.DataType] = field(default_factory=dict)


@dataclass(frozen=True)
class TarLayout:
    """How members become columns: `texts` and `others` by extension, `json` by key."""

    media: tuple[str, ...] | None
    texts: tuple[str, ...]
    others: tuple[str, ...]
    known: tuple[str, ...]
    json: Layout
    renamed: tuple[tuple[str, str], ...]  # keys of json members and the columns they become
    ignore: bool
    max_size: int
    kept: tuple[str, ...] = ()
    id_column: str | None = None
    keys: bool = False  # whether the keys are the ids
    members: bool = False  # whether all other members stand in one column

    def __dask_tokenize__(self) -> str:
        plain = replace(self, json=None)  # type: ignore[arg-type]
        return repr((plain, self.json.__dask_tokenize__()))

    def keeping(self, names: Sequence[str], id_column: str | None, keys: bool) -> TarLayout:
        """The same, reading only the columns of these names."""
        kept = tuple(key for key, column in self.renamed if column in names)
        id_key = next((key for key, column in self.renamed if column == id_column), None)
        json = replace(self.json, kept=kept, id_key=id_key)
        return replace(self, json=json, kept=tuple(names), id_column=id_column, keys=keys)


def look(
    files: Sequence[File],
    media: tuple[str, ...] | None,
    texts: tuple[str, ...],
    as_json: Sequence[str],
    sample_files: int,
    max_size: int,
    storage_options: Mapping[str, Any] | None,
) -> Seen:
    """What the heads of at most `sample_files` archives, spread over all, hold."""
    most = max(int(sample_files), 1)
    filled = [file for file in files if file.size]
    step = max(1.0, len(filled) / most)
    heads = [filled[int(k * step)] for k in range(min(len(filled), most))]

    def head(file: File) -> tuple[str, Seen]:
        try:
            source = Ranges(file, storage_options)
            found = samples(members(source, _HEAD), MOST_MEMBERS)
            return file.name, _seen(source, found, media, texts, as_json, max_size)
        except BadRecord:  # told when the archive is read
            return file.name, Seen()

    with ThreadPoolExecutor(min(8, max(len(heads), 1))) as pool:
        found = list(pool.map(head, heads))
    seen = Seen(media=any(one.media for _, one in found))
    for _, one in found:
        seen.extensions.extend(e for e in one.extensions if e not in seen.extensions)
        seen.others.extend(e for e in one.others if e not in seen.others)
    try:
        seen.json = reconcile([(name, one.json) for name, one in found])
    except DataError as error:
        told = str(error).partition("; read them apart")[0]
        raise DataError(f"{told}; as_json=[…] keeps a column of any shape as text") from None
    if media != () and seen.extensions and not seen.media:
        wanted = "known image, video or audio extension" if media is None else ", ".join(media)
        raise DataError(
            f"no member with a {wanted} in {files[0].name} (found: "
            f"{', '.join(seen.extensions[:20])}); name it with media=, or media=() for text alone"
        )
    return seen


def layout_of(
    seen: Seen,
    media: tuple[str, ...] | None,
    texts: tuple[str, ...],
    as_json: tuple[str, ...],
    id: str | None,
    ignore: bool,
    max_size: int,
    members: bool = False,
) -> tuple[TarLayout, dict[str, pa.DataType]]:
    """How what was seen becomes columns, and the columns with their types."""
    columns: dict[str, pa.DataType] = {} if media == () else dict(POINTER)
    if members:
        columns = {"path": TEXT, MEMBERS: pa.large_list(MEMBER)}
    reserved = {*columns, "id"}
    is_media = {seen.extensions[k] for k in preferred(seen.extensions, media)}
    text = [e for e in seen.extensions if e in texts and e not in is_media and e not in reserved]
    columns |= dict.fromkeys(text, TEXT)
    renamed = {}
    keys = id == "key" and "key" not in seen.json  # the keys of the samples are the ids
    for key in seen.json:
        taken = key in columns or key in ("dropped_by", "dropped_why") or (keys and key == "id")
        renamed[key] = f"json_{key}" if taken else key
        if renamed[key] in columns:
            raise ColumnError(f"the json members have both {key!r} and {renamed[key]!r}")
        columns[renamed[key]] = TEXT if key in as_json else seen.json[key]
    for name in as_json:
        if name not in renamed:
            raise ColumnError(f"as_json: no json member has {name!r} (have: {', '.join(renamed)})")
    id_key = "id" if id is None else id
    known = dict(seen.json) | dict.fromkeys(as_json, TEXT)
    if pa.types.is_integer(columns.get(id_key, pa.null())) and id_key in renamed.values():
        columns[id_key] = TEXT
        known[next(key for key, column in renamed.items() if column == id_key)] = TEXT
    others = [
        e for e in seen.extensions
        if e not in text and e != "json" and (e not in is_media or e in seen.others)
    ]  # fmt: skip
    if members:
        others = []
    elif len(seen.extensions) >= MOST_EXTENSIONS:
        raise DataError(
            f"the samples have {len(seen.extensions)} different extensions ("
            f"{', '.join(seen.extensions[:5])}, …); the key of a sample ends at the first dot of a "
            "name, so names must not have dots before the extension"
        )
    for extension in others:
        columns |= {f"{extension}_offset": pa.int64(), f"{extension}_size": pa.int64()}
    json = Layout(tuple(known.items()), tuple(known), None, ignore, max_size, as_json)
    layout = TarLayout(
        media, tuple(text), tuple(others), tuple(seen.extensions), json, tuple(renamed.items()),
        ignore, max_size, members=members,
    )  # fmt: skip
    return layout, columns


def _seen(
    source: Ranges,
    found: Samples,
    media: tuple[str, ...] | None,
    texts: tuple[str, ...],
    as_json: Sequence[str],
    max_size: int,
) -> Seen:
    seen = Seen(list(found.extensions))
    taken = np.zeros(found.table.shape[1], bool)
    for code in preferred(found.extensions, media):
        there = found.table[code] >= 0
        seen.media = True
        if (there & taken).any() and found.extensions[code] not in texts:
            seen.others.append(found.extensions[code])
        taken |= there
    if "json" in found.extensions:
        rows = found.table[found.extensions.index("json")]
        rows = rows[rows >= 0]
        sizes = found.members.size[rows]
        whole = found.members.offset[rows] + sizes <= source.size
        rows = rows[(sizes <= min(max_size, _LINES)) & whole]
        rows = rows[np.cumsum(found.members.size[rows]) <= _LINES]
        chunk: Chunk = json_chunk(source, found.members, rows)
        seen.json = columns_of(chunk, as_json)
    return seen
