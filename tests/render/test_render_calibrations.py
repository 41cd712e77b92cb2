"""Reports of several models and of segments, byte by byte; see `test_render_compute`."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.core.calibration.models import (
    TotalsOfModels,
    calibration_gap,
    reports_of_models,
    segment_lines_of,
)
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.render import diagram
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.calibration_table import ModelCalibration
from bce_cli.render.calibrations import CalibrationsDocument, SegmentedCalibrationDocument
from bce_cli.render.diagram import MOST_MODELS, models_section, plot_models
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
    "60.txt": ("table", Look(60)),
    "120.txt": ("table", Look(120)),
    "ascii.txt": ("table", Look(unicode=False, encoding="ascii")),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}
HOSTILE = ("old|[red]", "\x1b[31mnew\x1b[0m")


def document(
    rows: Rows, names: tuple[str, ...], columns: tuple[str, ...] = (), **plans: float
) -> CalibrationsDocument:
    """Judge rows, as the command does."""
    plan = CalibrationPlan("bits", n_bins=5, **plans)  # type: ignore[arg-type]
    reports = reports_of_models(rows, [TotalsOfModels.of(rows, plan)], plan)
    column = None if rows.cluster is None else "user"
    origin = Origin(("preds.csv",), "label", names, None if rows.weights is None else "w")
    models = [
        ModelCalibration(
            name,
            CalibrationDocument(origin, report, cluster_column=column),
            calibration_gap(seen, plan.confidence) if columns else None,
        )
        for name, report, seen in zip(names, reports, rows.under_models(), strict=True)
    ]
    lines = segment_lines_of(rows, names, plan) if columns else ()
    kind = CalibrationsDocument if len(names) > 1 else SegmentedCalibrationDocument
    return kind(origin, tuple(models), columns, lines)


def made(n: int, *, n_models: int) -> Rows:
    random = np.random.default_rng(9)
    p = random.beta(1.0, 1.5, n).round(3)
    labels = random.random(n) < 0.15 + 0.6 * p
    others = (Predictions(random.beta(2.0, 2.0, n).round(2)) for _ in range(n_models - 1))
    return Rows(labels, p, rivals=tuple(others))


@cache
def models() -> CalibrationsDocument:
    rows = made(300, n_models=2)
    rows.rivals[0].probabilities[4] = float(not rows.labels[4])
    weights = np.arange(300) % 3 / 4.0
    users = Categories((np.arange(300) % 37).astype(np.int32), tuple(map(str, range(37))))
    rows = Rows(rows.labels, rows.probabilities, weights, rivals=rows.rivals, cluster=users)
    return document(rows, HOSTILE, confidence=0.9)


@cache
def segments() -> CalibrationsDocument:
    rows = made(120, n_models=2)
    rows.labels[:10] = True
    rows.probabilities[3] = 0.0
    weights = np.ones(120)
    weights[10:14] = 0.0
    words = ("all", "none|<b>", "", "=1+1", "\u202ex")
    codes = np.repeat(np.arange(5), (10, 4, 40, 36, 30)).astype(np.int32)
    rows = Rows(
        rows.labels,
        rows.probabilities,
        weights,
        rivals=rows.rivals,
        segments=(Categories(codes, words),),
    )
    return document(rows, ("old", "new"), ("mean_loss",))


@cache
def one_model() -> CalibrationsDocument:
    rows = made(150, n_models=1)
    sites = Categories((np.arange(150) % 50 // 20).astype(np.int32), ("a", "b", "c"))
    days = Categories((np.arange(150) // 100).astype(np.int32), ("Mon", "Tue"))
    rows = Rows(rows.labels, rows.probabilities, segments=(sites, days))
    return document(rows, ("p",), ("site", "day"))


CASES = {"calibrations": models, "calibrations-by": segments, "calibrations-one": one_model}


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_report_is_the_golden_file(name: str, suffix: str) -> None:
    report = write_document(CASES[name](), *FORMATS[suffix]).encode()
    assert_golden(GOLDEN / f"{name}.{suffix}", report)


@pytest.mark.parametrize("suffix", ["txt", "60.txt", "md"])
@pytest.mark.parametrize("name", ["calibrations", "calibrations-by"])
def test_no_escape_gets_through(name: str, suffix: str) -> None:
    text = write_document(CASES[name](), *FORMATS[suffix])
    assert not {"\x1b", "\u202e"} & {*text}
    assert max(map(len, text.splitlines())) <= 60 or suffix != "60.txt"


def test_ascii_is_all_that_there_is_where_nothing_else_can_be_shown() -> None:
    assert write_document(models(), *FORMATS["ascii.txt"]).isascii()


def test_in_a_diagram_each_model_has_a_sign_and_what_they_share_has_another() -> None:
    rows = Rows(
        np.arange(40) % 2 == 0,
        np.repeat([0.51, 0.11], 20),
        rivals=(Predictions(np.repeat([0.51, 0.91], 20)),),
    )
    found = document(rows, ("a", "b"))
    section = models_section(found.named_reports, Look(unicode=False))
    middle = section.drawing[1 + 10].partition("|")[2]
    assert {place: sign for place, sign in enumerate(middle) if sign not in " ."} == {
        5: "o",
        25: "@",
        45: "x",
    }
    assert section.drawing[-1].strip() == "o a   x b   @ several   . calibrated"
    assert section.notes == ()


def test_of_more_models_than_can_be_told_apart_the_first_are_drawn() -> None:
    n = MOST_MODELS + 2
    found = document(made(40, n_models=n), tuple("abcdefg"))
    section = models_section(found.named_reports, Look())
    assert section.notes == ("The first 5 models are drawn.",)
    legend = "".join(section.drawing[24:])
    assert [name for name in "abcdefg" if f" {name}  " in f"{legend}  "] == [*"abcde"]
    (judged,) = [each for each in found.sections(Look())[0].verdicts if "calibrated" in each]
    assert judged.startswith("Not calibrated: ")


def test_a_brief_report_has_no_diagram_and_no_bins() -> None:
    found = models()
    assert "Reliability" not in write_document(found, "table", Look(), brief=True)
    assert '"bins"' not in write_document(found, "json", Look(), brief=True)


def test_a_picture_has_a_curve_and_bins_of_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(diagram, "save_picture", lambda picture, *_: drawn.append(picture))
    named = [("_p$x$", report) for _, report in models().named_reports]
    plot_models(named, io.BytesIO(), "svg")
    header, above, below = drawn[0].axes
    assert next(text.get_text() for text in header.texts) == (
        "Reliability diagram: 2 models on 300 rows"
    )
    legend = above.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["calibrated", " _p$x$", " _p$x$"]
    assert len(above.containers) == 2
    assert below.get_ylabel() == "% of weight"
    heights = [patch.get_data().values for patch in below.patches]  # type: ignore[attr-defined]
    assert [sum(each) for each in heights] == pytest.approx([100.0, 100.0])


def test_a_picture_of_many_models_has_the_first_few(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(diagram, "save_picture", lambda picture, *_: drawn.append(picture))
    report = models().named_reports[0][1]
    plot_models([(f"m{k}", report) for k in range(7)], io.BytesIO(), "svg")
    header, above, below = drawn[0].axes
    texts = [text.get_text() for text in header.texts]
    assert texts[0] == "Reliability diagram: the first 5 of 7 models on 300 rows"
    assert "\n".join(texts).count("recalibration would remove") == 5
    legend = above.get_legend()
    assert legend is not None
    names = ["calibrated", *(f"m{k}" for k in range(5))]
    assert [text.get_text() for text in legend.get_texts()] == names
    assert len(above.containers) == len(below.patches) == 5
