"""Whole sweeps of rows with any number of labels, small ones: from rows to the report."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from focalsweep.cli import main
from focalsweep.config.compose import compose_sweep
from focalsweep.data.splits import Split
from focalsweep.evidence.predictions import predict
from focalsweep.evidence.refit import Chosen
from focalsweep.prepare import Plan, prepare
from focalsweep.procedure import search_and_refit, trainer_of
from focalsweep.report.schema import SCHEMA_PATH
from focalsweep.search.folds import Profile, lay_out

TINY = [
    "tracking=none",
    "evaluation=quick",
    "dataset.rows=160",
    "dataset.labels=4",
    "dataset.features=6",
    "dataset.ratio=4",
    "model.hidden=[8]",
    "trials=2",
    "epochs=2",
]
TWO_ARMS = "arms=[binary_cross_entropy,binary_focal]"


def run(folder: Path, *overrides: str) -> dict[str, Any]:
    arguments = ["sweep", "--config-name", "multi_label", f"hydra.run.dir={folder}", *TINY]
    assert main([*arguments, *overrides]) == 0
    result = json.loads((folder / "result.json").read_text())
    jsonschema.validate(result, json.loads(SCHEMA_PATH.read_text()))
    return result


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    run(folder)
    return folder


def result_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def test_every_binary_arm_is_in_the_result(tiny):
    result = result_of(tiny)
    assert result["task"] == "multi_label"
    assert {arm["family"] for arm in result["arms"]} == {
        "cross_entropy", "class_weights", "folklore", "focal", "logit_adjustment",
    }  # fmt: skip
    assert len(result["arms"]) == 9
    assert len(result["references"]) == 4
    assert (tiny / "report.html").stat().st_size > 0


def test_counts_of_every_label_are_the_test_rows_of_all_folds(tiny):
    result = result_of(tiny)
    for arm in result["arms"]:
        assert arm["confusion"] == arm["decision_confusion"] == []
        assert [label["name"] for label in arm["labels"]] == ["l0", "l1", "l2", "l3"]
        for label, facts in zip(arm["labels"], result["dataset"]["classes"], strict=True):
            for counts in (label["argmax"], label["decision"]):
                assert sum(counts.values()) == pytest.approx(160)
                assert counts["tp"] + counts["fn"] == pytest.approx(facts["count"])


def test_the_chosen_point_names_both_sides_of_every_label_and_its_threshold(tiny):
    for arm in result_of(tiny)["arms"]:
        best = arm["best"]
        vectors = ("alpha", "gamma", "alpha_negative", "gamma_negative", "offset", "thresholds")
        assert {len(best[name]) for name in vectors} == {4}
        assert all(0 < cut < 1 for cut in best["thresholds"])
        assert best["decision_weights"] is None
        assert (best["scale"], best["margin"]) == ([], [])


def test_positive_weights_of_the_balanced_arm_are_those_of_every_label(tiny):
    result = result_of(tiny)
    counts = np.array([each["count"] for each in result["dataset"]["classes"]])
    best = next(arm["best"] for arm in result["arms"] if arm["name"] == "pos_weighted")
    ratio = np.array(best["alpha"]) / np.array(best["alpha_negative"])
    assert ratio == pytest.approx((160 - counts) / counts)


def test_the_verdict_compares_with_binary_cross_entropy(tiny):
    result = result_of(tiny)
    differences = [arm["difference"] for arm in result["arms"] if arm["difference"]]
    assert {difference["against"] for difference in differences} == {"binary_cross_entropy"}
    assert result["verdict"]["decision"] == "budget_too_small"  # two trials and two folds
    assert result["verdict"]["arm"] == "binary_cross_entropy"
    assert result["verdict"]["confidence"] is None


def test_what_has_no_meaning_for_labels_is_left_out(tiny):
    result = result_of(tiny)
    assert result["suspects"] is None
    assert result["costs"] is None
    assert result["prior_scenarios"] == []


@pytest.mark.parametrize(
    "objective", [pytest.param("micro_f1", marks=pytest.mark.slow), "log_loss"]
)
def test_a_holdout_of_labels(objective, tmp_path):
    result = run(
        tmp_path, "evaluation=holdout", TWO_ARMS, f"objective={objective}", "references=false"
    )
    assert result["evaluation"]["outer_folds"] == 1
    for arm in result["arms"]:
        assert (
            arm["argmax_interval"]["low"] <= arm["argmax_score"] <= arm["argmax_interval"]["high"]
        )
        assert bool(arm["best"]["thresholds"]) == (objective == "micro_f1")


def test_the_same_seed_gives_every_number_again(tmp_path):
    one, again = (run(tmp_path / name, TWO_ARMS, "references=false") for name in ("one", "again"))
    for result in (one, again):
        del result["seconds"], result["command"]
    assert one == again


def test_noise_in_place_of_test_rows_changes_nothing_that_was_chosen(tmp_path):
    plan = prepare(compose_sweep("multi_label", [*TINY, TWO_ARMS]).config)
    rng = np.random.default_rng(0)
    test = rng.permutation(plan.dataset.n_rows)[:60]
    split = Split(train=np.setdiff1d(np.arange(plan.dataset.n_rows), test), test=np.sort(test))
    features, labels = plan.dataset.features.copy(), plan.dataset.labels.copy()
    features.iloc[split.test] = 100 * rng.normal(size=(60, features.shape[1]))
    labels[split.test] = rng.integers(0, 2, size=(60, labels.shape[1]))
    noisy = replace(plan, dataset=replace(plan.dataset, features=features, labels=labels))
    clean_choices, noisy_choices = (
        choices(each, split, tmp_path / name) for name, each in (("clean", plan), ("noisy", noisy))
    )
    for clean, other in zip(clean_choices, noisy_choices, strict=True):
        assert (clean[0].test_labels != other[0].test_labels).any()
        assert clean[0].trial == other[0].trial
        assert (clean[0].inner_logits == other[0].inner_logits).all()
        assert (clean[1] == other[1]).all()


def choices(plan: Plan, split: Split, folder: Path) -> list[tuple[Chosen, np.ndarray]]:
    """Search and refit one outer fold; return what was chosen and the log weights of labels."""
    config = plan.config
    folds = lay_out(
        plan.dataset,
        evaluation=plan.evaluation,
        profile=Profile(),
        seed=config.seed,
        outer=[split],
    )
    own = replace(plan, folds=folds)
    _, chosen = search_and_refit(own, trainer_of(own)[0], folder)
    return [
        (each, predict(each, folds=folds, objective=plan.objective).log_weights) for each in chosen
    ]
