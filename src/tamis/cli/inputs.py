"""Input as the command line names it: paths, patterns and folders, told apart by their endings."""

from __future__ import annotations

import functools
import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import click

from tamis.errors import DataError, SettingError
from tamis.io.commit import listing
from tamis.io.extensions import MEDIA
from tamis.io.walking import matching

PACKED = (".gz", ".zst", ".bz2", ".xz", ".lz4")
READERS = {
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "parquet": (".parquet",),
    "csv": (".csv", ".tsv"),
    "webdataset": (".tar",),
    "warc": (".warc", ".wet"),
    "html": (".html", ".htm", ".xhtml"),
    "text": (".txt",),
    "wikipedia": (".xml",),
    "pdf": (".pdf",),
    "files": tuple(f".{extension}" for extension in MEDIA),
}
LISTS = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # of an imagefolder
LISTED = ("jsonl", "parquet", "csv")  # what lists of media are kept in
UNNAMED = {
    "text": "text files", "files": "media files", "warc": "web archives", "html": "web pages",
    "wikipedia": "dumps of wikis", "pdf": "PDF files",
}  # fmt: skip
_INDEX = re.compile(r"multistream-index\d*\.txt$")  # of a dump of a wiki
_PART = re.compile(r"-p\d+p\d+$")  # of a dump of a wiki in several files
HUGGINGFACE = ("dataset_info.json", "state.json", "dataset_dict.json")


