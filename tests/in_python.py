"""What texts of a command are where a function has made them."""

from __future__ import annotations

import re
from html import escape

ARGUMENTS = {
    "--cluster COLUMN": "cluster=...",
    "--clip EPS": "clip=...",
    "--like all": "like='all'",
    "--against old.csv": "against='old.csv'",
    "bce check --min-skill 0 --confident": "bce.check(..., min_skill=0, confident=True)",
    "bce recalibrate": "bce.recalibrate(...)",
    "--save map.json, then bce apply map.json new.csv": (
        "save('map.json'), or map().apply(predictions)"
    ),
}
"""What texts of the command ask for by options, and those of results by arguments."""


def in_python(text: str) -> str:
    """Put arguments in the place of options, wherever lines end."""
    text = re.sub(r"<code>(--[a-z-]+)</code>", r"\1", text)  # as pages have options
    for option, argument in ARGUMENTS.items():
        for said in (str, escape):
            pattern = r"\s".join(map(re.escape, said(option).split()))
            text = re.sub(pattern, said(argument), text)
    return text


def words(text: str) -> list[str]:
    """Take a text apart, since arguments and options break lines at other places."""
    return text.split()
