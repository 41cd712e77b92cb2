"""Models cut into the same rows give the blocks, and the first error, of models read whole."""

from __future__ import annotations

import gzip
import pickle
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.data.aligned import CountedPart, aligned_parts, counted, readings_of
from bce_cli.data.data import open_models
from bce_cli.data.parts import Cutting, Part, parts_of
from bce_cli.errors import BceError, InputError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions
from bce_cli.readers.reading import LabelTally
from bce_cli.storage.sources import Source
from tests.readers.test_read_any_form import Case, cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bce_cli.data.aligned import AlignedPart
    from bce_cli.data.table import Table
    from bce_cli.readers.blocks import Block

CHOICE = ColumnChoice("y", "p", id="id")
GRAMMAR = Grammar(positive="yes")
LABELS = ("no", "yes")

cells = st.sampled_from(['"a"', '"a\nb"', '"a\r\n\nb"', "plain", '"\n"'])
line_ends = st.sampled_from(["\n", "\n", "\r\n", "\n\n", "\n\r\n"])
row_lists = st.lists(st.tuples(st.integers(0, 1), cells), max_size=40)
changes = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 45),
        st.sampled_from(["yes,7,a", "yes,0.5", 'no,0.5,a"b', "yes,0.5,x", "no,0.5,a", "no,,a"])
        | st.sampled_from(["maybe,0.5,a", "perhaps,0.5,a", "yes,0.5,a\n\nno,0.5,b"]),
    ),
    max_size=4,
)


def told(blocks: Iterator[Block]) -> list[Any]:
    """Read blocks up to the first error, which ends the list."""
    tallies = [LabelTally(GRAMMAR.positive) for _ in "ab"]
    found: list[Any] = []
    try:
        for block in blocks:
            reading = block.read()
            for tally, values in zip(tallies, reading.label_values, strict=False):
                tally.add(values)
            rows = reading.rows
            if len(rows):
                models = [model.probabilities.tolist() for model in rows.under_models()]
                found.append((rows.labels.tolist(), models, list(rows.ids or ())))
    except BceError as error:
        found.append((type(error), error.message, error.hint))
    return found


def blocks_of_parts(parts: Iterable[AlignedPart]) -> Iterator[Block]:
    """Read each part by itself, as a worker does."""
    for part in parts:
        with ExitStack() as opened:
            yield from pickle.loads(pickle.dumps(part)).open(opened).blocks  # noqa: S301


def aligned(models: Sequence[Table], cutting: Cutting) -> Iterator[AlignedPart]:
    counts = [
        map(counted, parts_of(model.sources, model.options, map, cutting)) for model in models
    ]
    return aligned_parts([model.name for model in models], counts, [None] * len(models))


@st.composite
def files_of_two_models(draw: st.DrawFn) -> list[dict[str, bytes]]:
    """Draw the same rows twice, change some, and cut either model into files anywhere."""
    rows, changed = draw(row_lists), draw(changes)
    found = []
    for model in (0, 1):
        lines = [f"{LABELS[y]},{0.5 / (model + 1)},{text}" for y, text in rows]
        for which, row, line in changed:
            if which == model:
                lines[row : row + 1] = [line]
        written = [line + draw(line_ends) for line in lines]
        cuts = draw(st.sets(st.integers(0, len(lines)), max_size=3)) | {0}
        files = {}
        for number, (start, stop) in enumerate(pairwise([*sorted(cuts), len(lines)])):
            data = ("y,p,id\n" + "".join(written[start:stop])).encode()
            if draw(st.booleans()):
                files[f"{number}.csv"] = data
            else:
                files[f"{number}.csv.gz"] = gzip.compress(data, mtime=0)
        found.append(files)
    return found


@pytest.mark.deep
@given(files_of_two_models(), st.integers(24, 90), st.integers(1, 3))
def test_parts_give_the_pieces_and_the_first_error_of_the_whole(
    models: list[dict[str, bytes]], block_bytes: int, part_blocks: int
) -> None:
    for folder, files in zip("ab", models, strict=True):
        Path(folder).mkdir(exist_ok=True)
        for old in Path(folder).iterdir():
            old.unlink()
        for name, written in files.items():
            Path(folder, name).write_bytes(written)
    options = InputOptions(CHOICE, GRAMMAR, block_bytes=block_bytes)
    with open_models(["a", "b"], options) as data:
        whole = told(data.blocks())
        parts = aligned(data.models, Cutting(part_blocks, 0))
        assert told(blocks_of_parts(parts)) == whole


def test_a_quote_that_opens_behind_the_last_row_is_found_in_parts() -> None:
    for folder, parts in {"a": ["no,0.5,x\n", ""], "b": ['no,0.25,x\nno,0.5,a"b\n']}.items():
        Path(folder).mkdir()
        for number, rows in enumerate(parts):
            Path(folder, f"{number}.csv.gz").write_bytes(gzip.compress(f"y,p,id\n{rows}".encode()))
    with open_models(["a", "b"], InputOptions(CHOICE, GRAMMAR, block_bytes=18)) as data:
        whole = told(data.blocks())
        assert str(whole[-1][1]).startswith("b/0.csv.gz, line 3: a quote opens")
        assert told(blocks_of_parts(aligned(data.models, Cutting(1, 0)))) == whole


@given(cases(), st.integers(1, 200))
def test_rows_of_any_form_are_counted_as_they_are_read(case: Case, block_bytes: int) -> None:
    name, options = case.form.name, case.options(block_bytes)
    Path(name).write_bytes(case.form.data)
    found = counted(Part(Source(name), options))
    assert (found.n_rows, found.fault) == (len(case.labels), None)
    assert sum(len(reading.rows) for reading, _ in readings_of([found])) == found.n_rows


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=20), min_size=2, max_size=4),
)
def test_each_row_is_in_one_part_and_no_more_than_twice_as_many_are_gone_through(
    sizes: list[list[int]],
) -> None:
    n = sum(sizes[0])
    for model in sizes[1:]:
        model.append(max(0, n - sum(model)))  # a longer one is no error before it is read
    models = [
        [CountedPart(Part(Source(f"{i}"), InputOptions()), size) for size in model]
        for i, model in enumerate(sizes)
    ]
    parts = list(aligned_parts([str(i) for i in range(len(sizes))], models, [None] * len(sizes)))
    row = 0
    for part in parts:
        assert part.n_before == row
        baseline, *rivals = part.models
        row += sum(found.n_rows for found in baseline.parts)
        for rival in rivals:
            assert sum(f.n_rows for f in rival.parts) - rival.n_skipped >= row - part.n_before
            assert not rival.parts or rival.n_skipped <= rival.parts[0].n_rows
    assert row == n
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert sum(rival.n_skipped for part in parts for rival in part.models[1:]) <= n
    if all(model == sizes[0] for model in sizes):
        assert len(parts) == max(1, sum(size > 0 for size in sizes[0]))


def test_a_source_that_changes_between_the_passes_is_an_error() -> None:
    Path("a.csv").write_text("y,p,id\n1,0.5,a\n0,0.25,b\n")
    found = counted(Part(Source("a.csv"), InputOptions(CHOICE)))
    Path("a.csv").write_text("y,p,id\n1,0.5,a\n")
    with pytest.raises(InputError, match=r"^a.csv: 2 rows were counted .*, 1 were read\n"):
        list(readings_of([found]))