@dataclass(frozen=True)
class Input:
    """What the options say is read; `open` reads it."""

    paths: tuple[str, ...]
    id_column: str | None
    limit: int | None
    as_json: tuple[str, ...]
    captions: tuple[str, ...]
    path_column: str | None

    def open(self) -> Any:
        """The frame."""
        return open_input(
            self.paths, self.id_column, self.limit, self.as_json, self.captions, self.path_column
        )


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is read, which reach the command as one `Input`, `given`."""
    options = [
        click.option(
            "--input", "-i", "paths", required=True, multiple=True, metavar="PATTERN",
            help="A file, a pattern in quotes, a folder, or a URL; may be given several times. "
            "JSON Lines (.gz, .zst, .bz2), Parquet, CSV, text files, web archives (.warc.gz, "
            ".wet.gz), web pages (.html), PDF, dumps of wikis (.xml), WebDataset archives (.tar), "
            "media files, manifests of NeMo or lhotse, or a Hugging Face dataset.",
        ),
        click.option("--id", "id_column", metavar="COLUMN", help="The column of the ids."),
        click.option(
            "--as-json", "as_json", multiple=True, metavar="COLUMN",
            help="Keep this column of JSON Lines as JSON text, whatever its shape.",
        ),
        click.option(
            "--captions", multiple=True, metavar="EXTENSION",
            help="Of a folder of media: a column of the texts in files of the same names that end "
            "so, e.g. caption.",
        ),
        click.option(
            "--path-column", metavar="COLUMN",
            help="JSON Lines, Parquet or CSV list media: this column holds their paths or URLs.",
        ),
        click.option(
            "--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N rows."
        ),
    ]  # fmt: skip
    own = [item.name for item in fields(Input)]

    @functools.wraps(function)
    def command(**options: Any) -> Any:
        given = Input(**{name: options.pop(name) for name in own})
        return function(given=given, **options)

    for option in reversed(options):
        command = option(command)
    return command


def open_input(
    paths: Sequence[str],
    id_column: str | None = None,
    limit: int | None = None,
    as_json: Sequence[str] = (),
    captions: Sequence[str] = (),
    path_column: str | None = None,
) -> Any:
    """The frame that the paths name."""
    import tamis

    more: dict[str, Any]
    kind = "files" if captions and all(map(_plain_folder, paths)) else kind_of(paths)
    if kind in ("jsonl", "webdataset") and path_column is None:
        kind = _speech(paths) or kind
    beside = list(captions)
    if kind == "captioned":
        kind, beside = "files", beside or [".txt"]
    if beside and kind != "files":
        raise SettingError(f"--captions is for folders of media files; this is {kind}")
    if path_column is not None:
        if kind not in (*LISTED, "manifest"):
            what = {"files": "media files", "text": "text files"}.get(kind, kind)
            raise SettingError(f"--path-column is for lists of media; this is {what}")
        kind = "manifest" if not as_json else kind
    if as_json and kind not in ("jsonl", "webdataset", "nemo"):
        raise SettingError(f"--as-json is for JSON Lines and WebDataset; this is {kind}")
    if kind in UNNAMED:
        if id_column is not None:
            raise SettingError(f"--id: {UNNAMED[kind]} have no columns; their ids are their own")
        more = {"captions": beside} if beside else {}
        frame = getattr(tamis, f"read_{kind}")(list(paths), **more)
    elif path_column is not None or kind == "manifest":
        more = {"as_json": as_json} if as_json else {}
        frame = tamis.read_manifest(list(paths), path_column=path_column, id=id_column, **more)
    elif kind in ("jsonl", "webdataset"):
        reader = getattr(tamis, f"read_{kind}")
        frame = reader(list(paths), id=id_column, as_json=as_json)
    elif kind in ("nemo", "lhotse"):
        if kind == "nemo":
            frame = tamis.read_nemo(list(paths), id=id_column, as_json=as_json)
        elif id_column is not None:
            raise SettingError("--id: lines of lhotse have ids of their own")
        else:
            frame = tamis.read_lhotse(paths[0] if len(paths) == 1 else list(paths))
    elif kind == "huggingface":
        if len(paths) > 1:
            raise DataError("give one Hugging Face dataset at a time")
        frame = tamis.read_huggingface(paths[0], id=id_column)
    else:
        reader = getattr(tamis, f"read_{kind}")
        frame = reader(list(paths), id=id_column)
    return frame if limit is None else first(frame, limit)


def kind_of(paths: Iterable[str]) -> str:
    """Which reader reads the paths: jsonl, parquet, csv, text, webdataset, files, manifest …

    "captioned" is a folder of media files with texts of the same names beside them.
    """
    kinds = {kind: path for path in paths for kind in sorted(_kinds(path))}
    if len(kinds) != 1:
        told = ", ".join(f"{kind} ({path})" for kind, path in kinds.items())
        raise DataError(f"one kind of input at a time; this is {told}")
    return next(iter(kinds))


def _speech(paths: Sequence[str]) -> str | None:
    """ "nemo" or "lhotse" where lines of JSON are those of such manifests, by their keys."""
    from tamis.io.braces import expanded
    from tamis.io.files import find_files
    from tamis.io.json_schema import head_rows
    from tamis.io.jsonl import SUFFIXES
    from tamis.io.lhotse_rows import kind_of as lhotse_kind
    from tamis.io.nemo_rows import AUDIO

    try:
        rows = head_rows(find_files(expanded(list(paths)), SUFFIXES))
    except DataError:  # archives without lists; or the reader will say what is wrong
        return None
    if rows and all(lhotse_kind(row) in ("cuts", "recordings", "supervisions") for row in rows):
        return "lhotse"
    return "nemo" if any(name in row for row in rows for name in AUDIO) else None


def first(frame: Any, limit: int) -> Any:
    """The first rows of a frame, taken partition by partition."""
    import dask.dataframe as dd

    taken, rows = [], 0
    for number in range(frame.npartitions):
        part = frame.partitions[number]
        found = len(part)
        if rows + found > limit:
            part = part.map_partitions(_head, limit - rows, meta=part._meta)
        taken.append(part)
        rows += found
        if rows >= limit:
            break
    return taken[0] if len(taken) == 1 else dd.concat(taken)


def pairs(given: Iterable[str], option: str = "--set") -> list[tuple[str, Any]]:
    """`--set` as names and values; a value is read as YAML reads it."""
    import yaml

    from tamis import notation

    found = []
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise SettingError(f"{option} {item}: write name=value")
        try:
            found.append((name.strip(), notation.load(value)))
        except yaml.YAMLError:
            raise SettingError(f"{option} {item}: {value!r} cannot be read as a value") from None
    return found


def _head(part: Any, rows: int) -> Any:
    return part.iloc[:rows]


def _kinds(path: str) -> set[str]:
    kind = _kind_of_name(path)
    if kind is not None:
        return {kind}
    if "://" in path or "::" in path:
        raise DataError(f"{path}: the ending does not say what it is (known: {_known()})")
    place = os.path.expanduser(path)
    if not os.path.lexists(place) and not glob.has_magic(place):
        raise DataError(f"no file or folder {path}")
    if os.path.isdir(place):
        if any(os.path.exists(os.path.join(place, name)) for name in HUGGINGFACE):
            return {"huggingface"}
        if any(os.path.exists(os.path.join(place, name)) for name in LISTS):
            return {"manifest"}
        return _kinds_within(place, path)
    matches = [match for match in matching(os.path.abspath(place)) if match != place]
    found = {kind for match in matches for kind in _kinds(match)}
    if not found:
        told = f"no file matches {path}" if glob.has_magic(place) else f"{path} is of no known kind"
        raise DataError(f"{told} (known: {_known()})")
    return found


def _plain_folder(path: str) -> bool:
    """Whether it is a folder of files that no list describes."""
    place = os.path.expanduser(path)
    marks = (os.path.join(place, name) for name in (*HUGGINGFACE, *LISTS))
    return os.path.isdir(place) and not any(map(os.path.exists, marks))


def _kinds_within(folder: str, path: str) -> set[str]:
    found: dict[str, list[str]] = {}
    for name in _files_within(folder):
        kind = _kind_of_name(name)
        if kind is not None:
            found.setdefault(kind, []).append(name)
    if not found:
        raise DataError(f"no data in the folder {path} (known: {_known()})")
    if {"files", "wikipedia"} <= found.keys() and _described(found["files"], found["wikipedia"]):
        del found["wikipedia"]
    if "webdataset" in found and found.keys() <= {"webdataset", "parquet", "jsonl"}:
        found = {"webdataset": found["webdataset"]}  # with the tables that writers put beside it
    if found.keys() == {"files", "text"} and _captions(found["files"], found["text"]):
        return {"captioned"}
    if len(found) > 1:
        told = ", ".join(
            f"{kind} ({len(names):,}, {names[0]})" for kind, names in sorted(found.items())
        )
        raise DataError(f"{path} holds files of several kinds: {told}; give a pattern for one kind")
    return set(found)


def _files_within(folder: str) -> Iterator[str]:
    """The files of a folder, of one that tamis wrote its parts; none that are hidden."""
    parts = listing(folder)
    if parts is not None:
        names = (part.name for part in parts if not part.name.startswith("__dropped/"))
        yield from (os.path.join(folder, name) for name in names)
        return
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        yield from (os.path.join(here, n) for n in sorted(files) if not n.startswith((".", "_")))


def _described(media: list[str], xml: list[str]) -> bool:
    """Whether each .xml is called as a medium is, if in another folder: an annotation, no dump."""
    stems = {os.path.splitext(os.path.basename(name))[0] for name in media}
    return all(os.path.splitext(os.path.basename(name))[0] in stems for name in xml)


def _captions(media: list[str], texts: list[str]) -> bool:
    """Whether most texts are called as a medium is, and so say what it shows."""
    stems = {os.path.splitext(name)[0] for name in media}
    beside = sum(os.path.splitext(name)[0] in stems for name in texts)
    return 2 * beside > len(texts)


def _kind_of_name(name: str) -> str | None:
    name = name.lower().partition("::")[0]
    for ending in PACKED:
        name = name.removesuffix(ending)
    name = _PART.sub("", name)
    if _INDEX.search(name):
        return None
    return next((kind for kind, endings in READERS.items() if name.endswith(endings)), None)


def _known() -> str:
    told = [e for kind, endings in READERS.items() if kind != "files" for e in endings]
    return ", ".join(told) + ", and those of images, audio and video"
