"""A committed folder is the old set, the new set, or none, whatever operation fails."""

import json
import os

import fsspec
import pytest

from failing_files import Crash, Failing
from tamis.errors import DataError, UncommittedError
from tamis.io.commit import MANIFEST, MARKER, Folder, listing
from tamis.io.store import Store

TOKENS = {"old": "01dbadf00d", "new": "0ddba110"}


def write_set(path, tag, files=None):
    with Folder(path, files=files).writing() as folder:
        for k in range(3):
            folder.put(f"part-{k:05d}.{TOKENS[tag]}.txt", f"{tag} {k}\n".encode() * 100, rows=100)


def read_set(path):
    """What a reader sees: the tag of the set, None for an unfinished or absent one."""
    try:
        parts = listing(path)
    except UncommittedError:
        return None
    if parts is None:
        assert not os.path.isdir(path) or not [n for n in os.listdir(path) if n.startswith("part")]
        return None
    found = set()
    for part in parts:
        with open(os.path.join(path, part.name)) as file:
            lines = file.read().splitlines()
        assert len(lines) == part.rows
        found |= {line.split()[0] for line in lines}
    assert len(parts) == 3 and len(found) == 1
    return found.pop()


def operations(path, before):
    if before:
        write_set(path, "old")
    counting = Failing(0, "none")
    write_set(path, "new", counting)
    return counting.count


@pytest.mark.parametrize("how", ["eio", "enospc", "crash"])
@pytest.mark.parametrize("before", [False, True])
def test_every_operation_failing(tmp_path, how, before):
    total = operations(str(tmp_path / "count"), before)
    assert total > 20
    seen = set()
    for at in range(1, total + 1):
        path = str(tmp_path / f"{at}")
        if before:
            write_set(path, "old")
        with pytest.raises((OSError, Crash)):
            write_set(path, "new", Failing(at, how))
        found = read_set(path)
        assert found in ({"old", "new"} if before else {None, "new"})
        seen.add(found)
        write_set(path, "new")  # and it can be written again
        assert read_set(path) == "new"
        assert not [
            name for name in os.listdir(path) if name.endswith(".tmp") or TOKENS["old"] in name
        ]
    assert len(seen) == 2


def test_put_is_whole_or_absent(tmp_path):
    store = Store(tmp_path)
    assert store.put("a/b.txt", b"one") == Store(tmp_path).put("a/b.txt", lambda f: f.write(b"one"))
    with pytest.raises(ZeroDivisionError):
        store.put("a/b.txt", lambda f: (f.write(b"half"), 1 / 0))
    assert store.read("a/b.txt") == b"one"
    assert store.names("a") == ["a/b.txt"]


def test_unfinished_and_changed_folders_are_refused(tmp_path):
    path = str(tmp_path / "x")
    folder = Folder(path).writing()
    folder.put("part-0.txt", b"1\n", rows=1)
    with pytest.raises(UncommittedError, match="not finished"):
        listing(path)
    folder.commit()
    assert [part.name for part in listing(path)] == ["part-0.txt"]
    with open(os.path.join(path, "part-0.txt"), "a") as file:
        file.write("more")
    with pytest.raises(DataError, match=r"has 6 bytes instead of 2"):
        listing(path)
    os.remove(os.path.join(path, "part-0.txt"))
    with pytest.raises(DataError, match="is missing"):
        listing(path)


def test_an_ordinary_folder_is_nobodys_business(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    assert listing(tmp_path) is None
    assert listing(tmp_path / "absent") is None


def test_on_an_object_store():
    path = "memory://commit-test/set"
    write_set(path, "old")
    write_set(path, "new")
    assert [part.name for part in listing(path)] == [
        f"part-{k:05d}.{TOKENS['new']}.txt" for k in range(3)
    ]
    filesystem = fsspec.filesystem("memory")
    names = [entry.rsplit("/", 1)[-1] for entry in filesystem.ls("/commit-test/set", detail=False)]
    assert sorted(names) == sorted(
        [MANIFEST, *(f"part-{k:05d}.{TOKENS['new']}.txt" for k in range(3))]
    )
    manifest = json.loads(filesystem.cat_file("/commit-test/set/" + MANIFEST))
    assert {part["rows"] for part in manifest["parts"]} == {100}


def test_marker_stands_while_writing(tmp_path):
    folder = Folder(tmp_path / "x").writing()
    assert folder.store.size(MARKER) is not None
    folder.commit()
    assert folder.store.size(MARKER) is None
