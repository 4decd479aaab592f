"""Which files paths name, in which order, under which names."""

import glob
import os

import fsspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import DataError, MissingPackageError, SettingError, UncommittedError
from tamis.io.commit import Folder
from tamis.io.files import File, find_files, in_order
from tamis.io.packing import pack
from tamis.io.walking import matching

ENDS = (".txt", ".txt.gz")


@pytest.fixture
def tree(tmp_path):
    for name in [
        "a10.txt", "a9.txt", "a9b.TXT", "sub/x.txt.gz", "sub/deep/y.txt", "other.csv",
        ".hidden.txt", "_temporary.txt", "_logs/z.txt", "od[d].txt",
    ]:  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(*args):
    return [file.name for file in find_files(*args)]


def test_folders_globs_files(tree):
    everything = ["a9.txt", "a9b.TXT", "a10.txt", "od[d].txt", "sub/deep/y.txt", "sub/x.txt.gz"]
    assert names(tree, ENDS) == everything
    assert names(f"{tree}/a*.txt", ENDS) == ["a9.txt", "a10.txt"]
    assert names(f"{tree}/**/*9.*", ENDS) == ["a9.txt"]
    assert names(f"{tree}/**/y.txt", ENDS) == ["sub/deep/y.txt"]
    assert names(f"{tree}/s*", ENDS) == ["sub/deep/y.txt", "sub/x.txt.gz"]
    assert names(tree / "other.csv", ENDS) == ["other.csv"]  # named: its ending does not matter
    assert names(tree / "od[d].txt", ENDS) == ["od[d].txt"]
    assert names([tree / "sub/deep", tree / "a9.txt"], ENDS) == ["sub/deep/y.txt", "a9.txt"]
    assert names(f"file://{tree}/sub", ENDS) == ["deep/y.txt", "x.txt.gz"]


def test_relative_paths(tree, monkeypatch):
    monkeypatch.chdir(tree / "sub")
    assert names("deep", ENDS) == ["y.txt"]
    assert find_files("../a9.txt", ENDS)[0].url == str(tree / "a9.txt")


def test_nothing_found_says_what_was_looked_for(tree):
    with pytest.raises(DataError, match=r"no file or folder .*nowhere"):
        find_files(tree / "nowhere", ENDS)
    with pytest.raises(DataError, match=r"no file matches .*\*\.xyz"):
        find_files(f"{tree}/*.xyz", ENDS)
    (tree / "empty").mkdir()
    with pytest.raises(
        DataError, match=r"no file ending in \.txt, \.txt\.gz in the folder .*empty"
    ):
        find_files(tree / "empty", ENDS)
    with pytest.raises(DataError, match="no input paths"):
        find_files([], ENDS)
    with pytest.raises(DataError, match=r"a9\.txt is named twice"):
        find_files([tree, tree / "a9.txt"], ENDS)


def test_links_that_lead_back_are_not_followed(tree):
    (tree / "sub" / "up").symlink_to("..")
    (tree / "sub" / "self").symlink_to(".")
    (tree / "twin").symlink_to("sub")
    everything = [
        "a9.txt", "a9b.TXT", "a10.txt", "od[d].txt", "sub/deep/y.txt", "sub/x.txt.gz",
        "twin/deep/y.txt", "twin/x.txt.gz",
    ]  # fmt: skip
    assert names(tree, ENDS) == everything
    found = names(f"{tree}/**/[!_]*.txt", ENDS)
    assert [n for n in found if n[0] != "_"] == [n for n in everything if n.endswith(".txt")]


PARTS = ("**", "*", "a*", "sub", "*.txt", "d??p", "[ax]*", "x.*", ".*", "nothing")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))
def test_patterns_mean_what_they_mean_to_glob(tree, parts):
    pattern = f"{tree}/{'/'.join(parts)}"
    found = {p.rstrip("/") for p in glob.glob(pattern, recursive=True) if os.path.lexists(p)}
    assert {path.rstrip("/") for path in matching(pattern)} == found


def test_what_is_no_file_is_told_and_never_waited_for(tree):
    os.mkfifo(tree / "pipe.txt")
    for paths in (tree, f"{tree}/*.txt", tree / "pipe.txt", "/dev/null"):
        with pytest.raises(DataError, match="is neither a file nor a folder"):
            find_files(paths, ENDS)
    (tree / "pipe.txt").unlink()
    (tree / "broken.txt").symlink_to("nothing")
    (tree / "circle.csv").symlink_to("circle.csv")
    for paths in (tree, f"{tree}/b*.txt", tree / "broken.txt", tree / "circle.csv"):
        with pytest.raises(DataError, match="is a link to nothing"):
            find_files(paths, ENDS)


def test_a_link_to_nothing_among_media_is_a_row_with_a_reason(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"some")
    (tmp_path / "b.wav").symlink_to("nothing")
    (tmp_path / "c.wav").symlink_to("c.wav")
    for paths in (tmp_path, f"{tmp_path}/*.wav"):
        found = tamis.read_files(paths).compute().set_index("id")
        assert found.dropped_why.dropna().to_dict() == {
            name: f"media.missing: {name}: a link to nothing" for name in ("b.wav", "c.wav")
        }
        with pytest.raises(DataError, match=r"b\.wav: a link to nothing"):
            tamis.read_files(paths, errors="raise").compute()
    with pytest.raises(DataError, match="is a link to nothing"):
        tamis.read_files(tmp_path / "b.wav")


