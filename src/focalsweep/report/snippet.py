"""Write the Keras code with the tuned numbers in it, ready to paste under a model.

The code needs one name, ``model``, whose last layer returns logits; everything else is in it: the
loss (`snippet_loss`), the optimizer, how training goes (`snippet_training`), and the decision rule
(`snippet_decision`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.metrics.confusion import CostMatrix
from focalsweep.report.snippet_decision import decision_code
from focalsweep.report.snippet_labels import label_loss_code
from focalsweep.report.snippet_loss import loss_code
from focalsweep.report.snippet_training import training_code
from focalsweep.report.source_lines import assign, call, number, quoted

_COSINE = "from focalsweep.models.cosine_head import with_cosine_head"


def keras_snippet(
    best: BestPoint,
    family: Family,
    *,
    class_names: Sequence[str],
    class_counts: Sequence[int],
    optimizer: Literal["adamw", "adam", "sgd"],
    batch_size: int,
    costs: CostMatrix | None = None,
    momentum: float = 0.9,
) -> str:
    """Return Python that compiles ``model`` with the chosen loss, optimizer and numbers.

    Of a multi-label point the loss is that of `focalsweep.report.snippet_labels`. Where one ``fit``
    is not all, there is a function ``train(x_train, y_train)``; at the end there is always
    ``predict(x)``, which decides as the sweep's own models do.

    Parameters
    ----------
    best : BestPoint
        The point of the search on all rows.
    family : Family
        Focal arms get the focal loss even where gamma is 0.
    class_names, class_counts : sequences of length classes
        In the order of class codes; logit adjustment takes its priors from the counts.
    optimizer : {"adamw", "adam", "sgd"}
        What the search trained with; `momentum` belongs to ``sgd``.
    batch_size : int
        Rows a step.
    costs : tuple of tuples, optional
        The sweep's, which ``predict`` reads where `best` decides by expected cost.

    Returns
    -------
    str
        Numbers have four significant digits, but for those of ``predict``.
    """
    labelled = bool(best.alpha_negative)
    loss = label_loss_code(best) if labelled else loss_code(best, family, class_counts=class_counts)
    training = training_code(best, batch_size=batch_size, class_weight=loss.class_weight)
    decision = decision_code(best, costs=costs)
    cosine = best.head == "cosine"
    lines = ["import keras", *(["import numpy as np"] if decision.numpy or training.numpy else [])]
    lines += _imports(
        [*training.imports, *loss.imports, *decision.imports, *([_COSINE] if cosine else [])]
    )
    lines += [
        "",
        *_order(class_names, labelled=labelled),
    ]
    if cosine:
        lines += [
            "# The last layer gives way to one that returns cosines; probabilities are the",
            f"# softmax of {number(best.scale[0])} times what `model` returns.",
            "model = with_cosine_head(model)",
        ]
    lines += [
        *loss.definition,
        call("optimizer", _optimizer(best, optimizer, momentum)),
        "model.compile(optimizer=optimizer, loss=loss)",
        *training.lines,
    ]
    return "\n".join([*lines, *decision.lines]) + "\n"


def _order(names: Sequence[str], *, labelled: bool) -> list[str]:
    quotes = [quoted(name) for name in names]
    if labelled:
        return [
            "# The last layer of `model` returns one logit a label; targets are 0 or 1:",
            assign("label_names", quotes),
        ]
    return [
        "# The last layer of `model` returns logits; targets are one-hot, in this order:",
        assign("class_names", quotes),
    ]


def _imports(wanted: Sequence[str]) -> list[str]:
    """Put libraries right under Keras and focalsweep's own into a block of their own."""
    libraries = sorted(line for line in wanted if line and "focalsweep" not in line)
    own = sorted(line for line in wanted if "focalsweep" in line)
    return [*libraries, *(["", *own] if own else [])]


def _optimizer(best: BestPoint, kind: str, momentum: float) -> str:
    rate, decay = number(best.learning_rate), number(best.weight_decay)
    if kind == "sgd":
        tail = f", momentum={number(momentum)}, weight_decay={decay}"
        return f"keras.optimizers.SGD(learning_rate={rate}{tail})"
    if kind == "adam":
        return f"keras.optimizers.Adam(learning_rate={rate})"
    return f"keras.optimizers.AdamW(learning_rate={rate}, weight_decay={decay})"
