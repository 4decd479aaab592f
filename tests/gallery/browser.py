"""Chromium driven through its debugging protocol: go to a page, ask it something, click."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from tornado.websocket import websocket_connect

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
LONG = 60  # seconds that anything may take


class Browser:
    """One tab. `asked` are the addresses it asked for, `logged` what its console was told."""

    def __init__(self, scratch: Path) -> None:
        command = [
            str(CHROMIUM), "--headless", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={scratch}", "--remote-debugging-port=0", "--window-size=1280,900",
            "about:blank",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._loop = asyncio.new_event_loop()
        self.asked: list[str] = []
        self.logged: list[str] = []
        self._number = 0
        self._wire = self._run(websocket_connect, self._tab(scratch / "DevToolsActivePort"))
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def go(self, url: str) -> None:
        """Open a page and wait until all of it is there."""
        self._call("Page.navigate", url=url)
        self.settle()

    def settle(self) -> None:
        """Wait for a page and its pictures, those further down included."""
        time.sleep(0.2)  # until a click has had its consequence
        self.ask(
            """(async () => {
            while (document.readyState !== "complete") await new Promise((go) => setTimeout(go, 20))
            for (const image of document.images) {
                image.loading = "eager"
                await image.decode().catch(() => {})
            }
            })()"""
        )

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        for _ in range(LONG * 10):
            found = self._call(
                "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
            )
            if "exceptionDetails" not in found:
                return found["result"].get("value")
            time.sleep(0.1)
        raise AssertionError(found)

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._loop.close()

    def _tab(self, port_file: Path) -> str:
        for _ in range(LONG * 10):
            if port_file.exists() and port_file.read_text().count("\n"):
                port = port_file.read_text().split("\n")[0]
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                    tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
                if tabs:
                    return str(tabs[0]["webSocketDebuggerUrl"])
            time.sleep(0.1)
        raise AssertionError("the browser does not start")

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._run(self._wire.write_message, json.dumps(message))
        while True:
            text = self._run(self._wire.read_message)
            assert text is not None, "the browser went away"
            found = json.loads(text)
            if found.get("id") == self._number:
                return found.get("result") or {"exceptionDetails": found.get("error")}
            self._note(found)

    def _note(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Network.requestWillBeSent":
            self.asked.append(event["params"]["request"]["url"])
        elif event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled",
                                     "Runtime.exceptionThrown"):  # fmt: skip
            self.logged.append(json.dumps(event["params"]))

    def _run(self, function: Any, *given: Any) -> Any:
        async def within() -> Any:
            return await asyncio.wait_for(function(*given), LONG)

        return self._loop.run_until_complete(within())
