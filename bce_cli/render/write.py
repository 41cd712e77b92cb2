"""A finished report in the format that was asked for: a table, Markdown, HTML, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bce_cli.errors import without_formula
from bce_cli.render.layout import Judged, Look
from bce_cli.render.markdown import write_markdown
from bce_cli.render.terminal import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from bce_cli.render import Format, PictureFormat
    from bce_cli.render.layout import Section
    from bce_cli.render.report import ReportDocument


class Document(Protocol):
    """What a command found, and where it came from: all there is to say of it.

    Attributes
    ----------
    tables : collection of str
        Keys of the record, at whatever depth, that hold more than was asked for.
    """

    @property
    def tables(self) -> Collection[str]:
        """See above."""

    def sections(self, look: Look) -> Sequence[Section]:
        """Say it to people: the answer, which stands for itself; what was asked for; the rest."""

    def record(self) -> Mapping[str, Any]:
        """Say it to programs, in JSON; numbers may be infinite or nan."""

    def lines(self, *, brief: bool = False) -> Sequence[Mapping[str, Any]]:
        """Say it, or in brief the answer alone, in CSV: some lines, all with the same keys."""


def write_document(
    document: Document,
    output_format: Format,
    look: Look,
    *,
    brief: bool = False,
    excel_safe: bool = False,
) -> str:
    """Write a report as text.

    Who reads a page begins at its top, where the answer stands; on a terminal one sees what stands
    above the prompt, so there the answer comes last.

    Parameters
    ----------
    document : Document
    output_format : {"table", "json", "csv", "markdown", "html"}
    look : Look
        Matters for tables, and for the signs in Markdown; a page is the same wherever it is made.
    brief : bool, default False
        Whether to write the answer alone, with the tables that were asked for.
    excel_safe : bool, default False
        Whether no text in CSV may look like a formula.
    """
    if output_format == "json":
        record = document.record()
        return write_json(without(record, document.tables) if brief else record)
    if output_format == "csv":
        return write_csv(document.lines(brief=brief), excel_safe=excel_safe)
    is_page = output_format == "html"
    answer, *others = document.sections(Look() if is_page else look)
    sections = [answer, *(other for other in others if other.is_asked or not brief)]
    if is_page:
        return write_html(sections, sections[0].title)
    if output_format == "table":
        return draw(sections[::-1], look)
    return write_markdown(sections, with_signs=look.unicode)


def write_report(
    document: ReportDocument,
    output_format: Format,
    look: Look,
    pictures: PictureFormat = "svg",
) -> str:
    """Write all answers: as a page with pictures, its short form in Markdown, or JSON.

    Parameters
    ----------
    document : ReportDocument
    output_format : {"html", "markdown", "json"}
    look : Look
        Matters for the signs in Markdown.
    pictures : {"svg", "png"}, default "svg"
    """
    del pictures
    if output_format == "json":
        return write_json(document.record())
    found = (document.compute, document.compare, document.calibration, document.check)
    sections = [s for each in found if each is not None for s in each.sections(look)]
    if output_format == "markdown":
        return write_markdown(sections, with_signs=look.unicode)
    return write_html(sections, document.origin.names)


def without(record: Any, keys: Collection[str]) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a record without some keys, at whatever depth.

    Examples
    --------
    >>> without({"n": 2, "models": [{"name": "a", "lost": [1, 2]}]}, {"lost"})
    {'n': 2, 'models': [{'name': 'a'}]}
    """
    if isinstance(record, dict):
        return {key: without(value, keys) for key, value in record.items() if key not in keys}
    return [without(i, keys) for i in record] if isinstance(record, list | tuple) else record


