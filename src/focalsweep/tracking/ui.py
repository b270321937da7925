"""MLflow's user interface: the command that serves it, and addresses in it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from urllib.parse import urlsplit

from focalsweep.errors import UserError
from focalsweep.tracking.store import DATABASES
from focalsweep.tracking.view import VIEW_KEY

HOST = "127.0.0.1"
PORT = 5000

_QUIET_SERVER = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # two processes; ten with it
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONSAFEPATH": "1",  # a user's `http.py` in the working directory is not the library's
}


def ui_command(uri: str, *, host: str = HOST, port: int = PORT) -> list[str]:
    """Return the command that serves the store at `uri`.

    Raises
    ------
    UserError
        If `uri` is a server: it has its own pages.
    """
    if not uri.startswith(DATABASES):
        raise UserError(
            "`tracking.uri` must be a database to be served from here. "
            f"Received: {uri!r}, which is a server with its own pages: open them in a browser."
        )
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri]
    return [*command, "--host", host, "--port", str(port), "--workers", "1"]


def open_ui(uri: str, *, host: str = HOST, port: int = PORT) -> int:
    """Serve the store at `uri` until ctrl-C; return the server's exit status.

    On POSIX this process becomes the server, so that every signal reaches it and nothing is left
    behind; there the function does not return.

    Raises
    ------
    UserError
        If `uri` is a server, or if something else listens on `port`.
    """
    command = ui_command(uri, host=host, port=port)
    _check_free(host, port)
    environment = _QUIET_SERVER | dict(os.environ)
    if os.name == "posix":
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)


def _check_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"`port` must be free to serve MLflow's pages. Received: {port} on {host}, which "
                f"cannot be used ({error.strerror}): give another port, for example {port + 1}."
            ) from error


def ui_link(uri: str, *, experiment_id: str, run_id: str | None = None) -> str:
    """Return the address of an experiment's arms, or of one run.

    A database has no address of its own: the one that `open_ui` gives it by default is returned.
    """
    base = f"http://{HOST}:{PORT}" if uri.startswith(DATABASES) else _without_password(uri)
    page = f"{base}/#/experiments/{experiment_id}/runs"
    if run_id is not None:
        return f"{page}/{run_id}?workflowType=machine_learning"
    return f"{page}?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
