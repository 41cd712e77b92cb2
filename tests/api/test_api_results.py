"""Results: figures as attributes, tables, text; they never change, and can be kept and compared."""

from __future__ import annotations

import copy
import inspect
import json
import math
import pickle
import re
import subprocess
import sys
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pytest

import bce_cli as bce
from bce_cli.figures import arrow_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

Y, P, Q = [1, 0, 1, 0, 1], [0.9, 0.2, 0.6, 0.4, 0.0], [0.8, 0.3, 0.7, 0.1, 0.5]
MIXED = [0, 0, 0, 1, 0, 1, 1, 1]  # which no threshold separates
SITES = ["a", "a", "b", "b", "b"]
QUESTIONS: dict[str, Callable[[], bce.Result]] = {
    "compute": lambda: bce.compute(Y, P),
    "segments": lambda: bce.compute(Y, P, by={"site": SITES}, worst=2, id=list("vwxyz")),
    "all": lambda: bce.compute(Y, P, like="all"),
    "compare": lambda: bce.compare(Y, {"old": P, "new": Q}),
    "calibration": lambda: bce.calibration(Y, Q, bins=2),
    "bootstrap": lambda: bce.calibration(Y, Q, bins=2, bootstrap=5, seed=1),
    "models": lambda: bce.calibration(Y, {"old": P, "new": Q}, by={"site": SITES}, bins=2),
    "recalibrate": lambda: bce.recalibrate(MIXED * 4, ([0.4] * 4 + [0.6] * 4) * 4, folds=3),
    "check": lambda: bce.check(Y, Q, max_loss=0.6, max_ece=0.9),
}
asked = pytest.mark.parametrize("name", QUESTIONS)


@cache
def answer(name: str) -> Any:  # noqa: ANN401 -- a result of some kind
    """Return a result, which no test can change."""
    return QUESTIONS[name]()


def is_table(value: object) -> bool:
    return type(value).__module__.startswith("pyarrow")


