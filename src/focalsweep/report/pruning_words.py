"""Say what pruning saved: the same sentence in the terminal, on the page and in MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from focalsweep.evidence.result import SweepResult
from focalsweep.report.wording import duration, percent


def pruning_sentence(result: SweepResult) -> str | None:
    """Return what was pruned by which rule and how much that saved; None without a pruner.

    Seconds are those of the search, in proportion: a member-epoch saved is taken to cost what one
    that was trained cost.
    """
    found = result.budget.pruning
    if found is None:
        return None
    total = found.total
    seconds = result.seconds.get("search", 0.0)
    saved = seconds * total.saved / max(total.member_epochs, 1)
    stopped = f"{total.pruned_trials:,}" if total.pruned_trials else "none"
    return (
        f"Pruning ({found.pruner}) looked at every trial after {_epochs(found.rungs)} of "
        f"{result.budget.epochs} and stopped {stopped} of {total.trials:,} trials: the search "
        f"trained {total.member_epochs:,} of {total.all_member_epochs:,} member-epochs, which "
        f"saved {percent(total.saved_share)} (about {duration(saved)})."
    )


def _epochs(rungs: Sequence[int]) -> str:
    if len(rungs) == 1:
        return f"epoch {rungs[0]}"
    return f"epochs {', '.join(map(str, rungs[:-1]))} and {rungs[-1]}"
