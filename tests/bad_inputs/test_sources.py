"""Array files, functions, image folders and sets of others that cannot be used."""

import io
from urllib.error import URLError

import numpy as np
import pytest
from imblearn.datasets import _zenodo
from PIL import Image
from sklearn.datasets import _openml

from tests.bad_inputs.bad import Bad

ARRAYS = ("dataset=arrays", "dataset.path=my.npz")
FUNCTION = ("dataset=callable", "dataset.function=mine.load")
IMAGES = ("dataset=image_folder", "dataset.path=images")
X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 2


def npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def arrays(*more: str, key: str = "dataset.path", way_out: str, **given: object) -> Bad:
    return Bad(given=(*ARRAYS, *more), files={"my.npz": npz(**given)}, key=key, way_out=way_out)


def function(body: str, *more: str, way_out: str, key: str = "dataset.function") -> Bad:
    text = f"import numpy as np\nimport pandas as pd\nX = np.eye(40)\ny = [0, 1] * 20\n{body}\n"
    return Bad(
        given=("dataset=callable", "dataset.function=mine.load", *more),
        files={"mine.py": text},
        key=key,
        way_out=way_out,
    )


def image(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def images(*more: str, way_out: str, key: str = "dataset.path", **files: bytes) -> Bad:
    """Return a folder of images; of a name, the part before the first `_` is the class."""
    inside = {f"images/{name.replace('_', '/', 1)}.png": made for name, made in files.items()}
    return Bad(given=(*IMAGES, *more), files=inside, key=key, way_out=way_out)


BAD = {
    # Array files
    "no X": arrays(Z=X, y=Y, key="dataset.features", way_out="the columns are `Z`, `y`"),
    "no y": arrays(X=X, labels=Y, key="dataset.target", way_out="`labels`"),
    "fewer labels than rows": arrays(X=X, y=Y[:-1], way_out="check which of them is cut"),
    "no rows": arrays(X=X[:0], y=Y[:0], way_out="give one row an example"),
    "one number": arrays(X=np.array(3.0), y=Y, way_out="reshape it"),
    "five axes": arrays(X=np.zeros((40, 1, 1, 1, 2)), y=Y, way_out="reshape it"),
    "channels first": arrays(X=np.zeros((40, 3, 8, 8)), y=Y, way_out="move the channels"),
    "equal images": arrays(X=np.zeros((40, 8, 8)), y=Y, way_out="give others"),
    "images with NaN": arrays(X=np.full((40, 8, 8), np.nan), y=Y, way_out="fill them"),
    "labels of three axes": arrays(X=X, y=np.zeros((40, 2, 2)), way_out="reshape it"),
    "objects": arrays(X=X.astype(object), y=Y, way_out="save numbers or text"),
    "complex numbers": arrays(X=X * 1j, y=Y, way_out="a pandas DataFrame takes"),
    "labels with NaN": arrays(
        X=X, y=np.where(Y, np.nan, 1), key="dataset.target", way_out="remove"
    ),
    "quantities": arrays(X=X, y=X[:, 0], key="dataset.target", way_out="cut the number"),
    "too few class names": arrays(
        "dataset.class_names=[no]", X=X, y=Y, key="dataset.class_names", way_out="add names"
    ),
    "groups of another length": arrays(
        "dataset.groups=who", X=X, y=Y, who=Y[:-1], key="dataset.groups", way_out="give one a row"
    ),
    "training rows without test rows": arrays(
        X_train=X, y_train=Y, X_test=X, way_out="add the missing one"
    ),
    "test rows of another shape": arrays(
        X_train=X, y_train=Y, X_test=X[:, 1:], y_test=Y, way_out="reshape them"
    ),
    "a cut array file": Bad(
        given=ARRAYS, files={"my.npz": npz(X=X, y=Y)[:-200]}, key="dataset.path", way_out="again"
    ),
    "an array file of no bytes": Bad(
        given=ARRAYS, files={"my.npz": b""}, key="dataset.path", way_out="choose another"
    ),
    "a text called NPZ": Bad(
        given=ARRAYS, files={"my.npz": "X,y\n1,2\n"}, key="dataset.path", way_out="again"
    ),
    "an array without labels": Bad(
        given=("dataset=arrays", "dataset.path=my.npy"),
        files={"my.npy": npy(X)},
        key="dataset.labels_path",
        way_out="save the labels beside it",
    ),
    "a labels file that is not there": Bad(
        given=("dataset=arrays", "dataset.path=my.npy", "dataset.labels_path=y.npy"),
        files={"my.npy": npy(X)},
        key="dataset.labels_path",
        way_out="the nearest name there is `my.npy`",
    ),
    # Functions
    "no function": Bad(
        given=("dataset=callable",),
        key="dataset.function",
        way_out="add `dataset.function=",
        sweep=True,
    ),
    "a function without a module": Bad(
        given=("dataset=callable", "dataset.function=load"),
        key="dataset.function",
        way_out="`my_data.load`",
    ),
    "a module that is not there": Bad(
        given=("dataset=callable", "dataset.function=no_such_module_anywhere.load"),
        key="dataset.function",
        way_out="finds no module",
    ),
    "a module that lacks the function": function(
        "def lode(): return X, y", way_out="the nearest known name is `lode`"
    ),
    "no function but a value": function("load = 3", way_out="which is no function"),
    "a module with a mistake": function("def load(: return 3", way_out="mend it"),
    "a module that needs another": function("import no_such_module_anywhere", way_out="mend it"),
    "a function that fails": function("def load(): return X[99]", way_out="mend it"),
    "a function that ends the program": function(
        "def load(): raise SystemExit(3)", way_out="mend it"
    ),
    "a function that never ends its recursion": function(
        "def load(): return load()", way_out="mend it"
    ),
    "a misspelt argument": function(
        "def load(rows=3): return X, y",
        "dataset.arguments={rosw: 4}",
        way_out="mend it, or set `dataset.arguments`",
    ),
    "nothing returned": function("def load(): pass", way_out="must return"),
    "text returned": function("def load(): return 'rows'", way_out="must return"),
    "one thing returned": function("def load(): return (X,)", way_out="must return"),
    "an unknown key returned": function(
        "def load(): return {'X': X, 'y': y, 'group': y}", way_out="`groups`"
    ),
    "rows of other lengths": function(
        "def load(): return [[1, 2], [3]] * 20, y", way_out="all rows have the same shape"
    ),
    "fewer labels than rows returned": function(
        "def load(): return X, y[1:]", way_out="check which of them is cut"
    ),
    "fewer groups than rows returned": function(
        "def load(): return X, y, y[1:]", key="dataset.groups", way_out="give one a row"
    ),
    "a generator for labels": function(
        "def load(): return X, (each for each in y)", way_out="a pandas DataFrame takes"
    ),
    "a DataFrame without a target": function(
        "def load(): return pd.DataFrame({'a': y, 'b': y})",
        key="dataset.target",
        way_out="has `a`, `b`",
    ),
    "a target where there are no columns": function(
        "def load(): return X, y",
        "dataset.target=y",
        key="dataset.target",
        way_out="remove `dataset.target`",
    ),
    # Image folders
    "no image folder": Bad(
        given=IMAGES, files={"image/a.txt": ""}, key="dataset.path", way_out="is `image`"
    ),
    "an image folder that is a file": Bad(
        given=IMAGES, files={"images": "a"}, key="dataset.path", way_out="name the folder above"
    ),
    "an empty image folder": Bad(
        given=IMAGES,
        files={"images": lambda path: path.mkdir()},
        key="dataset.path",
        way_out="name the folder above the classes",
    ),
    "one class of images": images(cat_1=image(), cat_2=image(9), way_out="name the folder above"),
    "a text called PNG": images(cat_1=image(), dog_1=b"woof", way_out="replace it"),
    "half of an image": images(cat_1=image(), dog_1=image(9)[:40], way_out="replace it"),
    "images of no height": images(
        "dataset.height=0", cat_1=image(), dog_1=image(9), key="dataset.height", way_out="[1, 1024]"
    ),
    "images of no known colours": images(
        "dataset.colours=gray",
        cat_1=image(),
        dog_1=image(9),
        key="dataset.colours",
        way_out="'grey'",
    ),
    "a class of one image": images(
        **{f"cat_{shade}": image(shade) for shade in range(5)},
        dog_1=image(9),
        key="dataset.rare_classes",
        way_out="`dataset.rare_classes=drop`",
    ),
    # Sets of others
    "OpenML without a name": Bad(
        given=("dataset=openml",), key="dataset.data_name", way_out="`dataset.data_id=NUMBER`"
    ),
    "OpenML without a version": Bad(
        given=("dataset=openml", "dataset.data_name=credit-g"),
        key="dataset.version",
        way_out="add `dataset.version=1`",
    ),
    "OpenML by name and number": Bad(
        given=("dataset=openml", "dataset.data_name=credit-g", "dataset.data_id=31"),
        key="dataset.data_id",
        way_out="set both to null",
    ),
    "OpenML number 0": Bad(
        given=("dataset=openml", "dataset.data_id=0"), key="dataset.data_id", way_out=">= 1"
    ),
    "OpenML without a network": Bad(
        given=("dataset=openml", "dataset.data_id=31"),
        key="dataset=csv",
        way_out="run this once with a network",
        sweep=True,
    ),
    "an unknown imbalanced set": Bad(
        given=("dataset=imbalanced_set", "dataset.data_name=abalone19"),
        key="dataset.data_name",
        way_out="The nearest is `abalone_19`",
    ),
    "an imbalanced set without a network": Bad(
        given=("dataset=imbalanced_set", "dataset.data_name=abalone"),
        key="dataset=csv",
        way_out="run this once with a network",
    ),
    "unknown images of Keras": Bad(
        given=("dataset=mnist", "dataset.images=mnsit"),
        key="dataset.images",
        way_out="'fashion_mnist' or 'mnist'",
    ),
    "TensorFlow Datasets that is not installed": Bad(
        given=("dataset=tensorflow_set", "dataset.data_name=iris:2.0.0"),
        key="dataset=tensorflow_set",
        way_out="pip install",
    ),
}


@pytest.fixture(autouse=True)
def unplugged(tmp_path_factory, monkeypatch):
    """Cut the network off and leave the caches of libraries empty."""
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setitem(__import__("sys").modules, "tensorflow_datasets", None)

    def unreachable(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr(_openml, "urlopen", unreachable)
    monkeypatch.setattr(_zenodo, "urlopen", unreachable)


@pytest.fixture(autouse=True)
def no_module_kept(monkeypatch):
    """Forget the user's module, which is another one in every case."""
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    yield
    __import__("sys").modules.pop("mine", None)


@pytest.mark.parametrize("what", BAD)
def test_inspect_says_in_one_sentence_what_is_wrong(what, refused):
    refused(BAD[what], "inspect")


@pytest.mark.parametrize("what", [what for what, bad in BAD.items() if bad.sweep])
def test_sweep_says_the_same_before_anything_is_written(what, refused):
    refused(BAD[what], "sweep")
