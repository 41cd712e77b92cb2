"""Writes columns of texts in any form that a source may have; hypothesis chooses the form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st

from bce_cli.readers.grammar import Layout
from tests.corpus.columnar import WRITE
from tests.corpus.packing import PACK

if TYPE_CHECKING:
    from collections.abc import Sequence

ENCODINGS: tuple[tuple[str, str | None], ...] = (
    ("utf-8", None),
    ("utf-8", "utf-8"),
    ("utf-8-sig", None),
    ("utf-16", None),
    ("utf-32", None),
    ("utf-16-le", "utf-16-le"),
    ("utf-16-be", "utf-16-be"),
    ("latin-1", "latin-1"),
)
"""How text is encoded, and what --encoding must say."""

COMMENTS = (None, None, "#", "//", "%%")
LINE_ENDS = ("\n", "\r\n", "\r")
MISSING = ("", "NA", "n/a", "nan", "NULL", "None", "<na>", "#N/A", " nAn\t")


@dataclass(frozen=True)
class Column:
    """Cells of one column as text; None is missing. Texts of number columns use the point."""

    name: str
    texts: Sequence[str | None]
    is_number: bool = True
    missing: Sequence[str] = MISSING  # how a missing cell may be spelled


@dataclass(frozen=True)
class Form:
    """The bytes of a source, and what must be said about it."""

    data: bytes
    name: str = "preds.csv"
    layout: Layout = field(default_factory=Layout)
    decimal: str = "."
    places: dict[str, str] | None = None  # without a header, where each column stands


class Spelling:
    """Chooses among ways to write cells; few draws serve many cells."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._turns = cycle(draw(st.lists(st.integers(0, 59), min_size=1, max_size=6)))

    def __call__(self, ways: Sequence[str]) -> str:
        """Choose one of the ways."""
        return ways[next(self._turns) % len(ways)]

    def number(self, value: float) -> str:
        """Write a number in one of the ways that mean exactly it."""
        text = repr(value)
        ways = [text, f"+{text}", f" {text} ", f"\t{text}", text.upper(), f"{value:.17g}"]
        ways = ways if not text.startswith("-") else [text, f"{text}\t", f"{value:.17g}"]
        if text.startswith("0.") and len(text) > len("0."):
            ways.append(text[1:])
        if text.endswith(".0"):
            ways += [text[:-1], text[:-2]]
        chosen = self(ways)
        assert float(chosen) == value
        return chosen


@st.composite
def forms(draw: st.DrawFn, columns: list[Column]) -> Form:
    """Write columns in any form."""
    columns = draw(st.permutations(columns))
    kind = draw(st.sampled_from(["csv", "csv", "jsonl", "parquet", "arrow", "arrows"]))
    if kind == "csv":
        return draw(csv_forms(columns))
    return draw(json_forms(columns) if kind == "jsonl" else columnar_forms(columns, kind))


@st.composite
def csv_forms(draw: st.DrawFn, columns: list[Column]) -> Form:
    """Write CSV text."""
    delimiter = draw(st.sampled_from([",", ",", ";", "\t", "|", ":"]))
    decimal = draw(st.sampled_from([".", ","])) if delimiter != "," else "."
    comment = draw(st.sampled_from(COMMENTS))
    quoting: Literal["minimal", "all", "some"] = draw(st.sampled_from(["minimal", "all", "some"]))
    special = {delimiter, '"', "\r", "\n"}
    spelled = Spelling(draw)

    def cell(text: str) -> str:
        must = bool(special & set(text)) or text[:1] == "\ufeff"
        must = must or (comment is not None and text.startswith(comment))
        if must or quoting == "all" or (quoting == "some" and spelled("01") == "1"):
            return '"' + text.replace('"', '""') + '"'
        return text

    def cells(column: Column) -> list[str]:
        texts = [spelled(column.missing) if t is None else t for t in column.texts]
        return [cell(t.replace(".", decimal) if column.is_number else t) for t in texts]

    has_header = draw(st.booleans()) or draw(st.booleans())
    lines = [delimiter.join(cell(column.name) for column in columns)] if has_header else []
    lines += map(delimiter.join, zip(*map(cells, columns), strict=True))
    passed_over = ["", *([f'{comment} 1,0.5;"{delimiter}'] if comment else [])]
    for at in draw(st.lists(st.integers(0, len(lines)), max_size=3)):
        lines.insert(at, draw(st.sampled_from(passed_over)))
    line_end = draw(st.sampled_from(LINE_ENDS))
    data, encoding = _encoded(draw, line_end.join(lines) + draw(st.sampled_from([line_end, ""])))
    is_sniffed = has_header and delimiter != ":" and draw(st.booleans())
    layout = Layout(
        input_format=None if has_header else "csv",  # an id such as {} looks like JSON
        delimiter=None if is_sniffed else delimiter,
        has_header=has_header,
        encoding=encoding,
        comment=comment,
    )
    places = {column.name: f"#{i}" for i, column in enumerate(columns, start=1)}
    return Form(
        _packed(draw, data),
        "preds.tsv" if delimiter == "\t" else draw(st.sampled_from(["preds.csv", "preds"])),
        layout,
        decimal,
        None if has_header else places,
    )


