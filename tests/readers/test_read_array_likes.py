"""Arrays, lists, Series and tensors as columns: what is taken, without a copy, and what is not."""

from __future__ import annotations

import sys
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli.core.rows import Rows, concatenated
from bce_cli.data.data import open_data
from bce_cli.errors import ArgumentError, BceError, DataError
from bce_cli.readers.array_likes import UnfitError, column_of, label_text
from bce_cli.readers.columns import ColumnChoice
from bce_cli.readers.frames import frame_of_columns
from bce_cli.readers.grammar import Grammar, InputOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LABELS, PREDICTIONS = [1, 0, 1], [0.9, 0.2, 0.7]
TABLE = "a value for each row is needed, such as a list"
ONCE = "list(...) holds them"
PAIR = "shape (3, 2): pass [:, 1], the probability of label 1"


class Device:
    def __init__(self, kind: str) -> None:
        self.type = kind

    def __str__(self) -> str:
        return f"{self.type}:0"


class Tensor:
    """What NumPy sees of a tensor of torch."""

    def __init__(self, values: Any, kind: str = "cpu", dtype: str = "torch.float32") -> None:  # noqa: ANN401
        self.values = np.asarray(values, np.float32)
        self.device, self.dtype, self.requires_grad = Device(kind), dtype, True

    def detach(self) -> Tensor:
        found = Tensor(self.values, self.device.type, self.dtype)
        found.requires_grad = False
        return found

    def float(self) -> Tensor:
        found = self.detach()
        found.dtype = "torch.float32"
        return found

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:  # noqa: ANN401
        assert dtype is None
        assert copy is None
        if self.requires_grad:
            message = "Can't call numpy() on Tensor that requires grad."
            raise RuntimeError(message)
        if self.dtype == "torch.bfloat16":
            message = "Got unsupported ScalarType BFloat16"
            raise TypeError(message)
        return self.values

    def __dlpack_device__(self) -> tuple[int, int]:
        if self.device.type == "mps":
            message = "Unknown device type mps for Dlpack"
            raise ValueError(message)
        return {"cpu": 1, "cuda": 2}[self.device.type], 0


class Packed:
    """What has `__dlpack__` and nothing else."""

    def __init__(self, values: Any, device: int = 1) -> None:  # noqa: ANN401
        self.values, self._device = np.asarray(values), device

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device, 0


def rows_of(grammar: Grammar | None = None, **columns: Any) -> Rows:  # noqa: ANN401
    """Read arguments as a function of the package does."""
    weight = "weight" if "weight" in columns else None
    choice = ColumnChoice(
        "label", "prediction", weight, segments=("by",) if "by" in columns else ()
    )
    options = InputOptions(choice, grammar or Grammar(), block_bytes=64)  # two rows
    with open_data([frame_of_columns(columns)], options) as data:
        return concatenated([block.read().rows.counted() for block in data.blocks()])


def refused(**columns: Any) -> tuple[str, str | None, tuple[str, ...]]:  # noqa: ANN401
    with pytest.raises(BceError) as refusal:
        rows_of(**columns)
    assert isinstance(refusal.value, ArgumentError | DataError)
    return refusal.value.message, refusal.value.hint, refusal.value.arguments


def pandas_series(values: Any, **options: Any) -> Any:  # noqa: ANN401
    import pandas as pd

    return pd.Series(values, **options)


