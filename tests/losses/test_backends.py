"""Every backend of Keras that is installed gives the losses, gradients and training of NumPy's."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tests.losses import backend_run

BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is not installed"),
    )
    for name in ("tensorflow", "jax", "torch")
]


def focal(logits, t, *, weight=1.0, gamma=0.0, smoothing=0.0):
    """Return the summed loss in 64 bits, as the definition writes it."""
    relative = logits - logits.max(-1, keepdims=True)
    log_p = relative - np.log(np.exp(relative).sum(-1, keepdims=True))
    surprise = (1 - smoothing) * -log_p + smoothing * -log_p.mean(-1, keepdims=True)
    return float(np.sum(t * weight * (-np.expm1(log_p)) ** gamma * surprise))


def references(logits, t):
    """Return the reference loss of each case of `backend_run`."""
    counts = np.array([60, 30, 10])
    share = counts / 100
    effective = (1 - 0.9) / (1 - 0.9**counts)
    effective *= 100 / (counts @ effective)
    margin = 0.5 * (counts / 10) ** -0.25
    alpha, z = np.array([0.2, 0.5, 0.9]), logits
    p_there, p_absent = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
    log_there, log_absent = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    binary = t * alpha * p_absent**2 * -log_there + (1 - t) * (1 - alpha) * p_there**2 * -log_absent
    return {
        "one_hot": focal(z, t, weight=np.array([0.5, 1, 4]), gamma=np.array([0, 1, 2])),
        "smoothed": focal(z, t, gamma=2, smoothing=0.1),
        "codes": focal(z, t, gamma=0.5),
        "ignored": focal(z, t * np.array([1, 0, 1]), gamma=2),
        "binary": float(binary.mean(-1).sum()),
        "adjusted": focal(z + np.log(share), t),
        "balanced": focal(z, t, weight=effective, gamma=2),
        "ldam": focal(5 * (z - margin * t), t),
        "scaled": focal((share / share.max()) ** 0.3 * z + 0.5 * np.log(share), t),
    }


def slopes(name, logits, t):
    """Return the gradient of a reference by central differences."""
    found = np.zeros_like(logits)
    for place in np.ndindex(logits.shape):
        moved = np.zeros_like(logits)
        moved[place] = 1e-5
        up, down = (references(logits + sign * moved, t)[name] for sign in (1, -1))
        found[place] = (up - down) / 2e-5
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")
def test_losses_gradients_and_training_are_those_of_the_definition(backend, tmp_path):
    path = tmp_path / "found.npz"
    run = subprocess.run(
        [sys.executable, backend_run.__file__, backend, path], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    found = np.load(path)
    logits, t = backend_run.LOGITS.astype(np.float64), backend_run.ONE_HOT.astype(np.float64)
    for name, expected in references(logits, t).items():
        assert found[f"{name} loss"] == pytest.approx(expected, rel=1e-5)
        expected_slopes = slopes(name, logits[1:], t[1:])
        np.testing.assert_allclose(
            found[f"{name} gradient"][1:], expected_slopes, rtol=1e-3, atol=1e-5
        )
        first, second = found[f"{name} training"]
        at_zero = references(0 * logits[1:], t[1:])[name]
        assert first == pytest.approx(at_zero, rel=1e-4)
        assert second < first
    # A row that is wrong by 1000: the whole gradient, as for cross-entropy.
    np.testing.assert_allclose(found["codes gradient"][0], [-1.0, 1.0, 0.0], atol=1e-6)
    assert "Use `SparseCategoricalFocalCrossentropy`" in str(found["refusal"])
