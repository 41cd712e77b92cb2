"""A saved report says what the fresh one said: every command, every option, every number."""

from __future__ import annotations

import copy
import json
import math
import re
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.report import report_of_rows
from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals, comparison_report
from bce_cli.core.convention_totals import ALL_CONVENTIONS, convention_report
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.evaluation import Evaluation, Plan, evaluate_rows
from bce_cli.core.gate.judgement import judge
from bce_cli.core.gate.limits import Baseline, Limits
from bce_cli.core.gate.totals import GateTotals
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Categories, Predictions, Rows
from bce_cli.core.segment_reports import segment_reports
from bce_cli.errors import DataError
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.check import CheckDocument
from bce_cli.render.compare import CompareDocument
from bce_cli.render.compute import ComputeDocument
from bce_cli.render.layout import Look
from bce_cli.render.origin import Origin
from bce_cli.render.records import without, write_json
from bce_cli.render.saved import document_of
from bce_cli.render.write import write_document
from tests.budgets import examples, stride

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.mark import ParameterSet
    from typer.testing import Result

    from bce_cli.core.report import Unit
    from bce_cli.render import Format
    from bce_cli.render.write import Document

GOLDEN = Path(__file__).parent / "golden"
FLIGHTS = str(Path(__file__).parents[2] / "sample_data" / "flights.csv")

