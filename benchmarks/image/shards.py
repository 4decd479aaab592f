"""Reading and writing WebDataset archives, tamis beside the webdataset library and tarfile.

    python benchmarks/image/shards.py [--samples 5000] [--rounds 5] [--folder FOLDER]

Samples of a 16.5 KB jpg, a json and a txt member. Everything in one process on one thread, files in
memory, rounds interleaved, CPU-seconds, best of the rounds after one to warm up. Every reader ends
with the bytes of all members in hand; tamis has in addition checked every header, parsed the json
members into typed columns and the texts as UTF-8. Every writer writes the same samples from
memory or, for tamis, from the archive that its rows point into.
"""

from __future__ import annotations

import argparse
import datetime
import io
import json
import platform
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dask
import numpy as np

import tamis
from tamis.io.store import Store
from tamis.io.tar_shards import put_archives
from tamis.media.pointers import of_frame

RESULTS = Path(__file__).parent.parent / "results"
JPG = 16_500


def samples(count: int) -> list[dict[str, Any]]:
    """The samples, the same every time."""
    rng = np.random.default_rng(0)
    return [
        {
            "__key__": f"{k:09d}",
            "jpg": rng.bytes(JPG),
            "json": json.dumps({
                "url": f"https://example.org/{k}.jpg", "width": 640 + k % 9, "height": 480,
                "similarity": k / 7, "caption": f"a picture of {k}",
            }).encode(),
            "txt": f"a picture of {k}".encode(),
        }
        for k in range(count)
    ]  # fmt: skip


def by_tarfile(found: list[dict[str, Any]], path: Path) -> None:
    """What most scripts do."""
    with tarfile.open(path, "w") as tar:
        for sample in found:
            for end in ("jpg", "json", "txt"):
                info = tarfile.TarInfo(f"{sample['__key__']}.{end}")
                info.size = len(sample[end])
                tar.addfile(info, io.BytesIO(sample[end]))


def by_webdataset(found: list[dict[str, Any]], path: Path) -> None:
    import webdataset

    with webdataset.TarWriter(str(path)) as writer:
        for sample in found:
            writer.write(sample)


def read_tarfile(path: Path) -> int:
    size = 0
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            size += len(tar.extractfile(member).read())
    return size


def read_webdataset(path: Path) -> int:
    import webdataset

    size = 0
    for sample in webdataset.WebDataset(str(path), shardshuffle=False):
        size += len(sample["jpg"]) + len(sample["json"]) + len(sample["txt"])
    return size


def read_rows(path: Path) -> int:
    return len(tamis.read_webdataset(str(path)).compute())


def read_rows_and_bytes(path: Path) -> int:
    df = tamis.read_webdataset(str(path)).compute()
    media = of_frame(df, "path")
    return sum(len(media.whole(row)) for row in range(len(df)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    dask.config.set(scheduler="synchronous")
    found = samples(given.samples)
    path = folder / "00000.tar"
    by_tarfile(found, path)
    rows = tamis.read_webdataset(str(path)).compute()
    settings = {
        "on": "path", "samples": 10_000, "target_size": 1 << 30, "key": None, "text": None,
        "json": None, "raising": False, "source_options": {}, "fit": None,
    }  # fmt: skip

    def ours(checksum: bool) -> None:
        put_archives(rows, "part-00000.00000000", Store(folder / "out"), checksum=checksum,
                     **settings)  # fmt: skip

    reading = {
        "webdataset": lambda: read_webdataset(path),
        "tarfile": lambda: read_tarfile(path),
        "tamis, rows": lambda: read_rows(path),
        "tamis, rows and bytes": lambda: read_rows_and_bytes(path),
    }
    writing = {
        "tarfile": lambda: by_tarfile(found, folder / "a.tar"),
        "webdataset": lambda: by_webdataset(found, folder / "b.tar"),
        "tamis": lambda: ours(False),
        "tamis, SHA-256": lambda: ours(True),
    }
    text = [
        f"# Reading and writing archives of {given.samples:,} samples",
        "",
        f"{datetime.date.today()}, {platform.machine()}, Python {platform.python_version()}, "
        + ", ".join(f"{n} {version(n)}" for n in ("webdataset", "numpy", "pyarrow", "numba"))
        + f"; `benchmarks/image/shards.py --rounds {given.rounds}`. A sample is a jpg of "
        f"{JPG:,} bytes, a json and a txt. One thread; CPU-seconds, the best of the rounds. Every "
        "reader but `rows` ends with the bytes of all members; tamis has checked every header, "
        "parsed the json into columns and checked the text.",
        "",
    ]
    for title, contenders, base in (
        ("read", reading, "webdataset"),
        ("write", writing, "tarfile"),
    ):
        best = measured(contenders, given.rounds)
        text += [f"| {title} | samples/s | times {base} |", "| --- | ---: | ---: |"]
        for name, seconds in best.items():
            text.append(f"| {name} | {given.samples / seconds:,.0f} | {best[base] / seconds:.1f} |")
        text.append("")
    with tarfile.open(next((folder / "out").glob("*.tar"))) as tar:
        assert len(tar.getnames()) == 3 * given.samples
    shutil.rmtree(folder)
    report = "\n".join(text)
    print(report)
    (RESULTS / f"image_shards-{datetime.date.today()}.md").write_text(report)


def measured(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """CPU-seconds of each, best of the rounds."""
    best = dict.fromkeys(contenders, float("inf"))
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            before = time.process_time()
            run()
            if turn:
                best[name] = min(best[name], time.process_time() - before)
    return best


if __name__ == "__main__":
    main()
