"""What the rows can show, guessed from class counts before anything is trained.

For a score that averages over K classes, a paired difference of two arms is about the mean of
the K differences in recall. In class k, with m_k test rows an outer fold, only rows that the two
arms decide differently count, each by -1 or +1: with a share q of them the variance is q / m_k
at most (McNemar's), so that the difference of one fold spreads by

    s = sqrt(q * sum_k 1 / m_k) / K,

and the error of the mean over J folds is s * sqrt(1 / J + test rows / training rows), as in
`focalsweep.evidence.paired.corrected_t`. A holdout has one fold and the error s.

q is a guess. In 41 comparisons of finished sweeps (yeast, glass, synthetic data; macro-F1) it came
out between 0 and 0.33, half of them between 0.02 and 0.1, so the answer is right within a factor of
two or three: enough to see before training that 12 rows of a class will not decide, and not more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.detectable import detectable_difference
from focalsweep.metrics.objective import Objective
from focalsweep.search.folds import Evaluation

DISAGREEMENT = 0.1
"""Share of a class's rows that two losses decide differently: towards the larger of those seen,
so that the guess promises too little rather than too much."""

CLASS_MEANS = ("macro_f1", "balanced_accuracy")
"""Objectives that average over classes; the others have no such formula."""

HOPELESS = 0.5
"""A difference that no two sensible losses have; needing more, a sweep will see none."""


def prior_detectable(
    counts: ArrayLike,
    *,
    objective: str,
    evaluation: Evaluation,
    rule: VerdictRule,
    disagreement: float = DISAGREEMENT,
) -> float | None:
    """Guess the smallest true difference that the verdict will see with 80% power.

    Parameters
    ----------
    counts : int array of shape (classes,)
        Rows a class in all, each > 0.
    objective : str
        Its name.
    evaluation : Evaluation
        Folds and repeats, or the share of test rows.
    rule : VerdictRule
        The thresholds.
    disagreement : float, default 0.1
        q above, in [0, 1].

    Returns
    -------
    float or None
        None for an objective that is no mean over classes.
    """
    if objective not in CLASS_MEANS:
        return None
    rows = np.asarray(counts, dtype=np.float64)
    if evaluation.kind == "holdout":
        share, correction, degrees = evaluation.test_fraction, 1.0, math.inf
    else:
        share = 1.0 / evaluation.folds
        correction = 1.0 / evaluation.n_outer + share / (1.0 - share)
        degrees = evaluation.n_outer - 1.0
    spread = math.sqrt(disagreement * float(np.sum(1.0 / (rows * share)))) / len(rows)
    return detectable_difference(scale=spread * math.sqrt(correction), degrees=degrees, rule=rule)


def prior_sentence(
    counts: ArrayLike,
    *,
    class_names: Sequence[str],
    objective: Objective,
    evaluation: Evaluation,
    rule: VerdictRule,
) -> str:
    """Say the guess in one sentence, for the reader who has not started the sweep yet.

    Parameters
    ----------
    counts : int array of shape (classes,)
        Rows a class in all.
    class_names : sequence of str
        Their names.
    objective, evaluation, rule
        The sweep's.
    """
    rows = np.asarray(counts)
    smallest = int(rows.argmin())
    held = f"`{class_names[smallest]}` has {_rows(int(rows[smallest]))}"
    guess = prior_detectable(
        np.maximum(rows, 1), objective=objective.name, evaluation=evaluation, rule=rule
    )
    if guess is None:
        return (
            f"{held}; how small a difference these rows can show cannot be guessed before "
            f"training for {objective.label}."
        )
    if guess >= HOPELESS:
        return f"{held}: no difference in {objective.label} between losses is likely to be seen."
    return (
        f"{held}: differences between losses below about {guess:.1g} {objective.label} are likely "
        "to be missed (a guess from the class counts, right within a factor of two or three)."
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
