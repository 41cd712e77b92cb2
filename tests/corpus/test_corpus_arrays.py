"""Arrays of NumPy: of any type and order, alone or in an archive, and never a pickled object."""

from __future__ import annotations

import gzip
import io
import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from bce_cli import mean_binary_cross_entropy
from bce_cli.readers import arrays, grammar
from bce_cli.readers.columns import ColumnChoice
from tests.corpus.cases import TWO, Case, bad, each, good
from tests.corpus.packing import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Bce = Callable[..., Result]

Y, P = np.array([1, 0]), np.array([0.5, 0.25])
PROBA = np.column_stack([1 - P, P])


class _Command:
    """An object whose pickle makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (Path("pwned"),)


def npy(array: Any, *, objects: bool = False) -> bytes:  # noqa: ANN401
    """Write one array."""
    sink = io.BytesIO()
    np.save(sink, np.asanyarray(array), allow_pickle=objects)
    return sink.getvalue()


def npz(*unnamed: Any, is_packed: bool = False, **named: Any) -> bytes:  # noqa: ANN401
    """Write several arrays."""
    sink = io.BytesIO()
    (np.savez_compressed if is_packed else np.savez)(sink, *unnamed, **named)
    return sink.getvalue()


def beside(predictions: Any, labels: Any = Y, *options: str, **rest: Any) -> Case:  # noqa: ANN401
    """Say that predictions and labels, each an array of its own, are the usual two rows."""
    files = {"y.npy": npy(labels)}
    name = rest.pop("name", "p.npy")
    return good(
        npy(predictions), TWO, "--labels", "y.npy", *options, name=name, files=files, **rest
    )


RECORDS = np.array([(1, 0.5, "a"), (0, 0.25, "b")], [("y", "i8"), ("p", "f8"), ("id", "U1")])
OBJECTS = np.array([_Command(), None])
JUNK: dict[str, Any] = {
    "junk": OBJECTS,
    "cube": np.zeros((2, 2, 2)),
    "short": P[:1],
    "number": np.array(7),
}

READ: dict[str, Case] = {
    "float64": beside(P),
    "float32": beside(P.astype(np.float32)),
    "float16": beside(P.astype(np.float16)),
    "the other order of bytes": beside(P.astype(">f8"), Y.astype(">i2")),
    "labels of uint8": beside(P, Y.astype(np.uint8)),
    "labels of float32": beside(P, Y.astype(np.float32)),
    "labels of bool": beside(P, Y.astype(bool)),
    "labels of text": beside(P, np.array(["yes", "no"]), "--positive", "yes"),
    "labels of text in the other order": beside(P, np.array(["é", ""]).astype(">U3") + "x",
        "--positive", "éx"),
    "labels of bytes": beside(P, np.array([b"yes", b"no"]), "--positive", "yes"),
    "one column": beside(P[:, None], Y[:, None]),
    "one column, by its name": beside(P, Y, "-p", "#1", "-l", "#1"),
    "predict_proba": beside(PROBA, said=r"p\.npy: prediction is '#2', the second of two, as of"),
    "predict_proba by place": beside(PROBA, Y, "-p", "#2"),
    "predict_proba by element": beside(PROBA, Y, "-p", "proba[1]"),
    "predict_proba of Fortran": beside(np.asfortranarray(PROBA), Y, "-p", "#2"),
    "the other column": beside(PROBA[:, ::-1], Y, "-p", "[0]"),
    "a view": beside(np.repeat(PROBA, 2, axis=0)[::2], Y, "-p", "#2"),
    "logits": beside(np.log(P / (1 - P)), Y, "--logits"),
    "any name": beside(P, name="predictions"),
    "labels and predictions in one": good(
        lambda: npy(np.column_stack([Y, P])), TWO, "-l", "#1", "-p", "#2", name="yp.npy"
    ),
    "in one, of Fortran": good(
        lambda: npy(np.asfortranarray(np.column_stack([Y, P]))), TWO, "-l", "#1", "-p", "#2"
    ),
    "records": good(lambda: npy(RECORDS), name="p.npy", facts={"label_column": "y"}),
    "records and ids": good(lambda: npy(RECORDS), TWO, "--id", "id", "--worst", "1"),
    "compressed": good(lambda: gzip.compress(npy(RECORDS)), name="p.npy.gz"),
    "in a pipe": good(lambda: npy(RECORDS), name="-"),
    "an archive": good(lambda: npz(y=Y, p=P), name="p.npz"),
    "a packed archive": good(lambda: npz(y=Y, p=P, is_packed=True), name="p.npz"),
    "an archive in a pipe": good(lambda: npz(y=Y, p=P), name="-"),
    "an archive without names": good(lambda: npz(Y, P), TWO, "-l", "arr_0", "-p", "arr_1"),
    "predict_proba in an archive": good(lambda: npz(y=Y, proba=PROBA), TWO, "-p", "proba[1]"),
    "predict_proba that is not named": good(
        lambda: npz(y=Y, q=PROBA), said=r"prediction is 'q\[1\]', the second of two"
    ),
    "of Fortran in an archive": good(
        lambda: npz(both=np.asfortranarray(np.column_stack([Y, P])), is_packed=True),
        TWO, "-l", "both[0]", "-p", "both[1]",
    ),
    "beside what is no column": good(lambda: npz(y=Y, p=P, **JUNK), name="p.npz"),
    "records in an archive": good(lambda: npz(RECORDS)),
    "records beside others": good(lambda: npz(r=RECORDS, q=P), TWO, "-l", "r.y", "-p", "r.p"),
    "arrays of an archive": good(
        lambda: npz(a=Y, b=P, c=P[:1]), TWO, "--labels", "p.npz::a", name="p.npz",
        sources=("p.npz::b",),
    ),
    "an array of an archive by its file": good(
        lambda: npz(a=Y, b=P), TWO, "--labels", "p.npz::a.npy", name="p.npz",
        sources=("p.npz::b.npy",),
    ),
    "in an archive with others": good(
        lambda: zipped({"a/p.npy": npy(RECORDS), "README.md": "of arrays"}), name="p.zip"
    ),
    "NaN is missing": good(
        lambda: npz(y=[1, 0, 1], p=[0.5, 0.25, np.nan]), TWO, "--missing", "drop",
        facts={"n_missing": 1},
    ),
}  # fmt: skip


@pytest.mark.few(12)
@each(READ)
def test_arrays_are_rows(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
    assert not Path("pwned").exists()


def _with_header(text: str, version: int = 1, data: bytes = P.tobytes()) -> bytes:
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + data


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }\n"
NO_LABEL = ("--labels", "p.npy")
DAMAGED = r"p\.npy: the NumPy data are damaged: "
CUT = f"{DAMAGED}they end too early, the file was cut off$"
FOLLOWS = f"{DAMAGED}something follows the array$"


def refused(array: Any, said: str) -> Case:  # noqa: ANN401
    """Say what is wrong with an array of predictions."""
    return bad(lambda: npy(array, objects=True), rf"p\.npy: prediction \(column '#1'\) {said}$",
               "--labels", "y.npy", name="p.npy", files={"y.npy": npy(Y)})  # fmt: skip


FAULTY: dict[str, Case] = {
    "objects": refused(OBJECTS, "holds pickled objects, which are never loaded"),
    "numbers as objects": refused(np.array([0.5, None]), "holds pickled objects, which .*"),
    "no dimension": refused(np.float64(0.5), "has 0 dimensions, and a table has one or two"),
    "three dimensions": refused(np.zeros((2, 1, 1)), "has 3 dimensions, and a table .*"),
    "no columns": refused(np.zeros((2, 0)), "has no columns"),
    "many columns": refused(np.zeros((1, 10_001)), r"has rows of 10,001 times 8 bytes, .*"),
    "complex numbers": refused(P.astype(complex), "is of type complex128"),
    "long double": refused(P.astype(np.longdouble), "is of type float128"),
    "dates": refused(P.astype("M8[D]"), r"is of type date32\[day\], not numbers"),
    "objects in a record": bad(
        lambda: npy(np.array([(1, _Command())], "i4,O"), objects=True), ".* holds pickled objects",
        "-l", "f0", "-p", "f1",
    ),
    "objects in an archive": bad(
        lambda: npz(y=Y, p=OBJECTS), r"p\.npz: prediction \(column 'p'\) holds pickled objects",
        name="p.npz",
    ),
    "arrays of other lengths": bad(
        lambda: npz(y=Y, p=P[:1]), ".*: there are 2 values of 'y', but 1 values of 'p'$"
    ),
    "no such array": bad(
        lambda: npz(y=Y, q=P), r"p\.npz: no column has a customary name", name="p.npz",
        hint="the columns are 'y', 'q'$",
    ),
    "no name for the label": bad(
        lambda: npy(PROBA), r"p\.npy: an array has no names that say what is the label$",
        name="p.npy", hint="has the labels, in the same order; or --label '#1' --prediction '#2' "
    ),
    "no labels at all": bad(
        lambda: npy(P), r"p\.npy: an array has no names that say what is the label$",
        name="p.npy", hint="^bce: --labels FILE has the labels, in the same order$",
    ),
    "a value out of range": bad(
        lambda: npz(y=Y, p=P * 4), r"p\.npz, row 1: prediction 2\.0 \(column 'p'\) is not in",
        name="p.npz",
    ),
    "an option of text": bad(
        lambda: npz(y=Y, p=P), r".*--delimiter says nothing about NumPy", "--delimiter", ";", code=2
    ),
    "another format": bad(
        lambda: npz(y=Y, p=P), ".*: it is NumPy, not CSV as", "--input-format", "csv"
    ),
    "cut off": bad(lambda: npy(P)[:-1], CUT, *NO_LABEL, name="p.npy"),
    "cut off in its header": bad(lambda: npy(P)[:40], DAMAGED, *NO_LABEL, name="p.npy"),
    "two arrays": bad(lambda: npy(P) * 2, FOLLOWS, *NO_LABEL, name="p.npy"),
    "a shape that is a lie": bad(_with_header(HEADER % 10**15), CUT, *NO_LABEL, name="p.npy"),
    "a negative shape": bad(
        _with_header(HEADER % -2), f"{DAMAGED}its shape is negative", *NO_LABEL, name="p.npy"
    ),
    "a great header": bad(
        _with_header(HEADER % ("2" + " " * 60_000), 2), rf"{DAMAGED}its header cannot be read",
        *NO_LABEL, name="p.npy",
    ),
    "a header that never ends": bad(
        b"\x93NUMPY\2\0" + b"\xff\xff\xff\x3f{" + b"(" * 900, DAMAGED, *NO_LABEL, name="p.npy"
    ),
    "a header that is a program": bad(
        _with_header("__import__('os').mkdir('pwned')\n"), DAMAGED, *NO_LABEL, name="p.npy"
    ),
    "a header of letters to the terminal": bad(
        _with_header("{'\u202e\x1b[2J': 1}\n"), DAMAGED, *NO_LABEL, name="p.npy"
    ),
    "a later version": bad(
        _with_header(HEADER % 2, 9), f"{DAMAGED}its header cannot be read", *NO_LABEL, name="p.npy"
    ),
    "a changed byte in an archive": bad(
        lambda: npz(y=Y, p=P).replace(P.tobytes(), (P / 2).tobytes()),
        r"p\.npz: the zip data are damaged: Bad CRC-32", name="p.npz",
    ),
    "a short array in an archive": bad(
        lambda: zipped({"y.npy": npy(Y), "p.npy": npy(P)[:-8]}),
        r"p\.npz: the NumPy data are damaged: they end too early", name="p.npz",
    ),
}  # fmt: skip


@pytest.mark.few(12)
@each(FAULTY)
def test_what_is_wrong_with_arrays_is_told(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
    assert not Path("pwned").exists()


RANDOM = np.random.default_rng(5)
MANY_Y, MANY_P = RANDOM.integers(0, 2, 1000), RANDOM.random((1000, 3)).astype(np.float32)
MEAN = f"{mean_binary_cross_entropy(MANY_Y, MANY_P[:, 1].astype(float))!r}\n"


@pytest.mark.few(2)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("is_packed", [False, True], ids=["stored", "packed"])
def test_digits_do_not_depend_on_how_rows_are_read(
    order: Literal["C", "F"],
    workers: str,
    is_packed: bool,
    bce: Bce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grammar, "BLOCK_BYTES", 32 * 60)
    ordered = np.asarray(MANY_P, order=order)
    Path("all.npz").write_bytes(npz(y=MANY_Y, p=ordered, is_packed=is_packed))
    Path("p.npy").write_bytes(npy(ordered))
    Path("y.npy").write_bytes(npy(MANY_Y))
    for call in (["all.npz", "-p", "p[1]"], ["p.npy", "-p", "#2", "--labels", "y.npy"]):
        assert bce("compute", *call, "-q", "--workers", workers).stdout == MEAN


def test_several_arrays_follow_each_other(bce: Bce) -> None:
    Path("p").mkdir()
    for number, part in enumerate(np.array_split(MANY_P, 3)):
        Path(f"p/part-{number}.npy").write_bytes(npy(part))
    Path("y.npy").write_bytes(npy(MANY_Y))
    assert bce("compute", "p", "-p", "#2", "--labels", "y.npy", "-q").stdout == MEAN


@pytest.mark.parametrize("has_ids", [False, True])
def test_arrays_with_the_same_labels_are_doubted(has_ids: bool, bce: Bce) -> None:
    labels = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1]
    ids: dict[str, Any] = {"id": list("abcdefghij")} if has_ids else {}
    for name in ("a.npz", "b.npz"):
        Path(name).write_bytes(npz(y=labels, p=np.full(10, 0.5), **ids))
    done = bce("compute", "a.npz", "b.npz", "-q")
    said = "a.npz and b.npz hold the same 10 labels in the same order: are these models of the same"
    assert said in done.stderr
    assert done.stdout == "0.6931471805599453\n"


def test_float32_is_what_a_library_clips_it_as(bce: Bce) -> None:
    certain = np.array([1.0, 0.0], np.float32)
    Path("a.npz").write_bytes(npz(y=[0, 0], p=certain))
    done = bce("compute", "a.npz", "--like", "sklearn", "-f", "json")
    eps = float(np.finfo(np.float32).eps)
    assert json.loads(done.stdout)["mean_loss"] == pytest.approx(-np.log(eps) / 2, rel=1e-6)


def test_a_pickle_that_is_called_an_array_is_none(bce: Bce) -> None:
    Path("p.npy").write_bytes(pickle.dumps(_Command()))
    done = bce("compute", "p.npy", "--labels", "p.npy")
    assert done.stderr.startswith("bce: error: p.npy: it is a Python pickle, not a table of")
    assert (done.exit_code, Path("pwned").exists()) == (65, False)


def test_rows_of_an_array_are_cut_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LEAST_ROWS", 300)
    found = arrays.array_of(io.BytesIO(npy(MANY_P)), len(npy(MANY_P)))
    choice = grammar.InputOptions(columns=ColumnChoice(prediction="#3", reads_label=False))
    file = arrays.ArrayFile(lambda: found, name="p.npy", size=None, options=choice, has_ranges=True)
    assert [span.n_rows for span in file.row_groups] == [300, 300, 300, 100]
    (block,) = file.blocks((file.row_groups[2],))
    assert block.first_row == 601
    assert block.read().rows.probabilities.tolist() == MANY_P[600:900, 2].tolist()
