"""Write the Keras code of a multi-label point: one logit a label, each with a loss of its own.

Cross-entropy is Keras's own and positive weights are TensorFlow's ``pos_weight``; everything else
is the formula of `focalsweep.losses.sigmoid_family`, written out in Keras operations so that the
code stands alone. For a logit z, ``softplus(-z)`` is -log p and ``softplus(z)`` is -log(1 - p), so
``(1 - p)^gamma`` is ``exp(-gamma softplus(z))``: no logarithm of a rounded probability is taken.
"""

from __future__ import annotations

from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.report.snippet_loss import LossCode, tensor
from focalsweep.report.source_lines import number, numbers
from focalsweep.report.wording import positive_weights

_LEAST = "1e-7"
"""What a shifted probability is kept above: a power below 1 has no gradient at 0."""


def label_loss_code(best: BestPoint) -> LossCode:
    """Write the loss of a multi-label point.

    Parameters
    ----------
    best : BestPoint
        With `alpha_negative` and `gamma_negative`: weights and gamma of rows without each label.

    Returns
    -------
    LossCode
        Its loss takes 0/1 targets and logits of shape (rows, labels) and returns one number a row,
        the mean over labels.
    """
    focused = any(best.gamma) or any(best.gamma_negative) or best.clip
    weighted = len({*numbers(best.alpha), *numbers(best.alpha_negative)}) > 1
    if focused or (weighted and (best.smoothing or not all(best.alpha_negative))):
        return _formula(best)
    if weighted:
        return _pos_weighted(best)
    if any(best.offset):
        return _moved(best)
    smoothing = f", label_smoothing={number(best.smoothing)}" if best.smoothing else ""
    plain = f"loss = keras.losses.BinaryCrossentropy(from_logits=True{smoothing})"
    return LossCode(definition=[plain])


def _pos_weighted(best: BestPoint) -> LossCode:
    """Write the libraries' ``pos_weight``, times what rows without each label weigh."""
    lines = [*tensor("pos_weight", positive_weights(best)), *_offset(best)]
    each = [
        "    each = tf.nn.weighted_cross_entropy_with_logits(",
        f'        keras.ops.cast(y_true, "float32"), {_logits(best)}, pos_weight',
        "    )",
    ]
    mean = "each"
    if set(numbers(best.alpha_negative)) != {"1.0"}:
        lines = [*tensor("alpha_negative", best.alpha_negative), *lines]
        mean = "alpha_negative * each"
    return LossCode(
        imports=["import tensorflow as tf"],
        definition=[
            *lines,
            "",
            "",
            "def loss(y_true, y_pred):",
            '    """Return cross-entropy, rows with a label `pos_weight` times."""',
            *each,
            f"    return keras.ops.mean({mean}, axis=-1)",
            "",
            "",
        ],
    )


def _moved(best: BestPoint) -> LossCode:
    smoothing = f", label_smoothing={number(best.smoothing)}" if best.smoothing else ""
    return LossCode(
        definition=[
            *_offset(best),
            "",
            "",
            "def loss(y_true, y_pred):",
            '    """Return cross-entropy on logits that are moved in training only."""',
            "    return keras.losses.binary_crossentropy(",
            f"        y_true, y_pred + offset, from_logits=True{smoothing}",
            "    )",
            "",
            "",
        ]
    )


def _formula(best: BestPoint) -> LossCode:
    vectors = {
        "alpha": best.alpha,
        "gamma": best.gamma,
        "alpha_negative": best.alpha_negative,
        "gamma_negative": best.gamma_negative,
    }
    settings = [line for name, values in vectors.items() for line in tensor(name, values)]
    says = "the binary focal loss"
    if best.clip:
        settings.append(f"clip = {number(best.clip)}")
        says = "the asymmetric loss"
    return LossCode(
        definition=[
            *settings,
            *_offset(best),
            "",
            "",
            "def loss(y_true, y_pred):",
            f'    """Return {says} from logits, the mean over labels."""',
            "    y = keras.ops.cast(y_true, y_pred.dtype)",
            f"    z = {_logits(best)}",
            "    # Of a label that is there and of one that is not: -log p and -log(1 - p).",
            "    there, absent = keras.ops.softplus(-z), keras.ops.softplus(z)",
            *_sides(best),
            "    each = alpha * y * positive + alpha_negative * (1 - y) * negative",
            "    return keras.ops.mean(each, axis=-1)",
            "",
            "",
        ]
    )


def _sides(best: BestPoint) -> list[str]:
    """Write the loss of a label that is there (positive) and of one that is not (negative)."""
    positive, negative = "there", "absent"
    if best.smoothing:
        own, other = number(1 - best.smoothing / 2), number(best.smoothing / 2)
        positive = f"({own} * there + {other} * absent)"
        negative = f"({own} * absent + {other} * there)"
    lines = [f"    positive = keras.ops.exp(-gamma * absent) * {positive}"]
    if not best.clip:
        return [*lines, f"    negative = keras.ops.exp(-gamma_negative * there) * {negative}"]
    return [
        *lines,
        "    # A label that is not there counts where its probability exceeds `clip`.",
        f"    p = keras.ops.maximum(keras.ops.exp(-there) - clip, {_LEAST})",
        "    negative = -keras.ops.power(p, gamma_negative) * keras.ops.log1p(-p)",
    ]


def _logits(best: BestPoint) -> str:
    return "y_pred + offset" if any(best.offset) else "y_pred"


def _offset(best: BestPoint) -> list[str]:
    return tensor("offset", best.offset) if any(best.offset) else []
