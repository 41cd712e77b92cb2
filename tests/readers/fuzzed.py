"""Damages files of every format at random, and reads them, in a process that may die of it.

Called with the numbers of the first change and of the one behind the last. It prints what takes
more than ten seconds of CPU, more than a GiB, or ends in other than an answer or an error of ours.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, collect_rows
from bce_cli.errors import BceError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions
from tests.corpus.columnar import WRITE, table

N = 40
SECONDS, KILOBYTES = 10, 1 << 20
MOST_BYTES = 4 << 30  # of address space

LETTERS = ["ab"[i % 2] for i in range(N)]
TEXTS = [f"k{i % 7}" if i % 5 else "k\u00e9" for i in range(N)]
TOKENS = (b",", b'"', b"\n", b"\r", b"\0", b"NaN", b"1e400", b"null", b"{", b"}", b"[", b"\xff")
GREAT = (2**31 - 1, 2**30, 2**29, 2**32 - 1, 2**28, 10**6, 0, 2**40, 2**63)
WAYS = ("byte", "bit", "delete", "insert", "cut", "double", "token", "int32", "varint")
PARQUET: tuple[dict[str, Any], ...] = (
    {"compression": "none"},
    {"compression": "snappy", "row_group_size": 13},
    {"compression": "zstd", "use_dictionary": False, "data_page_size": 64, "write_batch_size": 5},
    {"compression": "gzip", "data_page_version": "2.0", "write_page_index": True},
    {"compression": "lz4", "write_page_checksum": True},
)
CHOICES = (
    (ColumnChoice("y", "p"), Grammar()),
    (ColumnChoice("y", "p", id="t", segments=("d",)), Grammar()),
    (ColumnChoice("y", "p", weight="f", cluster="t"), Grammar(drop_missing=True)),
    (ColumnChoice("d", "p", id="f"), Grammar(positive="a")),
    (ColumnChoice("y", "f", id="p"), Grammar(logits=True, drop_missing=True)),
)


def valid() -> list[tuple[str, bytes]]:
    """Write the valid files, with the endings of their names."""
    labels, ps = [i % 2 for i in range(N)], [(i + 1) / 64 for i in range(N)]
    fs = [float(i % 3 + 1) for i in range(N)]
    words = (LETTERS, "dictionary:string")
    data = table(y=(labels, "int8"), p=(ps,), t=(TEXTS,), f=(fs, "float32"), d=words)
    rows = list(zip(labels, ps, TEXTS, fs, LETTERS, strict=True))
    csv = "y,p,t,f,d\n" + "".join(f'{y},{p},"{t}",{f},{d}\n' for y, p, t, f, d in rows)
    lines = "".join(json.dumps(dict(zip("yptfd", row, strict=True))) + "\n" for row in rows)
    arrow = [
        (kind, WRITE[kind](data, 15, compression=compression))
        for kind in ("arrow", "arrows")
        for compression in (None, "zstd")
    ]
    return [
        *(("parquet", WRITE["parquet"](data, **options)) for options in PARQUET),
        *arrow,
        ("csv", csv.encode()),
        ("csv", csv.encode("utf-16")),
        ("jsonl", lines.encode()),
        ("csv.gz", gzip.compress(csv.encode(), mtime=0)),
        ("jsonl.gz", gzip.compress(lines.encode(), mtime=0)),
    ]


def places(kind: str, data: bytes) -> list[int]:
    """Give where the structure of a Parquet file stands: its footer, and the heads of its pages."""
    if kind != "parquet":
        return [0]
    from pyarrow import parquet

    metadata = parquet.ParquetFile(io.BytesIO(data)).metadata
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    found = list(range(footer, len(data), 24))
    for group in range(metadata.num_row_groups):
        chunks = [metadata.row_group(group).column(i) for i in range(metadata.num_columns)]
        found += [chunk.dictionary_page_offset or chunk.data_page_offset for chunk in chunks] * 4
    return found


def varint(value: int) -> bytes:
    """Write an unsigned integer of Thrift's compact protocol."""
    digits = bytearray()
    while value >= 128:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def change(data: bytes, structure: list[int], chance: random.Random) -> bytes:
    """Damage some bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if not changed:
            break
        at, size = chance.randrange(len(changed)), chance.choice((1, 1, 2, 4, 16))
        if len(structure) > 1 and chance.random() < 0.7:
            at = min(chance.choice(structure) + chance.randrange(24), len(changed) - 1)
        way = chance.choice(WAYS)
        if way == "byte":
            changed[at] = chance.randrange(256)
        elif way == "bit":
            changed[at] ^= 1 << chance.randrange(8)
        elif way == "delete":
            del changed[at : at + size]
        elif way == "insert":
            changed[at:at] = chance.randbytes(size)
        elif way == "cut":
            del changed[at:]
        elif way == "double":
            changed[at:at] = changed[at : at + 8 * size]
        else:
            _overwrite(changed, at, way, chance)
    return bytes(changed)


def _overwrite(changed: bytearray, at: int, way: str, chance: random.Random) -> None:
    if way == "token":
        changed[at : at + chance.choice((0, 1))] = chance.choice(TOKENS)
    elif way == "int32":
        changed[at : at + 4] = struct.pack("<i", chance.choice((-1, 0, 1, 2**31 - 1, 2**30, 2**24)))
    else:
        digits = varint(chance.choice(GREAT))
        changed[at : at + chance.choice((1, 2, 3, len(digits)))] = digits


def peak() -> int:
    """Return the most memory that this process ever held, in kilobytes."""
    with Path("/proc/self/status").open() as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def answer(path: Path, choice: ColumnChoice, grammar: Grammar) -> str | None:
    """Read a file; return what went wrong in another way than it may."""
    try:
        rows = collect_rows(Job(open_data([str(path)], InputOptions(choice, grammar)), 1))
        list(rows.ids or ())
    except BceError as error:
        return None if str(error) else "an error without a word"
    except Exception:  # noqa: BLE001 -- reported by the test
        return traceback.format_exc().splitlines()[-1]
    return None


def main(start: int, stop: int) -> None:
    """Make changes, and read what they have made."""
    files = [(kind, data, places(kind, data)) for kind, data in valid()]
    for kind, data, _ in files:  # loads what is needed
        Path(f"preds.{kind}").write_bytes(data)
        for choice, grammar in CHOICES:
            fault = answer(Path(f"preds.{kind}"), choice, grammar)
            assert fault is None, fault
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    before = peak()
    for number in range(start, stop):
        chance = random.Random(number)  # noqa: S311
        kind, data, structure = files[number % len(files)]
        path = Path(f"preds.{kind}")
        path.write_bytes(change(data, structure, chance))
        choice, grammar = chance.choice(CHOICES)
        began = time.process_time()
        fault = answer(path, choice, grammar)
        if time.process_time() - began > SECONDS:
            fault = "it took too long"
        if peak() - before > KILOBYTES:
            fault, before = "it took too much memory", peak()
        if fault is not None:
            sys.stdout.write(f"{number} {kind}: {fault}\n")
    sys.stdout.write(f"{stop - start} read\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
