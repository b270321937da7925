"""What counts as one where lower is better: what there is to save.

Thresholds on differences are meant for scores, whose unit is 1. A mean cost a row has no such unit:
it depends on currency, on the dearest mistake, and above all on how rare that is. With 60 frauds of
200 in 18,000 rows and 1 for a false alarm, a model that sees no fraud costs 0.667 a row, so shares
of the dearest decision (200) would call every saving that there can be none. The unit is
therefore what the baseline costs beyond perfect decisions, which is what a better loss could save;
and no more than what the best constant decision costs, which needs no model, so that a baseline
that is worse than no model does not make thresholds lax.

A cost is counted beyond the cheapest decision for the row's class: a number added to a row of the
table changes no decision and no difference, and gains (negative costs) need no rule of their own.

The baseline's cost is that of test rows, read after training and used for nothing but this scale:
no arm, point or decision is chosen by it. A unit that is small by chance makes "better" no easier
than the plain claim that the difference is above zero.

Log-loss has the same trouble: where 60 rows of 18,000 are fraud, whoever always states these shares
has 0.022, so a gain of 0.03 cannot be. There the unit is the log-loss of the best constant
probabilities, the entropy of the class shares, and no more than 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr

from focalsweep.evidence.predictions import Predictions
from focalsweep.metrics.confusion import CostMatrix
from focalsweep.metrics.objective import cost_objective


def cost_unit(
    costs: CostMatrix, *, baseline: Sequence[Predictions], class_counts: ArrayLike
) -> float:
    """Return the cost a row that thresholds on differences are shares of.

    Parameters
    ----------
    costs : tuple of tuples
        Cost of deciding column for a row of class row.
    baseline : sequence of Predictions
        Of the arm that is kept where nothing is better, one an outer fold; decided by the layer, as
        in the comparisons.
    class_counts : array of shape (classes,)
        Rows of each class in the data, or what they weigh.

    Returns
    -------
    float
        >= 0; 0 where the baseline decides perfectly, and then every difference counts.
    """
    table = np.array(costs)
    avoidable = table - table.min(axis=1, keepdims=True)
    counts = np.asarray(class_counts, dtype=np.float64)
    constant = float((counts @ avoidable).min() / counts.sum())
    asked = cost_objective(avoidable)
    paid = -float(np.mean([fold.score(asked, decision=True) for fold in baseline]))
    return max(min(constant, paid), 0.0)


def log_loss_unit(class_counts: ArrayLike) -> float:
    """Return the log-loss that thresholds on differences are shares of.

    Parameters
    ----------
    class_counts : array of shape (classes,), or (labels, 2)
        Rows of each class in the data, or what they weigh; of labels [without, with] each.

    Returns
    -------
    float
        In (0, 1]: the entropy of the shares in nats, averaged over labels; 1 where it is more.
    """
    counts = np.asarray(class_counts, dtype=np.float64)
    entropy = entr(counts / counts.sum(axis=-1, keepdims=True)).sum(axis=-1)
    return min(float(entropy.mean()), 1.0)
