"""A page in a real browser: Debian's Chromium, without a screen."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SERIOUS = ("serious", "critical")


class Watched:
    """A page, the errors in its console, and what it requests."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def requests_beside(self, *addresses: str) -> list[str]:
        """The requests but those of these addresses and of data in the page itself."""
        return [url for url in self.requests if not url.startswith("data:") and url not in addresses]

    def faults(self) -> list[str]:
        """The serious faults of accessibility that axe-core finds, each with an element that has it."""
        from axe_playwright_python.sync_playwright import Axe

        violations: list[Mapping[str, Any]] = Axe().run(self.page).response["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html']}" for one in violations if one["impact"] in SERIOUS]


@contextmanager
def open_page(
    browser: "Browser", url: str, width: int = 1200, height: int = 900, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Watched]:
    """A page in a window of this size in pixels, of a user who prefers this colour scheme."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    watched = Watched(page)
    page.goto(url)
    yield watched
    page.close()
