"""Parquet and Arrow files that are damaged, cut, mistaken for another, or followed by more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.columnar import arrow_file, arrow_stream, parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable


def _plain() -> Any:  # noqa: ANN401 -- pyarrow has no types
    return table(y=([1, 0],), p=([0.5, 0.25],))


def _damaged(start: int, new: bytes) -> Callable[[], bytes]:
    def write() -> bytes:
        data = bytearray(parquet(_plain()))
        data[start : start + len(new) or None] = new
        return bytes(data)

    return write


def _cut_behind_a_batch() -> bytes:
    """End a stream of two batches behind the first."""
    whole = arrow_stream(_plain(), 1)
    return whole[: whole.rindex(b"\xff\xff\xff\xff", 0, -8)]


FILES = {
    "a stream cut behind a batch": bad(
        _cut_behind_a_batch, r"preds\.csv: the Arrow data are damaged: the stream was cut"
    ),
    "a stream without its end": bad(
        lambda: arrow_stream(_plain())[:-8], r"preds\.csv: the Arrow data are damaged: .* was cut"
    ),
    "two streams, one behind the other": good(
        lambda: arrow_stream(_plain()) * 2, TWO * 2, error=r"preds\.csv: "
    ),
    "garbage behind a stream": bad(lambda: arrow_stream(_plain()) + b"garbage!", r"preds\.csv: "),
    "garbage behind Parquet": bad(lambda: parquet(_plain()) + b"garbage!", r"preds\.csv: "),
    "garbage behind an Arrow file": bad(
        lambda: arrow_file(_plain()) + b"garbage!", r"preds\.csv: "
    ),
    "Parquet as CSV": bad(lambda: parquet(_plain()), r"preds\.csv\b", "--input-format", "csv"),
    "Parquet as Arrow": bad(lambda: parquet(_plain()), r"preds\.csv: ", "--input-format", "arrow"),
    "an Arrow file as Parquet": bad(
        lambda: arrow_file(_plain()), r"preds\.csv: ", "--input-format", "parquet"
    ),
    "the magic bytes alone": bad(b"PAR1PAR1", r"preds\.csv: "),
    "the magic bytes and zeros": bad(b"PAR1" + bytes(100) + b"PAR1", r"preds\.csv: "),
    "a length of the footer that is too large": bad(
        _damaged(-8, b"\xff\xff\xff\x7f"), r"preds\.csv: "
    ),
    "a length of the footer that is zero": bad(_damaged(-8, bytes(4)), r"preds\.csv: "),
    "zeros in the footer": bad(_damaged(-60, bytes(50)), r"preds\.csv: "),
    "an encrypted footer": bad(_damaged(-4, b"PARE"), r"preds\.csv: "),
    "zeros for the pages": bad(_damaged(4, bytes(60)), r"preds\.csv"),
    "an endless stream of marks": bad(b"\xff" * 1000, r"preds\.csv\b"),
    "a batch of a huge size": bad(b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(64), r"preds\.csv: "),
}


@each(FILES)
def test_a_damaged_columnar_file_is_refused(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
