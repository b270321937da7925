"""Saved models find their loss in a fresh process, whichever of the two imports comes first."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

import focalsweep.losses as library
from focalsweep.losses.keras_registration import LaterClass, register_later
from focalsweep.losses.point import LossPoint
from focalsweep.losses.point_loss import PointLoss, SigmoidPointLoss, ready_loss

LOADING = """
import sys
{imports}
assert "focalsweep.losses.class_loss" not in sys.modules
for path in sys.argv[1:]:
    loss = keras.models.load_model(path).loss
    print(type(loss).__module__, type(loss).__name__)
assert not [each for each in sys.meta_path if type(each).__name__ == "_KerasFinder"]
assert type(keras.__loader__).__name__ == "SourceFileLoader"
print(keras.saving.get_registered_object("focalsweep>LDAM").__name__)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    losses = {
        "ldam": library.LDAM([3, 2]),
        "binary": library.BinaryFocalCrossentropy(from_logits=True),
        "point": ready_loss(_moved_point()),
    }
    for name, loss in losses.items():
        model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
        model.compile("sgd", loss=loss)
        model.save(folder / f"{name}.keras")
    return [str(folder / f"{name}.keras") for name in losses]


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
        "import focalsweep.losses\nimport keras",
        "import keras\nimport focalsweep.losses",
    ]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda imports: load(imports, saved), orders))
    for each in found:
        assert each == [
            "focalsweep.losses.ldam LDAM",
            "focalsweep.losses.binary_focal BinaryFocalCrossentropy",
            "focalsweep.losses.point_loss PointLoss",
            "LDAM",
        ]


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
