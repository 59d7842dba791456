"""Headless Chromium, driven over a pipe by its own protocol: real input, no driver, no network."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--force-color-profile=srgb", "--remote-debugging-pipe",
)  # fmt: skip


def find() -> str | None:
    """Returns the path of a Chromium; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """A page in a Chromium of its own; `errors` are what its console complained of."""

    def __init__(self, profile: Path):
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._ids, self._held = itertools.count(1), b""
        to_browser, from_browser = os.pipe(), os.pipe()
        # The protocol's ends are 3 and 4 in the browser: first out of the way, then there.
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_browser[0], from_browser[1])]
        # By a shell: `preexec_fn` would fork this process, which JAX warns of.
        place = f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}'
        command = [str(find()), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", place, "-", *command],
            pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for fd in (*ends, to_browser[0], from_browser[1]):
            os.close(fd)
        self._out, self._in = to_browser[1], from_browser[0]
        self._session = ""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """Ends the browser."""
        self._process.terminate()
        self._process.wait(30)
        os.close(self._out)
        os.close(self._in)

    def send(self, method: str, **params: Any) -> Any:
        """Calls a method of the protocol and returns its result."""
        number = next(self._ids)
        call = {"id": number, "method": method, "params": params}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._out, json.dumps(call).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, (method, said)
                return said["result"]

    def _next(self, seconds: float = 60) -> dict[str, Any]:
        while b"\0" not in self._held:
            ready, _, _ = select.select([self._in], [], [], seconds)
            assert ready, "Chromium does not answer"
            part = os.read(self._in, 1 << 20)
            assert part, "Chromium has ended"
            self._held += part
        line, _, self._held = self._held.partition(b"\0")
        said = json.loads(line)
        self._listen(said.get("method", ""), said.get("params", {}))
        return said

    def _listen(self, method: str, params: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"])[:2000])
        if method == "Runtime.consoleAPICalled" and params["type"] in (
            "error",
            "warning",
            "assert",
        ):
            self.errors.append(json.dumps(params["args"])[:2000])
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(json.dumps(params["entry"])[:2000])
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def look(self, width: int = 1440, height: int = 900, scheme: str = "light") -> None:
        """Sets the window's size in pixels, and light or dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        # A page that is still scrolling is not where a click looks for it.
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self.send("Emulation.setEmulatedMedia", features=features)

    def open(self, path: Path) -> None:
        """Opens a file and waits until its scripts are through."""
        self.send("Page.navigate", url=path.resolve().as_uri())
        self.until("document.documentElement?.dataset.ready === 'yes'")

    def run(self, code: str) -> Any:
        """Returns the value of an expression in the page, as JSON has it."""
        done = self.send("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, (code, done["exceptionDetails"])
        return done["result"].get("value")

    def until(self, code: str, seconds: float = 30) -> None:
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(code):
            assert time.monotonic() < end, f"never came true: {code}; {self.errors}"
            time.sleep(0.05)

    def box(self, selector: str) -> dict[str, float]:
        """Scrolls an element into the middle and returns its rectangle in the window."""
        where = json.dumps(selector)
        return self.run(
            f"(() => {{ const e = document.querySelector({where}); "
            "e.scrollIntoView({block: 'center', behavior: 'instant'}); "
            "const r = e.getBoundingClientRect(); "
            "return {x: r.x, y: r.y, width: r.width, height: r.height}; })()"
        )

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Moves, presses or releases the mouse at a place of the window."""
        self.send("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **more)

    def click(self, selector: str) -> None:
        """Clicks into the middle of an element."""
        box = self.box(selector)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.mouse("Moved", x, y)
        for kind in ("Pressed", "Released"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def hover(self, selector: str, across: float, down: float) -> None:
        """Moves the pointer to a place of an element, in shares of its width and height."""
        box = self.box(selector)
        self.mouse("Moved", box["x"] + across * box["width"], box["y"] + down * box["height"])

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags from one place of the window to another."""
        self.mouse("Moved", *start)
        self.mouse("Pressed", *start, button="left", clickCount=1)
        for share in (0.3, 0.6, 1.0):
            x, y = (a + share * (b - a) for a, b in zip(start, end, strict=True))
            self.mouse("Moved", x, y, button="left", buttons=1)
        self.mouse("Released", *end, button="left", clickCount=1)

    def write(self, text: str) -> None:
        """Types a text into what has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Presses a key that writes nothing, such as ArrowRight."""
        code = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def picture(self, path: Path, whole: bool = False) -> None:
        """Writes a PNG of the window, or of the whole page."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
