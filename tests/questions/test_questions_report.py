"""One pass answers every question as the command that asks it alone does."""

from __future__ import annotations

import io
import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.gate.limits import Limits
from bce_cli.errors import ArgumentError, DataError
from bce_cli.questions.answers import job
from bce_cli.questions.cuts import cuts_of_texts
from bce_cli.questions.inputs import Inputs
from bce_cli.questions.report import ReportPlan, report
from bce_cli.render.records import write_json
from tests.render.reports import figures_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from bce_cli.render.page.document import ReportDocument

N = 200
_OF_PRODUCT = {"products", "likelihood_product", "product_subnormal_row", "product_zero_row"}


def write_rows(
    n: int = N,
    *,
    soft: bool = False,
    logits: bool = False,
    sure: bool = False,
    gaps: bool = False,
) -> None:
    """Write rows with two models, and a third in a file of its own, in another order."""
    source = random.Random(20)  # noqa: S311 -- no secret
    lines, others = [], []
    for i in range(n):
        y: float = source.randrange(2)
        p, q, r = (source.betavariate(4, 2) if y else source.betavariate(2, 4) for _ in "pqr")
        if soft:
            y = round(source.random(), 3)
        if logits:
            p, q, r = (8.0 * each - 4.0 for each in (p, q, r))
        if sure and i in (7, 123):
            p = 1.0 - y
        label = "" if gaps and i % 50 == 3 else y
        site, day, age = source.choice("abc"), source.randrange(40), source.randrange(90)
        lines.append(f"row {i},{label},{p!r},{q!r},{source.randrange(4)},{site},day {day},{age}")
        others.append(f"row {i},{y},{r!r}")
    source.shuffle(others)
    Path("preds.csv").write_text("\n".join(["id,y,p,q,w,site,day,age", *lines]) + "\n")
    Path("old.csv").write_text("\n".join(["id,y,r", *others]) + "\n")
    Path("truth.csv").write_text(
        "\n".join(["id,y", *(line.rpartition(",")[0] for line in others)]) + "\n"
    )


class Case(NamedTuple):
    """What is asked of which rows, as questions and as commands have it.

    `read` goes with every command; `parted` with those that take --by, `clustered` with those that
    take --cluster, and `checks` with check alone.
    """

    inputs: Inputs
    read: tuple[str, ...] = ()
    rows: dict[str, bool] = {}  # noqa: RUF012 -- never changed
    parted: tuple[str, ...] = ()
    clustered: tuple[str, ...] = ()
    worst: int = 0
    unit: str = "nats"
    confidence: float = 0.95
    limits: Limits | None = None
    checks: tuple[str, ...] = ()
    calibration: tuple[str, ...] = ()
    fine_bins: bool = False

    @property
    def plan(self) -> ReportPlan:
        unit: Any = self.unit
        plan = CalibrationPlan(with_fine_bins=self.fine_bins)
        return ReportPlan(unit, self.confidence, self.worst, plan, self.limits)


ALL = Limits(
    max_loss=0.7,
    min_skill=0.01,
    max_brier=0.24,
    min_auc=0.6,
    max_miscalibration=0.02,
    max_ece=0.05,
    min_rows=250,
    confident=True,
)
ALL_CHECKS = (
    *("--max-loss", "0.7", "--min-skill", "0.01", "--max-brier", "0.24", "--min-auc", "0.6"),
    *("--max-miscalibration", "0.02", "--max-ece", "0.05", "--min-rows", "250", "--confident"),
)
ONE = Inputs("y", ("p",))
TWO = Inputs("y", ("p", "q"))
CASES = {
    "two models": Case(TWO, limits=ALL, checks=ALL_CHECKS, worst=2, unit="bits", confidence=0.9),
    "one model": Case(ONE),
    "segments and clusters": Case(
        replace(TWO, by=("site",), cluster="day"),
        parted=("--by", "site"),
        clustered=("--cluster", "day"),
        limits=ALL,
        checks=ALL_CHECKS,
    ),
    "intervals of all rows": Case(
        replace(TWO, by=("age", "site"), cut=cuts_of_texts(["age=quantile:3"], ["age", "site"])),
        parted=("--by", "age", "--by", "site", "--cut", "age=quantile:3"),
    ),
    "weights": Case(replace(TWO, weight="w"), ("--weight", "w"), limits=ALL, checks=ALL_CHECKS),
    "soft labels": Case(replace(TWO, soft_labels=True), ("--soft-labels",), {"soft": True}),
    "logits": Case(replace(TWO, logits=True), ("--logits",), {"logits": True}),
    "infinite": Case(
        TWO,
        rows={"sure": True},
        limits=Limits(max_loss=0.7),
        checks=("--max-loss", "0.7"),
        worst=3,
    ),
    "left out": Case(
        replace(TWO, missing="drop"),
        ("--missing", "drop"),
        {"gaps": True},
        limits=ALL,
        checks=ALL_CHECKS,
    ),
    "joined": Case(
        Inputs("y", ("p",), labels="truth.csv", on=("id",), by=("site",)),
        ("--labels", "truth.csv", "--on", "id"),
        parted=("--by", "site"),
    ),
    "fine bins": Case(
        replace(TWO, by=("site",)),
        parted=("--by", "site"),
        calibration=("--fine-bins",),
        fine_bins=True,
        limits=Limits(max_loss=0.7, max_ece=0.05),
        checks=("--max-loss", "0.7", "--max-ece", "0.05"),
    ),
    "clusters that no check allows for": Case(
        replace(TWO, cluster="day"),
        clustered=("--cluster", "day"),
        limits=Limits(max_loss=0.7, min_auc=0.6),
        checks=("--max-loss", "0.7", "--min-auc", "0.6"),
    ),
}


