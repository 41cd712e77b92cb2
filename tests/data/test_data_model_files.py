"""A source for each model: aligned row by row, or joined by a key."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bce_cli.data.data import Join, open_models
from bce_cli.engine.run import Job, collect_rows, fold_rows
from bce_cli.errors import DataError, InputError, LabelError, UsageError
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.grammar import Grammar, InputOptions
from tests.budgets import examples
from tests.corpus.columnar import WRITE, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.progress import Stage
    from bce_cli.core.rows import Rows
    from bce_cli.data.data import Data

A = "id,y,p\na,1,.5\nb,0,.25\nc,1,.75\n"
B = "id,y,p\na,1,.6\nb,0,.2\nc,1,.9\n"
B_MIXED = "id,y,p\nc,1,.9\na,1,.6\nb,0,.2\n"
HINT = "the sources must hold the same rows in the same order; on='COLUMN' joins them by a key"


def models(
    *paths: str,
    join: Join | None = None,
    choice: ColumnChoice | None = None,
    block_bytes: int = 8,
    **grammar: Any,  # noqa: ANN401
) -> Data:
    options = InputOptions(choice or ColumnChoice(), Grammar(**grammar), block_bytes=block_bytes)
    return open_models(paths, options, join)


def collected(data: Data, n_workers: int = 2) -> Rows:
    return collect_rows(Job(data, n_workers))


def predictions(rows: Rows) -> list[list[float]]:
    return [model.probabilities.tolist() for model in rows.under_models()]


def refused(data: Data) -> DataError:
    with pytest.raises(DataError) as caught:
        collected(data)
    return caught.value


many = settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
kinds = st.sampled_from(["csv", "jsonl", "parquet", "arrow", "arrows", "csv.gz"])


def written(kind: str, name: str, labels: Sequence[int], values: Sequence[float]) -> str:
    """Write one model's rows, in blocks that no other format has."""
    path = Path(f"{name}.{kind}")
    if kind == "jsonl":
        lines = (f'{{"p": {p!r}, "y": {y}}}\n' for y, p in zip(labels, values, strict=True))
        path.write_text("".join(lines))
    elif kind.startswith("csv"):
        lines = (f"{p!r},{y}\n" for y, p in zip(labels, values, strict=True))
        data = ("p,y\n" + "".join(lines)).encode()
        path.write_bytes(gzip.compress(data) if kind.endswith("gz") else data)
    else:
        options = {"row_group_size": 3} if kind == "parquet" else {"rows": 2}
        path.write_bytes(WRITE[kind](table(y=(labels, "int8"), p=(values, "float64")), **options))
    return str(path)


@given(
    st.lists(st.tuples(st.integers(0, 1), *([st.floats(0.0, 1.0)] * 3)), min_size=1, max_size=15),
    st.tuples(kinds, kinds, kinds),
    st.integers(1, 100),
    st.integers(1, 4),
)
@many
def test_files_of_any_format_and_blocks_are_read_side_by_side(
    rows: list[tuple[int, float, float, float]],
    formats: tuple[str, str, str],
    block_bytes: int,
    n_workers: int,
) -> None:
    labels, *columns = map(list, zip(*rows, strict=True))
    paths = [
        written(kind, name, labels, values)
        for kind, name, values in zip(formats, "abc", columns, strict=True)
    ]
    found = collected(models(*paths, block_bytes=block_bytes), n_workers)
    assert found.labels.astype(int).tolist() == labels
    assert predictions(found) == columns


def test_weights_and_clusters_are_those_of_the_first(preds: Callable[..., str]) -> None:
    first = preds("y,p,w,i,g\n1,.5,2,r,u\n0,.25,3,s,v\n", "a.csv")
    choice = ColumnChoice(weight="w", id="i", cluster="g")
    rows = collected(models(first, preds("i,y,p\nr,1,.6\ns,0,.2\n", "b.csv"), choice=choice))
    assert rows.weights is not None
    assert rows.ids is not None
    assert rows.cluster is not None
    assert (rows.weights.tolist(), list(rows.ids)) == ([2.0, 3.0], ["r", "s"])
    assert [rows.cluster.names[code] for code in rows.cluster.codes] == ["u", "v"]


