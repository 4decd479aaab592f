"""How busy `Prompt` keeps an endpoint of known rate, and what asking costs beside a bare loop.

    python benchmarks/models/prompt.py [--rows 1024] [--rounds 3]

The endpoint is another process that serves so many requests at once, each for so long: its share of
time with all places taken, from the first request to the last, is what is measured, so that a busy
machine slows both alike. Then: an endpoint that lets in so many a second and refuses all others
(429), with the rate told (`rpm`) and not told. The bare loop is aiohttp with a semaphore, which
neither keeps answers nor checks them. Processor time is that of the asking process; rounds are
interleaved, figures are medians."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PLACES, SECONDS = 32, 0.5  # of the endpoint: 64 requests a second
RATE = 40  # a second, of the one that refuses

SERVER = """
import asyncio, json, sys, time
from aiohttp import web
PLACES, SECONDS, RATE = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
state = {"busy": 0.0, "first": None, "last": None, "served": 0, "refused": 0}
allowed = {"room": RATE / 10, "at": time.monotonic()}
async def main():
    places = asyncio.Semaphore(PLACES)
    async def answer(request):
        body = await request.json()
        now = time.monotonic()
        state["first"] = state["first"] or now
        if RATE:
            room = min(RATE / 10, allowed["room"] + (now - allowed["at"]) * RATE)
            allowed.update(room=room, at=now)
            if room < 1:
                state["refused"] += 1
                return web.json_response({"error": {"message": "slow down"}}, status=429)
            allowed["room"] -= 1
        async with places:
            begun = time.monotonic()
            await asyncio.sleep(SECONDS)
            done = time.monotonic()
        state["busy"] += done - begun
        state["last"], state["served"] = done, state["served"] + 1
        said = {"role": "assistant", "content": "An answer of a few words: " + "word " * 50}
        return web.json_response({"choices": [{"message": said, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 60, "total_tokens": 160}})
    async def told(request):
        found = dict(state)
        state.update(busy=0.0, first=None, last=None, served=0, refused=0)
        return web.json_response(found)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/told", told)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


class Server:
    def __init__(self, rate: float = 0.0) -> None:
        places, seconds = (PLACES, SECONDS) if not rate else (1000, 0.01)
        command = [sys.executable, "-c", SERVER, str(places), str(seconds), str(rate)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.base = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def told(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self.base}/told") as answer:
            found: dict[str, float] = json.load(answer)
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def texts(rows: int, round: int) -> list[str]:
    return [f"{round} {n} " + "some words of a document " * 20 for n in range(rows)]


def tamis_asks(server: Server, rows: int, round: int, **settings: object) -> None:
    import pandas as pd

    from tamis import Prompt

    frame = pd.DataFrame({"id": [str(n) for n in range(rows)], "text": texts(rows, round)})
    with tempfile.TemporaryDirectory() as folder:
        step = Prompt("Summarise: {text}", model="m", endpoint=f"{server.base}/v1", cache=folder,
                      **settings)  # fmt: skip
        assert len(step(frame)) == rows


def bare_loop(server: Server, rows: int, round: int, concurrency: int) -> None:
    import aiohttp

    async def all() -> None:
        slots = asyncio.Semaphore(concurrency)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(text: str) -> str:
                body = {"model": "m", "messages": [{"role": "user", "content": text}]}
                url = f"{server.base}/v1/chat/completions"
                async with slots, session.post(url, json=body) as answer:
                    found = await answer.json()
                return str(found["choices"][0]["message"]["content"])

            said = await asyncio.gather(*map(one, texts(rows, round)))
            assert len(said) == rows

    asyncio.run(all())


def timed(server: Server, ask: object, *given: object, **settings: object) -> dict[str, float]:
    server.told()
    cpu = time.process_time()
    ask(server, *given, **settings)  # type: ignore[operator]
    cpu = time.process_time() - cpu
    found = server.told()
    return found | {"cpu": cpu, "wall": found["last"] - found["first"]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    steady, refusing = Server(), Server(RATE)
    found: dict[str, list[dict[str, float]]] = {}
    few = max(200, given.rows // 3)
    try:
        tamis_asks(steady, 64, -1)  # what is loaded and compiled at first
        for round in range(given.rounds):
            for name, server, ask, rows, settings in (
                (f"tamis, concurrency={PLACES}", steady, tamis_asks, given.rows,
                 {"concurrency": PLACES}),
                (f"tamis, concurrency={2 * PLACES}", steady, tamis_asks, given.rows, {}),
                (f"bare aiohttp, {2 * PLACES} at once", steady, bare_loop, given.rows,
                 {"concurrency": 2 * PLACES}),
                (f"tamis, rpm={60 * RATE}", refusing, tamis_asks, few, {"rpm": 60 * RATE}),
                ("tamis, rate not told", refusing, tamis_asks, few, {}),
            ):  # fmt: skip
                one = timed(server, ask, rows, round, **settings)
                found.setdefault(name, []).append(one)
                print(name, {k: round_(v) for k, v in one.items()}, file=sys.stderr)
    finally:
        steady.stop()
        refusing.stop()
    load = os.getloadavg()[0]
    print(f"load {load:.1f}, {given.rounds} rounds, {given.rows} rows ({few} where refused)\n")
    print("| who asks | requests a second | endpoint busy | refused | CPU ms a request |")
    print("|---|---|---|---|---|")
    for name, runs in found.items():
        middle = {k: statistics.median(run[k] for run in runs) for k in runs[0]}
        of = RATE if "rpm" in name or "told" in name else None
        speed = middle["served"] / middle["wall"]
        share = speed / of if of else middle["busy"] / PLACES / middle["wall"]
        print(f"| {name} | {speed:.0f} | {share:.1%} | {middle['refused']:.0f} | "
              f"{1000 * middle['cpu'] / middle['served']:.2f} |")  # fmt: skip


def round_(value: float) -> float:
    return round(value, 3)


if __name__ == "__main__":
    main()
