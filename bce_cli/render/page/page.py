"""Topics, or sections alone, as one page of HTML; and sections as a piece of a notebook.

All markup stands in the templates beside this file, which escape whatever they are given. What is
here says how elements look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from markupsafe import Markup

from bce_cli.render.layout import Judged
from bce_cli.render.page.drawn import img_of, svg_of
from bce_cli.render.page.picture import Picture
from bce_cli.render.page.templating import LONGEST_CELL, cut, rendered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bce_cli.core.gate.judgement import Verdict
    from bce_cli.render.layout import Column, Section
    from bce_cli.render.page.topics import Topic

_POLICY = Markup(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_SIGNS: dict[Verdict, str] = {"passed": "✓", "failed": "✗", "undecided": "?"}

_LONGEST_LABEL = 120
_WORDS = 16  # letters of a column whose cells are broken into lines
_NARROW = 36  # letters side by side that fit a phone
_DENSE, _WIDER = 90, 120  # more of them do not fit A4 in the usual size, or in the least
_LISTED_FROM = 4  # topics


def write_page(
    topics: Sequence[Topic], title: str, *, picture_format: Literal["svg", "png"] = "svg"
) -> str:
    """Write topics as one page of HTML that needs nothing else, and runs nothing.

    All text is escaped. The same topics make the same bytes, which are to be UTF-8. The first topic
    is the answer, and a list of contents follows it.

    Parameters
    ----------
    topics : sequence of Topic
    title : str
        Of the page.
    picture_format : {"svg", "png"}, default "svg"
        How pictures are held; PNG is for mail, and needs matplotlib.

    References
    ----------
    WHATWG, "HTML: Living Standard", on tables, figures and `Content-Security-Policy`.

    Examples
    --------
    >>> from bce_cli.render.layout import Section
    >>> from bce_cli.render.page.topics import Topic
    >>> page = write_page([Topic("loss", "The loss", (Section("", notes=("a < b",)),))], "Report")
    >>> "<h2>The loss</h2>" in page, "<p>a &lt; b</p>" in page
    (True, True)
    """
    return _page(title, topics=topics, are_png=picture_format == "png")


def write_html(sections: Sequence[Section], title: str) -> str:
    """Write sections as such a page.

    Parameters
    ----------
    sections : sequence of Section
    title : str
        Of the page; a section that has the same title does not repeat it.

    Examples
    --------
    >>> from bce_cli.render.layout import Section
    >>> "<p>a &lt; b</p>" in write_html([Section("", notes=("a < b",))], "Page")
    True
    """
    return _page(title, sections)


def _page(
    title: str,
    sections: Sequence[Section] = (),
    topics: Sequence[Topic] = (),
    *,
    are_png: bool = False,
) -> str:
    return rendered(
        "page.html.jinja",
        **_ASKED,
        dress=_PageDress(),
        policy=_POLICY + Markup("; img-src data:") * are_png,
        title=title,
        sections=sections,
        topics=topics,
        is_listed=len(topics) >= _LISTED_FROM,
        drawn=img_of if are_png else svg_of,
    )


def html_fragment(sections: Sequence[Section]) -> str:
    """Write sections for a notebook: in one element, with no page around them.

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
    return rendered("fragment.html.jinja", **_ASKED, dress=_NotebookDress(), sections=sections)


class _PageDress:
    """How the elements of a page look, and what its regions are called: each by another name."""

    has_headings = True
    _CLASSES: ClassVar[set[str]] = {
        *("text", "words", "number", "wide", "dense", "wider"),
        *("marked", "formula", "drawing", "listed"),
        *_SIGNS,
    }

    def __init__(self) -> None:
        self._labels: dict[str, int] = {}

    def look(self, _: str, words: str) -> Markup:
        """Leave it to the style sheet of the page, which knows what is usual without a class."""
        found = words.split()
        usual = "text" if "name" in found or "words" in found else "number"
        shown = (word for word in found if word in self._CLASSES and word != usual)
        return _attribute("class", " ".join(shown))

    def label(self, section: Section, kind: str = "Table") -> str:
        """Name a region that scrolls; "" for a table that is narrow enough everywhere."""
        if kind == "Table" and _width(section) <= _NARROW:
            return ""
        return self._unlike_others(section.title or kind)

    def _unlike_others(self, title: str) -> str:
        label = cut(title, _LONGEST_LABEL)
        number = self._labels[label] = self._labels.get(label, 0) + 1
        return label if number == 1 else f"{label} ({number})"

    def image(self, title: str) -> str:
        """Name letters that are a drawing, which nobody wants to have read out."""
        return cut(title, _LONGEST_LABEL) or "Drawing"


class _NotebookDress:
    """How elements look where the style sheet is another's: each says it of itself."""

    has_headings = False
    _BOLD: ClassVar[set[str]] = {"heading", "marked", *_SIGNS}
    _STYLES: ClassVar[dict[str, str]] = {
        "name": "font-weight:inherit",
        "wide": "overflow-x:auto",
        "formula": "white-space:pre-wrap",
        "drawing": "line-height:1.15;white-space:pre",
    }

    def look(self, tag: str, words: str) -> Markup:
        """Say it in an attribute.

        Examples
        --------
        >>> str(_NotebookDress().look("td", "text failed"))
        ' style="text-align:left;white-space:nowrap;font-weight:bold"'
        """
        found, styles = {*words.split()}, []
        if tag in ("th", "td"):
            styles.append(f"text-align:{'left' if 'text' in found else 'right'}")
            styles.append(f"white-space:{'normal' if 'words' in found else 'nowrap'}")
        styles += ["font-weight:bold"] * bool(found & self._BOLD)
        styles += [style for word, style in self._STYLES.items() if word in found]
        return _attribute("style", ";".join(styles))

    def label(self, _: Section, __: str = "") -> str:
        """Leave it to the notebook what is a region."""
        return ""

    def image(self, _: str) -> str:
        """Leave letters alone."""
        return ""


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, value) if value else Markup()


def _width(section: Section) -> int:
    """Return about how many letters stand side by side in a table."""
    lines = [[column.title for column in section.columns], *section.rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return sum(
        2 + min(width, _WORDS if column.wraps else LONGEST_CELL)
        for column, width in zip(section.columns, widths, strict=True)
    )


def _density(section: Section) -> str:
    """Say of a table that it is too wide to be printed as others are."""
    width = _width(section)
    return " ".join(["dense"] * (width > _DENSE) + ["wider"] * (width > _WIDER))


def _kinds(columns: Sequence[Column]) -> list[str]:
    return [
        " ".join(["text" if column.is_text else "number"] + ["words"] * column.wraps)
        for column in columns
    ]


def _verdict(text: str) -> str:
    return text.verdict if isinstance(text, Judged) else ""


_ASKED: Mapping[str, Any] = {
    "signs": _SIGNS,
    "verdict": _verdict,
    "kinds_of": _kinds,
    "density": _density,
    "is_picture": lambda content: isinstance(content, Picture),
}
"""What templates ask of what they are given."""
