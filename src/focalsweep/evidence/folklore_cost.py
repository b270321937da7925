"""What it costs to copy gamma 2 and alpha 0.25 instead of measuring."""

from __future__ import annotations

from collections.abc import Sequence

from focalsweep.evidence.arm_scores import ArmScores, Pick, most_often, representatives
from focalsweep.evidence.comparison import Compare
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.paired import Posterior
from focalsweep.evidence.result import FolkloreCost
from focalsweep.evidence.unseen_spread import unseen_spread
from focalsweep.metrics.objective import Objective
from focalsweep.metrics.objective_words import difference_interval_words, difference_words


def folklore_cost(
    arms: Sequence[ArmScores], *, recommended: str, compare: Compare, objective: Objective
) -> FolkloreCost | None:
    """Compare the arm that would be used with the copied point.

    Both have decision weights where the objective uses them, and the copied point has had the full
    budget for its rates, so that the difference belongs to gamma and alpha alone.

    Parameters
    ----------
    arms : sequence of ArmScores
        Every arm of the sweep.
    recommended : str
        The verdict's arm. Where that is the copied point itself, the tuned focal arm with the best
        inner scores stands for it.
    compare : callable
        From `compare_folds` or `compare_test_rows`.
    objective : Objective
        The sweep's.

    Returns
    -------
    FolkloreCost or None
        None without an arm of family `folklore`, or without another arm to hold it against.
    """
    copied = next((arm for arm in arms if arm.family == "folklore"), None)
    if copied is None:
        return None
    used = next(arm for arm in arms if arm.name == recommended)
    if used.family == "folklore":
        tuned = [arm for arm in arms if arm.family == "focal"]
        if not tuned:
            return None
        used = most_often(representatives(tuned), tuned)
    picks = ([Pick(arm.name, objective.uses_decisions)] * copied.n_folds for arm in (used, copied))
    posterior = compare(*picks)
    low, high = posterior.interval(0.95)
    return FolkloreCost(
        arm=used.name,
        mean=posterior.mean,
        interval=Interval(low=low, high=high),
        text=_in_words(posterior, arm=used.name, objective=objective, folds=copied.n_folds),
    )


def _in_words(posterior: Posterior, *, arm: str, objective: Objective, folds: int) -> str:
    low, high = posterior.interval(0.95)
    spread = unseen_spread(low, high, folds=folds)
    copying = "Copying gamma 2 and alpha 0.25"
    if objective.costs is not None:
        said = difference_words(-posterior.mean, objective.name)
        span = f"95% interval {difference_interval_words(-high, -low, objective.name)}"
        doubt = "" if low > 0.0 or high < 0.0 else ", which cannot be told from nothing"
        return f"{copying} {said} a row against `{arm}`{doubt} ({spread or span})."
    interval = f"95% interval {low:+z.3f} to {high:+z.3f}"
    size = f"{abs(posterior.mean):.3f} {objective.label} against `{arm}`"
    if low > 0.0:
        return f"{copying} costs {size} ({spread or interval})."
    if high < 0.0:
        return f"{copying} gains {size} ({spread or f'cost with its {interval}'})."
    verb = "gains" if posterior.mean < 0 else "costs"
    return f"{copying} {verb} {size}, which cannot be told from nothing ({spread or interval})."
