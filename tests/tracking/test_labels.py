"""What a multi-label sweep leaves in MLflow: the same names for every arm, and models of labels."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from focalsweep.data.portable_preprocessor import preprocessor_bytes
from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.evidence.arm_facts import ArmResult, LabelCounts, LabelScores
from focalsweep.evidence.facts import ClassFacts, MultiLabelFacts
from focalsweep.evidence.final_model import FinalModel
from focalsweep.evidence.model_facts import (
    MODELS_FOLDER,
    PREPROCESSOR_FILE,
    SAMPLE_FILE,
    ModelFacts,
)
from focalsweep.evidence.result import SweepResult
from focalsweep.tracking.arm_columns import arm_numbers, arm_params
from focalsweep.tracking.artifacts import per_label_table, write_artifacts
from focalsweep.tracking.layout import plan_runs
from focalsweep.tracking.mirror import mirror
from focalsweep.tracking.note import arm_note, experiment_note, sweep_note
from focalsweep.tracking.run_folder import read_run_folder
from focalsweep.tracking.served_model import ServedModel
from tests.tracking.conftest import COUNTS, _write_run_dir

LABELS = tuple(COUNTS)
THRESHOLDS = (0.6, 0.5, 0.1)
ROWS = pd.DataFrame({"size": np.arange(6.0), "kind": ["a", "b"] * 3})


@pytest.fixture(scope="session")
def labelled(result: SweepResult) -> SweepResult:
    """Read the classes of the usual result as labels of 600 rows."""
    labels = tuple(
        ClassFacts(name=name, count=count, share=count / 600) for name, count in COUNTS.items()
    )
    facts = MultiLabelFacts(
        cardinality=1.228, density=0.409, mean_imbalance_ratio=6.1, rows_without_label=41
    )
    data = result.dataset.model_copy(
        update={"rows": 600, "classes": labels, "multi_label": facts, "name": "emotions"}
    )
    arms = tuple(_of_labels(arm) for arm in result.arms)
    return result.model_copy(
        update={"task": "multi_label", "dataset": data, "arms": arms, "left_out": ()}
    )


def _of_labels(arm: ArmResult) -> ArmResult:
    counts = (
        LabelCounts(tp=300.0, fp=20.0, fn=163.0, tn=117.0),
        LabelCounts(tp=122.0, fp=61.0, fn=122.0, tn=295.0),
        LabelCounts(tp=0.0, fp=0.0, fn=30.0, tn=570.0),
    )
    best = arm.best.model_copy(
        update={
            "alpha_negative": (1.2, 0.9, 1.0),
            "gamma_negative": tuple(gamma + 1.0 for gamma in arm.best.gamma),
            "clip": 0.05,
            "decision_weights": None,
            "thresholds": THRESHOLDS,
        }
    )
    scores = tuple(
        LabelScores(name=name, argmax=each, decision=each, average_precision=0.7)
        for name, each in zip(LABELS, counts, strict=True)
    )
    return arm.model_copy(
        update={"confusion": (), "decision_confusion": (), "labels": scores, "best": best}
    )


@pytest.fixture
def label_dir(tmp_path: Path, labelled: SweepResult) -> Path:
    return _write_run_dir(tmp_path / "runs" / "multi-label-7", labelled)


def test_every_arm_has_the_same_metric_names(labelled: SweepResult) -> None:
    names = {frozenset(arm_numbers(arm, labelled)) for arm in labelled.arms}
    everywhere = frozenset.intersection(*names)
    assert {"score", "difference", "recall/CYT", "f1/CYT", "average_precision/vac"} <= everywhere
    params = {frozenset(arm_params(arm, labelled)) for arm in labelled.arms}
    assert "label.threshold.CYT" in frozenset.intersection(*params)


def test_recall_and_f1_of_a_label_are_those_of_its_counts(labelled: SweepResult) -> None:
    numbers = arm_numbers(labelled.arms[0], labelled)
    assert numbers["recall/CYT"] == pytest.approx(300 / 463)
    assert numbers["f1/NUC_MIT"] == pytest.approx(244 / (244 + 122 + 61))
    assert numbers["f1/vac"] == 0.0


def test_both_sides_of_a_loss_are_parameters(labelled: SweepResult) -> None:
    params = arm_params(labelled.arms[-1], labelled)
    assert params["best.gamma"] == "2.5"
    assert params["best.gamma_negative"] == "3.5"
    assert params["best.clip"] == "0.05"
    assert params["label.alpha_negative.CYT"] == "1.2"
    assert params["label.threshold.vac"] == "0.1"
    assert not any(name.startswith("class.") for name in params)


def test_a_table_a_label_stands_in_place_of_confusions(
    label_dir: Path, labelled: SweepResult, tmp_path: Path
) -> None:
    files = write_artifacts(read_run_folder(label_dir), into=tmp_path)
    names = {file.name for file in files["arm/focal_gamma"].iterdir()}
    assert "per_label.csv" in names
    assert not any("confusion" in name or "per_class" in name for name in names)
    table = per_label_table(labelled.arms[-1], read_run_folder(label_dir)).set_index("label")
    assert table.loc["CYT", "precision_decision"] == pytest.approx(300 / 320)
    assert np.isnan(table.loc["vac", "precision_half"])
    assert table["threshold"].tolist() == list(THRESHOLDS)


def test_the_notes_speak_of_labels_and_thresholds(labelled: SweepResult) -> None:
    note = sweep_note(labelled)
    assert "3 labels, 1.23 a row (density 40.9%), mean imbalance ratio 6.1" in note
    assert "41 rows without label" in note
    texts = [note, experiment_note(labelled), arm_note(labelled.arms[-1], labelled)]
    assert "with fitted thresholds" in texts[-1]
    for text in texts:
        assert not {"argmax", "confusion", "classes"} & set(text.replace(",", " ").split())


def test_the_sweeps_run_says_how_labels_lie(label_dir: Path) -> None:
    sweep = plan_runs(read_run_folder(label_dir), trials="none")[0]
    assert sweep.params["task"] == "multi_label"
    numbers = {point.name: point.value for point in sweep.metrics}
    assert numbers["sweep/labels.cardinality"] == 1.228
    assert numbers["sweep/labels.rows_without_label"] == 41


def facts_of(arm: str, *, loss: dict[str, object] | None = None) -> ModelFacts:
    return ModelFacts(
        arm=arm,
        task="multi_label",
        classes=LABELS,
        columns=("size", "kind"),
        rows=600,
        epochs=5,
        seed=8,
        logit_scale=(1.0,) * 3,
        loss=loss,
        refusal=None if loss else "clip",
        log_weights=(),
        thresholds=THRESHOLDS,
        costs=None,
        temperature=1.0,
    )


def served(*, loss: dict[str, object] | None = None) -> ServedModel:
    """A model whose logits are 0, the log-odds of 0.2, and those of 0.2 again."""
    logits = np.log(np.array([1.0, 0.25, 0.25], np.float32))
    return ServedModel(
        FinalModel(
            network=lambda rows: np.tile(logits, (len(rows), 1)),
            preprocessor=fit_preprocessor(ROWS),
            facts=facts_of("cross_entropy", loss=loss),
        )
    )


def test_a_label_is_called_where_its_probability_exceeds_its_threshold() -> None:
    decided = served().predict(ROWS, params={"output": "labels"})
    assert decided.columns.tolist() == list(LABELS)
    assert decided.to_numpy().tolist() == [[0, 0, 1]] * len(ROWS)
    np.testing.assert_allclose(served().predict(ROWS).iloc[0], [0.5, 0.2, 0.2], atol=1e-6)


def test_weights_of_a_label_are_taken_out_of_its_probability() -> None:
    names = ("gamma", "offset", "margin", "log_prior_shift")
    plain = dict.fromkeys(names, ((0.0, 0.0),) * 3)
    loss = plain | {"scale": ((1.0, 1.0),) * 3, "weight": ((1.0, 1.0), (1.0, 1.0), (1.0, 4.0))}
    model = served(loss=loss)
    # Rows with the last label weighed four times, so its odds of 1/4 were 1/16.
    np.testing.assert_allclose(model.predict(ROWS).iloc[0], [0.5, 0.2, 1 / 17], atol=1e-6)
    # Thresholds are of the arm's own probabilities, so they call the same.
    assert model.predict(ROWS, params={"output": "labels"}).iloc[0].tolist() == [0, 0, 1]


@pytest.mark.parametrize("output", ["classes", "nonsense"])
def test_what_a_model_of_labels_does_not_give_is_named(output: str) -> None:
    with pytest.raises(ValueError, match=r"'labels'\)\. Received"):
        served().predict(ROWS, params={"output": output})


def test_a_logged_model_of_labels_has_an_output_a_label_and_decides(
    label_dir: Path, uri: str, labelled: SweepResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    folder = label_dir / MODELS_FOLDER
    folder.mkdir()
    preprocessor = fit_preprocessor(ROWS)
    (folder / PREPROCESSOR_FILE).write_bytes(preprocessor_bytes(preprocessor))
    ROWS.head(2).to_csv(folder / SAMPLE_FILE, index=False)
    width = preprocessor.transform(ROWS).shape[1]
    network = keras.Sequential([keras.Input((width,)), keras.layers.Dense(3)])
    network.save(folder / "cross_entropy.keras")
    (folder / "cross_entropy.json").write_text(facts_of("cross_entropy").model_dump_json())

    summary = mirror(label_dir, uri=uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    try:
        (logged,) = MlflowClient(uri).search_logged_models([summary.experiment_id])
        model = mlflow.pyfunc.load_model(f"models:/{logged.model_id}")
        outputs = model.metadata.signature.outputs.input_names()
        proba = model.predict(ROWS)
        decided = model.predict(ROWS, params={"output": "labels"})
    finally:
        mlflow.set_tracking_uri(before)
    assert outputs == list(LABELS)
    np.testing.assert_array_equal(decided, proba.to_numpy() > np.array(THRESHOLDS))
    runs = MlflowClient(uri).search_runs([summary.experiment_id], "tags.kind = 'sweep'")
    profile = json.loads(runs[0].inputs.dataset_inputs[0].dataset.profile)
    assert profile["labels"] == 3
    assert profile["cardinality"] == 1.228