def arrow(values: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa

    return pa.array(values)


def chunks(values: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa

    return pa.chunked_array([values[:1], values[1:]])


class Stream:
    """A Series of a library that is not known by name."""

    def __init__(self, values: Any) -> None:  # noqa: ANN401
        self._chunks = chunks(values)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._chunks.__arrow_c_stream__(requested_schema)


class Capsule:
    """An array of a library that is not known by name."""

    def __init__(self, values: Any) -> None:  # noqa: ANN401
        self._array = arrow(values)

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self._array.__arrow_c_array__(requested_schema)


def frame(values: Any) -> Any:  # noqa: ANN401
    import pandas as pd

    return pd.DataFrame({"p": values})


def table(values: Any) -> Any:  # noqa: ANN401
    import pyarrow as pa

    return pa.table({"p": values})


FORMS: dict[str, Callable[[list[float]], Any]] = {
    "list": list,
    "tuple": tuple,
    "deque": deque,
    "scalars": lambda values: [np.float64(value) for value in values],
    "array": np.array,
    "(n, 1)": lambda values: np.array(values)[:, None],
    "lists of one": lambda values: [[value] for value in values],
    "objects": lambda values: np.array(values, object),
    "masked": np.ma.array,
    "masked (n, 1)": lambda values: np.ma.array(values)[:, None],
    "strided": lambda values: np.array([values, values]).T[:, 1],
    "backwards": lambda values: np.array(values[::-1])[::-1],
    "big-endian": lambda values: np.array(values, ">f8"),
    "long": lambda values: np.array(values, np.longdouble),
    "memoryview": lambda values: memoryview(array("d", values)),
    "Series": pandas_series,
    "nullable Series": lambda values: pandas_series(values, dtype="Float64"),
    "sparse Series": lambda values: pandas_series(values, dtype="Sparse[float64]"),
    "Index": lambda values: pandas_series(values, index=values).index,
    "pandas array": lambda values: pandas_series(values, dtype="Float64").array,
    "frame": frame,
    "pyarrow": arrow,
    "chunks": chunks,
    "table": table,
    "stream": Stream,
    "capsule": Capsule,
    "dlpack": Packed,
}


@pytest.mark.few(10)
@pytest.mark.parametrize("form", FORMS)
def test_values_are_taken_in_any_form(form: str) -> None:
    for columns in (
        {"label": LABELS, "prediction": FORMS[form](PREDICTIONS)},
        {"label": FORMS[form]([1.0, 0.0, 1.0]), "prediction": PREDICTIONS},
    ):
        rows = rows_of(weight=FORMS[form]([1.0, 2.0, 3.0]), **columns)
        assert rows.labels.tolist() == [True, False, True]
        assert rows.probabilities.tolist() == PREDICTIONS
        assert rows.weights is not None
        assert rows.weights.tolist() == [1.0, 2.0, 3.0]
        assert rows.float_type == "float64"


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([True, False, True], None),
        (np.array([True, False, True]), None),
        (np.array([[True], [False], [True]]), None),
        (np.array([1, 0, 1], np.uint8), None),
        (np.array([1, 0, 1], ">i2"), None),
        (np.array([1, 0, 1], np.float16), None),
        (["1", "0", "1"], None),
        (["True", "False", "True"], None),
        ([True, False, True], "true"),
        ([True, False, True], "True"),
        ([2, 1, 2], "2"),
        ([2.0, 1.0, 2.0], "2"),
        (["b", "a", "b"], "b"),
        (("b", "a", "b"), "b"),
        (np.array(["b", "a", "b"]), "b"),
        (np.array([b"b", b"a", b"b"]), "b"),
        (np.array(["b", "a", "b"], np.dtypes.StringDType()), "b"),
        (np.array(["b", "a", "b"], object), "b"),
        ([1, 0, 1], "1"),
    ],
)
def test_labels_may_be_of_any_two_values(labels: Any, positive: str | None) -> None:  # noqa: ANN401
    rows = rows_of(Grammar(positive), label=labels, prediction=PREDICTIONS)
    assert rows.labels.tolist() == [True, False, True]


def test_labels_may_be_of_a_category() -> None:
    for labels, positive in (
        (pandas_series(["b", "a", "b"], dtype="category"), "b"),
        (pandas_series([2, 1, 2], dtype="category"), "2"),
        (pandas_series([2, 1, 2], dtype="Int64"), "2"),
        (pandas_series(["b", "a", "b"], dtype=object), "b"),
        (pandas_series([True, False, True], dtype="boolean"), "true"),
    ):
        rows = rows_of(Grammar(positive), label=labels, prediction=PREDICTIONS)
        assert rows.labels.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array(PREDICTIONS, np.float32), "float32"),
        (np.array(PREDICTIONS, ">f4"), "float32"),
        (np.array(PREDICTIONS, np.float16), "float16"),
        (Tensor(PREDICTIONS), "float32"),
        (Tensor(PREDICTIONS, dtype="torch.bfloat16"), "float32"),
        (Packed(np.array(PREDICTIONS, np.float16)), "float16"),
    ],
)
def test_floats_keep_their_type(values: Any, kind: str) -> None:  # noqa: ANN401
    rows = rows_of(label=LABELS, prediction=values)
    assert rows.float_type == kind
    assert rows.probabilities.tolist() == np.array(PREDICTIONS, kind).tolist()


