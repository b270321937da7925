"""One sweep from plan to verdict: search, refit, references, evidence."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import keras
import pandas as pd
from rich.console import Console

from focalsweep.config.target import build
from focalsweep.errors import UserError
from focalsweep.evidence.assess import assess
from focalsweep.evidence.comparison import VerdictRule
from focalsweep.evidence.references import score_references
from focalsweep.evidence.refit import refit
from focalsweep.evidence.result import BudgetFacts, EvaluationFacts, SweepResult
from focalsweep.prepare import Plan
from focalsweep.progress import SweepProgress, in_words
from focalsweep.provenance import commit, versions
from focalsweep.report.snippet import keras_snippet
from focalsweep.search.chunk_store import ChunkStore
from focalsweep.search.rounds import Search
from focalsweep.search.studies import StudyStore
from focalsweep.search.tracker import Tracker
from focalsweep.search.trials_table import trials_table
from focalsweep.stopwatch import Stopwatch
from focalsweep.training.calibration import seconds_per_member_epoch
from focalsweep.training.choice import make_trainer
from focalsweep.training.optimizer import Optimizer


def run_sweep(
    plan: Plan,
    folder: Path,
    *,
    console: Console,
    command: str,
    stopwatch: Stopwatch,
    tracker: Tracker,
) -> tuple[SweepResult, pd.DataFrame]:
    """Train and judge a planned sweep; what is in `folder` already is not trained again.

    Parameters
    ----------
    plan : Plan
        From `focalsweep.prepare`.
    folder : Path
        The run folder, held by this process.
    console : Console
        Where progress shows.
    command : str
        What the user typed, for the record.
    stopwatch : Stopwatch
        Goes on from the time that reading the data took.
    tracker : Tracker
        Prepared while models train.

    Returns
    -------
    result, trials : SweepResult and DataFrame
        Everything found, and every trial of every study.
    """
    config, evaluation = plan.config, plan.evaluation
    with stopwatch.phase("compile"):
        trainer, message = make_trainer(
            build_model=partial(_build_model, plan),
            views=plan.folds.views,
            optimizer=Optimizer(kind=config.optimizer.kind, momentum=config.optimizer.momentum),
            batch_size=plan.batch_size,
            scores_log_loss=not plan.objective.uses_decisions,
            softened=any(arm.softens(plan.folds.final.counts) for arm in plan.arms),
        )
        if message:
            console.print(message)
        search = Search(
            arms=plan.arms,
            folds=plan.folds,
            nuisance=plan.nuisance,
            objective=plan.objective,
            budget=plan.budget,
            make_sampler=plan.make_sampler,
            seed=config.seed,
        )
        chunk_size = trainer.chunk_size(search.members_per_round)
        member_seconds = seconds_per_member_epoch(trainer, chunk_size=chunk_size)
    search_members = search.members_per_round * plan.budget.rounds
    refit_members = len(plan.arms) * sum(
        len(scope.inner) + (evaluation.refit_seeds if scope.refit is not None else 0)
        for scope in plan.folds.scopes
    )
    epochs = plan.budget.epochs
    console.print(
        f"Training {search_members + refit_members:,} models for up to {epochs} epochs: about "
        f"{in_words(member_seconds * epochs * (search_members + refit_members))}"
        + (f", capped at {config.minutes:g} min of search." if config.minutes else ".")
    )
    # Not before: it would compete with what was just measured.
    tracker.prepare()
    store = StudyStore(folder / "studies.journal")
    chunks = ChunkStore(folder / "chunks", trainer)
    with SweepProgress(
        console, search_epochs=search_members * epochs, refit_epochs=refit_members * epochs
    ) as progress:
        with stopwatch.phase("search"):
            studies = search.run(
                store=store, chunks=chunks, chunk_size=chunk_size, progress=progress.trained
            )
        with stopwatch.phase("refit"):
            progress.say("refit")
            chosen = refit(
                studies,
                folds=plan.folds,
                nuisance=plan.nuisance,
                chunks=chunks,
                chunk_size=chunk_size,
                seed=config.seed,
                n_seeds=evaluation.refit_seeds,
                progress=progress.trained,
            )
        with stopwatch.phase("references"):
            progress.say("scikit-learn references")
            references = (
                score_references(
                    [plan.folds.views[c.refit] for c in plan.folds.outer if c.refit is not None],
                    evaluation=evaluation,
                    objective=plan.objective,
                )
                if config.references
                else ()
            )
        with stopwatch.phase("evidence"):
            progress.say("evidence")
            assessment = assess(
                chosen,
                folds=plan.folds,
                evaluation=evaluation,
                objective=plan.objective,
                rule=VerdictRule(
                    smallest_difference=config.verdict.smallest_difference,
                    regrettable_difference=config.verdict.regrettable_difference,
                    confidence=config.verdict.confidence,
                ),
                seed=config.seed,
            )
    trials = trials_table(studies)
    winner = next(arm for arm in assessment.arms if arm.name == assessment.verdict.arm)
    result = SweepResult(
        name=config.name,
        question=config.question,
        objective=config.objective,
        dataset=plan.facts,
        evaluation=EvaluationFacts(
            kind=evaluation.kind,
            outer_folds=evaluation.n_outer,
            inner_folds=evaluation.inner_folds,
            refit_seeds=evaluation.refit_seeds,
            test_rows=round(
                sum(len(c.test_labels) for c in chosen) / (evaluation.n_outer * len(plan.arms))
            ),
        ),
        budget=BudgetFacts(
            trials=int(trials.groupby(["arm", "fold"]).size().min()),
            epochs=epochs,
            batch_size=plan.batch_size,
            members=len(trials) * evaluation.inner_folds + refit_members,
        ),
        arms=assessment.arms,
        left_out=plan.left_out,
        references=references,
        comparisons=assessment.comparisons,
        verdict=assessment.verdict,
        snippet=keras_snippet(
            winner.best,
            winner.family,
            class_names=plan.dataset.class_names,
            class_counts=plan.folds.final.counts.tolist(),
            optimizer=config.optimizer.kind,
            batch_size=plan.batch_size,
            with_decision_weights=assessment.verdict.decision == "use_decision_weights",
            momentum=config.optimizer.momentum,
        ),
        seconds={**stopwatch.seconds, "kernel": trainer.kernel_seconds},
        seed=config.seed,
        command=command,
        versions=versions(),
        commit=commit(),
    )
    return result, trials


def check_model(plan: Plan) -> None:
    """Build the model once, before anything is written.

    Raises
    ------
    UserError
        If a parameter of the model is unknown, missing, or refused by Keras.
    """
    _build_model(plan, plan.folds.views[0].features.shape[1])


def _build_model(plan: Plan, n_features: int) -> keras.Model:
    try:
        return build(plan.config.model, n_features=n_features, n_classes=plan.dataset.n_classes)
    except ValueError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(f"The `model` cannot be built as configured: {reason}.") from None
