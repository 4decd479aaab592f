"""Files from a server that stalls, breaks off, lies and changes them: whole, or not there."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("aiohttp")

from file_server import SIZE, FileServer, content

import tamis
from tamis.cli import main
from tamis.downloading import STATUS
from tamis.errors import DataError, SettingError, WriteError
from tamis.io import download_http, download_loop

QUICK = {"allow_private": True, "timeout": 1, "retries": 2}


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download_http, "backoff", lambda url, attempt: 0.01)
    with FileServer() as server:
        yield server
    download_loop.stop()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def ranges(server, path):
    return [asked for place, asked, _ in server.asked if place == path]


# Where the whole file comes from in the end, what is asked of the server, how sure it is.
WHOLE = {
    "/good/a.bin": ("", [None], "length"),
    "/cuts/a.bin": ("", [None, "bytes=1200000-", "bytes=2400000-"], "length"),
    "/once/a.bin": ("", [None, "bytes=1000000-"], "length"),
    "/stalls/a.bin": ("", [None, "bytes=1000000-"], "length"),
    "/ignores/a.bin": ("", [None, "bytes=1000000-"], "length"),
    "/changes/a.bin": ("2", [None, "bytes=1000000-"], "length"),
    "/mixes/a.bin": ("2", [None, "bytes=1000000-", None], "length"),
    "/elsewhere/a.bin": ("", [None, "bytes=1000000-", None], "length"),
    "/untagged/a.bin": ("", [None, None], "length"),
    "/dated/a.bin": ("", [None, "bytes=1000000-"], "length"),
    "/chunks/a.bin": ("", [None], None),
    "/chunked/a.bin": ("", [None, None], None),
    "/old/a.bin": ("", [None], None),
    "/packed/a.tar.gz": ("", [None], "length"),
    "/busy/a.bin": ("", [None, None], "length"),
}
LOST = {
    "/crumbs/a.bin": "fetch.failed",
    "/lies/a.bin": "fetch.failed",
    "/packed/a.txt": "fetch.failed",
    "/noai/a.bin": "fetch.opted_out",
    "/none/a.bin": "fetch.status",
}


def test_every_fault(server, tmp_path):
    paths = [*WHOLE, *LOST, "/empty/a.bin", "/redirect/b.bin"]
    urls = [server.url + path for path in paths]
    result = tamis.download(urls, tmp_path, names={u: p[1:] for u, p in zip(urls, paths)}, **QUICK)  # noqa: B905
    table = result.table.set_index("id")
    for path, (version, asked, verified) in WHOLE.items():
        row = table.loc[path[1:]]
        data = Path(row.path).read_bytes()
        assert data == content(path + version), path
        assert (row.sha256, row.bytes) == (sha(data), SIZE)
        assert ranges(server, path) == asked, path
        assert row.verified == verified or (verified is None and pd.isna(row.verified))
        assert row.tries == len(asked)
    for path, code in LOST.items():
        row = table.loc[path[1:]]
        assert row.dropped_why.startswith(f"{code}: {server.url}{path}"), row.dropped_why
        assert row.dropped_by == "download" and pd.isna(row.path)
        assert not (tmp_path / path[1:]).exists()
    assert (tmp_path / "empty/a.bin").read_bytes() == b""
    assert table.redirected_to["redirect/b.bin"] == f"{server.url}/good/b.bin"
    assert (result.kept, sum(result.reasons.values())) == (len(WHOLE) + 2, len(LOST))
    assert len(result.paths) == result.kept
    assert result.bytes == (len(WHOLE) + 1) * SIZE


def test_checksums(server, tmp_path):
    good, hides, mute = (f"{server.url}/{kind}/{kind}.bin" for kind in ("good", "hides", "mute"))
    sums = tmp_path / "sums.txt"
    sums.write_text(
        f"{hashlib.md5(content('/good/good.bin')).hexdigest()}  good.bin\n"
        f"{hashlib.sha1(content('/hides/hides.bin')).hexdigest()} *hides.bin\n"
        f"{sha(content('/mute/mute.bin2'))}  mute.bin\n"
    )
    result = tamis.download([good, hides, mute], tmp_path / "out", checksums=sums, **QUICK)
    table = result.table.set_index("id")
    assert table.verified["good.bin"] == "md5"
    # Two halves of two files have no right hash, so the whole is asked for again.
    assert table.verified["mute.bin"] == "sha256"
    assert ranges(server, "/mute/mute.bin") == [None, "bytes=1000000-", None]
    assert result.reasons == {"fetch.hash": 1} and not (tmp_path / "out/hides.bin").exists()
    # A file that stands is looked at again where another hash is asked for.
    again = tamis.download(good, tmp_path / "out", checksums={good: "0" * 64}, **QUICK)
    assert again.reasons == {"fetch.hash": 1} and again.standing == 0


def test_what_stands_is_not_asked_for_again(server, tmp_path):
    urls = [f"{server.url}/good/{n}.bin" for n in range(3)]
    tamis.download(urls[:2], tmp_path, **QUICK)
    result = tamis.download(urls, tmp_path, **QUICK)
    assert (result.kept, result.standing) == (3, 2)
    assert result.table.standing.tolist() == [True, True, False]
    assert result.table.sha256.tolist() == [sha(content(f"/good/{n}.bin")) for n in range(3)]
    assert all(count == 1 for count in server.counts.values())
    (tmp_path / "0.bin").unlink()
    assert tamis.download(urls, tmp_path, **QUICK).standing == 2
    (tmp_path / "1.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"1\.bin stands there and is not what"):
        tamis.download(urls, tmp_path, **QUICK)


def test_a_killed_download_goes_on(server, tmp_path):
    url = f"{server.url}/slow/x.bin"
    code = f"import tamis; tamis.download({url!r}, {str(tmp_path)!r}, allow_private=True)"
    child = subprocess.Popen([sys.executable, "-c", code], env=os.environ)
    state = tmp_path / "_downloads"
    deadline = time.time() + 60
    while not any(p.stat().st_size > 500_000 for p in state.glob("*.part")):
        assert time.time() < deadline and child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "x.bin").exists()
    stood = max(p.stat().st_size for p in state.glob("*.part"))
    result = tamis.download(url, tmp_path, **QUICK)
    assert ranges(server, "/slow/x.bin") == [None, f"bytes={stood}-"]
    assert (tmp_path / "x.bin").read_bytes() == content("/slow/x.bin")
    assert result.table.sha256[0] == sha(content("/slow/x.bin"))


def test_a_part_that_is_whole(server, tmp_path):
    """Killed between the last byte and the renaming."""
    url = f"{server.url}/good/x.bin"
    tamis.download(url, tmp_path, **QUICK)
    (note,) = (tmp_path / "_downloads").glob("*.json")
    (tmp_path / "x.bin").rename(note.with_suffix(".part"))
    assert tamis.download(url, tmp_path, **QUICK).kept == 1
    assert ranges(server, "/good/x.bin") == [None, f"bytes={SIZE}-"]
    assert (tmp_path / "x.bin").read_bytes() == content("/good/x.bin")


def test_it_is_polite(server, tmp_path):
    urls = [f"{server.url}/slow/{n}.bin" for n in range(4)]
    tamis.download(urls, tmp_path, per_host=2, user_agent="me/1", **QUICK)
    assert server.most == 2


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "fetch.url"),
        ("ftp://example.org/x", "fetch.url"),
        ("http://127.0.0.1:9/x", "fetch.private"),
        ("http://169.254.169.254/latest/meta-data", "fetch.private"),
        ("http://[::1]/x", "fetch.private"),
        ("http://[bad/x", "fetch.url"),
    ],
)
def test_addresses_that_are_refused(tmp_path, url, code):
    result = tamis.download(url, tmp_path)
    assert result.reasons == {code: 1}
    assert not [p for p in tmp_path.iterdir() if p.name != "_downloads"]


def test_names(server, tmp_path):
    urls = [f"{server.url}/good/{n}/same.bin" for n in (1, 2)]
    with pytest.raises(SettingError, match=r"would both be 'same\.bin'; pass names="):
        tamis.download(urls, tmp_path, **QUICK)
    result = tamis.download([*urls, f"{server.url}/good/..%2f..%2fup.bin"], tmp_path,
                            names="path", **QUICK)  # fmt: skip
    host = server.url.removeprefix("http://").replace(":", "_")
    assert [os.path.relpath(path, tmp_path) for path in result.paths] == [
        f"{host}/good/1/same.bin", f"{host}/good/2/same.bin", f"{host}/good/up.bin"
    ]  # fmt: skip
    for name in ("../x", "/x", "a//b", "_downloads/x", "."):
        with pytest.raises(SettingError, match="no name for a file"):
            tamis.download(urls[0], tmp_path, names={urls[0]: name}, **QUICK)


def test_settings(tmp_path):
    for wrong in (
        {"names": "url"}, {"checksums": {"http://a.org/x": "abc"}}, {"retries": -1},
        {"checksums": {"x": "md5:" + "0" * 40}}, {"max_bytes": "much"}, {"user_agent": "é"},
    ):  # fmt: skip
        with pytest.raises(SettingError):
            tamis.download("http://a.org/x", tmp_path, **wrong)
    with pytest.raises(SettingError, match="local folder"):
        tamis.download("http://a.org/x", "memory://x")
    (tmp_path / "sums").write_text("no sums\n")
    with pytest.raises(DataError, match="line 1: no hash and name"):
        tamis.download("http://a.org/x", tmp_path, checksums=tmp_path / "sums")
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError):
        tamis.download("http://a.org/x", tmp_path / "file")


def test_a_full_disk_is_no_fault_of_the_server(server, tmp_path, monkeypatch):
    from tamis.io import download_file

    def full(*_):
        raise WriteError("cannot write: No space left on device")

    monkeypatch.setattr(download_file, "_note", full)
    with pytest.raises(WriteError, match="No space left"):
        tamis.download(f"{server.url}/good/x.bin", tmp_path, **QUICK)


def test_command(server, tmp_path, capsys):
    (tmp_path / "list.txt").write_text(f"# two\n{server.url}/good/a.bin\n{server.url}/none/b.bin\n")
    out = tmp_path / "out"
    call = ["download", "-l", str(tmp_path / "list.txt"), "-o", str(out), "--allow-private"]
    with pytest.raises(SystemExit) as ended:
        main(call)
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "1 of 2 files, 3,000,000 bytes" in said and "fetch.status" in said
    assert len(pd.read_parquet(out / STATUS)) == 2
    with pytest.raises(SystemExit) as ended:
        main(["download", f"{server.url}/good/a.bin", "-o", str(out), "--allow-private"])
    assert ended.value.code == 0 and "1 stood already" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["download", "-o", str(out)])
    assert ended.value.code == 2