def test_paths_that_are_none():
    for wrong in (None, 3, b"a.txt", [None], [b"a.txt"]):
        with pytest.raises(SettingError, match="named by a path or URL, not by"):
            find_files(wrong, ENDS)
    with pytest.raises(DataError, match="path is empty"):
        find_files("", ENDS)
    with pytest.raises(DataError, match="Protocol not known"):
        find_files("nosuch://a/b.txt", ENDS)


def test_file_systems_whose_package_is_missing(monkeypatch):
    def absent(url, **options):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    with pytest.raises(MissingPackageError, match=r"s3://b/a\.txt: Install s3fs"):
        find_files("s3://b/a.txt", ENDS)


def test_names_that_are_not_utf8(tmp_path):
    import tamis

    (tmp_path / os.fsdecode(b"by\xff.jsonl")).write_text('{"text": "a"}\n{bad\n')
    frame = tamis.read_jsonl(tmp_path).compute()
    assert frame["id"].tolist() == ["by\\xff.jsonl:0", "by\\xff.jsonl:14"]
    assert "by\\xff.jsonl, line 2" in frame["dropped_why"][1]
    (tmp_path / os.fsdecode(b"\xfe.txt")).write_text("text")
    frame = tamis.read_text(tmp_path).compute()
    assert frame["id"].tolist() == ["\\xfe.txt"] and frame["path"][0].endswith("/\\xfe.txt")


def test_fingerprints(tree):
    (before,) = find_files(tree / "a9.txt", ENDS)
    os.utime(tree / "a9.txt", ns=(1, 2))
    (after,) = find_files(tree / "a9.txt", ENDS)
    assert before.size == after.size == 6 and before.stamp != after.stamp == "2"


def test_committed_folders(tmp_path):
    with Folder(tmp_path / "out").writing() as folder:
        folder.put("part-1.txt", b"x", rows=1)
        folder.put("lang=en/part-0.data", b"y", rows=1)
    (tmp_path / "out" / "part-9.txt").write_text("not in the manifest")
    assert names(tmp_path / "out", ENDS) == ["lang=en/part-0.data", "part-1.txt"]
    Folder(tmp_path / "cut").writing().put("part-0.txt", b"x", rows=1)
    with pytest.raises(UncommittedError):
        find_files(tmp_path / "cut", ENDS)


def test_urls():
    memory = fsspec.filesystem("memory")
    for name in ("a/x10.txt", "a/x9.txt", "a/b/y.txt", "a/_no.txt", "a/b/.no/z.txt"):
        memory.pipe(f"/files/{name}", b"1234")
    assert names("memory://files/a", ENDS) == ["b/y.txt", "x9.txt", "x10.txt"]
    assert names("memory://files/a/x*.txt", ENDS) == ["x9.txt", "x10.txt"]
    assert names("memory://files/a/x9.txt", ENDS) == ["x9.txt"]
    (before,) = find_files("memory://files/a/x9.txt", ENDS)
    memory.pipe("/files/a/x9.txt", b"5678")
    (after,) = find_files("memory://files/a/x9.txt", ENDS)
    assert before.size == 4 and before.stamp != after.stamp
    with pytest.raises(DataError, match="no file or folder memory://files/none"):
        find_files("memory://files/none", ENDS)
    memory.rm("/files", recursive=True)


def test_files_in_an_archive(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("in/a.txt", "a")
        archive.writestr("in/b.txt", "b")
    found = find_files(f"zip://in::{tmp_path}/x.zip", ENDS)
    assert [file.name for file in found] == ["a.txt", "b.txt"]
    with fsspec.open(found[1].url) as file:
        assert file.read() == b"b"


def test_runs_of_small_items_stay_where_they_are():
    sizes = [10] * 1000
    before = pack(sizes, 100)
    assert [k for run in before for k in run] == list(range(1000))
    assert all(sum(sizes[k] for k in run) <= 100 for run in before)
    sizes[500] = 35
    after = pack(sizes, 100)
    assert len(set(map(tuple, before)) ^ set(map(tuple, after))) <= 4
    assert pack([], 100) == [] and pack([1000], 100) == [[0]]
    assert [len(run) for run in pack([1] * 10, 5, count=4)] == [4, 4, 2]


@given(
    st.lists(st.text("ab/019", min_size=1, max_size=8), unique=True),
    st.sampled_from(["", "/d1/", "x0"]),
)
def test_the_order_of_numbers(tails, head):
    """Text by text, number by number: as a person reads them."""

    def read(name):
        digits, found = "", []
        for letter in name:
            if letter.isdigit():
                digits += letter
                continue
            if digits:
                found.append((0, int(digits), ""))
            digits = ""
            found.append((1, 0, letter))
        return [*found, *([(0, int(digits), "")] if digits else [])], name

    files = [(head + tail, 0, "") for tail in tails]
    assert [name for name, _, _ in in_order(files)] == sorted((f[0] for f in files), key=read)


def test_files_say_what_data_classes_say():
    """It is what tokens are made of."""
    assert repr(File("a'b", "é", 1, "2")) == "File(url=\"a'b\", name='é', size=1, stamp='2')"
