"""Parts of columns of Parquet, Arrow and ORC: fields, elements, vectors of Spark, and runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from tests.corpus.cases import TWO, Case, Rows, bad, each, good
from tests.corpus.columnar import WRITE, arrow_file, arrow_stream, parquet, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typer.testing import Result

LABELS = ([1, 0], "int8")
THREE: Rows = ((1, 0.5), (0, 0.25), (1, 0.75))


def orc(data: Any) -> bytes:  # noqa: ANN401 -- pyarrow has no types
    """Write an ORC file."""
    from pyarrow import orc as writer

    sink = io.BytesIO()
    writer.write_table(data, sink)
    return sink.getvalue()


FORMATS = {**WRITE, "orc": orc}


def nested() -> Any:  # noqa: ANN401
    """Make a table with values in values."""
    import pyarrow as pa

    return table(
        y=LABELS,
        a=([{"p": 0.5, "c": "x", "l": [1]}, {"p": 0.25, "c": "y", "l": None}],),
        m=([[0.1, 0.5], [0.1, 0.25]],),
        n=([[{"q": 9, "p": {"v": 0.5}}], [{"q": 9, "p": {"v": 0.25}}, None]],),
        g=([[0.5, 0.1], [0.25, 0.1]],),
    ).append_column("f", pa.array([[0.1, 0.5], [0.1, 0.25]], pa.list_(pa.float32(), 2)))


PARTS = ["a.p", "m[1]", "n[0].p.v", "g[0]", "f[1]"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_part_of_a_column_is_read(kind: str, judge: Callable[[Case], None]) -> None:
    data = FORMATS[kind](nested())
    for name in PARTS:
        judge(good(data, TWO, "-p", name, name=f"preds.{kind}"))


@pytest.mark.parametrize("kind", FORMATS)
def test_texts_of_parts_name_rows(kind: str, bce: Callable[..., Result]) -> None:
    with open(f"preds.{kind}", "wb") as file:  # noqa: PTH123
        file.write(FORMATS[kind](nested()))
    options = ("-p", "a.p", "--id", "a.c", "--worst", "2", "-f", "csv")
    found = bce("compute", f"preds.{kind}", *options)
    assert [line.split(",")[1] for line in found.stdout.splitlines()] == ["id", "x", "y"]


@pytest.mark.parametrize("kind", FORMATS)
def test_parts_may_stand_before_and_between_whole_columns(
    kind: str, judge: Callable[[Case], None]
) -> None:
    first = table(a=([{"p": 0.5}, {"p": 0.25}],), y=LABELS, m=([[9.0, 0.5], [9.0, 0.25]],))
    data = FORMATS[kind](first)
    for name in ("a.p", "m[1]"):  # columns are read in the order of the file, not of places
        judge(good(data, TWO, "-p", name, name=f"preds.{kind}"))


def test_a_column_of_that_very_name_comes_first(judge: Callable[[Case], None]) -> None:
    data = table(y=LABELS, a=([{"p": 9.0}, {"p": 9.0}],), **{"a.p": ([0.5, 0.25],)})
    for kind in WRITE:
        judge(good(WRITE[kind](data), TWO, "-p", "a.p", name=f"preds.{kind}"))


def test_only_the_wanted_part_is_decoded(judge: Callable[[Case], None]) -> None:
    pages = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    data = parquet(
        table(y=LABELS, a=([{"t": "damaged", "p": 0.5}, {"t": "", "p": 0.25}],)), **pages
    )
    broken = data.replace(b"damaged", b"\xff" * 7)
    assert broken != data
    judge(good(broken, TWO, "-p", "a.p", name="preds.parquet"))
    judge(bad(broken, "preds.parquet", "-p", "a.p", "--by", "a.t", name="preds.parquet"))


def test_what_a_part_lacks_is_null(judge: Callable[[Case], None]) -> None:
    import pyarrow as pa

    kinds = ("list_", "large_list", "list_view", "large_list_view")
    lists = [[0.1, 0.5], [0.1], None, [], [0.1, None], [0.1, 0.25]]
    for kind in kinds:
        column = pa.array(lists, getattr(pa, kind)(pa.float64()))
        data = table(y=([1, 1, 1, 1, 1, 0], "int8")).append_column("m", column)
        options = ("-p", "m[1]", "--missing", "drop")
        judge(good(arrow_file(data), TWO, *options, name="preds.arrow", facts={"n_missing": 4}))
        error = r"preds\.arrow, row 2: prediction \(column 'm\[1\]'\) is null"
        judge(bad(arrow_file(data), error, "-p", "m[1]", name="preds.arrow"))


TYPES = {
    "a list": ("m", "m", r"of type list<.*>, not numbers", r"such as 'm\[0\]' or 'm\[1\]'$"),
    "a record": ("a", "a", r"of type struct<.*>, not numbers", r"such as 'a\.p' or 'a\.c'$"),
}


@pytest.mark.parametrize(("name", "column", "what", "hint"), TYPES.values(), ids=TYPES)
def test_a_column_with_parts_is_no_number(
    name: str, column: str, what: str, hint: str, judge: Callable[[Case], None]
) -> None:
    error = rf"preds\.parquet: prediction \(column '{column}'\) is {what}"
    judge(bad(parquet(nested()), error, "-p", name, name="preds.parquet", hint=hint))


UNKNOWN = {
    "a.q": r"there is no column 'a\.q'; did you mean 'a\.p'",
    "p": r"there is no column 'p'; did you mean 'a\.p'\?",
    "f[2]": r"there is no column 'f\[2\]'; did you mean 'f\[1\]'",
}


@pytest.mark.parametrize(("name", "error"), UNKNOWN.items())
def test_a_part_that_is_not_there_is_refused(
    name: str, error: str, judge: Callable[[Case], None]
) -> None:
    shown = r"the columns are 'y', 'a\.p', 'a\.c', 'a\.l\[0\]', 'a\.l\[1\]', 'm\[0\]', 'm\[1\]', "
    data = parquet(nested())
    judge(bad(data, rf"preds\.parquet: {error}", "-p", name, name="preds.parquet", hint=shown))


def _odd_places(places: list[int], size: int | None) -> Mapping[str, Any]:
    """Make a sparse vector as no writer should."""
    return {"type": 0, "size": size, "indices": places, "values": [0.5] * len(places)}


def _vectors(values: Sequence[Mapping[str, Any] | None]) -> Any:  # noqa: ANN401
    import pyarrow as pa

    fields = [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
    labels = table(label=([1.0, 0.0, 1.0, 0.0][: len(values)],))
    return labels.append_column("probability", pa.array(values, pa.struct(fields)))


def _dense(*values: float) -> dict[str, Any]:
    return {"type": 1, "size": None, "indices": None, "values": values}


def _sparse(size: int, **values: float) -> dict[str, Any]:
    places = [int(place.removeprefix("at")) for place in values]
    return {"type": 0, "size": size, "indices": places, "values": list(values.values())}


SPARK = [_dense(0.5, 0.5), _sparse(2, at0=0.75, at1=0.25), _dense(0.25, 0.75), _sparse(2, at0=1.0)]
FOUR: Rows = (*THREE, (0, 0.0))


@pytest.mark.parametrize("kind", FORMATS)
def test_the_value_for_1_of_vectors_is_read_and_said(
    kind: str, judge: Callable[[Case], None]
) -> None:
    data = FORMATS[kind](_vectors(SPARK))
    said = r"^bce: 'probability' has vectors, of which 'probability\[1\]' is read\n"
    judge(good(data, FOUR, name=f"preds.{kind}", said=said))
    judge(good(data, FOUR, "-p", "probability[1]", name=f"preds.{kind}"))


def test_of_what_spark_writes_the_vector_is_the_prediction(
    judge: Callable[[Case], None],
) -> None:
    data = _vectors(SPARK).append_column("prediction", [[1.0, 0.0, 1.0, 0.0]])
    judge(good(parquet(data), FOUR, name="preds.parquet", said=r"^bce: 'probability' has vectors"))
    only = data.drop(["probability"]).append_column("score", [[0.5, 0.25, 0.75, 0.0]])
    error = r"preds\.parquet: several columns could be the prediction: 'prediction', 'score'$"
    judge(bad(parquet(only), error, name="preds.parquet"))


VECTORS = {
    "three values": bad(
        parquet(_vectors([SPARK[0], _dense(0.2, 0.3, 0.5)])),
        r"preds\.parquet, row 2: 'probability' has 3 values, not two$",
        name="preds.parquet",
        hint=r"name the one that is the prediction, such as 'probability\[1\]'$",
    ),
    "three values, sparse": bad(
        arrow_stream(_vectors([_sparse(3, at0=1.0)])),
        r"preds\.arrows, row 1: 'probability' has 3 values, not two$",
        name="preds.arrows",
    ),
    "the third of three": good(
        parquet(_vectors([_dense(0.2, 0.3, 0.5), _sparse(3, at1=0.75, at2=0.25)])),
        *(TWO, "-p", "probability[2]"),
        name="preds.parquet",
    ),
    "beyond a sparse one": bad(
        parquet(_vectors([SPARK[0], _sparse(1, at0=1.0)])),
        r"preds\.parquet, row 2: prediction \(column 'probability\[1\]'\) is null$",
        *("-p", "probability[1]"),
        name="preds.parquet",
    ),
    "null": good(
        parquet(_vectors([SPARK[0], None, None, SPARK[1]])),
        *(TWO, "--missing", "drop"),
        name="preds.parquet",
        facts={"n_missing": 2},
    ),
    "more places than values": bad(
        parquet(_vectors([{"type": 0, "size": 2, "indices": [0, 1], "values": [1.0]}])),
        r"preds\.parquet: the Parquet data are damaged: a sparse vector has not as many places",
        name="preds.parquet",
    ),
    **{
        f"places {places} of {size}": bad(
            parquet(_vectors([SPARK[0], _odd_places(places, size)])),
            rf"preds\.parquet: the Parquet data are damaged: {error}",
            name="preds.parquet",
        )
        for places, size, error in (
            ([5], 2, "the places of a sparse vector do not ascend, or lie outside its size"),
            ([-1], 2, "the places of a sparse vector do not ascend, or lie outside its size"),
            ([1, 1], 2, "the places of a sparse vector do not ascend, or lie outside its size"),
            ([1, 0], 2, "the places of a sparse vector do not ascend, or lie outside its size"),
            ([1], None, "a sparse vector has no size"),
        )
    },
}


@each(VECTORS)
def test_vectors_that_are_no_two_values_are_read_by_name(
    case: Case, judge: Callable[[Case], None]
) -> None:
    judge(case)


def test_runs_of_values_are_read(judge: Callable[[Case], None]) -> None:
    import pyarrow as pa

    def runs(values: list[Any]) -> Any:  # noqa: ANN401
        return pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(values))

    data = pa.table({"y": runs([1, 0]), "p": runs([0.5, 0.25]), "g": runs(["a", None])})
    rows = ((1, 0.5), *TWO)
    for kind in ("arrow", "arrows"):
        judge(good(WRITE[kind](data), rows, "--id", "g", name=f"preds.{kind}"))


ORC = {
    "by its bytes": good(orc(table(y=LABELS, p=([0.5, 0.25],))), name="preds"),
    "by request": good(
        orc(table(y=LABELS, p=([0.5, 0.25],))), TWO, "--input-format", "orc", name="preds"
    ),
    "standard input": good(orc(table(y=LABELS, p=([0.5, 0.25],))), name="-"),
    "cut off": bad(
        orc(table(y=LABELS, p=([0.5, 0.25],)))[:-9],
        r"preds\.orc: the ORC data are damaged: ",
        name="preds.orc",
    ),
    "a fault in a row": bad(
        orc(table(y=LABELS, p=([0.5, 1.25],))),
        r"preds\.orc, row 2: prediction 1\.25 \(column 'p'\) is not in \[0, 1\]",
        name="preds.orc",
    ),
    "no rows": bad(
        orc(table(y=([], "int8"), p=([], "float64"))), r"preds\.orc: ", name="preds.orc"
    ),
    "Parquet it is not": bad(
        orc(table(y=LABELS, p=([0.5, 0.25],))),
        r"preds\.orc: it is ORC, not Parquet as --input-format says",
        *("--input-format", "parquet"),
        name="preds.orc",
    ),
}


@each(ORC)
def test_orc_is_read_as_other_columns_are(case: Case, judge: Callable[[Case], None]) -> None:
    judge(case)