ROWS = [
    (i, i * 7 % 10 < i * 37 % 11, (i * 37 % 101 + 1) / 103, (i * 53 % 97 + 1) / 99)
    for i in range(1, 120)
]
FILES = {
    "tame.csv": "id,label,old,new,third,g,w\n"
    + "".join(f"r{i},{y:d},{p},{q},{1 - p},{'uvx'[i % 3]},{i % 4}\n" for i, y, p, q in ROWS),
    "odd.csv": "id,label,old,new,g,w\n"
    + "".join(
        f"r{i},{y:d},{i * 37 % 21 / 20},{q},{'uv'[i % 3 == 0]},{i % 4}\n" for i, y, _, q in ROWS
    ),
    "soft.csv": "label,p,q\n" + "0.25,0.3,0.2\n1,0.9,0.7\n0,0.1,0.4\n0.5,0.5,0.5\n" * 10,
    "logit.csv": "label,p,q\n" + "1,2.5,1\n0,-3,1\n1,0.5,2\n0,1,-800\n1,900,3\n" * 10,
    "few.csv": "label,p\n1,0.9\n0,0.2\n1,0.7\n",
    "more.csv": "label,p\n1,0.8\n0,0.25\n",
    "classes.csv": "label,p,q\n" + "1,1,0.9\n0,0,0.2\n1,0,0.8\n0,0,0.3\n" * 8,
    "other_way.csv": "label,p,q\n" + "1,0.1,0.9\n0,0.8,0.2\n1,0.2,0.8\n0,0.9,0.3\n" * 8,
    "same.csv": "label,p,q\n" + "1,0.5,0.5\n0,0.5,0.5\n" * 8,
    "ones.csv": "label,p\n" + "1,0.5\n1,0.6\n" * 20,
    "apart.csv": "label,p\n" + "1,0.9\n1,0.6\n0,0.2\n" * 20,
    "words.csv": "label,p\n" + "yes,0.9\nno,0.2\nyes,0.7\n,0.5\n" * 10,
    "truth.csv": "id,label\n" + "".join(f"r{i},{y:d}\n" for i, y, _, _ in ROWS),
    "a.csv": "id,p\n" + "".join(f"r{i},{p}\n" for i, _, p, _ in ROWS[:90]),
    "b.csv": "id,score\n" + "".join(f"r{i},{q}\n" for i, _, _, q in ROWS[:90]),
    "base.json": '{"mean_loss": 0.71, "std_error": 0.01, "unit": "nats", "convention": "exact"}',
}
JOINED = "--labels truth.csv --on id --join inner"
CASES = {
    "compute": (
        "odd.csv -p old -w w --worst 4 --id id --unit bits",
        "odd.csv -p old --like all --unit bits -w w --id id",
        "tame.csv -p old --by g --by third --unit bits",
        "few.csv more.csv",
        "odd.csv -p old -w w --like torch",
        "odd.csv -p old --by g -w w",
        "odd.csv -p old --clip 1e-6 --worst 1",
        "soft.csv -p p --soft-labels --like all",
        "soft.csv -p p --soft-labels --like lightgbm",
        "soft.csv -p p --soft-labels --unit bits",
        "logit.csv -p p --logits",
        "logit.csv -p p --logits --like all",
        "classes.csv -p p",
        "other_way.csv -p p",
        f"a.csv {JOINED}",
        "words.csv --positive yes --missing drop",
        "few.csv --brief",
        "odd.csv -p old --like all --brief",
    ),
    "compare": (
        "odd.csv -p old -p new -w w --id id --unit bits",
        "tame.csv -p old -p new -p third --cluster g --confidence 0.99",
        f"a.csv b.csv {JOINED}",
        "tame.csv -p old -p new --rows 0",
        "tame.csv -p old -p new -p third --by g --sort --margin 0.1",
        "classes.csv -p p -p q",
        "classes.csv -p q -p p --clip 1e-9",
        "other_way.csv -p p -p q --like keras",
        "soft.csv -p p -p q --soft-labels",
        "soft.csv -p p -p q --soft-labels --like lightgbm",
        "logit.csv -p p -p q --logits",
        "same.csv -p p -p q",
        "odd.csv -p old -p new --brief",
    ),
    "calibration": (
        "odd.csv -p old -w w --bootstrap 9 --unit bits",
        "few.csv --strategy quantile",
        "tame.csv -p old --fine-bins --strategy quantile --bins 7",
        "tame.csv -p old --bootstrap 9",
        "odd.csv -p old --fine-bins",
        "soft.csv -p p --soft-labels --bootstrap 9",
        "logit.csv -p p --logits",
        "classes.csv -p p",
        "other_way.csv -p p",
        "same.csv -p p",
        "ones.csv",
        "apart.csv",
        "tame.csv -p old --brief",
        "tame.csv -p old --cluster g --confidence 0.9 --bootstrap 5",
        "odd.csv -p new -w w --cluster g --unit bits",
        "same.csv -p p --cluster q",
        "ones.csv --confidence 0.5 --strategy quantile",
        "odd.csv -p old -p new -w w --by g --unit bits",
        "tame.csv -p old --by g --by third --strategy quantile --bins 30",
        "tame.csv -p old -p new --by w --cut 1,3 --cluster g --brief",
        "tame.csv -p old -p new -p third --fine-bins --strategy quantile",
        "classes.csv -p p -p q --bootstrap 5",
        "soft.csv -p p -p q --soft-labels",
        "logit.csv -p p -p q --logits --brief",
        "tame.csv -p old --by id",
    ),
    "recalibrate": (
        "odd.csv -p old -w w --folds 3 --unit bits",
        "tame.csv -p old --folds 3 --cluster g --seed 1 --confidence 0.9",
        "apart.csv --folds 3",
        "tame.csv -p old --folds 2 --order w --method beta",
        "soft.csv -p p --soft-labels --folds 3",
        "logit.csv -p p --logits --folds 3",
        "classes.csv -p p --folds 3",
        "other_way.csv -p p --folds 3 --brief",
        f"a.csv {JOINED} --folds 3 --method centred",
        "same.csv -p p --folds 3",
    ),
    "check": (
        "tame.csv -p old --max-loss .6 --min-skill 0 --max-brier .3 --max-ece .1 --confident",
        "tame.csv -p old --baseline base.json --budget 0.1 --confident --unit bits",
        "odd.csv -p old --max-loss 0.5 --min-skill 0 --baseline base.json",
        "tame.csv -p old --baseline base.json",
        "ones.csv --min-skill 0",
        "odd.csv -p old -w w --min-rows 100 --confident",
        "other_way.csv -p p --max-loss 9",
        "odd.csv -p old --clip 0.01 --max-ece 0.1 --bins 1",
        "logit.csv -p p --logits --max-loss 1",
        "same.csv -p p --max-loss 0.69 --confident --unit bits",
    ),
}
RUNS = [
    f"{command} {run}"
    for of in zip_longest(*CASES.values())
    for command, run in zip(CASES, of, strict=True)
    if run
]


