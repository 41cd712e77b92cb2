"""What may be passed for an array, and what would silently be taken for another."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bce_cli import (
    ArgumentError,
    BceError,
    DataError,
    ExactSum,
    binary_cross_entropy,
    calibration_report,
    convention_reports,
    likelihood_product,
    loss_totals,
    mean_binary_cross_entropy,
)
from bce_cli.core.validate import check_rows

if TYPE_CHECKING:
    from collections.abc import Callable

MASKED = np.ma.array([1.0, 0.0, 0.0], mask=[False, False, True])
PLAIN = [1.0, 0.0, 1.0]
TAKING_WEIGHTS: list[Callable[..., Any]] = [
    mean_binary_cross_entropy,
    loss_totals,
    convention_reports,
    calibration_report,
    likelihood_product,
]


@pytest.mark.parametrize("function", [binary_cross_entropy, *TAKING_WEIGHTS])
def test_masked_values_are_refused_by_name(function: Callable[..., Any]) -> None:
    message = " is a masked array, and 1 of its values are masked"
    with pytest.raises(ArgumentError) as labels:
        function(MASKED, PLAIN)
    assert (labels.value.message, labels.value.arguments) == ("labels" + message, ("labels",))
    with pytest.raises(ValueError, match=r"^probabilities" + message):
        function(PLAIN, MASKED)
    with pytest.raises(ValueError, match=r"^logits" + message):
        function(PLAIN, MASKED, logits=True)
    with pytest.raises(ValueError, match=r"^labels" + message):
        function(MASKED, PLAIN, soft_labels=True)
    assert labels.value.hint == "leave those rows out of all arrays: values[~mask].data"


@pytest.mark.parametrize("function", TAKING_WEIGHTS)
def test_masked_weights_are_refused_by_name(function: Callable[..., Any]) -> None:
    with pytest.raises(ArgumentError, match=r"^weights is a masked array"):
        function(PLAIN, [0.5] * 3, weights=MASKED)


def test_a_masked_array_without_a_mask_is_an_array() -> None:
    plain = mean_binary_cross_entropy([1, 0], [0.5, 0.25])
    assert mean_binary_cross_entropy(np.ma.array([1, 0]), np.ma.array([0.5, 0.25])) == plain


@pytest.mark.parametrize(
    "values",
    [
        np.array(["2020-01-01", "2020-01-02"], "M8[D]"),
        np.array([0, 1], "m8[s]"),
        np.array([(0.5,), (0.5,)], [("p", float)]),
        np.array([0.5 + 0j, 0.5]),
        np.array([0.5 + 0j, 0.5], object),
        np.array([[0.5, 0.5], [0.5, 0.5]]),
        np.array([[0.5, 0.5]]),
        ["0.5", "0.2"],
        np.array(["0.5", "0.2"]),
        np.array([b"0.5", b"0.2"]),
        np.array(["0.5", "0.2"], np.dtypes.StringDType()),
        np.array(["0.5", 0.2], object),
        np.array([0.5, None], object),
        {0: 0.5, 1: 0.5},
        iter([0.5, 0.5]),
    ],
    ids=lambda values: f"{type(values).__name__} {getattr(values, 'dtype', '')}",
)
def test_what_is_no_vector_of_numbers_is_refused(values: Any) -> None:  # noqa: ANN401
    with pytest.raises(BceError):
        mean_binary_cross_entropy([1, 0], values)
    with pytest.raises(BceError):
        mean_binary_cross_entropy([1, 0], values, logits=True)
    with pytest.raises(BceError):
        mean_binary_cross_entropy([1, 0], [0.5, 0.5], weights=values)


def test_one_column_is_a_vector_and_two_are_not() -> None:
    import pandas as pd

    vector = binary_cross_entropy([1, 0], [0.9, 0.2]).tolist()
    for column in (np.array([[0.9], [0.2]]), [[0.9], [0.2]], pd.DataFrame({"p": [0.9, 0.2]})):
        assert binary_cross_entropy([[1], [0]], column).tolist() == vector
    shape = "probabilities have shape (2, 2): pass [:, 1], the probability of label 1"
    with pytest.raises(DataError) as refusal:
        binary_cross_entropy([1, 0], [[0.1, 0.9], [0.8, 0.2]])
    assert refusal.value.message == shape
    with pytest.raises(DataError) as refusal:
        loss_totals(np.zeros((3, 0)), [0.5] * 3)
    assert refusal.value.message == "labels have shape (3, 0), where (n,) is needed"


def test_texts_are_no_numbers() -> None:
    for texts in (["0.9", "0.2"], np.array(["0.9", "0.2"]), np.array(["0.9", 0.2], object)):
        with pytest.raises(DataError) as refusal:
            mean_binary_cross_entropy([1, 0], texts)
        assert refusal.value.message == "probabilities must be numbers, not texts"


class Tensor:
    """What NumPy sees of a tensor of torch."""

    def __init__(
        self, values: list[float], kind: str = "cpu", dtype: str = "torch.float64"
    ) -> None:
        self.values, self.type, self.dtype = values, kind, dtype
        self.has_gradients = True

    @property
    def device(self) -> Tensor:
        return self

    def __str__(self) -> str:
        return f"{self.type}:0"

    def detach(self) -> Tensor:
        found = Tensor(self.values, self.type, self.dtype)
        found.has_gradients = False
        return found

    def float(self) -> Tensor:
        return Tensor(self.values, self.type, "torch.float32").detach()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:  # noqa: ANN401
        assert (dtype, copy) == (None, None)
        if self.has_gradients or self.dtype == "torch.bfloat16":
            message = "Can't call numpy() on this tensor"
            raise RuntimeError(message)
        return np.array(self.values, np.float32 if "32" in self.dtype else np.float64)


def test_tensors_are_arrays_without_their_gradients() -> None:
    plain = binary_cross_entropy([1, 0], [0.5, 0.25]).tolist()
    tensors: list[Any] = [Tensor([0.5, 0.25]), Tensor([0.5, 0.25], dtype="torch.bfloat16")]
    for tensor in tensors:
        assert binary_cross_entropy([1, 0], tensor).tolist() == plain
        assert loss_totals([1, 0], [0.5, 0.25], weights=tensor).n == 2
    kinds = [check_rows([1, 0], tensor).float_type for tensor in tensors]
    assert kinds == ["float64", "float32"]


def test_tensors_on_another_device_are_refused() -> None:
    tensor: Any = Tensor([0.5, 0.25], "cuda")
    with pytest.raises(ArgumentError) as refusal:
        mean_binary_cross_entropy([1, 0], tensor)
    assert refusal.value.message == "probabilities are on the device cuda:0"
    hint = "call .cpu(), or whatever copies them to the memory of this process"
    assert (refusal.value.hint, refusal.value.arguments) == (hint, ("probabilities",))


def test_frames_and_missing_values_of_pandas_are_refused() -> None:
    import pandas as pd

    test_what_is_no_vector_of_numbers_is_refused(pd.DataFrame({"p": [0.5, 0.5], "q": [0.5, 0.5]}))
    test_what_is_no_vector_of_numbers_is_refused(pd.array([0.5, None], dtype="Float64"))


def test_weights_in_another_order_than_the_labels_are_refused() -> None:
    import pandas as pd

    labels, weights = pd.Series([1, 0], [0, 1]), pd.Series([1.0, 2.0], [1, 0])
    predictions = pd.Series([0.9, 0.2], [0, 1])
    with pytest.raises(ArgumentError, match=r"^weights and labels have the same index"):
        mean_binary_cross_entropy(labels, predictions, weights=weights)


def test_series_with_one_index_in_two_orders_are_refused() -> None:
    import pandas as pd

    labels, other = pd.Series([1, 0, 1], [2, 1, 0]), pd.Series([0.9, 0.2, 0.8])
    with pytest.raises(ArgumentError) as refusal:
        mean_binary_cross_entropy(labels, other)
    assert refusal.value.message == "probabilities and labels have the same index in another order"
    with pytest.raises(ArgumentError, match=r"^weights and labels have the same index"):
        mean_binary_cross_entropy(labels, other.to_numpy(), weights=other)
    by_place = mean_binary_cross_entropy([1, 0, 1], [0.9, 0.2, 0.8])
    assert mean_binary_cross_entropy(labels, other.set_axis([7, 8, 9])) == by_place
    assert mean_binary_cross_entropy(labels, other.set_axis(labels.index)) == by_place


def test_an_exact_sum_of_float32_is_exact() -> None:
    values: Any = np.array([0.1] * 1000 + [1e-9], np.float32)
    exact = sum(map(Fraction, values.tolist()), Fraction(0))
    assert float(ExactSum.of(values)) == float(exact)
    squares = sum((Fraction(v) ** 2 for v in values.tolist()), Fraction(0))
    assert float(ExactSum.of_products(values, values)) == float(squares)
    (grouped,) = ExactSum.by_group(values, np.array([0]))
    assert float(grouped) == float(exact)
    assert float(ExactSum.of([1.0, 2.0])) == 3.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (MASKED, "values are masked: leave them out first"),
        (np.ones((2, 2)), r"values must be one-dimensional, got shape \(2, 2\)"),
        (np.array([2**53 + 1]), r"integers beyond 2\*\*53 are not exact in float64"),
        (np.array(["1"]), "values must be numbers, not of type <U1"),
    ],
)
def test_an_exact_sum_refuses_what_it_cannot_add_up(
    values: Any,  # noqa: ANN401
    message: str,
) -> None:
    for add in (ExactSum.of, lambda v: ExactSum.of_products(v, v)):
        with pytest.raises(ValueError, match=f"^{message}$"):
            add(values)
