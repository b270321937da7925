"""Write the loss of a chosen point as Keras code: Keras's own where that is exact, else small ones.

Class weights go through ``fit(class_weight=...)`` wherever the loss is not focal, because every
Keras loss then stays the one that people know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_facts import BestPoint, KerasLoss
from focalsweep.report.source_lines import assign, call, number, numbers


@dataclass(frozen=True, kw_only=True)
class LossCode:
    """Hold the lines of a loss.

    Parameters
    ----------
    imports : list of str
        After ``import keras``.
    definition : list of str
        They define ``loss``.
    class_weight : bool
        Whether `fit` needs ``alpha``, which the definition holds, as class weights.
    """

    imports: list[str] = field(default_factory=list)
    definition: list[str]
    class_weight: bool = False


def loss_code(best: BestPoint, family: Family, *, class_counts: Sequence[int]) -> LossCode:
    """Write the loss of a point.

    Parameters
    ----------
    best : BestPoint
        The point; scale and margin may be empty, which means 1 and 0.
    family : Family
        Focal arms get the focal loss even where gamma is 0.
    class_counts : sequence of int
        Logit adjustment takes its priors from them.
    """
    if best.keras_loss is not None:
        return _outside(best.keras_loss)
    focal = family in ("focal", "folklore") or any(best.gamma)
    scaled = any(scale != 1.0 for scale in best.scale)
    moved = scaled or any(best.margin) or len(set(best.offset)) > 1
    if (focal and (moved or best.smoothing or best.power)) or (best.power and moved):
        return _any_point(best)
    if focal:
        return _focal(best)
    weights = [] if len(set(best.alpha)) == 1 else [assign("alpha", numbers(best.alpha))]
    if best.power:
        return _weighted(weights, definition=_generalised(best))
    if moved and not scaled and not any(best.margin) and not best.smoothing:
        return _weighted(weights, definition=_adjusted(best, class_counts), imports=_ADJUSTED)
    if moved:
        return _weighted(weights, definition=_moved(best))
    smoothing = f", label_smoothing={number(best.smoothing)}" if best.smoothing else ""
    plain = f"loss = keras.losses.CategoricalCrossentropy(from_logits=True{smoothing})"
    return _weighted(weights, definition=[plain])


def _outside(loss: KerasLoss) -> LossCode:
    """Write a loss that is none of the family: its own class, which the user has."""
    module, _, name = loss.path.rpartition(".")
    arguments = ", ".join(f"{key}={_argument(value)}" for key, value in loss.arguments.items())
    lines = [call("loss", f"{name}({arguments})")]
    if name.startswith("Sparse"):
        lines.insert(0, "# This loss takes class codes (0, 1, ...) as targets, not one-hot rows.")
    return LossCode(imports=[f"from {module} import {name}"], definition=lines)


def _argument(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(numbers(value)) + "]"
    return number(value) if isinstance(value, float) else repr(value)


_ADJUSTED = ["from focalsweep.losses import LogitAdjustedCrossentropy"]


def _weighted(
    weights: list[str], *, definition: list[str], imports: Sequence[str] = ()
) -> LossCode:
    return LossCode(
        imports=list(imports), definition=[*weights, *definition], class_weight=bool(weights)
    )


def _focal(best: BestPoint) -> LossCode:
    alpha, gamma, vectors = "1.0", number(best.gamma[0]), []
    if len(set(best.alpha)) > 1:
        alpha = "alpha"
        vectors.append(assign("alpha", numbers(best.alpha)))
    if len(set(best.gamma)) > 1:
        gamma = "gamma"
        vectors.append(assign("gamma", numbers(best.gamma)))
    made = f"CategoricalFocalCrossentropy(alpha={alpha}, gamma={gamma}, from_logits=True)"
    return LossCode(
        imports=["from focalsweep.losses import CategoricalFocalCrossentropy"],
        definition=[*vectors, f"loss = {made}"],
    )


def _adjusted(best: BestPoint, class_counts: Sequence[int]) -> list[str]:
    shares = np.asarray(class_counts, dtype=np.float64)
    prior = assign("prior", numbers((shares / shares.sum()).tolist()))
    tau = number(_tau(best, class_counts))
    return [prior, f"loss = LogitAdjustedCrossentropy(prior=prior, tau={tau}, from_logits=True)"]


def _tau(best: BestPoint, class_counts: Sequence[int]) -> float:
    """Recover tau from ``offset = tau * log prior``, whatever constant the offset carries."""
    log_prior = np.log(np.asarray(class_counts, dtype=np.float64))
    log_prior -= log_prior.mean()
    norm = float(log_prior @ log_prior)
    return float(log_prior @ np.asarray(best.offset)) / norm if norm > 0 else 0.0


def _generalised(best: BestPoint) -> list[str]:
    return [
        f"power = {number(best.power)}",
        "",
        "",
        "def loss(y_true, y_pred):",
        '    """Return (1 - p^power) / power for the probability p of the true class."""',
        "    surprise = keras.losses.categorical_crossentropy(",
        "        y_true, y_pred, from_logits=True",
        "    )",
        "    return -keras.ops.expm1(-power * surprise) / power",
        "",
        "",
    ]


def _moved(best: BestPoint) -> list[str]:
    """Write cross-entropy on ``scale * z + offset - margin * t``, of it what the point has."""
    lines, logits = [], "y_pred"
    if any(scale != 1.0 for scale in best.scale):
        lines += tensor("scale", best.scale)
        logits = "scale * y_pred"
    if len(set(best.offset)) > 1:
        lines += tensor("offset", best.offset)
        logits += " + offset"
    if any(best.margin):
        lines += tensor("margin", best.margin)
        logits += " - margin * y_true"
    options = f"from_logits=True, label_smoothing={number(best.smoothing)}"
    if not best.smoothing:
        options = "from_logits=True"
    return [
        *lines,
        "",
        "",
        "def loss(y_true, y_pred):",
        '    """Return cross-entropy on logits that are moved in training only."""',
        f"    logits = {logits}",
        "    return keras.losses.categorical_crossentropy(",
        f"        y_true, logits, {options}",
        "    )",
        "",
        "",
    ]


def tensor(name: str, values: Sequence[float]) -> list[str]:
    """Assign numbers of the classes so that they multiply tensors of every backend."""
    written = numbers(values)
    if len(set(written)) == 1:
        return [f"{name} = {written[0]}"]
    return [assign(name, written), f"{name} = keras.ops.array({name})"]


def _any_point(best: BestPoint) -> LossCode:
    """Write a point that no loss of its own is offered for, by the formula of the family."""
    vectors = {
        "weight": best.alpha,
        "gamma": best.gamma,
        "scale": best.scale,
        "offset": best.offset,
        "margin": best.margin,
    }
    scalars = {"smoothing": best.smoothing, "power": best.power}
    given = {name: values for name, values in vectors.items() if values}
    soft = {name: value for name, value in scalars.items() if value}
    return LossCode(
        imports=["from focalsweep.losses.family import family_loss"],
        definition=[
            *(assign(name, numbers(values)) for name, values in given.items()),
            *(f"{name} = {number(value)}" for name, value in soft.items()),
            "",
            "",
            "def loss(y_true, y_pred):",
            '    """Return the loss of focalsweep.losses.family at the chosen point."""',
            "    return family_loss(",
            "        y_pred,",
            "        y_true,",
            *(f"        {name}={name}," for name in [*given, *soft]),
            "    )",
            "",
            "",
        ],
    )
