"""What `bce compute` found, as a page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bce_cli.render.conventions import comparison_sections
from bce_cli.render.examples import example_section, worst_section
from bce_cli.render.page import Page, write_page
from bce_cli.render.records import csv_lines, json_record
from bce_cli.render.segments import segments_section
from bce_cli.render.summary import summary_section
from bce_cli.render.underflow import underflow_section

if TYPE_CHECKING:
    from bce_cli.render.document import Document
    from bce_cli.render.look import Look
    from bce_cli.render.page import Format
    from bce_cli.render.section import Section


def write_report(document: Document, output_format: Format, look: Look) -> str:
    """Write an evaluation as text; see `write_page`."""
    page = Page(partial(_sections, document), json_record(document), csv_lines(document))
    return write_page(page, output_format, look)


def _sections(document: Document, look: Look) -> list[Section]:
    if document.comparison:
        return comparison_sections(document)
    if document.segments:
        return [summary_section(document), segments_section(document)]
    sections = [
        summary_section(document),
        underflow_section(document, look),
        example_section(document, look),
    ]
    return [*sections, worst_section(document)] if document.result.worst else sections
