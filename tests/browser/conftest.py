"""A browser for the tests of a module, and pages in it that are closed after each test."""

from __future__ import annotations

from contextlib import ExitStack, chdir
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from typer.testing import CliRunner

from bce_cli.cli.app import app
from tests.browser.chromium import Shown, running_browser, show, skip_without_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.chromium import Scheme

ALL_TOPICS = (
    *("-p", "old", "-p", "new", "--id", "id", "--by", "country", "--cluster", "user"),
    *("--worst", "5", "--max-loss", "0.36", "--min-auc", "0.8", "--confident"),
)
COUNTRIES = ("Norway", "Chile", "Saint Vincent and the Grenadines", "Laos")


def written_rows() -> str:
    """Write rows of which all can be told; return the name of their file."""
    lines = ["id,user,country,y,old,new"]
    for i in range(240):
        place = i * 37 % 240  # all numbers below 240, in another order
        label = int(place + i * 61 % 97 > 160)
        probabilities = f"{0.02 + place / 260:.4f},{0.3 + place / 500:.4f}"
        lines.append(f"r{i},{i % 24},{COUNTRIES[i * i % 7 % 4]},{label},{probabilities}")
    Path("preds.csv").write_text("\n".join(lines))
    return "preds.csv"


class Report(Protocol):
    """Make a report that has all topics."""

    def __call__(self, *options: str) -> str:
        """Return its HTML; options are added."""


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
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Make reports, each but once."""
    folder = tmp_path_factory.mktemp("report")

    @cache
    def made(*options: str) -> str:
        with chdir(folder):
            command = ["report", written_rows(), *ALL_TOPICS, *options]
            found = CliRunner().invoke(app, command, catch_exceptions=False)
        assert found.exit_code in {0, 3, 4}, found.stderr
        return found.stdout

    return made


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