@st.composite
def json_forms(draw: st.DrawFn, columns: list[Column]) -> Form:
    """Write JSON Lines, with keys in changing order and nested values that nobody asked for."""
    ascii_only = draw(st.booleans())
    spelled = Spelling(draw)
    extra = draw(st.sampled_from([None, '"z": 1', '"z": {"y": [1, {"p": 2}]}', '"z": [[], "}"]']))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]))
    lines = []
    for i in range(len(columns[0].texts)):
        members = []
        for column in columns:
            text = column.texts[i]
            value = spelled(column.missing) if text is None else text
            if text is None and spelled("01") == "1":
                written = "null"
            elif column.is_number and _is_json(value) and spelled("01") == "1":
                written = value.strip()
            else:
                written = json.dumps(value, ensure_ascii=ascii_only)
            members.append(f'"{column.name}"{colon}{written}')
        if extra is not None:
            members.insert(i % (len(members) + 1), extra)
        turn = i % len(members)
        lines.append("{" + comma.join(members[turn:] + members[:turn]) + "}")
    for at in draw(st.lists(st.integers(1, len(lines)), max_size=3)):
        lines.insert(at, draw(st.sampled_from(["", " ", "\t"])))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    data, encoding = _encoded(draw, line_end.join(lines) + draw(st.sampled_from([line_end, ""])))
    name = draw(st.sampled_from(["preds.jsonl", "preds.ndjson", "preds"]))
    return Form(_packed(draw, data), name, Layout(encoding=encoding))


def _is_json(text: str) -> bool:
    """Whether a text of the number grammar is a JSON number, true or false as well."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, (int, float)) and text.strip().lower() != "nan"


@st.composite
def columnar_forms(draw: st.DrawFn, columns: list[Column], kind: str) -> Form:
    """Write Parquet, an Arrow file or an Arrow stream."""
    import pyarrow as pa

    table = pa.table({column.name: _typed(draw, column) for column in columns})
    rows = draw(st.integers(1, max(1, table.num_rows)))
    if kind == "parquet":
        codecs = st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4"])
        options: dict[str, Any] = {
            "row_group_size": rows,
            "compression": draw(codecs),
            "use_dictionary": draw(st.booleans()),
            "data_page_version": draw(st.sampled_from(["1.0", "2.0"])),
        }
        data = WRITE[kind](table, **options)
    else:
        data = WRITE[kind](table, rows, compression=draw(st.sampled_from([None, "lz4", "zstd"])))
    return Form(_packed(draw, data), draw(st.sampled_from([f"preds.{kind}", "preds"])))


def _typed(draw: st.DrawFn, column: Column) -> Any:  # noqa: ANN401 -- pyarrow has no types
    import pyarrow as pa

    texts = column.texts
    try:
        numbers = [None if text is None else float(text) for text in texts]
        is_text = not column.is_number or draw(st.booleans())
    except ValueError:  # true and false, say
        is_text = True
    if is_text:
        kind = draw(st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]))
        array = pa.array(texts, pa.string())
        return array.dictionary_encode() if draw(st.booleans()) else array.cast(kind)
    if column.missing is not MISSING or not {0.0, 1.0}.issuperset(numbers):
        return pa.array(numbers, pa.float64())
    whole = [None if number is None else int(number) for number in numbers]
    kinds = [pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(21, 2)]
    if column.name == "y":
        kinds.append(pa.bool_())
    return pa.array(whole).cast(draw(st.sampled_from(kinds)))


def _encoded(draw: st.DrawFn, text: str) -> tuple[bytes, str | None]:
    known, said = draw(st.sampled_from(ENCODINGS))
    if known == "latin-1" and any(ord(character) > 0xFF for character in text):
        known, said = "utf-8", None
    return text.encode(known), said


def _packed(draw: st.DrawFn, data: bytes) -> bytes:
    """Compress in one member or several, or not at all."""
    codec = draw(st.sampled_from([None, None, *PACK]))
    if codec is None:
        return data
    cuts = sorted(draw(st.lists(st.integers(1, max(1, len(data) - 1)), max_size=2, unique=True)))
    ends = [0, *cuts, len(data)]
    parts = [data[start:end] for start, end in pairwise(ends)]
    return b"".join(PACK[codec](part) for part in parts)
