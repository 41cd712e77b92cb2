"""What is known of joined rows merges to the same, however they are cut, and stays small."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.core.rows import Rows
from bce_cli.data.joined import Gathered, JoinTally, Sides, joined_rows
from bce_cli.data.keys import Keys
from bce_cli.errors import JoinInDoubt

if TYPE_CHECKING:
    from collections.abc import Sequence

keys = st.lists(st.sampled_from([f"k{i}" for i in range(12)]), min_size=1, max_size=9)


def gathered(found: Sequence[str]) -> Gathered:
    n = len(found)
    return Gathered("side", Rows(np.zeros(n, np.bool_), np.full(n, 0.5)), Keys.of(found))


def tally(found: Sequence[str], *sides: Sequence[str]) -> JoinTally:
    left, others = gathered(found), Sides(None, tuple(gathered(side) for side in sides))
    joined = joined_rows(left, others, is_inner=True, is_whole=False)
    return JoinTally.of(left, others, joined)


def merged(left: JoinTally, right: JoinTally) -> JoinTally:
    left += right
    return left


def told(found: JoinTally) -> tuple[int, list[list[int]], list[int]]:
    return found.n_lone, [bits.tolist() for bits in found.matched], found.lone.tolist()


@given(keys, keys, st.sets(st.sampled_from([f"k{i}" for i in range(12)])), st.integers(0, 9))
def test_cuts_change_nothing_and_no_key_that_repeats_goes_unseen(
    left: list[str], first: list[str], second: set[str], cut: int
) -> None:
    sides = (sorted(set(first)), sorted(second))
    if len(set(left)) < len(left):
        with pytest.raises(JoinInDoubt):
            merged(tally(left[:cut], *sides), tally(left[cut:], *sides))
        return
    whole = tally(left, *sides)
    parts = [pickle.loads(pickle.dumps(tally(p, *sides))) for p in (left[:cut], left[cut:])]  # noqa: S301
    assert told(merged(*parts)) == told(whole)
    assert whole.n_lone == sum(key not in sides[0] or key not in sides[1] for key in left)


@pytest.mark.deep
def test_rows_in_the_order_of_the_labels_take_few_bytes() -> None:
    names = [f"key {i}" for i in range(1_000_000)]
    stretch = tally(names[300_000:400_000], names)
    assert len(stretch.matched[0]) == 125_000
    assert len(pickle.dumps(stretch)) < 2000
