"""Labels of another file in the order of the predictions, and files of one number a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli import mean_binary_cross_entropy
from bce_cli.readers import grammar
from tests.corpus.columnar import arrow_stream, parquet, table
from tests.corpus.packing import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]

Y, P, Q = [1, 0, 1, 1], [0.9, 0.25, 0.75, 0.5], [0.5, 0.5, 0.25, 0.125]
MEAN = mean_binary_cross_entropy(Y, P)
HINT = "bce: without --on, labels are taken in the order of the rows; --on COLUMN joins by a key\n"


def _text(values: list[Any], head: str = "", end: str = "\n") -> bytes:
    return "".join(f"{value}{end}" for value in ([head] if head else []) + values).encode()


LABELS: dict[str, tuple[str, bytes | Callable[[], bytes]]] = {
    "one number a line": ("y.txt", _text(Y)),
    "no line end at the end": ("y", _text(Y)[:-1]),
    "lines of Windows": ("y.txt", b"\xef\xbb\xbf" + _text(Y, end="\r\n")),
    "blank lines": ("y.txt", b"\n\n" + _text(Y, end="\n\n")),
    "as savetxt writes them": ("y.txt", _text([f"{y:.18e}" for y in Y])),
    "true and false behind a number": ("y.txt", b"1\nfalse\nTrue\n1.0\n"),
    "a header": ("y.csv", _text(Y, "target")),
    "a header that nobody else has": ("y.csv", _text(Y, "survived")),
    "other columns": ("y.csv", b"id,y\na,1\nb,0\nc,1\nd,1\n"),
    "an archive": ("y.zip", zipped({"y.txt": _text(Y)})),
    "JSON Lines": ("y.jsonl", b"".join(b'{"won": %d}\n' % y for y in Y)),
    "Parquet": ("y.parquet", lambda: parquet(table(y=(Y,)), row_group_size=3)),
    "Arrow": ("y.arrows", lambda: arrow_stream(table(won=(Y,)), 3)),
}


@pytest.fixture
def files() -> None:
    Path("p.txt").write_bytes(_text(P))
    Path("q.csv").write_bytes(_text(Q, "p"))
    both = zip("abcd", P, Q, strict=True)
    Path("both.csv").write_bytes(_text([f"{i},{p},{q}" for i, p, q in both], "id,p,q"))
    Path("y.txt").write_bytes(_text(Y))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 8)


@pytest.mark.few(4)
@pytest.mark.usefixtures("files", "small_blocks")
@pytest.mark.parametrize(("name", "content"), LABELS.values(), ids=LABELS)
def test_labels_stand_in_the_order_of_the_rows(
    name: str, content: bytes | Callable[[], bytes], bce: Bce
) -> None:
    Path(name).write_bytes(content if isinstance(content, bytes) else content())
    for source in ("p.txt", "both.csv"):
        done = bce(
            "compute", source, "--labels", name, "-p", "#1" if source == "p.txt" else "p", "-q"
        )
        assert (done.stdout, done.exit_code) == (f"{MEAN!r}\n", 0)


@pytest.mark.usefixtures("files")
def test_what_has_no_header_is_said(bce: Bce) -> None:
    done = bce("compute", "p.txt", "--labels", "y.txt", "-f", "json")
    assert done.stderr == (
        "bce: p.txt: no header, one value a line\n"
        "bce: y.txt: no header, one value a line\n"
        "bce: label column '#1' of y.txt, prediction column '#1' of p.txt\n"
    )
    report = json.loads(done.stdout)
    names = ("source", "label_column", "prediction_column", "labels_source", "n", "mean_loss")
    assert [report[name] for name in names] == ["p.txt", "#1", "#1", "y.txt", 4, MEAN]
    assert report["n_unmatched"] is None


@pytest.mark.usefixtures("files")
def test_what_was_said_to_have_no_header_is_not_said(bce: Bce) -> None:
    done = bce("compute", "p.txt", "--labels", "y.txt", "-q", "--no-header")
    assert (done.stdout, done.stderr) == (f"{MEAN!r}\n", "")


@pytest.mark.usefixtures("files")
def test_a_decimal_comma_is_no_delimiter(bce: Bce) -> None:
    Path("p.txt").write_bytes(_text([str(p).replace(".", ",") for p in P]))
    done = bce("compute", "p.txt", "--labels", "y.txt", "-q", "--decimal", ",")
    assert done.stdout == f"{MEAN!r}\n"


@pytest.mark.usefixtures("files", "small_blocks")
def test_predictions_of_several_files_follow_each_other(bce: Bce) -> None:
    Path("parts").mkdir()
    for name, values in (("1.txt", P[:1]), ("2.txt", P[1:])):
        Path("parts", name).write_bytes(_text(values))
    assert bce("compute", "parts", "--labels", "y.txt", "-q").stdout == f"{MEAN!r}\n"


@pytest.mark.usefixtures("files", "small_blocks")
def test_models_share_the_labels(bce: Bce) -> None:
    outputs = [
        json.loads(bce("compare", *args, "--labels", "y.txt", "-f", "json").stdout)["models"]
        for args in (("p.txt", "q.csv"), ("both.csv", "-p", "p", "-p", "q"))
    ]
    means = [mean_binary_cross_entropy(Y, values) for values in (P, Q)]
    assert [[model["mean_loss"] for model in models] for models in outputs] == [means, means]


@pytest.mark.usefixtures("files")
def test_every_command_takes_them(bce: Bce) -> None:
    for call in (["calibration", "p.txt", "-q"], ["compute", "-q"]):
        stdin = _text(P) if len(call) == 2 else b""
        assert bce(*call, "--labels", "y.txt", stdin=stdin).stdout == f"{MEAN!r}\n"
    check = bce("check", "p.txt", "--labels", "y.txt", "--max-loss", "9", "-f", "json")
    assert json.loads(check.stdout)["n"] == 4


@pytest.mark.usefixtures("files", "small_blocks")
def test_labels_may_be_words_and_missing(bce: Bce) -> None:
    Path("y.csv").write_bytes(_text(["yes", "no", '""', "yes"], "won"))
    options = ("--positive", "yes", "--missing", "drop", "-f", "json")
    report = json.loads(bce("compute", "p.txt", "--labels", "y.csv", *options).stdout)
    mean = mean_binary_cross_entropy([1, 0, 1], [P[0], P[1], P[3]])
    found = (report["n"], report["n_missing"], report["negative_label"], report["mean_loss"])
    assert found == (3, 1, "no", mean)
    Path("y.csv").write_bytes(_text(["yes", "no", "maybe", "yes"], "won"))
    done = bce("compute", "p.txt", "--labels", "y.csv", *options)
    assert done.stderr.startswith("bce: error: y.csv, line 4: label 'maybe' is neither 'yes' nor")
    assert done.exit_code == 65


@pytest.mark.usefixtures("files")
def test_soft_labels_stand_beside_as_well(bce: Bce) -> None:
    soft = [0.75, 0.0, 1.0, 0.5]
    Path("y.txt").write_bytes(_text(soft))
    done = bce("compute", "p.txt", "--labels", "y.txt", "--soft-labels", "-q")
    assert done.stdout == f"{mean_binary_cross_entropy(soft, P, soft_labels=True)!r}\n"


@pytest.mark.usefixtures("files")
def test_other_ids_are_doubted(bce: Bce) -> None:
    Path("y.csv").write_bytes(b"id,y\na,1\nc,0\nb,1\nd,1\n")
    done = bce("compute", "both.csv", "-p", "p", "--labels", "y.csv", "-q")
    said = "y.csv, row 2: the id (column 'id') is 'c', but 'b' in both.csv"
    assert done.stderr == f"bce: note: {said}: are these the same rows? --on 'id' joins them\n"
    assert done.stdout == f"{MEAN!r}\n"


COUNTS = {
    "too few": (Y[:2], "y.txt has 2 labels for the 4 rows of p.txt"),
    "too many": ([*Y, 1, 0], "y.txt has 6 labels for the 4 rows of p.txt"),
    "one": (Y[:1], "y.txt has 1 label for the 4 rows of p.txt"),
}


@pytest.mark.few(2)
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("labels", "said"), COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("block_bytes", [8, 1 << 16])
def test_another_number_of_labels_is_refused(
    labels: list[int], said: str, block_bytes: int, bce: Bce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "BLOCK_BYTES", block_bytes)
    Path("y.txt").write_bytes(_text(labels))
    for call in (["compute", "p.txt", "-q"], ["compare", "p.txt", "q.csv"]):
        done = bce(*call, "--labels", "y.txt")
        assert (done.stdout, done.exit_code) == ("", 65)
        assert done.stderr == f"bce: error: {said}\n{HINT}"


@pytest.mark.usefixtures("files")
def test_models_of_other_lengths_are_told_from_labels(bce: Bce) -> None:
    Path("q.csv").write_bytes(_text(Q[:2], "p"))
    done = bce("compare", "p.txt", "q.csv", "--labels", "y.txt")
    assert done.stderr.startswith("bce: error: q.csv ends after 2 rows, but p.txt goes on\n")


@pytest.mark.usefixtures("files")
def test_a_word_that_was_named_is_no_header(bce: Bce) -> None:
    options = ("--labels", "y.txt", "--positive", "yes")
    Path("y.txt").write_bytes(b"yes\nno\nyes\nyes\n")
    done = bce("compute", "p.txt", *options, "-q")
    assert (done.stdout, done.stderr) == (f"{MEAN!r}\n", "")
    assert "y.txt: no header, one value a line" in bce("compute", "p.txt", *options).stderr
    Path("y.txt").write_bytes(b"no\nyes\nyes\nyes\n")
    done = bce("compute", "p.txt", *options, "-q")
    assert done.stderr == (
        "bce: error: y.txt has 3 labels for the 4 rows of p.txt\n"
        "bce: the first line names the column, unless it is a number or what --positive says\n"
    )


FAULTS = {
    "labels of text": ("y.txt", b"1\n0\nx\n1\n", "y.txt, line 3: label 'x' (column '#1') is not 0"),
    "a word where a header would be": ("y.txt", b"yes\nno\nyes\nno\n", "y.txt, line 2: label 'no'"),
    "several columns": ("y.csv", b"a,b\n1,1\n", "y.csv: no column has a customary name for the"),
    "an empty file": ("y.txt", b"", "y.txt: the input is empty"),
    "several numbers a line": ("y.txt", b"1 0\n0 1\n", "y.txt, line 1: the header has no"),
}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("name", "content", "said"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_labels_is_told(name: str, content: bytes, said: str, bce: Bce) -> None:
    Path(name).write_bytes(content)
    done = bce("compute", "p.txt", "--labels", name, "-q")
    assert (done.stdout, done.exit_code) == ("", 65)
    assert done.stderr.startswith(f"bce: error: {said}")


@pytest.mark.usefixtures("files")
def test_numbers_alone_are_no_table(bce: Bce) -> None:
    done = bce("compute", "p.txt", "-q")
    assert done.stderr.splitlines() == [
        "bce: error: p.txt, line 1: the header holds numbers, not names: '0.9'",
        "bce: where these are predictions, --labels FILE has the labels, in the same order",
    ]


def test_what_savetxt_writes_keeps_its_digits(bce: Bce) -> None:
    random = np.random.default_rng(7)
    labels, predictions = random.integers(0, 2, 300), random.random(300)
    np.savetxt("y.txt", labels)
    np.savetxt("p.txt", predictions)
    done = bce("compute", "p.txt", "--labels", "y.txt", "-q")
    assert done.stdout == f"{mean_binary_cross_entropy(labels, predictions)!r}\n"
