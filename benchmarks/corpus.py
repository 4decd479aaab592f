"""Build the benchmark corpora from Debian's documentation packages, with planted duplicates.

    python benchmarks/corpus.py [--size s m l xl h hl]

| size | base documents | rows, about | text, about |
| --- | --- | --- | --- |
| s | 15,000 | 21,000 | 68 MB |
| m | 45,000 | 63,000 | 200 MB |
| l | 150,000 | 209,000 | 670 MB |

HTML, manual pages, pod, Mallard, dictionaries and plain text in several languages become
paragraphs; a package's paragraphs, in order, are packed to documents of log-normal length;
byte-identical documents are removed. Then copies are planted: 6 % of the base documents get a
Zipf-tailed number of exact copies, 12 % get one to eight near copies at an edit rate of 1 to 30 %,
60 % of those by words substituted, deleted or inserted, the others by blocks cut, appended or
replaced. A smaller size holds whole clusters of the larger. Everything follows from SEED and the
package versions.

Size xl (`--size xl`, 5.4 GB of text, for the memory run) is l seven times, each time with its Latin
letters exchanged for others, so that words and duplicates keep their shape and copies differ.

Size h (`--size h`, "hard") is m with what harms deduplication in practice: articles on different
topics in shared templates, pages with a shared footer, chains of editions, very short and very long
texts (hard_texts.py). Its truth names their kinds. Size hl is that at the size of l: 132,000 base
documents and three times as many hard cases, each time other ones, some 270,000 rows.

Written to benchmarks/data/<size>/: `parquet/` (zstd, row groups of 16 MB of text), `jsonl/`, and
`truth.parquet` (id, cluster, kind, edit, rate).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hard_texts
import packages
import plaintext
import pyarrow as pa
import pyarrow.parquet as pq

DATA = Path(__file__).parent / "data"
SEED = 20261123
BASE = {"s": 15_000, "m": 45_000, "l": 150_000, "h": 45_000, "hl": 132_000}
ROW_GROUP_BYTES = 16 << 20
FILE_BYTES = {"s": 16 << 20, "m": 64 << 20, "l": 64 << 20, "h": 64 << 20, "hl": 64 << 20}
HARD = {"h": 1, "hl": 3}  # how often the hard cases are made
XL_COPIES = 7
RATES = (0.01, 0.02, 0.05, 0.10, 0.15, 0.20, 0.30)

# package -> megabytes of text to take from it, so that no generated reference takes over
SOURCES = {
    "python3.11-doc": 16, "debian-handbook": 50, "perl-doc": 14, "git-doc": 8, "opencv-doc": 40,
    "openjdk-17-doc": 40, "linux-doc-6.1": 60, "postgresql-doc-15": 12, "libboost1.74-doc": 35,
    "sqlite3-doc": 15, "rust-doc": 45, "qtbase5-doc-html": 30, "gimp-help-en": 8,
    "gimp-help-de": 8, "libreoffice-help-de": 14, "libreoffice-help-fr": 14,
    "libreoffice-help-es": 14, "libreoffice-help-ru": 16, "libreoffice-help-ja": 14,
    "libreoffice-help-en-us": 14, "installation-guide-amd64": 12, "anarchism": 14,
    "gnome-user-docs": 25, "manpages": 5, "manpages-dev": 6, "manpages-de": 9, "manpages-fr": 6,
    "manpages-es": 4, "manpages-ja": 8, "manpages-ru": 4, "debian-reference-en": 1,
    "debian-reference-de": 1, "debian-reference-fr": 1, "debian-reference-es": 1,
    "debian-reference-it": 1, "debian-reference-ja": 1, "debian-reference-zh-cn": 1,
    "developers-reference": 3, "dict-gcide": 40, "dict-foldoc": 6, "dict-jargon": 2,
    "dict-devil": 1, "wordnet-base": 14, "cmake-doc": 10, "vim-doc": 10, "r-doc-html": 4,
    "maxima-doc": 14, "octave-doc": 10, "libgtk-3-doc": 12, "libglib2.0-doc": 8,
    "libstdc++-12-doc": 20,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    text: str
    source: str
    cluster: int
    kind: str = "base"
    edit: str = ""
    rate: float = 0.0


# ---------------------------------------------------------------- texts out of packages


def paragraphs(package: str, limit: int) -> Iterator[str]:
    """Paragraphs of a package's files, in order of their names, up to `limit` bytes."""
    root = packages.debian(package)
    taken = 0
    for file in sorted(f for f in root.rglob("*") if f.is_file() and not f.is_symlink()):
        extract = _extractor(file)
        if extract is None:
            continue
        try:
            raw = file.read_bytes()
            if file.suffix in {".gz", ".dz"}:
                raw = gzip.decompress(raw)
            text = extract(raw.decode("utf-8", "replace"))
        except (OSError, SyntaxError, EOFError):  # SyntaxError: XML that is none
            continue
        for paragraph in re.split(r"\n\s*\n", text):
            paragraph = paragraph.strip()
            if len(paragraph) < 20:
                continue
            taken += len(paragraph.encode("utf-8"))
            if taken > limit:
                return
            yield paragraph


