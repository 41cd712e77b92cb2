"""A browser for the tests of a module, and pages in it that are closed after each test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import pytest

from tests.browser.chromium import Shown, running_browser, show, skip_without_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

Scheme: TypeAlias = Literal["light", "dark"]


class Show(Protocol):
    """Open a page of HTML."""

    def __call__(
        self,
        html: str,
        *,
        width: int = 1280,
        scheme: Scheme = "light",
        scripts: bool = True,
        policy: str = "",
    ) -> Shown:
        """Open it in a window so wide, perhaps with a policy that a server adds."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Run a browser, whose files go with the tests."""
    skip_without_browser()
    with running_browser(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(name="show")
def show_pages(browser: Browser) -> Iterator[Show]:
    """Show pages, each in a context of its own."""
    with ExitStack() as opened:

        def open_page(
            html: str,
            *,
            width: int = 1280,
            scheme: Scheme = "light",
            scripts: bool = True,
            policy: str = "",
        ) -> Shown:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                java_script_enabled=scripts,
            )
            opened.callback(context.close)
            return show(context, html, policy)

        yield open_page
