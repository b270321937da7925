"""Fill every optional part of a hand-made result, so that each section of the page appears."""

from __future__ import annotations

import numpy as np

from focalsweep.evidence.arm_facts import (
    ArmResult,
    Calibration,
    GradientShares,
    PrecisionRecall,
    Probabilities,
    ReliabilityBin,
    Search,
)
from focalsweep.evidence.facts import (
    ClassFacts,
    Diagnosis,
    Overlap,
    PriorScenario,
    Suspect,
    Suspects,
)
from focalsweep.evidence.precision_recall import MAX_CLASSES
from focalsweep.evidence.result import Detectable, FolkloreCost, Surface, SweepResult


def with_everything(result: SweepResult) -> SweepResult:
    rng = np.random.default_rng(len(result.arms))
    classes = result.dataset.classes
    shares = np.array([facts.share for facts in classes])
    arms = tuple(_filled(rng, arm, classes) for arm in result.arms)
    names = [facts.name for facts in classes]
    overlaps = tuple(
        Overlap(
            name=facts.name,
            effective_number=facts.count * 0.9,
            neighbours=float(rng.uniform(0.05, 1 - facts.share)),
            expected=1 - facts.share,
        )
        for facts in classes
    )
    diagnosis = Diagnosis(
        classes=overlaps,
        duplicates=14,
        conflicting=5,
        sampled_rows=1_200,
        text=(
            "5 rows have the same columns as another row and another label: no model can get both.",
            f"Class {names[0]} is strewn among the others almost as if at random.",
        ),
    )
    suspects = tuple(
        Suspect(
            row=17 * i,
            given=names[i % len(names)],
            suggested=names[(i + 1) % len(names)],
            given_probability=0.02 + 0.001 * i,
            suggested_probability=0.95 - 0.002 * i,
        )
        for i in range(50)
    )
    uniform = tuple(np.full(len(names), 1 / len(names)).tolist())
    return result.model_copy(
        update={
            "arms": arms,
            "dataset": result.dataset.model_copy(
                update={"diagnosis": diagnosis, "label_noise": 0.1}
            ),
            "surfaces": tuple(
                Surface(
                    arm=arm.name,
                    noise=0.016,
                    gamma_low=0.0,
                    gamma_high=2.3,
                    text=f"`{arm.name}`: any gamma in [0, 2.3] is within noise (0.016) of the "
                    "best.",
                )
                for arm in arms
                if "gamma" in arm.best.parameters
            ),
            "folklore_cost": FolkloreCost(
                arm=result.verdict.arm,
                mean=0.034,
                interval={"low": 0.011, "high": 0.057},
                text="Copying gamma 2 and alpha 0.25 costs 0.034 macro-F1 (0.011 to 0.057) here.",
            ),
            "detectable": Detectable(
                difference=0.091,
                smallest_class=min(facts.count for facts in classes),
                rows_needed=210,
                text="23 minority rows: differences below 0.091 cannot be seen.",
            ),
            "suspects": Suspects(
                count=73,
                share=0.049,
                rows=suspects,
                by_class=tuple(int(n) for n in rng.integers(0, 9, len(names))),
                text="73 labels (4.9%) are contradicted by the out-of-fold predictions.",
            ),
            "prior_scenarios": (
                PriorScenario(name="balanced", priors=uniform),
                PriorScenario(name="screening", priors=tuple(shares[::-1].tolist())),
            ),
            "costs": tuple(
                tuple(0.0 if i == j else 1.0 + i for j in range(len(names)))
                for i in range(len(names))
            ),
            "warnings": (
                "The smallest class has 9 rows: one of five folds has one or two to test on.",
                "`smote` chose `strength` at an edge of its range (strength.high).",
            ),
        }
    )


def _filled(rng: np.random.Generator, arm: ArmResult, classes: tuple[ClassFacts, ...]) -> ArmResult:
    correctable = arm.family != "resampling"
    best = arm.inner_score - 0.06 * np.exp(-np.arange(16) / 4)
    difficulty = np.linspace(2.0, 0.2, 10) ** (2 if arm.family in ("focal", "folklore") else 1)
    rows = np.linspace(0.5, 2.0, 10)
    pulls = rng.uniform(0.5, 1.5, len(classes)) * [facts.share**0.5 for facts in classes]
    return arm.model_copy(
        update={
            "probabilities": Probabilities(
                raw=_calibration(rng, 1.1),
                corrected=_calibration(rng, 0.9) if correctable else None,
                scaled=_calibration(rng, 0.85),
                temperature=1.3,
                refusal=None if correctable else "Synthetic rows have no known shares.",
                reliability_raw=_bins(rng, 0.15),
                reliability_corrected=_bins(rng, 0.03) if correctable else (),
            ),
            "precision_recall": tuple(
                _curve(rng, facts)
                for facts in classes
                # As in a sweep: the rarest twelve.
                if facts in sorted(classes, key=lambda each: each.count)[:MAX_CLASSES]
            ),
            "gradient": GradientShares(
                by_class=tuple((pulls / pulls.sum()).tolist()),
                by_difficulty=tuple((difficulty / difficulty.sum()).tolist()),
                rows_by_difficulty=tuple((rows / rows.sum()).tolist()),
                suspects=float(rng.uniform(0.05, 0.3)),
            ),
            "search": Search(
                best_so_far=tuple(best.tolist()),
                best_so_far_low=tuple((best - 0.01).tolist()),
                best_so_far_high=tuple((best + 0.01).tolist()),
                estimator="order",
                failed_share=0.01,
                at_edge=("strength.high",) if arm.name == "smote" else (),
                optimism=0.021,
                worse_than_control=arm.name == "smote_enn",
            ),
            "prior_scores": {
                "balanced": arm.decision_score - 0.05 + float(rng.normal(0, 0.01)),
                "screening": arm.decision_score - 0.11 + float(rng.normal(0, 0.01)),
            },
        }
    )


def _calibration(rng: np.random.Generator, log_loss: float) -> Calibration:
    return Calibration(
        log_loss=log_loss + float(rng.normal(0, 0.02)),
        brier_score=0.4 * log_loss,
        calibration_error=0.05 * log_loss,
    )


def _bins(rng: np.random.Generator, gap: float) -> tuple[ReliabilityBin, ...]:
    confidence = np.linspace(0.2, 0.99, 15)
    accuracy = np.clip(confidence - gap + rng.normal(0, 0.02, 15), 0, 1)
    return tuple(
        ReliabilityBin(confidence=float(said), accuracy=float(right), share=1 / 15)
        for said, right in zip(confidence, accuracy, strict=True)
    )


def _curve(rng: np.random.Generator, facts: ClassFacts) -> PrecisionRecall:
    recall = np.linspace(0, 1, 21)
    precision = 1 - (1 - facts.share) * recall ** rng.uniform(0.5, 3.0)
    return PrecisionRecall(
        name=facts.name,
        average_precision=float(precision.mean()),
        recall=tuple(recall.tolist()),
        precision=tuple(precision.tolist()),
    )