@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize(("n_first", "n_second"), [(3, 5), (5, 3), (0, 1), (1, 0), (1, 2000)])
def test_sources_of_unequal_length_are_refused(
    n_first: int, n_second: int, block_bytes: int, preds: Callable[..., str]
) -> None:
    paths = [
        preds("y,p\n" + "1,.5\n" * n, name) for n, name in ((n_first, "a.csv"), (n_second, "b.csv"))
    ]
    error = refused(models(*paths, block_bytes=block_bytes))
    short, long = ("a.csv", "b.csv") if n_first < n_second else ("b.csv", "a.csv")
    n = min(n_first, n_second)
    rows = "1 row" if n == 1 else f"{n} rows"
    assert error.message == f"{short} ends after {rows}, but {long} goes on"
    assert error.hint == HINT


def test_of_three_sources_the_one_that_ends_first_is_named(preds: Callable[..., str]) -> None:
    paths = [preds("y,p\n" + "1,.5\n" * n, name) for n, name in ((4, "a"), (4, "b"), (2, "c"))]
    assert refused(models(*paths)).message == "c ends after 2 rows, but a goes on"


@pytest.mark.parametrize("block_bytes", [1, 50, 1 << 20])
def test_the_first_row_whose_labels_differ_is_named(
    block_bytes: int, preds: Callable[..., str]
) -> None:
    labels = ["1", "0"] * 50
    first = preds("y,p\n" + "".join(f"{y},.5\n" for y in labels), "a.csv")
    labels[40], labels[77] = "0", "1"
    second = preds("y,p\n" + "".join(f"{y},.5\n" for y in labels), "b.csv")
    error = refused(models(first, second, block_bytes=block_bytes))
    assert error.message == "b.csv, row 41: the label is 0, but 1 in a.csv"
    assert error.hint == HINT


@pytest.mark.parametrize("block_bytes", [1, 8, 1 << 20])
def test_ids_that_are_read_must_agree(preds: Callable[..., str], block_bytes: int) -> None:
    swapped = "id,y,p\na,1,.6\nb,0,.2\nx,1,.9\n"
    paths = preds(A, "a.csv"), preds(swapped, "b.csv")
    choice = ColumnChoice(id="id")
    error = refused(models(*paths, choice=choice, block_bytes=block_bytes))
    assert (error.message, error.hint) == ("b.csv, row 3: the id is 'x', but 'c' in a.csv", HINT)
    assert len(collected(models(*paths))) == 3  # without ids there is nothing to notice
    same = collected(models(paths[0], preds(B, "c.csv"), choice=choice))
    assert list(same.ids or ()) == ["a", "b", "c"]


def test_ids_must_stand_in_every_source(preds: Callable[..., str]) -> None:
    paths = preds(A, "a.csv"), preds("y,p\n1,.6\n0,.2\n1,.9\n", "b.csv")
    with pytest.raises(DataError, match=r"^b\.csv: there is no column 'id'"):
        collected(models(*paths, choice=ColumnChoice(id="id")))


def test_soft_labels_must_be_the_same_number(preds: Callable[..., str]) -> None:
    first, second = preds("y,p\n.25,.5\n", "a"), preds("y,p\n.3,.5\n", "b")
    error = refused(models(first, second, soft_labels=True))
    assert error.message == "b, row 1: the label is 0.3, but 0.25 in a"
    same = preds("y,p\n2.5e-1,.5\n", "c")
    assert collected(models(first, same, soft_labels=True)).labels.tolist() == [0.25]


def test_named_labels_are_compared_by_what_they_stand_for(preds: Callable[..., str]) -> None:
    first = preds("y,p\nyes,.5\nno,.5\n", "a")
    other = preds("y,p\nyes,.5\nnay,.5\n", "b")
    rows = collected(models(first, other, positive="yes"))
    assert rows.labels.tolist() == [True, False]
    third = preds("y,p\nyes,.5\nmaybe,.5\nno,.5\n", "c")
    with pytest.raises(LabelError, match=r"^c, line 4: label 'no' is neither 'yes' nor 'maybe'"):
        collected(models(third, first, positive="yes"))
    shouted = preds("y,p\nYES,.5\nYES,.5\n", "d")
    rival_only = models(preds("y,p\nno,.5\nno,.5\n", "e"), shouted, positive="yes")
    with pytest.raises(LabelError, match=r"^no label is 'yes', but 'YES' occurs\n"):
        collected(rival_only)


