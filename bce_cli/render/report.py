"""One document, in the format that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.render.comparison import comparison_sections
from bce_cli.render.examples import example_section, worst_section
from bce_cli.render.markdown import write_markdown
from bce_cli.render.records import write_csv, write_json
from bce_cli.render.summary import summary_section
from bce_cli.render.tables import draw
from bce_cli.render.underflow import underflow_section

if TYPE_CHECKING:
    from bce_cli.render.document import Document
    from bce_cli.render.look import Look
    from bce_cli.render.section import Section

Format: TypeAlias = Literal["table", "json", "csv", "markdown"]


def write_report(document: Document, output_format: Format, look: Look) -> str:
    """Write an evaluation as text.

    Parameters
    ----------
    document : Document
    output_format : {"table", "json", "csv", "markdown"}
    look : Look
        Matters for tables, and for the signs in Markdown.
    """
    if output_format == "json":
        return write_json(document)
    if output_format == "csv":
        return write_csv(document)
    sections = _sections(document, look)
    return draw(sections, look) if output_format == "table" else write_markdown(sections)


def _sections(document: Document, look: Look) -> list[Section]:
    if document.comparison:
        return comparison_sections(document)
    sections = [
        summary_section(document),
        underflow_section(document, look),
        example_section(document, look),
    ]
    return [*sections, worst_section(document)] if document.result.worst else sections
