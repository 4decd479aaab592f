"""Dumps and documents beside the libraries that parse them, one core each, and memory.

    python benchmarks/text/dumps.py [rates|memory] [--rounds 3] [--only latex]

rates: CPU seconds of this process and of those that it started, for the same input:
  wikitext   106 real articles (gensim's sample of an English dump, CC BY-SA): mwparserfromhell's
             `parse(…).strip_code()` in a loop; `tamis.io.wikitext.plain`; the whole reader, which
             also unpacks bzip2 and parses XML, and runs the parser in the sandbox
  pages      the same dump as wikitext: `bz2.open` and ElementTree's `iterparse`; the reader
  latex      papers made of that prose, with sections, formulas, citations: pylatexenc's
             `latex_to_text`; the rules and `tamis.io.latex_text.plain`; the whole reader
  pdf        files of that prose: pypdfium2 in a loop; the reader
memory: how far the peak of resident memory rises above where it stood before, reading a dump whose
text is 0.1 GB and one of 1 GB, partition by partition (8 MB each).
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "tests" / "io")]

import packages  # noqa: E402
from pdf_files import pdf  # noqa: E402

DUMP = "gensim/test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
NS = "{http://www.mediawiki.org/xml/export-0.10/}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("rates", "memory", "one"), default="rates")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one of the rates")
    parser.add_argument("--path")
    chosen = parser.parse_args()
    if chosen.what == "one":
        return one(chosen.path)
    dump = packages.wheel("gensim", "4.4.0") / DUMP
    if chosen.what == "memory":
        return memory(dump)
    rates(dump, chosen.rounds, chosen.only)


def cpu() -> float:
    """CPU seconds of this process and of all below it, which must be alive."""
    here = psutil.Process()
    return sum(sum(p.cpu_times()[:2]) for p in (here, *here.children(recursive=True)))


def rates(dump: Path, rounds: int, only: str | None) -> None:
    import dask
    import mwparserfromhell
    import pypdfium2
    from pylatexenc.latex2text import LatexNodes2Text

    import tamis
    from tamis.io import latex, latex_text, wikitext

    dask.config.set(scheduler="sync")
    pages = articles(dump)
    texts = [text for _, text in pages]
    prose = [wikitext.plain(text.encode()).decode() for text in texts]
    papers = [paper(text) for text in prose[:12]]
    plain = LatexNodes2Text(math_mode="verbatim")
    with tempfile.TemporaryDirectory() as scratch:
        bundle, folder = Path(scratch) / "arXiv_src_2301_001.tar", Path(scratch) / "pdf"
        folder.mkdir()
        with tarfile.open(bundle, "w") as archive:
            for number, source in enumerate(papers):
                data = gzip.compress(source.encode())
                member = tarfile.TarInfo(f"2301/2301.{number:05}.gz")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        files = []
        for number, text in enumerate(prose[:40]):
            files.append(folder / f"{number}.pdf")
            lines = text.encode("cp1252", "ignore").decode("cp1252").splitlines()
            short = [line[at : at + 90] for line in lines for at in range(0, len(line), 90)]
            sheets = [short[at : at + 45] for at in range(0, len(short), 45)]
            files[-1].write_bytes(pdf(sheets or [[]]))

        def loop_pdf() -> int:
            found = 0
            for file in files:
                document = pypdfium2.PdfDocument(file.read_bytes())
                found += sum(len(page.get_textpage().get_text_range()) for page in document)
            return found

        def compete(name: str, bytes: int, contenders: dict[str, Callable[[], Any]]) -> None:
            if only in (None, name):
                race(name, bytes, rounds, contenders)

        size = lambda rows: int(rows.text.str.len().sum())  # noqa: E731
        compete(
            "wikitext", sum(len(t.encode()) for t in texts),
            {
                "mwparserfromhell": lambda: sum(
                    len(mwparserfromhell.parse(t).strip_code()) for t in texts
                ),
                "tamis, function": lambda: sum(len(wikitext.plain(t.encode())) for t in texts),
                "tamis, reader": lambda: size(tamis.read_wikipedia(dump).compute()),
            },
        )  # fmt: skip
        compete(
            "pages", sum(len(t.encode()) for t in texts),
            {
                "bz2 and iterparse": lambda: sum(len(t) for _, t in articles(dump)),
                "tamis, reader": lambda: size(
                    tamis.read_wikipedia(dump, form="wikitext").compute()
                ),
            },
        )  # fmt: skip
        compete(
            "latex", sum(len(p.encode()) for p in papers),
            {
                "pylatexenc": lambda: sum(len(plain.latex_to_text(p)) for p in papers),
                "tamis, function": lambda: sum(
                    len(latex_text.plain(latex.cleaned(p, max_size=1 << 25))) for p in papers
                ),
                "tamis, reader": lambda: size(tamis.read_arxiv(bundle).compute()),
                "tamis, as LaTeX": lambda: size(tamis.read_arxiv(bundle, form="latex").compute()),
            },
        )  # fmt: skip
        compete(
            "pdf",
            sum(f.stat().st_size for f in files),
            {
                "pypdfium2": loop_pdf,
                "tamis, reader": lambda: size(tamis.read_pdf(folder).compute()),
            },
        )


def race(name: str, bytes: int, rounds: int, contenders: dict[str, Callable[[], Any]]) -> None:
    """Each in turn, `rounds` times, after one that does not count; the least CPU of each."""
    least: dict[str, float] = {}
    for number in range(rounds + 1):
        for contender, work in contenders.items():
            before = cpu()
            work()
            if number:
                least[contender] = min(least.get(contender, 1e9), cpu() - before)
    first = next(iter(least.values()))
    print(f"\n{name}: {bytes / 1e6:.1f} MB\n\n| | CPU s | MB/s | ratio |\n|---|---|---|---|")
    for contender, spent in least.items():
        print(f"| {contender} | {spent:.2f} | {bytes / 1e6 / spent:.2f} | {first / spent:.2f} |")


def articles(dump: Path) -> list[tuple[str, str]]:
    """Titles and wikitext of the articles, as the standard library finds them."""
    found = []
    with bz2.open(dump) as file:
        for _, element in ET.iterparse(file):
            if element.tag == f"{NS}page":
                redirect = element.find(f"{NS}redirect") is not None
                if element.findtext(f"{NS}ns") == "0" and not redirect:
                    text = element.findtext(f"{NS}revision/{NS}text") or ""
                    found.append((element.findtext(f"{NS}title") or "", text))
                element.clear()
    return found


HEAD = r"""\documentclass{article}
\newcommand{\R}{\mathbb{R}}
\title{A paper}
\begin{document}
"""
TAIL = r"""
\begin{thebibliography}{9}\bibitem{a} Somebody. \end{thebibliography}
\end{document}
"""
FORMULAS = r""" As in \cite{a}, $x_i \in \R^n$ is \emph{small}. % or not
\begin{equation} y = \sum_i x_i \label{e} \end{equation}
"""


def paper(text: str) -> str:
    """Prose as the source of a paper."""
    words = re.sub(r"[\\~^]", " ", text)
    words = re.sub(r"([%&$#_{}])", r"\\\1", words)
    parts = [
        f"\\section{{{block}}}\n" if len(block) < 60 else block + FORMULAS
        for block in words.split("\n\n")
    ]
    return HEAD + "\n".join(parts) + TAIL


def memory(dump: Path) -> None:
    packed = dump.read_bytes()
    text = len(bz2.decompress(packed))
    print("| text of the dump, GB | rows | peak above start, MB | s |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for gigabytes in (0.1, 1.0):
            path = Path(scratch) / "x.xml.bz2"
            path.write_bytes(packed * round(gigabytes * 1e9 / text))
            command = [sys.executable, __file__, "one", "--path", str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"| {gigabytes} | {said.strip()} |")


def one(path: str) -> None:
    """Read a dump partition by partition, and say what it took."""
    import resource

    import tamis

    frame = tamis.read_wikipedia(path, form="wikitext", block_size="8MB")
    frame.partitions[0].compute(scheduler="sync")
    before, start, rows = psutil.Process().memory_info().rss, time.time(), 0
    for part in frame.partitions:
        rows += len(part.compute(scheduler="sync"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print(f"{rows:,} | {(peak - before) / 1e6:.0f} | {time.time() - start:.0f}")


if __name__ == "__main__":
    main()