@pytest.mark.parametrize("join", [None, Join(("id",))])
def test_a_row_missing_in_one_source_is_left_out_for_all(
    join: Join | None, preds: Callable[..., str]
) -> None:
    first = preds("id,y,p\na,1,.5\nb,,.25\nc,1,.75\nd,0,.1\n", "a.csv")
    second = preds("id,y,p\na,1,\nb,1,.2\nc,NA,.9\nd,0,.2\n", "b.csv")
    data = models(first, second, join=join, drop_missing=True)
    assert predictions(collected(data)) == [[0.1], [0.2]]
    assert data.n_missing == 3


@pytest.mark.parametrize("join", [None, Join(("id",))])
def test_without_leave_a_missing_value_is_refused_where_it_is(
    join: Join | None, preds: Callable[..., str]
) -> None:
    data = models(preds(A, "a.csv"), preds(B.replace(".2\n", "\n"), "b.csv"), join=join)
    assert refused(data).message == "b.csv, line 3: prediction (column 'p') is empty"


@pytest.mark.parametrize("join", [None, Join(("id",))])
def test_sources_without_rows_are_named_together(
    join: Join | None, preds: Callable[..., str]
) -> None:
    paths = preds("id,y,p\n", "a.csv"), preds("id,y,p\n", "b.csv")
    message = refused(models(*paths, join=join)).message
    assert message in ("a.csv, b.csv: there are no rows", "a.csv: there are no rows")


def test_if_every_row_is_missing_somewhere_none_is_left(preds: Callable[..., str]) -> None:
    first, second = preds("y,p\n1,\n1,.5\n", "a"), preds("y,p\n1,.5\n1,\n", "b")
    assert refused(models(first, second, drop_missing=True)).message == "a, b: no rows are left"


def test_a_source_that_cannot_be_read_is_named(preds: Callable[..., str]) -> None:
    with pytest.raises(InputError, match=r"^no.csv: no such file or directory\n"):
        collected(models(preds(A, "a.csv"), "no.csv"))


@pytest.mark.parametrize("join", [None, Join(("id",))])
def test_standard_input_is_read_once(join: Join | None) -> None:
    with pytest.raises(UsageError, match=r"^standard input can be read only once$"):
        models("-", "-", join=join)


def test_standard_input_is_not_for_labels_and_a_model() -> None:
    with pytest.raises(UsageError, match=r"^standard input can be read only once$"):
        models("a.csv", "-", join=Join(("id",), "-"))


@pytest.mark.parametrize("n_workers", [1, 3])
def test_progress_ends_at_the_bytes_below_the_headers(
    n_workers: int, preds: Callable[..., str]
) -> None:
    first = preds("y,p\n" + "1,.5\n" * 40, "a.csv")
    second = preds("p,y\n" + "0.25000,1.0\n" * 40, "b.csv")
    heard: list[Stage] = []
    job = Job(models(first, second, block_bytes=32), n_workers, heard.append)
    assert sum(fold_rows(job, lambda rows: [len(rows)])) == 40
    total = Path(first).stat().st_size + Path(second).stat().st_size
    assert heard[-1] == ("reading", total - 8, total, "bytes")
    assert heard == sorted(heard)


def test_no_end_is_told_where_a_source_is_compressed(preds: Callable[..., str]) -> None:
    packed = preds(gzip.compress(B.encode()), "b.csv.gz")
    data = models(preds(A, "a.csv"), packed)
    with data:
        assert data.n_bytes() is None


@pytest.mark.parametrize("second", [B, B_MIXED])
def test_rows_are_joined_by_key_in_the_order_of_the_first(
    second: str, preds: Callable[..., str]
) -> None:
    choice = ColumnChoice(id="id")
    data = models(preds(A, "a.csv"), preds(second, "b.csv"), join=Join(("id",)), choice=choice)
    rows = collected(data)
    assert rows.labels.tolist() == [True, False, True]
    assert predictions(rows) == [[0.5, 0.25, 0.75], [0.6, 0.2, 0.9]]
    assert rows.ids is not None
    assert list(rows.ids) == ["a", "b", "c"]
    assert (data.n_unmatched, data.n_missing) == (0, 0)


def test_joined_logits_keep_their_places(preds: Callable[..., str]) -> None:
    first, second = preds("id,y,p\na,1,3\nb,0,-2\n", "a"), preds("id,y,p\nb,0,-9\na,1,8\n", "b")
    rows = collected(models(first, second, join=Join(("id",)), logits=True))
    (rival,) = rows.rivals
    assert rival.logits is not None
    assert rival.logits.tolist() == [8.0, -9.0]


