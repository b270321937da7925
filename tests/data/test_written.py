"""What the user says of how a table is written."""

import doctest

import numpy as np
import pandas as pd
import pytest

from focalsweep.data import written as module
from focalsweep.data.written import without_marks, written_by_user
from focalsweep.errors import UserError


def test_words_and_numbers_that_mean_missing_are_taken_out():
    marks = ["NA", "-999", "True"]
    text = without_marks(pd.Series(["NA", " NA ", "na", "-999", None]), marks)
    assert text.isna().tolist() == [True, True, False, True, True]
    np.testing.assert_array_equal(without_marks(pd.Series([1, -999]), marks), [1, np.nan])
    assert without_marks(pd.Series([True, False]), marks).isna().tolist() == [True, False]
    levels = without_marks(pd.Series(["NA", "b"], dtype="category"), marks)
    assert levels.isna().tolist() == [True, False]


def test_an_unknown_sign_is_refused():
    with pytest.raises(UserError, match=r"`dataset.decimal` must be .* Received: `;`"):
        written_by_user(decimal=";")


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
