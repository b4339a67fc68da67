"""Numbers of groups against NumPy's own, for every kind of whole number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiqa.stats.groups import dense, numbered


@pytest.mark.parametrize("kind", ["i1", "i2", "i8", "u1", "u4", "u8"])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whole_numbers(kind: str, data: st.DataObject) -> None:
    of = np.iinfo(kind)
    low = data.draw(st.sampled_from([of.min, of.min // 2, 0, of.max // 2, max(of.min, of.max - 300)]))
    span = data.draw(st.sampled_from([1, 9, 255, 2**21]))
    high = min(of.max, low + span)
    values = np.array(data.draw(st.lists(st.integers(low, high), max_size=20)), dtype=kind)
    distinct, codes = numbered(values)
    expected, places = np.unique(values, return_inverse=True)
    assert distinct.dtype == expected.dtype
    assert distinct.tolist() == expected.tolist()
    assert codes.tolist() == places.tolist()


def test_texts_and_gaps() -> None:
    assert numbered(np.array(["b", "a", "b"]))[1].tolist() == [1, 0, 1]
    used, codes = dense(np.array([5, 2, 5]), 9)
    assert (used.tolist(), codes.tolist()) == ([2, 5], [1, 0, 1])
    used, codes = dense(np.array([2**40, 2, 2**40]), 2**41)
    assert (used.tolist(), codes.tolist()) == ([2, 2**40], [1, 0, 1])