def _extractor(file: Path) -> Callable[[str], str] | None:
    name = file.name.removesuffix(".gz")
    if "changelog" in name.lower() or name == "copyright":
        return None
    if name.endswith((".html", ".htm", ".xhtml")):
        return plaintext.from_html
    if name.endswith((".pod", ".pl")):
        return plaintext.from_pod
    if name.endswith(".page"):
        return plaintext.from_mallard
    if name.endswith((".txt", ".rst", ".dict.dz")) or name.startswith("data."):
        return str
    if "/man/" in str(file) and re.search(r"\.\d\w*$", name):
        return plaintext.from_man
    return None


def documents(texts: Iterable[str], chance: random.Random) -> Iterator[str]:
    """Paragraphs packed until a length drawn from a log-normal is reached."""
    parts: list[str] = []
    size, wanted = 0, chance.lognormvariate(7.55, 0.85)
    for text in texts:
        while len(text) > 12_000:  # a "paragraph" of a generated table
            parts.append(text[:12_000])
            text = text[12_000:]
            size += 12_000
        parts.append(text)
        size += len(text)
        if size >= wanted:
            yield "\n\n".join(parts)
            parts, size, wanted = [], 0, chance.lognormvariate(7.55, 0.85)
    if parts:
        yield "\n\n".join(parts)


def pool() -> pa.Table:
    """All base documents in a seeded order; made once, then read back."""
    path = DATA / "pool.parquet"
    if path.exists():
        return pq.read_table(path)
    rows: list[tuple[str, str]] = []
    seen: set[bytes] = set()
    for package, megabytes in SOURCES.items():
        start, before = time.perf_counter(), len(rows)
        chance = random.Random(f"{SEED} {package}")
        for text in documents(paragraphs(package, megabytes * 1_000_000), chance):
            key = hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
            if key not in seen:
                seen.add(key)
                rows.append((package, text))
        said = f"{len(rows) - before:7,} documents {time.perf_counter() - start:6.1f} s"
        print(f"{package:28}{said}", flush=True)
    random.Random(SEED).shuffle(rows)
    sources, texts = zip(*rows, strict=True)
    table = pa.table({"source": list(sources), "text": pa.array(texts, pa.large_string())})
    pq.write_table(table, path, compression="zstd")
    return table


# ---------------------------------------------------------------- planted copies


def with_copies(cluster: int, text: str, source: str, stranger: str) -> Iterator[Row]:
    """A base document and its copies; what they are depends on the cluster's number alone."""
    chance = random.Random(f"{SEED} copies {cluster}")
    yield Row(text, source, cluster)
    if chance.random() < 0.06:
        for _ in range(zipf(chance)):
            yield Row(text, source, cluster, "exact")
    if chance.random() < 0.12:
        for _ in range(chance.choice((1, 1, 1, 1, 2, 2, 3, 4, 6, 8))):
            rate = chance.choice(RATES)
            if chance.random() < 0.6:
                changed, edit = edit_words(text, rate, chance), "words"
            else:
                edit = chance.choice(("cut", "append", "replace"))
                changed = edit_block(text, rate, edit, stranger, chance)
            yield Row(changed, source, cluster, "near", edit, rate)


def zipf(chance: random.Random, most: int = 60) -> int:
    """1, 2, 3, ... with probability falling as the square."""
    return min(most, int(1 / max(1e-9, 1 - chance.random())))


def edit_words(text: str, rate: float, chance: random.Random) -> str:
    pieces = re.split(r"(\s+)", text)
    words = pieces[::2]
    for i in range(0, len(pieces), 2):
        if chance.random() >= rate:
            continue
        how = chance.random()
        if how < 1 / 3:
            pieces[i] = chance.choice(words)
        elif how < 2 / 3:
            pieces[i] = ""
        else:
            pieces[i] += " " + chance.choice(words)
    return "".join(pieces)


