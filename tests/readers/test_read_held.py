"""What float64 cannot hold is told from what it can, by the rules of fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bce_cli.readers.grammar import holds, label_key, parse_number
from bce_cli.readers.held import hides, may_hide
from tests.budgets import examples

DIGITS = st.one_of(
    st.integers(0, 26).map(lambda n: "9" * n + "4"),
    st.integers(0, 26).map(lambda n: "1" + "0" * n),
    st.integers(0, 26).map(lambda n: "1" + "0" * n + "5"),
    st.integers(0, 26).map(lambda n: "0" * n),
    st.integers(300, 330).map(lambda n: "0" * n + "7"),
    st.from_regex(r"[0-9]{1,5}", fullmatch=True),
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Write a number near 0 or 1, in all ways."""
    digits = draw(st.sampled_from(["", "0", "000"])) + draw(DIGITS)
    point = draw(st.integers(0, len(digits)))
    whole, fraction = digits[:point], digits[point:]
    text = f"{whole}.{fraction}" if draw(st.booleans()) and digits else digits or "0"
    near = -len(whole.lstrip("0")) if "." in text else -len(digits.lstrip("0"))
    exponent = draw(st.one_of(st.none(), st.just(near), st.integers(-420, 5)))
    if exponent is not None:
        zeros = "0" * draw(st.integers(0, 2))
        sign = "-" if exponent < 0 else draw(st.sampled_from(["", "+"]))
        text += f"{draw(st.sampled_from('eE'))}{sign}{zeros}{abs(exponent)}"
    return draw(st.sampled_from(["", "", "+", "-"])) + text


@settings(max_examples=examples(800))
@given(numbers(), st.integers(0, 8))
def test_a_number_is_held_if_its_fraction_is(text: str, padding: int) -> None:
    value = parse_number(text)
    assert value is not None
    is_held = value not in (0.0, 1.0, -1.0) or Fraction(text) == Fraction(value)
    assert holds(value, text) == is_held
    data = (" " * padding + text + ",1\n").encode()
    assert may_hide(np.frombuffer(data, np.uint8)) or is_held
    assert hides(memoryview(data)) != is_held


@settings(max_examples=examples(300))
@given(numbers(), numbers())
def test_labels_are_compared_by_value(left: str, right: str) -> None:
    is_same = Fraction(left) == Fraction(right)
    assert (label_key(left) == label_key(right)) == is_same
    assert label_key(label_key(left)) == label_key(left)
    assert label_key(left.replace(".", ","), ",") == label_key(left)
