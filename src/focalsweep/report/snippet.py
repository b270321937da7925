"""Write the Keras code with the tuned numbers in it, ready to paste under a model.

The code needs one name, ``model``, whose last layer returns logits; everything else is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from focalsweep.evidence.result import BestPoint, Family

_LINE = 80


def keras_snippet(
    best: BestPoint,
    family: Family,
    *,
    class_names: Sequence[str],
    class_counts: Sequence[int],
    optimizer: Literal["adamw", "adam", "sgd"],
    batch_size: int,
    with_decision_weights: bool,
    momentum: float = 0.9,
) -> str:
    """Return Python that compiles ``model`` with the chosen loss, optimizer and numbers.

    Parameters
    ----------
    best : BestPoint
        The point of the search on all rows.
    family : Family
        Decides which loss is written: Keras's own where Keras is exact enough.
    class_names, class_counts : sequences of length classes
        In the order of class codes; logit adjustment takes its priors from the counts.
    optimizer : {"adamw", "adam", "sgd"}
        What the search trained with; `momentum` belongs to ``sgd``.
    batch_size : int
        Rows a step.
    with_decision_weights : bool
        Whether to add a ``predict`` that multiplies probabilities by the decision weights; nothing
        is added where `best` has none.

    Returns
    -------
    str
        Numbers have four significant digits.
    """
    imports, definition, fit = _loss(best, family, class_counts)
    weights = best.decision_weights if with_decision_weights else None
    lines = ["import keras", *(["import numpy as np"] if weights else []), *imports, ""]
    lines += [
        "# The last layer of `model` returns logits; targets are one-hot, in this order:",
        _assign("class_names", [_quoted(name) for name in class_names]),
        *definition,
        _call("optimizer", _optimizer(best, optimizer, momentum)),
        "model.compile(optimizer=optimizer, loss=loss)",
        f'fit = {{"epochs": {best.epochs}, "batch_size": {batch_size}{fit}}}',
        "# model.fit(x_train, y_train, **fit)",
    ]
    if weights:
        lines += [
            "",
            "# Decision weights: factors on the class probabilities before argmax.",
            _assign("decision_weights", _numbers(weights)),
            "",
            "",
            "def predict(x):",
            '    """Return the class code of each row."""',
            "    proba = keras.ops.convert_to_numpy(keras.ops.softmax(model.predict(x)))",
            "    return (proba * np.array(decision_weights)).argmax(axis=-1)",
        ]
    return "\n".join(lines) + "\n"


def _loss(
    best: BestPoint, family: Family, class_counts: Sequence[int]
) -> tuple[list[str], list[str], str]:
    """Return the imports, the lines that define ``loss``, and what `fit` needs besides."""
    plain = ["loss = keras.losses.CategoricalCrossentropy(from_logits=True)"]
    if family == "cross_entropy":
        return [], plain, ""
    if family == "class_weights":
        weights = _assign("alpha", _numbers(best.alpha))
        return [], [weights, *plain], ', "class_weight": dict(enumerate(alpha))'
    if family == "logit_adjustment":
        shares = np.asarray(class_counts, dtype=np.float64)
        prior = _assign("prior", _numbers((shares / shares.sum()).tolist()))
        call = f"prior=prior, tau={_rounded(_tau(best, class_counts))}, from_logits=True"
        return (
            ["", "from focalsweep.losses import LogitAdjustedCrossentropy"],
            [prior, f"loss = LogitAdjustedCrossentropy({call})"],
            "",
        )
    alpha, gamma, vectors = "1.0", _rounded(best.gamma[0]), []
    if len(set(best.alpha)) > 1:
        alpha = "alpha"
        vectors.append(_assign("alpha", _numbers(best.alpha)))
    if len(set(best.gamma)) > 1:
        gamma = "gamma"
        vectors.append(_assign("gamma", _numbers(best.gamma)))
    call = f"alpha={alpha}, gamma={gamma}, from_logits=True"
    return (
        ["", "from focalsweep.losses import CategoricalFocalCrossentropy"],
        [*vectors, f"loss = CategoricalFocalCrossentropy({call})"],
        "",
    )


def _tau(best: BestPoint, class_counts: Sequence[int]) -> float:
    """Recover tau from ``offset = tau * log prior``, whatever constant the offset carries."""
    log_prior = np.log(np.asarray(class_counts, dtype=np.float64))
    log_prior -= log_prior.mean()
    norm = float(log_prior @ log_prior)
    return float(log_prior @ np.asarray(best.offset)) / norm if norm > 0 else 0.0


def _optimizer(best: BestPoint, kind: str, momentum: float) -> str:
    rate, decay = _rounded(best.learning_rate), _rounded(best.weight_decay)
    if kind == "sgd":
        tail = f", momentum={_rounded(momentum)}, weight_decay={decay}"
        return f"keras.optimizers.SGD(learning_rate={rate}{tail})"
    if kind == "adam":
        return f"keras.optimizers.Adam(learning_rate={rate})"
    return f"keras.optimizers.AdamW(learning_rate={rate}, weight_decay={decay})"


def _call(name: str, call: str) -> str:
    """Assign a call, its arguments on a line of their own where they do not fit."""
    line = f"{name} = {call}"
    if len(line) <= _LINE:
        return line
    function, arguments = call[:-1].split("(", 1)
    return f"{name} = {function}(\n    {arguments}\n)"


def _rounded(value: float) -> str:
    return repr(float(f"{value:.4g}"))


def _numbers(values: Sequence[float]) -> list[str]:
    return [_rounded(value) for value in values]


def _quoted(name: str) -> str:
    """Write a class name as a literal; `ascii` keeps odd characters from changing the line."""
    text = repr(name) if name.isprintable() else ascii(name)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def _assign(name: str, items: Sequence[str]) -> str:
    """Assign a list, filling lines of at most 80 characters."""
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= _LINE:
        return line
    rows, row = [], "   "
    for item in items:
        if len(row) + len(item) + 2 > _LINE and row.strip():
            rows.append(row)
            row = "   "
        row += f" {item},"
    return "\n".join([f"{name} = [", *rows, row, "]"])
