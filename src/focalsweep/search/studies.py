"""The study store: one Optuna study an arm and scope, in one journal.

The driver asks and tells every study in a fixed order and commits a round at a time.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.pruners import NopPruner
from optuna.samplers import BaseSampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, TrialState

from focalsweep.search.arm import Parameters, Space
from focalsweep.search.journal import BlockJournal, commit_mark
from focalsweep.search.pruners import MakePruner

MakeSampler = Callable[..., BaseSampler]
"""See `focalsweep.search.samplers`."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Hold what a trial showed: its value and the epoch it was reached, or why it has none.

    Parameters
    ----------
    value : float or None
        Utility pooled over inner folds at the best epoch; None for a trial that failed or was
        pruned.
    epochs : int
        Passes over the training rows that gave it, or the best value before it was pruned.
    curve : tuple of float
        Pooled utility after every epoch that was trained.
    failure : str or None
        Why the trial is not usable.
    log_loss : float, default NaN
        Mean log-loss at that epoch, pooled as the value is, of probabilities corrected to the
        data's posterior; NaN for a trial without value.
    standard_error : float, default 0
        Of the value: standard deviation of the inner folds' own utilities at that epoch over the
        root of their number; 0 for a trial without value.
    pruned : str or None
        Where and by what the trial was stopped.
    trained : int, default 0
        Epochs that each of its members trained.
    """

    value: float | None
    epochs: int
    curve: tuple[float, ...]
    failure: str | None = None
    log_loss: float = math.nan
    standard_error: float = 0.0
    pruned: str | None = None
    trained: int = 0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Hold one finished trial of a study."""

    number: int
    parameters: Parameters
    outcome: Outcome


class Study:
    """Ask and tell one study. Sampler and pruner are made anew before each question.

    Parameters
    ----------
    name : str
        ``arm/scope``.
    storage : JournalStorage
        Shared by all studies of the sweep.
    space : mapping from name to distribution
        What is searched.
    first_trials : list of parameters
        Asked before the sampler is.
    make_sampler : callable
        See `focalsweep.search.samplers`.
    trials : int
        Trials in all.
    seed : int
        The sweep's seed.
    make_pruner : callable
        See `focalsweep.search.pruners`; prunes nothing by default.
    """

    def __init__(
        self,
        *,
        name: str,
        storage: JournalStorage,
        space: Space,
        first_trials: list[Parameters],
        make_sampler: MakeSampler,
        trials: int,
        seed: int,
        make_pruner: MakePruner = NopPruner,
    ) -> None:
        self.name = name
        self._space = space
        self._first_trials = first_trials
        self._make_sampler = make_sampler
        self._trials = trials
        self._entropy = [seed, zlib.crc32(name.encode())]
        self._make_pruner = make_pruner
        self._asked: dict[int, optuna.Trial] = {}
        self._study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            pruner=make_pruner(),
        )

    def ask(self, number: int) -> Parameters:
        """Propose the trial with this number, which must be the next one."""
        self._study.sampler = self._sampler(number)
        self._study.pruner = self._make_pruner()
        if number < len(self._first_trials):
            self._study.enqueue_trial(self._first_trials[number])
        trial = self._study.ask(fixed_distributions=dict(self._space))
        if trial.number != number:
            raise RuntimeError(f"study {self.name} holds {trial.number} trials, not {number}")
        self._asked[number] = trial
        return {name: float(value) for name, value in trial.params.items()}

    def is_losing(self, number: int, value: float, *, epoch: int) -> bool:
        """Report what a trial is worth after an epoch, and say whether it should stop there.

        Parameters
        ----------
        number : int
            Of a trial that was asked and not told.
        value : float
            Utility of its best epoch so far: what it would be told with if it ended now.
        epoch : int
            Epochs trained: Optuna's step.
        """
        self._study.pruner = self._make_pruner()
        self._asked[number].report(value, step=epoch)
        return self._asked[number].should_prune()

    def tell(self, number: int, outcome: Outcome) -> None:
        """Store what the trial showed."""
        self._study.pruner = self._make_pruner()
        trial_id = self._study.get_trials(deepcopy=False)[number]._trial_id
        attributes: dict[str, Any] = {
            "epochs": outcome.epochs,
            "curve": list(outcome.curve),
            "standard_error": outcome.standard_error,
            "trained": outcome.trained,
        }
        if not math.isnan(outcome.log_loss):
            attributes["log_loss"] = outcome.log_loss
        if outcome.failure is not None:
            attributes["failure"] = outcome.failure
        if outcome.pruned is not None:
            attributes["pruned"] = outcome.pruned
        for key, value in attributes.items():
            self._study._storage.set_trial_user_attr(trial_id, key, value)
        if outcome.pruned is not None:
            # Optuna then gives the trial the value reported last, which samplers may read.
            self._study.tell(number, state=TrialState.PRUNED)
        elif outcome.value is None:
            self._study.tell(number, state=TrialState.FAIL)
        else:
            self._study.tell(number, outcome.value)
        self._asked.pop(number, None)

    def finished(self) -> list[Trial]:
        """Return the told trials in the order of their numbers."""
        return [
            _finished(trial)
            for trial in self._study.get_trials(deepcopy=False)
            if trial.state.is_finished()
        ]

    def mark_committed(self, number: int) -> None:
        """Write the mark that ends a block of the journal."""
        for key, value in commit_mark(number).items():
            self._study.set_user_attr(key, value)

    def _sampler(self, number: int) -> BaseSampler:
        seeds = np.random.SeedSequence([*self._entropy, number]).generate_state(1)
        study_seeds = np.random.SeedSequence(self._entropy).generate_state(1)
        return self._make_sampler(
            seed=int(seeds[0]),
            study_seed=int(study_seeds[0]),
            space=self._space,
            trials=self._trials,
        )


class StudyStore:
    """Open the journal of one run folder and commit rounds to it."""

    def __init__(self, path: Path) -> None:
        self._journal = BlockJournal(path)
        self.storage = JournalStorage(self._journal)

    def commit(self, study: Study, number: int) -> None:
        """Make everything asked and told so far survive a kill."""
        study.mark_committed(number)
        self._journal.commit()


def _finished(trial: FrozenTrial) -> Trial:
    return Trial(
        number=trial.number,
        parameters={name: float(value) for name, value in trial.params.items()},
        outcome=Outcome(
            value=trial.value if trial.state == TrialState.COMPLETE else None,
            epochs=trial.user_attrs["epochs"],
            curve=tuple(trial.user_attrs["curve"]),
            failure=trial.user_attrs.get("failure"),
            log_loss=trial.user_attrs.get("log_loss", math.nan),
            standard_error=trial.user_attrs["standard_error"],
            pruned=trial.user_attrs.get("pruned"),
            trained=trial.user_attrs["trained"],
        ),
    )
