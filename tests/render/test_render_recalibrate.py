"""What bce recalibrate writes, byte by byte.

After a wanted change, run ``BCE_REGENERATE_GOLDEN=1 pytest tests/render``, and read the difference.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.core.recalibration.choice import (
    PairedDifference,
    RecalibrationPlan,
    recalibration_report,
)
from bce_cli.core.recalibration.maps import METHODS
from bce_cli.core.rows import Categories, Rows
from bce_cli.errors import ArgumentError
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.recalibrate import RecalibrateDocument
from bce_cli.render.write import write_document
from tests.golden import assert_golden

if TYPE_CHECKING:
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.render import Format

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "\x1b[31m[red]|b*\u202egnp"

N = 240
LABELS = np.arange(N) % 3 != 0
BASE = np.linspace(0.02, 0.98, N)
RIGHT = np.where(np.arange(N) % 5 == 0, BASE, np.where(LABELS, np.maximum(BASE, 0.6), BASE / 2))
CERTAIN = RIGHT.copy()
CERTAIN[[3, 6, 7, 10, 13]] = [1.0, 0.0, 0.0, 1.0, 1.0]
DAYS = Categories(np.arange(N, dtype=np.int32) % 24, tuple(f"day {i}" for i in range(24)))


def document(
    rows: Rows,
    order: list[int] | None = None,
    origin: dict[str, Any] | None = None,
    **plan: Any,  # noqa: ANN401
) -> RecalibrateDocument:
    has_order = order is not None
    report = recalibration_report(rows, RecalibrationPlan(**plan, has_order=has_order), order)
    weight = None if rows.weights is None else "w"
    return RecalibrateDocument(
        replace(Origin(("preds.csv",), "label", ("p",), weight), **(origin or {})),
        report,
        "sha256:" + "0" * 64,
        None if rows.cluster is None else "day",
        "when" if has_order else None,
    )


CASES: dict[str, RecalibrateDocument] = {
    "all": document(Rows(LABELS, RIGHT), folds=4),
    "none": document(Rows(LABELS, np.full(N, 2 / 3) + BASE / 1e3), folds=4),
    "infinite": document(Rows(LABELS, CERTAIN), folds=4),
    "clusters": document(Rows(LABELS, RIGHT, cluster=DAYS), folds=4, seed=1, confidence=0.9),
    "one": document(Rows(LABELS, RIGHT), folds=4, method="platt", unit="bits"),
    "hostile": replace(
        document(
            Rows(LABELS, RIGHT, weights=np.arange(N) / 8.0),
            list(range(N)),
            {"positive_label": HOSTILE, "n_missing": 1, "prediction_columns": (HOSTILE,)},
            folds=2,
            method="logistic",
        ),
        order_column=HOSTILE,
    ),
}
FORMATS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "json": ("json", Look()),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}


def written(name: str, suffix: str) -> str:
    return write_document(CASES[name], *FORMATS[suffix])


@pytest.mark.few(10)
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_report_is_the_golden_file(name: str, suffix: str) -> None:
    report = written(name, suffix).encode()
    assert_golden(GOLDEN / f"recalibrate-{name}.{suffix}", report)


@pytest.mark.parametrize("name", [name for name in CASES if name != "hostile"])
@pytest.mark.parametrize("width", [60, 80])
def test_a_table_keeps_within_the_terminal(name: str, width: int) -> None:
    text = write_document(CASES[name], "table", Look(width=width))
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("hostile", "infinite")])
def test_the_answer_fits_24_lines(name: str) -> None:
    text = write_document(CASES[name], "table", Look(), brief=True)
    assert len(text.splitlines()) <= 23


@pytest.mark.parametrize("suffix", ["txt", "ascii.txt", "json", "md"])
def test_no_format_lets_an_escape_or_a_bidirectional_character_through(suffix: str) -> None:
    assert not set(written("hostile", suffix)) & {"\x1b", "\u202e", "\r"}


@pytest.mark.parametrize("name", CASES)
def test_a_report_in_ascii_has_nothing_else(name: str) -> None:
    assert written(name, "ascii.txt").isascii()


def _refuse(token: str) -> float:
    raise AssertionError(token)


@pytest.mark.parametrize("name", CASES)
def test_json_has_no_infinity_and_the_same_keys_always(name: str) -> None:
    record = json.loads(written(name, "json"), parse_constant=_refuse)
    usual = json.loads(written("all", "json"))
    assert {*map(tuple, record["methods"])} == {tuple(usual["methods"][0])}
    assert set(record) - {"weight_column"} == set(usual)


@pytest.mark.parametrize(
    ("beaten_by", "why"),
    [
        ((), "not clearly better than predictions as they are"),
        (("isotonic", "centred"), "clearly beaten by isotonic and centred"),
    ],
)
def test_why_a_simpler_map_is_passed_over(beaten_by: tuple[Method, ...], why: str) -> None:
    """It is in a line of its own, and not among those that may do as well."""
    report = CASES["all"].report
    assert report.recommended == "isotonic"
    untold = PairedDifference(0.1, 0.1, -0.1, 0.3)
    methods = [
        replace(each, against_recommended=untold, beaten_by=beaten_by)
        if each.method == "platt"
        else each
        for each in report.methods
    ]
    shown = replace(CASES["all"], report=replace(report, methods=tuple(methods)))
    found = shown.sections(Look())[0]
    note = f"platt cannot be told apart from isotonic either, but is {why}."
    assert [text for text in found.notes if "platt" in text] == [note]
    assert "platt" not in found.verdicts[0]
    assert "platt" in shown.record()["not_told_apart"]


def test_the_file_of_a_map_is_told_as_a_shell_takes_it() -> None:
    found = replace(CASES["all"], saved_in="my map.json").sections(Look())[0]
    assert (
        found.notes[-1] == "The isotonic map is in 'my map.json': bce apply 'my map.json' new.csv"
    )
    shown = replace(CASES["one"], saved_in=HOSTILE).sections(Look())[0].notes[-1]
    assert shown.startswith("The platt map is in '\\x1b[31m[red]|b*\\u202egnp': bce apply ")


@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_kept_as_the_report_has_it(method: str) -> None:
    found = CASES["all"].saved_map(method)
    assert found.map == CASES["all"].report.of(method).map
    assert (found.n, found.n_positive, found.folds) == (N, 160.0, 4)
    assert found.cross_fitted_loss == CASES["all"].report.of(method).cross_fitted_loss


def test_bits_are_kept_as_nats_and_infinity_as_nothing() -> None:
    bits, nats = CASES["one"].saved_map("platt"), CASES["all"].saved_map("platt")
    for name in ("as_is_loss", "fitted_loss", "difference", "std_error", "ci_low", "ci_high"):
        assert getattr(bits, name) == pytest.approx(getattr(nats, name), rel=1e-12)
    kept = CASES["infinite"].saved_map("logistic")
    assert (kept.as_is_loss, kept.difference) == (None, None)
    assert kept.cross_fitted_loss is not None


def test_a_method_that_was_not_looked_at_has_no_map() -> None:
    with pytest.raises(ArgumentError, match="there is no method 'beta' here"):
        CASES["one"].saved_map("beta")
