"""Write how logits become decisions: the rule of `focalsweep.evidence.final_model`, row by row.

Whoever pastes the code, calls `predict` of an outcome or runs ``focalsweep predict`` gets the same
decisions from the same model. So the numbers of the rule stand here in full, where those of the
loss have four digits: a row may lie on either side of a rounded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.metrics.confusion import CostMatrix
from focalsweep.report.source_lines import assign, exact

_CLASSES = '''

def predict(x):
    """Return the class code of each row."""'''
_LABELS = '''

def predict(x):
    """Return 0 or 1 for each label of each row, shape (rows, labels)."""'''


@dataclass(frozen=True, kw_only=True)
class DecisionCode:
    """Hold the lines that define ``predict``.

    Parameters
    ----------
    imports : list of str
        Beside Keras and NumPy.
    numpy : bool, default True
        Whether ``np`` is needed.
    lines : list of str
        What follows the training.
    """

    imports: list[str] = field(default_factory=list)
    numpy: bool = True
    lines: list[str]


def decision_code(best: BestPoint, *, costs: CostMatrix | None) -> DecisionCode:
    """Write the decision rule of a point.

    Parameters
    ----------
    best : BestPoint
        Its thresholds, its expected cost or its decision weights decide, whichever it has; without
        them, and where they change nothing, the most probable does.
    costs : tuple of tuples or None
        The sweep's.
    """
    if best.alpha_negative:
        return _labels(best.thresholds)
    if costs is not None and best.expected_cost_temperature is not None:
        return _expected_cost(best, costs=costs, temperature=best.expected_cost_temperature)
    weights = best.decision_weights or ()
    if len(set(weights)) < 2:
        plain = "    return model.predict(x).argmax(axis=-1)"
        return DecisionCode(numpy=False, lines=[_CLASSES, plain])
    return DecisionCode(
        lines=[
            "",
            "# Decision weights: factors on the class probabilities before argmax.",
            assign("decision_weights", exact(weights)),
            _CLASSES,
            f"    logits = {_logits(best)}",
            "    return (logits + np.log(decision_weights)).argmax(axis=-1)",
        ]
    )


def _labels(thresholds: Sequence[float]) -> DecisionCode:
    """Call a label where its probability exceeds its threshold."""
    if set(thresholds) <= {0.5}:
        plain = '    return (model.predict(x) > 0).astype("int8")'
        return DecisionCode(numpy=False, lines=[_LABELS, plain])
    return DecisionCode(
        lines=[
            "",
            "# A label is called where its probability exceeds its threshold.",
            assign("thresholds", exact(thresholds)),
            _LABELS,
            '    logits = model.predict(x).astype("float64")',
            "    proba = keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))",
            '    return (proba > np.array(thresholds)).astype("int8")',
        ]
    )


def _expected_cost(best: BestPoint, *, costs: CostMatrix, temperature: float) -> DecisionCode:
    imports, undone, log_proba = _log_posterior(best)
    return DecisionCode(
        imports=imports,
        lines=[
            "",
            "# What a decision costs: one row a true class, one column a decided class.",
            "costs = np.zeros((len(class_names), len(class_names)))",
            *(assign(f"costs[{code}]", exact(row)) for code, row in enumerate(costs)),
            *undone,
            _CLASSES.replace("class code", "class code of smallest expected cost"),
            *log_proba,
            f"    scores = keras.ops.convert_to_numpy(log_proba) / {temperature!r}",
            "    proba = np.exp(scores - scores.max(axis=-1, keepdims=True))",
            "    return (proba @ costs).argmin(axis=-1)",
        ],
    )


def _log_posterior(best: BestPoint) -> tuple[list[str], list[str], list[str]]:
    """Write imports, numbers and the lines of ``log_proba``, corrected where that can be done."""
    if best.posterior_weight is None:
        own = [f"    logits = {_logits(best)}", "    log_proba = keras.ops.log_softmax(logits)"]
        return [], [], own
    vectors = {
        "weight": best.posterior_weight,
        "gamma": best.gamma,
        "scale": best.scale,
        "offset": best.offset,
        "margin": best.margin,
    }
    given = {name: values for name, values in vectors.items() if values}
    return (
        ["from focalsweep.losses.posterior import corrected_log_proba"],
        [
            "# What the loss did to the probabilities is undone before they meet the costs.",
            *(assign(f"undone_{name}", exact(values)) for name, values in given.items()),
        ],
        [
            "    log_proba = corrected_log_proba(",
            "        model.predict(x),",
            *(f"        {name}=undone_{name}," for name in given),
            "    )",
        ],
    )


def _logits(best: BestPoint) -> str:
    """Write the logits in float64; those of a cosine head mean nothing without its scale."""
    scaled = f"{best.scale[0]!r} * " if best.head == "cosine" else ""
    return f'{scaled}model.predict(x).astype("float64")'
