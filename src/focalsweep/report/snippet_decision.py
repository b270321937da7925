"""Write how probabilities become classes: by decision weights, or by the smallest expected cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.metrics.confusion import CostMatrix
from focalsweep.report.source_lines import assign, number, numbers


@dataclass(frozen=True, kw_only=True)
class DecisionCode:
    """Hold the lines that define ``predict``; none where argmax decides.

    Parameters
    ----------
    imports : list of str
        Beside Keras and NumPy.
    lines : list of str
        What follows the training.
    """

    imports: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def decision_code(best: BestPoint, *, costs: CostMatrix | None, with_weights: bool) -> DecisionCode:
    """Write the decision rule of a point.

    Parameters
    ----------
    best : BestPoint
        Its `expected_cost_temperature` says whether expected cost decides.
    costs : tuple of tuples or None
        The sweep's.
    with_weights : bool
        Whether decision weights are wanted where expected cost does not decide.
    """
    if costs is not None and best.expected_cost_temperature is not None:
        return _expected_cost(best, costs=costs, temperature=best.expected_cost_temperature)
    if not with_weights or best.decision_weights is None:
        return DecisionCode()
    return DecisionCode(
        lines=[
            "",
            "# Decision weights: factors on the class probabilities before argmax.",
            assign("decision_weights", numbers(best.decision_weights)),
            "",
            "",
            "def predict(x):",
            '    """Return the class code of each row."""',
            f"    proba = keras.ops.convert_to_numpy(keras.ops.softmax({_logits(best)}))",
            "    return (proba * np.array(decision_weights)).argmax(axis=-1)",
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
            *(
                assign(f"costs[{code}]", [repr(cost) for cost in row])
                for code, row in enumerate(costs)
            ),
            *undone,
            "",
            "",
            "def predict(x):",
            '    """Return the class code of smallest expected cost for each row."""',
            *log_proba,
            f"    scores = keras.ops.convert_to_numpy(log_proba) / {number(temperature)}",
            "    proba = np.exp(scores - scores.max(axis=-1, keepdims=True))",
            "    return (proba @ costs).argmin(axis=-1)",
        ],
    )


def _log_posterior(best: BestPoint) -> tuple[list[str], list[str], list[str]]:
    """Write imports, numbers and the lines of ``log_proba``, corrected where that can be done."""
    if best.posterior_weight is None:
        return [], [], [f"    log_proba = keras.ops.log_softmax({_logits(best)})"]
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
            *(assign(f"undone_{name}", numbers(values)) for name, values in given.items()),
        ],
        [
            "    log_proba = corrected_log_proba(",
            "        model.predict(x),",
            *(f"        {name}=undone_{name}," for name in given),
            "    )",
        ],
    )


def _logits(best: BestPoint) -> str:
    scaled = f"{number(best.scale[0])} * " if best.head == "cosine" else ""
    return f"{scaled}model.predict(x)"
