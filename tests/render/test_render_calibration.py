"""Reports of bce calibration, byte by byte; see `test_render_compute` on how to make them anew."""

from __future__ import annotations

import io
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import (
    CalibrationReport,
    calibration_report,
    report_of_rows,
)
from bce_cli.core.recalibration.gain import simple_gain
from bce_cli.core.rows import Categories, Rows
from bce_cli.render import diagram
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibration_verdict import calibration_verdict
from bce_cli.render.diagram import diagram_section, plot_calibration, subtitle_of
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bce_cli.render import Format

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


def clustered() -> CalibrationDocument:
    random = np.random.default_rng(8)
    p, codes = random.beta(1.0, 1.5, 300).round(3), random.integers(0, 12, 300)
    labels = random.random(300) < 0.1 + 0.6 * p + 0.2 * random.random(12)[codes]
    cluster = Categories(codes.astype(np.int32), tuple(map(str, range(12))))
    rows = Rows(labels, p, cluster=cluster)
    plan = CalibrationPlan(n_bins=4, n_bootstrap=20, seed=1, confidence=0.9)
    report = report_of_rows(rows, [plan.totals_of(rows)], plan)
    gain = simple_gain(rows, report.logistic, "nats", 0.9)
    origin = Origin(("preds.csv",), "label", ("prediction",))
    return CalibrationDocument(origin, report, gain, cluster_column="day\x1b")


CASES = {
    "calibration": plain,
    "calibration-impossible": impossible,
    "calibration-fine": fine,
    "calibration-clusters": clustered,
}


@pytest.mark.few(10)
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
    ("width", "columns"),
    [(20, 20), (59, 25), (60, 50), (80, 50), (111, 50), (112, 100), (300, 100)],
)
def test_a_diagram_is_as_wide_as_the_look_allows(width: int, columns: int) -> None:
    lines = drawing(plain().report, Look(width))
    rule = next(line for line in lines if "└" in line)
    assert rule.count("─") == columns
    assert width < 60 or max(map(len, lines)) <= width


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


NINE = [k / 10 for k in range(1, 10) for _ in range(200)]
NINTHS = [int(i < 20 * k) for k in range(1, 10) for i in range(200)]


ANSWERS: dict[str, tuple[list[int], list[float], str, str]] = {
    "as predicted": (
        NINTHS,
        NINE,
        "passed",
        """Yes, as far as 1,800 rows can tell (slope 1 [0.899, 1.1], in the large 0 [-0.108, 0.108],
        p = 1); recalibration would remove nothing.""",
    ),
    "too little": (
        NINTHS[::9],
        NINE[::9],
        "undecided",
        """200 rows cannot tell: nothing speaks against it, but much is left open; about 1,900
        rows would do (slope 0.9803 [0.679, 1.28], in the large 0.01092 [-0.313, 0.335], p = 1);
        recalibration would remove 0.001148 of 0.54954 nats (0.2 %).""",
    ),
    "few rows": (
        [1, 0, 1],
        [0.9, 0.2, 0.7],
        "undecided",
        "3 rows cannot tell; recalibration would remove 0.2284 of 0.22839 nats (100.0 %).",
    ),
    "the wrong way": (
        [0, 0, 1, 0, 1, 1] * 20,
        [0.9, 0.9, 0.9, 0.1, 0.1, 0.1] * 20,
        "failed",
        """No: predictions are pointing the wrong way (slope -0.3155 [-0.488, -0.143], in the large
        0 [-0.596, 0.596], p = 8.2e-95); recalibration would remove 0.877 of 1.5702 nats
        (55.9 %).""",
    ),
    "one label": (
        [1] * 40,
        [0.97, 0.99] * 20,
        "undecided",
        "It cannot be told: all labels are the same.",
    ),
    "one label, too often": (
        [1] * 40,
        [0.2, 0.3] * 20,
        "failed",
        "No: predictions are too low on average (p = 4.4e-29).",
    ),
    "separated": (
        [0, 1] * 20,
        [0.01, 0.99] * 20,
        "undecided",
        """It cannot be told: one threshold separates the labels, so the best slope is infinite
        (p = 1); recalibration would remove 0.01005 of 0.01005 nats (100.0 %).""",
    ),
    "separated, and off": (
        [1, 0] * 50,
        [0.01, 0.2] * 50,
        "failed",
        """No: predictions are too low on average, and they point the wrong way: no label 1 has a
        higher prediction than a label 0 (in the large 2.991 [2.47, 3.52], p = 7.7e-119);
        recalibration would remove 1.721 of 2.4142 nats (71.3 %).""",
    ),
    "separated, and timid": (
        [0, 1] * 50,
        [1e-320, 0.6] * 50,
        "failed",
        """No: no finite slope fits labels that one threshold separates (p = 1.6e-08);
        recalibration would remove 0.2554 of 0.25541 nats (100.0 %).""",
    ),
    "separated the wrong way": (
        [0, 1] * 50,
        [0.9, 0.1] * 50,
        "failed",
        """No: predictions point the wrong way: no label 1 has a higher prediction than a label 0
        (in the large 0 [-0.653, 0.653], p = 2e-197); recalibration would remove 1.609 of 2.3026
        nats (69.9 %).""",
    ),
    "one label, never": (
        [0] * 1000,
        [0.5] * 1000,
        "failed",
        "No: predictions are too high on average (p = 1.8e-219).",
    ),
    "classes": (
        [0, 1] * 20,
        [0.0, 1.0] * 20,
        "undecided",
        """It cannot be told: every prediction is 0 or 1, and those have no finite logit
        (no test applies).""",
    ),
    "one prediction": (
        [0] * 700 + [1] * 300,
        [0.4] * 1000,
        "failed",
        """No: predictions are too high on average (in the large -0.4418 [-0.577, -0.307],
        p = 2.2e-10); recalibration would remove 0.0216 of 0.63247 nats (3.4 %).""",
    ),
    "impossible": (
        [1, 0],
        [0.0, 0.5],
        "failed",
        """No: what was certain did not happen; recalibration would leave 0.69315 nats of an
        infinite loss.""",
    ),
    "far off": (
        [1, 0] * 50,
        [1e-30, 1e-20] * 50,
        "failed",
        """No: predictions point the wrong way: no label 1 has a higher prediction than a label 0
        (in the large 57.56 [-4.42,
        120], p below 1e-300); recalibration would remove 33.85 of 34.539 nats (98.0 %).""",
    ),
}


