"""What `Embed` takes to ask an endpoint for vectors, beside a bare loop of the same requests.

    python benchmarks/models/embed_endpoint.py [--texts 4096] [--rounds 3] [--dimensions 1536]

The endpoint is another process that answers batches of 64 with vectors that lie ready, packed
(base64) or as numbers, as it is asked, after 20 ms. The bare loop is aiohttp with a semaphore: it
asks for numbers, or for packed vectors, makes an array of them, and keeps nothing. `Embed` keeps
every vector on disk; "again" finds all of them there. CPU seconds of the asking process, rounds
interleaved, medians.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

BATCH, AT_ONCE = 64, 16

SERVER = """
import asyncio, base64, json, random, struct, sys
from aiohttp import web
width = int(sys.argv[1])
row = [random.Random(1).gauss(0, 1) for _ in range(width)]
numbers = json.dumps([struct.unpack("<f", struct.pack("<f", v))[0] for v in row])
packed = json.dumps(base64.b64encode(struct.pack(f"<{width}f", *row)).decode())
ready = {}
async def answer(request):
    body = await request.json()
    count, form = len(body["input"]), body.get("encoding_format", "float")
    if (count, form) not in ready:
        one = packed if form == "base64" else numbers
        rows = ", ".join(f'{{"index": {n}, "embedding": {one}}}' for n in range(count))
        usage = f'{{"prompt_tokens": {100 * count}, "total_tokens": {100 * count}}}'
        ready[count, form] = f'{{"data": [{rows}], "usage": {usage}}}'.encode()
    await asyncio.sleep(0.02)
    return web.Response(body=ready[count, form], content_type="application/json")
async def main():
    app = web.Application(client_max_size=1 << 28)
    app.router.add_post("/v1/embeddings", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def bare(base: str, texts: list[str], packed: bool) -> None:
    import aiohttp
    import numpy as np

    async def all() -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession() as session:

            async def one(some: list[str]) -> np.ndarray:
                body = {"model": "m", "input": some} | (
                    {"encoding_format": "base64"} if packed else {}
                )
                async with slots, session.post(f"{base}/embeddings", json=body) as answer:
                    rows = (await answer.json())["data"]
                if packed:
                    return np.stack(
                        [np.frombuffer(base64.b64decode(r["embedding"]), "<f4") for r in rows]
                    )
                return np.array([r["embedding"] for r in rows], np.float32)

            parts = [texts[n : n + BATCH] for n in range(0, len(texts), BATCH)]
            assert len(np.concatenate(await asyncio.gather(*map(one, parts)))) == len(texts)

    asyncio.run(all())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dimensions", type=int, default=1536)
    given = parser.parse_args()
    command = [sys.executable, "-c", SERVER, str(given.dimensions)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    base = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"

    import pandas as pd

    from tamis import Embed

    texts = [f"{n} " + "some words of a document " * 16 for n in range(given.texts)]
    frame = pd.DataFrame({"id": [str(n) for n in range(given.texts)], "text": texts})

    def embed(folder: str) -> None:
        step = Embed(model="m", dimensions=given.dimensions, endpoint=base, cache=folder,
                     batch=BATCH, concurrency=AT_ONCE)  # fmt: skip
        assert len(step(frame)) == len(frame)

    spent: dict[str, list[float]] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            embed(folder)
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory() as folder:
                contenders: dict[str, Callable[[], None]] = {
                    "tamis": lambda folder=folder: embed(folder),  # type: ignore[misc]
                    "tamis, again": lambda folder=folder: embed(folder),  # type: ignore[misc]
                    "bare aiohttp, numbers": lambda: bare(base, texts, False),
                    "bare aiohttp, packed": lambda: bare(base, texts, True),
                }
                for name, ask in contenders.items():
                    begun = time.process_time()
                    ask()
                    spent.setdefault(name, []).append(time.process_time() - begun)
    finally:
        server.kill()
        server.wait()
    print(f"load {os.getloadavg()[0]:.1f}, {given.rounds} rounds, {given.texts} texts of 64 a "
          f"request, {given.dimensions} numbers each\n")  # fmt: skip
    print("| who asks | CPU ms a text |\n|---|---|")
    for name, seconds in spent.items():
        print(f"| {name} | {1000 * statistics.median(seconds) / given.texts:.3f} |")


if __name__ == "__main__":
    main()
