"""The loss layer is cheap to import and knows nothing of the layers above it."""

import subprocess
import sys

import pytest

HEAVY = ["keras", "tensorflow", "optuna", "mlflow", "hydra"]


def loaded_after(statement):
    code = f"import sys; {statement}; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_importing_the_layer_and_its_arms_loads_no_framework():
    assert loaded_after("import focalsweep.losses; import focalsweep.losses.arms") == "[]"


def test_the_keras_losses_load_keras_and_nothing_above():
    statement = "from focalsweep.losses import *"
    assert loaded_after(statement) == "['keras', 'tensorflow']"


def test_an_unknown_name_is_an_attribute_error():
    import focalsweep.losses

    with pytest.raises(AttributeError, match="has no attribute 'FocalLoss'"):
        focalsweep.losses.FocalLoss  # noqa: B018
