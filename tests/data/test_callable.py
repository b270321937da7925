import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from focalsweep.config.schema import DatasetConfig
from focalsweep.config.target import build
from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.data.callable import dataset_of_returned, load_callable
from focalsweep.errors import UserError

ROWS = 12
X = np.arange(ROWS * 2.0).reshape(ROWS, 2) % 7
Y = np.array([0, 1, 2] * 4)
MODULE = """
import numpy as np
import pandas as pd

X = np.arange(24.0).reshape(12, 2) % 7
y = np.array([0, 1, 2] * 4)
number = 3

def arrays(rows=12):
    import my_own_neighbour
    return X[:rows], y[:rows] + my_own_neighbour.ZERO

def table():
    return pd.DataFrame(X, columns=["a", "b"]).assign(y=y, who=y // 2)

def fails():
    raise KeyError("no such thing")

def source(*, name, rows):
    return X[:rows], y[:rows]

def nothing():
    return None
"""


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_data.py").write_text(MODULE)
    (tmp_path / "my_own_neighbour.py").write_text("ZERO = 0\n")
    (tmp_path / "my_own_typo.py").write_text("def load(:\n")
    (tmp_path / "my_own_need.py").write_text("import not_installed_anywhere\n")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.chdir(tmp_path)
    for name in ("my_own_data", "my_own_neighbour"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_a_function_of_the_working_directory_is_called() -> None:
    loaded = load_callable(function="my_own_data.arrays", name="mine")
    assert loaded.sha256() == dataset_of_arrays(X, Y).sha256()
    assert (loaded.name, loaded.origin) == ("mine", "my_own_data.arrays")
    assert (
        load_callable(function="my_own_data.arrays", name="mine", arguments={"rows": 9}).n_rows == 9
    )


def test_a_table_takes_the_keys_of_tables() -> None:
    loaded = load_callable(function="my_own_data.table", name="mine", target="y", groups="who")
    assert list(loaded.features) == ["a", "b"]
    assert loaded.groups is not None
    with pytest.raises(UserError, match=r"`dataset\.target` must name the column"):
        load_callable(function="my_own_data.table", name="mine")
    with pytest.raises(UserError, match=r"`dataset\.groups` names a column, so .* DataFrame"):
        load_callable(function="my_own_data.arrays", name="mine", groups="who")


def test_the_target_of_the_config_may_be_the_function_itself() -> None:
    config = DatasetConfig.model_validate(
        {
            "_target_": "my_own_data.source",
            "name": "mine",
            "rare_classes": "error",
            "profile": "none",
            "factor": 1.0,
            "rows": 9,
        }
    )
    loaded = dataset_of_returned(build(config), name="mine", origin="my_own_data.source")
    assert loaded.n_rows == 9


SPLIT = ["train"] * 9 + ["test"] * 3
FULL = {
    "X": X,
    "y": Y,
    "groups": Y,
    "split": SPLIT,
    "time": np.arange(ROWS),
    "weights": np.ones(ROWS),
    "class_names": ["n", "o", "p"],
}


def test_a_mapping_and_a_tuple_say_the_same() -> None:
    one = dataset_of_returned(FULL, name="a", origin="f")
    other = dataset_of_returned(tuple(FULL.values()), name="a", origin="f")
    assert one.sha256() == other.sha256()
    assert one.class_names == ("n", "o", "p")
    assert one.groups is not None
    assert one.split is not None
    assert one.time is not None
    assert one.weights is not None


def test_what_is_none_is_not_given() -> None:
    one = dataset_of_returned((X, Y, None, SPLIT), name="a", origin="f")
    assert (one.groups, one.time) == (None, None)
    assert one.split is not None
    plain = dataset_of_returned((X, Y), name="a", origin="f")
    assert plain.sha256() == dataset_of_arrays(X, Y).sha256()


def test_a_frame_with_the_names_of_its_targets_is_a_table() -> None:
    table = pd.DataFrame(X, columns=["a", "b"]).assign(y=Y, who=Y // 2)
    for y in ("y", ["y"]):
        loaded = dataset_of_returned({"X": table, "y": y, "groups": "who"}, name="a", origin="f")
        assert list(loaded.features) == ["a", "b"]
        assert loaded.groups is not None
    with pytest.raises(UserError, match="`groups` must be the name of a column"):
        dataset_of_returned({"X": table, "y": "y", "groups": Y}, name="a", origin="f")


def test_a_dataset_is_returned_as_it_is() -> None:
    dataset = dataset_of_arrays(X, Y)
    assert dataset_of_returned(dataset, name="a", origin="f") is dataset


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "Received: a `NoneType`"),
        ((X,), "Received: a tuple of 1"),
        ((X, Y, *[None] * 9), "Received: a tuple of 11"),
        ([X, Y], "Received: a `list`"),
        ({"X": X}, "must hold `X` and `y`"),
        ({"X": X, "y": Y, "group": Y}, "the nearest to `group` is `groups`"),
        ((X, Y[:3]), "12 rows in `X` and 3 in `y`"),
    ],
)
def test_what_cannot_be_used_is_refused(returned: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        dataset_of_returned(returned, name="a", origin="f")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("load", r"a file `my_data\.py`"),
        ("my own.load", "must be a dotted path"),
        ("my_own_date.arrays", "Python finds no module `my_own_date`"),
        ("my_own_data.array", "nearest known name is `arrays`"),
        ("my_own_data.number", "no function of its module"),
        ("my_own_typo.load", "Importing `my_own_typo` .* SyntaxError"),
        ("my_own_need.load", "ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("my_own_data.fails", r"KeyError: 'no such thing' at line 17 of `.*my_own_data\.py`"),
        ("my_own_data.nothing", "Received: a `NoneType`"),
    ],
)
def test_a_function_that_fails_is_one_sentence_with_its_line(function: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as raised:
        load_callable(function=function, name="mine")
    assert "\n" not in str(raised.value)


def test_arguments_that_the_function_does_not_take_are_refused() -> None:
    with pytest.raises(UserError, match=r"TypeError: .*unexpected keyword argument 'n'"):
        load_callable(function="my_own_data.arrays", name="mine", arguments={"n": 3})
