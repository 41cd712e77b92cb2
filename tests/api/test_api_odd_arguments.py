"""What questions make of arguments that are odd, and what they say of those that are wrong."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are what is asked about
import pyarrow as pa  # noqa: TID253 -- as above
import pytest

import bce_cli as bce
from bce_cli.core.rules import RULES, Like

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore::bce_cli.errors.DoubtWarning")

Y, P = np.array([1, 0, 1, 0]), np.array([0.9, 0.2, 0.6, 0.4])
Q = np.array([0.8, 0.3, 0.7, 0.1])
FRAME = pd.DataFrame({"y": Y, "p": P, "q": Q, "site": list("aabb"), "day": list("xyxy")})
NUMBERED = pd.DataFrame({0: Y, 1: P, 2: Q, "site": list("aabb")})
DEEP = pd.DataFrame({("m", "y"): Y, ("m", "p"): P})
PROBA = np.column_stack([1 - P, P])
ask: Any = bce  # for calls that type checkers refuse


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(bce.BceError) as caught:
        call()
    return str(caught.value)


def texts(table: pa.Table, column: str) -> list[Any]:
    values: list[Any] = table[column].to_pylist()
    return values


@pytest.mark.parametrize(
    "predictions",
    [
        PROBA,
        PROBA.astype(np.float32),
        PROBA.astype(np.float16),
        pd.DataFrame(PROBA),
        pa.table({"no": PROBA[:, 0], "yes": PROBA[:, 1]}),
    ],
)
def test_the_probabilities_of_both_labels_are_not_two_models(predictions: Any) -> None:  # noqa: ANN401
    assert refused(lambda: bce.compare(Y, predictions)) == (
        "predictions have shape (4, 2), of rows that sum to 1: not two models\n"
        "pass [:, 1] of each model: predictions={'old': p[:, 1], 'new': q[:, 1]}"
    )


def test_columns_of_an_array_are_models() -> None:
    result = bce.compare(Y, np.column_stack([P, Q]))
    assert result == bce.compare(Y, [P, Q])
    assert texts(result.models, "name") == ["model 1", "model 2"]
    assert texts(bce.compare(Y, np.column_stack([1 - P, P, Q])).models, "n_impossible") == [0] * 3


def test_a_frame_is_a_mapping_of_its_columns() -> None:
    two = {"p": FRAME["p"], "q": FRAME["q"]}
    assert bce.compare(FRAME["y"], FRAME[["p", "q"]]) == bce.compare(FRAME["y"], two)
    table = pa.table({"p": P, "q": Q})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    for predictions in (table, reader):
        assert bce.compare(Y, predictions) == bce.compare(Y, two)
    sites = bce.compute(Y, P, by=FRAME[["site", "day"]]).segments
    assert sites.column_names[:2] == ["site", "day"]
    assert sites.num_rows == 4
    twice = pd.concat([FRAME[["p"]], FRAME[["p"]]], axis=1)
    assert refused(lambda: bce.compare(Y, twice)) == (
        "two columns are called 'p'\na mapping names them: {'a': values, 'b': values}"
    )
    other = FRAME[["p", "q"]].set_axis([3, 2, 1, 0])
    assert refused(lambda: bce.compare(FRAME["y"], other)).startswith(
        "y and p have the same index in another order\n"
    )


def test_a_frame_of_one_column_is_that_column() -> None:
    found = bce.compute(FRAME[["y"]], FRAME[["p"]], weight=FRAME[["q"]], id=FRAME[["site"]])
    assert found == bce.compute(FRAME["y"], FRAME["p"], weight=FRAME["q"], id=FRAME["site"])
    assert found.to_dict()["label_column"] == "y"
    stream = pa.table({"a": P, "b": P}).to_reader()
    assert refused(lambda: ask.compute(Y, stream)) == (
        "prediction has shape (4, 2): pass ['b'], the probability of label 1"
    )
    assert refused(lambda: bce.compute(FRAME[["y", "q"]], P)) == (
        "the first argument is a table or a path, 'DataFrame', and predictions values\n"
        "name the column that holds them, prediction='p', or pass the labels alone"
    )
    assert refused(lambda: bce.compute(Y, P, weight=FRAME[["p", "q"]])) == (
        "weight has shape (4, 2), where (n,) is needed\npass one of its columns, such as ['p']"
    )


def test_numbers_name_columns_that_are_called_so() -> None:
    named = NUMBERED.rename(columns=str)
    assert ask.compute(NUMBERED, 1, label=0) == bce.compute(named, "1", label="0")
    assert ask.compute({0: Y, 1: P}, 1, label=0).mean_loss == bce.compute(Y, P).mean_loss
    assert ask.compute(NUMBERED, np.int64(1), label=0, by=2) == bce.compute(
        named, "1", label="0", by="2"
    )
    assert ask.compare(NUMBERED, [1, 2], label=0) == bce.compare(named, ["1", "2"], label="0")
    assert ask.compute([NUMBERED, NUMBERED.copy()], 1, label=0).n == 8
    assert refused(lambda: ask.compare([1, 0] * 5000, [1, 0] * 5000)).startswith(
        "predictions must be those of several models, got one list\n"
    )
    assert refused(lambda: ask.compute(FRAME, 3)) == (
        "prediction is 3, and no column is called so\n'#1' is the first column, '#2' the second"
    )
    assert refused(lambda: ask.compute(FRAME, "p", by=["site", 7])) == (
        "by is 7, and no column is called so\n'#1' is the first column, '#2' the second"
    )


def test_names_of_several_levels_are_to_be_texts() -> None:
    call = lambda: ask.compute(DEEP, ("m", "p"), label=("m", "y"))  # noqa: E731
    assert refused(call) == (
        "prediction is ('m', 'p'), and names of columns must be texts\n"
        "df.set_axis(df.columns.map('_'.join), axis=1) has such names"
    )
    flat = DEEP.set_axis(DEEP.columns.map("_".join), axis=1)
    assert bce.compute(flat, "m_p", label="m_y").mean_loss == bce.compute(Y, P).mean_loss


def test_intervals_and_periods_are_segments_by_their_text() -> None:
    cut = pd.cut(pd.Series([0.2, 0.7, None, 0.8]), [0, 0.5, 1])
    months = pd.Series(pd.period_range("2026-01", periods=4, freq="M"))
    for values, words in (
        (cut, {"(0.0, 0.5]", "(0.5, 1.0]", ""}),
        (
            pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3, 4]),
            {f"({n}, {n + 1}]" for n in range(4)},
        ),
        (months, {f"2026-0{n}" for n in range(1, 5)}),
        (pd.PeriodIndex(months), {f"2026-0{n}" for n in range(1, 5)}),
    ):
        assert set(texts(bce.compute(Y, P, by={"part": values}).segments, "part")) == words
        table = {"y": Y, "p": P, "part": values}
        assert set(texts(bce.compute(table, by="part").segments, "part")) == words


def test_a_missing_segment_is_the_one_of_empty_text() -> None:
    segments = bce.compute(Y, P, by={"site": ["", None, "a", "a"]}).segments
    assert dict(zip(texts(segments, "site"), texts(segments, "n"), strict=True)) == {"": 2, "a": 2}


SWAPPED = "labels come first, then predictions: these look swapped"
ROW_1 = "arrays, row 1: label 0.9 is not 0 or 1; at least 3 more rows are faulty\n"
BOOLS = "prediction must be numbers, not of type bool"
MISSING = (
    "arrays, row 1: prediction is null; at least 3 more rows are faulty\n"
    "missing='drop' leaves such rows out, and counts them"
)
TWO_SEGMENTS = (
    "by has shape (4, 2), where (n,) is needed\nseveral columns are a mapping: {'a': by[:, 0], ...}"
)
SYNONYM = (
    "arrays, row 1: label '1' means the same as 'true', but is written otherwise; "
    "at least 2 more rows are faulty\n"
    "positive='1' is as it is written; without positive=, 1 and true are one label"
)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bce.compute(P, Y), f"{ROW_1}{SWAPPED}"),
        (lambda: bce.losses(P, Y), f"{ROW_1}{SWAPPED}"),
        (lambda: bce.compare(P, [Y, Y]), f"{ROW_1}{SWAPPED}"),
        (
            lambda: bce.compute(P, Y == 1),
            f"{BOOLS}\n{SWAPPED}",
        ),
        (
            lambda: bce.compute(P, ["no", "yes", "no", "yes"]),
            f"prediction must be numbers, not of type string\n{SWAPPED}",
        ),
        (lambda: bce.compute(Y, list("abab")), "prediction must be numbers, not texts"),
        (lambda: bce.compute(Y, Y == 1), "arrays: prediction is of type bool, not numbers"),
        (
            lambda: bce.compute(Y, [None] * 4),
            MISSING,
        ),
        (
            lambda: bce.compute(np.eye(2)[Y], P),
            "label has shape (4, 2): if they are one-hot, pass [:, 1]",
        ),
        (
            lambda: bce.compute(Y, P, by=np.zeros((4, 2))),
            TWO_SEGMENTS,
        ),
        (
            lambda: bce.compute(2 * Y - 1, P, positive=True),
            SYNONYM,
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_of_arrays(call: Callable[[], object], message: str) -> None:
    assert refused(call) == message


@pytest.mark.parametrize(
    ("question", "argument", "instead"),
    [
        (
            "losses",
            "cluster",
            "; compute, compare, calibration, recalibrate, check and report have it",
        ),
        ("check", "by", "; compute, compare, calibration and report have it"),
        ("compute", "y_true", "; did you mean 'data'?"),
        ("compute", "y_pred", "; did you mean 'prediction'?"),
        ("compare", "y_prob", "; did you mean 'predictions'?"),
        ("compute", "sample_weight", "; did you mean 'weight'?"),
        ("compute", "pos_label", "; did you mean 'positive'?"),
        ("compute", "groups", "; did you mean 'by' or 'cluster'?"),
        ("recalibrate", "groups", "; did you mean 'cluster'?"),
        ("calibration", "n_bins", "; did you mean 'bins'?"),
        ("losses", "eps", "; did you mean 'clip'?"),
        ("compute", "wieght", "; did you mean 'weight'?"),
        ("compute", "zzz", ""),
    ],
)
def test_arguments_of_other_questions_and_libraries_are_known(
    question: str, argument: str, instead: str
) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(bce, question)(Y, P, **{argument: P})
    assert str(caught.value) == f"{question}() has no argument {argument!r}{instead}"


def test_labels_of_other_libraries_are_not_needed() -> None:
    assert refused(lambda: ask.compute(Y, P, labels=[0, 1])) == (
        "labels is for tables; the labels are the first argument here\n"
        "they are 0 and 1, or two values of which positive= names one"
    )


def test_help_says_what_an_argument_may_be() -> None:
    parameters = inspect.signature(bce.compute).parameters
    assert parameters["data"].annotation == "Table | Values"
    assert parameters["weight"].annotation == "str | Values | None"
    assert parameters["positive"].annotation == "object"


def test_type_checkers_know_the_libraries() -> None:
    assert get_args(Like) == (*RULES, "all")


@pytest.mark.parametrize("argument", ["missing", "join", "decimal", "engine", "like", "unit"])
def test_a_rule_is_not_none(argument: str) -> None:
    call = lambda: ask.compute(FRAME, "p", **{argument: None})  # noqa: E731
    assert refused(call).startswith(f"{argument} None is not known\nknown are ")
