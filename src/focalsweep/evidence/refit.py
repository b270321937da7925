"""From chosen points to predictions: the members that are trained after the search.

For each arm and scope the chosen trial's point is trained twice over: on the inner folds, for
exactly the epochs that the pooled curve chose, to get out-of-fold logits for the decision weights;
and, in outer folds, on all of the scope's rows with seeds that the search never used, to be scored
on the outer test rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focalsweep.config.schema import Selection
from focalsweep.errors import UserError
from focalsweep.losses.recipe import Point, Recipe
from focalsweep.search.arm import Arm, Nuisance
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.folds import Folds, Scope
from focalsweep.search.rounds import OpenStudy
from focalsweep.search.selection import choose, neutral_point
from focalsweep.search.studies import Outcome, Trial
from focalsweep.training.member import Member, MemberKey, MemberRecord

Logits = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """Hold what one study chose and what the chosen point predicts.

    Parameters
    ----------
    arm, scope : Arm, Scope
        The study's.
    trial : Trial
        The best one, or by another rule of `focalsweep.search.selection`.
    recipe : Recipe
        Its recipe, made from the class counts of all the scope's rows.
    point : LossPoint or SigmoidPoint
        The loss of the stage that its epochs end in.
    failed_trials : int
        Trials of the study without a value.
    inner_logits : array of shape (rows, classes), or (rows, labels)
        Out-of-fold logits z, inner fold after inner fold.
    inner_labels : int array of shape (rows,), or (rows, labels)
    inner_members : tuple of Member
        The members behind them, one an inner fold.
    inner_weights, test_weights : array of shape (rows,), optional
        What the rows of `inner_labels` and of `test_labels` count for; None where all count once.
    test_logits : array of shape (seeds, test rows, classes), or (seeds, test rows, labels)
        Empty for the scope of all rows.
    test_labels : int array of shape (test rows,), or (test rows, labels)
    refit_members : tuple of Member
        The members behind them, one a seed.
    final_member : Member, optional
        For the scope of all rows: the member that trained on all of them with the first refit
        seed, to be kept and used; None where no models are kept.
    final_weights : tuple of float arrays, optional
        Its weights; None where it diverged.
    """

    arm: Arm
    scope: Scope
    trial: Trial
    recipe: Recipe
    point: Point
    failed_trials: int
    inner_logits: Logits
    inner_labels: NDArray[np.integer]
    inner_members: tuple[Member, ...]
    test_logits: Logits
    test_labels: NDArray[np.integer]
    refit_members: tuple[Member, ...]
    final_member: Member | None = None
    final_weights: tuple[NDArray[np.floating], ...] | None = None
    inner_weights: NDArray[np.float64] | None = None
    test_weights: NDArray[np.float64] | None = None

    @property
    def inner_score(self) -> float:
        """Utility of the chosen trial, pooled over inner folds."""
        value = self.trial.outcome.value
        if value is None:
            raise ValueError(f"trial {self.trial.number} of `{self.arm.name}` failed")
        return value


def refit_seeds(seed: int, *, number: int) -> list[int]:
    """Return seeds of the refits: disjoint from the search's seed."""
    return [seed + 1 + i for i in range(number)]


def refit(
    studies: Sequence[OpenStudy],
    *,
    folds: Folds,
    nuisance: Nuisance,
    chunks: ChunkStore,
    chunk_size: int,
    seed: int,
    n_seeds: int,
    selection: Selection = "best",
    progress: Callable[[int], None] = lambda members: None,
) -> list[Chosen]:
    """Train every study's chosen point and collect what it predicts.

    Parameters
    ----------
    studies : sequence of OpenStudy
        Finished.
    folds, nuisance, chunks, chunk_size
        As in the search.
    seed : int
        The search's training seed, used again on the inner folds.
    n_seeds : int
        Refits an outer fold.
    selection : {"best", "one_standard_error"}
        Which trial a study stands for, see `focalsweep.search.selection.choose`.
    progress : callable
        Told of member-epochs trained.

    Raises
    ------
    UserError
        When no trial of a study was trained to its end.
    """
    chosen = {
        open_.study.name: _choose(open_, nuisance=nuisance, selection=selection)
        for open_ in studies
    }
    members: list[Member] = []
    for open_ in studies:
        name, trial = open_.study.name, chosen[open_.study.name]
        inner = [(view, fold, seed) for fold, view in enumerate(open_.scope.inner)]
        outer = (
            [(open_.scope.refit, -1, s) for s in refit_seeds(seed, number=n_seeds)]
            if open_.scope.refit is not None
            else []
        )
        members += [
            open_.member(
                view,
                trial.parameters,
                nuisance=nuisance,
                folds=folds,
                key=MemberKey(name, trial.number, fold, member_seed),
                epochs=trial.outcome.epochs,
                keep_logits=True,
            )
            for view, fold, member_seed in [*inner, *outer]
        ]
        if open_.scope.refit is None and folds.whole is not None:
            members.append(
                open_.member(
                    folds.whole,
                    trial.parameters,
                    nuisance=nuisance,
                    folds=folds,
                    key=MemberKey(name, trial.number, -1, refit_seeds(seed, number=1)[0]),
                    epochs=trial.outcome.epochs,
                    keep_weights=True,
                )
            )
    # Members of equally many epochs together: a chunk trains as long as its longest member.
    members.sort(key=lambda member: (member.epochs, member.view))
    records = chunks.train("refit", members, size=chunk_size, each_epoch=False, progress=progress)
    by_study: dict[str, list[tuple[Member, MemberRecord]]] = {}
    for member, record in zip(members, records, strict=True):
        by_study.setdefault(member.key.study, []).append((member, record))
    return [
        _collect(open_, chosen[open_.study.name], by_study[open_.study.name], folds=folds)
        for open_ in studies
    ]


