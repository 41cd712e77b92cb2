# ruff: noqa: PLR2004 -- shares of all inputs, chosen by taste
"""Inputs for `fuzz_readers.py`, by number: files, what is wrong with them, what is said of them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
from typing import TYPE_CHECKING

from benchmarks.fuzz_files import KINDS, TOKENS, Input

if TYPE_CHECKING:
    from collections.abc import Callable

CODECS = ["gzip", "bz2", "xz", "zstd", "lz4"]


def pack(data: bytes, codec: str) -> bytes:
    """Compress bytes."""
    import pyarrow as pa

    if codec == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if codec == "bz2":
        return bz2.compress(data, 1)
    if codec == "xz":
        return lzma.compress(data, preset=0)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(data)
    return bytes(sink.getvalue().to_pybytes())


def make(seed: int, index: int) -> Input:
    """Make the input of one number, always the same."""
    rng = random.Random(f"{seed}/{index}")  # noqa: S311 -- no secrets
    if rng.random() < 1 / 2000:
        made = rng.choice(GREAT)(rng)
    else:
        made = rng.choices(KINDS, [40, 22, 14, 8, 8, 4])[0](rng)
        if rng.random() < 0.6:
            made.data = damaged(rng, made.data)
            made.kind += ", damaged"
    if rng.random() < 0.3 and len(made.data) < 1 << 20:
        codec, data = rng.choice(CODECS), made.data
        cut = rng.randint(0, len(data)) if rng.random() < 0.3 else 0
        made.data = b"".join(pack(part, codec) for part in (data[:cut], data[cut:]) if part)
        made.kind += f", {codec}"
        if rng.random() < 0.25:
            made.data = damaged(rng, made.data)
    _other_wishes(rng, made)
    return made


def _other_wishes(rng: random.Random, made: Input) -> None:
    """Choose what has little to do with the file, and sometimes contradict it."""
    grammar, layout = made.grammar, made.layout
    grammar.setdefault("drop_missing", rng.random() < 0.4)
    if rng.random() < 0.2:
        grammar["positive"] = rng.choice(["1", "a", "true", "yes", "1.0", "NA"])
    elif rng.random() < 0.1:
        grammar["soft_labels"] = True
    grammar["logits"] = rng.random() < 0.1
    if made.kind.startswith("CSV") and rng.random() < 0.05:
        layout["comment"] = rng.choice(["#", "//", "1", "\u00e9"])
    if rng.random() < 0.5:
        made.columns["id"] = "t"
    if rng.random() < 0.15:
        made.columns["weight"] = "w"
    if rng.random() < 0.12:
        _contradict(rng, made)
    made.block_bytes = rng.choice([1, 2, 3, 7, 16, 64, 200, 4096, 1 << 20])
    made.n_workers = rng.randint(1, 3)
    made.mode = rng.choice(["report", "report", "table", "json", "csv", "markdown"])
    made.from_stdin = rng.random() < 0.1
    if rng.random() < 0.06:
        made.other = damaged(rng, b"t,y\na,1\nb,0\n") if rng.random() < 0.5 else b"t,y\na,1\n,0\n"


def _contradict(rng: random.Random, made: Input) -> None:
    """Say something about the file that need not be true."""
    choice = rng.randrange(5)
    if choice == 0:
        made.layout["encoding"] = rng.choice(
            ["utf-8", "latin-1", "utf-16-le", "utf-16", "utf-7", "cp1252", "shift_jis", "utf-32"]
        )
    elif choice == 1:
        made.layout["comment"] = rng.choice(["#", "1", "y"])
    elif choice == 2:
        made.layout["input_format"] = rng.choice(["csv", "tsv", "jsonl", "parquet", "arrow"])
    elif choice == 3:
        made.layout["delimiter"] = rng.choice(["tab", "space", "|", ";", "0", "e", "\0"])
    else:
        made.columns["id"] = rng.choice(["#1", "#3", "y", "x"])


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Replace, insert, delete, repeat and move some bytes."""
    text = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 1, 2, 5])):
        at, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        end = min(end, at + rng.choice([1, 1, 4, 8, 100]))
        choice = rng.randrange(7)
        if choice == 0:
            text[at : at + 1] = bytes([rng.randrange(256)])
        elif choice == 1:
            text[at:at] = bytes([rng.randrange(256)])
        elif choice == 2:
            del text[at:end]
        elif choice == 3:
            token = rng.choice(TOKENS)
            text[at : at + len(token) * rng.randint(0, 1)] = token
        elif choice == 4:
            text[at:at] = text[at:end] * rng.choice([1, 2, 50])
        elif choice == 5 and at < len(text):
            text[at] ^= 1 << rng.randrange(8)
        elif rng.random() < 0.3:
            del text[at:]
    return bytes(text)


def _great_text(rng: random.Random) -> Input:
    """Make few bytes that stand for many, or many that are one record."""
    unit, times = rng.choice(
        [
            (b"\0" * (1 << 24), 20),
            (b"1,0.5\n" * (1 << 21), 10),
            (b'"' + b"x" * (1 << 24), 7),
            (b"\n" * (1 << 22), 10),
            (b"{" * (1 << 22), 10),
            (b"[" * 100_000, 1),
            (b'{"p":' * 100_000, 1),
            (b"1," * 200_000, 1),
            (b"1" * 1_000_000 + b",0.5\n", 1),
            (b'{"y": 1, "p": 0.5, "x": ' + b"[" * 2000 + b"]" * 2000 + b"}\n", 1),
            (b"1,0." + b"3" * 1_000_000 + b"\n", 3),
        ]
    )
    codec = rng.choice(CODECS)
    head = rng.choice([b"y,p\n", b"y,p\n1,0.5\n", b'{"y": 1, "p": 0.5}\n', b""])
    return Input(pack(head, codec) + pack(unit, codec) * times, f"great text, {codec}")


def _great_strings(rng: random.Random) -> Input:
    """Make a small file in which one long string stands in each of many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, length = 1 << 16, rng.choice([100, 10_000, 100_000])
    places = pa.array([0] * n, pa.int32())
    texts = pa.DictionaryArray.from_arrays(places, pa.array(["x" * length]))
    table = pa.table({"y": pa.array([1, 0] * (n // 2)), "p": pa.array([0.5] * n), "t": texts})
    sink = io.BytesIO()
    if rng.random() < 0.5:
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return Input(sink.getvalue(), "great strings", "preds", {"id": "t"})


GREAT: list[Callable[[random.Random], Input]] = [_great_text, _great_text, _great_strings]
