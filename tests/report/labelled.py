"""Turn a hand-made result into one of multi-label data, with what only labels have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from focalsweep.config.arm_schema import ArmConfig
from focalsweep.config.target import load
from focalsweep.evidence.arm_facts import ArmResult, BestPoint, LabelCounts, LabelScores
from focalsweep.evidence.facts import MultiLabelFacts
from focalsweep.evidence.result import Comparison, SweepResult
from focalsweep.losses.sigmoid_point import SigmoidPoint
from focalsweep.report.snippet import keras_snippet

CONF = Path(__file__).parents[2] / "conf" / "loss"


def with_labels(result: SweepResult) -> SweepResult:
    """Read the classes of `result` as labels: counts are positives, of three times as many rows."""
    rng = np.random.default_rng(len(result.dataset.classes))
    counts = np.array([facts.count for facts in result.dataset.classes])
    rows = int(1.2 * counts.max())
    classes = tuple(
        facts.model_copy(update={"share": facts.count / rows}) for facts in result.dataset.classes
    )
    names = [facts.name for facts in classes]
    arms = tuple(_labelled(rng, arm, names, counts, rows) for arm in result.arms)
    chosen = next(arm for arm in arms if arm.name == result.verdict.arm)
    facts = MultiLabelFacts(
        cardinality=float(counts.sum() / rows),
        density=float(counts.sum() / rows / len(counts)),
        mean_imbalance_ratio=float((counts.max() / counts).mean()),
        rows_without_label=int(0.07 * rows),
    )
    return result.model_copy(
        update={
            "comparisons": tuple(_compared(each, arms[0].name) for each in result.comparisons),
            "warnings": ("Only 9 rows carry the label `c2`: its scores are mostly noise.",)
            if result.warnings
            else (),
            "task": "multi_label",
            "arms": arms,
            "suspects": None,
            "prior_scenarios": (),
            "costs": None,
            "dataset": result.dataset.model_copy(
                update={
                    "name": "emotions",
                    "rows": rows,
                    "classes": classes,
                    "multi_label": facts,
                    "label_noise": 0.0,
                    "notes": (),
                }
            ),
            "left_out": (),
            "snippet": keras_snippet(
                chosen.best,
                chosen.family,
                class_names=names,
                class_counts=counts.tolist(),
                optimizer="adamw",
                batch_size=64,
            ),
        }
    )


def _compared(comparison: Comparison, control: str) -> Comparison:
    """Say a comparison as the sweep does of labels."""
    words = {"decision weights": "fitted thresholds", "argmax": "threshold 0.5"}
    sides = {
        "question": comparison.question,
        "left": comparison.left,
        "right": comparison.right,
    }
    for old, new in words.items():
        sides = {key: text.replace(old, new) for key, text in sides.items()}
    return comparison.model_copy(update={**sides, "right_arms": (control,) * 10})


def _labelled(
    rng: np.random.Generator, arm: ArmResult, names: list[str], counts: np.ndarray, rows: int
) -> ArmResult:
    skill = rng.uniform(0.4, 0.8, len(names))
    plain = _counts(rng, counts, rows, skill=skill * 0.7)
    decided = _counts(rng, counts, rows, skill=skill)
    return arm.model_copy(
        update={
            "best": _point(arm, counts, rows),
            "confusion": (),
            "decision_confusion": (),
            "labels": tuple(
                LabelScores(
                    name=name, argmax=before, decision=after, average_precision=float(found)
                )
                for name, before, after, found in zip(names, plain, decided, skill, strict=True)
            ),
            "metrics": {
                "micro_f1": 0.66,
                "macro_f1": 0.61,
                "mean_average_precision": 0.64,
                "hamming_loss": 0.21,
                "subset_accuracy": 0.27,
                "log_loss_raw": 0.5,
                "log_loss_corrected": 0.46,
            },
            "prior_scores": {},
            "precision_recall": arm.precision_recall[-12:],
        }
    )


def _counts(
    rng: np.random.Generator, counts: np.ndarray, rows: int, *, skill: np.ndarray
) -> list[LabelCounts]:
    found = rng.binomial(3 * counts, skill) / 3
    wrong = rng.binomial(3 * (rows - counts), 0.08) / 3
    return [
        LabelCounts(tp=float(tp), fn=float(n - tp), fp=float(fp), tn=float(rows - n - fp))
        for tp, fp, n in zip(found, wrong, counts, strict=True)
    ]


def _point(arm: ArmResult, counts: np.ndarray, rows: int) -> BestPoint:
    """Make the arm's point from its numbers, as a sweep does."""
    given = read_arm(arm.name)
    make, numbers = load(given.target, at=arm.name), given.options | arm.best.parameters
    point = make(np.stack([rows - counts, counts], axis=1), **numbers)
    prior = counts / rows
    return arm.best.model_copy(
        update=sides(point)
        | {
            "decision_weights": None,
            "thresholds": tuple((0.5 * prior**0.3).tolist()) if arm.best.decision_weights else (),
        }
    )


def sides(point: SigmoidPoint) -> dict[str, object]:
    """Write a point as `BestPoint` holds it: rows with each label, then rows without it."""
    return {
        "alpha": tuple(point.weight[:, 1].tolist()),
        "alpha_negative": tuple(point.weight[:, 0].tolist()),
        "gamma": tuple(point.gamma[:, 1].tolist()),
        "gamma_negative": tuple(point.gamma[:, 0].tolist()),
        "offset": tuple(point.offset.tolist()),
        "clip": point.clip,
        "smoothing": point.smoothing,
    }


def read_arm(name: str) -> ArmConfig:
    """Read an arm's file as the program does."""
    return ArmConfig.model_validate(yaml.safe_load((CONF / f"{name}.yaml").read_text("utf-8")))
