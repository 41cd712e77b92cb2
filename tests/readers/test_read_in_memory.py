"""Tables in memory give what the Parquet file of the same table gives, and the same words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd  # noqa: TID253 -- frames are made with it
import pyarrow as pa  # noqa: TID253 -- as above
import pytest
from pyarrow import parquet  # noqa: TID253

from bce_cli.core.rows import Rows, concatenated
from bce_cli.data.data import open_data
from bce_cli.errors import ArgumentError, BceError, DataError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.frames import Frame, frame_of, is_tabular
from bce_cli.readers.grammar import Grammar, InputOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.storage.sources import Held

LABELS, PREDICTIONS = [1, 0, 1, 0], [0.9, 0.2, 0.7, 0.1]
DROP = Grammar(drop_missing=True)

COLUMNS: dict[str, Callable[[], Any]] = {
    "float64": lambda: pd.Series(PREDICTIONS),
    "missing": lambda: pd.Series([0.9, np.nan, 0.7, 0.1]),
    "too great": lambda: pd.Series([0.9, 0.2, 1.5, -1.0]),
    "texts": lambda: pd.Series(["0.5", " .25", None, "x"]),
    "float32": lambda: pd.Series(PREDICTIONS, dtype="float32"),
    "float16": lambda: pd.Series(PREDICTIONS, dtype="float16"),
    "nullable": lambda: pd.Series([0.9, None, 0.7, 0.1], dtype="Float32"),
    "objects": lambda: pd.Series([0.9, None, 0.7, 0.1], dtype=object),
    "integers": lambda: pd.Series([1, 0, 1, 2]),
    "nullable integers": lambda: pd.Series([1, 0, None, 1], dtype="Int8"),
    "booleans": lambda: pd.Series([True, False, True, False]),
    "nullable booleans": lambda: pd.Series([True, None, True, False], dtype="boolean"),
    "classes": lambda: pd.Series(["yes", "no", "yes", "no"]),
    "categories": lambda: pd.Series(["yes", "no", None, "no"], dtype="category"),
    "numeric categories": lambda: pd.Series([0.5, 0.25, 0.5, 2.0], dtype="category"),
    "times": lambda: pd.to_datetime(pd.Series(["2026-11-01", None, "2026-11-03", "2026-11-04"])),
    "zoned": lambda: pd.Series(pd.date_range("2026-11-01", periods=4, tz="Europe/Berlin")),
    "spans": lambda: pd.to_timedelta(pd.Series([1.5, 2, 3, 4]), unit="s"),
    "days": lambda: pd.Series([dt.date(2026, 11, 1)] * 4),
    "decimals": lambda: pd.Series([Decimal("0.5"), Decimal("1.000"), None, Decimal("0.1")]),
    "bytes": lambda: pd.Series([b"a", b"b", b"c", b"d"]),
    "records": lambda: pd.Series([{"a": 0.5}, {"a": 0.25}, {"a": 0.1}, {"a": 0.9}]),
    "vectors": lambda: pd.Series([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.9, 0.1]]),
    "of pyarrow": lambda: pd.Series(PREDICTIONS, dtype="double[pyarrow]"),
    "controls": lambda: pd.Series(["a\x1b[31m", "b", "c", "d"]),
}
CHOICES = (
    (ColumnChoice(prediction="odd"), Grammar()),
    (ColumnChoice(prediction="odd"), DROP),
    (ColumnChoice(prediction="odd"), Grammar(logits=True)),
    (ColumnChoice(label="odd"), Grammar()),
    (ColumnChoice(label="odd"), DROP),
    (ColumnChoice(label="odd"), Grammar("yes")),
    (ColumnChoice(label="odd"), Grammar("True")),
    (ColumnChoice(label="odd"), Grammar(soft_labels=True)),
    (ColumnChoice(weight="odd"), Grammar()),
    (ColumnChoice(id="odd"), Grammar()),
    (ColumnChoice(cluster="odd"), Grammar()),
    (ColumnChoice(segments=("odd",)), Grammar()),
    (ColumnChoice(prediction="odd[1]"), Grammar()),
    (ColumnChoice(prediction="odd.a"), Grammar()),
)


def rows_of(
    source: str | Held, choice: ColumnChoice | None = None, grammar: Grammar | None = None
) -> Rows:
    options = InputOptions(choice or ColumnChoice(), grammar or Grammar(), block_bytes=96)
    with open_data([source], options) as data:
        return concatenated([block.read().rows for block in data.blocks()])


def words(source: str | Held, choice: ColumnChoice, grammar: Grammar, name: str) -> Any:  # noqa: ANN401
    """Return all that was read of a source, or what was wrong with it."""
    try:
        rows = rows_of(source, choice, grammar)
    except BceError as error:
        message = error.message.removeprefix(name).replace("<element:", "<item:")
        return type(error), message, error.hint
    groups = [] if rows.cluster is None else [rows.cluster]
    return (
        rows.labels.tolist(),
        rows.probabilities.tolist(),
        rows.n_missing,
        rows.float_type,
        None if rows.weights is None else rows.weights.tolist(),
        None if rows.ids is None else list(rows.ids),
        [[group.names[code] for code in group.codes] for group in (*groups, *rows.words)],
    )


def compare(frame: Any, path: str, choices: Any = CHOICES) -> None:  # noqa: ANN401
    source = frame_of(frame)
    for choice, grammar in choices:
        here = words(source, choice, grammar, source.name)
        assert here == words(path, choice, grammar, path), (choice, grammar)


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_frame_of_pandas_is_what_its_parquet_file_is(kind: str) -> None:
    frame = pd.DataFrame({"y": LABELS, "p": PREDICTIONS, "odd": COLUMNS[kind]()})
    frame.to_parquet("x.parquet")
    compare(frame, "x.parquet")
    table = parquet.read_table("x.parquet")
    compare(table, "x.parquet", CHOICES[::3])
    compare(table.to_batches()[0], "x.parquet", CHOICES[::3])
    for choice in CHOICES[::3]:
        compare(table.to_reader(), "x.parquet", [choice])


@pytest.mark.deep
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_frame_of_polars_is_what_its_parquet_file_is(kind: str) -> None:
    polars = pytest.importorskip("polars")
    if kind in ("float16", "bytes"):
        pytest.skip("has another type there")
    frame = polars.from_pandas(
        pd.DataFrame({"y": LABELS, "p": PREDICTIONS, "odd": COLUMNS[kind]()})
    )
    frame.write_parquet("x.parquet")
    compare(frame, "x.parquet", CHOICES[::2])


@pytest.mark.deep
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_relation_is_what_its_parquet_file_is(kind: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    if kind in (
        "float16",
        "categories",
        "numeric categories",
        "zoned",
        "spans",
        "vectors",
    ):
        pytest.skip("has another type there")
    with duckdb.connect() as connection:
        frame = pd.DataFrame({"y": LABELS, "p": PREDICTIONS, "odd": COLUMNS[kind]()})
        relation = connection.from_arrow(pa.Table.from_pandas(frame))
        relation.write_parquet("x.parquet")
        compare(relation, "x.parquet", CHOICES[1::2])


def test_only_what_is_wanted_is_looked_at() -> None:
    odd = [{1: 2}, 3, "x", object()]
    frame = pd.DataFrame({"y": LABELS, "odd": odd, "p": PREDICTIONS})
    assert rows_of(frame_of(frame)).probabilities.tolist() == PREDICTIONS
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(frame), ColumnChoice(prediction="odd"))
    message = "DataFrame: column 'odd' has values of several types: dict and, in row 2, int"
    assert refusal.value.message == message
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(frame), ColumnChoice(prediction="od"))
    assert refusal.value.message == "DataFrame: there is no column 'od'; did you mean 'odd'?"
    assert refusal.value.hint == "the columns are 'y', 'odd', 'p'"


@pytest.mark.deep
def test_only_what_is_wanted_is_looked_at_by_other_libraries() -> None:
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    odd = polars.Series([{1: 2}, 3, "x", object()], dtype=polars.Object)
    frame = polars.DataFrame({"y": LABELS, "^.*$": odd, "p": PREDICTIONS})
    assert rows_of(frame_of(frame)).probabilities.tolist() == PREDICTIONS
    with duckdb.connect() as connection:
        relation = connection.sql('select 1 as y, 0.5 as "a""b", error(\'odd\')::double as p')
        one = rows_of(frame_of(relation), ColumnChoice(prediction='a"b'))
        assert one.probabilities.tolist() == [0.5]
        with pytest.raises(DataError) as refusal:
            rows_of(frame_of(relation))
        assert refusal.value.message.startswith("DuckDBPyRelation cannot be read: ")
        again = frame_of(connection.sql("select 1 as y, 0.5 as p"))
        assert rows_of(again).probabilities.tolist() == [0.5]
        assert rows_of(again).probabilities.tolist() == [0.5]


def test_columns_of_frames_are_not_copied() -> None:
    values = np.array([[0.9, 0.2, 0.7], [1.0, 2.0, 3.0]])
    frame = pd.DataFrame({"y": [1, 0, 1], "p": values[0], "w": values[1]}, copy=False)
    for whole in (frame, pa.table({"y": [1, 0, 1], "p": values[0], "w": values[1]})):
        options = InputOptions(ColumnChoice(weight="w"))
        with open_data([frame_of(whole)], options) as data:
            (block,) = data.blocks()
            rows = block.read().rows
        assert rows.weights is not None
        is_pandas = isinstance(whole, pd.DataFrame)
        held = [
            whole[name].to_numpy() if is_pandas else whole[name].chunk(0).to_numpy()
            for name in "pw"
        ]
        assert np.shares_memory(rows.probabilities, held[0])
        assert np.shares_memory(rows.weights, held[1])


def test_rows_are_named_by_what_is_in_memory() -> None:
    frame = pd.DataFrame({"y": [1, 0], "p": [0.9, 1.2]})
    for source, name in (
        (frame_of(frame), "DataFrame"),
        (frame_of(frame, "test\x07 set"), r"test\x07 set"),
    ):
        with pytest.raises(DataError) as refusal:
            rows_of(source)
        assert (
            refusal.value.message == f"{name}, row 2: prediction 1.2 (column 'p') is not in [0, 1]"
        )


def test_an_index_is_a_column_if_its_name_is_asked_for() -> None:
    index = pd.MultiIndex.from_tuples([("a", 3), ("b", 4)], names=["user", None])
    frame = pd.DataFrame({"y": [1, 0], "p": [0.9, 0.2]}, index=index)
    rows = rows_of(frame_of(frame), ColumnChoice(id="user"))
    assert rows.ids is not None
    assert list(rows.ids) == ["a", "b"]
    for name, hint in (("index", "the columns are 'y', 'p'"), ("#3", "the columns are 'y', 'p'")):
        with pytest.raises(DataError) as refusal:
            rows_of(frame_of(frame), ColumnChoice(id=name))
        assert refusal.value.hint == hint
    both = frame.assign(user=["c", "d"])
    found = rows_of(frame_of(both), ColumnChoice(id="user")).ids
    assert found is not None
    assert list(found) == ["c", "d"]


def test_names_are_texts() -> None:
    frame = pd.DataFrame([[1, 0.9, 0.4], [0, 0.2, 0.3]], columns=["y", 3, ("a", "b")])
    assert rows_of(frame_of(frame), ColumnChoice(prediction="3")).probabilities.tolist() == [
        0.9,
        0.2,
    ]
    tuples = ColumnChoice(prediction="('a', 'b')")
    assert rows_of(frame_of(frame), tuples).probabilities.tolist() == [0.4, 0.3]
    frame.columns = pd.Index(["y", "p\x1b[31m", "#"])
    red = ColumnChoice(prediction="p\x1b[31m")
    assert rows_of(frame_of(frame), red).probabilities.tolist() == [0.9, 0.2]
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(frame))
    assert refusal.value.hint is not None
    assert refusal.value.hint.endswith("the columns are 'y', 'p\\x1b[31m', '#'")


def test_names_that_occur_twice_are_refused_if_they_are_asked_for() -> None:
    frame = pd.DataFrame([[1, 0.9, 0.4, 5], [0, 0.2, 0.3, 5]], columns=["y", "p", "p", "y2"])
    for source in (frame, pa.table([[1, 0], [0.9, 0.2], [0.4, 0.3]], ["y", "p", "p"])):
        name = type(source).__name__
        with pytest.raises(DataError) as refusal:
            rows_of(frame_of(source), ColumnChoice(prediction="p"))
        assert refusal.value.message == f"{name}: several columns are called 'p': #2 and #3"
        assert refusal.value.hint == "choose one by its place, such as #2"
        third = ColumnChoice(prediction="#3")
        assert rows_of(frame_of(source), third).probabilities.tolist() == [0.4, 0.3]
    half = frame_of({"y": [1], "p\ud800": [0.5]})
    assert rows_of(half, ColumnChoice(prediction="#2")).probabilities.tolist() == [0.5]
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of({1: [1], "1": [0], "p": [0.5]}), ColumnChoice(label="1"))
    assert refusal.value.message == "dict: several columns are called '1': #1 and #2"


def test_there_may_be_no_columns_and_no_rows() -> None:
    nothing: tuple[Any, ...] = (pd.DataFrame(), {}, pa.table({}))
    for source in nothing:
        with pytest.raises(DataError) as refusal:
            rows_of(frame_of(source), ColumnChoice("y", "p"))
        assert refusal.value.message == f"{type(source).__name__}: there is no column 'y'"
        assert refusal.value.hint == "there are no columns"
    columns: dict[str, Any] = {"y": [], "p": []}
    for empty in (columns, pd.DataFrame(columns), pa.table(columns)):
        with open_data([frame_of(empty)], InputOptions()) as data:
            assert list(data.blocks()) == []


def test_mappings_have_columns_of_any_kind() -> None:
    columns = {"y": [True, False], "p": np.array([0.9, 0.2], ">f4"), "w": "never looked at"}
    rows = rows_of(frame_of(columns))
    assert rows.labels.tolist() == [True, False]
    assert rows.float_type == "float32"
    texts = {"y": ["1", "0"], "p": ["0.9", "0.2"]}
    assert rows_of(frame_of(texts)).probabilities.tolist() == [0.9, 0.2]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": [1, 0], "p": [0.5]}, "column 'y' has 2 values, but column 'p' has 1"),
        (
            {"y": [1], "p": np.zeros((1, 2))},
            "column 'p' has shape (1, 2): pass [:, 1], the probability of label 1",
        ),
        ({"y": [1], "p": 0.5}, "column 'p' is a single value"),
        ({"y": [1], "p": "0.5"}, "column 'p' is a single text (str)"),
        ({"y": [1], "p": {0.5}}, "column 'p' is a set, which has no order"),
        ({"y": [1], "p": [{}]}, "prediction (column 'p') is of type struct<>, not numbers"),
        ({"y": [1], "p": [True]}, "prediction (column 'p') is of type bool, not numbers"),
    ],
)
def test_what_is_no_column_of_a_mapping_is_refused(columns: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(columns))
    assert refusal.value.message == f"dict: {message}"


def test_series_of_a_mapping_are_not_paired_if_their_indexes_differ() -> None:
    labels = pd.Series([1, 0], index=[1, 0])
    with pytest.raises(ArgumentError) as refusal:
        rows_of(frame_of({"y": labels, "p": pd.Series([0.9, 0.2])}))
    message = "dict: columns 'y' and 'p' have the same index in another order"
    assert refusal.value.message == message
    rows = rows_of(frame_of({"y": labels, "p": [0.9, 0.2], "x": pd.Series([0.9, 0.2])}))
    assert rows.probabilities.tolist() == [0.9, 0.2]


class Shrinking(dict[str, Any]):
    """A mapping whose columns are shorter each time."""

    n = 3

    def __getitem__(self, name: str) -> list[int]:
        self.n -= 1
        return [1] * self.n


def test_a_mapping_may_change_while_it_is_looked_at() -> None:
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(Shrinking(y=None, p=None)))
    assert refusal.value.message == "Shrinking: column 'y' has 1 value, but column 'p' has 2"


class Failing(dict[str, Any]):
    """A mapping that does not give what it promises."""

    def __getitem__(self, name: str) -> list[int]:
        message = f"{name} is gone"
        raise OSError(message)


def test_a_mapping_may_fail() -> None:
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(Failing(y=None, p=None)))
    assert refusal.value.message == "Failing: column 'p' cannot be read: p is gone"


def test_records_of_numpy_are_tables() -> None:
    records = np.array([(1, 0.9), (0, 0.2)], [("y", "i4"), ("p", ">f4")])
    for source in (records, records.view(np.recarray)):
        rows = rows_of(frame_of(source))
        assert rows.labels.tolist() == [True, False]
        assert rows.float_type == "float32"


class Stream:
    """A table of a library that is not known by name."""

    def __init__(self, whole: Any) -> None:  # noqa: ANN401
        self._whole = whole

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        if self._whole is None:
            message = "gone\x1b[2J"
            raise RuntimeError(message)
        return self._whole.__arrow_c_stream__(requested_schema)


class Described(Stream):
    """The same, which says what its stream will hold."""

    def __arrow_c_schema__(self) -> object:
        schema = self._whole.schema if hasattr(self._whole, "schema") else self._whole.type
        return schema.__arrow_c_schema__()


def test_streams_are_read_in_blocks_however_they_come() -> None:
    sizes = (1, 0, 40_000, 7, 9, 20_000, 5)
    values = [np.linspace(0.25, 0.75, n) for n in sizes]
    batches = [
        pa.record_batch({"odd": pa.nulls(len(some)), "y": np.ones(len(some), np.int8), "p": some})
        for some in values
    ]
    table = pa.Table.from_batches(batches)
    great = [1, 32_768, 7_232, 16, 20_000, 5]
    small = [1, *[1000] * 40, 16, *[1000] * 20, 5]
    for whole, n_rows in (
        (Stream(table), great),
        (Described(table), small),
        (table.to_reader(), small),
        (table, [32_768, 27_254]),
    ):
        options = InputOptions(block_bytes=32 * max(n_rows))
        with open_data([frame_of(whole)], options) as data:
            blocks = [block.read().rows for block in data.blocks()]
        assert concatenated(blocks).probabilities.tolist() == np.concatenate(values).tolist()
        assert [len(block) for block in blocks] == n_rows
    assert is_tabular(Described(table))
    assert not is_tabular(Described(pa.chunked_array([[0.5]])))


def test_a_stream_that_fails_is_told_of() -> None:
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(Stream(None)))
    assert refusal.value.message == "Stream cannot be read: gone\\x1b[2J"

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"y": [1], "p": [0.5]})
        message = "the line is cut"
        raise OSError(message)

    schema = pa.schema({"y": pa.int64(), "p": pa.float64()})
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(DataError, match=r"^RecordBatchReader cannot be read: .*the line is cut"):
        rows_of(frame_of(reader))


def test_a_stream_is_read_once() -> None:
    table = pa.table({"y": [1, 0], "p": [0.9, 0.2]})
    reader = table.to_reader()
    assert rows_of(frame_of(reader)).probabilities.tolist() == [0.9, 0.2]
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(reader))
    assert refusal.value.message == "RecordBatchReader: its rows were read before, and are gone"
    assert refusal.value.hint == "a table holds them: .read_all()"
    other = table.to_reader()
    other.read_all()
    with pytest.raises(DataError) as refusal:
        rows_of(frame_of(other))
    assert refusal.value.message == "RecordBatchReader: there are no rows"
    assert refusal.value.hint == "a stream gives its rows once: were they read before?"


class Lazy:
    """A table that is not worked out yet."""

    def collect(self) -> None:
        """Work it out."""


@pytest.mark.parametrize(
    ("source", "name", "hint"),
    [
        (3, "int", None),
        ([0.5], "list", None),
        (None, "NoneType", None),
        (np.zeros((3, 2)), "ndarray", None),
        (pd.Series({"columns": 0.5}), "Series", None),
        (pa.chunked_array([[0.5]]), "ChunkedArray", None),
        (pa.array([0.5]), "DoubleArray", None),
        (Lazy(), "Lazy", ".collect() gives the data that it stands for"),
    ],
)
def test_what_is_no_table_is_refused(source: Any, name: str, hint: str | None) -> None:  # noqa: ANN401
    assert not is_tabular(source)
    with pytest.raises(ArgumentError) as refusal:
        frame_of(source)
    assert refusal.value.message == f"{name} is no table in memory"
    needed = "a table is needed: a frame, a mapping of names to arrays, or a path"
    assert refusal.value.hint == (hint or needed)
    assert refusal.value.arguments == ("data",)


@pytest.mark.deep
def test_tables_and_columns_of_polars_are_told_apart() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"y": [1], "p": [0.5]})
    assert isinstance(frame_of(frame), Frame)
    assert not is_tabular(frame["p"])
    with pytest.raises(ArgumentError) as refusal:
        frame_of(frame.lazy())
    assert refusal.value.hint == ".collect() gives the data that it stands for"
