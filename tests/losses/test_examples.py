"""The examples in the docstrings are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["categorical_focal", "class_weights", "logit_adjusted"])
def test_docstring_examples(name):
    outcome = doctest.testmod(import_module(f"focalsweep.losses.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
