import keras
import pytest

from focalsweep.models.normalization import normalized


def test_none_adds_nothing():
    tensor = keras.Input((4,))
    assert normalized(tensor, "none") is tensor


@pytest.mark.parametrize(
    ("kind", "layer"),
    [("batch", keras.layers.BatchNormalization), ("layer", keras.layers.LayerNormalization)],
)
def test_a_name_adds_its_layer(kind, layer):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, normalized(inputs, kind))
    assert type(model.layers[-1]) is layer
