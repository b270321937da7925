"""The examples in the docstrings are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "binary_focal",
        "categorical_focal",
        "class_balanced_focal",
        "class_weights",
        "ldam",
        "logit_adjusted",
        "vector_scaling",
    ],
)
def test_docstring_examples(name):
    outcome = doctest.testmod(import_module(f"focalsweep.losses.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