def _write_files(options: str) -> None:
    for name, content in FILES.items():
        if name in options:
            Path(name).write_text(content, encoding="utf-8")


@pytest.mark.few(4)
@pytest.mark.parametrize("run", RUNS)
def test_a_saved_report_reads_like_the_fresh_one(bce: Callable[..., Result], run: str) -> None:
    _write_files(run)
    saved = bce(*run.split(), "-f", "json").stdout
    found = document_of(json.loads(saved), "saved.json")
    assert write_json(found.record()) == saved
    is_brief = "--brief" in run
    # of rows as they are multiplied JSON has none
    rest = [] if "--like all" in run or not run.startswith("compute") else ["--rows", "0"]
    for output_format in FORMATS:
        fresh = bce(*run.split(), "-f", output_format, *rest).stdout
        assert write_document(found, output_format, Look(), brief=is_brief) == fresh


FORMATS: tuple[Format, ...] = ("table", "csv", "markdown")


@pytest.mark.few(4)
@pytest.mark.parametrize("run", [run for run in RUNS if "--brief" not in run])
def test_all_figures_are_in_the_report_again(bce: Callable[..., Result], run: str) -> None:
    _write_files(run)
    saved = json.loads(bce(*run.split(), "-f", "json").stdout)
    before = copy.deepcopy(saved)
    found = document_of(saved, "saved.json")
    again = document_of(found.record(), "again")
    assert saved == before
    assert again.record() == found.record()
    assert again.origin == found.origin
    built = replace(found, saved=None).record()
    assert built | {"notes": found.record()["notes"]} == found.record()
    found.record().clear()
    assert found.record() == again.record()


@pytest.mark.deep
@pytest.mark.parametrize(
    "run",
    [
        f"compute {FLIGHTS} -p logistic --by carrier",
        f"compare {FLIGHTS} -p logistic -p boosting --cluster day",
        f"calibration {FLIGHTS} -p logistic",
    ],
)
def test_sample_data_read_the_same(bce: Callable[..., Result], run: str) -> None:
    saved = bce(*run.split(), "-f", "json").stdout
    found = document_of(json.loads(saved), "saved.json")
    assert write_json(found.record()) == saved
    assert write_document(found, "table", Look()) == bce(*run.split()).stdout


LOOKS: dict[str, tuple[Format, Look]] = {
    "txt": ("table", Look()),
    "ascii.txt": ("table", Look(unicode=False)),
    "csv": ("csv", Look()),
    "md": ("markdown", Look()),
}
NAMES = sorted(
    path.stem
    for command in ("compare", "calibration", "recalibrate", "check")
    for path in GOLDEN.glob(f"{command}*.json")
)


@pytest.mark.few(10)
@pytest.mark.parametrize("name", NAMES)
def test_golden_json_gives_the_golden_texts(name: str) -> None:
    found = document_of(json.loads((GOLDEN / f"{name}.json").read_bytes()), name)
    for suffix, look in LOOKS.items():
        expected = (GOLDEN / f"{name}.{suffix}").read_text(encoding="utf-8")
        assert write_document(found, *look) == expected


def _record(bce: Callable[..., Result], run: str) -> dict[str, Any]:
    _write_files(run)
    record: dict[str, Any] = json.loads(bce(*run.split(), "-f", "json").stdout)
    return record


def test_null_is_infinite_where_a_number_cannot_be_undefined(bce: Callable[..., Result]) -> None:
    found = document_of(_record(bce, "compute odd.csv -p old --worst 1"), "x")
    assert isinstance(found, ComputeDocument)
    record = found.record()
    assert [record[key] for key in ("mean_loss", "total_loss")] == [math.inf] * 2
    assert [record[key] for key in ("log_likelihood", "log10_likelihood")] == [-math.inf] * 2
    assert record["products"][2]["log_of_product"] == -math.inf
    assert record["worst_rows"][0]["loss"] == math.inf
    assert (record["skill"], record["std_error"], record["weight_sum"]) == (None, None, 119.0)
    assert found.report.mean_loss == math.inf

    record = document_of(_record(bce, "compare odd.csv -p old -p new"), "x").record()
    (item,) = record["comparisons"]
    assert record["models"][0]["mean_loss"] == math.inf
    assert (item["difference"], item["gained"][0]["difference"]) == (-math.inf, -math.inf)
    assert item["lost"][0]["difference"] < math.inf


