"""The verdict rule's own error rate, on simulated differences of correlated outer folds.

`focalsweep validate-verdict` measures the same on whole sweeps, which takes hours.
"""

import math

import numpy as np
import pytest
from scipy.stats import binom

from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.paired import corrected_t

SWEEPS = 2000
RULE = VerdictRule()
CORRELATION = {5: 0.2, 10: 0.2}
"""By number of outer folds: a fifth of the rows is tested, so what folds share is a fifth too, and
rho / (1 - rho) is the ratio of test to training rows (Nadeau and Bengio)."""
MOST = int(binom.ppf(0.999, SWEEPS, 0.05))
"""Of so many sweeps with an error rate of 5%, 99.9% have at most this many errors: 131."""


def differences(*, folds: int, true: float, sd: float, seed: int) -> np.ndarray:
    """Paired differences of many sweeps, shape (SWEEPS, folds)."""
    rng = np.random.default_rng(seed)
    rho = CORRELATION[folds]
    shared, own = rng.normal(size=(SWEEPS, 1)), rng.normal(size=(SWEEPS, folds))
    return true + sd * (math.sqrt(rho) * shared + math.sqrt(1 - rho) * own)


def claims(found: np.ndarray, *, ratio: float = 0.25) -> int:
    return sum(
        RULE.outcome(corrected_t(sweep, test_train_ratio=ratio)) == "better" for sweep in found
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("folds", "sd"), [(5, 0.02), (10, 0.02), (10, 0.2)])
def test_a_gain_that_is_not_above_the_smallest_is_claimed_one_time_in_twenty_at_most(
    folds, sd, seed
):
    # The hardest case of the null: a gain of just the smallest difference.
    true = RULE.smallest_difference
    assert claims(differences(folds=folds, true=true, sd=sd, seed=seed)) <= MOST


@pytest.mark.parametrize("seed", [3, 4, 5])
@pytest.mark.parametrize("folds", [5, 10])
def test_of_equal_sides_either_is_claimed_one_time_in_twenty_at_most(folds, seed):
    # As in the audit: two looks at one difference of nothing, of a usual spread between folds.
    found = differences(folds=folds, true=0.0, sd=0.02, seed=seed)
    assert claims(found) + claims(-found) <= MOST


def test_without_the_correction_for_shared_rows_the_rule_would_claim_far_too_often():
    found = differences(folds=10, true=RULE.smallest_difference, sd=0.02, seed=0)
    assert claims(found, ratio=0.0) > 2 * MOST
