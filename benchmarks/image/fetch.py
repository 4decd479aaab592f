"""Fetching a list of URLs: tamis beside img2dataset, from one server on this machine.

    python benchmarks/image/fetch.py --img2dataset /path/to/its/python [--urls 4000]

The server is another process and counts for neither. Both write tar archives with as many
connections, once with the bytes as they are and once cropped to 256 pixels (img2dataset encodes
anew in either case unless told not to: `--disable_all_reencoding`). Processor time is that of the
fetching process and its children.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PICTURES = 64
CONNECTIONS = 64

SERVER = """
import asyncio, pathlib, sys
files = [p.read_bytes() for p in sorted(pathlib.Path(sys.argv[1]).glob("*.jpg"))]
LATENCY = float(sys.argv[2])
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            number = int(head.split(b" ", 2)[1].rpartition(b"/")[2].partition(b".")[0])
            data = files[number % len(files)]
            await asyncio.sleep(LATENCY)
            close = b"connection: close" in head.lower()
            end = b"Connection: close\\r\\n" if close else b""
            head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n%s\\r\\n"
            writer.write(head % (len(data), end) + data)
            await writer.drain()
            if close:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

TAMIS = """
import sys, pandas as pd, tamis
given = {"resize": "center_crop", "size": 256} if sys.argv[3] == "crop" else {}
found = tamis.fetch(pd.read_parquet(sys.argv[1]), sys.argv[2], shard=1000, connections=%d,
                    per_host=%d, allow_private=True, retries=0, **given)
print(found.kept)
"""

IMG2DATASET = """
import sys
from img2dataset import download
if __name__ == "__main__":
    given = ({"resize_mode": "center_crop", "image_size": 256} if sys.argv[3] == "crop"
             else {"disable_all_reencoding": True})
    download(url_list=sys.argv[1], output_folder=sys.argv[2], input_format="parquet", url_col="url",
             output_format="webdataset", number_sample_per_shard=1000, processes_count=%s,
             thread_count=%d, enable_wandb=False, **given)
"""


def pictures(folder: Path) -> None:
    """JPEG files of half a megapixel or so."""
    import numpy as np
    from PIL import Image
    from skimage import data

    sources = [Image.fromarray(getattr(data, n)()) for n in ("astronaut", "coffee", "chelsea")]
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        size = tuple(int(n) for n in rng.integers(400, 1000, 2))
        file = io.BytesIO()
        sources[number % 3].resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=88)
        (folder / f"{number:03d}.jpg").write_bytes(file.getvalue())


def measured(command: list[str], folder: Path) -> tuple[float, float, int]:
    """Wall and processor seconds, and how many files stand in the archives."""
    import tarfile

    shutil.rmtree(folder, ignore_errors=True)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    count = 0
    for path in folder.glob("*.tar"):
        with tarfile.open(path) as tar:
            count += sum(name.endswith(".jpg") for name in tar.getnames())
    return wall, cpu, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--img2dataset", required=True, metavar="PYTHON")
    parser.add_argument("--urls", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.02, help="Seconds the server waits.")
    given = parser.parse_args()
    import pandas as pd

    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "files").mkdir()
        pictures(work / "files")
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, work / "files", str(given.latency)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        port = int(server.stdout.readline())
        urls = [f"http://127.0.0.1:{port}/{n}.jpg" for n in range(given.urls)]
        pd.DataFrame({"url": urls}).to_parquet(work / "urls.parquet")
        cores = len(os.sched_getaffinity(0))
        scripts = {
            "tamis": (sys.executable, TAMIS % (CONNECTIONS * cores, CONNECTIONS * cores)),
            "img2dataset": (given.img2dataset, IMG2DATASET % (cores, CONNECTIONS)),
        }
        found: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for kind, (_, script) in scripts.items():
            (work / f"by_{kind}.py").write_text(script)
        try:
            for _ in range(given.rounds):
                for mode in ("as it is", "crop"):
                    for kind, (python, _) in scripts.items():
                        command = [python, str(work / f"by_{kind}.py"), str(work / "urls.parquet"),
                                   str(work / "out"), mode.split()[0]]  # fmt: skip
                        wall, cpu, count = measured(command, work / "out")
                        if count != given.urls:
                            print(f"{kind} has {count} of {given.urls}", flush=True)
                        found.setdefault((mode, kind), []).append((wall, cpu))
        finally:
            server.kill()
            server.wait()
        for mode in ("as it is", "crop"):
            middle = {
                kind: [statistics.median(v) for v in zip(*found[mode, kind], strict=True)]
                for kind in scripts
            }
            for kind, (wall, cpu) in middle.items():
                base = middle["img2dataset"]
                print(f"{mode:9} {kind:12} {given.urls / wall:7.0f} per s ({base[0] / wall:.2f})  "
                      f"{given.urls / cpu:7.0f} per CPU-s ({base[1] / cpu:.2f})")  # fmt: skip
        print(json.dumps({f"{m} {k}": v for (m, k), v in found.items()}))


if __name__ == "__main__":
    main()
