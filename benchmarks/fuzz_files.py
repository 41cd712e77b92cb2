# ruff: noqa: PLR2004 -- shares of all inputs, chosen by taste
"""Files for `fuzz_inputs.py`, mostly valid, in every format that can be read."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

GOOD_NUMBERS = ["0", "1", "0.5", ".5", "1.", "+0.25", "5e-1", "5e-324", "0.9999999999999999", "-0"]
GOOD_LABELS = ["0", "1", "0.0", "1.", "true", "False", "+1", "1e0"]
ODD_CELLS = [
    *("", "NA", "N/A", "nan", "NULL", "None", "<NA>", "#N/A", "inf", "-inf", "1e999", "1e-400"),
    *("0x1", "1_0", "50%", "0,5", "1/2", "\uff11", "\u00bd", "-1", "2", "1.0000000000000002"),
    *(" 0.5 ", "\t1", "\u00a01", "yes", "no", "b", "1" * 400, "0." + "3" * 900, "\0", "NaN(1)"),
]
TEXTS = [
    *("a", "b", "", 'say "x"', "a,b", "line\nbreak", "back\rto", "\r\n", "\x1b[31m", "\u202ea"),
    *("=1+1", "caf\u00e9", "\U0001f600", "#", "[red]", "\udcff", "{", "\0", "\ufeff", "x" * 3000),
]
TOKENS = [
    *(b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\r", b"\r\n", b"\0", b" ", b"y,p\n", b"#"),
    *(b"0.5", b"1", b"{", b"}", b"[", b"]", b":", b'{"y": 1, "p": 0.5}\n', b"null", b"\\u0000"),
    *(b"\\ud800", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PAR1", b"ARROW1\0\0"),
    *(b"\xff\xff\xff\xff", b"\x28\xb5\x2f\xfd", b"BZh9", b"\x04\x22\x4d\x18", b"\xc3\xa9", b"e"),
    *(b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0" * 8, b"\xf0\xff\xff\xff\xff"),
]


@dataclass(slots=True)
class Input:
    """A file, how it is to be read, and what it is."""

    data: bytes
    kind: str
    name: str = "preds.csv"
    columns: dict[str, Any] = field(default_factory=dict)
    grammar: dict[str, Any] = field(default_factory=dict)
    layout: dict[str, Any] = field(default_factory=dict)
    other: bytes | None = None  # labels to join by id
    block_bytes: int = 1 << 16
    n_workers: int = 1
    mode: str = "report"
    from_stdin: bool = False


def _cells(rng: random.Random) -> list[dict[str, str]]:
    odd = rng.choice([0.0, 0.0, 0.02, 0.2])

    def cell(good: list[str]) -> str:
        return rng.choice(ODD_CELLS) if rng.random() < odd else rng.choice(good)

    n = rng.choice([0, 1, 2, 3, 5, 8, 30])
    labels = rng.choice([GOOD_LABELS, ["0", "1"], ["a", "b"], ["true", "false"]])
    return [
        {
            "y": cell(labels),
            "p": cell(GOOD_NUMBERS) if rng.random() < 0.5 else repr(rng.random()),
            "t": rng.choice(TEXTS) if rng.random() < 0.7 else str(i),
            "w": cell(["0", "1", "2.5", "1e-100"]),
        }
        for i in range(n)
    ]


def _csv(rng: random.Random) -> Input:
    names = rng.sample(["y", "p", "t", "w"], 4)
    if rng.random() < 0.2:
        names.remove(rng.choice(names))
    delimiter = rng.choice([",", ",", ";", "\t", "|"])
    decimal = rng.choice([".", ".", ".", ","]) if delimiter != "," else "."
    line_end = rng.choice(["\n", "\n", "\r\n", "\r"])
    special = {delimiter, '"', "\r", "\n"}
    all_quoted = rng.random() < 0.2

    def field_of(name: str, text: str) -> str:
        text = text.replace(".", decimal) if name in "pw" else text
        is_quoted = all_quoted or bool(special & set(text))
        return '"' + text.replace('"', '""') + '"' if is_quoted else text

    has_header = rng.random() < 0.85
    lines = [delimiter.join(names)] if has_header else []
    lines += [delimiter.join(field_of(k, row[k]) for k in names) for row in _cells(rng)]
    if rng.random() < 0.2:
        lines.insert(rng.randint(0, len(lines)), rng.choice(["", "# a comment", "1", ",,,"]))
    text = line_end.join(lines) + rng.choice([line_end, ""])
    encoding = rng.choice([*["utf-8"] * 12, "utf-8-sig", "utf-16", "utf-32"])
    made = Input(text.encode(encoding, _errors(encoding)), f"CSV, {encoding}")
    made.grammar["decimal"] = decimal
    made.layout["has_header"] = has_header
    if rng.random() < 0.3:
        made.layout["delimiter"] = delimiter
    if not has_header:
        places = {name: f"#{place}" for place, name in enumerate(names, start=1)}
        made.columns = {"label": places.get("y"), "prediction": places.get("p")}
    names_of_files = ["preds.csv", "preds", "preds.csv.gz"]
    made.name = rng.choice(["preds.tsv"] if delimiter == "\t" else names_of_files)
    return made


def _errors(encoding: str) -> str:
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


def _json(rng: random.Random) -> Input:
    extra: list[object] = [1, None, "\u00e9", {"a": [1, {"p": 2}]}, [[]], "x" * 100, 1e300, True]
    lines = []
    for row in _cells(rng):
        parts = [(f'"{k}"', _json_value(rng, v)) for k, v in row.items()]
        parts.append(('"x"', json.dumps(rng.choice(extra))))
        rng.shuffle(parts)
        if rng.random() < 0.05:
            parts.pop()
        if rng.random() < 0.05:
            parts.append(parts[0])
        lines.append("{" + ", ".join(f"{k}: {v}" for k, v in parts) + "}")
    text = rng.choice(["\n", "\r\n"]).join(lines) + rng.choice(["\n", "", "\n\n"])
    encoding = rng.choice([*["utf-8"] * 12, "utf-16", "utf-8-sig"])
    data = text.encode(encoding, _errors(encoding))
    return Input(data, "JSON Lines", rng.choice(["preds.jsonl", "preds.ndjson", "preds"]))


def _json_value(rng: random.Random, text: str) -> str:
    numeric = text.strip("0123456789.e-") == "" and text[:1].isdigit() and text[-1:].isdigit()
    if (numeric and rng.random() < 0.8) or text in ("true", "null", "NaN"):
        return text
    return json.dumps(text, ensure_ascii=rng.random() < 0.5)


def _table(rng: random.Random) -> Any:  # noqa: ANN401 -- pyarrow has no types
    import pyarrow as pa

    rows = _cells(rng)
    texts = [None if rng.random() < 0.02 else row["t"].replace("\udcff", "") for row in rows]
    numbers = [rng.choice([0.0, 0.5, 1.0, rng.random(), None, 2.0]) for _ in rows]
    labels = [rng.choice([0, 1]) for _ in rows]
    kinds: list[Any] = [pa.int8(), pa.int64(), pa.float32(), pa.bool_(), pa.string(), pa.uint64()]
    columns = {
        "y": pa.array(labels).cast(rng.choice(kinds)),
        "p": pa.array(numbers if rng.random() < 0.2 else [rng.random() for _ in rows]),
        "t": pa.array(texts, rng.choice([pa.string(), pa.large_string(), pa.string_view()])),
        "w": pa.array([1.0] * len(rows)),
        "x": pa.array([[1]] * len(rows), pa.list_(pa.int64())),
    }
    if rng.random() < 0.3:
        columns["p"] = pa.array([None if v is None else repr(v) for v in numbers], pa.string())
    if rng.random() < 0.3 and columns["t"].type == pa.string():
        columns["t"] = columns["t"].dictionary_encode()
    if rng.random() < 0.2:
        columns["y"] = columns["y"].cast(pa.string()).dictionary_encode()
    names = rng.sample(sorted(columns), len(columns))
    return pa.table({name: columns[name] for name in names})


def _parquet(rng: random.Random) -> Input:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(
        _table(rng),
        sink,
        row_group_size=rng.choice([1, 2, 5, 1000]),
        compression=rng.choice(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(["1.0", "2.0"]),
        write_page_checksum=rng.random() < 0.2,
    )
    return Input(sink.getvalue(), "Parquet", rng.choice(["preds.parquet", "preds"]))


def _arrow(rng: random.Random, *, is_file: bool) -> Input:
    import pyarrow as pa

    table, sink = _table(rng), io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=rng.choice([None, None, "lz4", "zstd"]))
    new = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with new(sink, table.schema, options=options) as writer:
        writer.write_table(table, rng.choice([1, 2, 5, 1000]))
    return Input(sink.getvalue(), "Arrow file" if is_file else "Arrow stream", "preds.arrow")


def _soup(rng: random.Random) -> Input:
    data = b"".join(rng.choice(TOKENS) for _ in range(rng.randint(0, 60)))
    head = rng.choice([b"", b"y,p\n", b"y,p,t\n", b'{"y": 1, "p": 0.5}\n'])
    return Input(head + data, "tokens")


KINDS: list[Callable[[random.Random], Input]] = [
    _csv,
    _json,
    _parquet,
    lambda rng: _arrow(rng, is_file=True),
    lambda rng: _arrow(rng, is_file=False),
    _soup,
]
