"""Numbers as texts: those that pyarrow writes, whoever wrote them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bce_cli.render.rows import number_texts


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.sampled_from(",\n}"))
@example([0.0, 1.0, 100.0, 2.0**53, 1e300], ",")
@example([1e-5, 1e-6, math.nextafter(1e-5, 0.0), math.nextafter(1e-6, 0.0), 5e-324], ",")
@example([math.nextafter(1e10, 0.0), 1e10, math.nextafter(1e10, math.inf)], ",")
@example([math.inf, -math.inf, -0.5], ",")
def test_a_number_is_written_as_pyarrow_does(values: list[float], end: str) -> None:
    import pyarrow as pa

    expected = pa.array(values).cast(pa.string()).to_pylist()
    assert number_texts(np.array(values), end).to_pylist() == [text + end for text in expected]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_an_integer_is_written_in_full(values: list[int]) -> None:
    found = number_texts(np.array(values, np.int64), ",").to_pylist()
    assert found == [f"{value}," for value in values]


@pytest.mark.parametrize("values", [[0.0, math.inf, 0.25], [math.inf]])
def test_an_infinite_number_is_called_as_the_format_wants(values: list[float]) -> None:
    found = number_texts(np.array(values), "}", infinite_as="null").to_pylist()
    names = {0.0: "0}", 0.25: "0.25}", math.inf: "null}"}
    assert found == [names[value] for value in values]


def test_a_slice_with_gaps_is_written_in_its_order() -> None:
    values = np.arange(6, dtype=np.float64)[::-2] / 8
    assert number_texts(values, ",").to_pylist() == ["0.625,", "0.375,", "0.125,"]
