"""Serve an MLflow store by `focalsweep ui` and open the pages that compare arms.

The pages poll their server, so nothing here waits for a quiet network: it waits for what should
be seen.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Page

SECONDS_TO_START = 90
SECONDS_TO_SHOW = 30

_NO_ASSISTANT = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""
"""A panel takes a quarter of a new visitor's page; as if the visitor had closed it."""

_VIEW = "workflowType=machine_learning&viewStateShareKey=arms"


@contextmanager
def served(uri: str) -> Iterator[str]:
    """Serve a store on a free port by the real command; yield the address of its pages.

    Raises
    ------
    RuntimeError
        If the server ends, or does not answer in time.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "focalsweep", "ui", "--uri", uri, "--port", str(port)]
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def arm_runs(address: str, experiment_id: str) -> dict[str, str]:
    """Ask the server for the arms: name to run id, best first."""
    question = {
        "experiment_ids": [experiment_id],
        "filter": "tags.kind = 'arm'",
        "order_by": ["metrics.score DESC"],
    }
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/runs/search",
        data=json.dumps(question).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        runs = json.load(answer).get("runs", [])
    return {run["info"]["run_name"]: run["info"]["run_id"] for run in runs}


def open_runs(page: Page, address: str, experiment_id: str, *, arm: str) -> None:
    """Open the table of runs in the prepared view and wait until it shows `arm`."""
    _open(page, f"{address}/#/experiments/{experiment_id}/runs?{_VIEW}", shows=arm)


def open_charts(page: Page, address: str, experiment_id: str, *, arm: str) -> None:
    """Open the charts of the prepared view and wait until one is drawn."""
    view = f"{_VIEW}&compareRunsMode=CHART"
    _open(page, f"{address}/#/experiments/{experiment_id}/runs?{view}", shows=arm)
    _wait_for_a_chart(page)


def open_compare(page: Page, address: str, experiment_id: str, run_ids: Sequence[str]) -> None:
    """Open the compare page of some runs and wait for its parallel coordinates."""
    runs, experiments = quote(json.dumps(list(run_ids))), quote(json.dumps([experiment_id]))
    _open(
        page,
        f"{address}/#/compare-runs?runs={runs}&experiments={experiments}"
        "&workflowType=machine_learning",
        shows=f"Comparing {len(run_ids)} Runs",
    )
    _wait_for_a_chart(page)


def open_run(page: Page, address: str, experiment_id: str, run_id: str, *, shows: str) -> None:
    """Open one run and wait until it shows some text."""
    url = f"{address}/#/experiments/{experiment_id}/runs/{run_id}"
    _open(page, f"{url}?workflowType=machine_learning", shows=shows)


def _open(page: Page, url: str, *, shows: str) -> None:
    page.add_init_script(_NO_ASSISTANT)
    # A new fragment alone would not load the page again.
    page.goto("about:blank")
    page.goto(url, wait_until="domcontentloaded")
    page.get_by_text(shows).first.wait_for(timeout=SECONDS_TO_SHOW * 1000)


def _wait_for_a_chart(page: Page) -> None:
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=SECONDS_TO_SHOW * 1000)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"no MLflow pages at {address} within {SECONDS_TO_START} s")
