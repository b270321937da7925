"""From scores to the data's posterior: undo what a loss does to the probabilities.

A weighted, focal or logit-adjusted loss is minimised by scores that are not P(class | features),
which is what log-loss and decision weights need. The population risk's stationary point gives the
posterior back in closed form. With ``v = softmax(scale * z + offset)``::

    D_k = 1 - v_k (1 - e^-margin_k)          u_k = v_k e^-margin_k / D_k
    eta_k  proportional to  v_k D_k / (w_k phi_k(u_k))
    phi(u) = (1 - u)^gamma - gamma (1 - u)^(gamma - 1) u log u

u_k is the probability that the loss sees for class k, the margin subtracted. In the margin of
that probability, ``r = m - margin`` with ``m = log v - log(1 - v)``, everything is a softplus,
so nothing overflows or cancels for logits up to 1000.

References
----------
.. [1] Charoenphakdee et al., "On Focal Loss for Class-Posterior Probability Estimation",
   arXiv:2011.09172 (the gamma part).
.. [2] Menon et al., "Long-tail learning via logit adjustment", arXiv:2007.07314 (the offset).
"""

from __future__ import annotations

import numpy as np
from keras import ops

from focalsweep.losses.keras_point import KerasPoint
from focalsweep.losses.margins import Tensor, class_margins, like, surprises
from focalsweep.losses.point import LossPoint
from focalsweep.losses.sigmoid_point import SigmoidPoint

_SATURATED = 50.0
"""Beyond this margin ``(u / (1 - u)) * -log u`` is 1 in float64 too."""


def corrected_log_proba(
    logits: Tensor,
    *,
    weight: Tensor,
    gamma: Tensor,
    scale: Tensor | None = None,
    offset: Tensor | None = None,
    margin: Tensor | None = None,
    log_prior_shift: Tensor | float = 0.0,
) -> Tensor:
    """Compute the log-posterior of every class from logits trained with a loss of the family.

    Parameters
    ----------
    logits : tensor of shape (..., classes)
        z, without offset and margin.
    weight, gamma, scale, offset, margin : tensor broadcastable to `logits`
        Numbers of the loss that trained the logits; None for the last three means 1, 0 and 0.
        Weight 0, of a class that training did not see, is not corrected for: the class keeps the
        small probability that its logit gives it.
    log_prior_shift : tensor broadcastable to `logits`, optional
        ``log(natural prior / training prior)``, where the training rows were thinned.

    Returns
    -------
    tensor of shape (..., classes)
        log eta; its exponentials sum to 1. Ask `correction_refusal` first whether it holds.
    """
    logits = ops.convert_to_tensor(logits)
    weight, gamma, margin, log_prior_shift = like(logits, weight, gamma, margin, log_prior_shift)
    scored = class_margins(logits, scale=scale, offset=offset)
    seen = scored if margin is None else scored - margin
    score_against, score_surprise = surprises(scored)
    seen_against, seen_surprise = surprises(seen)
    # log v + log D - log w - log phi, with log D = log(1 - v) - log(1 - u)
    log_eta = (
        (seen_against - score_against)
        - score_surprise
        - ops.log(ops.where(weight > 0, weight, ops.ones_like(weight)))
        + gamma * seen_against
        - ops.log1p(gamma * _odds_times_surprise(seen, seen_surprise))
        + log_prior_shift
    )
    log_eta = log_eta - ops.max(log_eta, axis=-1, keepdims=True)
    return log_eta - ops.log(ops.sum(ops.exp(log_eta), axis=-1, keepdims=True))


def two_class_logits(logits: Tensor) -> Tensor:
    """Turn logits of labels, of shape (..., labels), into those of [without, with] each label.

    Returns
    -------
    tensor of shape (..., labels, 2)
        ``stack([0, z])``: with the numbers of `SigmoidPoint.two_class`, `corrected_log_proba` then
        corrects label by label.
    """
    logits = ops.convert_to_tensor(logits)
    return ops.stack([ops.zeros_like(logits), logits], axis=-1)


def correction_refusal(point: LossPoint | SigmoidPoint | KerasPoint) -> str | None:
    """Say why the scores of a loss cannot be turned into a posterior, or None where they can.

    Label smoothing is refused for every gamma: with gamma > 0 the risk has no closed-form
    minimiser, and with gamma = 0 the formula subtracts eps / K, which takes the probability of a
    rare class below zero.
    """
    if isinstance(point, KerasPoint):
        return f"`{point.path}` is not of the family, so that what its scores mean is not known"
    if isinstance(point, SigmoidPoint):
        if point.clip > 0.0:
            return (
                "`clip` hides probabilities below it: rows without a label have no loss there, so "
                "that nothing fixes the score"
            )
        return correction_refusal(point.two_class())
    if point.power > 0.0:
        return (
            "generalised cross-entropy (`power` > 0) sharpens the scores, to the most probable "
            "class alone at `power` 1, and no correction is offered for it"
        )
    if point.smoothing > 0.0 and np.any(point.gamma > 0.0):
        return "no closed form is known for `gamma` > 0 together with label smoothing"
    if point.smoothing > 0.0:
        return (
            "label smoothing hides probabilities below `smoothing` / classes, and taking it off "
            "makes some of them negative"
        )
    return None


def _odds_times_surprise(margin: Tensor, surprise: Tensor) -> Tensor:
    """Compute ``u / (1 - u) * -log u``: from 0 for an impossible class to 1 for a certain one."""
    certain = ops.greater(margin, 0.0)
    rest = ops.exp(-ops.clip(margin, 0.0, _SATURATED))
    possible = ops.exp(ops.minimum(margin, 0.0)) * surprise
    return ops.where(certain, ops.log1p(rest) / rest, possible)
