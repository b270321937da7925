"""Write `docs/losses_beside_keras.md`: our Keras losses and Keras's own on the same inputs.

``python -m benchmarks.beside_keras`` runs both and writes the page; a test holds the page to it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.beside_keras_text import PAGE
from focalsweep.losses import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    SparseCategoricalFocalCrossentropy,
)

PATH = Path(__file__).parent.parent / "docs" / "losses_beside_keras.md"
ALPHA = [0.5, 1.0, 4.0]
FIRST = np.array([[1.0, 0.0, 0.0]], dtype=np.float32)
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.uniform(-4, 4, (64, 3)).astype(np.float32)
CODES = RANDOM.integers(0, 3, 64)
ONE_HOT = np.eye(3, dtype=np.float32)[CODES]
SOFT = RANDOM.dirichlet(np.ones(3), 64).astype(np.float32)
LABELS = RANDOM.integers(0, 2, (64, 3)).astype(np.float32)

Loss = Callable[[Any, Any], Any]
KerasFocal = keras.losses.CategoricalFocalCrossentropy
KerasBinary = keras.losses.BinaryFocalCrossentropy


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Hold a case in which both give the same, and how far apart they are at most.

    Parameters
    ----------
    case : str
        What was compared.
    loss, gradient : str
        Powers of ten above the largest difference, of losses relative to each (or to 1e-3, where
        they are smaller), of gradients relative to the largest of its row.
    """

    case: str
    loss: str
    gradient: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Hold a case in which Keras is wrong, with what both give.

    Parameters
    ----------
    case : str
        What was done.
    of_keras, of_ours : str
        What came out.
    right : str
        What should have.
    """

    case: str
    of_keras: str
    of_ours: str
    right: str


def agreements() -> Iterator[Agreement]:
    """Compare both where Keras is right."""
    for gamma in (0.0, 0.5, 2.0, 5.0):
        options = {"alpha": ALPHA, "gamma": gamma, "from_logits": True, "reduction": None}
        yield _agreement(
            f"categorical, one-hot, alpha {ALPHA}, gamma {gamma:g}, logits up to 4",
            KerasFocal(**options),
            CategoricalFocalCrossentropy(**options),
            ONE_HOT,
        )
    options = {"alpha": ALPHA, "gamma": 2.0, "reduction": None}
    of_keras = KerasFocal(**options)
    yield _agreement(
        "the same with probabilities, gamma 2",
        lambda y, z: of_keras(y, tf.nn.softmax(z)),
        lambda y, z: CategoricalFocalCrossentropy(**options)(y, tf.nn.softmax(z)),
        ONE_HOT,
    )
    options["from_logits"] = True
    yield _agreement(
        "the same with soft targets, gamma 2",
        KerasFocal(**options),
        CategoricalFocalCrossentropy(**options),
        SOFT,
    )
    sparse = SparseCategoricalFocalCrossentropy(**options)
    yield _agreement(
        "the same with class codes for ours, gamma 2",
        KerasFocal(**options),
        lambda _, z: sparse(CODES, z),
        ONE_HOT,
    )
    yield _agreement(
        "categorical at gamma 0 beside Keras's *cross-entropy*, logits up to 1000",
        keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None),
        CategoricalFocalCrossentropy(gamma=0.0, from_logits=True, reduction=None),
        ONE_HOT,
        size=250.0,
    )
    for gamma in (1.0, 2.0):
        options = {"apply_class_balancing": True, "alpha": 0.3, "gamma": gamma}
        options |= {"from_logits": True, "reduction": None}
        yield _agreement(
            f"binary, alpha 0.3 with class balancing, gamma {gamma:g}, logits up to 4",
            KerasBinary(**options),
            BinaryFocalCrossentropy(**options),
            LABELS,
        )


def differences() -> Iterator[Difference]:
    """Compare both where Keras is wrong."""
    yield from _very_wrong_rows()
    yield from _smoothing_and_precision()
    yield from _inputs()
    yield from _arguments()
    yield from _binary()


def _very_wrong_rows() -> Iterator[Difference]:
    for gamma, gap in ((2.0, 16.0), (2.0, 17.0), (0.0, 17.0), (2.0, 30.0)):
        logits = tf.constant([[-gap, 0.0, -90.0]])
        options = {"alpha": 1.0, "gamma": gamma, "from_logits": True}
        found = [
            _loss_and_gradient(made(**options), FIRST, logits)
            for made in (KerasFocal, CategoricalFocalCrossentropy)
        ]
        yield Difference(
            case=f"the true class {gap:g} below another logit, gamma {gamma:g}",
            of_keras=_numbers("loss {:.2f}, gradient {:.2f}", found[0]),
            of_ours=_numbers("loss {:.2f}, gradient {:.2f}", found[1]),
            right=f"loss {gap:.2f}, gradient -1.00",
        )


def _smoothing_and_precision() -> Iterator[Difference]:
    sure = tf.constant([[0.98, 0.01, 0.01]])
    for smoothing in (0.0, 0.1):
        options = {"alpha": 1.0, "gamma": 2.0, "label_smoothing": smoothing}
        found = [
            float(made(**options)(FIRST, sure))
            for made in (KerasFocal, CategoricalFocalCrossentropy)
        ]
        yield Difference(
            case=f"p 0.98 for the true class, gamma 2, label smoothing {smoothing:g}",
            of_keras=f"loss {found[0]:.1e}",
            of_ours=f"loss {found[1]:.1e}",
            right="an easy row stays easy",
        )
    for dtype in ("float16", "bfloat16"):
        logits = tf.constant([[10.0, 0.0, 0.0]], dtype)

        def function(y: Any, z: Any) -> Any:
            return keras.losses.categorical_focal_crossentropy(
                tf.cast(y, z.dtype), z, alpha=1.0, gamma=0.5, from_logits=True
            )

        ours = CategoricalFocalCrossentropy(gamma=0.5, from_logits=True)
        yield Difference(
            case=f"{dtype}, true class 10 above the others, gamma 0.5 (Keras: the function; "
            "its class computes in float32)",
            of_keras=_numbers("gradient {1:.1e}", _loss_and_gradient(function, FIRST, logits)),
            of_ours=_numbers("gradient {1:.1e}", _loss_and_gradient(ours, FIRST, logits)),
            right="finite",
        )


def _inputs() -> Iterator[Difference]:
    yield _mix_up(
        "integer labels of shape (rows, 1) in `fit`", lambda loss: _fit(loss, CODES[:, None])
    )
    yield _mix_up(
        "several true labels a row", lambda loss: loss(1 - ONE_HOT, LOGITS), from_logits=True
    )
    yield _mix_up("logits with from_logits=False", lambda loss: loss(ONE_HOT, LOGITS))
    yield _mix_up(
        "logits with from_logits=False in `fit`",
        lambda loss: _fit(loss, ONE_HOT, activation="linear"),
    )
    yield _mix_up(
        "a final softmax with from_logits=True in `fit`",
        lambda loss: _fit(loss, ONE_HOT),
        from_logits=True,
    )
    yield _mix_up(
        "alpha together with `class_weight` in `fit`",
        lambda loss: _fit(loss, ONE_HOT, class_weight={0: 1.0, 1: 1.0, 2: 8.0}),
        alpha=ALPHA,
    )


def _arguments() -> Iterator[Difference]:
    proba = tf.nn.softmax(LOGITS)
    yield _mix_up("gamma -1", lambda loss: loss(ONE_HOT, proba), gamma=-1.0)
    yield _mix_up(
        "alpha of length 1 for three classes", lambda loss: loss(ONE_HOT, proba), alpha=[0.5]
    )
    square = np.moveaxis(LOGITS[:9].reshape(3, 3, 3), -1, 1)
    targets = np.moveaxis(ONE_HOT[:9].reshape(3, 3, 3), -1, 1)
    options = {"alpha": ALPHA, "from_logits": True, "reduction": "sum"}
    last = [np.moveaxis(each, 1, -1) for each in (targets, square)]
    yield Difference(
        case=f"classes on axis 1 of (3, 3, 3), alpha {ALPHA}, sum of losses",
        of_keras=f"{float(KerasFocal(axis=1, **options)(targets, square)):.2f}",
        of_ours=f"{float(CategoricalFocalCrossentropy(axis=1, **options)(targets, square)):.2f}",
        right=f"{float(KerasFocal(**options)(*last)):.2f}, as with axis -1",
    )
    has_sparse = hasattr(keras.losses, "SparseCategoricalFocalCrossentropy")
    options = {"alpha": ALPHA, "from_logits": True}
    sparse = float(SparseCategoricalFocalCrossentropy(**options)(CODES, LOGITS))
    yield Difference(
        case="focal loss of class codes",
        of_keras=f"there is {'one' if has_sparse else 'none'}",
        of_ours=f"loss {sparse:.3f}",
        right=f"{float(CategoricalFocalCrossentropy(**options)(ONE_HOT, LOGITS)):.3f}, as one-hot",
    )


def _binary() -> Iterator[Difference]:
    found = [
        [float(made(from_logits=True, **options)(LABELS, LOGITS)) for options in ({}, {"alpha": 1})]
        for made in (KerasBinary, BinaryFocalCrossentropy)
    ]
    yield Difference(
        case="binary: loss without alpha, and with alpha 1 (no weight where a label is absent)",
        of_keras="{:.3f} and {:.3f}".format(*found[0]),
        of_ours="{:.3f} and {:.3f}".format(*found[1]),
        right="alpha counts",
    )
    for size in (16.0, 20.0):
        logits = tf.constant([[size]])
        found = [
            _loss_and_gradient(made(gamma=0.5, from_logits=True), [[1.0]], logits)
            for made in (KerasBinary, BinaryFocalCrossentropy)
        ]
        yield Difference(
            case=f"binary: label there, logit {size:g}, gamma 0.5",
            of_keras=_numbers("gradient {1:.1e}", found[0]),
            of_ours=_numbers("gradient {1:.1e}", found[1]),
            right="finite",
        )


def _agreement(case: str, of_keras: Loss, of_ours: Loss, y: Any, *, size: float = 1.0) -> Agreement:
    (one, one_slope), (other, other_slope) = (
        _losses_and_gradients(loss, y, tf.constant(LOGITS * size)) for loss in (of_keras, of_ours)
    )
    loss = np.max(np.abs(one - other) / np.maximum(np.abs(one), 1e-3))
    steepest = np.max(np.abs(one_slope), axis=-1, keepdims=True)
    gradient = np.max(np.abs(one_slope - other_slope) / np.maximum(steepest, 1e-3))
    return Agreement(case=case, loss=_above(loss), gradient=_above(gradient))


def _above(difference: float) -> str:
    """Return a power of ten, at least 1e-6, that another machine's rounding will not pass."""
    return f"1e{int(np.ceil(np.log10(max(3 * difference, 1e-6)))):+d}".replace("+0", "")


