"""Chromium of the system, without a window, driven by Playwright; nothing it shows is fetched."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Route

Scheme: TypeAlias = Literal["light", "dark"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
MODULES = ("playwright", "axe_playwright_python", "pypdf")
PATIENCE = 120_000.0
"""How long to wait for what happens, in milliseconds."""
ADDRESS = "http://report.test/report.html"
"""Where pages seem to be; no name under `test` belongs to anybody (RFC 2606)."""

WIDTH = "() => document.documentElement.scrollWidth"
"""A function of a page in JavaScript: how wide it is; more than the window where it is cut off."""
WIDTH_BETWEEN_MARGINS = 680
"""Of A4 less 15 mm on both sides, in pixels, 1/96 of an inch."""


def skip_without_browser() -> None:
    """Skip a test where there is no browser to be driven; BCE_BROWSER makes that a failure."""
    lacking = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if not any(map(shutil.which, NAMES)):
        lacking.append("Chromium")
    if lacking:
        refuse = pytest.fail if os.environ.get("BCE_BROWSER") else pytest.skip
        refuse(f"not installed: {', '.join(lacking)}; see CONTRIBUTING.md")


@contextmanager
def running_browser(home: Path) -> Iterator[Browser]:
    """Run a browser that has its files in a folder, and nothing of who runs the tests.

    While it runs, its loop is that of the thread; so no test that runs a loop may come between.
    """
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- an extra

    surroundings = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    program = next(path for path in map(shutil.which, NAMES) if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, env={**surroundings}, timeout=PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Shown:
    """A page, and all that it has said and asked for since it was opened.

    Attributes
    ----------
    page : Page
    messages : list of str
        Of its console: errors, and what a policy has refused.
    requests : list of str
        Addresses, that of the page itself first; those which its own policy has refused among them.
    """

    page: Page
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What can be read of it, and be selected; not what is folded."""
        return self.page.inner_text("body")


def show(context: BrowserContext, html: str, policy: str) -> Shown:
    """Open a page from a server that answers with a policy of its own, and with nothing else."""
    headers = {"Content-Security-Policy": policy} if policy else {}

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)
        else:
            route.abort()

    context.route("**/*", answer)
    return visit(context, ADDRESS)


def visit(context: BrowserContext, address: str) -> Shown:
    """Open an address, and listen."""
    context.set_default_timeout(PATIENCE)
    shown = Shown(context.new_page())
    shown.page.on("console", lambda message: shown.messages.append(message.text))
    shown.page.on("pageerror", lambda error: shown.messages.append(str(error)))
    shown.page.on("dialog", lambda dialog: shown.messages.append(f"dialog: {dialog.message}"))
    shown.page.on("request", lambda request: shown.requests.append(request.url))
    shown.page.goto(address)
    return shown


def evaluated(shown: Shown, script: str) -> Any:  # noqa: ANN401 -- any JSON value
    """Return what a function of JavaScript returns in the page, which has no script of its own."""
    return shown.page.evaluate(script)