def finite(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Return None for a number that JSON cannot hold, anything else as it is."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a record as one line: names of what holds others before theirs; lists left out.

    Examples
    --------
    >>> flat({"n": 2, "brier": {"score": 0.25}, "notes": []})
    {'n': 2, 'brier_score': 0.25}
    """
    line: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            line |= flat(value, f"{prefix}{key}_")
        elif not isinstance(value, list | tuple):
            line[prefix + key] = value
    return line


def write_json(record: Any, plain: Callable[[Any], Any] = finite) -> str:  # noqa: ANN401
    """Write strict JSON; a number that is infinite or undefined is null.

    Parameters
    ----------
    record : dict or list
    plain : callable, optional
        What makes JSON's values of all values in it that are neither dict, list nor tuple.

    Examples
    --------
    >>> print(write_json({"mean_loss": float("inf"), "n": 2}), end="")
    {
      "mean_loss": null,
      "n": 2
    }
    """

    def strict(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: strict(item) for key, item in value.items()}
        return [*map(strict, value)] if isinstance(value, list | tuple) else plain(value)

    return json.dumps(strict(record), indent=2, allow_nan=False) + "\n"


def write_csv(lines: Sequence[Mapping[str, Any]], *, excel_safe: bool = False) -> str:
    r"""Write a header and a line for each record; what is None is empty.

    Parameters
    ----------
    lines : sequence of dict
    excel_safe : bool, default False
        Whether no text, be it in the header, may look like a formula.

    Examples
    --------
    >>> write_csv([{"n": 2, "skill": None}])
    'n,skill\n2,\n'
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for cells in (lines[0], *(line.values() for line in lines)):
        writer.writerow([_csv_cell(cell, is_safe=excel_safe) for cell in cells])
    return stream.getvalue()


def _csv_cell(value: Any, *, is_safe: bool) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, bool):
        return str(value).lower()
    return without_formula(value) if is_safe and isinstance(value, str) else value


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """\
:root { color-scheme: light dark; --edge: #d0d0d0; --dim: #595959; --back: #fff; --text: #1a1a1a;
  --passed: #176b2c; --failed: #a8201a; --undecided: #7a5200; --marked: #eef4fb; }
@media (prefers-color-scheme: dark) {
  :root { --edge: #4a4a4a; --dim: #a8a8a8; --back: #161616; --text: #e8e8e8;
    --passed: #7bd88f; --failed: #ff8a80; --undecided: #f0c060; --marked: #1e2a36; }
}
body { background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
  margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; } h1, h2 { overflow-wrap: anywhere; }
section { margin-bottom: 2.5rem; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px; }
th, td { border-bottom: 1px solid var(--edge); padding: .2rem .8rem .2rem 0; vertical-align: top;
  text-align: right; white-space: nowrap; }
th { font-weight: normal; } thead th { color: var(--dim); vertical-align: bottom; }
.text { text-align: left; } .words { white-space: normal; } .marked { background: var(--marked); }
pre { line-height: 1.15; overflow-x: auto; }
.passed { color: var(--passed); } .failed { color: var(--failed); }
.undecided { color: var(--undecided); }
.passed, .failed, .undecided { font-weight: bold; }
@media print { body { max-width: none; } section { break-inside: avoid; } }
"""


def write_html(sections: Sequence[Section], title: str) -> str:
    """Write sections as one page of HTML that needs nothing else, and runs nothing.

    All text is escaped. The same sections make the same bytes, which are to be UTF-8.

    Parameters
    ----------
    sections : sequence of Section
    title : str
        Of the page; a section that has the same title does not repeat it.

    References
    ----------
    WHATWG, "HTML: Living Standard", on tables and `Content-Security-Policy`.

    Examples
    --------
    >>> from bce_cli.render.layout import Section
    >>> "<p>a &lt; b</p>" in write_html([Section("", notes=("a < b",))], "Page")
    True
    """
    shown = escape(title)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{shown}</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{shown}</h1>",
        *(line for section in sections for line in _html_section(section, title, _PAGE)),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "".join(f"{line}\n" for line in lines)


def html_fragment(sections: Sequence[Section]) -> str:
    """Write the same sections for a notebook: in one element, with no page around them.

    All text is escaped, and kept from being taken for mathematics. There is no colour, so that it
    can be read on light and dark, and no heading, which notebooks would list among their own.

    Parameters
    ----------
    sections : sequence of Section

    Examples
    --------
    >>> from bce_cli.render.layout import Section
    >>> print(html_fragment([Section("Loss", notes=("a < b",))]), end="")
    <div class="tex2jax_ignore mathjax_ignore">
    <section>
    <p style="font-weight:bold">Loss</p>
    <p>a &lt; b</p>
    </section>
    </div>
    """
    lines = [
        '<div class="tex2jax_ignore mathjax_ignore">',
        *(line for section in sections for line in _html_section(section, "", _NOTEBOOK)),
        "</div>",
    ]
    return "".join(f"{line}\n" for line in lines)


