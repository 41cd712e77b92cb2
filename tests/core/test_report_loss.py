from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from bce_cli import DataError, binary_cross_entropy, mean_binary_cross_entropy

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray

TINIEST = 5e-324
BELOW_ONE = 1.0 - 2.0**-53


def _random(seed: int) -> FloatArray:
    random = np.random.default_rng(seed)
    logits = random.uniform(-40.0, 36.0, 1000)
    return np.concatenate(
        [
            random.uniform(size=1000),
            10.0 ** random.uniform(-323.0, 0.0, 1000),
            1 / (1 + np.exp(-logits)),
        ]
    )


def _around(center: float, step: float) -> FloatArray:
    return np.asarray(center + np.arange(-100.0, 101.0) * step)


GRIDS = {
    "powers of two": 2.0 ** np.arange(-1074.0, 0.0),
    "powers of ten": np.array([float(f"1e-{k}") for k in range(1, 324)]),
    "complements of powers of two": 1.0 - 2.0 ** np.arange(-53.0, 0.0),
    "neighbours of one half": _around(0.5, 2.0**-54),
    "neighbours of one": 1.0 - np.arange(1, 201) * 2.0**-53,
    "neighbours of the smallest normal number": _around(2.0**-1022, TINIEST),
    "smallest numbers": np.arange(1, 101) * TINIEST,
    "hundredths": np.arange(1, 100) / 100.0,
    **{f"random, seed {seed}": _random(seed) for seed in range(3)},
}


@pytest.mark.few(10)
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_every_loss_is_within_one_ulp_of_the_true_value_rounded(
    label: int, grid: FloatArray
) -> None:
    losses = binary_cross_entropy(np.full(len(grid), label), grid).tolist()
    with mpmath.workprec(200):
        for p, loss in zip(grid.tolist(), losses, strict=True):
            assert 0.0 < p < 1.0
            rounded = float(-mpmath.log(p) if label else -mpmath.log1p(-mpmath.mpf(p)))
            assert abs(loss - rounded) <= math.ulp(rounded), p


@pytest.mark.parametrize(
    ("label", "probability", "loss"),
    [
        (1, 0.5, math.log(2.0)),
        (0, 0.5, math.log(2.0)),
        (1, 2.0**-10, 10.0 * math.log(2.0)),
        (1, TINIEST, 1074.0 * math.log(2.0)),
        (0, TINIEST, TINIEST),
        (0, 1e-17, 1e-17),
        (1, BELOW_ONE, 2.0**-53),
        (0, BELOW_ONE, 53.0 * math.log(2.0)),
    ],
)
def test_the_loss_is_the_negative_logarithm_of_the_probability_given_to_the_label(
    label: int, probability: float, loss: float
) -> None:
    assert binary_cross_entropy([label], [probability])[0] == pytest.approx(loss, rel=2**-52, abs=0)


@pytest.mark.parametrize(("label", "probability"), [(1, 0.0), (0, 1.0), (1, -0.0)])
def test_a_certain_wrong_row_costs_infinity(label: int, probability: float) -> None:
    assert binary_cross_entropy([label], [probability]).tolist() == [math.inf]
    assert mean_binary_cross_entropy([label, 1], [probability, 0.5]) == math.inf


@pytest.mark.parametrize(("label", "probability"), [(1, 1.0), (0, 0.0), (0, -0.0)])
def test_a_certain_right_row_costs_zero_without_a_sign(label: int, probability: float) -> None:
    loss = binary_cross_entropy([label], [probability])[0]
    assert loss == 0.0
    assert not np.signbit(loss)


def test_no_rows_have_no_losses() -> None:
    assert binary_cross_entropy([], []).shape == (0,)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_agrees_with_scikit_learn_on_ordinary_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 500)
    probabilities = random.uniform(0.01, 0.99, 500)
    expected = log_loss(labels, probabilities, labels=[0, 1])
    assert mean_binary_cross_entropy(labels, probabilities) == pytest.approx(expected, rel=1e-14)


@given(st.lists(st.tuples(st.booleans(), st.floats(1e-300, BELOW_ONE)), min_size=1))
def test_the_mean_is_the_exact_sum_rounded_over_the_count(rows: list[tuple[bool, float]]) -> None:
    labels, probabilities = zip(*rows, strict=True)
    losses = binary_cross_entropy(labels, probabilities).tolist()
    assert mean_binary_cross_entropy(labels, probabilities) == math.fsum(losses) / len(losses)


def test_the_mean_of_no_rows_is_refused() -> None:
    with pytest.raises(DataError, match=r"^the mean of no rows is undefined$"):
        mean_binary_cross_entropy([], [])


def test_anything_array_like_is_taken() -> None:
    import pandas as pd

    expected = binary_cross_entropy([1, 0, 1], [0.25, 0.5, 0.75]).tolist()
    probabilities = [0.25, 0.5, 0.75]
    labels: list[npt.ArrayLike] = [
        [True, False, True],
        (1.0, 0.0, 1.0),
        np.array([1, 0, 1], np.int8),
        np.array([True, False, True]),
        pd.Series([1, 0, 1], index=[7, 8, 9]),
        pd.Series([True, False, True]),
    ]
    for given_labels in labels:
        assert binary_cross_entropy(given_labels, probabilities).tolist() == expected
    for values in (np.array(probabilities, np.float32), pd.Series(probabilities, index=[2, 1, 0])):
        losses = binary_cross_entropy([1, 0, 1], values)
        assert losses.dtype == np.float64
        assert losses.tolist() == expected


def test_float32_input_is_widened_before_the_logarithm() -> None:
    single = np.array([0.1], np.float32)
    assert binary_cross_entropy([1], single).tolist() == [-math.log(float(single[0]))]


def test_the_arguments_are_left_as_they_were() -> None:
    labels, probabilities = np.array([1.0, 0.0]), np.array([0.3, 0.6])
    mean_binary_cross_entropy(labels, probabilities)
    assert (labels.tolist(), probabilities.tolist()) == ([1.0, 0.0], [0.3, 0.6])
