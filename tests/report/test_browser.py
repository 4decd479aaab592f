"""The page in a real browser: it renders, asks the network for nothing, logs no error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import made_run
import pytest

from tamis import report
from tamis.io.store import Store

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
OWN = ("google.com", "googleapis.com", "gvt1.com")  # what the browser itself may ask for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium here; on Debian: apt install chromium"
    ),
]


def opened(page: Path, scratch: Path) -> tuple[str, str, set[str]]:
    """The rendered document, what was logged, and the addresses that were asked for."""
    log = scratch / "net.json"
    command = [
        CHROMIUM, "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={scratch / 'profile'}",
        "--enable-logging=stderr", f"--log-net-log={log}", "--window-size=1280,900",
        "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    asked = set(
        re.findall(r'"url":"(https?://[^"]+)"', log.read_text("utf-8").replace('": "', '":"'))
    )
    hosts = {urlsplit(url).hostname or "" for url in asked}
    return done.stdout, done.stderr, {host for host in hosts if not host.endswith(OWN)}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, set[str]]:
    folder = tmp_path_factory.mktemp("run")
    report.publish(Store(folder), made_run.write(folder, made_run.records()))
    return opened(folder / "report.html", folder)


def test_the_document_renders(rendered: tuple[str, str, set[str]]) -> None:
    document = rendered[0]
    assert document.rstrip().endswith("</html>")
    assert len(re.findall(r'<article class="score"', document)) == 3
    assert document.count("<rect ") > 30
    assert "min 10" in document and "max 2,000" in document
    assert "<del>" in document and "<ins>WHEEL</ins>" in document
    assert "<script" not in document and "&lt;script&gt;alert" in document


def test_nothing_is_asked_of_the_network(rendered: tuple[str, str, set[str]]) -> None:
    assert rendered[2] == set()


def test_nothing_is_logged(rendered: tuple[str, str, set[str]]) -> None:
    assert "CONSOLE" not in rendered[1]


def test_a_page_that_misbehaves_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<img src="http://elsewhere.invalid/a.png"><script>nothing()</script>')
    _, logged, hosts = opened(page, tmp_path)
    assert hosts == {"elsewhere.invalid"}
    assert "CONSOLE" in logged


def test_it_fits_a_phone(tmp_path: Path) -> None:
    report.publish(Store(tmp_path), made_run.write(tmp_path, made_run.records()))
    page = (tmp_path / "report.html").read_text("utf-8")
    # the page's own policy forbids scripts, so the probe goes into a copy without it
    probe = """<script>
        const columns = getComputedStyle(document.querySelector(".columns")).gridTemplateColumns
        const {scrollWidth, clientWidth} = document.documentElement
        parent.postMessage([scrollWidth, clientWidth, columns.split(" ").length], "*")
        </script></body>"""
    inner = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("</body>", probe)
    (tmp_path / "inner.html").write_text(inner, "utf-8")
    outer = tmp_path / "outer.html"
    outer.write_text(
        "<p></p><script>onmessage = ({data}) => {"
        " document.querySelector('p').textContent = JSON.stringify(data) }</script>"
        '<iframe src="inner.html" style="width:390px;height:800px;border:0"></iframe>'
    )
    document, _, _ = opened(outer, tmp_path)
    content, room, columns = json.loads(re.search(r"<p>(.*?)</p>", document).group(1))  # type: ignore[union-attr]
    assert content == room <= 390
    assert columns == 1
