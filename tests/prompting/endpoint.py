"""An endpoint that speaks OpenAI's protocol, with every fault, on a thread of its own."""

import asyncio
import json
import threading
import time

from aiohttp import web


class Endpoint:
    """Answers by `says(body)`: a text, a mapping (fields of the reply), or a `web.Response`.

    `faults` are done first, one for each request, and popped ("500", "cut", "silent", "html", …),
    or a function from the body of a request to one.
    """

    def __init__(self, says=None, rate=None, pause=0.0, key=None):
        self.says = says or (lambda body: "said: " + last(body))
        self.rate, self.pause, self.key = rate, pause, key
        self.faults, self.bodies, self.times, self.headers = [], [], [], []
        self.now = self.most = 0
        self.takes_formats = True
        self._ready, self._stopping = threading.Event(), None

    @property
    def count(self):
        return len(self.bodies)

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self._stopping.set)
            self.thread.join(20)

    async def _serve(self):
        self.loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 28)
        app.router.add_post("/v1/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=512)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    async def _answer(self, request):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self._answered(request)
        finally:
            self.now -= 1

    async def _answered(self, request):
        body = await request.json()
        now = time.monotonic()
        if self.rate is not None:  # so many a second
            while self.times and self.times[0] < now - 1:
                self.times.pop(0)
            if len(self.times) >= self.rate:
                return failed(429, "slow down")
            self.times.append(now)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            sent = request.headers.get("Authorization", "")
            return failed(401, f"Incorrect API key provided: {sent}", code="invalid_api_key")
        if callable(self.faults):
            fault = self.faults(body)
        else:
            fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return await self._fault(fault, request)
        if self.pause:
            await asyncio.sleep(self.pause)
        if "response_format" in body and not self.takes_formats:
            return failed(400, "response_format is not supported")
        said = self.says(body)
        if isinstance(said, web.Response):
            return said
        return web.json_response(reply(said, body))

    async def _fault(self, fault, request):
        if fault == "cut":  # announces more than comes
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"choices": [')
            request.transport.abort()
            return response
        if fault == "silent":
            await asyncio.sleep(30)
        if fault == "html":
            return web.Response(text="<html>gateway</html>", content_type="text/html")
        if fault == "empty":
            return web.json_response({"choices": []})
        if fault == "error":
            return web.json_response({"error": {"message": "upstream", "code": 502}})
        if fault == "deep":
            return web.Response(text="[" * 100_000, content_type="application/json")
        if isinstance(fault, tuple):
            return failed(*fault)
        return failed(int(fault), "a fault")


def last(body):
    """What was said last, as text."""
    said = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    return said if isinstance(said, str) else "".join(p.get("text", "[picture]") for p in said)


def reply(said, body):
    given = said if isinstance(said, dict) else {"text": said}
    text = given["text"]
    message = {"role": "assistant", "content": text, "refusal": given.get("refusal")}
    choice = {"index": 0, "finish_reason": given.get("finish", "stop")}
    choice |= {"message": message} if "messages" in body else {"text": text}
    asked, told = len(json.dumps(body)) // 4, len(text or "") // 4
    usage = {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
    return {"id": "x", "model": body["model"], "choices": [choice], "usage": usage}


def failed(status, message, headers=None, code=None):
    error = {"message": message, "type": "error", "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)