def _mix_up(case: str, act: Callable[[Any], Any], **options: Any) -> Difference:
    """Let both do what is wrong: neither may be silent."""
    return Difference(
        case=case,
        of_keras=_outcome(lambda: act(KerasFocal(**options))),
        of_ours=_outcome(lambda: act(CategoricalFocalCrossentropy(**options))),
        right="an error",
    )


def _outcome(act: Callable[[], Any]) -> str:
    try:
        loss = float(act())
    except ValueError as error:
        return f"error: {str(error).split(' Received:')[0]}".replace("|", "or")
    return f"silent, loss {loss:.2f}"


def _fit(loss: Any, y: Any, *, activation: str = "softmax", **options: Any) -> float:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((3,)), keras.layers.Dense(3, activation=activation)]
    model = keras.Sequential(layers)
    model.compile("sgd", loss=loss)
    return float(model.fit(LOGITS, y, verbose=0, **options).history["loss"][0])


def _losses_and_gradients(loss: Loss, y: Any, logits: Any) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = loss(tf.constant(y), logits)
    return values.numpy(), tape.gradient(values, logits).numpy()


def _loss_and_gradient(loss: Loss, y: Any, logits: Any) -> tuple[float, float]:
    """Return the loss of one row and the gradient of its first logit."""
    values, slopes = _losses_and_gradients(loss, y, logits)
    return float(np.ravel(values)[0]), float(np.ravel(slopes)[0])


def _numbers(form: str, numbers: tuple[float, float]) -> str:
    # Not a negative zero, and one way to write NaN.
    return form.format(*(number + 0.0 for number in numbers)).replace("nan", "NaN")


def page() -> str:
    """Return the page with both tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of some of what is shown
        agree = [(row.case, row.loss, row.gradient) for row in agreements()]
        differ = [(row.case, row.of_keras, row.of_ours, row.right) for row in differences()]
    return PAGE.format(
        versions=f"Keras {_minor(keras)} on TensorFlow {_minor(tf)}",
        agreements=_table(("compared", "losses within", "gradients within"), agree),
        differences=_table(("what is done", "Keras", "focalsweep", "right"), differ),
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _minor(package: Any) -> str:
    return ".".join(package.__version__.split(".")[:2])


def main() -> None:
    """Write the page."""
    PATH.write_text(page(), encoding="utf-8")
    print(f"Wrote {PATH}")


if __name__ == "__main__":
    main()
