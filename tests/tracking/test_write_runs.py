from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from focalsweep.search.tracker import TrackingError
from focalsweep.tracking.layout import plan_runs
from focalsweep.tracking.mirror import mirror
from focalsweep.tracking.run_folder import read_run_folder
from focalsweep.tracking.write_runs import delete_runs, insert_runs, send_runs


def content(client: MlflowClient, experiment_id: str) -> dict[tuple[str, str, str], object]:
    """Everything about the runs of an experiment that does not depend on ids."""
    runs = client.search_runs([experiment_id], max_results=5000)
    names = {run.info.run_id: run.info.run_name for run in runs}
    found = {}
    for run in runs:
        tags = dict(run.data.tags)
        parent = names.get(tags.pop("mlflow.parentRunId", ""), "")
        history = {
            name: [
                (m.key, m.value, m.timestamp, m.step)
                for m in client.get_metric_history(run.info.run_id, name)
            ]
            for name in run.data.metrics
        }
        info = {k: v for k, v in dict(run.info).items() if k not in ("run_id", "artifact_uri")}
        tail = run.info.artifact_uri.partition(run.info.run_id)[2]
        found[parent, run.info.run_name, tags.get("fold", "")] = (
            info,
            tail,
            tags,
            run.data.params,
            run.data.metrics,
            history,
        )
    return found


def test_a_database_gets_the_same_runs_in_one_transaction_as_through_the_client(
    run_dir: Path, new_store: Callable[[str], str]
) -> None:
    records = plan_runs(read_run_folder(run_dir), trials="final")
    written = []
    for uri, at_once in ((new_store("a.db"), True), (new_store("b.db"), False)):
        client = MlflowClient(uri)
        experiment = client.get_experiment(client.create_experiment("x", "file:///nowhere"))
        if at_once:
            insert_runs(client._tracking_client.store, experiment, records)
        else:
            send_runs(client, experiment, records)
        written.append(content(client, experiment.experiment_id))

    assert len(written[0]) == len(records)
    assert written[0] == written[1]


def test_a_transaction_that_fails_writes_no_run(run_dir: Path, uri: str) -> None:
    records = plan_runs(read_run_folder(run_dir), trials="final")
    client = MlflowClient(uri)
    experiment = client.get_experiment(client.create_experiment("x", "file:///nowhere"))
    records[-1].tags["failure"] = None  # type: ignore[assignment]
    records[-1].params["gamma"] = None  # type: ignore[assignment]
    with pytest.raises(Exception, match="NOT NULL"):
        insert_runs(client._tracking_client.store, experiment, records)

    assert client.search_runs([experiment.experiment_id]) == []


def test_deleted_runs_can_be_restored_by_mlflow(run_dir: Path, uri: str) -> None:
    client = MlflowClient(uri)
    summary = mirror(run_dir, uri=uri, trials="none")
    delete_runs(client, [summary.sweep_run_id])
    assert client.get_run(summary.sweep_run_id).info.lifecycle_stage == "deleted"
    client.restore_run(summary.sweep_run_id)
    assert client.get_run(summary.sweep_run_id).info.lifecycle_stage == "active"


@dataclass
class Server:
    """MLflow's own REST interface, in this process; it can be cut off after some requests."""

    address: str
    store: str
    requests_left: float = float("inf")


@pytest.fixture
def server(new_store: Callable[[str], str], tmp_path: Path) -> Iterator[Server]:
    from mlflow.server import app, handlers
    from werkzeug.serving import make_server

    uri = new_store("server.db")
    handlers._tracking_store = None
    handlers.initialize_backend_stores(uri, default_artifact_root=f"{tmp_path}/artifacts")
    running = Server(address="", store=uri)

    def cut_off(environ: Any, start_response: Any) -> Any:
        running.requests_left -= 1
        if running.requests_left < 0:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        return app.wsgi_app(environ, start_response)

    http = make_server("127.0.0.1", 0, cut_off, threaded=True)
    running.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield running
    http.shutdown()
    thread.join()
    http.server_close()
    handlers._tracking_store = None


def test_a_server_gets_the_same_runs_as_a_database(run_dir: Path, uri: str, server: Server) -> None:
    direct = mirror(run_dir, uri=uri)
    served = mirror(run_dir, uri=server.address)

    def of(store: str, experiment_id: str) -> dict[tuple[str, str, str], object]:
        return content(MlflowClient(store), experiment_id)

    assert of(server.store, served.experiment_id) == of(uri, direct.experiment_id)
    assert served.link.startswith(f"{server.address}/#/experiments/{served.experiment_id}/")


def test_a_server_that_dies_half_way_loses_nothing_and_the_next_mirror_completes_it(
    run_dir: Path, uri: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server.requests_left = 20
    with pytest.raises(TrackingError, match=r"nothing is lost.*focalsweep track"):
        mirror(run_dir, uri=server.address, trials="none")
    client = MlflowClient(server.store)
    experiment = client.get_experiment_by_name("quickstart/yeast")
    half = len(client.search_runs([experiment.experiment_id]))
    assert 0 < half < 7

    server.requests_left = float("inf")
    again = mirror(run_dir, uri=server.address, trials="none")

    direct = mirror(run_dir, uri=uri, trials="none")
    expected = content(MlflowClient(uri), direct.experiment_id)
    assert content(client, again.experiment_id) == expected
