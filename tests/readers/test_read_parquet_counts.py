"""Parquet that holds other than its footer promises, or than its checksums say, is refused."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bce_cli.data.parts import Cutting, parts_of
from bce_cli.errors import DataError
from bce_cli.readers import columnar
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import InputOptions
from bce_cli.storage.sources import Source
from tests.corpus.columnar import parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typer.testing import Result

N = 4000
PAGES: dict[str, Any] = {
    "data_page_size": 1600,
    "write_batch_size": 200,
    "compression": "none",
    "use_dictionary": False,
    "write_statistics": False,
}
DAMAGED = "bce: error: preds.parquet: the Parquet data are damaged: "


def written(**options: Any) -> bytes:  # noqa: ANN401
    """Write three columns of equal pages of 200 rows."""
    data = table(y=([1.0, 0.0] * (N // 2),), p=([0.5] * N,), k=(range(N),))
    return parquet(data, **(PAGES | options))


def _varint(value: int, length: int = 0) -> bytes:
    """Write an integer of Thrift's compact protocol, in so many bytes if they suffice."""
    value <<= 1
    digits: list[int] = []
    while value or not digits:
        digits.append(value & 127)
        value >>= 7
    digits += [0] * (length - len(digits))
    return bytes([*(digit | 128 for digit in digits[:-1]), digits[-1]])


def with_footer(
    data: bytes, change: Callable[[int], int], found: Callable[[Any], Sequence[int]], at: int | None
) -> bytes:
    """Change one number of the footer, or all that have its value; see that they have changed."""
    from pyarrow import parquet as pq

    def numbers(data: bytes) -> list[int]:
        return list(found(pq.ParquetFile(io.BytesIO(data)).metadata))

    before = numbers(data)
    wanted = [change(n) if at in (None, i) else n for i, n in enumerate(before)]
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for _ in range(10):
        now = numbers(data)
        if now == wanted:
            return data
        i = next(i for i, (n, goal) in enumerate(zip(now, wanted, strict=True)) if n != goal)
        old = _varint(now[i])
        new = _varint(wanted[i], len(old))
        assert len(new) == len(old)
        place = data.find(old, start)
        while place >= 0:
            changed = data[:place] + new + data[place + len(old) :]
            try:
                if numbers(changed) == [*now[:i], wanted[i], *now[i + 1 :]]:
                    break
            except (OSError, ValueError):
                pass
            place = data.find(old, place + 1)
        assert place >= 0
        data = changed
    raise AssertionError


def sizes(metadata: Any) -> list[int]:  # noqa: ANN401
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    return [group.column(i).total_compressed_size for group in groups for i in range(3)]


def values(metadata: Any) -> list[int]:  # noqa: ANN401
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    return [group.column(i).num_values for group in groups for i in range(3)]


def rows(metadata: Any) -> list[int]:  # noqa: ANN401
    groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    return [metadata.num_rows, *groups]


def half(number: int) -> int:
    return number // 2


def half_more(number: int) -> int:
    return number + number // 2