def test_arrays_are_not_copied() -> None:
    values = np.array(PREDICTIONS)
    values.flags.writeable = False
    weights = pandas_series([1.0, 2.0, 3.0])
    arguments = {"label": LABELS, "prediction": values, "weight": weights}
    choice = ColumnChoice("label", "prediction", "weight")
    with open_data([frame_of_columns(arguments)], InputOptions(choice)) as data:
        (block,) = data.blocks()
        rows = block.read().rows
    assert np.shares_memory(rows.probabilities, values)
    assert rows.weights is not None
    assert np.shares_memory(rows.weights, weights.to_numpy())


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([0.9, None, 0.7], "is null"),
        (np.array([0.9, None, 0.7], object), "is null"),
        (np.array([0.9, np.nan, 0.7]), "nan is not in [0, 1]"),
        ([0.9, np.nan, 0.7], "nan is not in [0, 1]"),
        (np.ma.array(PREDICTIONS, mask=[False, True, False]), "is null"),
        (np.ma.array(PREDICTIONS, np.float32, mask=[False, True, False]), "is null"),
    ],
)
def test_values_that_are_missing_are_refused_or_left_out(values: Any, what: str) -> None:  # noqa: ANN401
    message, hint, _ = refused(label=LABELS, prediction=values)
    assert message == f"arrays, row 2: prediction {what}"
    assert hint is not None
    assert "drop" in hint
    rows = rows_of(Grammar(drop_missing=True), label=LABELS, prediction=values)
    assert rows.labels.tolist() == [True, True]
    assert [round(value, 3) for value in rows.probabilities.tolist()] == [0.9, 0.7]


def test_a_series_has_nan_for_a_missing_value() -> None:
    import pandas as pd

    for values in (
        pd.Series([0.9, np.nan, 0.7]),
        pd.Series([0.9, None, 0.7], dtype=object),
        pd.Series([0.9, pd.NA, 0.7], dtype="Float32"),
        pd.Series([0.9, pd.NaT, 0.7], dtype=object),
    ):
        assert refused(label=LABELS, prediction=values)[0] == "arrays, row 2: prediction is null"
        rows = rows_of(Grammar(drop_missing=True), label=LABELS, prediction=values)
        assert rows.labels.tolist() == [True, True]


def test_labels_that_are_missing_are_refused_or_left_out() -> None:
    for labels, what in (
        ([1, None, 1], "is null"),
        ([True, None, True], "is null"),
        (np.array([1, np.nan, 1]), "nan is not 0 or 1"),
        (np.ma.array([True, False, True], mask=[False, True, False]), "is null"),
        (np.ma.array(["1", "0", "1"], mask=[False, True, False]), "is null"),
        (["1", None, "1"], "is null"),
        (["1", np.nan, "1"], "is null"),
    ):
        assert refused(label=labels, prediction=PREDICTIONS)[0] == f"arrays, row 2: label {what}"
        rows = rows_of(Grammar(drop_missing=True), label=labels, prediction=PREDICTIONS)
        assert rows.probabilities.tolist() == [0.9, 0.7]


def test_texts_and_times_are_segments() -> None:
    days = np.array(["2026-11-01", "2026-11-02", "NaT"], "M8[D]")
    for values, texts in (
        (["a", "b", None], ["a", "b", ""]),
        (["a", np.nan, "b"], ["a", "", "b"]),
        (np.array(["a", "b", "c"]), ["a", "b", "c"]),
        ([1, 2, 3], ["1", "2", "3"]),
        (np.array([1.0, 0.5, np.nan]), ["1", "0.5", ""]),
        ([True, False, True], ["true", "false", "true"]),
        (days, ["2026-11-01", "2026-11-02", ""]),
        (days.astype(">M8[s]"), ["2026-11-01 00:00:00", "2026-11-02 00:00:00", ""]),
    ):
        (segment,) = rows_of(label=LABELS, prediction=PREDICTIONS, by=values).words
        assert [segment.names[code] for code in segment.codes] == texts