def few(name: str) -> CalibrationReport:
    """Return reports that are easily drawn badly."""
    if name == "ten rows":
        return calibration_report([1, 0] * 5, [0.9, 0.2, 0.6, 0.4, 1.0, 0.1, 0.3, 0.7, 0.8, 0.9])
    if name == "one prediction":
        return calibration_report([1, 0], [0.5, 0.5])
    labels, p = [1, 0, 1, 0, 1, 0], [0.0, 0.25, 0.75, 0.5, 0.6, 0.4]
    if name == "impossible":
        return calibration_report(labels, p)
    return calibration_report(labels[1:], p[1:], plan=CalibrationPlan("bits", 1, n_bootstrap=20))


LEFT = "recalibration would leave 0.37489 nats of an infinite loss"
SUBTITLES: dict[str, tuple[str, str]] = {
    "ten rows": (
        "10 rows, mean loss 0.638919 nats",
        "10 rows cannot tell; recalibration would remove 0.1707 of 0.63892 nats (26.7 %).",
    ),
    "one prediction": (
        "2 rows, mean loss 0.693147 nats",
        "2 rows cannot tell; recalibration would remove nothing.",
    ),
    "impossible": (
        "6 rows, 1 of them certain and wrong, mean loss infinite",
        f"No: what was certain did not happen; {LEFT}.",
    ),
    "one bin": (
        "5 rows, mean loss 0.660801 bits (95 % interval 0.4456 to 0.8642)",
        "5 rows cannot tell; recalibration would remove 0.6608 of 0.6608 bits (100.0 %).",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_one_sentence_answers_whether_it_is_calibrated(name: str) -> None:
    labels, p, verdict, answer = ANSWERS[name]
    found = calibration_verdict(calibration_report(labels, p))
    assert found == f"Is it calibrated? {' '.join(answer.split())}"
    assert found.verdict == verdict


def test_rows_of_little_weight_are_told_by_what_they_are_worth() -> None:
    weights = [1000.0, *[1.0] * 79]
    found = calibration_verdict(calibration_report([0, 1] * 40, [0.3, 0.7] * 40, weights=weights))
    assert found.startswith("Is it calibrated? 80 rows, by weight worth 1.16, cannot tell; ")


@pytest.mark.parametrize(("name", "subtitle"), SUBTITLES.items())
def test_a_picture_says_of_what_it_is(name: str, subtitle: tuple[str, str]) -> None:
    mean, verdict = subtitle
    assert subtitle_of(few(name)) == f"{mean}\nIs it calibrated? {verdict}"


@pytest.mark.deep
@pytest.mark.parametrize("name", SUBTITLES)
def test_no_text_of_a_picture_overlaps_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[Figure] = []
    monkeypatch.setattr(diagram, "save_picture", lambda picture, *_: pictures.append(picture))
    column = "W" * 60 + " $x^2$ \U0001f9e0"
    plot_calibration(few(name), column, io.BytesIO(), "png")
    (picture,) = pictures
    picture.draw_without_rendering()
    texts = [text for ax in picture.axes for text in ax.texts]
    assert [text.get_text().partition("\n")[0] for text in texts] == [
        f"Reliability diagram: {'W' * 40}...",
        SUBTITLES[name][0],
    ]
    boxes = [text.get_window_extent() for text in texts]
    boxes += [box for ax in picture.axes[1:] if (box := ax.get_tightbbox()) is not None]
    assert [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])] == []
    assert all(box.x0 > 0.0 and box.x1 < picture.bbox.x1 for box in boxes)
