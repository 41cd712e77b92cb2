"""What `bce calibration` found, ready to be written in any format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bce_cli.render.calibration.diagram import diagram_section
from bce_cli.render.calibration.fit import fit_section
from bce_cli.render.calibration.parts import interval_section, parts_section
from bce_cli.render.calibration.records import bin_lines, calibration_record
from bce_cli.render.calibration.reliability import reliability_section
from bce_cli.render.page import Page, write_page

if TYPE_CHECKING:
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.look import Look
    from bce_cli.render.origin import Origin
    from bce_cli.render.page import Format
    from bce_cli.render.section import Section


@dataclass(frozen=True, slots=True)
class CalibrationDocument:
    """A finished report and where its rows came from."""

    origin: Origin
    report: CalibrationReport


def write_calibration(document: CalibrationDocument, output_format: Format, look: Look) -> str:
    """Write a report as text; see `write_page`."""
    report = document.report
    page = Page(
        partial(_sections, document),
        calibration_record(report, document.origin),
        bin_lines(report),
    )
    return write_page(page, output_format, look)


def _sections(document: CalibrationDocument, look: Look) -> list[Section]:
    report, origin = document.report, document.origin
    return [
        parts_section(report, origin, look),
        *([] if report.bootstrap is None else [interval_section(report.bootstrap, report)]),
        fit_section(report),
        reliability_section(report, has_weights=origin.has_weights),
        diagram_section(report, look),
    ]
