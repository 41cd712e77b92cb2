"""Tables in memory as models, as labels, and beside files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd  # noqa: TID253 -- frames are made with it
import pyarrow as pa  # noqa: TID253 -- as above
import pytest

from bce_cli.core.rows import Rows, concatenated
from bce_cli.data.data import Join, open_data, open_models
from bce_cli.engine.cluster import check_sources
from bce_cli.engine.run import Job, collect_rows
from bce_cli.errors import ArgumentError, BceError, DataError, UsageError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.frames import frame_of, frame_of_columns
from bce_cli.readers.grammar import InputOptions, Layout

if TYPE_CHECKING:
    from collections.abc import Callable

ON = Join(("id",))
IDS, LABELS, OLD, NEW = ["a", "b", "c"], [1, 0, 1], [0.9, 0.2, 0.7], [0.1, 0.3, 0.2]


def table(predictions: list[float], **columns: Any) -> pd.DataFrame:  # noqa: ANN401
    return pd.DataFrame({"id": IDS, "y": LABELS, "p": predictions} | columns)


def shuffled(predictions: list[float]) -> pa.Table:
    return pa.Table.from_pandas(table(predictions)[::-1], preserve_index=False)


def rows_of(
    opened: Callable[..., Any],
    *sources: Any,  # noqa: ANN401
    join: Join | None = None,
    layout: Layout | None = None,
    choice: ColumnChoice | None = None,
) -> Rows:
    sources = tuple(s if isinstance(s, str) else frame_of(s) for s in sources)
    options = InputOptions(choice or ColumnChoice(), layout=layout or Layout())
    return collect_rows(Job(opened(sources, options, join), 0))


def models(rows: Rows) -> list[list[float]]:
    assert rows.labels.tolist() == [True, False, True]
    return [rows.probabilities.tolist(), *(rival.probabilities.tolist() for rival in rows.rivals)]


def test_models_stand_side_by_side() -> None:
    assert models(rows_of(open_models, table(OLD), table(NEW))) == [OLD, NEW]
    arrow = pa.Table.from_pandas(table(NEW))
    assert models(rows_of(open_models, table(OLD), arrow)) == [OLD, NEW]
    table(OLD).to_csv("old.csv", index=False)
    assert models(rows_of(open_models, "old.csv", table(NEW))) == [OLD, NEW]
    assert models(rows_of(open_models, table(NEW), "old.csv")) == [NEW, OLD]


def test_models_are_joined_by_a_key() -> None:
    assert models(rows_of(open_models, table(OLD), shuffled(NEW), join=ON)) == [OLD, NEW]
    table(OLD).to_csv("old.csv", index=False)
    assert models(rows_of(open_models, "old.csv", shuffled(NEW), join=ON)) == [OLD, NEW]
    assert models(rows_of(open_models, table(NEW), "old.csv", join=ON)) == [NEW, OLD]
    index = table(NEW).set_index("id")[::-1]
    assert models(rows_of(open_models, table(OLD), index, join=ON)) == [OLD, NEW]


def test_labels_stand_in_a_table_of_their_own() -> None:
    predictions, truth = table(OLD)[["id", "p"]], table(OLD)[["id", "y"]]
    reader = pa.Table.from_pandas(truth).to_reader()
    for labels, keys in (
        (frame_of(truth[::-1]), ("id",)),
        (frame_of(reader), ("id",)),
        (frame_of(truth), ()),
        (frame_of({"outcome": LABELS}), ()),
        (frame_of_columns({"label": LABELS}, "labels"), ()),
    ):
        assert models(rows_of(open_data, predictions, join=Join(keys, labels))) == [OLD]
    table(OLD).to_csv("all.csv", index=False)
    assert models(rows_of(open_data, predictions, join=Join(("id",), "all.csv"))) == [OLD]
    with_labels = Join(("id",), frame_of(truth))
    choice = ColumnChoice(prediction="p")
    assert models(rows_of(open_data, "all.csv", join=with_labels, choice=choice)) == [OLD]
    with pytest.raises(DataError) as refusal:
        rows_of(open_data, predictions, join=Join(("id",), frame_of(truth[:2])))
    message = "DataFrame 1, row 3: the key 'c' has no partner in DataFrame 2"
    assert refusal.value.message == message


def test_tables_follow_each_other() -> None:
    table(NEW).to_csv("new.csv", index=False)
    rows = rows_of(open_data, table(OLD), "new.csv", {"y": [0], "p": [0.5]})
    assert rows.probabilities.tolist() == [*OLD, *NEW, 0.5]
    options = InputOptions()
    with open_data([frame_of(table(OLD)), frame_of(table(NEW))], options) as data:
        assert data.name == "DataFrame 1, DataFrame 2"
        assert data.n_bytes() is None
        for _ in range(2):
            rows = concatenated([block.read().rows for block in data.blocks()])
            assert rows.probabilities.tolist() == [*OLD, *NEW]


def test_the_same_labels_in_two_tables_are_told_of() -> None:
    data = open_data([frame_of(table(OLD), "old"), frame_of(table(NEW), "new")], InputOptions())
    collect_rows(Job(data, 0))
    (note,) = data.notes
    assert note.startswith("old and new hold the same 3 labels in the same order: ")


def refused(*sources: Any, opened: Callable[..., Any] = open_models, **more: Any) -> BceError:  # noqa: ANN401
    with pytest.raises(BceError) as refusal:
        rows_of(opened, *sources, **more)
    return refusal.value


def test_rows_that_pandas_calls_differently_are_not_paired() -> None:
    old, new = table(OLD), table(NEW)
    for other, differ in (
        (new[::-1], "the same index in another order"),
        (new.set_index("id"), "different indexes"),
    ):
        error = refused(old, other)
        assert isinstance(error, ArgumentError)
        assert error.message == f"DataFrame 1 and DataFrame 2 have {differ}"
        assert (
            error.hint == "pair them by a key, on='id', or by their place: .reset_index(drop=True)"
        )
        by_labels = Join((), frame_of(other))
        assert refused(old, opened=open_data, join=by_labels).message == error.message
    labels = frame_of_columns({"label": pd.Series(LABELS, index=[3, 4, 5])}, "labels")
    error = refused(old, opened=open_data, join=Join((), labels))
    assert error.message == "DataFrame and labels have different indexes"
    index = list("xyz")
    assert models(rows_of(open_models, old.set_axis(index), new.set_axis(index))) == [OLD, NEW]


def test_tables_of_different_length_are_refused_by_their_rows() -> None:
    error = refused(table(OLD), table(NEW)[:2])
    assert error.message == "DataFrame 2 ends after 2 rows, but DataFrame 1 goes on"


def test_labels_that_differ_are_refused_by_their_rows() -> None:
    error = refused(table(OLD), table(NEW, y=[1, 1, 1]))
    assert error.message == "DataFrame 2, row 2: the label is 1, but 0 in DataFrame 1"


def test_a_table_counts_once() -> None:
    frame = table(OLD)
    error = refused(frame, frame, opened=open_data)
    message = "DataFrame 1 and DataFrame 2 are the same table: its rows would count twice"
    assert (type(error), error.message) == (UsageError, message)
    source = frame_of(frame, "old")
    with pytest.raises(UsageError, match=r"^old 1 and old 2 are the same table: its rows"):
        open_data([source, source], InputOptions())
    assert models(rows_of(open_models, frame, frame)) == [OLD, OLD]
    reader = shuffled(OLD).to_reader()
    error = refused(reader, reader)
    assert error.message == "RecordBatchReader is given twice, and its rows can be read only once"


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        (Layout(delimiter=";"), "delimiter"),
        (Layout(has_header=False), "no_header"),
        (Layout(encoding="latin-1"), "encoding"),
        (Layout(comment="#"), "comment"),
        (Layout(input_format="csv"), "input_format"),
    ],
)
def test_what_says_how_text_is_laid_out_needs_text(layout: Layout, name: str) -> None:
    error = refused(table(OLD), opened=open_data, layout=layout)
    assert (error.message, error.arguments) == (
        f"{name} says nothing about data in memory",
        (name,),
    )


def test_text_beside_a_table_may_be_laid_out() -> None:
    table(OLD).to_csv("old.csv", index=False, sep=";")
    layout = Layout(delimiter=";")
    assert models(rows_of(open_models, "old.csv", table(NEW), layout=layout)) == [OLD, NEW]
    assert models(rows_of(open_models, table(NEW), "old.csv", layout=layout)) == [NEW, OLD]


def test_no_cluster_reads_what_is_in_memory() -> None:
    data = open_data([frame_of(table(OLD))], InputOptions())
    with pytest.raises(ArgumentError) as refusal:
        check_sources(data.sources)
    assert refusal.value.message == "engine='dask' cannot read what is in memory, as DataFrame is"
    assert refusal.value.hint == "write it to Parquet, or leave engine out"
    assert refusal.value.arguments == ("engine",)