def test_keys_of_newer_versions_are_kept_and_count_for_nothing(bce: Callable[..., Result]) -> None:
    record = _record(bce, "check few.csv --max-loss 0.5")
    newer = record | {"sections": [1], "checks": [record["checks"][0] | {"lines": None}]}
    found = document_of(newer, "x")
    assert found.record() == newer
    assert found.sections(Look()) == document_of(record, "x").sections(Look())


LATER = {
    "compute few.csv": {"float_type", "n_certain", "reversed_loss", "notes", "n_unmatched"}
    | {"effective_clusters"},
    "compare tame.csv -p old -p new": {"prediction_columns", "notes", "margin", "best", "sorted"}
    | {"effective_clusters"},
    "calibration tame.csv -p old": {
        *("n_weighted", "effective_n", "slope_obstacle", "calibration_in_the_large_obstacle"),
        *("mean_p", "n_bins", "histogram", "notes"),
        *("confidence", "cluster_column", "n_clusters", "effective_clusters"),
        *("std_error", "ci_low", "ci_high"),
        *("skill", "skill_ci_low", "skill_ci_high", "brier_ci_low", "brier_ci_high"),
        *(
            "brier_skill",
            "auc",
            "auc_ci_low",
            "auc_ci_high",
            "auc_ci_is_too_narrow",
            "calibration_in_the_large_p",
        ),
    },
    "check tame.csv -p old --max-loss 0.5 --baseline base.json": {
        *("mean_loss", "std_error", "base_rate_loss", "effective_n", "float_type", "notes"),
        *("effective_clusters", "auc_ci_is_too_narrow"),
    },
}
"""What reports did not have from the beginning."""


@pytest.mark.parametrize("run", LATER)
def test_reports_of_older_versions_are_read(bce: Callable[..., Result], run: str) -> None:
    record = _record(bce, run)
    older = {key: value for key, value in record.items() if key not in LATER[run]}
    assert len(record) - len(older) == len(LATER[run])
    found = document_of(older, "x")
    assert found.record() == older
    whole, shown = (document_of(r, "x").sections(Look()) for r in (record, older))
    assert shown[0].rows == whole[0].rows
    assert len(whole) - len(shown) == ("histogram" in LATER[run])
    assert "nan" not in write_document(found, "table", Look())


def test_a_comparison_of_an_older_version_has_no_ranks(bce: Callable[..., Result]) -> None:
    record = _record(bce, "compare tame.csv -p old -p new -p third")
    later = {"rank", "is_best", "told_from_best", "p_from_best"}
    later |= {"verdict", "detectable_difference", "rows_needed"}
    older = without(record, later | {"margin", "best", "sorted"})
    found = document_of(older, "x")
    assert isinstance(found, CompareDocument)
    assert found.record() == older
    assert found.report.best is None
    shown, whole = (document_of(each, "x").sections(Look())[0] for each in (older, record))
    assert shown.verdicts == whole.verdicts
    assert [row[0] for row in shown.rows] == [row[0] for row in whole.rows]
    assert "*" not in "".join(chain(*shown.rows))
    assert "*" in "".join(chain(*whole.rows))


def test_a_report_in_brief_has_no_diagram(bce: Callable[..., Result]) -> None:
    found = document_of(_record(bce, "calibration tame.csv -p old --brief"), "x")
    assert isinstance(found, CalibrationDocument)
    assert not found.has_diagram
    assert len(found.sections(Look())) == 2
    assert found.lines() == found.lines(brief=True)
    whole = _record(bce, "calibration tame.csv -p old")
    for key in ("bins", "isotonic", "histogram"):
        rest = document_of(whole | {key: []}, "x")
        assert write_document(rest, "csv", Look())
        assert "Reliability diagram" not in write_document(rest, "table", Look())