def test_joined_labels_that_differ_are_named_with_their_key(preds: Callable[..., str]) -> None:
    second = preds(B_MIXED.replace("a,1", "a,0"), "b.csv")
    error = refused(models(preds(A, "a.csv"), second, join=Join(("id",))))
    assert error.message == "b.csv, row 2 (key 'a'): the label is 0, but 1 in a.csv"


@pytest.mark.parametrize("is_first", [True, False])
def test_a_key_that_occurs_twice_is_refused(is_first: bool, preds: Callable[..., str]) -> None:
    twice, good = preds(A + "a,1,.5\n", "twice.csv"), preds(B, "good.csv")
    paths = (twice, good) if is_first else (good, twice)
    error = refused(models(*paths, join=Join(("id",))))
    assert error.message == "twice.csv, row 4: the key 'a' stands in row 1 too"


def test_an_empty_key_is_refused(preds: Callable[..., str]) -> None:
    data = models(preds(A, "a.csv"), preds(B.replace("b,", ","), "b.csv"), join=Join(("id",)))
    assert refused(data).message == "b.csv, line 3: the key (column 'id') is empty"


def test_a_lone_key_is_refused_by_default(preds: Callable[..., str]) -> None:
    long = preds(A + "z,1,.5\n", "long.csv")
    error = refused(models(preds(B, "b.csv"), long, join=Join(("id",))))
    assert error.message == "long.csv, row 4: the key 'z' has no partner in b.csv"


LABELS = "key,y,extra\nc,1,x\nb,0,x\na,1,x\n"


def test_labels_of_another_file_are_those_of_every_model(preds: Callable[..., str]) -> None:
    truth = preds(LABELS.replace("key", "id"), "truth.csv")
    first = preds("id,p\na,.5\nb,.25\nc,.75\n", "a.csv")
    second = preds("p,id\n.9,c\n.6,a\n.2,b\n", "b.csv")
    data = models(first, second, join=Join(("id",), truth))
    rows = collected(data)
    assert rows.labels.tolist() == [True, False, True]
    assert predictions(rows) == [[0.5, 0.25, 0.75], [0.6, 0.2, 0.9]]
    assert data.label_name == "y"


def test_keys_that_some_source_lacks_are_left_out_and_counted_once(
    preds: Callable[..., str],
) -> None:
    first = preds("id,y,p\na,1,.5\nb,0,.25\nc,1,.75\nonly-first,1,.5\n", "a.csv")
    second = preds("id,y,p\na,1,.6\nb,0,.2\nnot-first,1,.5\n", "b.csv")
    third = preds("id,y,p\nc,1,.9\na,1,.7\nnot-first,1,.5\n", "c.csv")
    truth = preds("id,y\na,1\nb,0\nc,1\nnot-first,0\nonly-truth,0\n", "truth.csv")
    plain = models(first, second, third, join=Join(("id",), is_inner=True))
    assert predictions(collected(plain)) == [[0.5], [0.6], [0.7]]
    assert (plain.n_unmatched, plain.n_missing) == (4, 0)  # b, c, only-first, not-first
    labelled = models(first, second, third, join=Join(("id",), truth, is_inner=True))
    assert predictions(collected(labelled)) == [[0.5], [0.6], [0.7]]
    assert (labelled.n_unmatched, labelled.n_missing) == (5, 0)


def test_a_row_with_a_lone_key_is_not_counted_as_missing_too(preds: Callable[..., str]) -> None:
    first = preds("id,y,p\na,1,\nb,0,.25\nc,1,.75\n", "a.csv")
    second = preds("id,y,p\nb,0,\nc,1,.9\n", "b.csv")
    data = models(first, second, join=Join(("id",), is_inner=True), drop_missing=True)
    assert predictions(collected(data)) == [[0.75], [0.9]]
    assert (data.n_unmatched, data.n_missing) == (1, 1)


def test_if_no_key_is_shared_no_row_is_left(preds: Callable[..., str]) -> None:
    first, second = preds("id,y,p\na,1,.5\n", "a"), preds("id,y,p\nb,1,.5\n", "b")
    data = models(first, second, join=Join(("id",), is_inner=True))
    assert refused(data).message == "a, b: no rows are left"
