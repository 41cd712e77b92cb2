"""Whole reports, byte by byte.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.readers.columns import ColumnChoice
from bce_cli.render.layout import Look
from bce_cli.render.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.write import Format

GOLDEN = Path(__file__).parent / "golden"

PLAIN = "label,prediction\n1,0.9\n0,0.2\n1,0.8\n0,0.1\n1,0.35\n0,0.4\n1,0.75\n1,0.99\n"

HOSTILE = (
    "y_true,p,name\n"
    '1,0.5,"[red]x[/red]"\n'
    "0,1,:smile:\n"
    "1,0.25,\x1b[31mred\x1b[0m\n"
    "0,0.125,\u202egnp.exe\n"
    '1,1e-300,"a|b, ""c""\n<b>*d*</b>"\n'
    "0,0,\u0440\u044f\u0434\n"
)

UNDERFLOW = "y,p\n" + "1,0.5\n" * 1100

PARTED = "1,0.75,most\n0,0.25,most\n" * 15

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (PLAIN, {}),
    "hostile": (HOSTILE, {"choice": ColumnChoice(id="name"), "n_worst": 3, "unit": "bits"}),
    "clipped": (HOSTILE, {"clip": 1e-6}),
    "underflow": (UNDERFLOW, {}),
    "segments": (HOSTILE + PARTED, {"choice": ColumnChoice(segments=("name",)), "clip": 1e-6}),
}

FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_report_is_the_golden_file(
    name: str, suffix: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES[name]
    report = write_document(document(preds(text), **options), *FORMATS[suffix]).encode()
    golden = GOLDEN / f"{name}.{suffix}"
    if "BCE_REGENERATE_GOLDEN" in os.environ:
        golden.write_bytes(report)
    assert report == golden.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_format_lets_an_escape_or_a_bidirectional_character_through(
    suffix: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES["hostile"]
    report = write_document(document(preds(text), **options), *FORMATS[suffix])
    if suffix == "csv":  # data for programs: the cell as it is
        assert "\x1b[31mred\x1b[0m" not in report.splitlines()[0]
    else:
        assert not set(report) & {"\x1b", "\u202e", "\r"}


@pytest.mark.parametrize("name", CASES)
def test_a_report_in_ascii_has_nothing_else(
    name: str, preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    text, options = CASES[name]
    built = document(preds(text), **options)
    report = write_document(built, "table", Look(unicode=False))
    foreign = {character for character in report if not character.isascii()}
    assert foreign <= set(text)
