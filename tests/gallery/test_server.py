"""The gallery over HTTP: who is answered, what can be asked for, and a real browser."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import picture_run
import tamis
from tamis.gallery import Gallery

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("served")
    picture_run.run(made, count=90)
    (made / "out/secret.txt").write_text("a secret")
    return made


@pytest.fixture(scope="module")
def gallery(folder: Path):
    with Gallery(folder / "out") as gallery:
        yield gallery


def asked(gallery: Gallery, path: str, method: str = "GET", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def base(gallery: Gallery) -> str:
    return urlsplit(gallery.url).path


def test_only_whoever_knows_the_token_is_answered(gallery: Gallery) -> None:
    token = base(gallery).strip("/")
    assert len(token) >= 32
    assert asked(gallery, base(gallery))[0] == 200
    for path in (
        "/", "/record/0", "/picture/0", f"/{token[:-1]}/", f"/{token}x/",
        f"/%2e/{token}/", f"/x/{token}/", "*",
    ):  # fmt: skip
        status, _, body = asked(gallery, path)
        assert (status, body) == (404, b"nothing here\n"), path
    with Gallery(gallery.catalogue.path) as other:
        assert base(other) != base(gallery)


@pytest.mark.parametrize("host", ["attacker.example", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_other_hosts_are_refused(gallery: Gallery, host: str) -> None:
    assert asked(gallery, base(gallery), Host=host)[0] == 403


def test_this_host_is_not(gallery: Gallery) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert asked(gallery, base(gallery), Host=f"{host}:{gallery.port}")[0] == 200


def test_no_host_and_two_hosts(gallery: Gallery) -> None:
    good = f"Host: 127.0.0.1:{gallery.port}\r\n"
    for hosts in ("", "Host: attacker.example\r\n" + good, good + good):
        with socket.create_connection(("127.0.0.1", gallery.port), timeout=20) as wire:
            wire.sendall(f"GET {base(gallery)} HTTP/1.1\r\n{hosts}\r\n".encode())
            assert wire.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    "place",
    [
        "../secret.txt", "secret.txt", "picture/../../secret.txt", "picture/..%2f..%2fsecret.txt",
        "picture/%2fetc%2fpasswd", "picture//etc/passwd", "file:///etc/passwd", "picture/1/",
        "picture/-1", "picture/1e3", "picture/90", "record/99999999999999",
        "record/9999999999999999",
        "large/", "picture/0%00", "run.json", "style.html", "x" * 5000,
    ],
)  # fmt: skip
def test_only_rows_can_be_asked_for(gallery: Gallery, place: str) -> None:
    status, _, body = asked(gallery, base(gallery) + place)
    assert status == 404 and body == b"nothing here\n"


def test_addresses_that_are_not_ascii(gallery: Gallery) -> None:
    for path in ("/é/".encode(), base(gallery).encode() + "picture/٣".encode(), b"/\xff\xfe/"):
        with socket.create_connection(("127.0.0.1", gallery.port), timeout=20) as wire:
            host = f"Host: 127.0.0.1:{gallery.port}".encode()
            wire.sendall(b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n\r\n")
            assert wire.recv(100).startswith(b"HTTP/1.1 404")


def test_methods_that_change_things_are_not_there(gallery: Gallery) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "CONNECT"):
        assert asked(gallery, base(gallery), method)[0] == 501
    status, headers, body = asked(gallery, base(gallery), "HEAD")
    assert status == 200 and int(headers["Content-Length"]) > 1000 and body == b""


def test_headers(gallery: Gallery) -> None:
    for place in ("", "record/3", "picture/3", "nothing"):
        headers = asked(gallery, base(gallery) + place)[1]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "script" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert "Python" not in headers["Server"]


def test_it_listens_on_this_machine_only(gallery: Gallery) -> None:
    assert gallery._server.server_address[0] == "127.0.0.1"
    with pytest.raises(tamis.TamisError, match=f"port {gallery.port} cannot be listened on"):
        Gallery(gallery.catalogue.path, gallery.port)


def test_a_strange_query_is_a_page(gallery: Gallery) -> None:
    for query in (
        "low=1&low=x", "page=99999999999999999999", "score=%00&order=up", "id=" + "a" * 3000,
        "fate=kept&fate=dropped", "=&&&=;", "step='\"><script>", "id=%F0%9F%98",
    ):  # fmt: skip
        status, _, body = asked(gallery, f"{base(gallery)}?{query}")
        assert status == 200 and b"<script" not in body, query


def test_files_that_have_gone_are_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "out", tmp_path / "out")
    with Gallery(tmp_path / "out") as gallery:
        shutil.rmtree(tmp_path / "out/kept")
        status, headers, body = asked(gallery, f"{base(gallery)}?fate=kept")
        assert status == 500 and b"kept" in body
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        assert asked(gallery, f"{base(gallery)}?fate=dropped")[0] == 200


def test_many_at_once(gallery: Gallery) -> None:
    places = [f"picture/{k}" for k in range(90)] + [f"record/{k}" for k in range(0, 90, 9)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda place: asked(gallery, base(gallery) + place), places))
    assert {status for status, _, _ in found} == {200}
    again = asked(gallery, base(gallery) + "picture/4")[2]
    assert again == found[4][2]


def test_one_connection_serves_several_requests(gallery: Gallery) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gallery.port, timeout=20)
    found = []
    for place in ("", "picture/1", "nothing", "picture/2"):
        connection.request("GET", base(gallery) + place)
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    assert found == [200, 200, 404, 200]


def test_the_command_says_where_it_serves(folder: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from tamis.cli import main; main()",
        "look",
        str(folder / "out"),
        "--no-browser",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
    killer = threading.Timer(120, process.kill)
    killer.start()
    try:
        line = process.stdout.readline()  # type: ignore[union-attr]
        url = re.fullmatch(r"90 records at (http://127\.0\.0\.1:\d+/\S+/)\n", line)
        assert url, line
        page = urllib.request.urlopen(url[1]).read().decode()
        assert '<b id="total">90</b>' in page
        process.send_signal(2)
        assert process.wait(20) == 0
    finally:
        killer.cancel()
        process.kill()
        process.wait()
