"""Bundles of papers: TeX as text, and each that has none, is damaged or hostile, says so."""

import gzip
import io
import itertools
import tarfile

import numpy as np
import pandas as pd
import pytest

from damage import damaged
from tamis.codes import CODES, BadRecord
from tamis.errors import DataError, SettingError
from tamis.io.arxiv import paper_id, read_arxiv
from tamis.io.arxiv_paper import paper
from tamis.io.latex import DEEPEST, cleaned, title

pytest.importorskip("pylatexenc")

TEX = r"""\documentclass{article}
\newcommand{\R}{\mathbb{R}}\title{On $\R$}
\begin{document}\maketitle
\section{Sets} Let $x \in \R$ as in~\cite{a}. % no
\input{parts/more}
\begin{thebibliography}{1}\bibitem{a} A. \end{thebibliography}
\end{document}
"""
PLAIN = "Sets\n\nLet $x \\in \\mathbb{R}$ as in. More of it."


def tarred(files, links=(), names=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    return out.getvalue()


PROJECT = {
    "paper.tex": TEX.encode(), "parts/more.tex": b"More of it.\n", "fig.png": b"\x89PNG",
    "paper.bbl": b"x",
}  # fmt: skip
SINGLE = rb"\documentclass{a}\begin{document}A \emph{short} paper.\end{document}"


def bundle():
    bomb = b"\\documentclass{a}\\def\\a{xxxxxxxxxx}" + b"".join(
        b"\\def\\%c{%s}" % (98 + n, b"\\%c " % (97 + n) * 40) for n in range(7)
    ) + b"\\begin{document}\\h\\end{document}"  # fmt: skip
    return {
        "2301/2301.00001.gz": (gzip.compress(tarred(PROJECT)), None),
        "2301/2301.00002.gz": (gzip.compress(SINGLE), None),
        "2301/2301.00003.pdf": (b"%PDF-1.5 ...", "tex.none"),
        "2301/2301.00004.gz": (gzip.compress(b"%auto-ignore\nwithdrawn"), "tex.none"),
        "2301/2301.00005.gz": (gzip.compress(tarred({"a.ps": b"%!PS"})), "tex.none"),
        "2301/2301.00006.gz": (gzip.compress(tarred(PROJECT))[:-20], "file.truncated"),
        "2301/2301.00007.gz": (gzip.compress(bytes(3_000_000)), "file.bomb"),
        "2301/2301.00008.gz": (gzip.compress(tarred(PROJECT, links=["x.tex"])), "tar.link"),
        "2301/2301.00009.gz": (gzip.compress(tarred({"../../x.tex": SINGLE})), "tar.name"),
        "2301/2301.00010.gz": (gzip.compress(tarred({"/etc/x.tex": SINGLE})), "tar.name"),
        "2301/2301.00011.gz": (gzip.compress(bomb), "file.bomb"),
        "2301/2301.00012.gz": (gzip.compress(tarred({"a.tex": rb"\documentclass{a}\input{a}x"})),
                               "file.bomb"),
        "2301/2301.00013.gz": (gzip.compress(SINGLE[:30] + b"\\begin{document}" + b"{" * 5000),
                               "tex.syntax"),
        "2301/2301.00014.gz": (gzip.compress(b"<html>no</html>"), "tex.none"),
        "2301/2301.00015.gz": (b"", "tex.none"),
        "hep-th9901001.gz": (gzip.compress(SINGLE), None),
    }  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("arxiv") / "arXiv_src_2301_001.tar"
    path.write_bytes(tarred({name: data for name, (data, _) in bundle().items()}))
    return path


def read(path, **settings):
    lazy = read_arxiv(path, **settings)
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    assert frame.dtypes.equals(lazy.dtypes)
    return frame


def codes(frame):
    return [None if pd.isna(why) else why.partition(":")[0] for why in frame.dropped_why]


def test_a_bundle(path):
    frame = read(path, max_size=2_000_000)
    assert codes(frame) == [code for _, code in bundle().values()]
    assert frame.member.tolist() == list(bundle()) and frame.id.is_unique
    assert frame.id[0] == "2301.00001" and frame.id[15] == "hep-th/9901001"
    assert frame.text[0] == PLAIN and frame.title[0] == "On $\\mathbb{R}$" and frame.files[0] == 2
    assert frame.text[1] == frame.text[15] == "A short paper."
    assert frame.dropped_why[2] == (
        "tex.none: arXiv_src_2301_001.tar, 2301/2301.00003.pdf: "
        "the paper is a PDF, without its source"
    )
    for size in (700,):
        cut = read_arxiv(path, max_size=2_000_000, block_size=size)
        assert cut.npartitions > 5
        assert cut.compute(scheduler="sync").reset_index(drop=True).equals(frame)
    with pytest.raises(DataError, match=r"tex\.none: arXiv_src_2301_001\.tar, 2301/2301\.00003"):
        read(path, errors="raise")


def test_as_latex(path):
    frame = read(path, form="latex", max_size=2_000_000)
    assert frame.text[0] == (
        "\\maketitle\n\\section{Sets} Let $x \\in \\mathbb{R}$ as in~\\cite{a}. More of it."
    )
    assert codes(frame)[12] is None  # nobody parsed it


def test_bundles_that_are_damaged(path, tmp_path):
    whole = path.read_bytes()
    (tmp_path / "short.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.tar").write_bytes(b"no archive" * 100)
    spoilt = bytearray(whole)
    spoilt[whole.find(b"2301/2301.00003.pdf")] ^= 1
    (tmp_path / "spoilt.tar").write_bytes(spoilt)
    short, none, spoilt = (
        read(tmp_path / f"{n}.tar", form="latex") for n in ("short", "none", "spoilt")
    )
    assert codes(short)[-1] == "tar.truncated" and short.text[1] is not None
    assert codes(none) == ["file.corrupt"]
    assert "tar.header" in codes(spoilt) and len(spoilt) == len(bundle())


def test_fuzz(path, tmp_path):
    whole, rng = path.read_bytes(), np.random.default_rng(2)
    for number in range(40):
        (tmp_path / "x.tar").write_bytes(damaged(whole, rng))
        frame = read(tmp_path / "x.tar", form="latex", max_size=2_000_000)
        assert len(frame) and all(code is None or code in CODES for code in codes(frame)), number
        (tmp_path / "x.tar").unlink()


def test_fuzz_of_papers():
    rng = np.random.default_rng(3)
    data = tarred(PROJECT)
    from tamis.codes import BadRecord

    for _ in range(200):
        try:
            found = paper(damaged(data, rng), form="latex", max_size=10**6)
        except BadRecord:
            continue
        assert isinstance(found["text"], bytes)


CASES = {
    r"a % b": "a",
    "a % b\n  c": "a c",
    "a\\% b": r"a\% b",
    "a\\\\% b": r"a\\",
    "\\begin{alltt}\n50% off\n\\end{alltt} % x": "\\begin{alltt}\n50% off\n\\end{alltt}",
    r"\verb|%| x % y": r"\verb|%| x",
    r"\url{http://a.b/%7Ec} d": r"\url{http://a.b/%7Ec} d",
    "a\\begin{comment}b\\end{comment}c": "ac",
    "a\\iffalse b \\fi c": "a c",
    r"\def\x{y}\x\ and \xy": r"y\ and \xy",
    r"\newcommand{\x}{\y}\newcommand\y{{z}}\x": "{z}",
    r"\newcommand{\x}[1]{<#1>}\x{a}": r"\x{a}",
    r"\renewcommand*{\x}{\alpha}\x b": r"\alpha b",
    r"\def\x{\alpha}\x1": r"\alpha1",
    "pre \\begin{document}a\\end{document} post": "a",
    "pre \\section{A} b \\bye post": r"\section{A} b",
    "a\\bibliographystyle{x}\\bibliography{y}": "a",
    "a\\begin{thebibliography}{9}x": "a",
    "a\n\n\n\nb": "a\n\nb",
}


@pytest.mark.parametrize("source", CASES)
def test_rules(source):
    assert cleaned(source, max_size=1000) == CASES[source]


def nested(deep, body):
    """`\\ma` that stands for `\\mb`, and so on; the last for `body`."""
    names = [f"m{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(deep)]
    ends = [*(f"\\{name}" for name in names[1:]), body]
    macros = [rf"\def\{name}{{{end}}}" for name, end in zip(names, ends, strict=True)]
    return "".join(macros) + rf"\begin{{document}}Of \{names[0]}.\end{{document}}"


TWICE = (
    "".join(  # 24 macros, each of which is the next one twice
        rf"\def\m{a}{{\m{b}\m{b}}}" for a, b in itertools.pairwise("abcdefghijklmnopqrstuvwxy")
    )
    + r"\def\my{z}\ma"
)


@pytest.mark.parametrize("deep", [9, 24, DEEPEST])
def test_macros_within_macros(deep):
    assert cleaned(nested(deep, "this"), max_size=1000) == "Of this."


@pytest.mark.parametrize(
    "source, code",
    [
        (nested(DEEPEST + 1, "this"), "tex.syntax"),
        (r"\def\x{\x}\x", "tex.syntax"),
        (r"\def\x{\y}\def\y{\x}\x", "tex.syntax"),
        (r"\def\foo{\bar\bar}\def\bar{\baz\baz}\def\baz{\foo\foo}\foo", "file.bomb"),
        (TWICE, "file.bomb"),
    ],
)  # fmt: skip
def test_macros_without_end_are_told(source, code):
    with pytest.raises(BadRecord) as told:
        cleaned(source, max_size=100_000)
    assert told.value.code == code


def test_titles():
    assert title(r"\title[s]{A {\em b} $x$} % \title{c}", max_size=100) == r"A {\em b} $x$"
    assert title("none", max_size=100) is None and title(r"\title{a", max_size=100) is None


def test_ids_and_settings(path):
    assert paper_id("0704/0704.0001.gz", "x") == "0704.0001"
    assert paper_id("math.AG0601001.gz", "x") == "math.AG/0601001"
    assert paper_id("README", "other") == "other"
    for wrong in ({"form": "html"}, {"timeout": 0}, {"max_size": "x"}):
        with pytest.raises(SettingError):
            read_arxiv(path, **wrong)