@pytest.mark.few(10)
@pytest.mark.parametrize(
    ("values", "what", "hint"),
    [
        (np.zeros((1, 3)), "has shape (1, 3), where (n,) is needed", None),
        (np.zeros((3, 1, 1)), "has shape (3, 1, 1), where (n,) is needed", None),
        (0.5, "is a single value", TABLE),
        (np.float64(0.5), "is a single value", TABLE),
        (np.array(0.5), "is a single value", TABLE),
        (Tensor(0.5), "is a single value", TABLE),
        ("0.5", "is a single text (str)", TABLE),
        (b"0.5", "is a single text (bytes)", TABLE),
        (None, "is None", TABLE),
        (object(), "is of type object, not a value for each row", TABLE),
        ({0: 0.5}, "is a dict, not a value for each row", "list(d.values()) has its values"),
        ({0.1, 0.2, 0.3}, "is a set, which has no order", TABLE),
        ({0: 0.5}.values(), "is of type dict_values, not a value for each row", TABLE),
        (iter(PREDICTIONS), "is a list_iterator, which gives its values once", ONCE),
        ((p for p in PREDICTIONS), "is a generator, which gives its values once", ONCE),
        ([[0.5], [0.5, 0.5], [0.5]], "is ragged: its rows differ in length", None),
        ([0.5, "0.2", 0.1], "has values of several types: float and, in row 2, str", None),
        ([None, 0.5, "0.2"], "has values of several types: float and, in row 3, str", None),
        ([10**400] * 3, "has values of type int, which cannot be read", None),
        ([object()] * 3, "has values of type object, which cannot be read", None),
        (["\ud800", "a", "b"], "holds text that is not UTF-8", None),
        (np.array([1j, 2, 3]), "is of type complex128", None),
        (np.zeros(3, "i4,f4"), "is an array of records", "name one of its fields"),
    ],
)  # fmt: skip
def test_what_is_no_column_is_refused_by_name(values: Any, what: str, hint: str | None) -> None:  # noqa: ANN401
    assert refused(label=LABELS, prediction=values) == (f"prediction {what}", hint, ("prediction",))
    assert refused(label=values, prediction=PREDICTIONS) == (f"label {what}", hint, ("label",))


@pytest.mark.parametrize(
    "values",
    [np.zeros((3, 2)), [[0.1, 0.9]] * 3, np.ma.zeros((3, 2)), Packed(np.zeros((3, 2)))],
)
def test_a_column_for_each_label_is_refused_by_what_it_is_given_for(values: Any) -> None:  # noqa: ANN401
    found = refused(label=LABELS, prediction=values)
    assert found == (f"prediction has {PAIR}", None, ("prediction",))
    found = refused(label=values, prediction=PREDICTIONS)
    one_hot = "label has shape (3, 2): if they are one-hot, pass [:, 1]"
    assert found == (one_hot, None, ("label",))
    found = refused(label=LABELS, prediction=PREDICTIONS, weight=values)
    assert found == ("weight has shape (3, 2), where (n,) is needed", None, ("weight",))


def test_frames_of_two_columns_are_no_column() -> None:
    import pandas as pd
    import pyarrow as pa

    for values in (
        pd.DataFrame({"a": PREDICTIONS, "b": PREDICTIONS}),
        pa.table([[0.5] * 3] * 2, "ab"),
    ):
        found = refused(label=LABELS, prediction=values)
        what = "prediction has shape (3, 2): pass ['b'], the probability of label 1"
        assert found == (what, None, ("prediction",))
        found = refused(label=LABELS, prediction=PREDICTIONS, weight=values)
        hint = "pass one of its columns, such as ['a']"
        assert found == ("weight has shape (3, 2), where (n,) is needed", hint, ("weight",))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["0.9", "0.2", "0.7"], "prediction must be numbers, not texts"),
        (np.array(["0.9", "0.2", "0.7"]), "prediction must be numbers, not texts"),
        ([True, False, True], "arrays: prediction is of type bool, not numbers"),
        ([b"0.9", b"0.2", b"0.7"], "arrays: prediction is of type binary, not numbers"),
        ([{}, {}, {}], "arrays: prediction is of type struct<>, not numbers"),
        ([1.0, 2.0, 0.5], "arrays, row 2: prediction 2.0 is not in [0, 1]"),
    ],
)
def test_what_is_no_number_is_refused(values: Any, message: str) -> None:  # noqa: ANN401
    assert refused(label=LABELS, prediction=values)[0] == message


def test_weights_are_numbers() -> None:
    texts = refused(label=LABELS, prediction=PREDICTIONS, weight=["1", "2", "3"])
    assert texts == ("weight must be numbers, not texts", None, ("weight",))
    message, _, _ = refused(label=LABELS, prediction=PREDICTIONS, weight=[1, 2, -3])
    assert message == "arrays, row 3: weight -3 is neither 0 nor in [1e-100, 1e+100]"


