"""Long records, long cells, and settings that belong to the whole process."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.errors import DataError, InputError
from bce_cli.readers import blocks as text_blocks
from bce_cli.readers.blocks import BlockReader, QuotedRecords
from bce_cli.storage.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import WriteableBuffer


def test_a_record_may_be_as_long_as_the_limit(
    monkeypatch: pytest.MonkeyPatch,
    block_bytes: int,
    preds: Callable[..., str],
    read: Callable[..., list[object]],
) -> None:
    monkeypatch.setattr(text_blocks, "LONGEST_RECORD", 1 << 20)
    cell = "a\n" * 5000
    rows = read(preds(f'y,p,t\n1,.5,"{cell}"\n0,.25,b\n'), block_bytes=block_bytes)
    assert rows == [(1, 0.5, None), (0, 0.25, None)]


def test_a_record_longer_than_the_limit_is_refused(
    monkeypatch: pytest.MonkeyPatch, preds: Callable[..., str], read: Callable[..., object]
) -> None:
    monkeypatch.setattr(text_blocks, "LONGEST_RECORD", 1 << 20)
    path = preds("y,p,t\n1,.5,a\n" + '0,.25,"' + "b\n" * (1 << 20))
    with pytest.raises(DataError) as caught:
        read(path, block_bytes=1000)
    assert caught.value.message == "preds.csv, line 3: the record is longer than 1 MiB"
    assert caught.value.hint == "a quote that is never closed can be the reason"


def test_a_header_may_have_a_long_name(
    preds: Callable[..., str], read: Callable[..., list[object]]
) -> None:
    assert read(preds(f"y,p,{'x' * 200_000}\n1,.5,a\n")) == [(1, 0.5, None)]


def test_a_fault_beside_a_long_cell_is_named(
    preds: Callable[..., str], read: Callable[..., object]
) -> None:
    with pytest.raises(
        DataError, match=r"^preds\.csv, line 2: label 2 \(column 'y'\) is not 0 or 1\n"
    ):
        read(preds(f"y,p,t\n2,.5,{'x' * 200_000}\n"))


def test_a_fault_does_not_make_the_csv_module_stricter(
    preds: Callable[..., str], read: Callable[..., object]
) -> None:
    before = csv.field_size_limit()
    with pytest.raises(DataError):
        read(preds("y,p\n2,.5\n"))
    assert csv.field_size_limit() >= before


class FailingStream(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: WriteableBuffer) -> int:
        raise OSError(5, "Input/output error")


def test_a_stream_that_fails_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("preds.csv").touch()
    monkeypatch.setattr(Path, "open", lambda *_, **__: FailingStream())
    with Source("preds.csv").open() as stream, pytest.raises(InputError) as caught:
        list(BlockReader(stream, "preds.csv", QuotedRecords(), 1 << 20))
    assert caught.value.message == "preds.csv: input/output error"


class SlowStream(io.RawIOBase):
    """Gives one byte at a time, as a terminal or a slow pipe may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._data.readinto(memoryview(buffer)[:1])


def test_a_stream_that_gives_little_at_a_time_is_read_to_its_end() -> None:
    data = b"y,p\n1,.5\n0,.25\n"
    blocks = list(BlockReader(SlowStream(data), "preds.csv", QuotedRecords(), 8))  # type: ignore[arg-type]
    assert b"".join(block.data for block in blocks) == data
    assert [block.first_line for block in blocks] == [1, 2]
