from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from focalsweep.errors import UserError
from focalsweep.search.tracker import MirrorSummary
from focalsweep.tracking.ui import open_ui, ui_command, ui_link
from focalsweep.tracking.view import VIEW_KEY, VIEW_TAG, arms_view


def test_the_command_serves_the_store_on_this_machine_only() -> None:
    command = ui_command("sqlite:////runs/mlflow.db")
    assert command[1:4] == ["-m", "mlflow", "server"]
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////runs/mlflow.db"
    assert command[command.index("--host") + 1] == "127.0.0.1"


def test_a_server_is_not_served_again() -> None:
    with pytest.raises(UserError, match="open them in a browser"):
        ui_command("https://mlflow.example.org")


def test_a_taken_port_is_a_user_error_with_the_way_out(uri: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"Received: {port} on 127.0.0.1.*{port + 1}"):
            open_ui(uri, port=port)


def test_links_open_the_arms_and_a_run_as_model_training() -> None:
    arms = ui_link("sqlite:////runs/mlflow.db", experiment_id="3")
    assert arms == (
        "http://127.0.0.1:5000/#/experiments/3/runs"
        f"?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"
    )
    run = ui_link("http://me:secret@host:81/", experiment_id="3", run_id="ab")
    assert run == "http://host:81/#/experiments/3/runs/ab?workflowType=machine_learning"


def test_the_prepared_view_fits_a_tag_and_shows_metrics_that_arms_have(
    mirrored: MirrorSummary,
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mirrored.uri)
    experiment = client.get_experiment(mirrored.experiment_id)
    assert experiment.tags[VIEW_TAG] == arms_view()
    view = json.loads(arms_view())
    runs = client.search_runs([mirrored.experiment_id], view["searchFilter"])
    assert {run.data.tags["kind"] for run in runs} == {"sweep", "arm", "reference"}
    known = {
        *(f"metrics.`{name}`" for run in runs for name in run.data.metrics),
        *(f"params.`{name}`" for run in runs for name in run.data.params),
        *(f"tags.`{name}`" for run in runs for name in run.data.tags),
    }
    assert set(view["selectedColumns"]) <= known
    charts = [chart for chart in view["compareRunCharts"] if chart["type"] != "PARALLEL"]
    assert {f"metrics.`{chart['metricKey']}`" for chart in charts} <= known
    (across,) = (chart for chart in view["compareRunCharts"] if chart["type"] == "PARALLEL")
    arms = [run for run in runs if run.data.tags["kind"] == "arm"]
    assert all(set(across["selectedMetrics"]) <= run.data.metrics.keys() for run in arms)
    assert all(set(across["selectedParams"]) <= run.data.params.keys() for run in arms)


@pytest.mark.slow
def test_the_pages_are_served_and_end_with_their_process(mirrored: MirrorSummary) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = f"from focalsweep.tracking.ui import open_ui; open_ui({mirrored.uri!r}, port={port})"
    source = str(Path(__file__).parents[2] / "src")
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": source},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        page = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and server.poll() is None:
            try:
                urllib.request.urlopen(f"{page}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        with urllib.request.urlopen(f"{page}/", timeout=30) as answer:
            assert b"MLflow" in answer.read()
        query = f"{page}/api/2.0/mlflow/runs/get?run_id={mirrored.sweep_run_id}"
        with urllib.request.urlopen(query, timeout=30) as answer:
            assert json.load(answer)["run"]["info"]["run_name"] == "verdict: use_focal"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                break
        time.sleep(0.2)
    else:
        pytest.fail("the server outlived its process")
