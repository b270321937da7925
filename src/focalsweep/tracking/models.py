"""Log each arm's model as an MLflow model with its signature, beside the arm's run.

MLflow's own `log_model` works on one global store and finds out requirements by loading the model
in a new process (15 s each). The folder is written here instead, by what MLflow offers for models
of other libraries, with the versions that the sweep ran on; and it is logged through the client
of the one store that is meant.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from focalsweep.evidence.model_facts import (
    MODELS_FOLDER,
    PREPROCESSOR_FILE,
    SAMPLE_FILE,
    ModelFacts,
    read_facts,
)
from focalsweep.tracking.layout import SWEEP_TAG, arm_key
from focalsweep.tracking.run_folder import RunFolder
from focalsweep.tracking.served_model import FACTS_FILE, NETWORK_FILE, OUTPUTS

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.tracking import MlflowClient

MODEL_NAME = "model"
REQUIRED = ("focalsweep", "tensorflow", "keras", "scikit-learn", "pandas", "numpy")


def log_models(
    client: MlflowClient, folder: RunFolder, ids: Mapping[str, str], *, experiment_id: str
) -> dict[str, str]:
    """Log the models that lie in a run folder.

    Parameters
    ----------
    client : MlflowClient
    folder : RunFolder
        Its folder ``models`` may be missing.
    ids : mapping from run key to run id
        The arms' runs.
    experiment_id : str

    Returns
    -------
    dict of str to str
        Arm to model id, for the arms that have a model.
    """
    from mlflow.entities import LoggedModelOutput

    models = folder.path / MODELS_FOLDER
    logged = {}
    for arm in folder.result.arms:
        facts = read_facts(models, arm.name)
        if facts is None:
            continue
        run_id = ids[arm_key(arm.name)]
        with tempfile.TemporaryDirectory(prefix="focalsweep-model-") as scratch:
            path = Path(scratch) / MODEL_NAME
            made = client.create_logged_model(
                experiment_id,
                name=arm.name,
                source_run_id=run_id,
                tags={SWEEP_TAG: folder.sweep_id, "arm": arm.name},
                params={"epochs": str(facts.epochs), "seed": str(facts.seed)},
                model_type="classifier",
            )
            _write_model(path, models, facts, folder, run_id=run_id, model_id=made.model_id)
            client.log_model_artifacts(made.model_id, str(path))
        client.finalize_logged_model(made.model_id, "READY")
        client.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        logged[arm.name] = made.model_id
    return logged


def forget_models(client: MlflowClient, folder: RunFolder, *, experiment_id: str) -> None:
    """Delete the models that an earlier mirror of this sweep logged and nobody registered."""
    found = client.search_logged_models(
        [experiment_id], filter_string=f"tags.`{SWEEP_TAG}` = '{folder.sweep_id}'", max_results=500
    )
    for model in found:
        if not client.search_model_versions(f"run_id = '{model.source_run_id}'"):
            client.delete_logged_model(model.model_id)


def _write_model(
    path: Path,
    models: Path,
    facts: ModelFacts,
    folder: RunFolder,
    *,
    run_id: str,
    model_id: str,
) -> None:
    """Write an MLflow model folder of two flavours: raw columns, and the plain network."""
    import mlflow.pyfunc
    from mlflow.models import Model

    versions = folder.result.versions
    data = path.with_name("data")
    data.mkdir()
    shutil.copyfile(models / f"{facts.arm}.keras", data / NETWORK_FILE)
    shutil.copyfile(models / f"{facts.arm}.json", data / FACTS_FILE)
    shutil.copyfile(models / PREPROCESSOR_FILE, data / PREPROCESSOR_FILE)
    model = Model(run_id=run_id, model_id=model_id)
    model.add_flavor(
        "keras",
        data="data/data",
        keras_version=versions.get("keras", ""),
        keras_backend="tensorflow",
        save_exported_model=False,
    )
    mlflow.pyfunc.save_model(
        path,
        loader_module="focalsweep.tracking.served_model",
        data_path=str(data),
        mlflow_model=model,
        signature=_signature(facts),
        pip_requirements=[f"{name}=={versions[name]}" for name in REQUIRED if name in versions],
        metadata={"arm": facts.arm, "correction": facts.refusal or "closed form"},
    )
    shutil.copyfile(models / SAMPLE_FILE, path / SAMPLE_FILE)


def _signature(facts: ModelFacts) -> ModelSignature:
    """Name columns and outputs; any type of column goes in, because the preprocessor takes any.

    A fixed type would refuse what pandas makes of ordinary tables: MLflow does not turn whole
    numbers into floats, nor categories into text.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    anything = AnyType()  # type: ignore[no-untyped-call]
    return ModelSignature(
        inputs=Schema([ColSpec(anything, name) for name in facts.columns]),
        outputs=Schema([ColSpec(DataType.double, name) for name in facts.classes]),
        params=ParamSchema([ParamSpec("output", DataType.string, OUTPUTS[0])]),
    )
