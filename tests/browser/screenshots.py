"""Photograph a page to be looked at: python -m tests.browser.screenshots PAGE.html FOLDER.

Wide and narrow, light and dark, and as a PDF for the printer. With a name that ends in .png in
place of the folder, only the beginning of the page is photographed, for the docs.
"""

from __future__ import annotations

import io
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.browser.chromium import running_browser

if TYPE_CHECKING:
    from tests.browser.chromium import Scheme

WIDTHS = (1280, 390)
N_COLOURS = 64
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def photograph(page: Path, folder: Path) -> None:
    """Write five files that are called after the page."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, running_browser(Path(home)) as browser:
        for width, scheme in product(WIDTHS, SCHEMES):
            size = {"width": width, "height": 900}
            context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
            shown = context.new_page()
            shown.goto(page.absolute().as_uri())
            shown.screenshot(path=folder / f"{page.stem}-{scheme}-{width}.png", full_page=True)
            if (width, scheme) == (WIDTHS[0], SCHEMES[0]):
                shown.pdf(path=folder / f"{page.stem}.pdf", prefer_css_page_size=True)
            context.close()


def photograph_beginning(page: Path, picture: Path) -> None:
    """Write what stands on the first screen of a page, with few colours, so that it is small."""
    with tempfile.TemporaryDirectory() as home, running_browser(Path(home)) as browser:
        shown = browser.new_page(viewport={"width": 1220, "height": 1180})
        shown.goto(page.absolute().as_uri())
        whole = Image.open(io.BytesIO(shown.screenshot()))
    whole.convert("RGB").quantize(N_COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    given, place = map(Path, sys.argv[1:])
    (photograph_beginning if place.suffix == ".png" else photograph)(given, place)
