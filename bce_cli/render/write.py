"""A finished report in the format that was asked for: a table, Markdown, HTML, JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bce_cli.render.layout import Look
from bce_cli.render.markdown import write_markdown
from bce_cli.render.records import without, write_csv, write_json
from bce_cli.render.terminal import draw

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bce_cli.render import Format, PictureFormat
    from bce_cli.render.layout import Section
    from bce_cli.render.page.document import ReportDocument


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
        Matters for tables, and for the signs in Markdown; a page is the same wherever it is made,
        but for the arguments that it speaks of in Python.
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
    answer, *others = document.sections(Look(of_result=look.of_result) if is_page else look)
    sections = [answer, *(other for other in others if other.is_asked or not brief)]
    if is_page:
        from bce_cli.render.page.page import write_html  # noqa: PLC0415 -- not for other formats

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
    if output_format == "json":
        return write_json(document.record())
    if output_format == "markdown":
        return write_markdown(document.sections(look), with_signs=look.unicode)
    from bce_cli.render.page.page import write_page  # noqa: PLC0415 -- not every format is a page
    from bce_cli.render.page.topics import title_of, topics_of  # noqa: PLC0415 -- as above

    return write_page(topics_of(document), title_of(document), picture_format=pictures)
