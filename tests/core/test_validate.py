from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING

import pytest

from bce_cli import (
    DataError,
    LabelError,
    ProbabilityError,
    binary_cross_entropy,
    mean_binary_cross_entropy,
)
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
        ([[1, 0]], [0.5], "labels must be one-dimensional, got shape (1, 2)"),
        ([1], [[0.5]], "probabilities must be one-dimensional, got shape (1, 1)"),
        (1, 0.5, "labels must be one-dimensional, got shape ()"),
        (["yes"], [0.5], "labels must be numbers: could not convert string to float: 'yes'"),
        ([1], ["high"], "probabilities must be numbers: could not convert string to float: 'high'"),
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


@pytest.mark.parametrize("kind", [ArgumentError, DataError, LabelError, ProbabilityError])
def test_errors_of_arguments_and_data_are_value_errors(kind: type[BceError]) -> None:
    assert issubclass(kind, ValueError)
    assert issubclass(kind, BceError)


@pytest.mark.parametrize("hint", [None, "try this"])
@pytest.mark.parametrize("kind", [LabelError, ProbabilityError, UsageError, OutputCreationError])
def test_an_error_survives_pickling_with_its_hint(kind: type[BceError], hint: str | None) -> None:
    copy = pickle.loads(pickle.dumps(kind("what is wrong", hint)))  # noqa: S301 -- our own bytes
    assert type(copy) is kind
    assert (str(copy), copy.message, copy.hint) == ("what is wrong", "what is wrong", hint)


def test_an_error_survives_pickling_with_its_arguments() -> None:
    error = ArgumentError("low and high must differ", "such as 0 and 1", "low", "high")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    assert (copy.message, copy.hint) == ("low and high must differ", "such as 0 and 1")
    assert copy.arguments == ("low", "high")
