"""What is said about each kind of bad input, to the letter: place, column, text, what to try."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

GOOD = b"y,p\n" + b"1,0.9\n0,0.2\n" * 50
DROP = "--missing drop leaves such rows out, and counts them"
ONE_MORE = "at least 1 more row is faulty"
TWO_MORE = "at least 2 more rows are faulty"
ONE_A_LINE = "each line must be one JSON object"

Message = tuple[bytes, str, str | None]


def columns(labels: list[object], predictions: list[object]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pa.table({"y": pa.array(labels), "p": pa.array(predictions)}), stream)
    return stream.getvalue()


HALVES = columns([1, 0], [0.5, 0.5])

CELLS: dict[str, Message] = {
    "outside": (
        b"y,p\n1,1.2\n0,.2\n",
        ", line 2: prediction 1.2 (column 'p') is not in [0, 1]",
        None,
    ),
    "no number": (
        b"y,p\n1,a\n",
        ", line 2: prediction 'a' (column 'p') is not a number",
        "predictions must be probabilities such as 0.25",
    ),
    "empty": (b"y,p\n1,\n", ", line 2: prediction (column 'p') is empty", DROP),
    "missing word": (b"y,p\nNA,.5\n", ", line 2: label 'NA' (column 'y') is not 0 or 1", DROP),
    "percent signs": (
        b"y,p\n1,50%\n",
        ", line 2: prediction '50%' (column 'p') is not a number",
        "percentages must be divided by 100 first",
    ),
    "percentages": (
        b"y,p\n1,50\n0,20\n",
        f", line 2: prediction 50 (column 'p') is not in [0, 1]; {ONE_MORE}",
        "these look like percentages: divide them by 100 first",
    ),
    "logits": (
        b"y,p\n1,-2.5\n0,3\n1,1.5\n",
        f", line 2: prediction -2.5 (column 'p') is not in [0, 1]; {TWO_MORE}",
        "these look like logits: --logits takes them as they are",
    ),
    "decimal commas": (
        b"y;p\n1;0,5\n",
        ", line 2: prediction '0,5' (column 'p') is not a number",
        "--decimal , reads numbers with a decimal comma",
    ),
    "-1 and 1": (
        b"y,p\n-1,.5\n1,.5\n",
        ", line 2: label -1 (column 'y') is not 0 or 1",
        "the labels are '-1', '1': say which one counts as 1, such as --positive 1",
    ),
    "yes and no": (
        b"y,p\nyes,.5\nno,.5\n",
        ", line 2: label 'yes' (column 'y') is not 0 or 1; at least 1 more row is faulty",
        "the labels are 'no', 'yes': say which one counts as 1, such as --positive yes",
    ),
    "three labels": (
        b"y,p\n0,.5\n1,.5\n2,.5\n",
        ", line 4: label 2 (column 'y') is not 0 or 1",
        "labels take two values, but here are '0', '1', '2'",
    ),
    "soft labels": (
        b"y,p\n0.3,.5\n1,.5\n",
        ", line 2: label 0.3 (column 'y') is not 0 or 1",
        "labels that are probabilities themselves need --soft-labels",
    ),
    "swapped columns": (
        b"y,p\n0.3,1\n1,0\n",
        ", line 2: label 0.3 (column 'y') is not 0 or 1",
        "the two columns look swapped: try --label p --prediction y",
    ),
    "null in Parquet": (
        columns([1, 0], [0.5, None]),
        ", row 2: prediction (column 'p') is null",
        DROP,
    ),
    "wrong type in Parquet": (
        columns([1, 0], [True, False]),
        ": prediction (column 'p') is of type bool, not numbers",
        None,
    ),
    "no key": (
        b'{"y":1,"p":0.5}\n{"y":0}\n',
        ", line 2: prediction is missing, there is no key 'p'",
        DROP,
    ),
    "key twice": (b'{"y":1,"p":0.5,"p":0.7}\n', ", line 1: the key 'p' occurs 2 times", None),
    "nested value": (
        b'{"y":1,"p":[0.5]}\n',
        ", line 1: prediction (key 'p') is an array",
        "name a part of it, such as 'p[0]'",
    ),
}

STRUCTURE: dict[str, Message] = {
    "too many fields": (
        b"y,p\n1,.5,3\n1,.5\n1\n",
        ", line 2: 3 fields where the header has 2; at least 1 more row is faulty",
        "a comma inside a field must be quoted",
    ),
    "stray quote": (
        b'y,p,t\n1,.5,a"b\n',
        ", line 2: a quote opens or closes in the middle of a field",
        "quote the whole field and double each quote within it",
    ),
    "no header": (
        b"1,.5\n0,.2\n",
        ", line 1: the header holds numbers, not names: '1,.5'",
        "without a header, pass --no-header --label '#1' --prediction '#2'",
    ),
    "Latin-1": (
        b"y,\xe9\n1,.5\n",
        ", line 1: the header is not UTF-8 text: byte 0xe9 at position 3",
        "it may be written in --encoding latin-1",
    ),
    "UTF-16 without a mark": (
        "y,p\n1,.5\n".encode("utf-16-le"),
        ", line 1: the header has NUL bytes",
        "is it UTF-16 without a byte order mark? try --encoding utf-16-le",
    ),
    "cut-off gzip": (
        gzip.compress(GOOD)[:-4],
        ": the gzip data end too early",
        "the file was cut off",
    ),
    "compressed twice": (
        gzip.compress(gzip.compress(GOOD)),
        ": it is compressed twice, gzip around gzip",
        "decompress it once on the way in, in a pipe",
    ),
    "cut-off Parquet": (
        HALVES[:100],
        ": the Parquet data are damaged: Parquet magic bytes not found in footer",
        None,
    ),
    "not JSON": (
        b'{"y":1,"p":0.5}\n{"y":0,\n',
        ", line 2: not JSON, expecting property name enclosed in double quotes: '{\"y\":0,'",
        ONE_A_LINE,
    ),
    "two objects": (
        b'{"y":1,"p":0.5}{"y":0,"p":0.5}\n',
        ', line 1: something follows the JSON value: \'{"y":0,"p":0.5}\'',
        ONE_A_LINE,
    ),
    "null": (
        b'{"y":1,"p":0.5}\nnull\n',
        ", line 2: the line holds null, not an object",
        ONE_A_LINE,
    ),
    "a zip archive": (
        b"PK\x03\x04....",
        ": the zip data end too early",
        "the file was cut off",
    ),
    "empty": (b"", ": the input is empty", "its first line must name the columns"),
    "header alone": (b"y,p\n", ": there are no rows", None),
}


@pytest.mark.few(10)
@pytest.mark.parametrize("message", (CELLS | STRUCTURE).values(), ids=CELLS | STRUCTURE)
def test_bad_input_is_told_to_the_letter(
    message: Message, preds: Callable[..., str], bce: Callable[..., Result]
) -> None:
    data, what, hint = message
    result = bce("compute", preds(data, "in.data"), "-q")
    said = [f"bce: error: in.data{what}", *([f"bce: {hint}"] if hint else [])]
    assert result.stderr.splitlines() == said
    assert (result.stdout, result.exit_code) == ("", 65)


WITH_OPTIONS: dict[str, tuple[bytes, list[str], int, str, str | None]] = {
    "a third label": (
        b"y,p\na,.5\nb,.5\nc,.5\n",
        ["--positive", "a"],
        65,
        ", line 4: label 'c' is neither 'a' nor 'b'",
        "with --positive, exactly one other value may occur",
    ),
    "the named label in other letters": (
        b"y,p\ndog,.5\ncat,.5\n",
        ["--positive", "Cat"],
        65,
        ", line 3: label 'cat' is neither 'Cat' nor 'dog'",
        "did you mean --positive cat?",
    ),
    "an id that is no text": (
        b"y,p,t\n1,.5,\xe9\n",
        ["--id", "t"],
        65,
        r", line 2: id '\xe9' is not UTF-8 text",
        "it may be written in --encoding latin-1",
    ),
    "another encoding": (
        b"y,p\n1,\xff\n",
        ["--encoding", "ascii"],
        65,
        ", line 2: byte 0xff is no ascii text",
        "--encoding says how the text is encoded",
    ),
    "all rows left out": (
        b"y,p\n,.5\n",
        ["--missing", "drop"],
        65,
        ": every row has a missing value",
        None,
    ),
    "a mistyped column": (
        b"y,p\n1,.5\n",
        ["-p", "P"],
        65,
        ": there is no column 'P'; did you mean 'p'?",
        "the columns are 'y', 'p'",
    ),
    "a place in JSON": (
        b'{"y":1,"p":0.5}\n',
        ["-l", "#1"],
        65,
        ": JSON keys have names and no places, so not '#1'",
        "name the key",
    ),
    "another format than said": (
        HALVES,
        ["--input-format", "csv"],
        65,
        ": it is Parquet, not CSV as --input-format says",
        None,
    ),
    "an option that says nothing": (
        HALVES,
        ["--delimiter", ";"],
        2,
        ": --delimiter says nothing about Parquet, which this is",
        None,
    ),
}


@pytest.mark.parametrize("case", WITH_OPTIONS.values(), ids=WITH_OPTIONS)
def test_input_that_does_not_fit_an_option_is_told_to_the_letter(
    case: tuple[bytes, list[str], int, str, str | None],
    preds: Callable[..., str],
    bce: Callable[..., Result],
) -> None:
    data, options, code, what, hint = case
    result = bce("compute", preds(data, "in.data"), "-q", *options)
    said = [f"bce: error: in.data{what}", *([f"bce: {hint}"] if hint else [])]
    assert result.stderr.splitlines() == said
    assert (result.stdout, result.exit_code) == ("", code)