def _error(record: Any) -> str:  # noqa: ANN401
    with pytest.raises(DataError) as caught:
        document_of(record, "saved\x1b.json")
    message = caught.value.message
    assert message.startswith("saved\\x1b.json: ")
    return message.removeprefix("saved\\x1b.json: ")


SMALL = {
    "compute": "compute few.csv",
    "compare": "compare tame.csv -p old -p new",
    "calibration": "calibration few.csv",
    "check": "check few.csv --max-loss 0.1",
}
FAULTS: list[tuple[str, str, object, str]] = [
    ("compute", "n", "3", "a whole number of 1 or more, not '3'"),
    ("compute", "n", True, "a whole number of 1 or more, not 'true'"),
    ("compute", "n", 2**63, "a whole number of 1 or more, not '9223372036854775808'"),
    ("compute", "n_missing", 0.5, "a whole number of 0 or more, or null, not '0.5'"),
    ("compute", "unit", "dB\x1b", "nats or bits, not 'dB\\x1b'"),
    ("compute", "mean_loss", [1], "a number, or null, not a list"),
    ("compute", "weight_sum", None, "a number in [0, 1e+300], not 'null'"),
    ("compute", "weight_sum", 10**400, f"a number in [0, 1e+300], not '1{'0' * 79}...'"),
    ("compute", "base_rate", 1.5, "a number in [0, 1], not '1.5'"),
    ("compute", "std_error", -1, "a number of 0 or more, or null, not '-1'"),
    ("compute", "skill", "x", "a number, or null, not 'x'"),
    ("compute", "source", 3, "a text, not '3'"),
    ("compute", "source", [3], "a list of texts, not a list"),
    ("compute", "weight_column", {}, "a text, or null, not an object"),
    ("compute", "logits", 1, "true or false, not '1'"),
    ("compute", "notes", "no", "a list of texts, not 'no'"),
    ("compute", "products", [3], "a list of objects, not a list"),
    ("compute", "products[2].dtype", None, "float16, float32 or float64, not 'null'"),
    ("compare", "models[1].name", 7, "a text, not '7'"),
    ("compare", "comparisons", [], "one for each model but the first, not a list"),
    ("compare", "comparisons[0].infinite", "us", "baseline, model or both, or null, not 'us'"),
    ("compare", "comparisons[0].n_tied", None, "a whole number of 0 or more, not 'null'"),
    ("compare", "confidence", 95, "a number in [0, 1], not '95'"),
    ("calibration", "histogram", [1], "100 weights, not all of them 0, not a list"),
    ("calibration", "histogram[7]", "1", "a number in [0, 1e+300], not '1'"),
    ("calibration", "brier.uncertainty", None, "a number, not 'null'"),
    ("calibration", "strategy", "any", "uniform or quantile, not 'any'"),
    ("check", "verdict", "passed", "that of its checks, failed, not 'passed'"),
    ("check", "checks", [], "a list of one or more, not a list"),
    ("check", "checks[0].verdict", 1, "passed, failed or undecided, not '1'"),
]