def edit_block(text: str, rate: float, edit: str, stranger: str, chance: random.Random) -> str:
    size = max(1, int(len(text) * rate))
    start = chance.randrange(max(1, len(text) - size))
    block = (stranger * (size // max(1, len(stranger)) + 1))[:size]
    if edit == "cut":
        return text[:start] + text[start + size :]
    if edit == "append":
        return text + "\n\n" + block
    return text[:start] + block + text[start + size :]


# ---------------------------------------------------------------- files


def build(size: str, table: pa.Table) -> None:
    """Write one size; done when its folder has its final name."""
    target = DATA / size
    count = BASE[size]
    if len(table) < count:
        raise SystemExit(f"only {len(table):,} base documents for size {size} ({count:,})")
    texts, sources = table["text"].to_pylist(), table["source"].to_pylist()
    rows = [
        row
        for i in range(count)
        for row in with_copies(i, texts[i], sources[i], texts[(i + 7919) % len(texts)])
    ]
    if size in HARD:
        rows += hard_rows(texts[count : count + 20_000], count, HARD[size])
    random.Random(f"{SEED} order {size}").shuffle(rows)
    scratch = target.with_name(size + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in ("parquet", "jsonl"):
        (scratch / folder).mkdir(parents=True)
    for number, (start, stop) in enumerate(by_bytes(rows, FILE_BYTES[size])):
        write_part(scratch, number, rows[start:stop], start)
    truth = {
        "id": [f"{i:07d}" for i in range(len(rows))],
        **{k: [getattr(r, k) for r in rows] for k in ("cluster", "kind", "edit", "rate")},
    }
    pq.write_table(pa.table(truth), scratch / "truth.parquet", compression="zstd")
    kinds = dict(Counter(truth["kind"]))
    bytes_of_text = sum(len(r.text.encode("utf-8")) for r in rows)
    about = {"rows": len(rows), "text_bytes": bytes_of_text, "seed": SEED, **kinds}
    (scratch / "corpus.json").write_text(json.dumps(about, indent=1))
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    print(size, about, flush=True)


def hard_rows(texts: list[str], first: int, times: int = 1) -> list[Row]:
    """The hard cases, made of documents that the corpus does not hold otherwise.

    Each time of words of their own, so that what stands in one is in no other.
    """
    if len(texts) < times * hard_texts.TEXTS:
        raise SystemExit(f"only {len(texts):,} base documents left for the hard cases")
    rows: list[Row] = []
    for number in range(times):
        some = texts[number * hard_texts.TEXTS :] if number else texts
        again = f" {number}" if number else ""
        made = hard_texts.all_of(some, random.Random(f"{SEED} hard{again}"))
        rows += [Row(text, kind, first + group, kind) for group, kind, text in made]
        first += 1 + max(group for group, _, _ in made)
    return rows


def build_xl() -> None:
    """Size l under seven ciphers; Parquet only, one row group in memory at a time."""
    target, source = DATA / "xl", DATA / "l"
    scratch = target.with_name("xl.part")
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "parquet").mkdir(parents=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = size = 0
    for copy in range(XL_COPIES):
        turned = letters[copy:] + letters[:copy]
        cipher = str.maketrans(letters + letters.upper(), turned + turned.upper())
        for file in sorted((source / "parquet").iterdir()):
            parquet = pq.ParquetFile(file)
            name = scratch / "parquet" / f"part-{copy}{file.stem[-3:]}.parquet"
            with pq.ParquetWriter(name, parquet.schema_arrow, compression="zstd") as out:
                for group in range(parquet.num_row_groups):
                    table = parquet.read_row_group(group)
                    texts = [t.translate(cipher) for t in table["text"].to_pylist()]
                    ids = [f"{copy}{i}" for i in table["id"].to_pylist()]
                    table = table.set_column(0, "id", pa.array(ids, pa.string()))
                    column = pa.array(texts, pa.large_string())
                    out.write_table(table.set_column(1, "text", column))
                    rows += len(table)
                    size += sum(len(t.encode("utf-8")) for t in texts)
    about = {"rows": rows, "text_bytes": size, "seed": SEED}
    (scratch / "corpus.json").write_text(json.dumps(about, indent=1))
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)
    print("xl", about, flush=True)


def by_bytes(rows: list[Row], limit: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that each hold about `limit` characters of text."""
    start = size = 0
    for i, row in enumerate(rows):
        size += len(row.text)
        if size >= limit:
            yield start, i + 1
            start, size = i + 1, 0
    if start < len(rows):
        yield start, len(rows)


def write_part(folder: Path, number: int, rows: list[Row], first: int) -> None:
    ids = [f"{first + i:07d}" for i in range(len(rows))]
    table = pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "text": pa.array([r.text for r in rows], pa.large_string()),
            "source": pa.array([r.source for r in rows], pa.string()),
        }
    )
    with pq.ParquetWriter(
        folder / "parquet" / f"part-{number:03d}.parquet", table.schema, compression="zstd"
    ) as out:
        for start, stop in by_bytes(rows, ROW_GROUP_BYTES):
            out.write_table(table.slice(start, stop - start))
    with (folder / "jsonl" / f"part-{number:03d}.jsonl").open("w", encoding="utf-8") as lines:
        for name, row in zip(ids, rows, strict=True):
            record = {"id": name, "text": row.text, "source": row.source}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", nargs="+", choices=[*BASE, "xl"], default=["s", "m", "l"])
    DATA.mkdir(exist_ok=True)
    options = parser.parse_args()
    wanted = set(options.size)
    if wanted - {"xl"}:
        table = pool()
        for size in BASE:
            if size in wanted:
                build(size, table)
        del table
    if "xl" in wanted:
        build_xl()
    return 0


if __name__ == "__main__":
    sys.exit(main())
