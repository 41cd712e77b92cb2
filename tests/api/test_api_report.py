"""`bce.report`: all answers about the same rows, each that of its own question, and their page."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import pickle
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_type

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pyarrow as pa  # noqa: TID253 -- as above
import pytest

import bce_cli as bce
from bce_cli.errors import ArgumentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

PATTERN = [0, 0, 0, 1, 0, 1, 1, 1]  # which no threshold separates
FRAME = pd.DataFrame(
    {
        "id": [f"row-{n}" for n in range(64)],
        "y": PATTERN * 8,
        "p": [0.4 + n / 1000 for n in range(64)],
        "q": ([0.3] * 4 + [0.7] * 4) * 8,
        "site": ["a", "b", "b", "b"] * 16,
        "day": [str(n // 5) for n in range(64)],
        "w": [1.0, 2.0] * 32,
    }
)
QUICKLY: dict[str, Any] = {"fine_bins": True}
"""Without maps, whose fits take longest."""
COLUMNS: dict[str, Any] = {"label": "y", "id": "id", "name": "preds.csv"}


@cache
def asked() -> bce.ReportResult:
    """Return a report, which no test can change."""
    return bce.report(
        FRAME, ["p", "q"], by="site", cluster="day", weight="w", max_loss=0.8, worst=2, **COLUMNS
    )


@pytest.mark.deep
def test_each_answer_is_that_of_its_own_question() -> None:
    found = asked()
    more: dict[str, Any] = {"cluster": "day", "weight": "w"}
    without_id = {key: value for key, value in COLUMNS.items() if key != "id"}
    compared = bce.compare(FRAME, ["p", "q"], by="site", rows=2, **more, **COLUMNS)
    assert found.compare == compared
    assert found.calibration == bce.calibration(FRAME, ["p", "q"], **more, **without_id)
    assert found.recalibrate == tuple(
        bce.recalibrate(FRAME, name, **more, **without_id) for name in "pq"
    )
    assert found.check == bce.check(FRAME, "p", max_loss=0.8, weight="w", **without_id)
    compute = bce.compute(FRAME, "p", by="site", worst=2, **more, **COLUMNS)
    assert found.compute is not None
    assert found.compute.segments == compute.segments
    assert found.compute.worst_rows == compute.worst_rows
    assert found.compute.mean_loss == compute.mean_loss
    every = bce.compute(FRAME, "p", like="all", weight="w", **without_id)
    assert found.conventions == every.conventions


@pytest.mark.deep
def test_figures_are_those_of_its_json() -> None:
    found = asked()
    record = found.to_dict()
    assert record == json.loads(found.to_json())
    assert set(record) <= set(dir(found))
    assert (found.n, found.models, found.unit, found.verdict) == (64, ("p", "q"), "nats", "passed")
    assert record["compute"] == found.compute.to_dict()  # type: ignore[union-attr]
    assert record["recalibrate"] == [each.to_dict() for each in found.recalibrate]
    assert found.losses["n"].to_pylist() == [line["n"] for line in record["losses"]]
    assert sum(found.losses["n"].to_pylist()) == 64
    assert found.log_product is not None
    assert found.log_product.rows[-1] == 64
    assert found.version == bce.__version__
    assert found.inputs.to_pylist() == [
        {"source": "preds.csv", "files": 1, "bytes": None, "sha256": None}
    ]
    assert (found.command, found.stamp) == (None, None)
    assert len(found.answer) == 3


def test_what_was_not_asked_for_is_none() -> None:
    found = bce.report(FRAME["y"], FRAME["p"])
    assert (found.compare, found.check, found.verdict, found.passed) == (None, None, None, None)
    assert isinstance(found.calibration, bce.CalibrationResult)
    assert [type(each) for each in found.recalibrate] == [bce.RecalibrateResult]
    with pytest.raises(AttributeError, match=r"^ReportResult has no 'compares'; did you mean 'com"):
        _ = found.compares  # type: ignore[attr-defined]
    fine = bce.report(FRAME["y"], FRAME["p"], fine_bins=True)
    assert fine.recalibrate == ()
    assert fine.calibration == bce.calibration(FRAME["y"], FRAME["p"], fine_bins=True)


def of_file() -> bce.ReportResult:
    FRAME.to_csv("preds.csv", index=False)
    return bce.report("preds.csv", ["p", "q"], label="y", by="site", **QUICKLY)


def of_polars() -> bce.ReportResult:
    polars = pytest.importorskip("polars")
    return bce.report(polars.from_pandas(FRAME), ["p", "q"], label="y", by="site", **QUICKLY)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "ask",
    [
        of_file,
        of_polars,
        lambda: bce.report(
            pa.Table.from_pandas(FRAME), ["p", "q"], label="y", by="site", **QUICKLY
        ),
        lambda: bce.report(FRAME, ("p", "[q]"), label="y", by=["site"], **QUICKLY),
        lambda: bce.report([FRAME[:40], FRAME[40:]], ["p", "q"], label="y", by="site", **QUICKLY),
        lambda: bce.report(
            FRAME["y"],
            {"p": FRAME["p"].to_numpy(), "q": list(FRAME["q"])},
            by=FRAME["site"],
            **QUICKLY,
        ),
        lambda: bce.report(
            FRAME["y"].to_numpy(), FRAME[["p", "q"]], by={"site": FRAME["site"]}, **QUICKLY
        ),
    ],
    ids=["file", "polars", "arrow", "pattern", "several", "arrays", "frame of models"],
)
def test_tables_arrays_and_files_say_the_same(ask: Callable[[], bce.ReportResult]) -> None:
    found, plain = ask(), bce.report(FRAME, ["p", "q"], label="y", by="site", **QUICKLY)
    assert figures(found.to_dict()) == figures(plain.to_dict())


def figures(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Leave out what rows were read from."""
    if isinstance(value, dict):
        named = {"source", "inputs", "notes", "answer", "label_column"}
        return {key: figures(item) for key, item in value.items() if key not in named}
    return [*map(figures, value)] if isinstance(value, list) else value


