"""Models in a real store: loaded back the way a user does, and registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from focalsweep.evidence.model_facts import SAMPLE_FILE
from focalsweep.evidence.result import SweepResult
from focalsweep.search.tracker import MirrorSummary
from focalsweep.tracking.mirror import mirror

ROWS = pd.DataFrame({"size": [3, 17], "kind": pd.Categorical(["b", "a"])})


@pytest.fixture
def use_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return what a user does first: point MLflow at a store; undone afterwards."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    before = mlflow.get_tracking_uri()
    yield mlflow.set_tracking_uri
    mlflow.set_tracking_uri(before)


def models_of(summary: MirrorSummary) -> dict[str, Any]:
    found = MlflowClient(summary.uri).search_logged_models([summary.experiment_id])
    return {model.name: model for model in found}


def test_a_model_takes_raw_columns_and_gives_probabilities_logits_and_classes(
    run_dir_with_models: Path, uri: str, use_store: Callable[[str], None], result: SweepResult
) -> None:
    summary = mirror(run_dir_with_models, uri=uri)
    use_store(uri)
    logged = models_of(summary)["cross_entropy"]
    model = mlflow.pyfunc.load_model(f"models:/{logged.model_id}")

    proba = model.predict(ROWS)
    logits = model.predict(ROWS, params={"output": "logits"})
    assert list(proba.columns) == [c.name for c in result.dataset.classes]
    odds = np.exp(logits.to_numpy())
    np.testing.assert_allclose(proba, odds / odds.sum(axis=1, keepdims=True), atol=1e-6)
    # The weight of the last class is e^5: small logits cannot stand against it.
    assert model.predict(ROWS, params={"output": "classes"})["class"].tolist() == ["vac", "vac"]
    network = mlflow.keras.load_model(f"models:/{logged.model_id}")
    assert network.output_shape == (None, 3)


def test_a_signature_names_columns_and_classes_and_a_sample_lies_beside_it(
    run_dir_with_models: Path, uri: str, use_store: Callable[[str], None]
) -> None:
    logged = models_of(mirror(run_dir_with_models, uri=uri))["focal_gamma_tau"]
    use_store(uri)
    info = mlflow.models.get_model_info(f"models:/{logged.model_id}")
    assert info.signature.inputs.input_names() == ["size", "kind"]
    assert info.signature.outputs.input_names() == ["CYT", "NUC/MIT", "vac"]
    folder = Path(logged.artifact_location.removeprefix("file://"))
    assert pd.read_csv(folder / SAMPLE_FILE).columns.tolist() == ["size", "kind"]
    assert "keras==3.15.1" in (folder / "requirements.txt").read_text()


def test_each_model_belongs_to_the_run_of_its_arm(run_dir_with_models: Path, uri: str) -> None:
    summary = mirror(run_dir_with_models, uri=uri)
    assert summary.models == 2
    client = MlflowClient(uri)
    for name, model in models_of(summary).items():
        run = client.get_run(model.source_run_id)
        assert run.info.run_name == name
        assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]


def test_mirroring_twice_leaves_one_set_of_models(run_dir_with_models: Path, uri: str) -> None:
    first = models_of(mirror(run_dir_with_models, uri=uri))
    second = models_of(mirror(run_dir_with_models, uri=uri))
    assert len(MlflowClient(uri).search_logged_models(["1"])) == len(second) == 2
    assert {m.model_id for m in first.values()}.isdisjoint(m.model_id for m in second.values())


def test_no_models_are_logged_where_none_are_wanted(run_dir_with_models: Path, uri: str) -> None:
    assert models_of(mirror(run_dir_with_models, uri=uri, models=False)) == {}


def test_the_verdicts_arm_becomes_the_champion_and_loads_by_that_name(
    run_dir_with_models: Path, uri: str, use_store: Callable[[str], None]
) -> None:
    summary = mirror(run_dir_with_models, uri=uri, register_as="yeast_loss")
    use_store(uri)
    assert summary.registered is not None
    assert 'mlflow.pyfunc.load_model("models:/yeast_loss@champion")' in summary.registered
    assert uri in summary.registered
    version = MlflowClient(uri).get_model_version_by_alias("yeast_loss", "champion")
    assert version.tags["arm"] == "focal_gamma_tau"
    proba = mlflow.pyfunc.load_model("models:/yeast_loss@champion").predict(ROWS)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)


def test_registering_again_moves_the_alias_and_keeps_what_was_registered(
    run_dir_with_models: Path, uri: str, use_store: Callable[[str], None]
) -> None:
    mirror(run_dir_with_models, uri=uri, register_as="yeast_loss")
    mirror(run_dir_with_models, uri=uri, register_as="yeast_loss")
    client = MlflowClient(uri)
    assert client.get_model_version_by_alias("yeast_loss", "champion").version == 2
    use_store(uri)
    proba = mlflow.pyfunc.load_model("models:/yeast_loss/1").predict(ROWS)
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)


def test_without_a_model_nothing_is_registered_and_the_user_is_told(
    run_dir: Path, uri: str
) -> None:
    summary = mirror(run_dir, uri=uri, register_as="yeast_loss")
    assert summary.registered is not None
    assert "holds no model of `focal_gamma_tau`" in summary.registered
    assert MlflowClient(uri).search_registered_models() == []
