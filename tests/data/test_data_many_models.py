"""Several prediction columns, clusters and segments are read from any form that rows have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bce_cli.data.data import open_data
from bce_cli.engine.run import Job, collect_rows
from bce_cli.errors import DataError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions, Layout
from tests.budgets import examples
from tests.corpus.columnar import WRITE, table
from tests.readers.any_form import Column, Form, Spelling, forms

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.rows import Categories, Rows

many = settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

numbers = st.floats(0.0, 1.0) | st.sampled_from([0.0, 1.0, 5e-324, 1e-17, 1.0 - 2.0**-53])
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5) | st.text(
    '",;|\t\r\n #/%\u00e9\ufeff{[a0', max_size=6
)
few_texts = st.sampled_from(["Mon", "Tue", "", "NA", " x", 'a "b"', "1"])
names = texts.filter(lambda text: bool(text.strip()))
COLUMNS = ("y", "p", "q", "r", "g", "s", "v")


def words(column: Categories | None) -> list[str]:
    return [] if column is None else [column.names[code] for code in column.codes]


@dataclass(frozen=True)
class Case:
    """A written source, the columns that stand in it, and the rows that are complete."""

    form: Form
    columns: dict[str, list[Any]]
    kept: list[int]

    def rows(self, block_bytes: int, n_workers: int, *, drop_missing: bool) -> Rows:
        Path(self.form.name).write_bytes(self.form.data)
        place = self.form.places or {name: name for name in COLUMNS}
        choice = ColumnChoice(
            place["y"],
            place["p"],
            cluster=place["g"],
            rivals=(place["q"], place["r"]),
            segments=(place["s"], place["v"]),
        )
        grammar = Grammar(decimal=self.form.decimal, drop_missing=drop_missing)
        options = InputOptions(choice, grammar, self.form.layout, block_bytes)
        return collect_rows(Job(open_data([self.form.name], options), n_workers))

    def expected(self, name: str) -> list[Any]:
        return [self.columns[name][i] for i in self.kept]


@st.composite
def cases(draw: st.DrawFn, *, with_gaps: bool = False) -> Case:
    row = st.tuples(
        st.integers(0, 1),
        numbers,
        numbers,
        numbers,
        names | few_texts.filter(str.strip),
        few_texts | texts,
        texts,
    )
    rows = draw(st.lists(row, min_size=1, max_size=12))
    columns = {name: list(column) for name, column in zip(COLUMNS, zip(*rows), strict=True)}  # noqa: B905
    spelled = Spelling(draw)
    written: dict[str, list[str | None]] = {
        name: [spelled.number(value) for value in columns[name]] for name in "ypqr"
    } | {name: list(columns[name]) for name in "gsv"}
    kept = list(range(len(rows)))
    if with_gaps:
        for i in draw(st.lists(st.integers(0, len(rows) - 1), max_size=5)):
            written[draw(st.sampled_from("ypqr"))][i] = None
        kept = [i for i in kept if None not in {written[name][i] for name in "ypqr"}]
    form = draw(
        forms([Column(name, cells, is_number=name in "ypqr") for name, cells in written.items()])
    )
    return Case(form, columns, kept)


def assert_read(case: Case, rows: Rows) -> None:
    assert rows.labels.astype(int).tolist() == case.expected("y")
    predictions = [model.probabilities.tolist() for model in rows.under_models()]
    assert predictions == [case.expected(name) for name in "pqr"]
    assert words(rows.cluster) == case.expected("g")
    assert [words(segment) for segment in rows.words] == [case.expected(n) for n in "sv"]


@pytest.mark.deep
@given(cases(), st.integers(1, 200), st.integers(1, 4))
@settings(many, max_examples=examples(400))
def test_all_columns_are_those_of_the_rows(case: Case, block_bytes: int, n_workers: int) -> None:
    assert_read(case, case.rows(block_bytes, n_workers, drop_missing=False))


@pytest.mark.deep
@given(cases(with_gaps=True), st.integers(1, 200), st.integers(1, 4))
@settings(many, max_examples=examples(300))
def test_a_row_that_one_model_did_not_predict_is_left_out_for_all(
    case: Case, block_bytes: int, n_workers: int
) -> None:
    if case.kept:
        assert_read(case, case.rows(block_bytes, n_workers, drop_missing=True))


def read(
    *paths: str,
    choice: ColumnChoice,
    layout: Layout | None = None,
    **grammar: Any,  # noqa: ANN401
) -> Rows:
    options = InputOptions(choice, Grammar(**grammar), layout or Layout(), 16)
    return collect_rows(Job(open_data(paths, options), 2))


def predictions(rows: Rows) -> list[list[float]]:
    return [model.probabilities.tolist() for model in rows.under_models()]


TWO = ColumnChoice(prediction="a", rivals=("b",))


@pytest.mark.parametrize(
    ("text", "layout", "decimal"),
    [
        ('y,"a","b"\n1,"0.5","0.25"\n', Layout(), "."),
        ("y;a;b\n1;0,5;0,25\n", Layout(delimiter=";"), ","),
        ("b\ty\ta\n.25\t1\t.5\n", Layout(), "."),
        ('{"y":1,"a":0.5,"b":"0.25"}\n', Layout(input_format="jsonl"), "."),
    ],
)
def test_models_are_read_from_any_dialect(
    text: str, layout: Layout, decimal: str, preds: Callable[..., str]
) -> None:
    assert predictions(read(preds(text), choice=TWO, layout=layout, decimal=decimal)) == [
        [0.5],
        [0.25],
    ]


def test_columns_may_be_named_by_their_places(preds: Callable[..., str]) -> None:
    path = preds("y,p,p,p\n1,.5,.25,.125\n")
    choice = ColumnChoice(prediction="#4", rivals=("#2", "#3"))
    assert predictions(read(path, choice=choice)) == [[0.125], [0.5], [0.25]]


def test_logits_of_every_model_are_kept(preds: Callable[..., str]) -> None:
    rows = read(preds("y,a,b\n1,800,-800\n0,-inf,1e300\n"), choice=TWO, logits=True)
    assert [model.logits is not None for model in rows.under_models()] == [True, True]
    assert [list(model.logits) for model in rows.under_models() if model.logits is not None] == [
        [800.0, float("-inf")],
        [-800.0, 1e300],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y,a,b\n1,.5,.5\n1,.5,\n", "line 3: prediction (column 'b') is empty"),
        ("y,a,b\n1,.5,NA\n", "line 2: prediction 'NA' (column 'b') is not a number"),
        ("y,a,b\n1,.5,1.5\n", "line 2: prediction 1.5 (column 'b') is not in [0, 1]"),
        ("y,a,b\n1,1.5,2.5\n", "line 2: prediction 1.5 (column 'a') is not in [0, 1]"),
        ("y,a,b\n1,.5,x\n", "line 2: prediction 'x' (column 'b') is not a number"),
    ],
)
def test_a_fault_is_told_of_the_column_it_stands_in(
    text: str, message: str, preds: Callable[..., str]
) -> None:
    with pytest.raises(DataError) as caught:
        read(preds(text), choice=TWO)
    assert caught.value.message == f"preds.csv, {message}"


@pytest.mark.few(10)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((["x", "y", "x"], "string"), ["x", "y", "x"]),
        ((["x", "y", "x"], "dictionary:string"), ["x", "y", "x"]),
        (([7, -8, 7], "int64"), ["7", "-8", "7"]),
        (([7, 8, 7], "uint8"), ["7", "8", "7"]),
        (([True, False, True], "bool_"), ["true", "false", "true"]),
        (([0, 365, 0], "date32"), ["1970-01-01", "1971-01-01", "1970-01-01"]),
    ],
)
def test_a_cluster_may_be_of_any_type(
    cells: tuple[list[Any], str], expected: list[str], kind: str
) -> None:
    data = table(y=([1, 0, 1],), p=([0.5, 0.5, 0.5],), g=cells)
    Path("preds").write_bytes(WRITE[kind](data))
    rows = read("preds", choice=ColumnChoice(cluster="g", segments=("g",)))
    assert words(rows.cluster) == words(rows.words[0]) == expected


@pytest.mark.parametrize("cell", ["", " ", '""', "\t"])
def test_an_empty_cluster_is_refused_at_its_place(cell: str, preds: Callable[..., str]) -> None:
    path = preds(f"y,p,g\n1,.5,u\n1,.5,{cell}\n1,.5,{cell}\n")
    with pytest.raises(DataError) as caught:
        read(path, choice=ColumnChoice(cluster="g"))
    message, _, _ = caught.value.message.partition(";")
    assert message == "preds.csv, line 3: the cluster (column 'g') is empty"


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrows"])
@pytest.mark.parametrize("cells", [["u", None, "u"], ["u", " ", "u"]])
def test_a_null_cluster_is_refused_at_its_row(cells: list[str | None], kind: str) -> None:
    data = table(y=([1, 0, 1],), p=([0.5, 0.5, 0.5],), g=(cells,))
    Path("preds").write_bytes(WRITE[kind](data))
    with pytest.raises(DataError) as caught:
        read("preds", choice=ColumnChoice(cluster="g"))
    assert caught.value.message == "preds, row 2: the cluster (column 'g') is empty"


def test_a_json_null_cluster_is_refused_at_its_line(preds: Callable[..., str]) -> None:
    lines = '{"y":1,"p":0.5,"g":3}\n{"y":1,"p":0.5,"g":null}\n'
    with pytest.raises(DataError) as caught:
        read(preds(lines, "p.jsonl"), choice=ColumnChoice(cluster="g"))
    assert caught.value.message == "p.jsonl, line 2: the cluster (column 'g') is empty"


def test_numbers_and_texts_of_json_name_clusters(preds: Callable[..., str]) -> None:
    lines = '{"y":1,"p":0.5,"g":3}\n{"y":1,"p":0.5,"g":"3"}\n{"y":1,"p":0.5,"g":true}\n'
    rows = read(preds(lines, "p.jsonl"), choice=ColumnChoice(cluster="g"))
    assert words(rows.cluster) == ["3", "3", "true"]


def test_an_empty_segment_is_a_segment(preds: Callable[..., str]) -> None:
    rows = read(preds("y,p,s\n1,.5,\n1,.5,u\n"), choice=ColumnChoice(segments=("s",)))
    assert words(rows.words[0]) == ["", "u"]


def test_one_column_may_name_cluster_and_segment_the_rows(preds: Callable[..., str]) -> None:
    choice = ColumnChoice(id="g", cluster="g", segments=("g",))
    rows = read(preds("y,p,g\n1,.5,u\n0,.5,v\n1,.5,u\n"), choice=choice)
    assert rows.ids is not None
    found = [[rows.ids[i] for i in range(3)], words(rows.cluster), *map(words, rows.words)]
    assert found == [["u", "v", "u"]] * 3


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (ColumnChoice(cluster="y"), "column 'y' cannot be the cluster as well"),
        (ColumnChoice(cluster="p"), "column 'p' cannot be the cluster as well"),
        (ColumnChoice(rivals=("y",)), "column 'y' cannot be both label and prediction"),
        (ColumnChoice(rivals=("p",)), "column 'p' was named as a prediction more than once"),
        (ColumnChoice(rivals=("#2",)), "column 'p' was named as a prediction more than once"),
        (ColumnChoice(rivals=("g", "g")), "column 'g' was named as a prediction more than once"),
        (
            ColumnChoice(weight="g", rivals=("g",)),
            "column 'g' cannot be both weight and prediction",
        ),
        (ColumnChoice(cluster="h"), "there is no column 'h'"),
        (ColumnChoice(rivals=("pp",)), "there is no column 'pp'; did you mean 'p'?"),
        (ColumnChoice(rivals=("#4",)), "there is no column #4, only 3"),
    ],
)
def test_a_column_has_one_meaning(
    choice: ColumnChoice, message: str, preds: Callable[..., str]
) -> None:
    with pytest.raises(DataError) as caught:
        read(preds("y,p,g\n1,.5,1\n"), choice=choice)
    assert caught.value.message == f"preds.csv: {message}"
