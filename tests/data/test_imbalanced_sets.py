"""imbalanced-learn keeps its sets as small array files; one is made here, so no network."""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
from imblearn.datasets import _zenodo

from focalsweep.data.imbalanced_sets import load_imbalanced_set
from focalsweep.errors import UserError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))

    def unplugged(*_: Any, **__: Any) -> None:
        raise URLError("Network is unreachable")

    monkeypatch.setattr(_zenodo, "urlopen", unplugged)
    (tmp_path / "zenodo").mkdir()
    return tmp_path / "zenodo"


def test_a_set_is_read_from_the_folder_of_the_library(cache: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.array([1] * 3 + [-1] * 17)
    np.savez(cache / f"x{_zenodo.MAP_NAME_ID['abalone']}data.npz", data=x, label=y)
    loaded = load_imbalanced_set(name="mine", data_name="abalone")
    np.testing.assert_array_equal(loaded.features.to_numpy(), x)
    assert loaded.class_names == ("-1", "1")
    assert loaded.class_counts.tolist() == [17, 3]
    assert loaded.origin.startswith("abalone of the imbalanced-learn benchmark")


def test_without_a_network_the_sentence_says_what_to_do(cache: Path) -> None:
    with pytest.raises(UserError, match=r"`abalone` cannot be fetched .*unreachable") as raised:
        load_imbalanced_set(name="mine", data_name="abalone")
    assert str(cache) in str(raised.value)


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="The nearest is `abalone_19`"):
        load_imbalanced_set(name="mine", data_name="abalone19")


def test_a_broken_file_in_the_folder_is_named(cache: Path) -> None:
    np.savez(cache / f"x{_zenodo.MAP_NAME_ID['abalone']}data.npz", other=np.zeros(3))
    with pytest.raises(UserError, match="remove the folder"):
        load_imbalanced_set(name="mine", data_name="abalone")
