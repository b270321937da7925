"""Saved models find their loss and layers in a fresh process, whichever import comes first."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import focalsweep.losses as library
from focalsweep.keras_registration import LaterClass, register_later
from focalsweep.losses.point import LossPoint
from focalsweep.losses.point_loss import PointLoss, SigmoidPointLoss, ready_loss
from focalsweep.models.cosine_head import with_cosine_head

LOADING = """
import sys
{imports}
assert "focalsweep.losses.class_loss" not in sys.modules
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    loss = model.loss
    numbers = loss.get_config().get("gamma", loss.get_config().get("max_margin"))
    print(type(loss).__module__, type(loss).__name__, numbers, type(model.layers[-1]).__name__)
assert not [each for each in sys.meta_path if type(each).__name__ == "_KerasFinder"]
assert type(keras.__loader__).__name__ == "SourceFileLoader"
print(keras.saving.get_registered_object("focalsweep>LDAM").__name__)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    losses = {
        "ldam": library.LDAM([3, 2], max_margin=0.25),
        "binary": library.BinaryFocalCrossentropy(gamma=1.5, from_logits=True),
        "point": ready_loss(_moved_point()),
    }
    for name, loss in losses.items():
        inputs = keras.Input((3,))
        model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
        if name == "ldam":
            model = with_cosine_head(model)
        model.compile("sgd", loss=loss)
        for suffix in ("keras", "h5"):
            model.save(folder / f"{name}.{suffix}")
    return [str(folder / f"{name}.{suffix}") for suffix in ("keras", "h5") for name in losses]


def _moved_point():
    one, zero = np.ones(2), np.zeros(2)
    return LossPoint(weight=one, gamma=zero, scale=one, offset=np.array([0.0, 1.0]), margin=zero)


def load(imports, paths):
    code = LOADING.format(imports=imports)
    run = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_fresh_process_loads_models_after_a_plain_import(saved):
    orders = [
        "import focalsweep\nimport keras",
        "import keras\nimport focalsweep",
        "import focalsweep.losses\nimport keras",
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda imports: load(imports, saved), orders))
    models = [
        "focalsweep.losses.ldam LDAM 0.25 CosineHead",
        "focalsweep.losses.binary_focal BinaryFocalCrossentropy 1.5 Dense",
        "focalsweep.losses.point_loss PointLoss [0.0, 0.0] Dense",
    ]
    for each in found:
        assert each == [*models, *models, "LDAM"]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_without_the_package_a_model_fails_and_takes_no_loss_of_keras(saved, monkeypatch):
    known = keras.saving.get_custom_objects()
    for name in [name for name in known if name.startswith("focalsweep>")]:
        monkeypatch.delitem(known, name)
    for path in saved:
        with pytest.raises((ValueError, TypeError), match=r"focalsweep|Could not locate class"):
            keras.models.load_model(path)


def test_a_class_that_is_registered_stays():
    register_later({"PointLoss": "no.such.module", "NoSuchLoss": "no.such.module"})
    registered = keras.saving.get_custom_objects()
    try:
        assert registered["focalsweep>PointLoss"] is PointLoss
        assert registered["focalsweep>SigmoidPointLoss"] is SigmoidPointLoss
        assert isinstance(registered["focalsweep>NoSuchLoss"], LaterClass)
        with pytest.raises(ModuleNotFoundError):
            registered["focalsweep>NoSuchLoss"].from_config({})
    finally:
        del registered["focalsweep>NoSuchLoss"]


def test_every_class_of_the_library_has_its_name():
    registered = keras.saving.get_custom_objects()
    assert {f"focalsweep>{name}" for name in library.__all__} <= registered.keys()
