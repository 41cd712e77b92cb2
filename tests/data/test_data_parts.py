"""Parts of a source give the blocks that the source gives when it is read from its start."""

from __future__ import annotations

import gzip
import pickle
from contextlib import ExitStack
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # noqa: TID253 -- files are made with it
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet  # noqa: TID253

from bce_cli.data import parts as cut_parts
from bce_cli.data.parts import (
    ByteSpan,
    Cutting,
    LineEnd,
    Part,
    RangeCount,
    count_range,
    parts_of,
    seen_from_anywhere,
)
from bce_cli.errors import BceError, InputError
from bce_cli.readers import columnar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.delimited import DelimitedBlock
from bce_cli.readers.files import open_file
from bce_cli.readers.grammar import InputOptions, Layout
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

CHOICE = ColumnChoice("y", "p", id="id")

cells = st.sampled_from(
    ['"a"', '"a\nb"', '"a\r\nb"', '""', '"x""y"', "plain", '"\n\n"', "", '"\r"']
)
faults = st.sampled_from(['b"ad', '"open', "a,b", "é"])
line_ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\r"])
records = st.tuples(st.sampled_from(["1,0.5", "0,0.25", "1,2"]), cells | faults, line_ends)
sound = st.tuples(st.sampled_from(["1,0.5", "0,0.25"]), cells, line_ends)


def text_of(found: Iterable[tuple[str, str, str]]) -> str:
    return "y,p,id\n" + "".join(f"{head},{cell}{end}" for head, cell, end in found)


def read(parts: Iterable[Part]) -> list[Any]:
    """Read parts up to the first error, which ends the list."""
    found: list[Any] = []
    try:
        for part in parts:
            with ExitStack() as opened:
                for block in part.open(opened).blocks:
                    if isinstance(block, DelimitedBlock):
                        found.append((bytes(block.lines.data), block.lines.first_line))
                    rows = block.read().rows
                    assert block.n_rows == len(rows)
                    ids = [] if rows.ids is None else list(rows.at(slice(None)).ids or [])
                    found.append((rows.labels.tolist(), rows.probabilities.tolist(), ids))
    except BceError as error:
        found.append((type(error), error.message, error.hint))
    return found


def check_cuts(data: bytes, options: InputOptions, part_blocks: int) -> int:
    """Hold the parts of a text to the whole; return how many parts there are."""
    path = Path("cut.csv")
    path.write_bytes(data)
    source = Source(str(path))
    parts = list(parts_of([source], options, map, Cutting(part_blocks, 0)))
    assert read(parts) == read([Part(source, options)])
    spans = [part.span for part in parts if isinstance(part.span, ByteSpan)]
    assert [span.start for span in spans] == [0, *(span.stop for span in spans)][: len(spans)]
    return len(parts)


@given(st.lists(records, max_size=30), st.integers(8, 80), st.integers(1, 3), st.booleans())
def test_parts_of_any_text_give_its_blocks_lines_rows_and_first_error(
    found: list[tuple[str, str, str]], block_bytes: int, part_blocks: int, has_mark: bool
) -> None:
    data = b"\xef\xbb\xbf" * has_mark + text_of(found).encode()
    check_cuts(data, InputOptions(CHOICE, block_bytes=block_bytes), part_blocks)


@given(st.lists(sound, min_size=20, max_size=60), st.integers(24, 60), st.integers(1, 3))
def test_sound_text_gives_the_same_rows_in_parts(
    found: list[tuple[str, str, str]], block_bytes: int, part_blocks: int
) -> None:
    check_cuts(text_of(found).encode(), InputOptions(CHOICE, block_bytes=block_bytes), part_blocks)


