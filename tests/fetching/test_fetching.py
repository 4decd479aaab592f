"""Lists of URLs against a real server with every fault: each row is kept or says why not."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

pytest.importorskip("aiohttp")

from PIL import Image
from web_server import Server, picture, sha256

import tamis
from tamis.codes import CODES
from tamis.errors import ColumnError, SettingError
from tamis.io import download_address, download_loop
from tamis.io.download_address import public
from tamis.io.download_http import opted_out

HERE = Path(__file__).parent
QUICK = {"allow_private": True, "timeout": 1, "total_timeout": 2, "max_bytes": 200_000}

pytestmark = pytest.mark.slow


@pytest.fixture
def server():
    with Server() as server:
        yield server
    download_loop.stop()


def listed(server, paths, **more):
    urls = [p if p is None or "://" in p else f"{server.url}/{p}" for p in paths]
    return pd.DataFrame({"id": [f"r{n}" for n in range(len(urls))], "url": urls} | more)


def rows(folder):
    tables = [pq.read_table(p).to_pandas() for p in sorted(Path(folder).glob("*.parquet"))]
    return pd.concat(tables, ignore_index=True)


def codes(frame):
    return [None if pd.isna(why) else why.partition(":")[0] for why in frame.dropped_why]


FAULTS = {
    "image/1.jpg": None,
    "status/404": "fetch.status",
    "status/500": "fetch.status",
    "flaky/a": None,
    "busy/a": None,
    "forever": "fetch.status",
    "tagged/noai": "fetch.opted_out",
    "tagged/noarchive,_NoImageAI": "fetch.opted_out",
    "tagged/tamis:_noindex": "fetch.opted_out",
    "tagged/other:_noai": None,
    "tagged/noarchive": None,
    "redirect/image/7": None,
    "redirect/redirect/status/404": "fetch.status",
    "loop/": "fetch.redirects",
    "nowhere": "fetch.status",
    "short": "fetch.failed",
    "long": "fetch.too_long",
    "endless": "fetch.too_long",
    "silent": "fetch.timeout",
    "drip": "fetch.timeout",
    "reset": "fetch.failed",
    "garbage": "fetch.failed",
    "gzip": None,
    "bomb": "fetch.too_long",
    "html": None,
    "empty": "fetch.failed",
    "http://127.0.0.1:1/x": "fetch.failed",
    "http://no-such-host.invalid/x": "fetch.failed",
    "ftp://127.0.0.1/x": "fetch.url",
    "file:///etc/passwd": "fetch.url",
    "http://[bad": "fetch.url",
    "http://": "fetch.url",
    "http://a:99999/": "fetch.url",
    "image/2.jpg": None,
}


def test_every_fault_has_its_code(server, tmp_path):
    df = listed(server, [*FAULTS, None])
    result = tamis.fetch(df, tmp_path / "out", format="parquet", **QUICK)
    found = rows(tmp_path / "out")
    assert found.id.tolist() == df.id.tolist()
    expected = [*FAULTS.values(), "fetch.url"]
    assert dict(zip(found.url, codes(found), strict=True)) == dict(
        zip(df.url, expected, strict=True)
    )
    assert {c for c in expected if c} <= set(CODES)
    assert result.rows == len(df) == result.kept + sum(result.reasons.values())
    assert result.kept == expected.count(None) == found.image.notna().sum()
    at = {
        url.removeprefix(server.url + "/"): n
        for n, url in enumerate(df.url)
        if isinstance(url, str)
    }
    assert found.image[at["image/1.jpg"]] == picture(1)
    assert found.image[at["redirect/image/7"]] == picture(7)
    assert found.image[at["gzip"]] == picture(4)
    assert found.sha256[at["image/2.jpg"]] == sha256(picture(2))
    assert found.redirected_to[at["redirect/image/7"]] == f"{server.url}/image/7"
    assert found.http_status[at["status/404"]] == 404
    assert found.tries[at["flaky/a"]] == 3 and found.tries[at["status/404"]] == 1
    assert server.agents == {f"tamis/{tamis.__version__}"}


def test_archives_are_read_by_webdataset_in_order(server, tmp_path):
    import webdataset

    paths = [f"image/{n}" if n % 7 else "status/404" for n in range(50)]
    df = listed(server, paths, caption=[f"caption {n}" for n in range(50)])
    result = tamis.fetch(df, tmp_path / "out", shard=20, **QUICK)
    assert (result.kept, result.shards) == (42, 3)
    tars = sorted(map(str, (tmp_path / "out").glob("*.tar")))
    samples = list(webdataset.WebDataset(tars, shardshuffle=False))
    assert [s["jpg"] for s in samples] == [picture(n) for n in range(50) if n % 7]
    assert [s["txt"].decode() for s in samples] == [f"caption {n}" for n in range(50) if n % 7]
    found = rows(tmp_path / "out")
    assert found.id.tolist() == df.id.tolist()
    assert codes(found) == ["fetch.status" if n % 7 == 0 else None for n in range(50)]


def test_a_dask_frame_gives_the_same_rows(server, tmp_path):
    import dask.dataframe as dd

    df = listed(server, [f"image/{n}" for n in range(23)] + ["status/410"])
    tamis.fetch(df, tmp_path / "a", format="parquet", shard=5, **QUICK)
    tamis.fetch(dd.from_pandas(df, npartitions=3), tmp_path / "b", format="parquet", shard=5,
                **QUICK)  # fmt: skip
    pd.testing.assert_frame_equal(rows(tmp_path / "a"), rows(tmp_path / "b"))
    assert tamis.fetch(df.iloc[:0], tmp_path / "c", format="parquet", **QUICK).rows == 0


def test_hashes_are_compared(server, tmp_path):
    good, other = hashlib.md5(picture(1)).hexdigest(), hashlib.md5(b"x").hexdigest()
    df = listed(server, ["image/1"] * 4, md5=[good, other, None, good.upper()])
    tamis.fetch(df, tmp_path / "out", format="parquet", verify="md5", **QUICK)
    assert codes(rows(tmp_path / "out")) == [None, "fetch.hash", None, None]
    renamed = df.rename(columns={"md5": "sum"})
    tamis.fetch(renamed, tmp_path / "b", format="parquet", verify=("sum", "md5"), **QUICK)
    assert codes(rows(tmp_path / "b")) == [None, "fetch.hash", None, None]


def test_dropped_rows_are_passed_on_unasked(server, tmp_path):
    df = listed(server, ["image/1", "image/2"])
    df["dropped_by"], df["dropped_why"] = ["word_count", None], ["range: 3", None]
    result = tamis.fetch(df, tmp_path / "out", format="parquet", **QUICK)
    found = rows(tmp_path / "out")
    assert found.dropped_by[0] == "word_count" and found.dropped_why[0] == "range: 3"
    assert result.reasons == {"range": 1} and server.counts == {"/image/2": 1}


# Hosts: how they are treated


def test_a_host_gets_few_connections_at_once(server, tmp_path):
    server.pause = 0.02
    df = listed(server, [f"image/{n}" for n in range(60)])
    tamis.fetch(df, tmp_path / "out", per_host=3, format="parquet", shard=10, **QUICK)
    assert 2 <= server.most <= 3


def test_requests_to_a_host_keep_their_distance(server, tmp_path):
    df = listed(server, [f"image/{n}" for n in range(10)])
    tamis.fetch(df, tmp_path / "out", delay=0.1, format="parquet", **QUICK)
    times = [when for _, when in server.times]
    assert min(np.diff(times)) > 0.07


def test_retry_after_holds_for_the_whole_host(server, tmp_path):
    df = listed(server, ["busy/a"] + [f"image/{n}" for n in range(5)])
    tamis.fetch(df, tmp_path / "out", per_host=1, format="parquet", **QUICK)
    first = server.times[0][1]
    assert server.times[0][0] == "/busy/a"
    assert min(when for _, when in server.times[1:]) - first > 0.95
    assert codes(rows(tmp_path / "out")) == [None] * 6


def test_opt_outs_are_a_list(server, tmp_path):
    df = listed(server, ["tagged/noai", "tagged/secret"])
    tamis.fetch(df, tmp_path / "a", opt_out=(), format="parquet", **QUICK)
    assert codes(rows(tmp_path / "a")) == [None, None]
    tamis.fetch(df, tmp_path / "b", opt_out=["secret"], format="parquet", **QUICK)
    assert codes(rows(tmp_path / "b")) == [None, "fetch.opted_out"]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], None),
        (["noai"], "noai"),
        (["all", "x, NOAI "], "noai"),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST"], None),
        (["noai, unavailable_after: 25 Jun 2010 15:00:00 PST"], "noai"),
        (["tamis: noai"], "noai"),
        (["googlebot: noai"], None),
        (["googlebot: noai", "noindex"], "noindex"),
        (["::,,:"], None),
    ],
)
def test_robot_tags(tags, expected):
    assert opted_out(tags, ["noai", "noindex"], "tamis/1.0") == expected


# Addresses that must not be reached


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0",
     "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
     "fc00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
     "no address"],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111",
                                     "::ffff:8.8.8.8", "64:ff9b::808:808"])  # fmt: skip
def test_addresses_that_are(address):
    assert public(address)


def test_private_networks_are_not_reached(server, tmp_path):
    port = server.server_port
    hosts = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f000001", "127.1", "0.0.0.0",
             "[::ffff:127.0.0.1]", "user:pass@127.0.0.1"]  # fmt: skip
    df = listed(server, [f"http://{host}:{port}/image/1" for host in hosts])
    tamis.fetch(df, tmp_path / "out", format="parquet", timeout=1, retries=0)
    found = rows(tmp_path / "out")
    assert found.image.isna().all() and not server.counts
    assert set(codes(found)) <= {"fetch.private", "fetch.failed"}
    assert codes(found)[:2] == ["fetch.private"] * 2


def test_a_redirect_or_a_second_answer_of_a_name_does_not_lead_there(server, tmp_path, monkeypatch):
    """127.0.0.1 plays the public server here, 127.0.0.2 the private one."""
    import socket

    import tamis.io.download_http as http

    stand_in = lambda address: address == "127.0.0.1"  # noqa: E731
    monkeypatch.setattr(download_address, "public", stand_in)
    monkeypatch.setattr(http, "public", stand_in)
    port, asked = server.server_port, []

    def resolve(host, *rest, **more):
        asked.append(host)
        place = "127.0.0.2" if host == "evil.test" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    server.targets = {"literal": f"http://127.0.0.2:{port}/secret",
                      "name": f"http://evil.test:{port}/secret",
                      "file": "file:///etc/passwd"}  # fmt: skip
    df = listed(server, ["redirect/literal", "redirect/name", "redirect/file", "image/1"])
    tamis.fetch(df, tmp_path / "out", format="parquet", timeout=1, retries=0)
    assert codes(rows(tmp_path / "out")) == ["fetch.private", "fetch.private", "fetch.url", None]
    assert "evil.test" in asked and "/secret" not in server.counts


# Going on


def test_originals_are_not_replaced_by_smaller_ones(server, tmp_path):
    df = listed(server, [f"image/{n}" for n in range(3)])
    tamis.fetch(df, tmp_path / "out", **QUICK)
    before = sorted(path.name for path in (tmp_path / "out").glob("*.tar"))
    with pytest.raises(tamis.TamisError, match="was fetched with resize=None"):
        tamis.fetch(df, tmp_path / "out", resize="center_crop", size=64, **QUICK)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tar")) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(tamis.TamisError, match="holds files of something else"):
        tamis.fetch(df, tmp_path / "mine", **QUICK)


def test_what_stands_is_not_fetched_again(server, tmp_path):
    df = listed(server, [f"image/{n}" for n in range(30)])
    first = tamis.fetch(df, tmp_path / "out", shard=10, **QUICK)
    again = tamis.fetch(df, tmp_path / "out", shard=10, **QUICK)
    assert (first.resumed, again.resumed, again.kept) == (0, 3, 30)
    assert set(server.counts.values()) == {1}
    changed = df.assign(url=df.url.where(df.index != 15, f"{server.url}/image/99"))
    third = tamis.fetch(changed, tmp_path / "out", shard=10, **QUICK)
    assert third.resumed == 2 and server.counts["/image/99"] == 1
    assert len(list((tmp_path / "out").glob("*.tar"))) == 3  # those of the old list are gone
    next((tmp_path / "out").glob("part-00001*.tar")).write_bytes(b"damaged")
    assert tamis.fetch(changed, tmp_path / "out", shard=10, **QUICK).resumed == 2


SCRIPT = """
import sys, pandas as pd, tamis
df = pd.read_parquet(sys.argv[1])
tamis.fetch(df, sys.argv[2], shard=10, per_host=4, allow_private=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(server, tmp_path):
    server.pause = 0.02
    df = listed(server, [f"image/{n}" if n % 9 else "status/404" for n in range(200)])
    df.to_parquet(tmp_path / "list.parquet")
    tamis.fetch(df, tmp_path / "whole", shard=10, **QUICK)
    for _ in range(4):
        server.counts.clear()
        command = [sys.executable, "-c", SCRIPT, tmp_path / "list.parquet", tmp_path / "out"]
        with subprocess.Popen(command, start_new_session=True) as process:
            while len(server.counts) < 50 and process.poll() is None:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
    server.counts.clear()
    names = [path.name for path in (tmp_path / "out" / "done").glob("*.json")]
    standing = {int(name[5:10]) for name in names}
    last = tamis.fetch(df, tmp_path / "out", shard=10, allow_private=True)
    assert last.resumed == len(standing) > 0 and last.kept == 177
    asked = {path for path in server.counts if path.startswith("/image")}
    assert asked == {f"/image/{n}" for n in range(200) if n % 9 and n // 10 not in standing}
    same = {p.name: sha256(p.read_bytes()) for p in (tmp_path / "whole").glob("part-*")}
    # The settings of `whole` differ in what may be fetched, so names do; contents do not.
    contents = {p.name: sha256(p.read_bytes()) for p in (tmp_path / "out").glob("part-*.tar")}
    assert sorted(contents.values()) == sorted(v for k, v in same.items() if k.endswith(".tar"))


def test_the_output_is_the_same_whatever_the_network_did(server, tmp_path):
    import random

    df = listed(server, [f"image/{n}" if n % 5 else "status/404" for n in range(60)])
    seen = []
    for name in "ab":
        server.pause = random.random() / 50
        tamis.fetch(df, tmp_path / name, shard=25, connections=3 if name == "a" else 50, **QUICK)
        seen.append({p.name: sha256(p.read_bytes()) for p in (tmp_path / name).glob("part-*")})
    assert seen[0] == seen[1] and len(seen[0]) == 6


# Sizes

SIZES = [  # mode, only_if_bigger, width and height before, and after
    ("keep_ratio", False, (400, 200), (200, 100)),
    ("keep_ratio", False, (50, 40), (125, 100)),
    ("keep_ratio", True, (50, 40), (50, 40)),
    ("keep_ratio", True, (300, 90), (300, 90)),
    ("keep_ratio_largest", False, (400, 200), (100, 50)),
    ("keep_ratio_largest", False, (50, 40), (100, 80)),
    ("keep_ratio_largest", True, (90, 60), (90, 60)),
    ("center_crop", False, (400, 200), (100, 100)),
    ("center_crop", False, (40, 50), (100, 100)),
    ("center_crop", True, (300, 90), (300, 90)),
    ("border", False, (400, 200), (100, 100)),
    ("border", True, (90, 60), (90, 60)),
]


@pytest.mark.parametrize(("mode", "only", "before", "after"), SIZES)
def test_sizes(server, tmp_path, mode, only, before, after):
    df = listed(server, ["image/5/{}x{}".format(*before)])
    tamis.fetch(df, tmp_path / "out", format="parquet", resize=mode, size=100, only_if_bigger=only,
                **QUICK)  # fmt: skip
    (row,) = rows(tmp_path / "out").itertuples()
    got = Image.open(io.BytesIO(row.image))
    assert got.format == "JPEG" and got.size == after == (row.width, row.height)
    assert (row.original_width, row.original_height) == before
    expected = Image.open(io.BytesIO(picture(5, *before)))
    if only:
        assert row.image == picture(5, *before)
        return
    if mode.startswith("keep"):
        expected = expected.resize(after, Image.BOX if before[0] > after[0] else Image.LANCZOS)
    elif mode == "center_crop":
        side = min(before)
        left, top = (before[0] - side) // 2, (before[1] - side) // 2
        expected = expected.crop((left, top, left + side, top + side)).resize(after, Image.BICUBIC)
    else:
        inner = expected.resize((100, 50), Image.BOX)
        expected = Image.new("RGB", after, "white")
        expected.paste(inner, (0, 25))
    difference = np.abs(np.asarray(got, float) - np.asarray(expected.convert("RGB"), float))
    assert difference.mean() < 3


@pytest.mark.parametrize(("encode", "quality"), [("jpg", 50), ("png", 9), ("webp", 80)])
def test_formats(server, tmp_path, encode, quality):
    df = listed(server, ["image/5/90x60", "html"])
    tamis.fetch(df, tmp_path / "out", resize="keep_ratio", size=30, encode=encode, quality=quality,
                **QUICK)  # fmt: skip
    found = rows(tmp_path / "out")
    assert codes(found) == [None, "decode.format"]
    import tarfile

    with tarfile.open(next((tmp_path / "out").glob("*.tar"))) as tar:
        name = next(n for n in tar.getnames() if not n.endswith("json"))
        got = Image.open(tar.extractfile(name))
    assert name.endswith(f".{encode}") and got.size == (45, 30)


def test_formats_whose_decoders_crash_are_decoded_apart(server, tmp_path, monkeypatch):
    from tamis.media import sandbox

    asked, isolated = [], sandbox.isolated
    monkeypatch.setattr(sandbox, "isolated", lambda *a, **k: asked.append(1) or isolated(*a, **k))
    df = listed(server, ["tiff", "image/1"])
    tamis.fetch(df, tmp_path / "out", format="parquet", resize="keep_ratio", size=20, **QUICK)
    found = rows(tmp_path / "out")
    assert found.width.tolist() == [30, 27] and len(asked) == 1
    got = np.asarray(Image.open(io.BytesIO(found.image[0])), float)
    expected = Image.open(io.BytesIO(picture(6, 60, 40, "TIFF"))).resize((30, 20), Image.BOX)
    assert np.abs(got - np.asarray(expected, float)).mean() < 3


# The call


def test_refusals(tmp_path):
    df = pd.DataFrame({"id": ["a"], "url": ["http://a/"]})
    for settings, error, match in [
        ({"on": "link"}, ColumnError, "on: no column 'link'"),
        ({"format": "zip"}, SettingError, "format must be one of"),
        ({"resize": "crop"}, SettingError, "resize must be one of"),
        ({"resize": "border"}, SettingError, "needs size="),
        ({"size": 3}, SettingError, "no effect"),
        ({"resize": "border", "size": 9, "quality": 101}, SettingError, "1 to 100"),
        ({"verify": "crc"}, SettingError, "a hash is one of"),
        ({"verify": "md5"}, ColumnError, "verify: no column 'md5'"),
        ({"connections": 0}, SettingError, "connections must be"),
        ({"timeout": 0}, SettingError, "timeout must be"),
        ({"delay": float("nan")}, SettingError, "delay must be"),
        ({"user_agent": "a\r\nX: b"}, SettingError, "printable ASCII"),
    ]:
        with pytest.raises(error, match=match):
            tamis.fetch(df, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_the_command(server, tmp_path, capsys):
    from tamis.cli import main

    listed(server, ["image/1", "image/2", "status/404"]).to_csv(tmp_path / "list.csv", index=False)
    arguments = ["fetch", str(tmp_path / "list.csv"), "-o", str(tmp_path / "out"),
                 "--allow-private", "--resize", "center_crop", "--size", "8"]  # fmt: skip
    for line in ("2 of 3 (66.7%) fetched", "resumed: 1 of 1 shards"):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert not ended.value.code
        assert line in capsys.readouterr().out
    assert rows(tmp_path / "out").width.tolist()[:2] == [8, 8]
