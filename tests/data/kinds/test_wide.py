import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, random_array

from focalsweep.data.kinds.wide import (
    COMPONENTS,
    DENSE_COLUMNS,
    MOST_COLUMNS,
    fit_wide,
    wide_notes,
)
from focalsweep.data.preprocessing import fit_preprocessor


def words(rows: int, columns: int, *, density: float = 0.02, seed: int = 0) -> csr_array:
    return csr_array(random_array((rows, columns), density=density, rng=seed))


def test_up_to_two_hundred_columns_are_dense_as_they_are() -> None:
    sparse = csr_array((words(500, DENSE_COLUMNS, density=0.1) > 0).astype(np.float32))
    fitted = fit_wide(sparse)
    assert fitted is not None
    np.testing.assert_array_equal(fitted.transform(sparse), sparse.toarray())
    doubled = fit_wide(csr_array(2 * sparse))
    assert doubled is not None
    np.testing.assert_array_equal(doubled.transform(csr_array(2 * sparse)), sparse.toarray())


def test_more_columns_are_reduced_to_a_hundred_components_bounded_as_numbers_are() -> None:
    sparse = words(400, DENSE_COLUMNS + 1, density=0.2)
    fitted = fit_wide(sparse)
    assert fitted is not None
    made = fitted.transform(sparse)
    assert made.shape == (400, COMPONENTS)
    assert made.dtype == np.float32
    assert np.abs(fitted.transform(csr_array(1e6 * sparse))).max() <= 3


def test_the_components_keep_what_rows_have_in_common() -> None:
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 2, 600)
    half = rng.random((600, 500)) < 0.05
    pad = np.zeros_like(half)
    sparse = csr_array(
        np.where(topic[:, None], np.hstack([half, pad]), np.hstack([pad, half])).astype(float)
    )
    fitted = fit_wide(sparse[:400])
    assert fitted is not None
    made, seen = fitted.transform(sparse[400:]), topic[400:]
    gap = np.abs(made[seen == 0].mean(axis=0) - made[seen == 1].mean(axis=0)) / made.std(axis=0)
    assert gap.max() > 1.8


def test_columns_that_do_not_vary_and_what_is_not_finite_are_left_out() -> None:
    sparse = csr_array(np.array([[0, 5.0, 1, np.inf], [0, 5, 0, 0], [0, 5, 2, np.nan]]))
    fitted = fit_wide(sparse)
    assert fitted is not None
    np.testing.assert_array_equal(fitted.transform(sparse), [[0.5], [0], [1]])
    assert np.isinf(sparse.data).any()  # what is given stays as it is
    assert fit_wide(csr_array((3, 4))) is None


def test_of_more_than_twenty_thousand_columns_the_most_frequent_are_used() -> None:
    columns = MOST_COLUMNS + 500
    sparse = words(300, columns, density=0.01)
    stored = np.diff(sparse.tocsc().indptr)
    fitted = fit_wide(sparse)
    assert fitted is not None
    assert len(fitted.used) <= MOST_COLUMNS
    left = np.setdiff1d(np.arange(columns), fitted.used)
    assert stored[left].max() <= stored[fitted.used].min()


def test_twenty_thousand_columns_are_never_made_dense() -> None:
    rows = 3_000
    sparse = words(rows, 20_000, density=0.001)
    none = pd.DataFrame(index=range(rows))
    tracemalloc.start()
    preprocessor = fit_preprocessor(none, sparse=sparse)
    made = preprocessor.transform(none, sparse)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.shape == (rows, COMPONENTS)
    # Dense they are 240 MB in float32. A decomposition holds (20,000, 110) a few times over.
    assert peak < 110e6


def test_how_they_reach_the_model_is_noted_where_it_is_not_as_they_are() -> None:
    assert wide_notes(csr_array((3, DENSE_COLUMNS))) == ()
    [note] = wide_notes(csr_array((3, DENSE_COLUMNS + 1)))
    assert note.startswith("201 sparse columns are reduced to at most 100 components")
    [note] = wide_notes(csr_array((3, 30_000)))
    assert "the 20,000 most frequent of them" in note


@pytest.mark.parametrize("columns", [50, 300])
def test_they_stand_beside_other_columns(columns: int) -> None:
    frame = pd.DataFrame({"x": np.arange(300.0), "c": pd.Categorical(["a", "b", "c"] * 100)})
    sparse = words(300, columns, density=0.2)
    made = fit_preprocessor(frame, sparse=sparse).transform(frame, sparse)
    np.testing.assert_array_equal(made[:, :4], fit_preprocessor(frame).transform(frame))
    none = frame[[]]
    np.testing.assert_array_equal(
        made[:, 4:], fit_preprocessor(none, sparse=sparse).transform(none, sparse)
    )