def _choose(open_: OpenStudy, *, nuisance: Nuisance, selection: Selection) -> Trial:
    trials = open_.study.finished()
    space = open_.arm.space(open_.scope.counts, nuisance)
    neutral = neutral_point(space, open_.arm.search)
    chosen = choose(trials, space=space, neutral=neutral, selection=selection)
    if chosen is None:
        raise UserError(_nothing_to_choose(open_.arm.name, [trial.outcome for trial in trials]))
    return chosen


def _nothing_to_choose(arm: str, outcomes: Sequence[Outcome]) -> str:
    failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    pruned = [outcome.pruned for outcome in outcomes if outcome.pruned is not None]
    if not pruned:
        return (
            f"Every trial of the arm `{arm}` failed (the last: {failures[-1]}); lower "
            "`optimizer.search.learning_rate.high` or narrow the arm's own ranges."
        )
    counts = f"{len(pruned)} of {len(outcomes)} trials were pruned" + (
        f" and {len(failures)} failed" if failures else ""
    )
    return (
        f"No trial of the arm `{arm}` was trained to its last epoch: {counts} (the last that was "
        f"pruned: {pruned[-1]}); use a pruner that leaves some, or `pruner=none`."
    )


def _collect(
    open_: OpenStudy,
    trial: Trial,
    trained: Sequence[tuple[Member, MemberRecord]],
    *,
    folds: Folds,
) -> Chosen:
    ordered = sorted(trained, key=lambda pair: (pair[0].key.fold, pair[0].key.seed))
    inner = [(m, r) for m, r in ordered if m.key.fold >= 0]
    outer = [(m, r) for m, r in ordered if m.key.fold < 0 and not m.keep_weights]
    final_member, final = next(((m, r) for m, r in ordered if m.keep_weights), (None, None))
    views = folds.views
    n_classes = len(open_.scope.counts)
    refit_view = open_.scope.refit
    inner_weights = [w for view in open_.scope.inner if (w := views[view].eval_weights) is not None]
    recipe = open_.arm.recipe(open_.scope.counts, trial.parameters, equal_priors=open_.equal_priors)
    return Chosen(
        arm=open_.arm,
        scope=open_.scope,
        trial=trial,
        recipe=recipe,
        point=recipe.end(trial.outcome.epochs, epochs=open_.epochs).loss,
        failed_trials=sum(t.outcome.failure is not None for t in open_.study.finished()),
        inner_logits=np.concatenate([_usable(record) for _, record in inner]),
        inner_labels=np.concatenate([views[view].eval_labels for view in open_.scope.inner]),
        inner_members=tuple(member for member, _ in inner),
        test_logits=np.stack([_usable(record) for _, record in outer])
        if outer
        else np.empty((0, 0, n_classes), np.float32),
        test_labels=views[refit_view].eval_labels
        if refit_view is not None
        else np.empty(0, np.int32),
        refit_members=tuple(member for member, _ in outer),
        final_member=final_member,
        final_weights=None if final is None else _usable_weights(final),
        inner_weights=np.concatenate(inner_weights) if inner_weights else None,
        test_weights=None if refit_view is None else views[refit_view].eval_weights,
    )


def _usable_weights(record: MemberRecord) -> tuple[NDArray[np.floating], ...] | None:
    """Return a record's weights; None of a member that diverged."""
    if record.failure is not None or record.weights is None:
        return None
    finite = all(np.isfinite(weight).all() for weight in record.weights)
    return record.weights if finite else None


def _usable(record: MemberRecord) -> Logits:
    """Return a record's logits; a refit that diverged predicts nothing: all classes alike."""
    if record.logits is None:
        raise RuntimeError(f"{record.key} was trained without keeping its logits")
    # The last step of all may diverge too, which no training loss has seen.
    diverged = record.failure is not None or not np.isfinite(record.logits).all()
    return np.zeros_like(record.logits) if diverged else record.logits
