"""Classes that are perhaps one, or none, are named; different ones are let alone."""

import doctest

import numpy as np
import pytest

from focalsweep.data import class_names as module
from focalsweep.data.class_names import class_name_warnings


def said(*names):
    return class_name_warnings(names, np.arange(len(names)), column="y")


@pytest.mark.parametrize(
    "names",
    [("NO", "No", "no"), ("no show", "no-show", "no_show"), ("1", "1.0"), ("naïve", "nai\u0308ve")],
)
def test_spellings_of_one_word_are_named(names):
    [sentence] = said(*names, "other")
    assert all(f"`{name}` (1 row)" in sentence for name in names)


@pytest.mark.parametrize(
    "names", [("<30", ">30"), ("A", "A+", "A-"), ("1", "10"), ("c#", "c++", "c"), ("-1", "1")]
)
def test_different_names_are_let_alone(names):
    assert said(*names) == ()


@pytest.mark.parametrize("name", ["None", "NA", "nan", "null", "N/A"])
def test_a_word_for_missing_is_said_to_be_a_class(name):
    [sentence] = said(name, "other")
    assert f"`dataset.missing=[{name}]`" in sentence


def test_nothing_is_said_of_labels():
    assert class_name_warnings(["no", "No"], np.eye(2, dtype=int), column="y") == ()


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
