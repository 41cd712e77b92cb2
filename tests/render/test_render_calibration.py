"""Reports of bce calibration, byte by byte; see `test_render_compute` on how to make them anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.calibration.report import CalibrationPlan, CalibrationReport, calibration_report
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.diagram import diagram_section
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from bce_cli.render.write import Format

GOLDEN = Path(__file__).parent / "golden"

FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


def plain() -> CalibrationDocument:
    random = np.random.default_rng(6)
    p = random.beta(1.0, 1.5, 300).round(3)
    labels = random.random(300) < 0.15 + 0.6 * p
    origin = Origin(("preds.csv",), "label", ("prediction",))
    return CalibrationDocument(origin, calibration_report(labels, p))


def impossible() -> CalibrationDocument:
    labels, p = [1, 0, 1, 0, 1, 0], [0.0, 0.25, 0.75, 0.5, 0.6, 0.4]
    plan = CalibrationPlan("bits", n_bins=3, strategy="quantile", n_bootstrap=20, seed=1)
    weights = [1.0, 2.0, 1.5, 1.0, 3.0, 0.5]
    origin = Origin(("-",), "[red]y[/red]", ("p|q",), "\x1b[31mw", n_missing=2)
    return CalibrationDocument(origin, calibration_report(labels, p, weights=weights, plan=plan))


def fine() -> CalibrationDocument:
    random = np.random.default_rng(7)
    logits = random.normal(-6.0, 4.0, 400).round(3)
    labels = random.random(400) < 1.0 / (1.0 + np.exp(1.0 - logits))
    plan = CalibrationPlan("bits", n_bins=4, strategy="quantile", with_fine_bins=True)
    origin = Origin(("log",), "y", ("logit",), "w")
    weights = random.integers(1, 4, 400)
    report = calibration_report(labels, logits, weights=weights, logits=True, plan=plan)
    return CalibrationDocument(origin, report)


CASES = {"calibration": plain, "calibration-impossible": impossible, "calibration-fine": fine}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_report_is_the_golden_file(name: str, suffix: str) -> None:
    report = write_document(CASES[name](), *FORMATS[suffix]).encode()
    assert_golden(GOLDEN / f"{name}.{suffix}", report)


@pytest.mark.parametrize("suffix", ["txt", "ascii.txt", "md"])
def test_no_escape_gets_through(suffix: str) -> None:
    assert "\x1b" not in write_document(impossible(), *FORMATS[suffix])


def drawing(report: CalibrationReport, look: Look) -> list[str]:
    return list(diagram_section(report, look).drawing)


@pytest.mark.parametrize(
    ("width", "columns"), [(20, 20), (40, 25), (80, 50), (111, 50), (112, 100), (300, 100)]
)
def test_a_diagram_is_as_wide_as_the_look_allows(width: int, columns: int) -> None:
    lines = drawing(plain().report, Look(width))
    rule = next(line for line in lines if "└" in line)
    assert rule.count("─") == columns


def test_points_stand_at_their_rates() -> None:
    labels, p = [0] * 10 + [1] * 10 + [0, 1] * 10, [0.01] * 10 + [0.99] * 10 + [0.51] * 20
    lines = drawing(calibration_report(labels, p), Look(unicode=False))
    top, middle, bottom = (lines[1 + row].partition("|")[2] for row in (0, 10, 20))
    assert (top[49], middle[25], bottom[0]) == ("O", "O", "O")


def test_a_histogram_shows_what_is_rare() -> None:
    labels, p = [0, 1] * 500 + [1], [0.25] * 1000 + [0.95]
    lines = drawing(calibration_report(labels, p), Look(unicode=False))
    bars = [line.partition("|")[2] for line in lines[23:27]]
    assert [line[12:13] for line in bars] == ["#"] * 4
    assert [line[47:48] for line in bars] == ["", "", "", "#"]
    assert lines[23].startswith("   99.9 % |")
