"""Parquet and Arrow files: row groups, batches, metadata, names, and files that are damaged."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.columnar import WRITE, arrow_file, arrow_stream, parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable

formats = pytest.mark.parametrize("kind", WRITE)


def _plain() -> Any:  # noqa: ANN401 -- pyarrow has no types
    return table(y=([1, 0],), p=([0.5, 0.25],))


def _long(last: float = 0.25) -> Any:  # noqa: ANN401
    return table(
        t=(["abcdef"] * 30_000,), y=([1, 0] * 15_000,), p=([0.5, 0.25] * 14_999 + [0.5, last],)
    )


LONG_ROWS: Rows = TWO * 15_000
ROWS = {"parquet": "row_group_size", "arrow": "rows", "arrows": "rows"}


@formats
@pytest.mark.parametrize("name", ["preds.{}", "preds.csv", "preds", "preds.jsonl", "-"])
def test_the_first_bytes_tell_the_format(
    name: str, kind: str, judge: Callable[[Case], None]
) -> None:
    judge(good(WRITE[kind](_plain()), name=name.format(kind)))


@pytest.mark.few(1)
@formats
@pytest.mark.parametrize("size", [1, 7, 1000, 30_000, 100_000])
def test_all_groups_and_batches_are_read(
    size: int, kind: str, judge: Callable[[Case], None]
) -> None:
    judge(
        good(
            WRITE[kind](_long().slice(0, 2000 if size < 9 else None), **{ROWS[kind]: size}),
            LONG_ROWS[: 2000 if size < 9 else None],
        )
    )


@pytest.mark.deep
@formats
@pytest.mark.parametrize("size", [999, 30_000])
@pytest.mark.parametrize("name", ["preds.data", "-"])
def test_a_row_is_counted_over_all_groups(
    size: int, name: str, kind: str, judge: Callable[[Case], None]
) -> None:
    data = WRITE[kind](_long(1.5), **{ROWS[kind]: size})
    place = r"preds\.data" if name != "-" else "standard input"
    judge(bad(data, rf"{place}, row 30000: prediction 1\.5", name=name))


@formats
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, -9, -4, -1])
def test_a_truncated_file_is_refused(left: float, kind: str, judge: Callable[[Case], None]) -> None:
    whole = WRITE[kind](_long(), **{ROWS[kind]: 10_000})
    kept = int(len(whole) * left) if left > 0 else len(whole) + int(left)
    if kind == "arrows" and left in {-4, -1, -9}:  # the mark of the end is cut, and no row
        judge(good(whole[:kept], LONG_ROWS, error=r"preds\.data: ", name="preds.data"))
    else:
        judge(bad(whole[:kept], r"preds\.data: ", name="preds.data"))


@formats
@pytest.mark.parametrize("size", [4, 6, 8, 12])
def test_the_first_bytes_alone_are_refused(
    size: int, kind: str, judge: Callable[[Case], None]
) -> None:
    judge(bad(WRITE[kind](_plain())[:size], r"preds\.data\b", name="preds.data"))


@formats
def test_a_table_without_rows_is_refused(kind: str, judge: Callable[[Case], None]) -> None:
    judge(bad(WRITE[kind](_plain().slice(0, 0)), r"preds\.csv: .*no rows"))


@formats
def test_a_table_without_columns_is_refused(kind: str, judge: Callable[[Case], None]) -> None:
    judge(bad(WRITE[kind](table()), r"preds\.csv: "))


@formats
def test_a_twofold_name_is_refused_only_when_wanted(
    kind: str, judge: Callable[[Case], None]
) -> None:
    import pyarrow as pa

    columns = [pa.array([1, 0]), pa.array([0.5, 0.25]), pa.array([0.75, 0.5])]
    wanted = WRITE[kind](pa.table(columns, names=["y", "p", "p"]))
    other = WRITE[kind](pa.table([*columns, columns[0]], names=["t", "p", "t", "y"]))
    judge(good(other))
    judge(good(wanted, TWO, "-p", "#2"))
    judge(good(wanted, ((1, 0.75), (0, 0.5)), "-p", "#3"))
    judge(bad(wanted, r"preds\.csv: .*'p'.*#2.*#3", "-p", "p"))


@formats
@pytest.mark.parametrize(
    "name", ["p.x", "p", "[p]", "a b", "p\x1b[2J", "\xe9", "p/q", "p'\"", "p\nq"]
)
def test_a_name_is_taken_literally(name: str, kind: str, judge: Callable[[Case], None]) -> None:
    data = table(p=([{"x": 0.75}, {"x": 0.75}],)) if name != "p" else table(t=([1, 0],))
    data = data.append_column("y", [[1, 0]]).append_column(name, [[0.5, 0.25]])
    facts = {"prediction_column": name}
    judge(good(WRITE[kind](data), TWO, "-p", name, facts=facts))


@formats
def test_a_field_within_a_column_is_named_by_both(kind: str, judge: Callable[[Case], None]) -> None:
    data = WRITE[kind](table(y=([1, 0],), p=([{"x": 0.5}, {"x": 0.25}],)))
    judge(good(data, TWO, "-p", "p.x", facts={"prediction_column": "p.x"}))
    judge(bad(data, r"preds\.csv: there is no column 'x'; did you mean 'p\.x'\?", "-p", "x"))


@formats
def test_a_missing_name_lists_the_columns_visibly(kind: str, judge: Callable[[Case], None]) -> None:
    data = WRITE[kind](table(**{"a\x1b[2J": ([1, 0],), "p": ([0.5, 0.25],)}))
    judge(bad(data, r"preds\.csv: .*label", hint=r"'a\\x1b\[2J', 'p'"))


def _pandas(**options: Any) -> Callable[[], bytes]:  # noqa: ANN401
    def write() -> bytes:
        import pandas as pd

        frame = pd.DataFrame({"y": [1, 0], "p": [0.5, 0.25]})
        for name, kind in options.items():
            frame[name] = frame[name].astype(kind)
        sink = io.BytesIO()
        frame.set_index(pd.Index(["a", "b"], name="key")).to_parquet(sink)
        return sink.getvalue()

    return write


def _metadata(text: bytes) -> Callable[[], bytes]:
    return lambda: parquet(_plain().replace_schema_metadata({b"pandas": text}))


def _empty_groups() -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    with pq.ParquetWriter(sink, _plain().schema) as writer:
        for data in (_plain().slice(0, 0), _plain().slice(0, 1), _plain().slice(0, 0)):
            writer.write_table(data)
        writer.write_table(_plain().slice(1, 1))
        writer.write_table(_plain().slice(0, 0))
    return sink.getvalue()


def _empty_batches() -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, _plain().schema) as writer:
        for start, size in ((0, 0), (0, 1), (0, 0), (1, 1), (0, 0)):
            writer.write_batch(
                _plain().slice(start, size).combine_chunks().to_batches()[0]
                if size
                else pa.record_batch([[], []], schema=_plain().schema)
            )
    return sink.getvalue()


FILES = {
    "an index of pandas": good(_pandas()),
    "nullable integers of pandas": good(_pandas(y="Int64", p="Float64")),
    "booleans of pandas": good(_pandas(y="boolean")),
    "categories of pandas": good(_pandas(y="category")),
    "strings of pandas": good(_pandas(y="str", p="string")),
    "broken metadata of pandas": good(_metadata(b"{broken")),
    "metadata of pandas that lies": good(_metadata(b'{"index_columns": ["no"], "columns": 7}')),
    "metadata that is no UTF-8": good(_metadata(b"\xff\xfe")),
    "empty row groups": good(_empty_groups),
    "empty batches": good(_empty_batches),
    **{
        f"pages packed by {codec}": good(lambda codec=codec: parquet(_plain(), compression=codec))  # type: ignore[misc]
        for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4")
    },
    "pages of version 2": good(lambda: parquet(_plain(), data_page_version="2.0")),
    "no dictionary": good(lambda: parquet(_plain(), use_dictionary=False)),
    "split bytes": good(
        lambda: parquet(
            _plain(),
            use_dictionary=False,
            column_encoding={"y": "DELTA_BINARY_PACKED", "p": "BYTE_STREAM_SPLIT"},
        )
    ),
    "an Arrow file packed by lz4": good(lambda: arrow_file(_long(), compression="lz4"), LONG_ROWS),
    "an Arrow stream packed by zstd": good(
        lambda: arrow_stream(_long(), compression="zstd"), LONG_ROWS
    ),
    "an Arrow stream within gzip": good(
        lambda: gzip.compress(arrow_stream(_plain())), error=r"preds\.csv: "
    ),
    "a Parquet file within gzip": good(
        lambda: gzip.compress(parquet(_plain())), error=r"preds\.csv: "
    ),
    "Parquet on request": good(lambda: parquet(_plain()), TWO, "--input-format", "parquet"),
    "an Arrow stream on request": good(
        lambda: arrow_stream(_plain()), TWO, "--input-format", "arrow"
    ),
    "an Arrow file on request": good(lambda: arrow_file(_plain()), TWO, "--input-format", "arrow"),
    "CSV called .parquet": good("y,p\n1,.5\n0,.25\n", name="preds.parquet"),
    "CSV called .arrow": good("y,p\n1,.5\n0,.25\n", name="preds.arrow"),
}


@each(FILES)
def test_a_columnar_file_is_read_whole_or_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)
