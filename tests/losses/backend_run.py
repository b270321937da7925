"""Compute losses and gradients with one backend of Keras, and train: run by `test_backends`.

``python backend_run.py BACKEND FILE`` writes the arrays to an NPZ file.
"""

import os
import sys

import numpy as np

COUNTS = [60, 30, 10]
RANDOM = np.random.default_rng(0)
LOGITS = (RANDOM.normal(size=(12, 3)) * 3).astype(np.float32)
LOGITS[0] = [-500.0, 500.0, 0.0]
CODES = RANDOM.integers(0, 3, 12).astype(np.int32)
CODES[0] = 0
ONE_HOT = np.eye(3, dtype=np.float32)[CODES]


def cases():
    """Return losses with the targets that they take, by name."""
    from focalsweep import losses

    smooth = {"from_logits": True, "reduction": "sum"}
    return {
        "one_hot": (
            losses.CategoricalFocalCrossentropy(alpha=[0.5, 1, 4], gamma=[0, 1, 2], **smooth),
            ONE_HOT,
        ),
        "smoothed": (losses.CategoricalFocalCrossentropy(label_smoothing=0.1, **smooth), ONE_HOT),
        "codes": (losses.SparseCategoricalFocalCrossentropy(gamma=0.5, **smooth), CODES),
        "ignored": (
            losses.SparseCategoricalFocalCrossentropy(ignore_class=1, **smooth),
            CODES,
        ),
        "binary": (losses.BinaryFocalCrossentropy(alpha=[0.2, 0.5, 0.9], **smooth), ONE_HOT),
        "adjusted": (losses.LogitAdjustedCrossentropy(COUNTS, **smooth), CODES),
        "balanced": (losses.ClassBalancedFocalCrossentropy(COUNTS, beta=0.9, **smooth), CODES),
        "ldam": (losses.LDAM(COUNTS, scale=5.0, **smooth), CODES),
        "scaled": (losses.VectorScaling(COUNTS, spread=0.3, tau=0.5, **smooth), CODES),
    }


def gradient_of(backend, loss, y):
    """Return the gradient of a loss with respect to the logits."""
    if backend == "tensorflow":
        import tensorflow as tf

        logits = tf.constant(LOGITS)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = loss(y, logits)
        return tape.gradient(value, logits).numpy()
    if backend == "jax":
        import jax

        plain = jax.grad(lambda z: loss(y, z))(LOGITS)
        compiled = jax.jit(jax.grad(lambda z: loss(y, z)))(LOGITS)
        np.testing.assert_allclose(compiled, plain, rtol=1e-4, atol=1e-6)
        return np.asarray(plain)
    import torch

    logits = torch.tensor(LOGITS, requires_grad=True)
    loss(y, logits).backward()
    return logits.grad.numpy()


def refusal():
    """Return what the categorical loss says of class codes."""
    loss, _ = cases()["one_hot"]
    try:
        loss(CODES, LOGITS)
    except ValueError as error:
        return str(error)
    return "nothing"


def main(backend, path):
    """Compute everything and write it."""
    os.environ["KERAS_BACKEND"] = backend
    import keras

    assert keras.backend.backend() == backend
    found = {}
    for name, (loss, y) in cases().items():
        found[f"{name} loss"] = keras.ops.convert_to_numpy(loss(y, LOGITS))
        found[f"{name} gradient"] = gradient_of(backend, loss, y)
        keras.utils.set_random_seed(0)
        # Zeros at first, so that every backend starts alike.
        dense = keras.layers.Dense(3, kernel_initializer="zeros")
        model = keras.Sequential([keras.layers.Input((3,)), dense])
        model.compile(keras.optimizers.SGD(0.001), loss)
        history = model.fit(LOGITS[1:], y[1:], epochs=2, batch_size=11, verbose=0)
        found[f"{name} training"] = history.history["loss"]
    found["refusal"] = refusal()
    np.savez(path, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
