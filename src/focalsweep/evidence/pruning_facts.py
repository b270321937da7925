"""What stopping losing trials early saved, counted from the trials themselves.

The unit is the member-epoch: one model trained for one epoch. Trials that diverged leave at the
next rung too, so their epochs are saved like those of pruned trials.
"""

from __future__ import annotations

import pandas as pd

from focalsweep.evidence.facts import PruningFacts, Saving
from focalsweep.search.pruners import Pruning


def pruning_facts(
    trials: pd.DataFrame, *, pruning: Pruning, epochs: int, inner_folds: int
) -> PruningFacts | None:
    """Count what was trained against what all trials would have taken; None without a pruner.

    Parameters
    ----------
    trials : DataFrame
        From `focalsweep.search.trials_table`, all arms and scopes.
    pruning : Pruning
        The rule that stopped trials.
    epochs : int
        Of an undisturbed trial.
    inner_folds : int
        Members of a trial.
    """
    if not pruning.rungs:
        return None
    return PruningFacts(
        pruner=pruning.name,
        rungs=pruning.rungs,
        total=_saving(trials, epochs=epochs, inner_folds=inner_folds),
        arms={
            str(arm): _saving(own, epochs=epochs, inner_folds=inner_folds)
            for arm, own in trials.groupby("arm", sort=False)
        },
    )


def _saving(trials: pd.DataFrame, *, epochs: int, inner_folds: int) -> Saving:
    return Saving(
        trials=len(trials),
        pruned_trials=int((trials["state"] == "pruned").sum()),
        member_epochs=int(trials["trained_epochs"].sum()) * inner_folds,
        all_member_epochs=len(trials) * epochs * inner_folds,
    )
