"""Functions of a notebook: what would run is what counts."""

from __future__ import annotations

import functools
import json
import sys
import types

import pytest

from focalsweep.identity.objects import main_hash

PLAIN = """
import json
import keras
from functools import partial

WIDTH = 8

def hidden():
    return keras.layers.Dense(WIDTH, "relu")

def build(n_features, n_classes, depth=1):
    # a word
    layers = [hidden() for _ in range(depth)]
    return keras.Sequential([*layers, keras.layers.Dense(n_classes)])

def decorated(function):
    def wrapper(*args):
        return function(*args)
    return wrapper

@decorated
def wrapped(n_classes):
    return 3 * n_classes

short = lambda n_classes: keras.layers.Dense(n_classes)
part = partial(build, depth=2)

class Net(keras.Model):
    rate = 0.5
    def __init__(self, n_classes):
        super().__init__()
        self.logits = keras.layers.Dense(n_classes)
    def call(self, inputs):
        return self.logits(inputs)

def other():
    return 1
"""


@pytest.fixture
def hashes(monkeypatch):
    """Run a notebook's source as `__main__`, and fingerprint names of it."""

    def of(source, *names):
        module = types.ModuleType("__main__")
        exec(compile(source, "<cell>", "exec"), vars(module))
        monkeypatch.setitem(sys.modules, "__main__", module)
        return [main_hash(name)[0] for name in names]

    return of


NAMES = ("build", "wrapped", "short", "part", "Net", "other")
EDITS = {
    "a constant that it uses": ("WIDTH = 8", "WIDTH = 64", {"build", "part"}),
    "a function that it calls": ('"relu"', '"tanh"', {"build", "part"}),
    "its body": ("range(depth)", "range(2 * depth)", {"build", "part"}),
    "its default": ("depth=1", "depth=3", {"build", "part"}),
    "what is decorated": ("3 * n", "4 * n", {"wrapped"}),
    "the decorator": ("return function(*args)", "return -function(*args)", {"wrapped"}),
    "a lambda": (": keras.layers.Dense(n_classes)\npart", ": n_classes\npart", {"short"}),
    "the arguments of a partial": ("build, depth=2", "build, depth=4", {"part"}),
    "a method": ("self.logits(inputs)", "2 * self.logits(inputs)", {"Net"}),
    "what a class holds": ("rate = 0.5", "rate = 0.6", {"Net"}),
    "a comment": ("# a word", "# another word, and\n    # one more", set()),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_seen_where_it_changes_what_runs_and_nowhere_else(edit, hashes):
    old, new, expected = EDITS[edit]
    assert PLAIN.count(old) == 1
    before, after = hashes(PLAIN, *NAMES), hashes(PLAIN.replace(old, new), *NAMES)
    pairs = zip(NAMES, before, after, strict=True)
    assert {name for name, one, other in pairs if one != other} == expected
    assert hashes(PLAIN, *NAMES) == before


def test_what_is_used_outside_of_the_notebook_is_named(hashes):
    hashes(PLAIN)
    assert "keras" in main_hash("build")[1]
    vars(sys.modules["__main__"])["part"] = functools.partial(json.loads, "1")
    assert main_hash("part")[1] == ["json.loads"]


def test_a_function_that_calls_itself_and_a_name_of_nothing_have_a_fingerprint(hashes):
    again = "def f(n):\n    return f(n - 1) if n else g()\n\ndef g():\n    return f(0)\n"
    assert len(set(hashes(again, "f", "g", "missing"))) == 3


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nWIDTH = np.int64(8)\ndef build():\n    return WIDTH\n",
        "WIDTHS = range(8)\ndef build():\n    return WIDTHS\n",
        "import keras\nRULE = keras.regularizers.L2(8)\ndef build():\n    return RULE\n",
        "import pathlib\nPLACE = pathlib.Path('weights(8)')\ndef build():\n    return PLACE\n",
        "import functools\n@functools.cache\ndef build():\n    return 8\n",
        "class Maker:\n    def __init__(self, width):\n        self.width = width\n"
        "    def make(self):\n        return self.width\nbuild = Maker(8).make\n",
    ],
    ids=[
        "a NumPy number",
        "a range",
        "a regulariser",
        "a path",
        "a cached function",
        "a method of an object",
    ],
)
def test_a_number_is_seen_wherever_it_is_kept(source, hashes):
    assert hashes(source, "build") == hashes(source, "build")
    assert hashes(source, "build") != hashes(
        source.replace("(8)", "(64)").replace("return 8", "return 64"), "build"
    )
