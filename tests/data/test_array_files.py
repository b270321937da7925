from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from focalsweep.data.array_files import load_arrays
from focalsweep.data.arrays import dataset_of_arrays
from focalsweep.errors import UserError

ROWS = 12
X = np.random.default_rng(0).normal(size=(ROWS, 3))
Y = np.array([0, 1] * 6)


def save(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "t.npz", **arrays)
    return str(folder / "t.npz")


def test_arrays_of_a_file_are_the_arrays_themselves(tmp_path: Path) -> None:
    loaded = load_arrays(path=save(tmp_path, X=X, y=Y))
    assert loaded.sha256() == dataset_of_arrays(X, Y).sha256()
    assert (loaded.name, loaded.origin) == ("t", str(tmp_path / "t.npz"))
    np.savez_compressed(tmp_path / "small.npz", X=X, y=Y)
    assert load_arrays(path=str(tmp_path / "small.npz")).sha256() == loaded.sha256()


def test_arrays_of_other_names_are_found_by_option(tmp_path: Path) -> None:
    path = save(tmp_path, data=X, label=Y, who=np.arange(ROWS) // 2, w=np.ones(ROWS))
    loaded = load_arrays(path=path, features="data", target="label", groups="who", weights="w")
    assert loaded.groups is not None
    assert loaded.weights is not None
    with pytest.raises(UserError, match=r"`dataset\.features` must name .*`data`, `label`"):
        load_arrays(path=path)


def test_labels_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    path, labels = str(tmp_path / "x.npy"), str(tmp_path / "y.npy")
    expected = dataset_of_arrays(X, Y).sha256()
    assert load_arrays(path=path, labels_path=labels).sha256() == expected
    assert load_arrays(path=path, labels_path=save(tmp_path, y=Y)).sha256() == expected
    assert load_arrays(path=save(tmp_path, X=X), labels_path=labels).sha256() == expected
    with pytest.raises(UserError, match=r"`dataset\.labels_path` must name a `\.npy`"):
        load_arrays(path=path)


def test_a_sparse_matrix_of_scipy_is_read_as_such(tmp_path: Path) -> None:
    matrix = sparse.random_array((ROWS, 50), density=0.1, rng=np.random.default_rng(0))
    sparse.save_npz(tmp_path / "words.npz", sparse.csr_array(matrix))
    np.save(tmp_path / "y.npy", Y)
    loaded = load_arrays(
        path=str(tmp_path / "words.npz"), labels_path=str(tmp_path / "y.npy"), name="words"
    )
    assert loaded.sparse is not None
    np.testing.assert_array_equal(loaded.sparse.toarray(), matrix.toarray())


@pytest.mark.parametrize("spell", [str, str.lower])
def test_training_and_test_arrays_are_joined_with_their_split(spell: Any, tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (ROWS, 4, 4), dtype=np.uint8)
    arrays = {"X_train": images[:8], "y_train": Y[:8], "X_test": images[8:], "y_test": Y[8:]}
    loaded = load_arrays(path=save(tmp_path, **{spell(key): each for key, each in arrays.items()}))
    assert loaded.image_shape == (4, 4, 1)
    np.testing.assert_array_equal(loaded.labels, Y)
    assert loaded.split is not None
    assert loaded.split.test.tolist() == [8, 9, 10, 11]


def test_names_in_the_file_are_used(tmp_path: Path) -> None:
    path = save(tmp_path, X=X, y=Y, class_names=["no", "yes"], feature_names=["a", "b", "c"])
    loaded = load_arrays(path=path)
    assert loaded.class_names == ("no", "yes")
    assert list(loaded.features) == ["a", "b", "c"]
    assert load_arrays(path=path, class_names=["n", "y"]).class_names == ("n", "y")


def test_a_one_hot_matrix_is_a_single_label_unless_asked_otherwise(tmp_path: Path) -> None:
    path = save(tmp_path, X=X, y=np.eye(2)[Y])
    assert load_arrays(path=path).labels.tolist() == Y.tolist()
    assert load_arrays(path=path, multi_label=True).multi_label


class Explodes:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('unpickled')",)


def pickled(folder: Path, *, packed: bool) -> Path:
    array = np.array([Explodes()] * ROWS, dtype=object)
    if packed:
        np.savez(folder / "t.npz", X=array, y=Y)
        return folder / "t.npz"
    np.save(folder / "t.npy", array)
    return folder / "t.npy"


@pytest.mark.parametrize("packed", [False, True])
def test_nothing_is_ever_unpickled(packed: bool, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="with Python objects in it"):
        load_arrays(path=str(pickled(tmp_path, packed=packed)), labels_path=None)


def cut(folder: Path, name: str, *, keep: int) -> Path:
    np.savez_compressed(folder / "t.npz", X=X, y=Y)
    np.save(folder / "t.npy", X)
    file = folder / name
    file.write_bytes(file.read_bytes()[:keep])
    return file


@pytest.mark.parametrize("name", ["t.npz", "t.npy"])
@pytest.mark.parametrize("keep", [1, 7, 60, 200])
def test_a_cut_file_is_refused(name: str, keep: int, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a whole `|with Python objects"):
        load_arrays(path=str(cut(tmp_path, name, keep=keep)), labels_path=None)


@pytest.mark.parametrize("content", [b"x,y\n1,2\n", b"\x80\x04K\x01.", b"PK\x03\x04" + bytes(9)])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"`dataset\.path` must name"):
        load_arrays(path=str(tmp_path / "t.npz"))


@pytest.mark.parametrize(
    ("arrays", "given", "said"),
    [
        ({"X": X}, {}, r"`dataset\.target` must name a column .*`y`"),
        ({"X": X, "y": Y}, {"groups": "g"}, r"`dataset\.groups` must name"),
        ({"X_train": X, "y_train": Y}, {}, "must also hold `X_test`"),
        ({"X_train": X, "X_test": X, "y_train": Y, "y_test": Y}, {"time": "t"}, "must be null"),
        ({"X_train": X, "X_test": X[:, :2], "y_train": Y, "y_test": Y}, {}, "of the same shape"),
    ],
)
def test_arrays_that_are_missing_or_do_not_fit_are_named(
    arrays: dict[str, Any], given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        load_arrays(path=save(tmp_path, **arrays), **given)