@pytest.mark.parametrize("kind", ["cuda", "mps", "meta"])
def test_tensors_on_other_devices_are_refused(kind: str) -> None:
    hint = "call .cpu(), or whatever copies them to the memory of this process"
    found = refused(label=LABELS, prediction=Tensor(PREDICTIONS, kind))
    assert found == (f"prediction is on the device {kind}:0", hint, ("prediction",))
    found = refused(label=LABELS, prediction=Packed(PREDICTIONS, device=2))
    assert found == ("prediction is on another device", hint, ("prediction",))


def test_lengths_that_differ_are_refused_with_both_names() -> None:
    found = refused(label=LABELS, prediction=PREDICTIONS[:1])
    assert found == ("label has 3 values, but prediction has 1", None, ("label", "prediction"))
    found = refused(label=[1], prediction=PREDICTIONS, weight=[1.0])
    assert found[0] == "label has 1 value, but prediction has 3"


def test_series_with_different_indexes_are_not_paired() -> None:
    labels, predictions = pandas_series(LABELS, index=[5, 6, 7]), pandas_series(PREDICTIONS)
    hint = "rows are paired by their place: align them first, or pass .to_numpy()"
    found = refused(label=labels, prediction=predictions)
    names = ("label", "prediction")
    assert found == ("label and prediction have different indexes", hint, names)
    found = refused(label=predictions[::-1], prediction=predictions)
    assert found == ("label and prediction have the same index in another order", hint, names)
    found = refused(label=labels, prediction=PREDICTIONS, weight=predictions)
    assert found[0] == "label and weight have different indexes"
    for other in (PREDICTIONS, predictions.to_numpy(), predictions.set_axis(labels.index)):
        assert rows_of(label=labels, prediction=other).probabilities.tolist() == PREDICTIONS
    with pytest.raises(ArgumentError, match=r"^label and prediction have different indexes\n"):
        frame_of_columns(
            {"label": LABELS, "prediction": predictions}, indexes={"label": labels.index}
        )


def test_damage_in_arrow_is_told_of() -> None:
    import pyarrow as pa

    ends = np.arange(4, dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"a\xffb")]
    damaged = pa.Array.from_buffers(pa.string(), 3, buffers)
    message, _, names = refused(label=LABELS, prediction=PREDICTIONS, by=damaged)
    assert message.startswith("by cannot be read: Invalid UTF8 sequence")
    assert names == ("by",)


def test_names_are_made_safe() -> None:
    with pytest.raises(ArgumentError) as refusal:
        frame_of_columns({"a\x1b[31m": 3})
    assert refusal.value.message == "a\\x1b[31m is a single value"


class Faulty:
    def __array__(self, dtype: object = None, copy: object = None) -> Any:  # noqa: ANN401
        message = f"no\x1b luck {dtype} {copy}. More of it\nand more"
        raise OSError(message)


def test_what_a_library_raises_is_told() -> None:
    found = refused(label=LABELS, prediction=Faulty())
    assert found == ("prediction cannot be read: no\\x1b luck None None", None, ("prediction",))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("spam", "spam"),
        (1, "1"),
        (1.0, "1"),
        (0.5, "0.5"),
        (True, "true"),
        (np.int8(2), "2"),
        ("", ""),
    ],
)
def test_a_label_has_a_text(value: object, text: str) -> None:
    assert label_text(value) == text


def test_what_no_label_is_has_no_text() -> None:
    for value, what in (
        ([1], "is of type list, which no label is"),
        (None, "is of type NoneType, which no label is"),
        (float("nan"), "is of type float, which no label is"),
        (object(), "has values of type object, which cannot be read"),
    ):
        with pytest.raises(UnfitError) as refusal:
            label_text(value)
        assert refusal.value.what == what


def test_lists_and_arrays_need_no_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pandas were imported, these would fail."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    columns: Mapping[str, Any] = {"label": ["a", "b", "a"], "prediction": np.array(PREDICTIONS)}
    rows = rows_of(Grammar("a"), **columns, weight=[1, 2, 3], by=["x", None, "y"])
    assert rows.labels.tolist() == [True, False, True]
    assert column_of(np.array([True, False])).at(1, 1).to_pylist() == [False]
