"""A headless Chromium, driven through the pipe of its DevTools protocol. Nothing needs to be installed but Chromium.

`pipe` is the one transport that needs no port and no WebSocket: messages are JSON with a zero byte at the end, to the
browser on its file descriptor 3 and from it on 4.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "tests" / "node_modules" / "axe-core" / "axe.min.js"
"""`npm ci --prefix tests` puts it there."""
TIMEOUT = 120.0
"""Seconds that an answer or a condition may take."""
FREE = 10
"""File descriptors below this are for the shell that starts the browser."""


class Page:
    """A tab. What goes wrong in it is in `errors`, what it asked the network for in `requests`."""

    def __init__(self, browser: "Browser", target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self.errors: list[str] = []
        self.requests: list[str] = []

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command of the protocol, such as Page.reload, and return its result."""
        return self._browser.call(method, self._session, **parameters)

    def go(self, url: str) -> Self:
        """Load a page, and wait until it is there with all that belongs to it."""
        self.errors.clear()
        self.requests.clear()
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
        return self

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; of a promise, what it resolves to."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise AssertionError(done["exceptionDetails"].get("exception", done["exceptionDetails"]))
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + TIMEOUT
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.02)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def prefer(self, scheme: str) -> None:
        """Prefer "light" or "dark" colours."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def press(self, *keys: str) -> None:
        """Press keys one after another: "Tab", "ArrowLeft", "a"."""
        for key in keys:
            for kind in ("keyDown", "keyUp"):
                self.call(
                    "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS.get(key, 0)
                )

    def hover(self, x: float, y: float) -> None:
        """Move the mouse to a point of the window."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """Save what is seen as a PNG, or the whole page."""
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **(self._whole() if whole else {}))
        path.write_bytes(base64.b64decode(taken["data"]))

    def _whole(self) -> dict[str, Any]:
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def accessibility_faults(self) -> list[str]:
        """What axe-core finds that is serious or critical, one line for each rule and place."""
        self.evaluate(AXE.read_text(encoding="utf-8") + "; true")
        found = self.evaluate("axe.run().then(({violations}) => violations)")
        return [
            f"{fault['id']} ({fault['impact']}): {node['html']} {node['failureSummary']}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def close(self) -> None:
        """Close the tab."""
        self._browser.forget(self._session)
        self._browser.call("Target.closeTarget", None, targetId=self._target)

    def receive(self, method: str, content: dict[str, Any]) -> None:
        """Take note of an event."""
        if method == "Runtime.exceptionThrown":
            details = content["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and content["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(each.get("value", each)) for each in content["args"]))
        elif method == "Log.entryAdded" and content["entry"]["level"] in ("error", "warning"):
            self.errors.append(content["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(content["request"]["url"])


KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36}
KEYS |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, " ": 32}


class Browser:
    """A Chromium with a profile of its own. `with Browser() as browser: page = browser.page()`."""

    def __init__(self) -> None:
        assert CHROMIUM is not None, "no Chromium is installed"
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (to_read, self._write), (self._read, to_write) = os.pipe(), os.pipe()
        inner = [fcntl.fcntl(end, fcntl.F_DUPFD, FREE) for end in (to_read, to_write)]
        os.close(to_read)
        os.close(to_write)
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{inner[0]} 4>&{inner[1]}', "bash", *command],
            pass_fds=inner,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in inner:
            os.close(end)
        self._buffer = b""
        self._messages: deque[dict[str, Any]] = deque()
        self._number = 0
        self._pages: dict[str, Page] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def page(self, url: str | None = None) -> Page:
        """A new tab, with this page if one is named."""
        target = self.call("Target.createTarget", None, url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", None, targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, target, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        return page if url is None else page.go(url)

    def call(self, method: str, session: str | None, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its result. Events that come meanwhile go to their pages."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        while True:
            received = self._receive()
            if received.get("id") == self._number:
                assert "error" not in received, f"{method}: {received['error']}"
                result: dict[str, Any] = received["result"]
                return result
            if page := self._pages.get(received.get("sessionId", "")):
                page.receive(received["method"], received["params"])

    def forget(self, session: str) -> None:
        """Pass no more events to a page."""
        self._pages.pop(session, None)

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)  # it ends where its pipe does
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._profile.cleanup()

    def _receive(self) -> dict[str, Any]:
        while not self._messages:
            ready, _, _ = select.select([self._read], [], [], TIMEOUT)
            assert ready, "Chromium does not answer"
            data = os.read(self._read, 1 << 20)
            assert data, "Chromium has ended"
            *whole, self._buffer = (self._buffer + data).split(b"\0")
            self._messages.extend(map(json.loads, whole))
        return self._messages.popleft()


OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