@pytest.mark.deep
def test_it_is_the_json_of_the_command(bce: Callable[..., Result]) -> None:
    import bce_cli  # noqa: PLC0415 -- whose short name the fixture has

    FRAME.to_csv("preds.csv", index=False)
    options = "-l y -p p -p q --by site -w w --max-loss 0.8 --worst 2 --id id --fine-bins"
    printed = bce("report", "preds.csv", *options.split(), "-f", "json").stdout
    found = bce_cli.report(
        "preds.csv",
        ["p", "q"],
        label="y",
        by="site",
        weight="w",
        max_loss=0.8,
        worst=2,
        id="id",
        fine_bins=True,
    )
    record = json.loads(printed)
    assert record.pop("command").startswith("bce report preds.csv -l y")
    assert {key: value for key, value in found.to_dict().items() if key != "command"} == record


@pytest.mark.deep
def test_the_page_has_no_row_unless_it_is_asked_for() -> None:
    plain = bce.report(FRAME, ["p", "q"], label="y", id="id", **QUICKLY)
    for ending in ("html", "md", "json"):
        plain.report(f"plain.{ending}")
        asked().report(f"worst.{ending}")
    for ending in ("html", "json"):
        assert "row-" not in Path(f"plain.{ending}").read_text(encoding="utf-8")
        assert "row-" in Path(f"worst.{ending}").read_text(encoding="utf-8")


def test_a_report_is_a_result_like_others(tmp_path: Path) -> None:
    found = asked()
    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):  # noqa: S301 -- ours
        assert again == found
        assert again.to_html() == found.to_html()
    assert found.report(tmp_path / "report.html").read_text(encoding="utf-8") == found.to_html()
    assert found.report(tmp_path / "report.md").read_text(encoding="utf-8") == found.to_markdown()
    assert found.report(tmp_path / "report.json").read_text(encoding="utf-8") == found.to_json()
    assert repr(found) == "ReportResult(n=64, unit='nats', verdict='passed')"
    with pytest.raises(UsageError):
        found.to_csv()


def test_it_is_true_or_false_if_it_has_checks() -> None:
    assert bool(asked()) is True
    failed = bce.report(FRAME["y"], FRAME["p"], max_loss=0.1, **QUICKLY)
    assert (bool(failed), failed.passed, failed.verdict) == (False, False, "failed")
    with pytest.raises(UsageError) as caught:
        bool(bce.report(FRAME["y"], FRAME["p"], **QUICKLY))
    assert caught.value.message == "this report is neither true nor false: it has no checks"


