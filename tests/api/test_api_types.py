"""What type checkers accept runs, and what they refuse is refused.

mypy reads this file with the others: `assert_type` says what it must infer, and each
``type: ignore`` of a wrong call is an error of its own as soon as mypy lets that call pass.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_type

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pytest

import bce_cli as bce
from bce_cli import results

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], object]

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

COLUMNS = {"y": [1, 0, 1, 0], "p": [0.9, 0.2, 0.6, 0.4], "q": [0.8, 0.3, 0.7, 0.1]}
FRAME = pd.DataFrame(COLUMNS | {"site": ["a", "a", "b", "b"], "w": [1.0, 2.0, 1.0, 1.0]})
OTHER = FRAME.copy()
Y, P, Q = (np.array(COLUMNS[name]) for name in "ypq")


def test_tables_are_taken_with_names_of_columns() -> None:
    assert_type(bce.compute(FRAME, "p", by="site", weight="w"), bce.ComputeResult)
    assert_type(bce.compute(FRAME, by=["site"], label="y", id="site"), bce.ComputeResult)
    assert_type(bce.compute(COLUMNS), bce.ComputeResult)
    assert_type(bce.compute({"y": Y, "p": [0.9, 0.2, 0.6, 0.4]}), bce.ComputeResult)
    assert_type(bce.compute([FRAME, OTHER], "q"), bce.ComputeResult)
    assert_type(bce.compute(FRAME[["p"]], labels=FRAME[["y"]]), bce.ComputeResult)
    assert_type(bce.calibration(FRAME, bins=2, strategy="quantile"), bce.CalibrationResult)
    assert_type(bce.calibration(FRAME, "p", by="site"), bce.CalibrationResult)
    assert_type(bce.calibration(FRAME, ["p", "q"], by="site"), bce.CalibrationsResult)
    assert_type(bce.recalibrate(FRAME, folds=2, cluster="site"), bce.RecalibrateResult)
    assert_type(bce.check(FRAME, max_loss=1), bce.CheckResult)
    assert_type(bce.check(FRAME, baseline=bce.compute(FRAME)), bce.CheckResult)
    assert_type(bce.check(FRAME, baseline=bce.compute(FRAME).to_dict()), bce.CheckResult)
    assert_type(bce.compare(FRAME, ["p", "q"], cluster="site"), bce.CompareResult)
    assert_type(bce.compare({"old": FRAME, "new": OTHER}, ["p"]), bce.CompareResult)
    assert_type(bce.compare([FRAME, OTHER], ["p"]), bce.CompareResult)
    assert bce.losses(FRAME, "p", id="site").num_rows == len(FRAME)


def test_files_are_taken_by_their_paths() -> None:
    FRAME.to_csv("a.csv", index=False)
    Path("b.csv").write_bytes(Path("a.csv").read_bytes())
    assert_type(bce.compute("a.csv", workers=1), bce.ComputeResult)
    assert_type(bce.compute(Path("a.csv"), delimiter=","), bce.ComputeResult)
    assert_type(bce.compute(["a.csv", Path("b.csv")]), bce.ComputeResult)
    assert_type(bce.compare(["a.csv", "b.csv"], ["p"]), bce.CompareResult)
    Path("saved.json").write_text(bce.compute("a.csv").to_json(), encoding="utf-8")
    assert_type(bce.check("a.csv", baseline="saved.json"), bce.CheckResult)
    assert_type(bce.check("a.csv", "p", against=Path("b.csv"), against_column="q"), bce.CheckResult)
    assert_type(bce.check("a.csv", "q", against=FRAME, against_column="p"), bce.CheckResult)
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.ComputeResult)
    assert_type(loaded.mean_loss, float)


def test_arrays_are_taken_with_arrays() -> None:
    assert_type(bce.compute(Y, P), bce.ComputeResult)
    assert_type(bce.compute([1, 0], [0.9, 0.2], weight=[1, 2]), bce.ComputeResult)
    assert_type(bce.compute(FRAME["y"], FRAME["p"], by=FRAME["site"]), bce.ComputeResult)
    assert_type(bce.compute(Y, P, by={"site": FRAME["site"]}, id=Y), bce.ComputeResult)
    assert_type(bce.compute(["no", "yes"], [0.1, 0.8], positive="yes"), bce.ComputeResult)
    assert_type(bce.calibration(Y, P), bce.CalibrationResult)
    assert_type(bce.calibration(Y, [0.9, 0.2, 0.6, 0.4]), bce.CalibrationResult)
    assert_type(bce.calibration(Y, {"old": P, "new": Q}, by=Y), bce.CalibrationsResult)
    assert_type(bce.calibration(Y, {"old": P}).model("old"), bce.CalibrationResult)
    assert_type(bce.recalibrate(Y, P, folds=2), bce.RecalibrateResult)
    assert_type(bce.check(Y, P, min_rows=2), bce.CheckResult)
    assert_type(bce.check(Y, P, against=Q), bce.CheckResult)
    assert_type(bce.compare(Y, {"old": P, "new": Q}, cluster=FRAME["site"]), bce.CompareResult)
    assert_type(bce.compare(Y, [P, Q]), bce.CompareResult)
    assert bce.losses(Y, P).num_rows == len(Y)


def test_figures_have_types() -> None:
    result = bce.compute(FRAME)
    assert_type(result.n, int)
    assert_type(result.mean_loss, float)
    assert_type(result.skill, float | None)
    assert_type(result.unit, Literal["nats", "bits"])
    assert_type(result.notes, tuple[str, ...])
    assert_type(result.to_dict(), dict[str, Any])
    assert_type(result.to_json(), str)
    assert_type(bce.calibration(FRAME).log_loss.miscalibration, float)
    assert_type(bce.calibration(FRAME).brier.score, float)
    assert_type(bce.calibration(FRAME).calibrated, bool | None)
    assert_type(bce.check(FRAME, max_loss=1).passed, bool)
    assert_type(bce.check(FRAME, max_loss=1).verdict, Literal["passed", "failed", "undecided"])
    assert_type(bce.compare(FRAME, ["p", "q"]).baseline, str)


def declared(kind: type) -> set[str]:
    """Return the figures that type checkers know of a class of results."""
    tree = ast.parse(Path(results.__file__).read_text(encoding="utf-8"))
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    known = [classes[base.__name__] for base in kind.__mro__ if base.__name__ in classes]
    return {
        node.target.id
        for found in known
        for node in ast.walk(found)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@pytest.mark.parametrize(
    "ask",
    [
        lambda: bce.compute(FRAME, weight="w", worst=1),
        lambda: bce.compute(FRAME, soft_labels=True, by="site"),
        lambda: bce.compute(FRAME, like="all"),
        lambda: bce.compare(FRAME, ["p", "q"], cluster="site"),
        lambda: bce.calibration(FRAME, bootstrap=2),
        lambda: bce.calibration(FRAME, fine_bins=True),
        lambda: bce.calibration(FRAME, by="site"),
        lambda: bce.calibration(FRAME, ["p", "q"], by="site", cluster="site"),
        lambda: bce.recalibrate(FRAME, folds=2),
        lambda: bce.check(FRAME, baseline=bce.compute(FRAME)),
        lambda: bce.compute(FRAME[["p"]], labels=FRAME[["y"]]),
    ],
)
def test_type_checkers_know_every_figure(ask: Callable[[], bce.Result]) -> None:
    result = ask()
    assert set(result.to_dict()) - declared(type(result)) == set()


def test_type_checkers_know_every_figure_within_a_result() -> None:
    result = bce.calibration(FRAME, bootstrap=2)
    assert result.bootstrap is not None
    assert_type(result.bootstrap.log_loss.mean_loss.ci_low, float)
    assert_type(result.bootstrap.brier.score.ci_low, float)
    assert_type(result.bootstrap.calibrated_miscalibration_q95.brier, float)
    assert_type(result.log_loss.recalibrated_loss, float)
    assert_type(result.brier.recalibrated_score, float)
    fine = bce.calibration(FRAME, fine_bins=True).fine_bins
    assert fine is not None
    assert_type(fine.greatest_odds_ratio, float)
    saved = bce.check(FRAME, baseline=bce.compute(FRAME)).baseline
    assert saved is not None
    assert_type(saved.mean_loss, float)
    other = bce.check(FRAME, "p", against_column="q").against
    assert other is not None
    assert_type(other.n_better, int)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bce.compute(FRAME).mean_los,  # type: ignore[attr-defined]
        lambda: bce.compute(FRAME).models,  # type: ignore[attr-defined]
        lambda: bce.calibration(FRAME).log_loss.score,  # type: ignore[attr-defined]
    ],
)
def test_type_checkers_know_what_is_no_figure(call: Call) -> None:
    with pytest.raises(AttributeError):
        call()


@pytest.mark.few(10)
@pytest.mark.parametrize(
    "call",
    [
        lambda: bce.compute(Y),  # type: ignore[call-overload]
        lambda: bce.compute(Y, "p"),  # type: ignore[call-overload]
        lambda: bce.compute(Y, P, label="y"),  # type: ignore[call-overload]
        lambda: bce.compute(Y, P, on="id"),  # type: ignore[call-overload]
        lambda: bce.compute(Y, P, by=7),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", weight=Y),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", id=Y),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", by=7),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", unit="bit"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", missing="keep"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", join="outer"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", engine="spark"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", weights="w"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", workers="2"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", soft_labels="no"),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, 3),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", like="sklern"),  # type: ignore[call-overload]
        lambda: bce.compare(FRAME, 7),  # type: ignore[call-overload]
        lambda: bce.compute(FRAME, "p", name=7),  # type: ignore[call-overload]
        lambda: bce.losses(FRAME, "p", worst=3),  # type: ignore[call-overload]
        lambda: bce.compare(Y, P, Q),  # type: ignore[call-overload]
        lambda: bce.compare(Y, {"old": P, "new": Q}, confidence="95"),  # type: ignore[call-overload]
        lambda: bce.compare(FRAME, ["p", "q"], margin="0.1"),  # type: ignore[call-overload]
        lambda: bce.calibration(FRAME, strategy="quantil"),  # type: ignore[call-overload]
        lambda: bce.calibration(FRAME, bins=2.5),  # type: ignore[call-overload]
        lambda: bce.recalibrate(FRAME, method="plat"),  # type: ignore[call-overload]
        lambda: bce.recalibrate(FRAME, folds=2.5),  # type: ignore[call-overload]
        lambda: bce.check(FRAME, max_loss="0.6"),  # type: ignore[call-overload]
        lambda: bce.check(FRAME, baseline=7),  # type: ignore[call-overload]
        lambda: bce.load(7),  # type: ignore[arg-type]
    ],
)
def test_what_a_type_checker_refuses_is_refused(call: Call) -> None:
    with pytest.raises((TypeError, bce.ArgumentError)):
        call()