def asked(
    inputs: Inputs,
    plan: ReportPlan = ReportPlan(),  # noqa: B008 -- frozen
    *sources: str,
    n_workers: int = 2,
    block_bytes: int | None = None,
) -> ReportDocument:
    paths = sources or ("preds.csv",)
    data = inputs.data(paths, block_bytes)
    return report(job(data, n_workers, "local", None), inputs, paths, plan)


def saved(record: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a record as JSON has it."""
    return json.loads(write_json(record))


def alone(bce: Callable[..., Result], *command: str) -> Any:  # noqa: ANN401 -- any JSON value
    found = bce(command[0], "preds.csv", *command[1:], "-f", "json")
    assert found.exit_code in (0, 3, 4), found.stderr
    return json.loads(found.stdout)


def assert_all_as_alone(document: ReportDocument, case: Case, bce: Callable[..., Result]) -> None:
    first, *rest = case.inputs.predictions
    columns = [part for name in case.inputs.predictions for part in ("-p", name)]
    unit = ("--unit", case.unit)
    level = ("--confidence", str(case.confidence))
    read, parted, clustered = case.read, case.parted, case.clustered

    assert document.models == case.inputs.predictions
    assert document.compute is not None
    record = saved(document.compute.record())
    if parted:
        assert record.keys() >= _OF_PRODUCT
        record = {name: value for name, value in record.items() if name not in _OF_PRODUCT}
    worst = ("--worst", str(case.worst)) if case.worst else ()
    own = ("-l", "y", "-p", first, *read, *unit)
    assert record == alone(bce, "compute", *own, *parted, *clustered, *level, *worst)

    side_by_side = alone(bce, "compute", *own, *clustered, *level, "--like", "all")
    assert document.conventions is not None
    assert saved(document.conventions.compared.lines()) == side_by_side["conventions"]
    assert document.conventions.differences == ()

    models = ("-l", "y", *columns, *read, *clustered, *unit)
    if rest:
        assert document.compare is not None
        told = alone(bce, "compare", *models, *parted, *level, "--rows", str(case.worst))
        assert saved(document.compare.record()) == told
    else:
        assert document.compare is None
    assert document.calibration is not None
    told = alone(bce, "calibration", *models, *level, *case.calibration)
    assert saved(document.calibration.record()) == told

    if case.fine_bins:
        assert document.recalibrations == ()
    else:
        for name, found in zip(case.inputs.predictions, document.recalibrations, strict=True):
            own = ("-l", "y", "-p", name, *read, *clustered, *unit)
            assert saved(found.record()) == alone(bce, "recalibrate", *own, *level)

    if case.limits is None:
        assert document.check is None
        return
    assert document.check is not None
    with_clusters = clustered if case.limits.confident else ()
    own = ("-l", "y", "-p", first, *read, *unit, *with_clusters)
    assert saved(document.check.record()) == alone(bce, "check", *own, *case.checks)


@pytest.mark.few(1)
@pytest.mark.parametrize("name", CASES)
def test_every_answer_is_that_of_the_command_alone(name: str, bce: Callable[..., Result]) -> None:
    case = CASES[name]
    write_rows(**case.rows)
    document = asked(case.inputs, case.plan)
    assert_all_as_alone(document, case, bce)
    cut = asked(case.inputs, case.plan, n_workers=1, block_bytes=3000)
    assert figures_of(cut) == figures_of(document)


def test_a_pipe_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(60)
    of_file = figures_of(asked(ONE))
    text = Path("preds.csv").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    of_pipe = figures_of(asked(ONE, ReportPlan(), "-"))
    assert of_pipe["origin"] == replace(of_file["origin"], sources=("-",), files=())
    for there, here in zip(of_file["records"], of_pipe["records"], strict=True):
        assert here == (None if there is None else there | {"source": "-"})
    for name in ("losses", "log_product"):
        assert of_pipe[name] == of_file[name]


AGAINST = Limits(against=True, budget=0.5)
FINE = ReportPlan(calibration=CalibrationPlan(with_fine_bins=True))
"""Judges no map, which takes most of the time."""


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("inputs", "names", "sources", "columns"),
    [
        (Inputs("y", ("p",), against_column="q"), ("p", "q"), "own", "pq"),
        (Inputs("y", ("p", "q"), against_column="q"), ("p", "q"), "own", "pq"),
        (Inputs("y", ("q", "w", "p"), against_column="w"), ("q", "w", "p"), "own", "qwp"),
        (
            Inputs("y", ("p",), on=("id",), against=("old.csv",), against_column="r"),
            *(("preds.csv", "old.csv"), "other", "pr"),
        ),
        (
            Inputs("y", ("p", "q"), on=("id",), against=("old.csv",), against_column="r"),
            *(("p", "q", "old.csv"), "other", "pqr"),
        ),
        (
            Inputs("y", ("[pq]",), 1, on=("id",), against=("old.csv",), against_column="r"),
            *(("p", "q", "old.csv"), "other", "pqr"),
        ),
        (
            Inputs("y", ("p",), against=("preds.csv",), against_column="q"),
            *(("p", "q"), "itself", "pq"),
        ),
        (Inputs("y", ("p",), against=("preds.csv",)), ("p 1", "p 2"), "itself", "pp"),
    ],
)
def test_what_is_held_against_is_one_model_more(
    inputs: Inputs, names: tuple[str, ...], sources: str, columns: str, bce: Callable[..., Result]
) -> None:
    write_rows(60)
    text = Path("preds.csv").read_text()
    if "w" in inputs.predictions:  # weights are no probabilities
        lines = [line.split(",") for line in text.splitlines()]
        body = (",".join([*line[:4], f"0.{line[4]}1", *line[5:]]) for line in lines[1:])
        Path("preds.csv").write_text("\n".join([",".join(lines[0]), *body]) + "\n")
    plan = ReportPlan(limits=AGAINST) if inputs.against else replace(FINE, limits=AGAINST)
    document = asked(inputs, plan)
    other = {"own": "preds.csv", "other": "old.csv", "itself": "preds.csv"}[sources]
    assert document.models == names
    assert document.check is not None
    assert document.check.against is not None
    place = 1 if "w" in inputs.predictions else -1
    assert document.check.against.column == columns[place]
    assert document.check.against.sources == (other,)
    assert document.check.origin.prediction_columns == (columns[0],)
    assert document.compare is not None
    losses = [model.report.mean_loss for model in document.compare.report.models]
    rival = document.check.judgement.rival
    assert rival is not None
    assert (document.check.judgement.report.mean_loss, rival.report.mean_loss) == (
        losses[0],
        losses[place],
    )
    if inputs.against:
        origins = [each.origin for each in document.recalibrations]
        assert [origin.prediction_columns for origin in origins] == [(name,) for name in columns]
        assert [origin.sources for origin in (origins[0], origins[-1])] == [
            ("preds.csv",),
            (other,),
        ]
    where = ["--against", *map(str, inputs.against)] if inputs.against else []
    column = ["--against-column", inputs.against_column] if inputs.against_column else []
    on = ["--on", "id"] if inputs.on else []
    own = ("-l", "y", "-p", columns[0], *where, *column, *on, "--budget", "0.5")
    assert saved(document.check.record()) == alone(bce, "check", *own)


def test_a_pattern_does_not_say_which_column_of_another_file_is_meant() -> None:
    write_rows(60)
    inputs = Inputs("y", ("[pq]",), 1, on=("id",), against=("old.csv",))
    with pytest.raises(ArgumentError) as caught:
        asked(inputs)
    assert str(caught.value) == (
        "against takes one column, and against_column does not say which\n"
        "predictions are a pattern here"
    )


@pytest.mark.parametrize(
    ("inputs", "limits", "name"),
    [
        (replace(ONE, cluster="day"), None, "cluster"),
        (ONE, Limits(min_auc=0.5), "min_auc"),
        (ONE, Limits(max_loss=1.0, max_miscalibration=0.5), "max_miscalibration"),
        (ONE, Limits(max_ece=0.5, strategy="quantile"), "max_ece"),
    ],
)
def test_what_needs_the_rows_is_refused_where_none_are_held(
    inputs: Inputs, limits: Limits | None, name: str
) -> None:
    plan = ReportPlan(calibration=CalibrationPlan(with_fine_bins=True), limits=limits)
    with pytest.raises(ArgumentError) as caught:
        asked(inputs, plan, "nowhere.csv")
    assert str(caught.value) == f"{name} needs the rows, and fine_bins does not hold them"


def test_there_is_no_advice_where_no_map_can_be_judged() -> None:
    Path("preds.csv").write_text("y,p\n" + "1,0.5\n" * 40)
    assert asked(ONE).no_advice == "all labels are 1: a map takes both"
    Path("preds.csv").write_text("y,p\n1,0.5\n0,0.25\n")
    few = asked(ONE)
    assert few.recalibrations == ()
    assert few.no_advice == (
        "10 folds take as many rows of a label, and there are 1 of label 1 and 1 of label 0"
    )
    assert few.log_product is not None
    assert few.log_product.rows == (0, 1, 2)


@pytest.mark.deep
def test_values_of_rows_are_in_it_only_where_they_were_asked_for() -> None:
    write_rows(60)
    inputs = replace(TWO, id="id", labels="truth.csv", on=("id",), by=("site",))
    text = json.dumps(saved(figures_of(asked(inputs, FINE))["records"]))
    assert "row 1" not in text
    told = asked(inputs, replace(FINE, n_worst=2))
    assert told.compute is not None
    assert told.compare is not None
    assert len(told.compute.worst) == 2
    (changed,) = told.compare.report.comparisons
    assert len(changed.gained) == len(changed.lost) == 2
    assert [row.id for row in told.compute.worst] == [
        row["id"] for row in told.compute.record()["worst_rows"]
    ]
    assert all(str(row.id).startswith("row ") for row in (*told.compute.worst, *changed.lost))


def test_segments_beyond_the_costliest_fifty_are_taken_together() -> None:
    lines = [f"{i % 3 == 0:d},{0.25 + i % 7 / 20},s{i % 60},a" for i in range(900)]
    Path("preds.csv").write_text("\n".join(["y,p,site,kind", *lines]) + "\n")
    few = asked(replace(ONE, by=("kind",)), FINE)
    assert few.others is None
    document = asked(replace(ONE, by=("site",)), FINE)
    assert document.compute is not None
    assert document.others is not None
    order = [segment.names for segment in document.compute.segments]
    assert len(order) == 60
    assert document.others.names == set(order[50:])
    found, rest = document.others.report, document.compute.segments[50:]
    assert (found.names, found.n, found.is_small) == ((), sum(each.n for each in rest), False)
    names = {names[0] for names in order[50:]}
    kept = [line for line in lines if line.split(",")[2] in names]
    Path("preds.csv").write_text("\n".join(["y,p,site,kind", *kept]) + "\n")
    own = asked(replace(ONE, by=("kind",)), FINE).compute
    assert own is not None
    assert found.report == own.segments[0].report
    assert found.gap == own.segments[0].gap
    assert found.share_of_total == own.report.total_loss / document.compute.report.total_loss


def test_other_libraries_are_left_out_where_types_of_predictions_are_mixed() -> None:
    import pyarrow as pa
    from pyarrow import parquet

    labels = pa.array([1, 0] * 20)
    for name, kind in (("a.parquet", np.float32), ("b.parquet", np.float64)):
        p = pa.array(np.linspace(0.1, 0.9, 40).astype(kind))
        parquet.write_table(pa.table({"y": labels, "p": p}), name)
    document = asked(ONE, FINE, "a.parquet", "b.parquet")
    assert document.conventions is None
    assert document.compute is not None
    assert document.compute.report.n == 80


@pytest.mark.parametrize(
    ("unit", "confidence", "message"),
    [
        ("nat", 0.95, "unit 'nat' is not known; did you mean 'nats'?\nknown are nats, bits"),
        ("nats", 95.0, "confidence must lie between 0 and 1, got 95\nsuch as 0.95 or 0.99"),
    ],
)
def test_a_plan_is_checked(unit: Any, confidence: float, message: str) -> None:  # noqa: ANN401
    with pytest.raises(ArgumentError) as caught:
        ReportPlan(unit, confidence)
    assert str(caught.value) == message


def test_the_first_fault_of_the_rows_is_told() -> None:
    Path("preds.csv").write_text("y,p\n1,0.5\n0,1.5\n1,2\n")
    with pytest.raises(DataError) as caught:
        asked(ONE)
    assert str(caught.value) == (
        "preds.csv, line 3: prediction 1.5 (column 'p') is not in [0, 1]; at least 1 more row is "
        "faulty"
    )
