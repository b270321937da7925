"""Write many finished runs to MLflow at once.

MLflow's client needs three calls a run, each with its own sessions: some 30 ms a trial on SQLite
and 70 ms over HTTP. A database is therefore written straight into MLflow's own tables, in one
transaction: all runs or none. The package pins MLflow's minor version for that reason, and a
test holds both ways against each other. A server gets the client's calls, nested runs from
several threads because most of that time is waiting.
"""

from __future__ import annotations

import getpass
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from focalsweep.tracking.run_record import RunRecord

if TYPE_CHECKING:
    from mlflow.entities import Experiment
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.tracking import MlflowClient

_THREADS = 8
_PARAMS_A_CALL = 100
_METRICS_A_CALL = 800


def write_runs(
    client: MlflowClient, experiment: Experiment, records: Sequence[RunRecord]
) -> dict[str, str]:
    """Write finished runs, parents before children in `records`.

    Returns
    -------
    dict of str to str
        Run key to MLflow's run id.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store
    if isinstance(store, SqlAlchemyStore):
        return insert_runs(store, experiment, records)
    return send_runs(client, experiment, records)


def delete_runs(client: MlflowClient, run_ids: Sequence[str]) -> None:
    """Mark runs as deleted, as the user interface does; `mlflow gc` removes them for good."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = client._tracking_client.store
    if isinstance(store, SqlAlchemyStore):
        _mark_deleted(store, run_ids)
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(client.delete_run, run_ids))


def _mark_deleted(store: SqlAlchemyStore, run_ids: Sequence[str]) -> None:
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from sqlalchemy import bindparam, update

    if not run_ids:
        return
    marking = (
        update(SqlRun)
        .where(SqlRun.run_uuid == bindparam("which"))
        .values(lifecycle_stage="deleted", deleted_time=int(time.time() * 1000))
    )
    with store.ManagedSessionMaker(read_only=False) as session:
        session.connection().execute(marking, [{"which": run_id} for run_id in run_ids])


def insert_runs(
    store: SqlAlchemyStore, experiment: Experiment, records: Sequence[RunRecord]
) -> dict[str, str]:
    """Write runs into the tables of a database in one transaction."""
    from mlflow.store.tracking.dbmodels import models
    from mlflow.utils.uri import append_to_uri_path
    from sqlalchemy import insert

    ids = {record.key: uuid.uuid4().hex for record in records}
    rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        own = {"run_uuid": ids[record.key]}
        tags = _all_tags(record, ids)
        location = append_to_uri_path(  # type: ignore[no-untyped-call]
            experiment.artifact_location, own["run_uuid"], "artifacts"
        )
        rows[models.SqlRun].append(
            own
            | {
                "name": record.name,
                "artifact_uri": location,
                "experiment_id": int(experiment.experiment_id),
                "source_type": "UNKNOWN",  # the columns' own values; the tags say more
                "source_name": "",
                "entry_point_name": "",
                "source_version": "",
                "user_id": tags["mlflow.user"],
                "status": _status(record),
                "start_time": record.started,
                "end_time": record.ended,
                "lifecycle_stage": "active",
            }
        )
        rows[models.SqlTag] += [own | {"key": k, "value": v} for k, v in tags.items()]
        rows[models.SqlParam] += [own | {"key": k, "value": v} for k, v in record.params.items()]
        points: list[dict[str, Any]] = [
            own
            | {
                "key": point.name,
                "value": point.value,
                "step": point.step,
                "timestamp": record.ended,
                "is_nan": False,
            }
            for point in record.metrics
        ]
        rows[models.SqlMetric] += points
        rows[models.SqlLatestMetric] += {
            point["key"]: point for point in sorted(points, key=lambda point: point["step"])
        }.values()
    with store.ManagedSessionMaker(read_only=False) as session:
        for table, values in rows.items():
            if values:
                session.execute(insert(table), values)
    return ids


def send_runs(
    client: MlflowClient, experiment: Experiment, records: Sequence[RunRecord]
) -> dict[str, str]:
    """Write runs through the client's calls: one to create, one for numbers, one to end."""
    ids: dict[str, str] = {}
    for record in records:
        if record.parent is None:
            ids[record.key] = _send(client, experiment, record, ids)
    nested = [record for record in records if record.parent is not None]
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = [pool.submit(_send, client, experiment, record, ids) for record in nested]
        try:
            sent = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return ids | {record.key: run_id for record, run_id in zip(nested, sent, strict=True)}


def _send(
    client: MlflowClient, experiment: Experiment, record: RunRecord, ids: dict[str, str]
) -> str:
    from mlflow.entities import Metric, Param

    tags = _all_tags(record, ids)
    created = client.create_run(experiment.experiment_id, record.started, tags, record.name)
    run_id: str = created.info.run_id
    params = [Param(key, value) for key, value in record.params.items()]
    metrics = [Metric(p.name, p.value, record.ended, p.step) for p in record.metrics]
    while params or metrics:
        client.log_batch(run_id, metrics[:_METRICS_A_CALL], params[:_PARAMS_A_CALL])
        metrics, params = metrics[_METRICS_A_CALL:], params[_PARAMS_A_CALL:]
    client.set_terminated(run_id, _status(record), record.ended)
    return run_id


def _all_tags(record: RunRecord, ids: dict[str, str]) -> dict[str, str]:
    tags = record.tags | {"mlflow.runName": record.name, "mlflow.user": _user()}
    if record.parent is not None:
        tags["mlflow.parentRunId"] = ids[record.parent]
    return tags


def _status(record: RunRecord) -> str:
    return "FAILED" if record.failed else "FINISHED"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container user without a name
        return "unknown"