class _Dress(NamedTuple):
    """How elements look: a tag for headings, and what attribute words such as "text" become."""

    heading: str
    attribute: Callable[[str, str], str]
    has_captions: bool


_VERDICTS = ("passed", "failed", "undecided")
_CLASSES = ("text", "words", "wide", "marked", *_VERDICTS)
_BOLD = {"heading", "marked", *_VERDICTS}
_STYLES = {
    "name": "font-weight:inherit",
    "wide": "overflow-x:auto",
    "drawing": "line-height:1.15;overflow-x:auto;white-space:pre",
}


def _by_class(_: str, words: str) -> str:
    """Leave it to the style sheet of the page."""
    return _attribute("class", " ".join(word for word in words.split() if word in _CLASSES))


def _by_style(tag: str, words: str) -> str:
    """Say it to each element, since a notebook has a style sheet of its own.

    Examples
    --------
    >>> _by_style("td", "text failed"), _by_style("p", "")
    (' style="text-align:left;white-space:nowrap;font-weight:bold"', '')
    """
    found, styles = {*words.split()}, []
    if tag in ("th", "td"):
        styles.append(f"text-align:{'left' if 'text' in found else 'right'}")
        styles.append(f"white-space:{'normal' if 'words' in found else 'nowrap'}")
    styles += ["font-weight:bold"] * bool(found & _BOLD)
    styles += [style for word, style in _STYLES.items() if word in found]
    return _attribute("style", ";".join(styles))


_PAGE, _NOTEBOOK = _Dress("h2", _by_class, True), _Dress("p", _by_style, False)


def _html_section(section: Section, page_title: str, dress: _Dress) -> Iterator[str]:
    yield "<section>"
    if section.title not in ("", page_title):
        yield _html_element(dress, dress.heading, section.title, "heading")
    yield from (_html_element(dress, "p", verdict) for verdict in section.verdicts)
    yield from _preformatted(dress, section.formulas)
    if section.rows:
        yield from _html_table(section, dress)
    yield from _preformatted(dress, section.drawing)
    yield from (_html_element(dress, "p", note) for note in section.sentences)
    yield "</section>"


def _html_table(section: Section, dress: _Dress) -> Iterator[str]:
    """Write a table whose first column says what each row is."""
    kinds = [
        " ".join(["text"] * column.is_text + ["words"] * column.wraps) for column in section.columns
    ]
    heads = (
        _html_element(dress, "th", column.title, kind, "col")
        for column, kind in zip(section.columns, kinds, strict=True)
    )
    yield f"<div{dress.attribute('div', 'wide')}>"
    yield "<table>"
    if dress.has_captions:
        yield f"<caption>{escape(section.title)}</caption>"
    yield f"<thead>\n<tr>{''.join(heads)}</tr>\n</thead>"
    yield "<tbody>"
    for index, (first, *others) in enumerate(section.rows):
        cells = zip(others, kinds[1:], strict=True)
        row = _html_element(dress, "th", first, f"{kinds[0]} name", "row")
        row += "".join(_html_element(dress, "td", cell, kind) for cell, kind in cells)
        look = dress.attribute("tr", "marked" * (index in section.marked))
        yield f"<tr{look}>{row}</tr>"
    yield "</tbody>"
    yield "</table>"
    yield "</div>"


def _html_element(dress: _Dress, tag: str, text: str, kind: str = "", scope: str = "") -> str:
    if isinstance(text, Judged):
        kind = f"{kind} {text.verdict}"
    look = dress.attribute(tag, kind)
    return f"<{tag}{_attribute('scope', scope)}{look}>{escape(text)}</{tag}>"


def _attribute(name: str, value: str) -> str:
    return f' {name}="{value}"' if value else ""


def _preformatted(dress: _Dress, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        look = dress.attribute("pre", "drawing")
        yield f"<pre{look}>" + escape("\n".join(lines)) + "</pre>"
