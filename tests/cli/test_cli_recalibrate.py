"""bce recalibrate: what is printed where, what is saved, and by which exit code it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.cli.recalibrate import Wanted
from bce_cli.core.recalibration.choice import RecalibrationPlan, recalibration_report
from bce_cli.core.recalibration.maps import METHODS
from bce_cli.core.recalibration.saved import fingerprint
from bce_cli.core.rows import Categories, Rows
from bce_cli.readers.saved_map import read_map
from bce_cli.render.recalibrate import RecalibrateDocument
from bce_cli.render.saved import document_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from bce_cli.core.recalibration.choice import RecalibrationReport

N = 120
RNG = np.random.default_rng(7)
LOGITS = np.round(RNG.normal(0.0, 3.0, N), 6)
LABELS = RNG.random(N) < 1.0 / (1.0 + np.exp(-LOGITS / 4.0))
P = 1.0 / (1.0 + np.exp(-LOGITS))
USERS = [f"u{i % 15}" for i in range(N)]
DAYS = [f"2026-01-{1 + (37 * i) % 28:02d}" for i in range(N)]
WEIGHTS = np.arange(N) % 3 / 2.0
TEXT = "y,p,z,w,user,day,when\n" + "".join(
    f"{int(y)},{p!r},{z!r},{w!r},{USERS[i]},{DAYS[i]},{37 * i % 28}\n"
    for i, (y, p, z, w) in enumerate(
        zip(LABELS, P.tolist(), LOGITS.tolist(), WEIGHTS.tolist(), strict=True)
    )
)
FEW = ("--folds", "3", "--method", "logistic")
NOTE = "bce: label column 'y', prediction column 'p'\n"


def _refuse(token: str) -> float:
    raise AssertionError(token)


def record_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.stdout, parse_constant=_refuse)
    return found


def report_of(order: list[int] | None = None, **plan: Any) -> RecalibrationReport:  # noqa: ANN401
    rows = Rows(LABELS, P)
    return recalibration_report(rows, RecalibrationPlan(**plan, has_order=order is not None), order)


def words(column: list[str]) -> Categories:
    names = tuple(dict.fromkeys(column))
    return Categories(np.array([names.index(word) for word in column], np.int32), names)


@pytest.fixture
def source(preds: Callable[..., str]) -> str:
    return preds(TEXT)


def test_the_answer_is_the_last_thing_said(source: str, bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", source)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    maps, losses = lines.index("The maps, fitted to all rows"), lines.index("") + 1
    assert [line.split()[0] for line in lines[maps + 3 : maps + 11]] == [*METHODS]
    assert lines[losses] == "preds.csv: 120 rows, 56 with label 1 (46.7 %)"
    assert [line.split()[0] for line in lines[losses + 3 : losses + 11]] == [*METHODS]
    assert len(lines) - losses <= 23
    found = report_of()
    assert found.recommended == "temperature"
    difference = found.recommended_difference
    assert difference is not None
    assert difference.value is not None
    assert f"{found.recommended}: {-difference.value:.4g} nats less on rows it has not seen" in (
        " ".join(result.stdout.split())
    )


def test_json_has_the_figures_of_the_core(source: str, bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", source, "--format", "json")
    record, report = record_of(result), report_of()
    assert result.stderr == NOTE
    assert [each["method"] for each in record["methods"]] == [*METHODS]
    for told, found in zip(record["methods"], report.methods, strict=True):
        assert found.map is not None
        assert {**found.map.parameters, "n_blocks": found.map.n_blocks} == {
            "n_blocks": None,
            **told["parameters"],
        }
        assert told["fitted_loss"] == found.fitted_loss
        assert told["cross_fitted_loss"] == found.cross_fitted_loss
        difference = found.difference
        assert told["difference"] == (None if difference is None else difference.value)
        assert told["ci_low"] == (None if difference is None else difference.ci_low)
        assert told["n_infinite"] == 0
    assert {key: record[key] for key in record if key not in ("methods", "not_told_apart")} == {
        "source": "preds.csv",
        "label_column": "y",
        "prediction_column": "p",
        "positive_label": None,
        "negative_label": None,
        "n": N,
        "n_positive": 56,
        "weight_sum": float(N),
        "base_rate": 56 / N,
        "n_missing": 0,
        "n_unmatched": None,
        "unit": "nats",
        "confidence": 0.95,
        "folds": 10,
        "seed": None,
        "order_column": None,
        "cluster_column": None,
        "n_clusters": None,
        "effective_clusters": None,
        "n_cut_clusters": 0,
        "n_judged": N,
        "n_at_0": 0,
        "n_at_1": 0,
        "recommended": "temperature",
        "recommended_difference": record["methods"][2]["difference"],
        "recommended_std_error": record["methods"][2]["std_error"],
        "recommended_ci_low": record["methods"][2]["ci_low"],
        "recommended_ci_high": record["methods"][2]["ci_high"],
        "fingerprint": fingerprint(LABELS, P),
        "notes": [],
    }
    assert set(record["not_told_apart"]) == set(report.not_told_apart)


def test_csv_has_a_line_for_each_method(source: str, bce: Callable[..., Result]) -> None:
    lines = list(csv.DictReader(io.StringIO(bce("recalibrate", source, "-f", "csv").stdout)))
    report = report_of()
    assert [line["method"] for line in lines] == [*METHODS]
    assert [line["method"] for line in lines if line["recommended"] == "true"] == ["temperature"]
    beta = report.of("beta").map
    assert beta is not None
    assert {name: float(lines[5][name]) for name in "abc"} == beta.parameters
    assert (lines[6]["n_blocks"], lines[6]["a"]) == (str(report.of("isotonic").map.n_blocks), "")  # type: ignore[union-attr]


@pytest.mark.parametrize("suffix", ["md", "html"])
def test_a_page_begins_with_the_verdict(
    suffix: str, source: str, bce: Callable[..., Result]
) -> None:
    result = bce("recalibrate", source, *FEW, "-o", f"page.{suffix}")
    assert (result.exit_code, result.output) == (0, "")
    page = Path(f"page.{suffix}").read_text(encoding="utf-8")
    verdict, table = page.index("logistic: "), page.index("cross-fitted, nats")
    assert verdict < table


def test_quiet_prints_the_method_alone(source: str, bce: Callable[..., Result]) -> None:
    assert bce("recalibrate", source, "--folds", "3", "-q").output == "temperature\n"


def test_brief_leaves_out_the_maps(source: str, bce: Callable[..., Result]) -> None:
    text, whole = (bce("recalibrate", source, *FEW, *more).stdout for more in (["--brief"], []))
    assert whole.endswith("\n\n" + text)
    assert "fitted to all rows" not in text


@pytest.mark.parametrize(
    ("options", "plan"),
    [
        ((), {}),
        (("--seed", "3"), {"seed": 3}),
        (("--confidence", "0.5"), {"confidence": 0.5}),
        (("--unit", "bits"), {"unit": "bits"}),
    ],
)
def test_options_are_those_of_the_core(
    options: tuple[str, ...], plan: dict[str, Any], source: str, bce: Callable[..., Result]
) -> None:
    told = record_of(bce("recalibrate", source, *FEW, *options, "-f", "json"))
    found = report_of(folds=3, method="logistic", **plan).of("logistic").difference
    assert found is not None
    assert told["methods"][1]["difference"] == found.value
    assert told["methods"][1]["ci_low"] == found.ci_low


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        (("-w", "w"), {"weights": WEIGHTS}),
        (("-p", "z", "--logits"), {"logits": LOGITS}),
        (("--cluster", "user"), {"cluster": words(USERS)}),
    ],
)
def test_columns_are_those_of_the_core(
    options: tuple[str, ...], columns: dict[str, Any], source: str, bce: Callable[..., Result]
) -> None:
    told = record_of(bce("recalibrate", source, *FEW, *options, "-f", "json"))
    plan = RecalibrationPlan(folds=3, method="logistic")
    report = recalibration_report(Rows(LABELS, P, **columns), plan)
    found = report.of("logistic")
    assert found.map is not None
    assert told["methods"][1]["parameters"] == found.map.parameters
    assert told["methods"][1]["cross_fitted_loss"] == found.cross_fitted_loss
    assert told["n_clusters"] == report.n_clusters
    predictions = columns.get("logits", P)
    assert told["fingerprint"] == fingerprint(LABELS, predictions, columns.get("weights"))


@pytest.mark.parametrize("column", ["day", "when"])
def test_order_is_by_date_or_by_number(
    column: str, source: str, bce: Callable[..., Result]
) -> None:
    text = bce("recalibrate", source, *FEW, "--order", column, "-f", "json")
    told, report = record_of(text), report_of([37 * i % 28 for i in range(N)], folds=3)
    assert (told["order_column"], told["n_judged"]) == (column, report.n_judged)
    assert told["methods"][1]["cross_fitted_loss"] == report.of("logistic").cross_fitted_loss
    assert told["methods"][0]["cross_fitted_loss"] == report.of("as-is").cross_fitted_loss


def test_what_a_table_says_of_folds(source: str, bce: Callable[..., Result]) -> None:
    def said(*options: str) -> str:
        return " ".join(bce("recalibrate", source, *FEW, *options, "--brief").stdout.split())

    others = "Cross-fitted: each row is judged by maps that were fitted to the other 2 of 3 folds; "
    free = "Intervals take rows to be independent; --cluster COLUMN is for rows that are not. "
    assert f"{others}rows of each label take turns. {free}" in said()
    assert f"{others}rows were dealt by chance, seed 3. {free}" in said("--seed", "3")
    depend = (
        "Intervals allow for rows of the same 'user' depending on each other: 15 clusters. "
        "With so few of them, the intervals tend to be too narrow. "
    )
    whole = f"{others}15 clusters of 'user' take turns whole, as they appear. {depend}"
    assert whole in said("--cluster", "user")
    by_chance = f"{others}15 clusters of 'user' were dealt whole by chance, seed 3. {depend}"
    assert by_chance in said("--cluster", "user", "--seed", "3")
    blocks = (
        "Cross-fitted: rows in 4 blocks by 'day'; each block is judged by maps fitted to those "
        "before it, and the first, 29 rows, not at all. "
    )
    cut = (
        f"{depend}15 clusters stand in several blocks, so that maps may have seen a cluster that "
        "they are judged by. "
    )
    assert blocks + free in said("--order", "day")
    assert blocks + cut in said("--order", "day", "--cluster", "user")


def test_save_keeps_the_recommended_map(source: str, bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", source, "--save", "map.json", "--unit", "bits")
    assert "The temperature map is in map.json: bce apply map.json new.csv" in result.stdout
    saved, report = read_map("map.json"), report_of()
    found = report.of("temperature")
    assert saved.map == found.map
    assert (saved.n, saved.n_positive, saved.folds) == (N, 56.0, 10)
    assert saved.fingerprint == fingerprint(LABELS, P)
    assert (saved.label_column, saved.prediction_column, saved.of_logits) == ("y", "p", False)
    losses = (saved.as_is_loss, saved.fitted_loss, saved.cross_fitted_loss)
    in_nats = (report.of("as-is").fitted_loss, found.fitted_loss, found.cross_fitted_loss)
    assert losses == pytest.approx(in_nats, rel=1e-15)
    assert found.difference is not None
    assert (saved.difference, saved.ci_low) == pytest.approx(
        (found.difference.value, found.difference.ci_low), rel=1e-14
    )


def test_save_keeps_the_map_that_was_asked_for(source: str, bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", source, "--method", "offset", "--save", "m.json", "-f", "json")
    assert record_of(result)["recommended"] == "as-is"
    assert result.stderr == NOTE + "bce: the offset map is in 'm.json'\n"
    assert read_map("m.json").map == report_of(method="offset").of("offset").map


def test_the_map_of_leaving_them_is_saved_as_well(bce: Callable[..., Result]) -> None:
    Path("calm.csv").write_text(
        "y,p\n" + "0,0.75\n1,0.75\n1,0.75\n1,0.75\n0,0.25\n0,0.25\n0,0.25\n1,0.25\n" * 9,
        encoding="utf-8",
    )
    result = bce("recalibrate", "calm.csv", "--folds", "3", "--save", "map.json")
    assert read_map("map.json").map.method == "as-is"
    note = "The as-is map, which changes nothing, is in map.json: bce apply map.json new.csv"
    assert note in " ".join(result.stdout.split())


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            ["--save", "preds.csv"],
            73,
            "preds.csv: the output would overwrite an input\nbce: choose another file for --save\n",
        ),
        (["--save", "./preds.csv"], 73, "./preds.csv: the output would overwrite an input"),
        (
            ["--save", "o.json", "-o", "o.json"],
            2,
            "--save and --output are the same file, 'o.json'",
        ),
        (["--save", ""], 2, "--save must name a file, got ''"),
        (["--save", "-"], 2, "--save must name a file, got '-'"),
        (["--save", "no/map.json"], 73, "no/map.json: no such file or directory"),
        (["--folds", "1"], 2, "--folds must be at least 2, got 1"),
        (["--folds", "0"], 2, "--folds must be at least 2, got 0"),
        (["--folds", "0", "--order", "day"], 2, "--folds must be at least 1, got 0"),
        (["--seed", "1", "--order", "day"], 2, "--seed deals rows by chance, "),
        (["--method", "plat"], 2, "--method 'plat' is not known; did you mean 'platt'?"),
        (["--confidence", "95"], 2, "--confidence must lie between 0 and 1"),
        (["--order", "user"], 65, "order (column 'user'): 'u0' does not say what came before"),
        (["--order", "nope"], 65, "preds.csv: there is no column 'nope'"),
        (["--order", "p"], 65, "preds.csv: column 'p' cannot be the order as well"),
        (["--like", "sklearn"], 2, "there is no option '--like'"),
    ],
)
def test_what_cannot_be_is_refused(
    options: list[str], code: int, message: str, source: str, bce: Callable[..., Result]
) -> None:
    more = [] if {"--folds", "--method"} & set(options) else FEW
    result = bce("recalibrate", source, *more, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"bce: error: {message}")
    assert [path.name for path in Path().iterdir()] == ["preds.csv"]
    assert Path("preds.csv").read_text(encoding="utf-8") == TEXT


def written(labels: np.ndarray, predictions: np.ndarray, *more: list[str]) -> str:
    columns = [[f"{int(label)}" for label in labels], [repr(p) for p in predictions.tolist()]]
    lines = zip(*columns, *more, strict=True)
    heads = ",".join(["y", "p", "user"][: len(more) + 2])
    Path("odd.csv").write_text(f"{heads}\n" + "".join(",".join(line) + "\n" for line in lines))
    return "odd.csv"


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        (np.ones(20), P[:20], "all labels are 1: a map takes both"),
        (np.zeros(20), P[:20], "all labels are 0: a map takes both"),
        (LABELS[:5], P[:5], "10 "),
        (np.repeat([True, False], [1, 19]), P[:20], "the only row of label 1 is in fold 1"),
    ],
)
def test_too_little_is_refused(
    labels: np.ndarray, predictions: np.ndarray, message: str, bce: Callable[..., Result]
) -> None:
    result = bce("recalibrate", written(labels, predictions))
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr.startswith(f"bce: error: {message}")


def test_fewer_clusters_than_folds_are_refused(bce: Callable[..., Result]) -> None:
    path = written(LABELS, P, [f"u{i % 4}" for i in range(N)])
    result = bce("recalibrate", path, "--cluster", "user")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr.startswith("bce: error: 10 ")
    assert "take as many clusters, and there are 4\n" in result.stderr


SEPARATED = "There is no map for {}: one threshold separates the labels, so the best slope is "


@pytest.mark.parametrize(
    ("labels", "predictions", "note", "verdict"),
    [
        (
            P > 0.4,
            P,
            SEPARATED.format("logistic and beta") + "infinite. ",
            r"isotonic: 0.",
        ),
        (
            LABELS,
            np.full(N, 0.25),
            "There is no map for logistic, platt and beta: all predictions are the same. ",
            "offset: 0.",
        ),
        (
            LABELS,
            np.where(np.arange(N) % 3 == 0, 0.7, np.round(P)),
            "logistic, platt and beta: all predictions other than 0 and 1 are the same. ",
            "offset: 0.",
        ),
        (
            LABELS,
            1.0 - P,
            "temperature, logistic and platt turn the order of predictions round: their slopes ",
            "temperature: ",
        ),
        (
            LABELS,
            np.round(P),
            "Formulas have levels at 0 and 1 alone: every prediction is 0 or 1, and those have no ",
            "offset: 0.",
        ),
        (
            LABELS,
            np.where(np.arange(N) % 10 < 2, np.arange(N) % 2, P),
            "Not monotone at 0: the level there is above what offset, temperature, logistic, ",
            "temperature: 0.",
        ),
    ],
)
def test_what_is_odd_about_maps_is_said(
    labels: np.ndarray,
    predictions: np.ndarray,
    note: str,
    verdict: str,
    bce: Callable[..., Result],
) -> None:
    result = bce("recalibrate", written(labels, predictions), "--folds", "3", "--brief")
    assert (result.exit_code, result.stderr) == (0, "")
    said = " ".join(result.stdout.split())
    assert note in said
    assert f" new.csv {verdict}" in said


def test_the_greatest_temperature_is_told_as_a_slope_of_0(bce: Callable[..., Result]) -> None:
    path = written(np.arange(N) % 2 == 0, np.repeat(P[: N // 2], 2))
    result = bce("recalibrate", path, "--folds", "3", "--method", "temperature")
    assert "\ntemperature  z / 1.7977e+308: the slope is 0\n" in result.stdout


def test_infinite_rows_have_a_column_where_there_are_any(bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", written(LABELS, np.round(P)), *FEW)
    n = int(np.count_nonzero(np.round(P) != LABELS))
    as_is = next(line for line in result.stdout.splitlines()[5:] if line.startswith("as-is"))
    assert as_is.split() == ["as-is", "inf", "inf", "-", "-", str(n)]
    found = report_of(folds=3, method="logistic")
    said = " ".join(result.stdout.split())
    assert found.recommended == "logistic"
    assert f"nats on rows it has not seen, where {n} rows cost infinity as they are." in said
    record = record_of(bce("recalibrate", "odd.csv", *FEW, "-f", "json"))
    assert record["methods"][0]["cross_fitted_loss"] is None
    assert [each["n_infinite"] for each in record["methods"]] == [n, 0]
    assert set(record["methods"][1]["parameters"]) == {"a", "b", "level_at_0", "level_at_1"}


def test_a_map_that_there_is_not_cannot_be_saved(bce: Callable[..., Result]) -> None:
    path = written(P > 0.4, P)
    result = bce("recalibrate", path, *FEW, "--save", "map.json")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == (
        "bce: error: there is no logistic map: one threshold separates the labels, so the best "
        "slope is infinite\n"
    )
    assert not Path("map.json").exists()
    left = bce("recalibrate", path, *FEW).stdout
    assert " ".join(left.split()).endswith(
        "Leave them as they are: a logistic map cannot be judged, as one threshold separates the "
        "labels, so the best slope is infinite."
    )


def test_a_method_that_does_harm_is_said_to(bce: Callable[..., Result]) -> None:
    likely = np.tile([True, True, False, False], 20)
    labels = np.tile([False, True, True, False] * 5 + [True, True, False, False] * 5, 2)
    times = [f"{i % 40 // 20}" for i in range(80)]
    path = written(labels, np.where(likely, 0.75, 0.25), times)
    options = ("--order", "user", "--folds", "1", "--method")
    harm = "Leave them as they are: temperature costs 0.4055 nats more "
    for method, said in (("temperature", harm), ("as-is", "no other map was looked at.")):
        text = bce("recalibrate", path, *options, method).stdout
        assert said in " ".join(text.split())


def test_labels_may_stand_elsewhere_with_the_order(bce: Callable[..., Result]) -> None:
    heads = TEXT.splitlines()
    Path("p.csv").write_text("id,p\n" + "".join(f"{i},{p!r}\n" for i, p in enumerate(P.tolist())))
    truth = [f"{i},{line.split(',')[0]},{DAYS[i]}\n" for i, line in enumerate(heads[1:])]
    Path("y.csv").write_text("id,y,day\n" + "".join(reversed(truth)))
    Path("whole.csv").write_text(TEXT)
    whole = bce("recalibrate", "whole.csv", *FEW, "--order", "day", "-f", "json")
    joined = bce(
        *("recalibrate", "p.csv", "--labels", "y.csv", "--on", "id"),
        *(*FEW, "--order", "day", "-f", "json"),
    )
    assert record_of(joined)["methods"] == record_of(whole)["methods"]


def test_an_order_of_few_values_makes_as_many_folds_as_it_can(bce: Callable[..., Result]) -> None:
    weeks = [str(i % 4) for i in range(N)]
    path = written(LABELS, P, weeks)
    options = ("recalibrate", path, "--order", "user", "--method", "offset")
    note = "Folds: 3 in place of 10, as 'user' has 4 different values."
    text = bce(*options).stdout
    assert "Cross-fitted: rows in 4 blocks by 'user'; " in text
    assert note in text
    result = bce(*options, "-f", "json")
    assert result.stderr == f"{NOTE}bce: note: {note}\n"
    found = record_of(result)
    assert (found["folds"], found["notes"]) == (3, [note])
    saved = document_of(found, "saved.json")
    assert isinstance(saved, RecalibrateDocument)
    assert saved.notes == (note,)
    asked = record_of(bce(*options, "--folds", "3", "-f", "json"))
    assert asked == found | {"notes": []}
    refused = bce(*options, "--folds", "4")
    assert refused.exit_code == 65
    assert refused.stderr == (
        "bce: error: 4 folds in order take 5 different values, and there are 4\n"
        "bce: at most --folds 3\n"
    )


def test_one_value_is_no_order(bce: Callable[..., Result]) -> None:
    result = bce("recalibrate", written(LABELS, P, ["1"] * N), "--order", "user")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == (
        "bce: error: 1 fold in order takes 2 different values, and there are 1\n"
    )


@pytest.mark.parametrize(("cell", "what"), [(" ", "is empty"), ("NA", "is 'NA'")])
def test_a_missing_order_is_refused_where_it_stands(
    cell: str, what: str, bce: Callable[..., Result]
) -> None:
    Path("b.csv").write_text(f"y,p,day\n1,0.5,2026-01-01\n0,0.5,{cell}\n")
    result = bce("recalibrate", "b.csv", "--order", "day")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr == (
        f"bce: error: b.csv, line 3: the order (column 'day') {what}\n"
        "bce: --missing drop leaves such rows out, and counts them\n"
    )


@pytest.mark.parametrize("option", ["--order", "--cluster"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_rows_without_an_order_or_a_cluster_can_be_left_out(
    option: str, suffix: str, bce: Callable[..., Result]
) -> None:
    import pyarrow as pa
    from pyarrow import parquet as pq

    days: list[str | None] = [*map(str, range(N))]
    kept = [i for i in range(N) if i not in (3, 4, N - 1)]
    for i in (3, 4, N - 1):
        days[i] = None
    table = pa.table({"y": LABELS.astype(int), "p": P, "day": pa.array(days, pa.string())})
    for name, rows in (("some", table), ("kept", table.take(kept))):
        if suffix == "parquet":
            pq.write_table(rows, f"{name}.parquet")
        elif suffix == "jsonl":
            lines = "".join(json.dumps(row) + "\n" for row in rows.to_pylist())
            Path(f"{name}.jsonl").write_text(lines)
        else:
            lines = "".join(f"{r['y']},{r['p']},{r['day'] or ''}\n" for r in rows.to_pylist())
            Path(f"{name}.csv").write_text(f"y,p,day\n{lines}")
    options = (*FEW, option, "day", "-f", "json")
    some = record_of(bce("recalibrate", f"some.{suffix}", "--missing", "drop", *options))
    whole = record_of(bce("recalibrate", f"kept.{suffix}", *options))
    assert some["n_missing"] == 3
    assert {key: value for key, value in some.items() if whole[key] != value} == {
        "source": f"some.{suffix}",
        "n_missing": 3,
    }


def test_all_methods_can_be_named() -> None:
    choices = Wanted.__annotations__["method"].__args__[0].__args__[0].__args__
    assert choices == METHODS
