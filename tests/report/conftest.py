"""Results as a sweep would write them, drawn from a seed: the report is a function of these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from focalsweep.config.arm_schema import Family
from focalsweep.evidence.arm_facts import ArmResult, BestPoint, Difference, FoldScore
from focalsweep.evidence.facts import (
    BudgetFacts,
    ClassFacts,
    DatasetFacts,
    EvaluationFacts,
    Interval,
)
from focalsweep.evidence.result import Comparison, LeftOut, ReferenceResult, SweepResult, Verdict
from focalsweep.report.snippet import keras_snippet
from tests.report.everything import with_everything
from tests.report.labelled import with_labels


class Made(NamedTuple):
    result: SweepResult
    trials: pd.DataFrame


class ArmSpec(NamedTuple):
    label: str
    family: Family
    searched: tuple[str, ...]
    gain: float


ARMS: dict[str, ArmSpec] = {
    "cross_entropy": ArmSpec("cross-entropy", "cross_entropy", (), 0.0),
    "class_weighted": ArmSpec("class weights, balanced", "class_weights", (), 0.01),
    "class_weighted_tuned": ArmSpec("class weights, tuned power", "class_weights", ("tau",), 0.02),
    "effective_number": ArmSpec("effective number of rows", "class_weights", ("beta_gap",), 0.012),
    "focal_folklore": ArmSpec("focal, gamma 2 and alpha 0.25", "folklore", (), -0.01),
    "focal_gamma": ArmSpec("focal, tuned gamma", "focal", ("gamma",), 0.004),
    "focal_gamma_tau": ArmSpec("focal, tuned gamma and tau", "focal", ("gamma", "tau"), 0.024),
    "focal_gamma_alpha": ArmSpec(
        "focal, tuned gamma and free alpha", "focal", ("gamma", "tau", "delta_0", "delta_1"), 0.022
    ),
    "logit_adjusted": ArmSpec("logit adjustment, tuned tau", "logit_adjustment", ("tau",), 0.021),
    "focal_gamma_vector": ArmSpec("focal, gamma a class", "focal", ("gamma", "drift"), 0.003),
    "vector_scaling": ArmSpec("vector scaling", "logit_adjustment", ("spread", "tau"), 0.018),
    "label_smoothing": ArmSpec("label smoothing", "label_smoothing", ("smoothing",), 0.001),
    "generalised_cross_entropy": ArmSpec("generalised cross-entropy", "robust", ("power",), -0.02),
    "class_balanced_sampling": ArmSpec(
        "class-balanced sampling", "resampling", ("strength",), 0.017
    ),
    "random_over_sampling": ArmSpec("random over-sampling", "resampling", ("strength",), 0.011),
    "smote": ArmSpec("SMOTE", "resampling", ("strength",), 0.013),
    "borderline_smote": ArmSpec("Borderline-SMOTE", "resampling", ("strength",), 0.009),
    "adasyn": ArmSpec("ADASYN", "resampling", ("strength",), 0.008),
    "smote_enn": ArmSpec("SMOTE-ENN", "resampling", ("strength",), -0.03),
    "deferred_class_weighted": ArmSpec(
        "class weights, switched on late", "two_stage", ("tau", "start"), 0.016
    ),
    "two_stage": ArmSpec("last layer re-trained", "two_stage", ("start", "strength"), 0.014),
    "cross_entropy_cosine": ArmSpec("cross-entropy, cosine head", "cosine_head", ("scale",), 0.002),
    "ldam": ArmSpec("LDAM", "margin", ("margin", "scale"), 0.012),
    "ldam_drw": ArmSpec("LDAM, weights switched on late", "margin", ("margin", "start"), 0.015),
    "cross_entropy_cleaned": ArmSpec("cross-entropy, suspects removed", "labels", (), 0.006),
}
BINARY_ARMS: dict[str, ArmSpec] = {
    "binary_cross_entropy": ArmSpec("binary cross-entropy", "cross_entropy", (), 0.0),
    "pos_weighted": ArmSpec("positive weights, balanced", "class_weights", (), 0.01),
    "pos_weighted_tuned": ArmSpec("positive weights, tuned power", "class_weights", ("tau",), 0.02),
    "binary_folklore": ArmSpec("binary focal, gamma 2 and alpha 0.25", "folklore", (), -0.01),
    "binary_focal": ArmSpec("binary focal, tuned gamma", "focal", ("gamma",), 0.004),
    "binary_focal_tau": ArmSpec(
        "binary focal, tuned gamma and tau", "focal", ("gamma", "tau"), 0.024
    ),
    "binary_focal_vector": ArmSpec(
        "binary focal, gamma a label", "focal", ("gamma", "drift"), 0.012
    ),
    "asymmetric": ArmSpec(
        "asymmetric loss", "focal", ("gamma_positive", "gamma_gap", "clip"), 0.015
    ),
    "binary_logit_adjusted": ArmSpec(
        "logit adjustment, tuned tau", "logit_adjustment", ("tau",), 0.018
    ),
}
RANGES = {
    "gamma_positive": (0.0, 2.0),
    "gamma_gap": (0.0, 6.0),
    "clip": (0.01, 0.1),
    "gamma": (0.0, 5.0),
    "tau": (0.0, 1.5),
    "delta_0": (-1.0, 1.0),
    "delta_1": (-1.0, 1.0),
    "drift": (-1.0, 1.0),
    "beta_gap": (1e-4, 1e-1),
    "spread": (0.0, 0.5),
    "smoothing": (0.0, 0.3),
    "power": (0.0, 0.9),
    "strength": (0.0, 1.0),
    "start": (0.3, 0.95),
    "scale": (4.0, 32.0),
    "margin": (0.0, 0.5),
    "learning_rate": (3e-4, 3e-2),
    "weight_decay": (1e-4, 0.3),
}
OUTER_FOLDS, TRIALS, EPOCHS = 10, 16, 20


@pytest.fixture(scope="session")
def make_result() -> Callable[..., Made]:
    return make


@pytest.fixture(scope="session")
def usual() -> Made:
    """Three arms, four classes, failed trials, references: what most tests look at."""
    return make()


@pytest.fixture(scope="session")
def full() -> Made:
    """Three arms and the copied point on four classes, with everything that a result can hold."""
    return make(
        arms=("cross_entropy", "class_weighted_tuned", "focal_folklore", "focal_gamma_tau"),
        everything=True,
    )


@pytest.fixture(scope="session")
def crowded() -> Made:
    """Every arm there is, on twenty-six classes with long names."""
    names = [f"{'a long name of ' if k % 3 == 0 else ''}class {chr(97 + k)}" for k in range(26)]
    return make(classes=26, arms=tuple(ARMS), class_names=names, everything=True)


@pytest.fixture(scope="session")
def few_labels() -> Made:
    """Three labels and three arms of multi-label data, with everything that a result can hold."""
    arms = ("binary_cross_entropy", "pos_weighted_tuned", "binary_focal_tau")
    return make(classes=3, arms=arms, chosen="binary_focal_tau", everything=True, labelled=True)


@pytest.fixture(scope="session")
def many_labels() -> Made:
    """Forty labels with long names, and every arm that multi-label data have."""
    names = [f"{'a long name of ' if k % 3 == 0 else ''}label {k}" for k in range(40)]
    return make(
        classes=40,
        arms=tuple(BINARY_ARMS),
        chosen="asymmetric",
        class_names=names,
        everything=True,
        labelled=True,
    )


def make(
    *,
    classes: int = 4,
    arms: Sequence[str] = ("cross_entropy", "class_weighted_tuned", "focal_gamma_tau"),
    objective: str = "macro_f1",
    decision: str = "use_focal",
    chosen: str = "focal_gamma_tau",
    references: bool = True,
    class_names: Sequence[str] | None = None,
    kind: str = "nested",
    everything: bool = False,
    labelled: bool = False,
) -> Made:
    rng = np.random.default_rng(classes)
    counts = np.maximum(np.round(900 * 0.01 ** (np.arange(classes) / (classes - 1))), 9).astype(int)
    counts = counts[np.argsort(rng.random(classes))]
    prior = counts / counts.sum()
    base = -0.6 if objective in ("log_loss", "cost") else 0.62
    weighted = objective != "log_loss"
    folds = OUTER_FOLDS if kind == "nested" else 1
    results, trials = [], []
    for name in arms:
        arm, rows = _arm(rng, name, prior, counts, base=base, weighted=weighted, folds=folds)
        results.append(arm)
        trials += rows
    by_name = {arm.name: arm for arm in results}
    best = by_name[chosen]
    names = list(class_names or [f"class {chr(97 + k % 26)}{k}" for k in range(classes)])
    result = SweepResult(
        name="quickstart",
        question="Which loss should a small network be trained with on this data?",
        objective=objective,
        task="single_label",
        dataset=DatasetFacts(
            name="yeast",
            origin="UCI Machine Learning Repository, Yeast (Nakai 1996), CC BY 4.0",
            rows=int(counts.sum()),
            columns=8,
            classes=tuple(
                ClassFacts(name=name, count=int(count), share=float(count / counts.sum()))
                for name, count in zip(names, counts, strict=True)
            ),
            imbalance_ratio=float(counts.max() / counts.min()),
            smallest_training_class=int(counts.min() * 0.64),
            profile="none",
            factor=1.0,
            sha256="9f2b7c" + "0" * 58,
            notes=("Class ERL (5 rows) was dropped: `dataset.rare_classes` is drop.",),
            label_noise=0.0,
            multi_label=None,
            diagnosis=None,
        ),
        evaluation=EvaluationFacts(
            kind=kind,
            outer_folds=folds,
            inner_folds=3,
            refit_seeds=3,
            test_rows=int(counts.sum() / 5),
        ),
        budget=BudgetFacts(
            trials=TRIALS, epochs=EPOCHS, batch_size=64, members=6_432, pruning=None
        ),
        arms=tuple(results),
        left_out=(LeftOut(arm="focal_gamma_alpha", reason="Two classes: it equals the tau arm."),),
        references=_references(base) if references else (),
        comparisons=_comparisons(rng, chosen),
        verdict=Verdict(
            decision=decision,
            arm=chosen,
            text="Use focal loss with tuned gamma and tau. On rows that no search had seen it "
            "scored 0.024 macro-F1 above the best other arm (95% interval 0.004 to 0.044).",
            confidence=0.967,
        ),
        snippet=keras_snippet(
            best.best,
            best.family,
            class_names=names,
            class_counts=counts.tolist(),
            optimizer="adamw",
            batch_size=64,
        ),
        seconds={"data": 0.4, "search": 71.3, "refit": 14.8, "references": 3.2, "kernel": 62.0},
        seed=0,
        command="focalsweep sweep --config-name quickstart dataset=yeast",
        versions={"focalsweep": "0.1.0", "tensorflow": "2.21.0", "keras": "3.15.1"},
        commit="2b1c9d0e",
        surfaces=(),
        folklore_cost=None,
        detectable=None,
        suspects=None,
        prior_scenarios=(),
        costs=None,
        warnings=(),
    )
    result = with_everything(result) if everything else result
    return Made(with_labels(result) if labelled else result, pd.DataFrame(trials))


def _draw(rng: np.random.Generator, name: str) -> float:
    low, high = RANGES[name]
    if low > 0:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(rng.uniform(low, high))


def _arm(
    rng: np.random.Generator,
    name: str,
    prior: np.ndarray,
    counts: np.ndarray,
    *,
    base: float,
    weighted: bool,
    folds: int,
) -> tuple[ArmResult, list[dict[str, object]]]:
    spec = ARMS.get(name) or BINARY_ARMS[name]
    rows: list[dict[str, object]] = []
    for fold in [*map(str, range(folds)), "all"]:
        for trial in range(TRIALS):
            failed = trial == 7 and fold in {"2", "all"}
            point = {number: _draw(rng, number) for number in spec.searched}
            distance = sum(
                ((point[n] - centre) / width) ** 2
                for n, centre, width in (("gamma", 1.5, 9.0), ("tau", 0.6, 3.0))
                if n in point
            )
            value = base + spec.gain - distance - abs(rng.normal(0, 0.02))
            rows.append(
                {"arm": name, "fold": fold, "trial": trial}
                | {"state": "failed" if failed else "complete"}
                | {"value": np.nan if failed else value}
                | {"standard_error": np.nan if failed else 0.008}
                | {"epochs": np.nan if failed else int(rng.integers(5, EPOCHS + 1))}
                | {"failure": "loss became NaN in epoch 3" if failed else None}
                | {n: _draw(rng, n) for n in ("learning_rate", "weight_decay")}
                | point
            )
    final = max((r for r in rows if r["fold"] == "all" and r["state"] == "complete"), key=_value)
    parameters = {number: float(final[number]) for number in spec.searched}
    powers = {"class_weighted": 1.0, "effective_number": 0.8}
    tau = parameters.get("tau", powers.get(name, 0.0))
    offset = tau * np.log(prior) if spec.family == "logit_adjustment" else np.zeros(len(prior))
    weight = np.ones(len(prior)) if spec.family == "logit_adjustment" else prior**-tau
    weight = weight / (prior @ weight)
    gamma = 2.0 if spec.family == "folklore" else parameters.get("gamma", 0.0)
    shift = 0.015 if weighted else 0.0
    scores = base + spec.gain + rng.normal(0, 0.02, folds)
    argmax, decided = float(scores.mean()), float(scores.mean() + shift)
    curve = final["value"] - 0.25 * np.exp(-np.arange(1, EPOCHS + 1) / 4.0)
    confusion = _confusion(rng, counts, 0.3 + spec.gain)
    decided_confusion = _confusion(rng, counts, 0.4 + spec.gain)
    difference = Difference(
        against="cross_entropy",
        mean=spec.gain,
        interval=Interval(low=spec.gain - 0.021, high=spec.gain + 0.021),
        p_value=0.021,
        p_holm=0.063,
    )
    arm = ArmResult(
        name=name,
        label=spec.label,
        family=spec.family,
        inner_score=float(final["value"]),
        argmax_score=argmax,
        argmax_interval=Interval(low=argmax - 0.03, high=argmax + 0.03),
        decision_score=decided,
        decision_interval=Interval(low=decided - 0.028, high=decided + 0.031),
        difference=None if spec.family == "cross_entropy" else difference,
        folds=tuple(
            FoldScore(
                fold=fold,
                inner_score=base + 0.02,
                argmax_score=float(scores[fold]),
                decision_score=float(scores[fold] + shift),
                trial=int(rng.integers(TRIALS)),
                epochs=int(rng.integers(5, EPOCHS)),
                parameters={number: _draw(rng, number) for number in spec.searched},
            )
            for fold in range(folds)
        ),
        best=BestPoint(
            trial=int(final["trial"]),
            inner_score=float(final["value"]),
            epochs=int(final["epochs"]),
            parameters=parameters,
            learning_rate=float(final["learning_rate"]),
            weight_decay=float(final["weight_decay"]),
            alpha=tuple(weight.tolist()),
            gamma=(gamma,) * len(prior),
            offset=tuple(offset.tolist()),
            decision_weights=tuple(((prior**-0.4) / (prior**-0.4).mean()).tolist())
            if weighted
            else None,
            curve=tuple(curve.tolist()),
            scale=(),
            margin=(),
            smoothing=0.0,
            power=0.0,
            sampling=0.0,
            switch_epoch=None,
            head="linear",
            head_only=False,
            rows=None,
            expected_cost_temperature=None,
            posterior_weight=None,
            alpha_negative=(),
            gamma_negative=(),
            clip=0.0,
            thresholds=(),
        ),
        confusion=confusion,
        decision_confusion=decided_confusion,
        metrics={"balanced_accuracy": 0.61, "mcc": 0.55, "log_loss_raw": 1.1, "log_loss": 0.9},
        correction="none needed" if gamma == 0 else "moved to the posterior of the data",
        labels=(),
        failed_trials=2,
        probabilities=None,
        precision_recall=(),
        gradient=None,
        search=None,
        prior_scores={},
    )
    return arm, rows


def _confusion(
    rng: np.random.Generator, counts: np.ndarray, skill: float
) -> tuple[tuple[float, ...], ...]:
    """Call a row by its class with a skill, else by a frequent one."""
    shares = skill * np.eye(len(counts)) + (1 - skill) * counts / counts.sum()
    return tuple(
        tuple((rng.multinomial(3 * count, row) / 3).tolist())
        for count, row in zip(counts, shares / shares.sum(axis=1, keepdims=True), strict=True)
    )


def _value(row: dict[str, object]) -> float:
    return float(str(row["value"]))


def _references(base: float) -> tuple[ReferenceResult, ...]:
    names = {
        "logistic_regression": "logistic regression",
        "hist_gradient_boosting_balanced": "histogram gradient boosting, balanced",
    }
    return tuple(
        ReferenceResult(
            name=name,
            label=label,
            score=base - 0.02 * i,
            interval=Interval(low=base - 0.02 * i - 0.03, high=base - 0.02 * i + 0.03),
        )
        for i, (name, label) in enumerate(names.items())
    )


def _comparisons(rng: np.random.Generator, chosen: str) -> tuple[Comparison, ...]:
    questions = (
        ("Is focal loss better than everything else?", "focal", "rivals", 0.024, "better"),
        (
            "Are the rivals better than cross-entropy?",
            "rivals",
            "cross-entropy",
            0.012,
            "undecided",
        ),
        (
            "Are decision weights better than argmax on plain cross-entropy?",
            "decision weights",
            "argmax",
            0.002,
            "not_better",
        ),
    )
    return tuple(
        Comparison(
            question=question,
            left=left,
            right=right,
            left_arms=(chosen,) * OUTER_FOLDS,
            right_arms=("class_weighted_tuned",) * 7 + ("cross_entropy",) * 3,
            differences=tuple(rng.normal(mean, 0.015, OUTER_FOLDS).tolist()),
            mean=mean,
            interval=Interval(low=mean - 0.02, high=mean + 0.02),
            p_better=0.967,
            p_much_better=0.21,
            outcome=outcome,
        )
        for question, left, right, mean, outcome in questions
    )
