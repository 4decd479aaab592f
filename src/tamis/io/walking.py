"""Walking through folders and patterns without following links back to where they came from."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterator

from tamis.errors import DataError


def matching(pattern: str) -> list[str]:
    """The files and folders that a pattern names, as `glob` does, but `**` follows no link back.

    `glob` goes round such links, and where there are two of them it does not come back.
    """
    if "**" not in pattern:
        return sorted(glob.glob(pattern))
    first, *parts = pattern.split(os.sep)
    return sorted(set(_expanded(first or os.sep, parts)))


def _expanded(folder: str, parts: list[str]) -> Iterator[str]:
    if not parts:
        yield folder
        return
    part, rest = parts[0], parts[1:]
    if not glob.has_magic(part):
        path = os.path.join(folder, part)
        if os.path.lexists(path):
            yield from _expanded(path, rest)
        return
    try:
        entries = list(os.scandir(folder))
    except (NotADirectoryError, FileNotFoundError):
        return
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror}") from error
    if part == "**":
        yield from _expanded(folder, rest)
    for entry in entries:
        if entry.name.startswith(".") and not part.startswith("."):
            continue
        if part != "**":
            if fnmatch.fnmatchcase(entry.name, part):
                yield from _expanded(entry.path, rest)
        elif _is_folder(entry) and not (entry.is_symlink() and _loops(entry.path)):
            yield from _expanded(entry.path, parts)
        elif not rest:
            yield entry.path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _loops(folder: str) -> bool:
    while folder != os.path.dirname(folder):
        parent = os.path.dirname(folder)
        if os.path.islink(folder):
            target, here = os.path.realpath(folder), os.path.realpath(parent)
            if os.path.commonpath([target, here]) == target:
                return True
        folder = parent
    return False


def walk(folder: str, extensions: tuple[str, ...]) -> Iterator[str]:
    """The files in a folder, all the way down, that have one of the endings."""
    todo = [folder]
    while todo:
        here = todo.pop()
        try:
            opened = os.scandir(here)
        except OSError as error:
            raise DataError(f"{here} cannot be read: {error.strerror}") from error
        with opened as entries:
            for entry in entries:
                if entry.name.startswith((".", "_")):
                    continue
                if _is_folder(entry):
                    if not (entry.is_symlink() and _loops(entry.path)):
                        todo.append(entry.path)
                elif entry.name.lower().endswith(extensions):
                    yield entry.path


def no_file(path: str) -> DataError:
    """The error for what is neither a file nor a folder."""
    what = "a link to nothing" if os.path.islink(path) else "neither a file nor a folder"
    return DataError(f"{path} is {what}; remove it, or name the other files")
