"""The search: every round asks each open study for its next trials and trains them together.

One round's members (studies x trials x inner folds) fill whole chunks, while every study remains
nearly sequential, so that its sampler learns from all its earlier trials. Trials are asked, looked
at by the pruner and told in a fixed order; training order and timing never matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from focalsweep.losses.class_weights import priors_equal
from focalsweep.metrics.confusion import counts_of
from focalsweep.metrics.objective import Objective
from focalsweep.search.arm import Arm, Nuisance, Parameters
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Folds, Scope
from focalsweep.search.pruners import NO_PRUNING, Pruning
from focalsweep.search.rungs import TrialKey, train_by_rungs
from focalsweep.search.studies import MakeSampler, Outcome, Study, StudyStore
from focalsweep.search.ties import best_of
from focalsweep.training.member import Member, MemberKey, MemberRecord

STREAM_SEEDS = 1_000_003
"""Distance between the training seeds of two streams: more than any sweep's own seeds span."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Hold what every arm is given, the same for all.

    Parameters
    ----------
    trials : int
        An arm and scope.
    epochs : int
        A member.
    trials_per_round : int
        Asked of each study at a time.
    stop_after : int, optional
        Trials after which the search ends although `trials` are asked for; None for all.
    pruning : Pruning
        Which trials are stopped early; none by default.
    """

    trials: int
    epochs: int
    trials_per_round: int = 1
    stop_after: int | None = None
    pruning: Pruning = NO_PRUNING

    @property
    def last_trial(self) -> int:
        """Trials of each search that are run."""
        return min(self.trials, self.stop_after or self.trials)

    @property
    def rounds(self) -> int:
        """Rounds in which they are run."""
        return -(-self.last_trial // self.trials_per_round)


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenStudy:
    """Hold a study with the arm and scope that it searches for.

    Parameters
    ----------
    arm, scope, study : Arm, Scope, Study
    equal_priors : bool
        Whether the scope's priors count as equal.
    epochs : int
        Of the search's members: the schedule of every member of this study.
    """

    arm: Arm
    scope: Scope
    study: Study
    equal_priors: bool
    epochs: int

    def own_numbers(self, parameters: Parameters) -> list[str]:
        """Name the parameters that are the arm's own, and not re-tuned inside every arm."""
        searched = self.arm.search
        # A vector has one parameter a free direction, `delta_0`, `delta_1` ...
        return [n for n in parameters if n in searched or n.rpartition("_")[0] in searched]

    def member(
        self,
        view: int,
        parameters: Parameters,
        *,
        nuisance: Nuisance,
        folds: Folds,
        key: MemberKey,
        epochs: int,
        keep_logits: bool = False,
        keep_weights: bool = False,
    ) -> Member:
        """Make the member that trains a point of this study on one view.

        `view` and `key.seed` are those of the fold; the arm's treatment of rows and its stream
        of random numbers are applied here.
        """
        given = {**nuisance.defaults, **parameters}
        view = folds.variant(view, self.arm.rows)
        counts = folds.views[view].train_counts
        return Member(
            key=key._replace(seed=key.seed + STREAM_SEEDS * self.arm.stream),
            view=view,
            recipe=self.arm.recipe(counts, parameters, equal_priors=self.equal_priors),
            schedule=self.epochs,
            learning_rate=given["learning_rate"],
            weight_decay=given["weight_decay"],
            epochs=epochs,
            keep_logits=keep_logits,
            keep_weights=keep_weights,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """Hold everything that a search works with; `run` does it.

    Parameters
    ----------
    arms : sequence of Arm
        In the order of the sweep.
    folds : Folds
        Views and scopes.
    nuisance : Nuisance
        What every arm re-tunes.
    objective : Objective
        What is made large.
    budget : Budget
        The same for every arm.
    make_sampler : callable
        See `focalsweep.search.samplers`.
    seed : int
        The sweep's seed, also the members' training seed.
    """

    arms: Sequence[Arm]
    folds: Folds
    nuisance: Nuisance
    objective: Objective
    budget: Budget
    make_sampler: MakeSampler
    seed: int

    @property
    def members_per_round(self) -> int:
        inner = sum(len(scope.inner) for scope in self.folds.scopes)
        return len(self.arms) * inner * min(self.budget.trials_per_round, self.budget.trials)

    def open(self, store: StudyStore) -> list[OpenStudy]:
        """Open one study an arm and scope, arms inside scopes."""
        studies = []
        for scope in self.folds.scopes:
            for arm in self.arms:
                space = arm.space(scope.counts, self.nuisance)
                study = Study(
                    name=f"{arm.name}/{scope.name}",
                    storage=store.storage,
                    space=space,
                    first_trials=arm.first_trials(space, self.nuisance)[: self.budget.trials],
                    make_sampler=self.make_sampler,
                    trials=self.budget.trials,
                    seed=self.seed,
                    make_pruner=self.budget.pruning.make,
                )
                studies.append(
                    OpenStudy(
                        arm=arm,
                        scope=scope,
                        study=study,
                        equal_priors=priors_equal(scope.counts),
                        epochs=self.budget.epochs,
                    )
                )
        return studies

    def run(
        self,
        *,
        store: StudyStore,
        chunks: ChunkStore,
        chunk_size: int,
        progress: Callable[[int], None] = lambda members: None,
        goes_on: Callable[[int], bool] = lambda trials: True,
    ) -> list[OpenStudy]:
        """Run the rounds that are not in the store yet and return the finished studies.

        `goes_on` is asked before every round but the first, with the trials of each study that have
        been told; where it says no, the search ends there, for all studies alike.
        """
        studies = self.open(store)
        # Rounds are committed whole; the last one may hold fewer trials than the others.
        first = -(-len(studies[0].study.finished()) // self.budget.trials_per_round)
        for index in range(self.budget.rounds):
            if index < first:
                progress(self.members_per_round * self.budget.epochs)
                continue
            if index > 0 and not goes_on(index * self.budget.trials_per_round):
                break
            self._round(index, studies, chunks=chunks, size=chunk_size, progress=progress)
            store.commit(studies[-1].study, index + 1)
            chunks.forget(f"round-{index:03d}")
        return studies

    def _round(
        self,
        index: int,
        studies: Sequence[OpenStudy],
        *,
        chunks: ChunkStore,
        size: int,
        progress: Callable[[int], None],
    ) -> None:
        first = index * self.budget.trials_per_round
        numbers = range(first, min(first + self.budget.trials_per_round, self.budget.last_trial))
        asked = [(open_, n, open_.study.ask(n)) for n in numbers for open_ in studies]
        members = [
            open_.member(
                view,
                parameters,
                nuisance=self.nuisance,
                folds=self.folds,
                key=MemberKey(open_.study.name, number, fold, self.seed),
                epochs=self.budget.epochs,
            )
            for open_, number, parameters in asked
            for fold, view in enumerate(open_.scope.inner)
        ]
        # Members of one view next to each other: they share batch orders and initial weights.
        members.sort(key=lambda member: member.view)
        eval_rows = self._eval_rows()
        over: dict[TrialKey, Outcome] = {}

        def value(open_: OpenStudy, records: Sequence[MemberRecord]) -> Outcome:
            return pooled(records, rows=eval_rows[open_.scope.name], objective=self.objective)

        def look(
            epoch: int, trials: Mapping[TrialKey, Sequence[MemberRecord]]
        ) -> Collection[TrialKey]:
            for open_, number, _ in asked:
                key = open_.study.name, number
                if key in trials:
                    outcome = self._at_rung(open_, number, value(open_, trials[key]), epoch=epoch)
                    if outcome is not None:
                        over[key] = outcome
            return over.keys()

        trained = train_by_rungs(
            f"round-{index:03d}",
            members,
            rungs=self.budget.pruning.rungs,
            look=look,
            chunks=chunks,
            size=size,
            progress=progress,
        )
        for open_, number, _ in asked:
            key = open_.study.name, number
            open_.study.tell(number, over[key] if key in over else value(open_, trained[key]))

    def _at_rung(
        self, open_: OpenStudy, number: int, so_far: Outcome, *, epoch: int
    ) -> Outcome | None:
        """Return what a trial showed if it ends at this rung, None if it goes on."""
        if so_far.value is None:
            return so_far
        if not open_.study.is_losing(number, so_far.value, epoch=epoch):
            return None
        return replace(
            so_far,
            value=None,
            log_loss=math.nan,
            standard_error=0.0,
            pruned=f"{self.budget.pruning.name} stopped it after epoch {epoch} of "
            f"{self.budget.epochs}, worth {so_far.value:.4f} by then",
        )

    def _eval_rows(self) -> Mapping[str, Sequence[float]]:
        return {
            scope.name: [self.folds.views[view].eval_mass for view in scope.inner]
            for scope in self.folds.scopes
        }


def pooled(
    records: Sequence[MemberRecord], *, rows: Sequence[float], objective: Objective
) -> Outcome:
    """Value a trial: pool its folds' counts, score every epoch, take the best epoch.

    Of epochs that are worth the same it is the one with the smallest log-loss.

    At a rung the same says what the trial would be worth if it ended there.

    Parameters
    ----------
    records : sequence of MemberRecord
        One an inner fold, in the order of the folds.
    rows : sequence of float
        Evaluation rows of each fold, or what they weigh.
    objective : Objective
        From pooled counts to a utility; folds are never scored one by one, so a class that is
        missing from one fold's evaluation rows does no harm. The standard error alone reads folds
        one by one: it says how much they differ.
    """
    failure = next((record.failure for record in records if record.failure), None)
    confusion = np.sum([record.confusion for record in records], axis=0)
    log_loss = np.average([record.log_loss for record in records], axis=0, weights=rows)
    curve = objective.utility(confusion=counts_of(confusion), log_loss=log_loss)
    if failure is None and not np.isfinite(curve).all():
        bad = np.flatnonzero(~np.isfinite(curve))[0]
        failure = f"the validation {objective.label} was not finite in epoch {bad + 1}"
    if failure is not None:
        return Outcome(value=None, epochs=0, curve=(), failure=failure, trained=len(curve))
    best = best_of(curve, log_loss)
    return Outcome(
        value=float(curve[best]),
        epochs=best + 1,
        log_loss=float(log_loss[best]),
        curve=tuple(float(value) for value in curve),
        trained=len(curve),
        standard_error=_standard_error(
            objective.utility(
                confusion=counts_of(np.stack([record.confusion[best] for record in records])),
                log_loss=np.stack([record.log_loss[best] for record in records]),
            )
        ),
    )


def _standard_error(utilities: NDArray[np.float64]) -> float:
    """Return the standard error of the mean over folds, 0 for a single one."""
    # A fold without evaluation rows has no score of its own.
    utilities = utilities[np.isfinite(utilities)]
    if len(utilities) < 2:
        return 0.0
    return float(np.std(utilities, ddof=1) / np.sqrt(len(utilities)))
