"""One sweep from plan to verdict: search, refit, references, evidence."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rich.console import Console

from focalsweep.evidence.assess import assess
from focalsweep.evidence.budget_curve import Estimator
from focalsweep.evidence.facts import BudgetFacts, EvaluationFacts
from focalsweep.evidence.keep_models import keep_models
from focalsweep.evidence.model_facts import MODELS_FOLDER
from focalsweep.evidence.pruning_facts import pruning_facts
from focalsweep.evidence.references import score_references
from focalsweep.evidence.result import SweepResult
from focalsweep.evidence.shortfall import cut_caution, shortfall, tried
from focalsweep.prepare import Plan
from focalsweep.procedure import (
    model_builder,
    search_and_refit,
    trainer_of,
    without_suspects,
    work_of,
)
from focalsweep.progress import SweepProgress, in_words
from focalsweep.provenance import commit, versions
from focalsweep.report.snippet import keras_snippet
from focalsweep.run_folder import begin
from focalsweep.search.row_weights import SNIPPET_COMMENT, weighs_alike
from focalsweep.search.task import task_of
from focalsweep.search.tracker import Tracker
from focalsweep.search.trials_table import trials_table
from focalsweep.stopwatch import Stopwatch
from focalsweep.time_limit.pace import counted_pace
from focalsweep.time_limit.round_clock import RoundClock
from focalsweep.time_limit.schedule import Schedule
from focalsweep.training.calibration import seconds_per_member_epoch

RANDOM_SAMPLER = "focalsweep.search.samplers.random"
"""Its trials are independent, so budget curves can be averaged over all orders of them, unless
which of them end early depends on that order."""


def run_sweep(
    schedule: Schedule,
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
    schedule : Schedule
        The plan that is carried out, from `focalsweep.time_limit.schedule`.
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
    plan, deadline = schedule.plan, schedule.deadline
    config, evaluation = plan.config, plan.evaluation
    if plan.pending_treatments:
        console.print("Looking for suspect labels in the training rows of every fold ...")
        with stopwatch.phase("suspects"):
            plan = without_suspects(plan, folder)
    with stopwatch.phase("compile"):
        trainer, message = trainer_of(plan)
        console.print(message, markup=False)
        work = work_of(plan, trainer)
        epochs = plan.budget.epochs
        if schedule.pace is None:
            member_seconds = seconds_per_member_epoch(trainer, chunk_size=work.chunk_size)
            training = member_seconds * epochs * work.members
        else:
            training = schedule.pace.training_seconds(schedule.carried_out)
        after = (schedule.pace or counted_pace(plan)).seconds_after_training(schedule.carried_out)
    console.print(
        f"Training {work.members:,} models for up to {epochs} epochs: about {in_words(training)}, "
        f"and {in_words(after)} for references, evidence and report"
        + (f", less what {plan.budget.pruning.name} saves." if plan.budget.pruning.rungs else ".")
    )
    # Not before: it would compete with what was just measured.
    tracker.prepare()
    with SweepProgress(
        console,
        search_epochs=work.search_members * epochs,
        refit_epochs=work.refit_members * epochs,
        deadline=deadline,
    ) as progress:
        clock = RoundClock(schedule)

        def goes_on(trials: int) -> bool:
            nonlocal schedule
            if clock.has_time():
                return True
            schedule = schedule.but(trials=trials)
            begin(folder, schedule.carried_out)
            progress.shorten(work.search_members * epochs * trials // plan.budget.last_trial)
            return False

        studies, chosen = search_and_refit(
            plan, trainer, folder, stopwatch=stopwatch, progress=progress, goes_on=goes_on
        )
        if schedule.carried_out.references and not clock.has_time_for_references():
            schedule = schedule.but(references=False)
            begin(folder, schedule.carried_out)
        with stopwatch.phase("references"):
            progress.say("scikit-learn references")
            references = (
                score_references(
                    [plan.folds.views[c.refit] for c in plan.folds.outer if c.refit is not None],
                    evaluation=evaluation,
                    objective=plan.objective,
                    groups=plan.folds.test_groups(plan.folds.outer[0]),
                )
                if schedule.carried_out.references
                else ()
            )
        with stopwatch.phase("evidence"):
            progress.say("evidence")
            trials = trials_table(studies)
            done = tried(studies, asked=plan.budget.trials, evaluation=evaluation)
            assessment = assess(
                studies,
                chosen,
                trials,
                dataset=plan.dataset,
                folds=plan.folds,
                evaluation=evaluation,
                nuisance=plan.nuisance,
                objective=plan.objective,
                rule=plan.rule,
                estimator=_estimator(plan),
                classes=plan.facts.classes,
                priors=plan.prior_scenarios,
                references=references,
                shortfall=shortfall(
                    done,
                    plan.budget_rule,
                    minutes=clock.minutes_for_all(),
                    limited=evaluation.n_outer < plan.asked.n_outer,
                ),
                cut=cut_caution(done, given_up=schedule.given_up),
                seed=config.seed,
            )
    if plan.folds.whole is not None:
        with stopwatch.phase("models"):
            diverged = keep_models(
                chosen,
                folds=plan.folds,
                dataset=plan.dataset,
                objective=plan.objective,
                build_model=model_builder(plan),
                into=folder / MODELS_FOLDER,
            )
        for name in diverged:
            console.print(f"No model of `{name}` is kept: its training on all rows diverged.")
    winner = next(arm for arm in assessment.arms if arm.name == assessment.verdict.arm)
    result = SweepResult(
        name=config.name,
        question=config.question,
        objective=plan.objective.name,
        task=task_of(plan.dataset),
        dataset=plan.facts,
        evaluation=EvaluationFacts(
            kind=evaluation.kind,
            outer_folds=evaluation.n_outer,
            inner_folds=evaluation.inner_folds,
            refit_seeds=evaluation.refit_seeds,
            test_rows=round(
                sum(len(c.test_labels) for c in chosen) / (evaluation.n_outer * len(plan.arms))
            ),
            reasons=plan.evaluation_reasons,
        ),
        budget=BudgetFacts(
            trials=done.told,
            trials_asked=done.asked,
            epochs=epochs,
            batch_size=plan.batch_size,
            members=len(trials) * evaluation.inner_folds + work.refit_members,
            given_up=schedule.given_up,
            again=tuple(schedule.again),
            minutes=deadline.given,
            carried_out=schedule.carried_out,
            pruning=pruning_facts(
                trials,
                pruning=plan.budget.pruning,
                epochs=epochs,
                inner_folds=evaluation.inner_folds,
            ),
        ),
        arms=assessment.arms,
        left_out=plan.left_out,
        references=references,
        surfaces=assessment.surfaces,
        folklore_cost=assessment.folklore_cost,
        detectable=assessment.detectable,
        suspects=assessment.suspects,
        prior_scenarios=plan.prior_scenarios,
        costs=plan.costs,
        warnings=assessment.warnings,
        comparisons=assessment.comparisons,
        verdict=assessment.verdict,
        snippet=("" if weighs_alike(plan.dataset) else SNIPPET_COMMENT)
        + keras_snippet(
            winner.best,
            winner.family,
            class_names=plan.dataset.class_names,
            class_counts=plan.folds.final.counts.tolist(),
            optimizer=config.optimizer.kind,
            batch_size=plan.batch_size,
            costs=plan.costs,
            momentum=config.optimizer.momentum,
        ),
        seconds={**stopwatch.seconds, "kernel": trainer.kernel_seconds},
        seed=config.seed,
        command=command,
        versions=versions(),
        commit=commit(),
    )
    return result, trials


def _estimator(plan: Plan) -> Estimator:
    independent = plan.config.sampler.target == RANDOM_SAMPLER and not plan.budget.pruning.rungs
    return "tang2020" if independent else "order"
