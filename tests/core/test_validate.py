from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli import (
    DataError,
    LabelError,
    ProbabilityError,
    WeightError,
    binary_cross_entropy,
    mean_binary_cross_entropy,
)
from bce_cli.core.validate import check_rows
from bce_cli.errors import ArgumentError, BceError, OutputCreationError, UsageError

if TYPE_CHECKING:
    import numpy.typing as npt

TINIEST = 5e-324
HUGE = 10**400  # an integer beyond float64


@pytest.mark.parametrize(
    ("label", "shown"),
    [(2, "2.0"), (-1, "-1.0"), (0.5, "0.5"), (math.nan, "nan"), (math.inf, "inf"), (None, "nan")],
)
def test_the_first_label_that_is_neither_0_nor_1_is_named(label: float, shown: str) -> None:
    with pytest.raises(LabelError) as caught:
        binary_cross_entropy([1, 0, label, label], [0.5] * 4)
    assert str(caught.value) == f"labels[2] = {shown} is not 0 or 1"


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (math.nextafter(1.0, 2.0), "1.0000000000000002"),
        (-TINIEST, "-5e-324"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_the_first_probability_outside_its_domain_is_named(probability: float, shown: str) -> None:
    with pytest.raises(ProbabilityError) as caught:
        mean_binary_cross_entropy([1, 0, 1, 0], [0.0, probability, 1.0, probability])
    assert str(caught.value) == f"probabilities[1] = {shown} is not in [0, 1]"


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([1, 0], [0.5], "2 labels but 1 probabilities"),
        ([[1, 0]], [0.5], "labels have shape (1, 2): if they are one-hot, pass [:, 1]"),
        ([1], [[[0.5]]], "probabilities have shape (1, 1, 1), where (n,) is needed"),
        (1, 0.5, "labels have shape (), where (n,) is needed"),
        (["yes"], [0.5], "labels must be numbers, not texts"),
        ([1], ["high"], "probabilities must be numbers, not texts"),
        ([[1], [1, 0]], [0.5, 0.5], "labels must be numbers: "),
        ([HUGE], [0.5], "labels must be numbers: "),
        ([1], [HUGE], "probabilities must be numbers: "),
    ],
)
def test_what_is_not_a_pair_of_numeric_vectors_is_refused(
    labels: npt.ArrayLike, probabilities: npt.ArrayLike, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        binary_cross_entropy(labels, probabilities)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_the_edges_of_every_domain_are_inside() -> None:
    weights = [0.0, 1e-100, 1e100, 1.0]
    rows = check_rows([0, 1, 1, 1], [0.0, 1.0, TINIEST, 0.5], weights)
    assert rows.labels.tolist() == [False, True, True, True]
    assert rows.probabilities.tolist() == [0.0, 1.0, TINIEST, 0.5]
    assert rows.weights is not None
    assert rows.weights.tolist() == weights
    soft = check_rows([0.0, 1.0, TINIEST], [0.5] * 3, soft_labels=True).labels
    assert soft.tolist() == [0.0, 1.0, TINIEST]
    logits = check_rows([1, 0], [math.inf, -math.inf], logits=True)
    assert logits.probabilities.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("soft_labels", [False, True])
@pytest.mark.parametrize("logits", [False, True])
def test_no_rows_are_rows(logits: bool, soft_labels: bool) -> None:
    assert len(check_rows([], [], [], logits=logits, soft_labels=soft_labels)) == 0


def test_one_value_is_looked_at_as_many_are() -> None:
    for label, probability, weight in [
        (2, 0.5, 1.0),
        (1, 1.5, 1.0),
        (1, math.nan, 1.0),
        (1, 0.5, -1.0),
    ]:
        with pytest.raises(DataError):
            check_rows([label], [probability], [weight])
    with pytest.raises(ProbabilityError):
        check_rows([1], [math.nan], logits=True)


def test_labels_are_hard_and_predictions_probabilities_unless_it_is_said() -> None:
    with pytest.raises(LabelError, match=r"^labels\[0\] = 0\.5 is not 0 or 1$"):
        check_rows([0.5], [0.5])
    with pytest.raises(ProbabilityError, match=r"^probabilities\[2\] = 2\.0 is not in \[0, 1\]$"):
        check_rows([1, 0, 0], [0.0, 1.0, 2.0])
    with pytest.raises(LabelError, match=r"^labels\[2\] = -0\.5 is not in \[0, 1\]$"):
        check_rows([1.0, 0.0, -0.5], [0.5] * 3, soft_labels=True)


@pytest.mark.parametrize(
    ("weight", "shown"),
    [
        (math.nextafter(1e-100, 0.0), "9.999999999999999e-101"),
        (math.nextafter(1e100, math.inf), "1.0000000000000002e+100"),
        (-1.0, "-1.0"),
        (math.nan, "nan"),
    ],
)
def test_the_first_weight_outside_its_domain_is_named(weight: float, shown: str) -> None:
    with pytest.raises(WeightError) as caught:
        check_rows([1] * 5, [0.5] * 5, [0.0, 1e-100, 1e100, weight, weight])
    assert str(caught.value) == f"weights[3] = {shown} is not a weight: 0, or 1e-100 to 1e100"


def test_no_sign_of_a_negative_zero_is_left() -> None:
    rows = check_rows([-0.0, 1.0], [-0.0, 0.5], [-0.0, 1.0], soft_labels=True)
    for values in (rows.labels, rows.probabilities, rows.weights):
        assert math.copysign(1.0, np.asarray(values)[0]) == 1.0


def test_complex_numbers_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"^labels must be numbers of the real line, not of type complex128$"
    ):
        check_rows(np.array([1j]), [0.5])


@pytest.mark.parametrize("kind", [ArgumentError, DataError, LabelError, ProbabilityError])
def test_errors_of_arguments_and_data_are_value_errors(kind: type[BceError]) -> None:
    assert issubclass(kind, ValueError)
    assert issubclass(kind, BceError)


@pytest.mark.parametrize("hint", [None, "try this"])
@pytest.mark.parametrize("kind", [LabelError, ProbabilityError, UsageError, OutputCreationError])
def test_an_error_survives_pickling_with_its_hint(kind: type[BceError], hint: str | None) -> None:
    copy = pickle.loads(pickle.dumps(kind("what is wrong", hint)))  # noqa: S301 -- our own bytes
    assert type(copy) is kind
    assert (copy.message, copy.hint) == ("what is wrong", hint)
    assert str(copy) == ("what is wrong" if hint is None else "what is wrong\ntry this")


def test_an_error_survives_pickling_with_its_arguments() -> None:
    error = ArgumentError("low and high must differ", "such as 0 and 1", "low", "high")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    assert (copy.message, copy.hint) == ("low and high must differ", "such as 0 and 1")
    assert copy.arguments == ("low", "high")
