import keras
import numpy as np

from focalsweep.models.linear import linear


def test_the_logits_are_an_affine_map_of_the_columns():
    model = linear(n_features=4, n_classes=3)
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    kernel, bias = (np.arange(12.0).reshape(4, 3), np.array([5.0, -1.0, 0.0]))
    model.set_weights([kernel, bias])
    np.testing.assert_allclose(model(rows), rows @ kernel + bias, rtol=1e-5, atol=1e-5)
    assert isinstance(model, keras.Model)