def as_json(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON has
    """Return a figure as JSON has it."""
    if isinstance(value, bce.Figures):
        return value.to_dict()
    if isinstance(value, tuple):
        return list(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


@asked
def test_attributes_are_the_keys_of_the_json(name: str) -> None:
    result = answer(name)
    record = result.to_dict()
    assert set(record) <= set(dir(result))
    for key, value in record.items():
        found = getattr(result, key)
        if is_table(found):
            assert found.num_rows == len(value)
            plain = {k for row in value for k, v in row.items() if not isinstance(v, dict | list)}
            assert plain - set(found.column_names) == set()
        else:
            assert as_json(found) == value


def test_what_is_infinite_is_so_as_an_attribute_and_null_in_json() -> None:
    result = bce.compute(Y, P)
    assert (result.mean_loss, result.log_likelihood) == (math.inf, -math.inf)
    assert result.to_dict()["mean_loss"] is None
    assert '"mean_loss": null' in result.to_json()
    compared = bce.compare(Y, {"old": P, "new": Q})
    assert compared.models["mean_loss"][0].as_py() == math.inf


def test_records_within_a_result_are_figures() -> None:
    result = bce.calibration(Y, Q, bins=2)
    parts = result.log_loss
    assert isinstance(parts, bce.Figures)
    assert set(parts.to_dict()) <= set(dir(parts))
    mean = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert math.isclose(mean, result.mean_loss, rel_tol=1e-15)
    assert repr(bce.Figures({"a": 1, "b": None}, "Parts")) == "Parts(a=1, b=None)"
    figures: Any = bce.Figures({"bins": (1, 2), "notes": []})
    assert (figures.bins, figures.notes) == ((1, 2), ())


@asked
def test_results_do_not_change(name: str) -> None:
    result = answer(name)
    kind = type(result).__name__
    for key in ("n", "new"):
        with pytest.raises(AttributeError, match=rf"^{kind}\.{key} cannot be set: results do not"):
            setattr(result, key, 3)
        with pytest.raises(AttributeError, match=rf"^{kind}\.{key} cannot be deleted: results do"):
            delattr(result, key)
    result.to_dict()["n"] = 7
    assert result.n in (len(Y), 4 * len(MIXED))
    assert not hasattr(result, "__dict__")


@asked
def test_equal_figures_make_equal_results(name: str) -> None:
    result, again = answer(name), QUESTIONS[name]()
    assert result == again
    assert hash(result) == hash(again)
    assert len({result, again}) == 1
    others = [answer(other) for other in QUESTIONS if other != name]
    assert result not in others
    assert result != result.to_dict()


@pytest.mark.few(10)
@asked
@pytest.mark.parametrize(
    "kept",
    [lambda result: pickle.loads(pickle.dumps(result)), copy.copy, copy.deepcopy],  # noqa: S301
    ids=["pickle", "copy", "deepcopy"],
)
def test_a_result_can_be_kept(name: str, kept: Callable[[bce.Result], bce.Result]) -> None:
    result = answer(name)
    again = kept(result)
    assert type(again) is type(result)
    assert again == result
    assert again.to_json() == result.to_json()
    assert str(again) == str(result)


def test_figures_can_be_kept() -> None:
    parts = answer("calibration").log_loss
    again = pickle.loads(pickle.dumps(parts))  # noqa: S301 -- it is ours
    assert again == parts
    assert hash(again) == hash(parts)
    assert again != answer("calibration").brier


@pytest.mark.parametrize(
    ("name", "attribute", "message"),
    [
        ("compute", "segments", "ComputeResult has no 'segments' here: by=... gives them"),
        ("compute", "worst_rows", "ComputeResult has no 'worst_rows' here: worst=10 gives them"),
        (
            "compute",
            "conventions",
            "ComputeResult has no 'conventions' here: like='all' gives them",
        ),
        (
            "segments",
            "products",
            "ComputeResult has no 'products' here: they go with neither by nor like='all'",
        ),
        ("compute", "mean_los", "ComputeResult has no 'mean_los'; did you mean 'mean_loss'?"),
        ("compare", "comparison", "CompareResult has no 'comparison'; did you mean 'comparisons'?"),
        ("check", "slope", "CheckResult has no 'slope'"),
        ("recalibrate", "method", "RecalibrateResult has no 'method'; did you mean 'methods'?"),
    ],
)
def test_what_is_not_there_is_told_of(name: str, attribute: str, message: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(answer(name), attribute)
    assert str(caught.value) == message


def test_what_figures_within_a_result_lack_is_told_of() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = answer("calibration").log_loss.miscalibrated
    assert str(caught.value) == (
        "CalibrationResult.log_loss has no 'miscalibrated'; did you mean 'miscalibration'?"
    )


def test_a_check_is_true_if_it_has_passed() -> None:
    passed, failed = bce.check(Y, Q, max_loss=0.6), bce.check(Y, Q, max_loss=0.1)
    undecided = bce.check(Y, Q, max_loss=0.4, confident=True)
    assert [bool(each) for each in (passed, failed, undecided)] == [True, False, False]
    assert [each.passed for each in (passed, failed, undecided)] == [True, False, False]
    assert [each.verdict for each in (passed, failed, undecided)] == [
        "passed",
        "failed",
        "undecided",
    ]
    assert str(failed).splitlines()[-1] == "Failed: mean loss 0.347 is above 0.1."


def test_a_result_is_brief_as_an_object_and_whole_as_text() -> None:
    assert repr(bce.check(Y, Q, max_loss=1)) == "CheckResult(n=5, verdict='passed')"
    assert repr(answer("compare")) == "CompareResult(n=5, unit='nats', baseline='old', best='new')"
    assert str(answer("compute")).splitlines()[0] == "Row by row"


@asked
def test_a_result_is_the_same_text_in_a_notebook(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = QUESTIONS[name]()
    text = str(result)
    assert len(text.splitlines()) > 3
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(result) == text


HOSTILE = "</td><script>alert(1)</script>\x1b[31m<b>"


@pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")  # of five rows
@pytest.mark.parametrize(
    "ask",
    [
        lambda table: bce.compute(table, "p", label=HOSTILE, by="site", id="site", worst=2),
        lambda table: bce.compare(table, ["p", "q"], label=HOSTILE, id="site"),
        lambda table: bce.calibration(table, "p", label=HOSTILE, name=HOSTILE),
        lambda table: bce.recalibrate(table, "p", label=HOSTILE, name=HOSTILE, folds=2),
        lambda table: bce.check(table, "p", label=HOSTILE, name=HOSTILE, max_loss=1),
    ],
    ids=["compute", "compare", "calibration", "recalibrate", "check"],
)
def test_names_from_outside_are_no_markup_in_a_notebook(
    ask: Callable[[dict[str, list[Any]]], bce.Result],
) -> None:
    sites = [HOSTILE, HOSTILE, "b", "b", "b"]
    result = ask({HOSTILE: Y, "p": Q, "q": P, "site": sites})
    shown = result._repr_html_()
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
    assert "<b>" not in shown
    assert "\x1b" not in shown
    assert result._repr_markdown_() == result.to_markdown()


def columns(table: pa.Table) -> dict[str, tuple[str, list[object]]]:
    return {
        name: (str(table.schema.field(name).type), table[name].to_pylist())
        for name in table.column_names
    }


def test_columns_of_tables_have_the_types_of_their_values() -> None:
    records: list[dict[str, Any]] = [
        {"n": 1, "x": 0.5, "name": "ä", "ok": True, "none": None, "mixed": 1},
        {"n": None, "x": None, "name": None, "ok": None, "none": None, "mixed": math.inf},
        {"n": 3, "x": math.inf, "name": "", "ok": False, "none": None, "mixed": 2.5},
    ]
    assert columns(arrow_table(records)) == {
        "n": ("int64", [1, None, 3]),
        "x": ("double", [0.5, None, math.inf]),
        "name": ("string", ["ä", None, ""]),
        "ok": ("bool", [True, None, False]),
        "none": ("double", [None, None, None]),
        "mixed": ("double", [1.0, math.inf, 2.5]),
    }


def test_records_within_records_are_columns_and_words_of_segments_come_first() -> None:
    records = [{"segment": {"n": "a", "day": "b"}, "n": 2, "parts": {"low": 0.5}, "rows": [1]}]
    assert columns(arrow_table(records)) == {
        "segment n": ("string", ["a"]),
        "day": ("string", ["b"]),
        "n": ("int64", [2]),
        "parts_low": ("double", [0.5]),
    }


def test_tables_know_their_library_only_if_it_is_asked() -> None:
    segments = answer("segments").segments
    assert segments.column_names[:3] == ["site", "n", "n_positive"]
    assert segments.to_pandas()["site"].tolist() == ["b", "a"]


NO_FRAMES = """
import sys
import bce_cli
result = bce_cli.compute([1, 0], [0.9, 0.2], by=["a", "b"], worst=1)
tables = result.segments, result.worst_rows, bce_cli.losses([1, 0], [0.9, 0.2])
print({name for name in ("pandas", "rich", "matplotlib", "scipy", "dask") if name in sys.modules})
"""

PACKAGE_ALONE = """
import sys
before = set(sys.modules)
import bce_cli
print(*sorted(name for name in set(sys.modules) - before if name.startswith("bce_cli")))
print({"numpy", "inspect", "logging", "dataclasses", "typer"} & set(sys.modules))
"""


@pytest.mark.deep
@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (NO_FRAMES, "set()\n"),
        (
            PACKAGE_ALONE,
            "bce_cli bce_cli.version\nset()\n",
        ),
    ],
    ids=["a question", "the package"],
)
def test_nothing_is_loaded_before_it_is_needed(code: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == printed


SHARED = {
    *("label", "weight", "positive", "soft_labels", "logits", "missing", "labels", "on", "join"),
    *("input_format", "delimiter", "decimal", "no_header", "encoding", "comment"),
    *("workers", "engine", "scheduler", "name"),
}


@pytest.mark.parametrize(
    ("question", "own"),
    [
        (
            bce.compute,
            {
                *("data", "prediction", "id", "by", "cut", "cluster", "confidence", "worst"),
                *("rows", "like", "clip", "unit"),
            },
        ),
        (bce.losses, {"data", "prediction", "id", "like", "clip", "unit"}),
        (
            bce.compare,
            {
                *("data", "predictions", "id", "cluster", "by", "cut", "confidence", "margin"),
                *("sort", "rows", "like", "clip", "unit"),
            },
        ),
        (
            bce.calibration,
            {
                *("data", "prediction", "by", "cut", "bins", "strategy", "bootstrap", "seed"),
                *("fine_bins", "cluster", "confidence", "unit"),
            },
        ),
        (
            bce.recalibrate,
            {
                *("data", "prediction", "folds", "cluster", "order", "seed", "method"),
                *("confidence", "unit"),
            },
        ),
        (
            bce.check,
            {
                *("data", "prediction", "max_loss", "min_skill", "max_brier", "max_ece", "bins"),
                *("min_rows", "baseline", "budget", "confident", "like", "clip", "unit"),
                *("against", "against_column", "cluster", "confidence", "strategy"),
                *("min_auc", "max_miscalibration"),
            },
        ),
        (
            bce.report,
            {
                *("data", "prediction", "id", "by", "cut", "cluster", "confidence", "bins"),
                *("strategy", "fine_bins", "worst", "max_loss", "min_skill", "max_brier"),
                *("min_auc", "max_miscalibration", "max_ece", "min_rows", "baseline", "against"),
                *("against_column", "budget", "confident", "stamp", "unit"),
            },
        ),
    ],
    ids=["compute", "losses", "compare", "calibration", "recalibrate", "check", "report"],
)
def test_help_shows_every_argument(question: Callable[..., object], own: set[str]) -> None:
    parameters = inspect.signature(question).parameters
    assert set(parameters) == own | SHARED
    assert not [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    doc = inspect.getdoc(question) or ""
    told = own if "**options" in doc else own | SHARED
    assert [name for name in told if name not in doc] == []
    with pytest.raises(TypeError) as caught:
        question(Y, Q, wieght=Y)
    name = getattr(question, "__name__", "")
    assert str(caught.value) == f"{name}() has no argument 'wieght'; did you mean 'weight'?"


def test_who_looks_for_another_name_is_told_of_it() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = bce.log_loss
    assert str(caught.value) == (
        "module 'bce_cli' has no attribute 'log_loss'; did you mean 'mean_binary_cross_entropy'?"
    )


def test_losses_are_put_back_by_their_place_in_the_input() -> None:
    frame = pd.DataFrame({"y": Y, "p": [0.9, None, 0.6, None, 0.5]}, index=[7, 7, 0, 1, 2])
    table = bce.losses(frame, "p", missing="drop")
    places = table["row"].to_numpy() - 1
    assert frame.iloc[places]["p"].tolist() == table["prediction"].to_pylist() == [0.9, 0.6, 0.5]
    worst = bce.compute(frame, "p", missing="drop", worst=1).worst_rows
    assert frame.iloc[worst["row"].to_numpy() - 1].index.tolist() == [2]
    assert '``table["row"].to_numpy() - 1``' in (bce.losses.__doc__ or "")


@asked
def test_only_a_check_is_true_or_false(name: str) -> None:
    result = QUESTIONS[name]()
    if isinstance(result, bce.CheckResult):
        assert bool(result) is result.passed
        return
    with pytest.raises(bce.UsageError) as caught:
        bool(result)
    assert str(caught.value) == (
        f"{type(result).__name__} is neither true nor false\n"
        "only check has a verdict, which is true if it has passed"
    )


SAVED = "Path('saved.json').write_text(result.to_json()) makes one"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (bce.load, "path is the text of JSON, not the path of a file with it"),
        (
            lambda text: bce.check(Y, P, baseline=text),
            "baseline is the text of JSON, not the path of a file with it",
        ),
        (lambda text: bce.load(json.loads(text)), "path must be the path of a file, got a dict"),
        (
            lambda _: bce.check(Y, P, baseline={}),
            "the baseline: not a report of bce compute: there is no key 'convention'",
        ),
        (lambda _: bce.load(rows()), "rows.json: not a saved report: not a JSON object"),
        (
            lambda _: bce.check(Y, P, baseline=rows()),
            "rows.json: not a report of bce compute: not a JSON object",
        ),
    ],
)
def test_what_is_no_saved_result_is_told_in_words_of_python(
    ask: Callable[[str], object], message: str
) -> None:
    text = bce.compute(Y, P).to_json()
    with pytest.raises(bce.BceError) as caught:
        ask(text)
    assert (caught.value.message, caught.value.hint) == (message, SAVED)


def rows() -> str:
    Path("rows.json").write_text("[1]", encoding="utf-8")
    return "rows.json"


@pytest.mark.parametrize("name", ["log_loss", "logloss", "bce", "cross_entropy", "loss"])
def test_who_looks_for_the_log_loss_is_told_what_it_is_called(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(bce.compute(Y, P), name)
    assert str(caught.value) == f"ComputeResult has no '{name}'; did you mean 'mean_loss'?"


NUMBERS = list(range(50))
TOLD: dict[str, tuple[Callable[[], bce.Result], list[str]]] = {
    "clusters": (
        lambda: bce.check(Y, Q, max_loss=0.3, confident=True),
        ["Intervals take rows to be independent; cluster=... is for rows that are not."],
    ),
    "infinite": (
        lambda: bce.compute(Y, P),
        ["clip=... bounds their loss here, like='all' shows other libraries' means."],
    ),
    "clipped": (
        lambda: bce.compute(Y, P, clip=0.01),
        ["of the mean under clip;", "like='all' shows what other rules make of them."],
    ),
    "infinite check": (
        lambda: bce.check(Y, P, max_loss=0.3),
        ["so the mean is infinite; clip=... bounds such losses."],
    ),
    "saved": (
        lambda: bce.check(
            Y * 9, Q * 9, baseline=bce.compute(Y * 9, [0.8, 0.3, 0.7, 0.1, 0.6] * 9), confident=True
        ),
        ["If both losses are of the same rows, against='old.csv' pairs them,"],
    ),
    "base rate": (
        lambda: bce.compute([1, 0, 0, 1] * 10, [0.6, 0.4, 0.6, 0.4] * 10),
        ["bce.check(..., min_skill=0, confident=True) can, for it pairs the two."],
    ),
    "map": (
        lambda: bce.recalibrate(MIXED * 50, ([0.4] * 4 + [0.6] * 4) * 50),
        ["Next: save('map.json'), or map().apply(predictions)"],
    ),
    "segments": (
        lambda: bce.compute([1, 0] * 25, [0.6, 0.5] * 25, by={"age": NUMBERS}),
        ["cost less; segments has them all.", "cut='quantile:5' puts numbers into intervals."],
    ),
    "calibration": (
        lambda: bce.calibration([1, 0] * 25, [0.6, 0.5] * 25, by={"age": NUMBERS}),
        ["cost less; segments has them all.", "cut='quantile:5' puts numbers into intervals."],
    ),
    "differences": (
        lambda: bce.compare([1, 0] * 25, [[0.6, 0.5] * 25, [0.5, 0.4] * 25], by={"age": NUMBERS}),
        ["cost less; segments has them all.", "cut='quantile:5' puts numbers into intervals."],
    ),
}


@pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")
@pytest.mark.parametrize("name", TOLD)
def test_texts_speak_of_arguments_and_of_no_option(name: str) -> None:
    result, told = TOLD[name][0](), TOLD[name][1]
    for text in (str(result), result.to_markdown(), result.to_html(), result._repr_html_()):
        words = " ".join(unescape(text.rpartition("</style>")[2]).replace("\\", "").split())
        assert [each for each in told if each not in words] == []
        assert re.findall(r"(?<![\w-])--[a-z][a-z-]*", words) == []
