"""HTML to text beside the extractors called plainly; archives beside warcio and fastwarc; memory.

    python benchmarks/text/html_text.py extract read memory --pages 60 --rounds 3 --gigabytes 2

Pages of the Python manual (Debian's python3.11-doc, 95 KB each). CPU seconds of all processes, for
those that extract are not the one that asks. Not html.py, which is the name of one of Python's own.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

import measure  # noqa: E402  beside this folder
import packages  # noqa: E402

SETTINGS = {
    "trafilatura": {"MIN_EXTRACTED_SIZE": 250, "MIN_EXTRACTED_COMM_SIZE": 1, "MIN_OUTPUT_SIZE": 1,
                    "MIN_OUTPUT_COMM_SIZE": 1, "MIN_DUPLCHECK_SIZE": 100, "MAX_REPETITIONS": 2},
}  # fmt: skip


def manual(count: int) -> list[str]:
    """Pages of the manual, evenly chosen."""
    folder = packages.debian("python3.11-doc") / "usr/share/doc/python3.11/html"
    files = sorted(folder.rglob("*.html"))
    return [file.read_text() for file in files[:: max(1, len(files) // count)][:count]]


def cpu() -> float:
    """Seconds of this process and those below it."""
    import psutil

    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system
    return total + me.cpu_times().children_user + me.cpu_times().children_system


def spent(function: Callable[[], object]) -> float:
    start = cpu()
    function()
    return cpu() - start


def plainly(pages: list[str]) -> dict[str, Callable[[], object]]:
    """Each library called in a loop, with the settings that tamis gives it."""
    import justext
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text
    from trafilatura.settings import use_config

    config = use_config()
    for name, value in SETTINGS["trafilatura"].items():
        config["DEFAULT"][name] = str(value)
    words = justext.get_stoplist("English")
    return {
        "resiliparse": lambda: [
            extract_plain_text(p, main_content=True, alt_texts=False) for p in pages
        ],
        "justext": lambda: [
            [part.text for part in justext.justext(p.encode(), words) if not part.is_boilerplate]
            for p in pages
        ],
        "trafilatura": lambda: [
            trafilatura.extract(p, config=config, deduplicate=True) for p in pages
        ],
    }


def counted(texts: list[str | None]) -> list[str]:
    """Paragraphs of which a share are stop words, the language being known."""
    import justext

    words = frozenset(justext.get_stoplist("English"))
    found = []
    for text in texts:
        kept = []
        for paragraph in filter(None, (text or "").split("\n")):
            said = paragraph.split()
            if said and len([word for word in said if word in words]) / len(said) >= 0.32:
                kept.append(paragraph)
        found.append("\n\n".join(kept))
    return found


def extract(count: int, rounds: int) -> None:
    import pandas as pd

    from tamis import text

    for name, loop in plainly(manual(count)).items():
        pages = manual(count if name != "trafilatura" else max(10, count // 4))
        loop = plainly(pages)[name]
        column = pd.Series(pages, dtype="string")
        op = getattr(text, f"extract_{name}")
        ways = {
            "library": loop,
            "tamis": lambda op=op, column=column: op(column),
            "tamis, in this process": lambda op=op, column=column: op(column, isolate=False),
        }
        if name != "justext":
            ways["library, stop words as in NeMo Curator"] = lambda loop=loop: counted(loop())
            ways["tamis, no stop words"] = lambda op=op, column=column: op(
                column, stopword_density=0.0
            )
        for way in ways.values():  # loads what is loaded once
            way()
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, function in ways.items():
                took[way].append(spent(function))
        first = statistics.median(took["library"])
        size = sum(map(len, pages)) / 1e6
        for way in ways:
            found = statistics.median(took[way])
            print(f"{name}: {way}: {found:.2f} s, {len(pages) / found:.0f} pages/s, "
                  f"{size / found:.1f} MB/s, {first / found:.2f} of the library")  # fmt: skip


def build(path: Path, pages: list[str], size: float) -> None:
    """An archive of the pages again and again, until there is so much of HTML."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    made = io.BytesIO()
    writer = WARCWriter(made, gzip=True)
    for number, page in enumerate(pages):
        answer = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        url = f"http://example.org/{number}"
        writer.write_record(
            writer.create_warc_record(
                url, "response", io.BytesIO(page.encode()), http_headers=answer
            )
        )
    with open(path, "wb") as file:
        for _ in range(max(1, round(size / sum(map(len, pages))))):
            file.write(made.getvalue())


def read(rounds: int) -> None:
    import fastwarc.warc
    from warcio.archiveiterator import ArchiveIterator

    import tamis

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc.gz"
        build(path, manual(60), 100e6)

        def by_warcio() -> int:
            with open(path, "rb") as file:
                return sum(len(record.content_stream().read()) for record in ArchiveIterator(file))

        def by_fastwarc() -> int:
            return sum(len(r.reader.read()) for r in fastwarc.warc.ArchiveIterator(str(path)))

        def by_tamis() -> int:
            frame = tamis.read_warc(str(path), block_size="16MB")
            return frame.map_partitions(len, meta=("n", "int64")).compute(scheduler="sync").sum()

        ways = {"warcio": by_warcio, "fastwarc": by_fastwarc, "tamis, decoded": by_tamis}
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, function in ways.items():
                took[way].append(spent(function))
        for way in ways:
            found = statistics.median(took[way])
            print(f"read: {way}: {found:.2f} s, {100 / found:.0f} MB of HTML/s and core")


def memory(gigabytes: float, *more: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, size in (("a tenth", gigabytes / 10), ("all", gigabytes)):
            path = Path(folder) / "a.warc.gz"
            build(path, manual(60), size * 1e9)
            command = [sys.executable, __file__, "--through", str(path), *more]
            found = measure.run(command, cores=[0, 1], timeout=7200)
            print(found.output.strip().splitlines()[-1])
            print(f"memory: {name}: {size:.2f} GB of HTML, peak {found.peak_mb:.0f} MB, "
                  f"of one process {found.peak_process_mb:.0f} MB, "
                  f"{found.cpu:.0f} s CPU")  # fmt: skip


def through(path: str, extracting: bool) -> None:
    """Read an archive and extract it, partition by partition, on two threads."""
    import tamis
    from tamis import Edit, text

    frame = tamis.read_warc(path, block_size="16MB")
    step = Edit(text.extract_resiliparse, to="text")
    if not extracting:
        frame = frame.rename(columns={"html": "text"})
    pages = step.explain(frame) if extracting else frame
    counts = pages.map_partitions(_told, meta={"rows": "int64", "chars": "int64"})
    found = counts.compute(scheduler="threads", num_workers=2)
    print(f"{frame.npartitions} partitions, {found['rows'].sum()} pages, "
          f"{found['chars'].sum() / 1e6:.0f} MB of text")  # fmt: skip


def _told(part):
    import pandas as pd

    return pd.DataFrame({"rows": [len(part)], "chars": [int(part.text.str.len().sum())]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["extract", "read", "memory"])
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--reading", action="store_true", help="memory without extraction")
    parser.add_argument("--through", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.through:
        through(given.through, not given.reading)
        return
    start = time.perf_counter()
    if "extract" in given.what:
        extract(given.pages, given.rounds)
    if "read" in given.what:
        read(given.rounds)
    if "memory" in given.what:
        memory(given.gigabytes, *(["--reading"] if given.reading else []))
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