ARGUMENTS = {
    "compute": ("compute",),
    "calibration": ("calibration",),
    "check": ("check", "--max-loss", "1"),
    "compare": ("compare", "-p", "p", "-p", "y", "-l", "y"),
    "per example": ("compute", "--per-example"),
    "labels": ("compute", "--labels", "whole.parquet", "--on", "k"),
    "worst": ("compute", "--id", "k", "--worst", "1"),
}


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
def test_fewer_rows_than_the_footer_promises_are_damage(
    arguments: Sequence[str], bce: Callable[..., Result]
) -> None:
    Path("whole.parquet").write_bytes(written())
    Path("preds.parquet").write_bytes(with_footer(written(), half, sizes, None))
    if arguments[0] == "compare":
        data = table(y=([1.0, 0.0] * (N // 2),), p=([0.5] * N,), k=([0.25] * N,))
        cut = with_footer(parquet(data, **PAGES), half, sizes, None)
        Path("preds.parquet").write_bytes(cut)
        arguments = ("compare", "-p", "p", "-p", "k")
    result = bce(*arguments, "preds.parquet")
    error = f"{DAMAGED}row group 1 holds 2,000 rows where the footer promises 4,000\n"
    assert (result.exit_code, result.stdout, result.stderr) == (65, "", error)


def test_labels_with_fewer_rows_are_damage(bce: Callable[..., Result]) -> None:
    Path("whole.parquet").write_bytes(written())
    Path("preds.parquet").write_bytes(with_footer(written(), half, sizes, None))
    join = ("--labels", "preds.parquet", "--on", "k", "--join", "inner")
    result = bce("compute", "whole.parquet", *join)
    error = f"{DAMAGED}row group 1 holds 2,000 rows where the footer promises 4,000\n"
    assert (result.exit_code, result.stderr) == (65, error)


@pytest.mark.parametrize("place", [0, 1])
def test_one_column_with_fewer_values_is_damage(place: int, bce: Callable[..., Result]) -> None:
    Path("preds.parquet").write_bytes(with_footer(written(), half, sizes, place))
    result = bce("compute", "preds.parquet", "-q")
    assert result.exit_code == 65
    assert result.stderr.startswith(DAMAGED)


@pytest.mark.parametrize("alone", [1, 1 << 16])
def test_any_row_group_with_fewer_rows_is_damage(
    alone: int, bce: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "_COUNTED_ROWS", alone)
    data = written(row_group_size=1000)
    for column in (3, 4, 5):
        data = with_footer(data, lambda n: n * 2 // 5, sizes, column)
    Path("preds.parquet").write_bytes(data)
    result = bce("compute", "preds.parquet", "--id", "k", "--worst", "1")
    counts = "row group 2 holds 400 rows where the footer promises 1,000"
    if alone > 1:
        counts = "row groups 1 to 4 hold 3,400 rows where the footer promises 4,000"
    assert (result.exit_code, result.stderr) == (65, f"{DAMAGED}{counts}\n")


def test_fewer_values_than_rows_by_the_footer_are_damage(bce: Callable[..., Result]) -> None:
    data = written()
    for column in range(3):
        data = with_footer(data, half, values, column)
    Path("preds.parquet").write_bytes(data)
    result = bce("compute", "preds.parquet", "-q")
    error = f"{DAMAGED}row group 1 holds 2,000 rows where the footer promises 4,000\n"
    assert (result.exit_code, result.stderr) == (65, error)


@pytest.mark.parametrize("change", [half_more, half])
def test_other_rows_than_the_footer_promises_are_damage(
    change: Callable[[int], int], bce: Callable[..., Result]
) -> None:
    Path("preds.parquet").write_bytes(with_footer(written(), change, rows, None))
    result = bce("compute", "preds.parquet", "-q")
    counts = "holds 4,000 rows where the footer promises 6,000"
    if change is half:
        counts = "has 4,000 values of 'y' for 2,000 rows"
    error = f"{DAMAGED}row group 1 {counts}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (65, "", error)


def test_rows_that_the_whole_footer_promises_and_that_are_not_there_are_damage(
    bce: Callable[..., Result],
) -> None:
    data = with_footer(written(), half_more, rows, None)
    for column in range(3):
        data = with_footer(data, half_more, values, column)
    Path("preds.parquet").write_bytes(data)
    result = bce("compute", "preds.parquet", "-q")
    error = f"{DAMAGED}row group 1 holds 4,000 rows where the footer promises 6,000\n"
    assert (result.exit_code, result.stderr) == (65, error)


def test_row_groups_that_do_not_add_up_are_damage(bce: Callable[..., Result]) -> None:
    data = written(row_group_size=1000)
    Path("preds.parquet").write_bytes(with_footer(data, half_more, rows, 0))
    result = bce("compute", "preds.parquet", "-q")
    counts = "its row groups have 4,000 rows where the footer promises 6,000"
    assert (result.exit_code, result.stderr) == (65, f"{DAMAGED}{counts}\n")


def test_a_part_that_a_worker_reads_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "LEAST_ROWS", 1)
    data = written(row_group_size=1000)
    for column in (3, 4, 5):
        data = with_footer(data, lambda n: n * 2 // 5, sizes, column)
    Path("preds.parquet").write_bytes(data)
    options = InputOptions(ColumnChoice("y", "p", id="k"))
    found: list[object] = []
    for part in parts_of([Source("preds.parquet")], options, map, Cutting(least_bytes=0)):
        with ExitStack() as opened:
            try:
                found.append(sum(len(block.read().rows) for block in part.open(opened).blocks))
            except DataError as error:
                found.append(str(error).partition("damaged: ")[2])
    damage = "row group 2 holds 400 rows where the footer promises 1,000"
    assert found == [1000, damage, 1000, 1000]


@pytest.mark.parametrize("options", [{}, {"data_page_version": "2.0"}])
def test_a_page_that_its_checksum_contradicts_is_damage(
    options: dict[str, Any], bce: Callable[..., Result]
) -> None:
    from pyarrow import parquet as pq

    data = bytearray(written(write_page_checksum=True, **options))
    Path("preds.parquet").write_bytes(data)
    assert bce("compute", "preds.parquet", "-q").stdout == "0.6931471805599453\n"
    column = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(1)
    data[column.data_page_offset + 1000] ^= 1  # of a prediction, which stays one
    Path("preds.parquet").write_bytes(data)
    result = bce("compute", "preds.parquet", "-q")
    assert (result.exit_code, result.stdout) == (65, "")
    assert result.stderr.startswith(DAMAGED)
    assert "checksum" in result.stderr.lower() or "crc" in result.stderr.lower()


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_that_are_stored_as_differences_are_read(
    encoding: str, bce: Callable[..., Result]
) -> None:
    data = table(y=([1, 0] * 3,), p=([0.5] * 6,), t=(["a1", "a2"] * 3,))
    stored = parquet(data, use_dictionary=False, column_encoding={"t": encoding})
    Path("preds.parquet").write_bytes(stored)
    lines = bce("compute", "preds.parquet", "--by", "t", "-f", "csv").stdout.splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [["a1", "3"], ["a2", "3"]]
