import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.formats import row_search
from stages.formats.row_search import differing_rows, rows_where


@given(st.integers(0, 40), st.integers(1, 3), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_rows_are_found_as_if_looked_at_all_at_once(rows, width, chunk, seed):
    flags = np.random.default_rng(seed).random((rows, width)) < 0.2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_search, "CHUNK", chunk)
        found = rows_where(lambda part: flags[part], rows)
        assert found.tolist() == np.flatnonzero(flags.any(axis=1)).tolist()
        assert rows_where(lambda part: flags[part, 0], rows).tolist() == np.flatnonzero(flags[:, 0]).tolist()


def test_nan_differs_from_nan():
    values = np.array([[0, 1], [np.nan, 1], [2, 3]])
    assert differing_rows(values, values).tolist() == [1]