def test_the_baseline_may_be_a_report() -> None:
    old = bce.report(FRAME["y"], FRAME["q"], **QUICKLY)
    assert old.compute is not None
    found = bce.check(FRAME["y"], FRAME["p"], baseline=old)
    assert found.to_dict() == bce.check(FRAME["y"], FRAME["p"], baseline=old.compute).to_dict()


def test_types_are_known() -> None:
    assert_type(bce.report(FRAME, label="y", fine_bins=True), bce.ReportResult)
    assert_type(asked().verdict is None, bool)
    assert_type(asked().recalibrate, tuple[bce.RecalibrateResult, ...])
    assert_type(bce.report(np.array(PATTERN), np.array([0.4, 0.6] * 4), fine_bins=True).n, int)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fine_bins": 1}, "fine_bins must be a bool, got 1"),
        ({"stamp": "now"}, "stamp must be a bool, got 'now'"),
        ({"bins": 0}, "bins must be at least 1, got 0"),
        ({"worst": -1}, "worst must be at least 0, got -1"),
        ({"confidence": 95}, "confidence must lie between 0 and 1, got 95"),
        ({"confident": True}, "there is nothing to check"),
        ({"budget": 0.1}, "budget goes with against, against_column or baseline"),
        ({"max_loss": math.nan}, "max_loss must be a finite number, got nan"),
        (
            {"fine_bins": True, "cluster": "day"},
            "cluster needs the rows, and fine_bins does not hold them",
        ),
        (
            {"fine_bins": True, "min_auc": 0.5},
            "min_auc needs the rows, and fine_bins does not hold them",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        bce.report(FRAME, "p", label="y", **options)
    assert caught.value.message == message


def test_who_calls_them_models_is_told() -> None:
    with pytest.raises(TypeError) as caught:
        bce.report(FRAME, models=["p", "q"])  # type: ignore[call-overload]
    assert str(caught.value) == "report() has no argument 'models'; did you mean 'prediction'?"


SAVED: dict[str, Callable[[], bce.ReportResult]] = {
    "all": asked,
    "one": lambda: bce.report(FRAME["y"], FRAME["p"], **QUICKLY),
    "infinite": lambda: bce.report(
        FRAME["y"], {"p": FRAME["p"], "q": 1.0 - FRAME["y"]}, by=FRAME["site"], **QUICKLY
    ),
    "infinite first": lambda: bce.report(
        FRAME["y"], {"q": 1.0 - FRAME["y"], "p": FRAME["p"]}, max_loss=1, **QUICKLY
    ),
    "few": lambda: bce.report([1, 0, 1], [0.9, 0.2, 0.6], unit="bits"),
    "soft": lambda: bce.report([0.5, 0.25] * 20, [0.4, 0.3] * 20, soft_labels=True, **QUICKLY),
}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", SAVED)
def test_a_saved_report_is_the_same_report(name: str) -> None:
    found = SAVED[name]()
    found.report("saved.json")
    loaded = bce.load("saved.json")
    assert isinstance(loaded, bce.ReportResult)
    assert loaded == found
    assert (loaded.to_json(), loaded.to_markdown()) == (found.to_json(), found.to_markdown())
    assert loaded.to_html() == found.to_html()
    assert (loaded.compute, loaded.compare) == (found.compute, found.compare)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compute": {}}, "saved.json: not a report of bce compute, compare, "),
        ({"compute": "check"}, "saved.json: compute is no report of bce compute"),
        ({"calibration": 7}, "saved.json: calibration must be an object, not '7'"),
        ({"losses": [{"low": 2}]}, "saved.json: losses[0].low must be a number in [0, 1], not '2'"),
        ({"log_product": {"rows": [1], "log10": [], "n": 1}}, "saved.json: log_product.log10 must"),
        ({"models": []}, "saved.json: models has 0 names, of 2 models"),
        ({"models": ["a", "b", "c"]}, "saved.json: models has 3 names, of 2 models"),
        (
            {"models": [], "compare": None, "calibration": None, "recalibrate": []},
            "saved.json: models has 0 names, of 1 model",
        ),
        ({"other_segments": {}}, "saved.json: there are more than 50 segments"),
    ],
)
def test_a_report_that_is_damaged_is_refused(change: dict[str, Any], message: str) -> None:
    record = asked().to_dict()
    for key, value in change.items():
        record[key] = record[value] if isinstance(value, str) else value
    Path("saved.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(bce.DataError) as caught:
        bce.load("saved.json")
    assert caught.value.message.startswith(message)


def test_it_tells_how_it_came_about() -> None:
    Path("preds.csv").write_bytes(b"y,p\n1,0.9\n0,0.2\n")
    old = bce.compute("preds.csv")
    Path("old.json").write_text(old.to_json(), encoding="utf-8")
    found = bce.report("preds.csv", baseline="old.json", stamp=True, **QUICKLY)
    digests = [hashlib.sha256(Path(n).read_bytes()).hexdigest() for n in ("preds.csv", "old.json")]
    assert found.inputs["source"].to_pylist() == ["preds.csv", "old.json"]
    assert found.inputs["sha256"].to_pylist() == digests
    assert found.inputs["bytes"].to_pylist()[0] == 16
    assert found.stamp is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d", found.stamp)
    assert found.stamp in found.to_html()
    assert digests[0] in found.to_html()
    assert "SHA-256" not in asked().to_html()  # as it was no file
    assert bce.report("preds.csv", **QUICKLY).stamp is None
    with pytest.raises(bce.OutputCreationError, match=r"^old\.json: the report would overwrite"):
        found.report("old.json")


def test_text_and_notebook_have_the_short_form_under_the_name_of_the_page() -> None:
    assert str(asked()).splitlines()[0] == "p beside q: preds.csv"
    assert asked().answer[0] in " ".join(str(asked()).split())
    shown = asked()._repr_html_()
    assert '<p style="font-weight:bold">p beside q: preds.csv</p>' in shown
    assert asked()._repr_markdown_() == asked().to_markdown()


@pytest.mark.deep
def test_its_pages_speak_of_arguments() -> None:
    found = bce.report(
        [1, 0] * 25, [0.6, 0.0] * 25, by={"age": list(range(50))}, max_loss=0.3, confident=True
    )
    for text in (str(found), found.to_markdown(), found.to_html()):
        words = text.rpartition("</style>")[2]
        assert re.findall(r"(?<![\w-])--[a-z][a-z-]*", words) == []
    assert "cluster=... is for rows that are not." in found.to_html()
    off = bce.report([1, 0, 0, 0] * 10, [0.8, 0.6, 0.3, 0.9] * 10, fine_bins=True)
    assert off.answer[2] == (
        "Look for a map with bce.recalibrate(...), as predictions are too high on average."
    )


@pytest.mark.deep
def test_pictures_may_be_png() -> None:
    found = bce.report(FRAME["y"], FRAME["p"], **QUICKLY)
    page = found.report("mail.html", picture_format="png").read_text(encoding="utf-8")
    assert "<svg" not in page
    assert page.count('src="data:image/png;base64,') == found.to_html().count("<svg")
    alone = bce.calibration(FRAME["y"], FRAME["p"]).report("one.html", picture_format="png")
    assert alone.read_text(encoding="utf-8").count("data:image/png;base64,") == 1


def test_pictures_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = bce.compute(FRAME["y"], FRAME["p"])
    kinds: Any = {"gif": "x.html", "png": "x.md"}
    messages = ["picture_format 'gif' is not known"]
    messages += ["picture_format is for .html, and markdown has no pictures"]
    for (kind, path), message in zip(kinds.items(), messages, strict=True):
        with pytest.raises(ArgumentError) as caught:
            found.report(path, picture_format=kind)
        assert caught.value.message == message
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError) as lacking:
        found.report("x.html", picture_format="png")
    assert lacking.value.message == (
        "picture_format='png' needs matplotlib, which is not installed"
    )
    assert list(Path().iterdir()) == []


def test_models_of_two_tables_are_one_each() -> None:
    other = FRAME.assign(p=FRAME["q"])
    found = bce.report(FRAME, "p", label="y", against=other, name="new", **QUICKLY)
    assert (found.models, found.verdict) == (("new", "DataFrame"), "failed")
    with pytest.raises(ArgumentError) as caught:
        bce.report(FRAME, ["p", "q"], label="y", against=other)
    assert caught.value.message == "against adds one model to one, and prediction names several"
