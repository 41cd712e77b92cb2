"""Compressed files: whole ones whatever their name, and never a number over part of one."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = b"y,p\n1,.5\n0,.25\n"
QUOTED = b'y,p,t\n1,.5,"a\n,b"\n0,.25,c\n'

codecs = pytest.mark.parametrize("codec", PACK)


def _long() -> tuple[bytes, Rows]:
    source = random.Random(1)  # noqa: S311 -- nothing secret
    rows = tuple((source.randrange(2), source.random()) for _ in range(20_000))
    return "".join(["y,p\n", *(f"{label},{p!r}\n" for label, p in rows)]).encode(), rows


LONG, LONG_ROWS = _long()


@pytest.mark.few(20)
@codecs
@pytest.mark.parametrize("name", ["preds.csv.{}", "preds.csv", "preds", "preds.gz", "-", "p.xlsx"])
def test_the_first_bytes_tell_the_compression(
    codec: str, name: str, judge: Callable[[Case], None]
) -> None:
    judge(good(PACK[codec](TEXT), name=name.format(codec)))


@codecs
def test_a_name_alone_compresses_nothing(codec: str, judge: Callable[[Case], None]) -> None:
    judge(good(TEXT, name=f"preds.csv.{codec}"))


@codecs
def test_the_extension_below_still_counts(codec: str, judge: Callable[[Case], None]) -> None:
    judge(good(PACK[codec](TEXT.replace(b",", b"\t")), name=f"preds.tsv.{codec}"))


@pytest.mark.deep
@codecs
def test_a_long_file_is_read_to_its_end(codec: str, judge: Callable[[Case], None]) -> None:
    judge(good(PACK[codec](LONG), LONG_ROWS, name=f"preds.csv.{codec}"))


@pytest.mark.few(20)
@codecs
@pytest.mark.parametrize("cut", [1, 4, 10, 14, 19, 25])
def test_members_are_read_one_after_the_other(
    codec: str, cut: int, judge: Callable[[Case], None]
) -> None:
    pack = PACK[codec]
    judge(good(pack(QUOTED[:cut]) + pack(b"") + pack(QUOTED[cut:]) + pack(b"")))


@codecs
def test_an_empty_member_may_come_first(codec: str, judge: Callable[[Case], None]) -> None:
    judge(good(PACK[codec](b"") + PACK[codec](TEXT)))


@pytest.mark.deep
@codecs
def test_many_long_members_are_all_read(codec: str, judge: Callable[[Case], None]) -> None:
    cuts = [0, 1000, 99_999, 100_000, 350_000, len(LONG)]
    members = [LONG[start:end] for start, end in pairwise(cuts)]
    judge(good(b"".join(map(PACK[codec], members)), LONG_ROWS))


@pytest.mark.few(10)
@codecs
@pytest.mark.parametrize("left", ["magic", "header", "half", "all but 9", "all but 4", "all but 1"])
def test_a_truncated_file_is_refused(codec: str, left: str, judge: Callable[[Case], None]) -> None:
    whole = PACK[codec](LONG)
    kept = {
        "magic": 6,
        "header": 12,
        "half": len(whole) // 2,
        **{f"all but {less}": len(whole) - less for less in (9, 4, 1)},
    }
    judge(bad(whole[: kept[left]], rf"preds\.csv\.{codec}: ", name=f"preds.csv.{codec}"))


@codecs
def test_a_truncated_second_member_is_refused(codec: str, judge: Callable[[Case], None]) -> None:
    packed = PACK[codec](LONG[:300_000]) + PACK[codec](LONG[300_000:])[:-20]
    judge(bad(packed, r"preds\.csv: "))


@codecs
def test_a_truncated_pipe_is_refused(codec: str, judge: Callable[[Case], None]) -> None:
    judge(bad(PACK[codec](LONG)[:-100], r"standard input: ", name="-"))


@pytest.mark.few(20)
@codecs
@pytest.mark.parametrize(
    "tail", [b"garbage", b"\n", b"1,.5\n", b"\xff" * 100, b"\x00\x00\x00\x00rest", b"\x1f\x8b"]
)
def test_garbage_behind_is_refused(codec: str, tail: bytes, judge: Callable[[Case], None]) -> None:
    judge(bad(PACK[codec](TEXT) + tail, rf"preds\.csv\.{codec}: ", name=f"preds.csv.{codec}"))


@codecs
@pytest.mark.parametrize("size", [4, 512, 10_240])
def test_zeros_behind_are_padding_or_refused(
    codec: str, size: int, judge: Callable[[Case], None]
) -> None:
    data = PACK[codec](TEXT) + bytes(size)
    judge(good(data) if codec in {"gz", "xz"} else bad(data, r"preds\.csv: "))


@codecs
def test_a_member_of_another_kind_behind_is_refused(
    codec: str, judge: Callable[[Case], None]
) -> None:
    other = PACK["bz2" if codec == "gz" else "gz"](b"1,.5\n")
    judge(bad(PACK[codec](TEXT) + other, r"preds\.csv: "))


@codecs
def test_nothing_compressed_is_empty(codec: str, judge: Callable[[Case], None]) -> None:
    judge(bad(PACK[codec](b""), r"preds\.csv: .*empty"))


@codecs
def test_compressed_twice_is_refused(codec: str, judge: Callable[[Case], None]) -> None:
    judge(bad(PACK[codec](PACK[codec](TEXT)), r"preds\.csv\b"))


@pytest.mark.deep
@codecs
def test_a_fault_within_has_its_line(codec: str, judge: Callable[[Case], None]) -> None:
    error = rf"preds\.csv\.{codec}, line 20002: prediction 1\.5"
    judge(bad(PACK[codec](LONG + b"1,1.5\n"), error, name=f"preds.csv.{codec}"))


@codecs
def test_utf16_within_is_read(codec: str, judge: Callable[[Case], None]) -> None:
    judge(good(PACK[codec](TEXT.decode().encode("utf-16"))))


@pytest.mark.parametrize("codec", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("part", [3, 5, 7])
def test_a_changed_byte_is_noticed(codec: str, part: int, judge: Callable[[Case], None]) -> None:
    packed = bytearray(PACK[codec](LONG))
    packed[len(packed) * part // 10] ^= 0x10
    judge(bad(bytes(packed), r"preds\.csv\b"))


def _header() -> bytes:
    return b"\x1f\x8b\x08\x1c" + bytes(6) + b"\x03\x00abc" + b"name.csv\x00" + b"a comment\x00"


def _with_header(data: bytes) -> bytes:
    body = zlib.compress(data)[2:-4]
    return (
        _header() + body + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    )


def _changed_digit() -> bytes:
    return gzip.compress(TEXT, 0).replace(b".25", b".75")


def _blocks() -> bytes:
    blocks = [LONG[start : start + 65_280] for start in range(0, len(LONG), 65_280)]
    return b"".join(gzip.compress(block) for block in [*blocks, b""])


SKIPPED = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"

SPECIAL = {
    "a gzip header with all its fields": good(_with_header(TEXT)),
    "gzip without compression": good(gzip.compress(TEXT, 0)),
    "gzip of many small blocks": good(_blocks, LONG_ROWS),
    "gzip, a digit changed": bad(_changed_digit, r"preds\.csv\b"),
    "gzip, its length changed": bad(_with_header(TEXT)[:-1] + b"\x01", r"preds\.csv\b"),
    "gzip, its checksum changed": bad(
        _with_header(TEXT)[:-8] + bytes(4) + _with_header(TEXT)[-4:], r"preds\.csv\b"
    ),
    "gzip, an unknown method": bad(b"\x1f\x8b\x07" + PACK["gz"](TEXT)[3:], r"preds\.csv\b"),
    "gzip, two bytes of it": bad(b"\x1f\x8b", r"preds\.csv"),
    "xz without a checksum": good(lzma.compress(TEXT, check=lzma.CHECK_NONE)),
    "xz with SHA-256": good(lzma.compress(TEXT, check=lzma.CHECK_SHA256)),
    "xz padded by three bytes": bad(lzma.compress(TEXT) + bytes(3), r"preds\.csv\b"),
    "the old format of lzma": bad(lzma.compress(TEXT, lzma.FORMAT_ALONE), r"preds\.csv\b"),
    "bzip2, level 1": good(bz2.compress(LONG, 1), LONG_ROWS),
    "zlib": bad(zlib.compress(TEXT), r"preds\.csv\b"),
    "raw deflate": bad(zlib.compress(TEXT)[2:-4], r"preds\.csv\b"),
    "compress of Unix": bad(b"\x1f\x9d\x90y\x58\xc0\x50", r"preds\.csv\b"),
    "the old format of lz4": bad(b"\x02\x21\x4c\x18\x10\x00\x00\x00\xf0" + TEXT, r"preds\.csv\b"),
    "zstd, a frame to skip behind": good(
        lambda: PACK["zst"](TEXT) + SKIPPED, error=r"preds\.csv\b"
    ),
    "zstd, a frame to skip in front": good(
        lambda: SKIPPED + PACK["zst"](TEXT), error=r"preds\.csv\b"
    ),
    "a record of 70 MB out of 70 kB": bad(
        lambda: gzip.compress(b"y,p,t\n1,.5,a\n0,.5," + b"x" * (70 << 20), 1),
        r"preds\.csv, line 3: .*64 MiB",
    ),
    "an honest file, a thousand to one": good(
        lambda: bz2.compress(TEXT[:4] + TEXT[4:] * 100_000), TWO * 100_000
    ),
}


@pytest.mark.few(7)
@each(SPECIAL)
def test_what_a_compressor_may_write_is_read_or_refused(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)