def walked(data: bytes, start: int, stop: int, block_bytes: int, tail: int) -> RangeCount:
    """Count what a range holds by a walk over every byte; `tail` is the least of a block's."""
    n_quotes, n_lines = 0, 0
    ends: list[LineEnd | None] = [None, None]
    stop = min(stop, len(data))
    for begin in range(start, stop, block_bytes):
        end = min(begin + block_bytes, stop)
        found: list[LineEnd | None] = [None, None]
        for place in range(begin, end):
            byte, before = data[place : place + 1], data[max(place - 1, 0) : place]
            n_quotes += byte == b'"'
            n_lines += byte == b"\r" or (byte == b"\n" and before != b"\r")
            if byte == b"\n" and place >= end - max((end - begin) // 4, tail):
                found[n_quotes % 2] = LineEnd(place + 1, n_lines)
        ends = [
            new if begin == start or old is not None else None
            for old, new in zip(ends, found, strict=True)
        ]
    return RangeCount(stop, n_quotes, n_lines, (ends[0], ends[1]))


@pytest.mark.parametrize("tail", [3, 1 << 16])
def test_every_range_is_counted_as_by_a_walk_over_its_bytes(
    tail: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cut_parts, "_LEAST_TAIL", tail)
    data = b'1\r\n"\r\n,"\r\r\n\n1"\n""\n"1\n\r1\r\n\n'
    Path("range.csv").write_bytes(data)
    for start, size in product(range(len(data)), (1, 3, 13)):
        for stop in range(start + 1, len(data) + 4, 4):
            found = count_range(Source("range.csv"), start, stop, size)
            assert found == walked(data, start, stop, size, tail)


@pytest.mark.parametrize(("n_rows", "n_parts"), [(7, 1), (8, 2), (15, 2), (16, 3)])
def test_text_has_a_part_for_each_range_it_reaches_into(n_rows: int, n_parts: int) -> None:
    text = text_of([("1,0.5", "a", "\n")] * n_rows)
    assert len(text) == 7 + 8 * n_rows
    assert check_cuts(text.encode(), InputOptions(CHOICE, block_bytes=32), 2) == n_parts


def test_a_source_with_fewer_bytes_than_it_pays_to_cut_is_one_part() -> None:
    data = text_of([("1,0.5", "a", "\n")] * 90).encode()
    Path("a.csv").write_bytes(data)
    options = InputOptions(CHOICE, block_bytes=100)
    n_parts = [
        len(list(parts_of([Source("a.csv")], options, map, Cutting(2, len(data) + more))))
        for more in (0, 1)
    ]
    assert n_parts == [4, 1]


@pytest.mark.parametrize("failure", [OSError("read error"), InputError("a.csv: it is gone")])
def test_text_that_cannot_be_counted_is_one_part_which_says_so_when_it_is_read(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(cut_parts, "count_range", fail)
    text = text_of([("1,0.5", "a", "\n")] * 90)
    assert check_cuts(text.encode(), InputOptions(CHOICE, block_bytes=100), 2) == 1


def test_compressed_text_is_one_part() -> None:
    text = text_of([("1,0.5", f"{i}", "\n") for i in range(900)])
    assert check_cuts(gzip.compress(text.encode()), InputOptions(CHOICE, block_bytes=100), 1) == 1


def test_the_first_part_alone_says_what_was_found_out_about_the_source() -> None:
    Path("a.csv").write_text(text_of([("1,0.5", "a", "\n")] * 90).replace(",", ";"))
    options = InputOptions(CHOICE, block_bytes=100)
    notes = []
    for part in parts_of([Source("a.csv")], options, map, Cutting(2, 0)):
        with ExitStack() as opened:
            notes.append(part.open(opened).note)
    assert notes == ["a.csv: delimiter ';'", *[None] * 3]


@pytest.mark.deep
def test_a_source_is_found_from_any_folder_and_called_as_before() -> None:
    here, called, there = seen_from_anywhere(
        [Source("a.csv"), Source("b.csv", shown="B"), Source("s3://bucket/a.csv")]
    )
    assert (here.path, here.name) == (str(Path("a.csv").absolute()), "a.csv")
    assert (called.path, called.name) == (str(Path("b.csv").absolute()), "B")
    assert there == Source("s3://bucket/a.csv")


@pytest.mark.deep
def test_quoted_line_breaks_and_pairs_fall_on_every_cut() -> None:
    text = "y,p,id\r\n" + '1,0.5,"a\r\n""b"\r\n0,0.25,c\r\n' * 40
    n_parts = [
        check_cuts(text.encode(), InputOptions(CHOICE, block_bytes=size), 1)
        for size in range(30, 70)
    ]
    assert min(n_parts) > 10


@pytest.mark.parametrize(
    ("data", "layout"),
    [
        (text_of([("1,0.5", '"a\nb"', "\r")] * 90).encode(), Layout()),
        (text_of([("1,0.5", "a", "\n")] * 90).encode("utf-16"), Layout()),
        (text_of([("1,0.5", "é", "\n")] * 90).encode("latin-1"), Layout(encoding="latin-1")),
        (text_of([("1,0.5", "a", '\n#"\n')] * 90).encode(), Layout(comment="#")),
        (text_of([("1,0.5", f'"{"long" * 40}"', "\n")] * 9).encode(), Layout()),
        (b"\n" * 500 + text_of([("1,0.5", "a", "\n")] * 90).encode(), Layout()),
    ],
    ids=["CR", "UTF-16", "latin-1", "comments", "long records", "blank blocks"],
)
def test_text_that_cannot_be_cut_is_one_part(data: bytes, layout: Layout) -> None:
    assert check_cuts(data, InputOptions(CHOICE, layout=layout, block_bytes=100), 2) == 1


def test_text_is_cut_whatever_its_dialect() -> None:
    text = "sep=;\n" + text_of([("1,0,5", "a", "\n")] * 90).replace("0,5", "0.5").replace(",", ";")
    assert check_cuts(text.encode(), InputOptions(CHOICE, block_bytes=100), 1) > 5
    text = "1\t0.5\ta\n" * 90
    options = InputOptions(
        ColumnChoice("#1", "#2", id="#3"), layout=Layout(has_header=False), block_bytes=100
    )
    assert check_cuts(text.encode(), options, 1) > 5


def test_parquet_is_cut_between_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "LEAST_ROWS", 250)
    table = pa.table({"y": np.arange(1000) % 2, "p": np.linspace(0.1, 0.9, 1000)})
    parquet.write_table(table, "preds.parquet", row_group_size=100)
    source = Source("preds.parquet")
    options = InputOptions(ColumnChoice("y", "p"), block_bytes=70 * 32)
    parts = list(parts_of([source], options, map, Cutting(least_bytes=0)))
    assert len(parts) == 4
    assert read(parts) == read([Part(source, options)])
    with ExitStack() as opened:
        file, _ = open_file(source, options, opened)
        assert [(run.first, run.last, run.first_row) for run in file.row_groups] == [  # type: ignore[union-attr]
            (0, 2, 1), (3, 5, 301), (6, 8, 601), (9, 9, 901),
        ]  # fmt: skip


@pytest.mark.parametrize("n_groups", [1, 2])
def test_parquet_of_one_row_group_is_not_cut(
    n_groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "LEAST_ROWS", 1)
    table = pa.table({"y": [1, 0] * n_groups, "p": [0.5, 0.25] * n_groups})
    parquet.write_table(table, "preds.parquet", row_group_size=2)
    whole = Part(Source("preds.parquet"), InputOptions(ColumnChoice("y", "p"), block_bytes=1))
    parts = list(parts_of([whole.source], whole.options, map, Cutting(least_bytes=0)))
    assert len(parts) == n_groups
    assert ([part.span for part in parts] == [None]) == (n_groups == 1)


def test_sources_follow_each_other_and_what_cannot_be_opened_is_left_to_its_turn() -> None:
    Path("a.csv").write_text("y,p,id\n1,0.5,a\n")
    Path("b.csv").write_text(text_of([("0,0.25", "b", "\n")] * 90))
    Path("empty.csv").write_text("y,p,id\n")
    paths = ["a.csv", "b.csv", "empty.csv", "none.csv", "b.csv"]
    options = InputOptions(CHOICE, block_bytes=100)
    sources = [Source(path) for path in paths]
    parts = list(parts_of(sources, options, map, Cutting(2, 200)))
    assert len(parts) > 5
    found = read(parts)
    assert found == read([Part(source, options) for source in sources])
    assert found[-1][1] == "none.csv: no such file or directory"


def test_a_part_is_small_and_can_be_sent() -> None:
    Path("b.csv").write_text(text_of([("0,0.25", "b", "\n")] * 90))
    options = InputOptions(CHOICE, block_bytes=100)
    parts = list(parts_of([Source("b.csv")], options, map, Cutting(2, 0)))
    sent = [pickle.dumps(part) for part in parts]
    assert max(map(len, sent)) < 2048
    assert read([pickle.loads(part) for part in sent]) == read(parts)  # noqa: S301 -- our own
    assert all(start < stop for start, stop in pairwise(part.span.start for part in parts[1:]))  # type: ignore[union-attr]


@pytest.mark.parametrize("n_bytes", [150_000, 250_000, 300_000])
def test_records_of_which_few_end_in_a_block_change_nothing(n_bytes: int) -> None:
    found = [("1,0.5", f'"{"x" * (n_bytes if i % 5 == 4 else 40)}\n"', "\n") for i in range(20)]
    check_cuts(text_of(found).encode(), InputOptions(CHOICE, block_bytes=1 << 18), 1)
