"""Put the verdict's model into MLflow's registry, under an alias that stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from focalsweep.tracking.layout import SWEEP_TAG, arm_key
from focalsweep.tracking.note import arm_note
from focalsweep.tracking.run_folder import RunFolder

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ALIAS = "champion"


def register(
    client: MlflowClient,
    folder: RunFolder,
    *,
    name: str,
    uri: str,
    models: Mapping[str, str],
    ids: Mapping[str, str],
) -> str:
    """Make a new version of the registered model `name`, move the alias to it, and say so.

    Versions that are there stay: what they were loaded for goes on working.

    Parameters
    ----------
    client : MlflowClient
    folder : RunFolder
        Its verdict's arm is registered.
    name : str
        Of the registered model; made when missing.
    uri : str
        Of the store, as it may be shown.
    models, ids : mappings
        Arm to model id, and run key to run id.

    Returns
    -------
    str
        A sentence for the user: what was registered and how to load it, or why nothing was.
    """
    result = folder.result
    arm = next(arm for arm in result.arms if arm.name == result.verdict.arm)
    model_id = models.get(arm.name)
    if model_id is None:
        return (
            f"Nothing was registered as `{name}`: the run folder holds no model of `{arm.name}` "
            "(was `tracking.models` false, or did its last training diverge?)."
        )
    _make(client, name)
    version = client.create_model_version(
        name,
        source=_source(client, model_id),
        run_id=ids[arm_key(arm.name)],
        tags={
            SWEEP_TAG: folder.sweep_id,
            "arm": arm.name,
            "decision": result.verdict.decision,
            "dataset": result.dataset.name,
        },
        description=arm_note(arm, result),
        model_id=model_id,
    )
    client.set_registered_model_alias(name, ALIAS, version.version)
    return (
        f"Registered `{arm.name}` as version {version.version} of `{name}`; after "
        f'`mlflow.set_tracking_uri("{uri}")` load it by '
        f'`mlflow.pyfunc.load_model("models:/{name}@{ALIAS}")`.'
    )


def _source(client: MlflowClient, model_id: str) -> str:
    """Say where a model lies.

    A database's registry would look a model id up in MLflow's one global store, which is not
    necessarily this one, so it gets the folder; a server looks it up in its own.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if isinstance(client._tracking_client.store, SqlAlchemyStore):
        location: str = client.get_logged_model(model_id).artifact_location
        return location
    return f"models:/{model_id}"


def _make(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException:  # there already, perhaps since a moment ago
        client.get_registered_model(name)