def _with(record: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Put a value at a place, which is named as messages name it."""
    changed = copy.deepcopy(record)
    at: Any = changed
    *steps, last = re.findall(r"sklearn-1\.1|[^.\[\]]+", place)
    for step in steps:
        at = at[int(step) if isinstance(at, list) else step]
    at[int(last) if isinstance(at, list) else last] = value
    return changed


@pytest.mark.few(10)
@pytest.mark.parametrize(("command", "place", "value", "domain"), FAULTS)
def test_what_is_not_as_it_must_be_is_named(
    bce: Callable[..., Result], command: str, place: str, value: object, domain: str
) -> None:
    record = _record(bce, SMALL[command])
    assert _error(_with(record, place, value)) == f"{place} must be {domain}"


def test_what_contradicts_another_key_is_named(bce: Callable[..., Result]) -> None:
    record = _record(bce, SMALL["compare"])
    assert _error(_with(record, "comparisons[0].infinite", "both")) == (
        "comparisons[0].finite must be an object, not 'null'"
    )
    assert (
        _error(record | {"convention": "clip"}) == "clip must be a number in [0, 0.5], not 'null'"
    )
    assert _error(record | {"convention": "clip", "clip": 0.5}) == (
        "clip must be a number between 0 and 0.5, not '0.5'"
    )
    record = _record(bce, SMALL["calibration"])
    assert _error(_with(record, "isotonic[0].low", 1)) == (
        "isotonic must be a list of pools in their order, not a list"
    )
    record = _record(bce, SMALL["check"])
    assert _error(_with(record, "checks[0].limit", -1)) == "max_loss must be 0 or more, got -1"
    assert _error(record | {"baseline": {}}) == (
        "baseline must be told if one is checked against, and then alone, not an object"
    )
    record = _record(bce, "compute tame.csv -p old --by g")
    assert _error(_with(record, "segments[1].segment", {"h": "u"})) == (
        "segments[1].segment must be of the same columns as the first, not an object"
    )


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ("compute few.csv", "mean_loss"),
        ("compute few.csv", "label_column"),
        ("compute few.csv", "prediction_column"),
        ("compute few.csv", "products[0].product"),
        ("compare tame.csv -p old -p new", "models[0].skill"),
        ("calibration few.csv", "bootstrap.n"),
    ],
)
def test_a_key_that_is_missing_is_named(bce: Callable[..., Result], run: str, place: str) -> None:
    record = _record(bce, run)
    if place == "bootstrap.n":
        assert _error(record | {"bootstrap": {}}) == "there is no key 'bootstrap.n'"
        return
    emptied = _with(record, place, None)
    at: Any = emptied
    for step in place.replace("[", ".").replace("]", "").split(".")[:-1]:
        at = at[int(step)] if step.isdigit() else at[step]
    del at[place.rpartition(".")[2]]
    if place == "models[0].skill":  # undefined, as far as anyone can tell
        assert document_of(emptied, "x").record() == emptied
    else:
        assert _error(emptied) == f"there is no key '{place}'"


@pytest.mark.parametrize("record", [{}, {"n": 3}, {"step": "scaling"}, {"format": 1, "version": 1}])
def test_what_is_no_report_is_refused(record: dict[str, Any]) -> None:
    assert (
        _error(record) == "not a report of bce compute, compare, calibration, recalibrate or check"
    )


ODD: tuple[object, ...] = (
    *(None, True, "x\x1b[31m", -1, 0, 1, 0.5, 3, 1e308, -1e308, 5e-324, 10**400),
    *([], {}, [1], {"a": 1}, [{}]),
)


def deep(*runs: str) -> list[ParameterSet]:
    return [pytest.param(run, marks=pytest.mark.deep) for run in runs]


def _places(value: object, at: str = "") -> Iterator[str]:
    if at:
        yield at
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1}) if value else ():
            yield from _places(value[index], f"{at}[{index}]")


@pytest.mark.parametrize(
    "run",
    [
        "check tame.csv -p old --max-loss .6 --baseline base.json --confident",
        *deep(
            "compute odd.csv -p old -w w --worst 1",
            "compute odd.csv -p old --like all",
            "compute odd.csv -p old --by g",
            "compare odd.csv -p old -p new --rows 1",
            "calibration tame.csv -p old --bins 2 --bootstrap 2",
            "calibration odd.csv -p old --fine-bins --strategy quantile --bins 3",
        ),
    ],
)
def test_no_value_at_any_place_is_more_than_refused(bce: Callable[..., Result], run: str) -> None:
    record = _record(bce, run)
    cases = [(place, value) for place in _places(record) for value in ODD]
    for place, value in cases[:: 7 * stride()]:  # a prime to the number of values
        changed = _with(record, place, value)
        before = copy.deepcopy(changed)
        try:
            found = document_of(changed, "saved.json")
        except DataError as error:
            assert str(error).isprintable()  # noqa: PT017 -- some are taken
        else:
            assert "\x1b" not in write_document(found, "table", Look())
            assert write_document(found, "csv", Look())
        assert changed == before


EXTREMES = st.sampled_from([0.0, 5e-324, 1e-300, 0.1, 0.5, 1.0 - 2.0**-53, 1.0]) | st.floats(0, 1)
WEIGHTS = st.sampled_from([0.0, 1e-100, 1.0, 3.5, 1e100])
RULES = st.sampled_from(
    [EXACT, Convention(0.01), *(Convention(like=name) for name in ("torch", "keras", "lightgbm"))]
)


@st.composite
def odd_rows(draw: st.DrawFn) -> Rows:
    """Rows of two models, with labels, predictions and weights at their ends."""
    n = draw(st.integers(1, 40))
    column = st.lists(EXTREMES, min_size=n, max_size=n).map(np.array)
    labels = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    if draw(st.booleans()):
        labels = draw(column)
    weights = np.array(draw(st.lists(WEIGHTS, min_size=n, max_size=n)))
    if not weights.any():
        weights[0] = 1.0
    groups = Categories(np.arange(n, dtype=np.int32) % 3, ("a", "b\x1b", ""))
    return Rows(
        labels,
        draw(column),
        weights=draw(st.sampled_from([None, weights])),
        rivals=(Predictions(draw(column)),),
        segments=(groups,),
        cluster=draw(st.sampled_from([None, groups])),
    )


def _documents(rows: Rows, convention: Convention, unit: Unit) -> Iterator[Document]:
    """Make a document of every command of the same rows."""
    origin = Origin(("a.csv",), "y", ("p",), None if rows.weights is None else "w")
    is_soft = rows.labels.dtype != np.bool_
    for plan in (
        Plan(convention, n_worst=3),
        Plan(convention, with_product=False),
        Plan(EXACT, with_product=False, compared=ALL_CONVENTIONS, n_differing=100),
    ):
        judged = rows if plan.n_worst == 0 and not plan.compared else replace(rows, segments=())
        evaluation = Evaluation(plan)
        evaluation += evaluate_rows(judged, plan, keep_rows=evaluation.needs_rows)
        result = evaluation.result()
        report = loss_report(result.totals, unit)
        pairs = zip(plan.compared, result.compared, strict=True)
        yield ComputeDocument.of(
            origin,
            plan.convention,
            report,
            result,
            tuple(convention_report(each, totals, unit) for each, totals in pairs),
            has_soft_labels=is_soft,
            segment_columns=("g",) * len(judged.segments),
            segments=segment_reports(result.segments, report, unit) if result.segments else (),
        )
    totals = ComparisonTotals.of(rows, ComparisonPlan(convention, n_shown=2))
    yield CompareDocument(
        replace(origin, prediction_columns=("p", "q")),
        convention,
        comparison_report(totals, ("p", "q"), unit, margin=0.5),
        None if rows.cluster is None else "g",
        ("g",) * len(rows.segments),
        is_sorted=len(rows) % 2 == 0,
    )
    limits = Limits(0.5, 0.1, 0.25, 0.1, 3, Baseline("b", 0.5, "bits", 0.1), 0.1, 7, confident=True)
    judgement = judge(GateTotals.of(rows, limits, convention), limits, unit)
    yield CheckDocument(origin, convention, limits, judgement)
    wanted = CalibrationPlan(n_bins=4, unit=unit, n_bootstrap=2)
    calibration = report_of_rows(rows.counted(), [wanted.totals_of(rows)], wanted)
    column = None if rows.cluster is None else "g"
    yield CalibrationDocument(origin, calibration, cluster_column=column)


@settings(max_examples=examples(20))
@given(odd_rows(), RULES, st.sampled_from(["nats", "bits"]))
def test_every_number_comes_back(rows: Rows, convention: Convention, unit: Unit) -> None:
    for fresh in _documents(rows, convention, unit):
        saved = write_json(fresh.record())
        found = document_of(json.loads(saved), "x")
        assert found.record() == fresh.record()
        assert write_json(found.record()) == saved
        expected = [s for s in fresh.sections(Look()) if s.title != "Row by row"]
        assert found.sections(Look()) == expected
        assert found.lines() == fresh.lines()
        assert found.lines(brief=True) == fresh.lines(brief=True)
