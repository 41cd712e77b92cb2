"""A finished report in Markdown, as GitHub and others show it; text from outside stays text.

Reports become comments and summaries, where a name may do more than look odd: it may call people,
refer to issues, or load a picture. So nothing but what stands in this file is markup.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from bce_cli.render.layout import Judged
from bce_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.render.layout import Section

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_ACTING = re.compile(
    r"[@#!%~$&](?=\w)|\bGH-(?=\d)|:(?=//|[a-z+-][\w+-]*:)|\bwww(?=\.)", re.IGNORECASE
)
"""Behind what a text becomes a link, a mention, a reference or an emoji, backslash or not."""

_OPENING = re.compile(r"(?P<sign>[-+])(?=[\s-]|$)|(?P<number>\d+)(?P<stop>[.)])(?=\s|$)|(?P<gap> )")
"""What would make a list, a line or code of a paragraph that it stands at the beginning of."""

_BREAK, _AS_ENTITY = "\u200b", "&#8203;"  # of no width
_AS_ENTITIES = str.maketrans({_BREAK: _AS_ENTITY, "{": "&#123;", "}": "&#125;"})
"""Braces are what sites that fill in templates look for before they look for tags."""
_SIGNS: dict[Verdict, str] = {"passed": "✅", "failed": "❌", "undecided": "⚠️"}
_LEAST_FENCE = 3


def escaped(text: str) -> str:
    r"""Put a backslash before what Markdown or HTML would read as its own, and break all else.

    Hosts look for mentions and links when backslashes are gone; a space of no width within them is
    what they heed.

    Examples
    --------
    >>> escaped("a|b_c"), escaped("@all"), escaped("10:30, #1")
    ('a\\|b\\_c', '@&#8203;all', '10:30, \\#&#8203;1')
    """
    return _SPECIAL.sub(r"\\\1", _broken(text)).replace(_BREAK, _AS_ENTITY)


def _broken(text: str) -> str:
    return _ACTING.sub(rf"\g<0>{_BREAK}", text)


def _in_html(text: str) -> str:
    """Return a text as it stands between tags, where backslashes mean nothing.

    Examples
    --------
    >>> _in_html("<b> & @all"), _in_html("{{ 7 }}")
    ('&lt;b&gt; &amp; @&#8203;all', '&#123;&#123; 7 &#125;&#125;')
    """
    return escape(_broken(text), quote=False).translate(_AS_ENTITIES)


def _paragraph(text: str) -> str:
    r"""Return a text that is a paragraph, whatever it begins with.

    Examples
    --------
    >>> _paragraph("- a"), _paragraph("1. a"), _paragraph("    a"), _paragraph("-0.5 nats")
    ('\\- a', '1\\. a', '&#32;   a', '-0.5 nats')
    """
    found, shown = _OPENING.match(text), escaped(text)
    if found is None:
        return shown
    if found["gap"]:
        return f"&#32;{shown[1:]}"
    at = len(found["number"] or "")
    return rf"{shown[:at]}\{shown[at:]}"


def write_markdown(sections: Sequence[Section], *, with_signs: bool = True) -> str:
    """Write sections in Markdown, one below the other.

    Parameters
    ----------
    sections : sequence of Section
    with_signs : bool, default True
        Whether signs that are not in ASCII may stand beside the words of a judgement.
    """
    written = []
    for section in sections:
        judged = section.headline
        lines = _report(section) if judged is None else _judgement(section, judged, with_signs)
        written.append("".join(f"{line}\n" for line in lines))
    return "\n".join(written)


def _report(section: Section) -> Iterator[str]:
    yield from (f"### {escaped(section.title)}", "")
    for verdict in section.verdicts:
        yield from (_paragraph(verdict), "")
    yield from _body(section, escaped)
    for note in section.sentences:
        yield from ("", _paragraph(note))


def _judgement(section: Section, headline: Judged, with_signs: bool) -> Iterator[str]:
    """Write the verdict, what was judged, and why; then what few ask for, folded."""
    shown = _signed if with_signs else escaped
    yield from (f"### {shown(headline)}", "")
    yield from _body(section, shown)
    reasons = (verdict for verdict in section.verdicts if verdict.rstrip(".") != headline)
    for sentence in (*reasons, *section.notes):
        yield from ("", _paragraph(sentence))
    yield from ("", "<details>", f"<summary>{_in_html(section.title)}</summary>")
    for detail in (*section.details, f"bce {__version__}"):
        yield from ("", _paragraph(detail))  # without the empty line it would not be Markdown
    yield from ("", "</details>")


def _signed(text: str) -> str:
    """Put a sign beside words that judge."""
    return f"{_SIGNS[text.verdict]} {escaped(text)}" if isinstance(text, Judged) else escaped(text)


def _body(section: Section, shown: Callable[[str], str]) -> Iterator[str]:
    yield from _fenced(section.formulas)
    if section.rows:
        yield markdown_row(escaped(column.title) for column in section.columns)
        yield markdown_row(":---" if column.is_text else "---:" for column in section.columns)
        yield from (markdown_row(map(shown, row)) for row in section.rows)
    if section.drawing:
        yield from ("", *_fenced(section.drawing))


def markdown_row(cells: Iterable[str]) -> str:
    """Return a line of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def _fenced(lines: Sequence[str]) -> list[str]:
    """Return lines as they are, between fences that are longer than any in them."""
    if not lines:
        return []
    runs = (len(run) for line in lines for run in re.findall("`+", line))
    fence = "`" * max(_LEAST_FENCE, 1 + max(runs, default=0))
    return [f"{fence}text", *lines, fence, ""]
